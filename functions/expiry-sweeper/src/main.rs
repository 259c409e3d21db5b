//! The function's start: configuration, clients, run.

use std::sync::Arc;

use expiry_sweeper::{Event, Sweeper, deadline};
use keyring::Keyring;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use mail::{MailConfig, Postman, Ses};
use metrics::{Function, Metrics};
use startup::{Clock, Environment};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut environment = Environment::of_process();
    let (mail, rate) = (MailConfig::read(&mut environment), environment.or("MAILS_PER_SECOND", 1));
    let metrics = Metrics::read(&mut environment, Function::ExpirySweeper);
    let (table, pepper_key) = (environment.required("TABLE_NAME"), environment.required("PEPPER_KEY_ID"));
    startup::start_log(&environment.or("LOG", "info".to_owned()));
    environment.finish()?;
    let mail = mail.ok_or("mails have no sender")?;
    let aws = startup::aws().await;
    let (db, kms) = (aws_sdk_dynamodb::Client::new(&aws), aws_sdk_kms::Client::new(&aws));
    let (table, pepper_key): (String, String) = (table.unwrap_or_default(), pepper_key.unwrap_or_default());
    let keyring = Arc::new(Keyring::new(db, kms, &table, &pepper_key));
    let ses = Ses::new(aws_sdk_sesv2::Client::new(&aws), mail.from, mail.configuration_set);
    let postman = Postman::new(keyring.clone(), ses, mail.letterhead, Clock::system()).paced(rate);
    let postman = postman.counted(metrics.clone());
    let sweeper = &Sweeper::new(keyring, postman, Clock::system()).counted(metrics);
    let handle = |event: LambdaEvent<Event>| {
        let deadline = deadline(event.context.deadline, Clock::system().now());
        sweeper.handle(event.payload, deadline)
    };
    lambda_runtime::run(service_fn(handle)).await
}
