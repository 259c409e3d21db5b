//! Functions that fail, dawdle or are missing, a gallery that is not there, and bodies that are too large.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::extract::Request;
use http::Uri;
use serde_json::{Value, json};

use super::world::{World, allow, clock, token, verifier};
use crate::{
    definitions::Definitions,
    function::in_process,
    gateway::{MissingFunction, router},
};

#[tokio::test]
async fn a_failing_function_is_told_apart_from_its_caller() {
    for answer in [Err("out of order"), Ok(json!({"statusCode": "x"}))] {
        let world = World::answering(answer).await;
        let (status, _, body) = world.ask(Request::get("/openapi.json"), "").await;
        assert_eq!((status.as_u16(), body.as_str()), (500, r#"{"message":"Internal Server Error"}"#));
        let (status, _, body) = world.ask(Request::post("/authorize"), "{}").await;
        assert_eq!((status.as_u16(), body.as_str()), (502, r#"{"message":"Internal server error"}"#));
    }
}

#[tokio::test]
async fn a_function_has_so_long_to_answer() {
    let never = in_process(|_: Value| std::future::pending::<Result<Value, String>>());
    let names = ["KeyManagementFunction", "PushAuthorizerFunction", "AuthorizeFunction"];
    let functions = names.map(|name| (name.to_owned(), Arc::clone(&never))).into();
    let mut definitions = Definitions::bundled(&crate::definitions::tests::values()).unwrap();
    definitions.management.routes.iter_mut().for_each(|route| route.timeout = Duration::ZERO);
    definitions.push.routes.iter_mut().for_each(|route| route.timeout = Duration::ZERO);
    let gateway =
        router(definitions, functions, Uri::from_static("http://127.0.0.1:9"), verifier(), clock()).unwrap();
    let world = World { gateway, events: Arc::default(), gallery: Arc::default() };
    assert_eq!(world.ask(Request::get("/openapi.json"), "").await.0, 503);
    assert_eq!(world.ask(Request::post("/authorize"), "{}").await.0, 504);
    assert_eq!(world.ask(Request::put("/api/v2/package"), "").await.0, 500);
}

#[tokio::test]
async fn ten_megabytes_pass_and_one_byte_more_does_not() {
    let world = World::answering(allow()).await;
    let push = || Request::put("/api/v2/package");
    assert_eq!(world.ask(push(), vec![0; 10 * 1024 * 1024]).await.0, 201);
    let (status, _, body) = world.ask(push(), vec![0; 10 * 1024 * 1024 + 1]).await;
    assert_eq!((status.as_u16(), body.as_str()), (413, r#"{"message":"Request Too Long"}"#));
    let post = Request::post("/keys").header("authorization", token());
    let (status, _, body) = world.ask(post, vec![0; 10 * 1024 * 1024 + 1]).await;
    assert_eq!((status.as_u16(), body.as_str()), (413, r#"{"message":"Request Entity Too Large"}"#));
}

#[tokio::test]
async fn a_gallery_that_is_not_there_is_a_504() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let world = World::with(allow(), &origin, Arc::default());
    assert_eq!(world.ask(Request::put("/api/v2/package"), "").await.0, 504);
    assert_eq!(world.ask(Request::get("/v3/index.json"), "").await.0, 502);
}

#[tokio::test]
async fn a_function_nobody_brought_is_named() {
    let definitions = Definitions::bundled(&crate::definitions::tests::values()).unwrap();
    let gallery = Uri::from_static("http://127.0.0.1:9");
    let missing = router(definitions, BTreeMap::new(), gallery, verifier(), clock()).unwrap_err();
    assert_eq!(missing, MissingFunction("KeyManagementFunction".to_owned()));
}
