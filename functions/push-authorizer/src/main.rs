//! The function's start: configuration, clients, run.

// The SDK's futures lie deep in ours, and the compiler counts the levels.
#![recursion_limit = "256"]

use std::sync::Arc;

use lambda_runtime::{Error, LambdaEvent, service_fn};
use metrics::{Function, Metrics};
use push_authorizer::{Authorizer, Config, Event};
use startup::{Clock, Environment, Unrepeated};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let mut environment = Environment::of_process();
    let config = Config::read(&mut environment);
    let metrics = Metrics::read(&mut environment, Function::PushAuthorizer);
    let (table, pepper_key) = (environment.required("TABLE_NAME"), environment.required("PEPPER_KEY_ID"));
    startup::start_log(&environment.or("LOG", "info".to_owned()));
    environment.finish()?;
    let aws = startup::aws().await;
    let (db, kms) = (aws_sdk_dynamodb::Client::new(&aws), aws_sdk_kms::Client::new(&aws));
    let (table, pepper_key): (String, String) = (table.unwrap_or_default(), pepper_key.unwrap_or_default());
    let keyring = Arc::new(keyring::Keyring::new(db, kms, &table, &pepper_key));
    let authorizer = &Authorizer::new(config, keyring, Clock::system()).counted(metrics);
    let handle = |event: LambdaEvent<Unrepeated<Event>>| authorizer.handle(event.payload.0);
    lambda_runtime::run(service_fn(handle)).await
}
