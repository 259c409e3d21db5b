//! HTTP as somebody writes it by hand: bytes out, and whatever comes back.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::{program::PATIENCE, stage::Stage};

/// What came back of a request written by hand.
pub(crate) struct Answer {
    /// None if there was no answer but an end.
    pub(crate) status: Option<u16>,
    /// All of it, as text.
    pub(crate) text: String,
}

impl Answer {
    /// The body, as JSON; null if it is none.
    pub(crate) fn body(&self) -> serde_json::Value {
        let body = self.text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        serde_json::from_str(body).unwrap_or_default()
    }

    /// How many answers came back.
    pub(crate) fn count(&self) -> usize {
        self.text.matches("HTTP/1.1 ").count()
    }
}

/// Writes `request` and reads until the connection ends: the request has to ask for that.
pub(crate) async fn send(stage: &Stage, request: &[u8]) -> Answer {
    send_to(stage.origin(), request).await
}

/// Writes no more than `head`, and reads no more than the first head that comes back.
pub(crate) async fn first_head(origin: &str, head: &str) -> String {
    let mut stream = TcpStream::connect(origin.trim_start_matches("http://")).await.expect("it listens");
    stream.write_all(head.as_bytes()).await.expect("it reads a head");
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        let byte = timeout(PATIENCE, stream.read_u8()).await.expect("a head is answered");
        read.push(byte.expect("it answers before it ends"));
    }
    String::from_utf8(read).expect("a head is text")
}

/// As [`send`], to another origin.
pub(crate) async fn send_to(origin: &str, request: &[u8]) -> Answer {
    let address = origin.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    // It may have answered, and gone, before it was told everything.
    let _ = stream.write_all(request).await;
    let mut read = Vec::new();
    let _ =
        timeout(PATIENCE, stream.read_to_end(&mut read)).await.expect("a connection that is to be closed is");
    let text = String::from_utf8_lossy(&read).into_owned();
    let status = text.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
    Answer { status, text }
}
