use std::{collections::BTreeMap, process::Stdio};

use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

use crate::{Result, http::Http, places, process::Process};

/// A running Latchkey that keeps nothing, as `cargo run --release -- --ephemeral` starts it.
pub(crate) struct Latchkey {
    process: Process,
    pub(crate) origin: String,
    pub(crate) http: Http,
}

/// Somebody who is signed in.
pub(crate) struct Publisher {
    token: String,
}

/// A key as its maker is shown it.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) text: String,
}

impl Latchkey {
    pub(crate) async fn start() -> Result<Self> {
        let mut command = Command::new(places::binary("local")?);
        // Its log would be written for nobody.
        command.env_clear().env("LOG", "error").args(["--port", "0", "--ephemeral"]);
        command.current_dir(places::workspace()).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = Process::spawn(command)?;
        let output = process.child().stdout.take().ok_or("its output is not piped")?;
        let mut lines = BufReader::new(output).lines();
        let origin = loop {
            let line = lines.next_line().await?.ok_or("it ended before it listened")?;
            if let Some(origin) = line.strip_prefix("listening on ") {
                break origin.to_owned();
            }
        };
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { process, origin, http: Http::new() })
    }

    pub(crate) async fn stop(self) -> Result<()> {
        self.process.stop().await
    }

    /// Calls `path`; an answer of another status than these is an error.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
        expected: &[u16],
    ) -> Result<(StatusCode, Value)> {
        let url = format!("{}{path}", self.origin);
        let (status, body) = self.http.json(method.clone(), &url, headers, body).await?;
        match expected.contains(&status.as_u16()) {
            true => Ok((status, body)),
            false => Err(format!("{method} {path} answers {status}: {body}").into()),
        }
    }

    /// The environment variables with which a function works on its table, KMS and SES.
    pub(crate) async fn environment(&self) -> Result<BTreeMap<String, String>> {
        let url = format!("{}/local/environment", self.origin);
        let (_, text) = self.http.send(Method::GET, &url, &[], Default::default()).await?;
        let text = String::from_utf8(text.to_vec())?;
        Ok(text
            .lines()
            .filter_map(|line| line.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect())
    }

    pub(crate) async fn sign_in(&self, account: &str) -> Result<Publisher> {
        let person =
            json!({ "account": account, "email": format!("{account}@example.com"), "name": account });
        let (_, body) = self.call(Method::POST, "/local/sign-in", &[], &person, &[200]).await?;
        let token = body["token"].as_str().ok_or("no token")?;
        Ok(Publisher { token: format!("Bearer {token}") })
    }

    /// Tells the directory, as the gallery does.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Result<()> {
        self.call(Method::PUT, &format!("/directory/{path}"), &[], body, &[200, 201, 204]).await.map(drop)
    }

    pub(crate) async fn make_key(&self, by: &Publisher, key: &Value) -> Result<Key> {
        let (_, body) =
            self.call(Method::POST, "/keys", &[("authorization", &by.token)], key, &[201]).await?;
        Key::read(&body)
    }

    /// A new secret for the key.
    pub(crate) async fn refresh(&self, by: &Publisher, key: &Key) -> Result<Key> {
        let path = format!("/keys/{}/refresh", key.id);
        let headers = [("authorization", by.token.as_str())];
        let (_, body) = self.call(Method::POST, &path, &headers, &json!({}), &[200]).await?;
        Key::read(&body)
    }

    pub(crate) async fn revoke(&self, by: &Publisher, key: &Key) -> Result<()> {
        let path = format!("/keys/{}/revoke", key.id);
        let headers = [("authorization", by.token.as_str())];
        self.call(Method::POST, &path, &headers, &Value::Null, &[200, 204]).await.map(drop)
    }

    pub(crate) async fn delete(&self, by: &Publisher, key: &Key) -> Result<()> {
        let headers = [("authorization", by.token.as_str())];
        self.call(Method::DELETE, &format!("/keys/{}", key.id), &headers, &Value::Null, &[200, 204])
            .await
            .map(drop)
    }
}

impl Key {
    fn read(body: &Value) -> Result<Self> {
        let text = |value: &Value| value.as_str().map(str::to_owned).ok_or("a reply without a key");
        Ok(Self { id: text(&body["key"]["id"])?, text: text(&body["key_text"])? })
    }
}
