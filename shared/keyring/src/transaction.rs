use std::{collections::HashMap, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    error::SdkError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        self, CancellationReason, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure::AllOld,
        TransactWriteItem,
    },
};

use uuid::Builder;

use crate::{
    expression::{Condition, Update},
    fault::Fault,
    item::Item,
    layout::Place,
};

const CALL: &str = "TransactWriteItems";
/// DynamoDB's most items for one `TransactWriteItems`.
pub(crate) const MOST_IN_A_TRANSACTION: usize = 100;
/// With the pauses below, a busy item is given up after about a second: the gateway still has time to say so.
const TRIES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(25);

/// One `TransactWriteItems`: all of it or nothing. Each part carries a label, and what comes back is the labels of the
/// parts whose conditions did not hold. No part passes over an item of a later format: that is a fault which names it.
#[derive(Debug)]
pub(crate) struct Transaction<L> {
    parts: Vec<(L, TransactWriteItem)>,
    table: String,
}

/// How a transaction came out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome<L> {
    /// All of it was written.
    Done,
    /// Nothing was: the conditions of these parts did not hold.
    Refused(Vec<L>),
}

impl<L: Copy> Transaction<L> {
    pub(crate) fn new(table: &str) -> Self {
        Self { parts: Vec::new(), table: table.to_owned() }
    }

    pub(crate) fn put(&mut self, label: L, item: Item, condition: Option<Condition>) {
        let Condition { expression, values, names } = Condition::and_not_later(condition);
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item.into_attributes()))
            .condition_expression(expression)
            .set_expression_attribute_names(some(names))
            .set_expression_attribute_values(Some(values))
            .return_values_on_condition_check_failure(AllOld);
        self.parts.push((label, TransactWriteItem::builder().set_put(put.build().ok()).build()));
    }

    pub(crate) fn delete(&mut self, label: L, place: &Place, condition: Option<Condition>) {
        let Condition { expression, values, names } = Condition::and_not_later(condition);
        let delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(place.key()))
            .condition_expression(expression)
            .set_expression_attribute_names(some(names))
            .set_expression_attribute_values(Some(values))
            .return_values_on_condition_check_failure(AllOld);
        self.parts.push((label, TransactWriteItem::builder().set_delete(delete.build().ok()).build()));
    }

    pub(crate) fn check(&mut self, label: L, place: &Place, condition: Condition) {
        let Condition { expression, values, names } = Condition::and_not_later(Some(condition));
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(place.key()))
            .condition_expression(expression)
            .set_expression_attribute_names(some(names))
            .set_expression_attribute_values(Some(values))
            .return_values_on_condition_check_failure(AllOld);
        self.parts
            .push((label, TransactWriteItem::builder().set_condition_check(check.build().ok()).build()));
    }

    pub(crate) fn update(&mut self, label: L, place: &Place, update: &Update, condition: Condition) {
        let Condition { expression, mut values, mut names } = Condition::and_not_later(Some(condition));
        values.extend(update.values());
        names.extend(update.names());
        let update = types::Update::builder()
            .table_name(&self.table)
            .set_key(Some(place.key()))
            .update_expression(update.expression())
            .set_expression_attribute_names(some(names))
            .set_expression_attribute_values(Some(values))
            .condition_expression(expression)
            .return_values_on_condition_check_failure(AllOld);
        self.parts.push((label, TransactWriteItem::builder().set_update(update.build().ok()).build()));
    }

    /// Writes it. Where only the table was busy with the same items, or throttled, it is tried again a few times.
    ///
    /// # Errors
    /// A [`Fault`] where it is not known whether it was written, or an item of a later format is in the way. A call whose
    /// answer was lost is repeated under one token, so it is not written twice.
    pub(crate) async fn write(self, db: &Client) -> Result<Outcome<L>, Fault> {
        let (labels, items): (Vec<L>, Vec<TransactWriteItem>) = self.parts.into_iter().unzip();
        let mut pause = FIRST_PAUSE;
        let mut token = new_token()?;
        for _ in 0..TRIES {
            let call = db.transact_write_items().client_request_token(&token);
            let answer = call.set_transact_items(Some(items.clone())).send().await;
            let Err(error) = answer else { return Ok(Outcome::Done) };
            if let Some(later) = later_format(&error) {
                return Err(later);
            }
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

/// DynamoDB takes no empty map.
fn some(names: HashMap<String, String>) -> Option<HashMap<String, String>> {
    (!names.is_empty()).then_some(names)
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

/// What is wrong with the items whose conditions did not hold, as far as it is their format.
fn later_format(error: &SdkError<TransactWriteItemsError>) -> Option<Fault> {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
    else {
        return None;
    };
    let items = cancelled.cancellation_reasons().iter().filter_map(CancellationReason::item);
    items.filter(|item| !item.is_empty()).find_map(|item| Item::read(item.clone()).err())
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
