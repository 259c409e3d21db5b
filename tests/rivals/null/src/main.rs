//! A function that does nothing: what `lambda_runtime` alone costs.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let handle = async |_event: LambdaEvent<Value>| Ok::<_, Error>(json!({ "decision": "none" }));
    lambda_runtime::run(service_fn(handle)).await
}
