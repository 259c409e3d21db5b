//! The function's start: configuration, clients, run.

use std::{convert::Infallible, sync::Arc};

use key_management::{Api, Event, Policy};
use keyring::Keyring;
use lambda_runtime::{Error, LambdaEvent, service_fn};
use mail::{MailConfig, Postman, Ses};
use metrics::{Function, Metrics};
use startup::{Clock, Environment, Unrepeated};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut environment = Environment::of_process();
    let (policy, mail) = (Policy::read(&mut environment), MailConfig::read(&mut environment));
    let metrics = Metrics::read(&mut environment, Function::KeyManagement);
    let (table, pepper_key) = (environment.required("TABLE_NAME"), environment.required("PEPPER_KEY_ID"));
    startup::start_log(&environment.or("LOG", "info".to_owned()));
    environment.finish()?;
    let aws = startup::aws().await;
    let (db, kms) = (aws_sdk_dynamodb::Client::new(&aws), aws_sdk_kms::Client::new(&aws));
    let (table, pepper_key): (String, String) = (table.unwrap_or_default(), pepper_key.unwrap_or_default());
    let keyring = Arc::new(Keyring::new(db, kms, &table, &pepper_key));
    let postman = mail.map(|mail| {
        let ses = Ses::new(aws_sdk_sesv2::Client::new(&aws), mail.from, mail.configuration_set);
        Postman::new(keyring.clone(), ses, mail.letterhead, Clock::system()).counted(metrics.clone())
    });
    let api = &Api::new(keyring, postman, Clock::system(), policy).counted(metrics);
    let handle = |event: LambdaEvent<Unrepeated<Event>>| async {
        Ok::<_, Infallible>(api.handle(event.payload.0).await)
    };
    lambda_runtime::run(service_fn(handle)).await
}
