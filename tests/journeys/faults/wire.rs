//! What the SDK sends its requests by, in the place of sockets: it passes them to the service, unless something is to go
//! wrong with them.

use std::{io, sync::Arc, time::Duration};

use aws_smithy_async::rt::sleep::AsyncSleep as _;
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::body::SdkBody;
use axum::{
    body::Bytes,
    http::{Request, Response, StatusCode},
};
use futures_util::stream;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use serde_json::{Value, json};

use super::{
    fault::Fault,
    label::label,
    ledger::Ledger,
    services::{Service, Services},
    time::Time,
};

/// Between two bytes of an answer that trickles, on the SDK's clock: the shortest has two, and an attempt two seconds.
pub(super) const DRIP: Duration = Duration::from_millis(1500);

/// The wire to one service.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    service: Service,
    ledger: Arc<Ledger>,
    time: Time,
}

impl Wire {
    /// The HTTP client of one service's SDK.
    pub(crate) fn client(service: Service, ledger: &Arc<Ledger>, time: &Time) -> SharedHttpClient {
        let (ledger, time) = (Arc::clone(ledger), time.clone());
        let wire = SharedHttpConnector::new(Self { service, ledger, time });
        http_client_fn(move |_, _| wire.clone())
    }

    /// The way to somebody who is asked without an SDK.
    pub(crate) fn connector(service: Service, ledger: &Arc<Ledger>, time: &Time) -> SharedHttpConnector {
        SharedHttpConnector::new(Self { service, ledger: Arc::clone(ledger), time: time.clone() })
    }

    async fn answer(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        // Without an SDK nobody tries twice.
        let invocation = request.headers().get("amz-sdk-invocation-id").unwrap_or_default().to_owned();
        let (head, body) = request.try_into_http1x().unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let target = head.headers.get("x-amz-target").map(|target| target.to_str().unwrap());
        let label = match &self.service {
            Service::Reporter(_) => "GET public keys".to_owned(),
            _ => label(target, &body),
        };
        let befallen = self.ledger.attempt(self.service.name(), label, &invocation);
        let request = Request::from_parts(head, body);
        let pass = |request| Services::shared().ask(&self.service, request);
        let Some((fault, acted)) = befallen else { return Ok(whole(pass(request))) };
        if fault == Fault::LeftOver {
            return Ok(whole(left_over(request, pass)));
        }
        let answer = acted.then(|| pass(request));
        match fault {
            Fault::TimeOut => std::future::pending().await,
            Fault::Reset => Err(ConnectorError::io(io::Error::from(io::ErrorKind::ConnectionReset).into())),
            _ => Ok(match self.service.instead(fault, answer.as_ref()) {
                Some(instead) => whole(instead),
                None => trickling(answer.unwrap(), self.time.clone()),
            }),
        }
    }
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().answer(request))
    }
}

impl Service {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::DynamoDb => "DynamoDB",
            Self::Kms => "KMS",
            Self::Ses(_) => "SES",
            Self::Reporter(_) => "reporter",
        }
    }

    /// What comes in the place of the service's `answer`, where it has acted; none if the answer itself comes.
    pub(crate) fn instead(&self, fault: Fault, answer: Option<&Response<Bytes>>) -> Option<Response<Bytes>> {
        let error = |status: u16, name: &str| {
            let body = json!({ "__type": name, "message": "on purpose" }).to_string();
            let answer = Response::builder().status(status).header("content-type", "application/json");
            answer.header("x-amzn-errortype", name).body(body.into()).unwrap()
        };
        match (fault, self) {
            (Fault::Error, Self::Kms) => Some(error(500, "KMSInternalException")),
            (Fault::Error, _) => Some(error(500, "InternalServerError")),
            (Fault::Throttling, Self::DynamoDb) => Some(error(400, "ProvisionedThroughputExceededException")),
            (Fault::Throttling, Self::Kms) => Some(error(400, "ThrottlingException")),
            (Fault::Throttling, Self::Ses(_) | Self::Reporter(_)) => {
                Some(error(429, "TooManyRequestsException"))
            }
            (Fault::Malformed, _) => {
                let half = answer.map(|answer| answer.body().slice(..answer.body().len() / 2));
                // What stands in for an empty answer's half.
                let half =
                    half.filter(|half| half.len() > 1).unwrap_or_else(|| Bytes::from_static(b"<html>"));
                Some(Response::builder().header("content-type", "application/json").body(half).unwrap())
            }
            _ => None,
        }
    }
}

/// The answer to a `BatchGetItem` of all items but the last, and the word that this one is left.
pub(super) fn left_over(
    request: Request<Bytes>,
    pass: impl Fn(Request<Bytes>) -> Response<Bytes>,
) -> Response<Bytes> {
    let (head, body) = request.into_parts();
    let mut asked: Value = serde_json::from_slice(&body).unwrap();
    let tables = asked["RequestItems"].as_object_mut().unwrap();
    let (table, wanted) = tables.iter_mut().next().unwrap();
    let (table, mut left) = (table.clone(), wanted.clone());
    let keys = wanted["Keys"].as_array_mut().unwrap();
    left["Keys"] = json!([keys.pop().unwrap()]);
    let mut answer = match keys.is_empty() {
        true => json!({ "Responses": { &table: [] } }),
        false => {
            let request = Request::from_parts(head, asked.to_string().into());
            serde_json::from_slice(pass(request).body()).unwrap()
        }
    };
    answer["UnprocessedKeys"] = json!({ table: left });
    Response::new(answer.to_string().into())
}

fn whole(answer: Response<Bytes>) -> HttpResponse {
    let (head, body) = answer.into_parts();
    of_parts(head.status, &head.headers, SdkBody::from(body))
}

fn trickling(answer: Response<Bytes>, time: Time) -> HttpResponse {
    let (head, body) = answer.into_parts();
    let bytes = stream::unfold((body, time), |(mut left, time)| async move {
        time.sleep(DRIP).await;
        (!left.is_empty()).then(|| (Ok::<_, io::Error>(Frame::data(left.split_to(1))), (left, time)))
    });
    of_parts(head.status, &head.headers, SdkBody::from_body_1_x(StreamBody::new(Box::pin(bytes))))
}

fn of_parts(status: StatusCode, headers: &axum::http::HeaderMap, body: SdkBody) -> HttpResponse {
    let mut response = HttpResponse::new(status.as_u16().try_into().unwrap(), body);
    for name in ["content-type", "x-amzn-errortype"] {
        if let Some(value) = headers.get(name) {
            response.headers_mut().insert(name, value.to_str().unwrap().to_owned());
        }
    }
    response
}
