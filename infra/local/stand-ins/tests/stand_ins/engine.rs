use std::{fs, path::Path};

use aws_sdk_dynamodb::{
    Client,
    types::{
        AttributeDefinition, AttributeValue, BillingMode, ConditionCheck, ConsumedCapacity, KeySchemaElement,
        KeyType, Put, ReturnConsumedCapacity, ScalarAttributeType, TimeToLiveSpecification,
        TransactWriteItem, Update,
    },
};
use stand_ins::{Engine, EngineError};

use crate::{
    client,
    serving::{Serving, start},
};

async fn serve(engine: Engine) -> (Client, Serving) {
    let serving = start(|listener, stop| engine.serve(listener, stop)).await;
    (client!(aws_sdk_dynamodb, &serving.url), serving)
}

async fn with_table() -> (Client, Serving) {
    let (client, serving) = serve(Engine::in_memory().unwrap()).await;
    make_table(&client).await;
    (client, serving)
}

async fn make_table(client: &Client) {
    let pk = AttributeDefinition::builder().attribute_name("pk").attribute_type(ScalarAttributeType::S);
    let hash = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash);
    let table = client.create_table().table_name("keyring").billing_mode(BillingMode::PayPerRequest);
    let table = table.attribute_definitions(pk.build().unwrap()).key_schema(hash.build().unwrap());
    table.send().await.unwrap();
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn put_new(pk: &str) -> TransactWriteItem {
    let put = Put::builder().table_name("keyring").item("pk", text(pk));
    TransactWriteItem::builder()
        .put(put.condition_expression("attribute_not_exists(pk)").build().unwrap())
        .build()
}

fn check_present(pk: &str) -> TransactWriteItem {
    let check = ConditionCheck::builder().table_name("keyring").key("pk", text(pk));
    let check = check.condition_expression("attribute_exists(pk)").build().unwrap();
    TransactWriteItem::builder().condition_check(check).build()
}

/// Adds one to `n` if it is still `seen`.
fn step(pk: &str, seen: usize) -> TransactWriteItem {
    let update =
        Update::builder().table_name("keyring").key("pk", text(pk)).update_expression("SET n = :next");
    let update = update.condition_expression("n = :seen");
    let update = update.expression_attribute_values(":seen", AttributeValue::N(seen.to_string()));
    let update = update.expression_attribute_values(":next", AttributeValue::N((seen + 1).to_string()));
    TransactWriteItem::builder().update(update.build().unwrap()).build()
}

async fn has(client: &Client, pk: &str) -> bool {
    let got = client.get_item().table_name("keyring").key("pk", text(pk)).consistent_read(true).send();
    got.await.unwrap().item.is_some()
}

#[tokio::test]
async fn a_transaction_is_done_whole() {
    let (client, _serving) = with_table().await;
    let done = client.transact_write_items().transact_items(put_new("a")).transact_items(put_new("b"));
    let done = done.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.unwrap();
    assert!(has(&client, "a").await && has(&client, "b").await);
    let capacity: f64 = done.consumed_capacity().iter().filter_map(ConsumedCapacity::capacity_units).sum();
    assert!((capacity - 4.0).abs() < f64::EPSILON, "{capacity}");
}

#[tokio::test]
async fn a_failed_condition_cancels_all_and_says_which_one_it_was() {
    let (client, _serving) = with_table().await;
    let items = [put_new("a"), check_present("missing"), put_new("b")];
    let error =
        client.transact_write_items().set_transact_items(Some(items.into())).send().await.unwrap_err();
    let error = error.into_service_error();
    let aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError::TransactionCanceledException(
        cancelled,
    ) = error
    else {
        panic!("{error:?}")
    };
    let codes: Vec<_> = cancelled.cancellation_reasons().iter().filter_map(|reason| reason.code()).collect();
    assert_eq!(codes, ["None", "ConditionalCheckFailed", "None"]);
    assert!(!has(&client, "a").await && !has(&client, "b").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_transactions_at_once_on_one_version_exactly_one_wins() {
    let (client, _serving) = with_table().await;
    let start = client
        .put_item()
        .table_name("keyring")
        .item("pk", text("n"))
        .item("n", AttributeValue::N("0".into()));
    start.send().await.unwrap();
    for version in 0..5 {
        let rivals = (0..16).map(|rival| {
            let client = client.clone();
            tokio::spawn(async move {
                let mine = put_new(&format!("won {version} {rival}"));
                client
                    .transact_write_items()
                    .transact_items(step("n", version))
                    .transact_items(mine)
                    .send()
                    .await
            })
        });
        let mut won = Vec::new();
        for (rival, outcome) in rivals.collect::<Vec<_>>().into_iter().enumerate() {
            if outcome.await.unwrap().is_ok() {
                won.push(rival);
            }
        }
        let mut marked = Vec::new();
        for rival in 0..16 {
            if has(&client, &format!("won {version} {rival}")).await {
                marked.push(rival);
            }
        }
        assert_eq!(won.len(), 1);
        assert_eq!(marked, won, "what lost has left nothing behind");
    }
}

#[tokio::test]
async fn what_ttl_calls_expired_stays() {
    let (client, _serving) = with_table().await;
    let ttl = TimeToLiveSpecification::builder().attribute_name("purge_at").enabled(true).build().unwrap();
    client.update_time_to_live().table_name("keyring").time_to_live_specification(ttl).send().await.unwrap();
    let expired = client.put_item().table_name("keyring").item("pk", text("old"));
    expired.item("purge_at", AttributeValue::N("1".to_owned())).send().await.unwrap();
    assert!(has(&client, "old").await);
}

#[tokio::test]
async fn a_file_outlives_its_engine_and_is_nobody_elses_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made").join("on the way").join("table.sqlite");
    let (client, serving) = serve(Engine::open(&path).unwrap()).await;
    make_table(&client).await;
    client.transact_write_items().transact_items(put_new("kept")).send().await.unwrap();

    let error = Engine::open(&path).err().unwrap();
    assert!(matches!(error, EngineError::InUse { .. }), "{error}");
    assert_eq!(error.to_string(), format!("{} is in use by another process", path.display()));
    serving.stop().await;

    let (client, _serving) = serve(Engine::open(&path).unwrap()).await;
    assert!(has(&client, "kept").await);
}

fn refusal(path: &Path) -> EngineError {
    Engine::open(path).err().expect("must be refused")
}

#[tokio::test]
async fn a_path_that_cannot_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "no folder").unwrap();

    let error = refusal(&file.join("table.sqlite"));
    assert!(matches!(error, EngineError::Inaccessible { .. }), "{error:?}");
    assert!(error.to_string().starts_with(&format!("{}: ", file.display())), "{error}");

    let error = refusal(folder.path());
    assert!(matches!(error, EngineError::Inaccessible { .. }), "{error:?}");

    let error = refusal(&file);
    assert!(matches!(error, EngineError::NotADatabase { .. }), "{error:?}");
    assert_eq!(error.to_string(), format!("{} is not a database of the embedded engine", file.display()));
    assert_eq!(fs::read_to_string(&file).unwrap(), "no folder");
}

#[tokio::test]
async fn a_damaged_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("table.sqlite");
    drop(Engine::open(&path).unwrap());
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();

    let error = refusal(&path);
    assert!(matches!(error, EngineError::Unusable { .. }), "{error:?}");
    assert!(error.to_string().starts_with(&format!("{} cannot be opened: ", path.display())), "{error}");
}
