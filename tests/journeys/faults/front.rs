//! A service on a socket of its own, for a program: what goes wrong there goes wrong byte by byte.

use std::{collections::HashMap, io, sync::Arc, time::Duration};

use axum::{
    body::Bytes,
    http::{Request, Response},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    time::sleep,
};

use super::{
    fault::Fault,
    label::label,
    ledger::Ledger,
    services::{Service, Services},
    wire::{DRIP, left_over},
};
use crate::aws::bound;

/// Where a service is, for whoever is to call it past this ledger.
pub(crate) async fn before(service: Service, ledger: &Arc<Ledger>) -> String {
    let (listener, at) = bound().await;
    let ledger = Arc::clone(ledger);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let connection = connection(stream, service.clone(), Arc::clone(&ledger));
            // A caller that has given up closes the connection.
            tokio::spawn(async move { drop(connection.await) });
        }
    });
    at
}

async fn connection(stream: TcpStream, service: Service, ledger: Arc<Ledger>) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read(&mut stream).await? {
        let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap());
        let label = label(header("x-amz-target"), request.body());
        let invocation = header("amz-sdk-invocation-id").unwrap().to_owned();
        let befallen = ledger.attempt(service.name(), label, &invocation);
        let pass = |request| Services::shared().ask(&service, request);
        let Some((fault, acted)) = befallen else {
            write(&mut stream, &pass(request), None).await?;
            continue;
        };
        if fault == Fault::LeftOver {
            write(&mut stream, &left_over(request, pass), None).await?;
            continue;
        }
        let answer = acted.then(|| pass(request));
        match fault {
            Fault::TimeOut => std::future::pending().await,
            Fault::Reset => return stream.into_inner().set_zero_linger(),
            _ => match service.instead(fault, answer.as_ref()) {
                Some(instead) => write(&mut stream, &instead, None).await?,
                None => write(&mut stream, &answer.unwrap(), Some(DRIP)).await?,
            },
        }
    }
    Ok(())
}

/// The next request; none where the caller has no more.
async fn read(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Request<Bytes>>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut start = lines[0].split(' ');
    let (method, path) = (start.next().unwrap(), start.next().unwrap());
    let headers = lines[1..].iter().filter_map(|line| line.split_once(':'));
    let headers: HashMap<String, &str> =
        headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim())).collect();
    let mut body = vec![0; headers["content-length"].parse().unwrap()];
    stream.read_exact(&mut body).await?;
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    Ok(Some(request.body(body.into()).unwrap()))
}

/// Writes an answer; with a pause, byte by byte.
async fn write(
    stream: &mut BufReader<TcpStream>,
    answer: &Response<Bytes>,
    pause: Option<Duration>,
) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {}\r\ncontent-length: {}\r\n", answer.status(), answer.body().len());
    for name in ["content-type", "x-amzn-errortype"] {
        if let Some(value) = answer.headers().get(name) {
            head += &format!("{name}: {}\r\n", value.to_str().unwrap());
        }
    }
    head += "\r\n";
    stream.write_all(head.as_bytes()).await?;
    let Some(pause) = pause else { return stream.write_all(answer.body()).await };
    for byte in answer.body().chunks(1) {
        sleep(pause).await;
        stream.write_all(byte).await?;
    }
    Ok(())
}
