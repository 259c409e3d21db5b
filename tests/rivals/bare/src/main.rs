//! A function that reads what the authorizer reads and makes nothing of it: what `lambda_runtime` and the AWS SDK cost.
//!
//! `READS` names the items of an event, `FIRST_READ` one more that is read before the first answer, each as `pk|sk` and
//! divided by `;`. The items of an event are read as the authorizer reads them: in one strongly consistent
//! `BatchGetItem`, or, with `ONE_BY_ONE` set, in as many `GetItem`s, one after another.

use std::collections::HashMap;

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::{
    Client,
    types::{AttributeValue, KeysAndAttributes},
};
use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

type Place = HashMap<String, AttributeValue>;

/// What is read, and with what.
struct Reader {
    db: Client,
    table: String,
    places: Vec<Place>,
    one_by_one: bool,
    first: Place,
    begun: OnceCell<()>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let set = |name: &str| std::env::var_os(name).and_then(|value| value.into_string().ok());
    let required = |name: &str| set(name).ok_or_else(|| format!("{name} is not set"));
    let places = required("READS")?.split(';').map(place).collect::<Result<_, _>>()?;
    let (table, first) = (required("TABLE_NAME")?, place(&required("FIRST_READ")?)?);
    let db = Client::new(&aws_config::load_defaults(BehaviorVersion::latest()).await);
    let one_by_one = set("ONE_BY_ONE").is_some();
    let reader = &Reader { db, table, places, one_by_one, first, begun: OnceCell::new() };
    lambda_runtime::run(service_fn(|_event: LambdaEvent<Value>| reader.answer())).await
}

fn place(text: &str) -> Result<Place, Error> {
    let (pk, sk) = text.split_once('|').ok_or("a place is pk|sk")?;
    Ok([("pk", pk), ("sk", sk)].map(|(name, value)| (name.into(), AttributeValue::S(value.into()))).into())
}

impl Reader {
    async fn answer(&self) -> Result<Value, Error> {
        let read = match self.one_by_one {
            true => self.get_each().await?,
            false => self.get_all().await?,
        };
        self.begun.get_or_try_init(|| async { self.get(&self.first).await.map(drop) }).await?;
        Ok(json!({ "read": read }))
    }

    async fn get_all(&self) -> Result<usize, Error> {
        let wanted = KeysAndAttributes::builder().set_keys(Some(self.places.clone())).consistent_read(true);
        let call = self.db.batch_get_item().request_items(&self.table, wanted.build()?);
        let found = call.send().await?.responses.unwrap_or_default();
        Ok(found.values().map(Vec::len).sum())
    }

    async fn get_each(&self) -> Result<usize, Error> {
        let mut read = 0;
        for place in &self.places {
            read += usize::from(self.get(place).await?);
        }
        Ok(read)
    }

    async fn get(&self, place: &Place) -> Result<bool, Error> {
        let call =
            self.db.get_item().table_name(&self.table).set_key(Some(place.clone())).consistent_read(true);
        Ok(call.send().await?.item.is_some())
    }
}
