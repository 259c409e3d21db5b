//! A Lambda function as its callers see it: an event in, an answer or an error message out.

use std::{fmt::Display, future::Future, pin::Pin, sync::Arc, time::Duration};

use axum::body::Body;
use http::{Request, Uri, header::CONTENT_TYPE};
use http_body_util::BodyExt;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::Value;

/// What a function answers. The error is its message, as Lambda's `errorMessage` carries it.
pub type Answer = Pin<Box<dyn Future<Output = Result<Value, String>> + Send>>;

/// A function, wherever it runs.
pub type Function = Arc<dyn Fn(Value) -> Answer + Send + Sync>;

/// A function within this process. Each event is its own task: a panic is one failed event, and an event is handled to
/// its end even when the caller no longer waits.
pub fn in_process<H, F, E>(handler: H) -> Function
where
    H: Fn(Value) -> F + Send + Sync + 'static,
    F: Future<Output = Result<Value, E>> + Send + 'static,
    E: Display + Send + 'static,
{
    Arc::new(move |event| {
        let handled = handler(event);
        let task = tokio::spawn(async move { handled.await.map_err(|error| error.to_string()) });
        Box::pin(
            async move { task.await.unwrap_or_else(|error| Err(format!("the function stopped: {error}"))) },
        )
    })
}

/// A function that another process serves by Lambda's `Invoke` call, as `cargo lambda watch` does at its `origin`.
///
/// # Errors
/// One that says why `origin` and `name` make no address.
pub fn served_at(origin: &Uri, name: &str) -> Result<Function, http::Error> {
    let (scheme, authority) =
        (origin.scheme_str().unwrap_or("http"), origin.authority().map_or("", |a| a.as_str()));
    let path = format!("/2015-03-31/functions/{name}/invocations");
    let address = Uri::builder().scheme(scheme).authority(authority).path_and_query(path).build()?;
    let client: Client<_, Body> =
        Client::builder(TokioExecutor::new()).pool_idle_timeout(Duration::from_secs(5)).build_http();
    Ok(Arc::new(move |event| {
        let (client, address) = (client.clone(), address.clone());
        Box::pin(async move { invoke(&client, address, &event).await })
    }))
}

async fn invoke<C>(client: &Client<C, Body>, address: Uri, event: &Value) -> Result<Value, String>
where
    C: hyper_util::client::legacy::connect::Connect + Clone + Send + Sync + 'static,
{
    let request =
        Request::post(address).header(CONTENT_TYPE, "application/json").body(Body::from(event.to_string()));
    let request = request.map_err(|error| error.to_string())?;
    let response =
        client.request(request).await.map_err(|error| format!("the function cannot be reached: {error}"))?;
    let failed = !response.status().is_success() || response.headers().contains_key("x-amz-function-error");
    let body = response.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
    let answer: Value =
        serde_json::from_slice(&body).map_err(|error| format!("the answer is not JSON: {error}"))?;
    if failed {
        let message =
            answer.get("errorMessage").and_then(Value::as_str).unwrap_or("an error without a message");
        return Err(message.to_owned());
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use axum::{Router, routing::post};
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn a_function_in_this_process_answers_fails_and_survives_a_panic() {
        let function = in_process(|event: Value| async move {
            match event.as_str() {
                Some("panic") => panic!("on purpose"),
                Some("fail") => Err("Unauthorized"),
                _ => Ok(event),
            }
        });
        assert_eq!(function(json!({"a": 1})).await, Ok(json!({"a": 1})));
        assert_eq!(function(json!("fail")).await, Err("Unauthorized".to_owned()));
        assert!(function(json!("panic")).await.unwrap_err().starts_with("the function stopped"));
    }

    #[tokio::test]
    async fn a_function_served_elsewhere_answers_and_fails() {
        let service = Router::new()
            .route("/2015-03-31/functions/echo/invocations", post(|body: String| async { body }))
            .route(
                "/2015-03-31/functions/fail/invocations",
                post(|| async {
                    ([("x-amz-function-error", "Unhandled")], r#"{"errorMessage":"Unauthorized"}"#)
                }),
            );
        let origin = crate::gateway::serve_for_test(service).await;
        let call = |name: &str| served_at(&origin, name).unwrap()(json!({"a": 1}));
        assert_eq!(call("echo").await, Ok(json!({"a": 1})));
        assert_eq!(call("fail").await, Err("Unauthorized".to_owned()));
        assert!(call("missing").await.is_err());
    }
}
