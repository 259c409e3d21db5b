//! A request as the gateway took it in, before any route is looked at.

use std::net::{IpAddr, Ipv4Addr};

use axum::{body::Body, extract::Request};
use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, Method, Version, header};
use startup::Clock;

use super::Peer;

/// Line, headers, peer, and what the gateway adds: an id and the time.
pub(super) struct Received {
    pub(super) method: Method,
    /// As sent, percent-encoded.
    pub(super) path: String,
    /// As sent, without the question mark.
    pub(super) query: String,
    pub(super) version: Version,
    pub(super) headers: HeaderMap,
    pub(super) peer: IpAddr,
    /// A UUID.
    pub(super) id: String,
    pub(super) at: DateTime<Utc>,
}

impl Received {
    /// Takes a request apart; its body is left for the route to read.
    pub(super) fn of(request: Request, clock: &Clock) -> (Self, Body) {
        let (parts, body) = request.into_parts();
        let peer = parts.extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::LOCALHOST), |peer| peer.0);
        let received = Self {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            version: parts.version,
            headers: parts.headers,
            peer,
            id: request_id(),
            at: clock.now(),
        };
        (received, body)
    }

    /// The query's pairs, percent-decoded and with `+` as a space, in their order.
    pub(super) fn query_pairs(&self) -> Vec<(String, String)> {
        let decode = |text: &str| {
            let spaced = text.replace('+', " ");
            percent_encoding::percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
        };
        let pairs = self.query.split('&').filter(|pair| !pair.is_empty());
        pairs
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
            .map(|(k, v)| (decode(k), decode(v)))
            .collect()
    }

    /// A header's text; none if it is absent or not text.
    pub(super) fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// All that was sent under this name, as an HTTP API writes it into events: joined by commas.
    pub(super) fn joined(&self, name: impl header::AsHeaderName) -> Option<String> {
        let values: Vec<String> = self.headers.get_all(name).iter().map(text).collect();
        (!values.is_empty()).then(|| values.join(","))
    }

    /// `HTTP/1.1`, as events name it.
    pub(super) fn protocol(&self) -> String {
        format!("{:?}", self.version)
    }

    /// The host the client asked for, without the port.
    pub(super) fn domain(&self) -> &str {
        let host = self.header(header::HOST).unwrap_or("localhost");
        host.rsplit_once(':').map_or(host, |(name, _)| name)
    }

    /// The headers that API Gateway adds to those a client sent, in place of what it sent under these names.
    pub(super) fn added_headers(&self) -> [(&'static str, String); 3] {
        let forwarded = match self.header("x-forwarded-for") {
            Some(earlier) => format!("{earlier}, {}", self.peer),
            None => self.peer.to_string(),
        };
        let port =
            self.header(header::HOST).and_then(|host| host.rsplit_once(':')).map_or("80", |(_, port)| port);
        [
            ("X-Forwarded-For", forwarded),
            ("X-Forwarded-Port", port.to_owned()),
            ("X-Forwarded-Proto", "http".to_owned()),
        ]
    }

    /// The time as requests' contexts write it: `12/Mar/2026:19:03:58 +0000`.
    pub(super) fn request_time(&self) -> String {
        self.at.format("%d/%b/%Y:%H:%M:%S +0000").to_string()
    }
}

/// A header's value, whatever was sent. Nothing is dropped that was there: a function must be able to refuse it.
pub(super) fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

fn request_id() -> String {
    let mut bytes = [0; 16];
    // An id that repeats does no harm: it only joins the lines of a log.
    let _ = getrandom::fill(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}
