use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{self, AttributeValue, CancellationReason, ConditionCheck, Delete, Put, TransactWriteItem},
};

use uuid::Builder;

use crate::{fault::Fault, item::Item, layout::Place};

const CALL: &str = "TransactWriteItems";
/// DynamoDB's most items for one `TransactWriteItems`.
pub(crate) const MOST_IN_A_TRANSACTION: usize = 100;
/// With the pauses below, a busy item is given up after about a second: the gateway still has time to say so.
const TRIES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(25);

/// One `TransactWriteItems`: all of it or nothing. Each part carries a label, and what comes back is the labels of the
/// parts whose conditions did not hold.
#[derive(Debug)]
pub(crate) struct Transaction<L> {
    parts: Vec<(L, TransactWriteItem)>,
    table: String,
}

/// A condition and its values.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    expression: String,
    values: HashMap<String, AttributeValue>,
}

/// Which attributes are set and which removed.
#[derive(Debug, Clone)]
pub(crate) struct Update {
    expression: String,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

/// How a transaction came out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome<L> {
    /// All of it was written.
    Done,
    /// Nothing was: the conditions of these parts did not hold.
    Refused(Vec<L>),
}

impl Condition {
    pub(crate) fn new(expression: &str) -> Self {
        Self { expression: expression.to_owned(), values: HashMap::new() }
    }

    /// Nothing stands there yet.
    pub(crate) fn absent() -> Self {
        Self::new("attribute_not_exists(pk)")
    }

    /// The item is still in the version that was read.
    pub(crate) fn version(version: u32) -> Self {
        Self::new("version = :version").value(":version", crate::item::number(version))
    }

    /// The item is there, and no tombstone.
    pub(crate) fn present() -> Self {
        Self::new("attribute_exists(pk) AND attribute_not_exists(gone)")
    }

    pub(crate) fn value(mut self, name: &str, value: AttributeValue) -> Self {
        self.values.insert(name.to_owned(), value);
        self
    }

    fn some_values(&self) -> Option<HashMap<String, AttributeValue>> {
        Some(self.values.clone()).filter(|values| !values.is_empty())
    }
}

impl Update {
    /// What makes `after` of `before`. Attributes that are the same in both are left alone.
    pub(crate) fn between(before: &Item, after: &Item) -> Self {
        let differing = after.attributes().filter(|(name, value)| before.get(name) != Some(*value));
        let gone = before.attributes().map(|(name, _)| name).filter(|name| after.get(name).is_none());
        Self::of(differing.map(|(name, value)| (name.as_str(), value.clone())), gone.map(String::as_str))
    }

    /// Sets these attributes, and removes those.
    pub(crate) fn of<'a>(
        set: impl IntoIterator<Item = (&'a str, AttributeValue)>,
        remove: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let (mut names, mut values) = (HashMap::new(), HashMap::new());
        let (mut sets, mut removes) = (Vec::new(), Vec::new());
        for (name, value) in set {
            let place = format!("set_{name}");
            sets.push(format!("#{place} = :{place}"));
            names.insert(format!("#{place}"), name.to_owned());
            values.insert(format!(":{place}"), value);
        }
        for name in remove {
            removes.push(format!("#{name}"));
            names.insert(format!("#{name}"), name.to_owned());
        }
        let clause = |word: &str, parts: &[String]| match parts {
            [] => String::new(),
            parts => format!("{word} {} ", parts.join(", ")),
        };
        let expression = clause("SET", &sets) + &clause("REMOVE", &removes);
        Self { expression: expression.trim_end().to_owned(), names, values }
    }

    /// Sets an attribute too. Its value is `:set_<name>` for conditions.
    pub(crate) fn set(self, name: &str, value: AttributeValue) -> Self {
        let place = format!("set_{name}");
        self.too(&format!("#{place} = :{place}"), &place, name, value)
    }

    /// Sets an attribute too, unless it has a value.
    pub(crate) fn or_else(self, name: &str, value: AttributeValue) -> Self {
        let place = format!("else_{name}");
        self.too(&format!("#{place} = if_not_exists(#{place}, :{place})"), &place, name, value)
    }

    fn too(mut self, set: &str, place: &str, name: &str, value: AttributeValue) -> Self {
        self.expression = match self.expression.strip_prefix("SET ") {
            Some(rest) => format!("SET {set}, {rest}"),
            None => format!("SET {set} {}", self.expression),
        };
        self.names.insert(format!("#{place}"), name.to_owned());
        self.values.insert(format!(":{place}"), value);
        self
    }

    pub(crate) fn expression(&self) -> &str {
        &self.expression
    }

    pub(crate) fn names(&self) -> HashMap<String, String> {
        self.names.clone()
    }

    pub(crate) fn values(&self) -> HashMap<String, AttributeValue> {
        self.values.clone()
    }
}

impl<L: Copy> Transaction<L> {
    pub(crate) fn new(table: &str) -> Self {
        Self { parts: Vec::new(), table: table.to_owned() }
    }

    pub(crate) fn put(&mut self, label: L, item: Item, condition: Option<Condition>) {
        let mut put = Put::builder().table_name(&self.table).set_item(Some(item.into_attributes()));
        if let Some(condition) = condition {
            put = put
                .condition_expression(&condition.expression)
                .set_expression_attribute_values(condition.some_values());
        }
        self.parts.push((label, TransactWriteItem::builder().set_put(put.build().ok()).build()));
    }

