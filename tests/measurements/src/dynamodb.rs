//! The engine, asked in DynamoDB's own JSON: this way items are copied as they are, whatever their layout.

use hyper::Method;
use serde_json::{Map, Value, json};

use crate::{Result, http::Http};

/// An item, in DynamoDB's JSON.
pub(crate) type Item = Map<String, Value>;

/// How many items DynamoDB writes at once.
const BATCH: usize = 25;
/// How many batches are under way at once.
const AT_ONCE: usize = 4;

/// A table of an engine.
#[derive(Clone)]
pub(crate) struct Table {
    http: Http,
    endpoint: String,
    name: String,
}

impl Table {
    pub(crate) fn at(endpoint: &str, name: &str) -> Self {
        Self { http: Http::new(), endpoint: endpoint.to_owned(), name: name.to_owned() }
    }

    async fn call(&self, operation: &str, body: &Value) -> Result<Value> {
        let target = format!("DynamoDB_20120810.{operation}");
        let authorization = "AWS4-HMAC-SHA256 Credential=local/20270101/us-east-1/dynamodb/aws4_request, \
                             SignedHeaders=host;x-amz-date;x-amz-target, Signature=00";
        let headers = [
            ("x-amz-target", target.as_str()),
            ("content-type", "application/x-amz-json-1.0"),
            ("x-amz-date", "20270101T000000Z"),
            ("authorization", authorization),
        ];
        let body = body.to_string().into();
        let (status, answer) = self.http.send(Method::POST, &self.endpoint, &headers, body).await?;
        match status.is_success() {
            true => Ok(serde_json::from_slice(&answer)?),
            false => Err(format!("{operation}: {status} {}", String::from_utf8_lossy(&answer)).into()),
        }
    }

    /// The item there, which must be there.
    pub(crate) async fn get(&self, pk: &str, sk: &str) -> Result<Item> {
        let key = json!({ "pk": { "S": pk }, "sk": { "S": sk } });
        let mut found = self.call("GetItem", &json!({ "TableName": self.name, "Key": key })).await?;
        match found["Item"].take() {
            Value::Object(item) => Ok(item),
            _ => Err(format!("there is no item {pk} {sk}").into()),
        }
    }

    /// The first item of the partition `pk` whose sort key begins with `sk`.
    pub(crate) async fn first(&self, pk: &str, sk: &str) -> Result<Item> {
        let values = json!({ ":pk": { "S": pk }, ":sk": { "S": sk } });
        let query = json!({
            "TableName": self.name,
            "KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)",
            "ExpressionAttributeValues": values,
            "Limit": 1,
        });
        match self.call("Query", &query).await?["Items"][0].take() {
            Value::Object(item) => Ok(item),
            _ => Err(format!("there is no item {pk} {sk}…").into()),
        }
    }

    /// Writes all of these.
    pub(crate) async fn put_all(&self, items: impl Iterator<Item = Result<Item>>) -> Result<()> {
        let (mut writing, mut batch) = (tokio::task::JoinSet::new(), Vec::with_capacity(BATCH));
        for item in items {
            batch.push(json!({ "PutRequest": { "Item": item? } }));
            if batch.len() == BATCH {
                if writing.len() == AT_ONCE {
                    writing.join_next().await.ok_or("nothing is being written")???;
                }
                writing.spawn(self.clone().put(std::mem::take(&mut batch)));
            }
        }
        if !batch.is_empty() {
            writing.spawn(self.clone().put(batch));
        }
        while let Some(written) = writing.join_next().await {
            written??;
        }
        Ok(())
    }

    async fn put(self, requests: Vec<Value>) -> Result<()> {
        let name = self.name.clone();
        let answer = self.call("BatchWriteItem", &json!({ "RequestItems": { name: requests } })).await?;
        match answer["UnprocessedItems"].as_object().is_none_or(Map::is_empty) {
            true => Ok(()),
            false => Err("the engine has not written all of a batch".into()),
        }
    }
}

/// A copy with other values. What the original does not have the copy is not given: the layout would have changed.
pub(crate) fn replaced<const N: usize>(original: &Item, values: [(&str, Value); N]) -> Result<Item> {
    let mut item = original.clone();
    for (name, value) in values {
        *item.get_mut(name).ok_or_else(|| format!("items of this kind have no {name} any more"))? = value;
    }
    Ok(item)
}

pub(crate) fn text(text: impl Into<String>) -> Value {
    json!({ "S": text.into() })
}

pub(crate) fn number(number: i64) -> Value {
    json!({ "N": number.to_string() })
}