    pub(crate) fn delete(&mut self, label: L, place: &Place, condition: Option<Condition>) {
        let mut delete = Delete::builder().table_name(&self.table).set_key(Some(place.key()));
        if let Some(condition) = condition {
            delete = delete
                .condition_expression(&condition.expression)
                .set_expression_attribute_values(condition.some_values());
        }
        self.parts.push((label, TransactWriteItem::builder().set_delete(delete.build().ok()).build()));
    }

    pub(crate) fn check(&mut self, label: L, place: &Place, condition: &Condition) {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(place.key()))
            .condition_expression(&condition.expression)
            .set_expression_attribute_values(condition.some_values());
        self.parts
            .push((label, TransactWriteItem::builder().set_condition_check(check.build().ok()).build()));
    }

    pub(crate) fn update(&mut self, label: L, place: &Place, update: &Update, condition: Condition) {
        let mut values = update.values.clone();
        values.extend(condition.values);
        let update = types::Update::builder()
            .table_name(&self.table)
            .set_key(Some(place.key()))
            .update_expression(&update.expression)
            .set_expression_attribute_names(Some(update.names.clone()))
            .set_expression_attribute_values(Some(values).filter(|values| !values.is_empty()))
            .condition_expression(condition.expression);
        self.parts.push((label, TransactWriteItem::builder().set_update(update.build().ok()).build()));
    }

    /// Writes it. Where only the table was busy with the same items, or throttled, it is tried again a few times.
    ///
    /// # Errors
    /// A [`Fault`] where it is not known whether it was written. A call whose answer was lost is repeated under one
    /// token, so it is not written twice.
    pub(crate) async fn write(self, db: &Client) -> Result<Outcome<L>, Fault> {
        let (labels, items): (Vec<L>, Vec<TransactWriteItem>) = self.parts.into_iter().unzip();
        let mut pause = FIRST_PAUSE;
        let mut token = new_token()?;
        for _ in 0..TRIES {
            let call = db.transact_write_items().client_request_token(&token);
            let answer = call.set_transact_items(Some(items.clone())).send().await;
            let Err(error) = answer else { return Ok(Outcome::Done) };
            match refusal(&labels, &error) {
                Refusal::Conditions(refused) => return Ok(Outcome::Refused(refused)),
                // Not written, that is known: another attempt is another transaction.
                Refusal::Conflict => token = new_token()?,
                // It may be under way still: another attempt must be the same one.
                Refusal::Unfinished => {}
                Refusal::Other => return Err(Fault::call(CALL)(error)),
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        Err(Fault::Busy { call: CALL, tries: TRIES })
    }
}

/// What tells DynamoDB that two calls are one and the same transaction.
fn new_token() -> Result<String, Fault> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)?;
    Ok(Builder::from_random_bytes(random).into_uuid().to_string())
}

#[derive(Debug, PartialEq, Eq)]
enum Refusal<L> {
    Conditions(Vec<L>),
    Conflict,
    Unfinished,
    Other,
}

fn refusal<L: Copy>(labels: &[L], error: &SdkError<TransactWriteItemsError>) -> Refusal<L> {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            refused(labels, cancelled.cancellation_reasons())
        }
        Some(
            TransactWriteItemsError::TransactionInProgressException(_)
            | TransactWriteItemsError::ProvisionedThroughputExceededException(_)
            | TransactWriteItemsError::RequestLimitExceeded(_),
        ) => Refusal::Unfinished,
        _ => Refusal::Other,
    }
}

fn refused<L: Copy>(labels: &[L], reasons: &[CancellationReason]) -> Refusal<L> {
    let code = |reason: &CancellationReason| reason.code().unwrap_or("None").to_owned();
    let failed = |(label, reason): (&L, &CancellationReason)| {
        (code(reason) == "ConditionalCheckFailed").then_some(*label)
    };
    let conditions: Vec<L> = labels.iter().zip(reasons).filter_map(failed).collect();
    let busy = |reason: &CancellationReason| {
        matches!(
            code(reason).as_str(),
            "None" | "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded"
        )
    };
    match conditions.is_empty() {
        false => Refusal::Conditions(conditions),
        true if reasons.iter().all(busy) => Refusal::Conflict,
        true => Refusal::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(code: &str) -> CancellationReason {
        CancellationReason::builder().code(code).build()
    }

    #[test]
    fn cancellation_reasons_are_read_one_by_one() {
        let read = |codes: &[&str]| match refused(
            &[1, 2, 3],
            &codes.iter().map(|code| reason(code)).collect::<Vec<_>>(),
        ) {
            Refusal::Conditions(labels) => format!("{labels:?}"),
            Refusal::Conflict | Refusal::Unfinished => "busy".to_owned(),
            Refusal::Other => "other".to_owned(),
        };
        assert_eq!(read(&["None", "ConditionalCheckFailed", "TransactionConflict"]), "[2]");
        assert_eq!(read(&["ConditionalCheckFailed", "None", "ConditionalCheckFailed"]), "[1, 3]");
        assert_eq!(read(&["None", "TransactionConflict", "None"]), "busy");
        assert_eq!(read(&["ThrottlingError", "None", "None"]), "busy");
        assert_eq!(read(&["ValidationError", "TransactionConflict", "None"]), "other");
        assert_eq!(read(&[]), "busy");
    }
}
