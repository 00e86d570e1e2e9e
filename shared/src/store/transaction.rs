//! Several conditional writes, of which all are done or none.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, TransactWriteItem, Update};

use super::change::Change;
use super::item::{Item, attribute, s};
use super::{Store, StoreError};

/// The outcome of a transaction.
pub(super) enum Transaction {
    Done,
    /// At least one condition did not hold, and nothing was written. Holds the current item of each write that was
    /// refused.
    Refused(Vec<Option<Item>>),
    /// No response says whether it was done.
    Unknown(StoreError),
}

impl Store {
    /// Writes all of `changes`, each to the item under its key, if all their conditions hold.
    pub(super) async fn transact(&self, changes: Vec<(&str, Change)>) -> Result<Transaction, StoreError> {
        let items = changes.into_iter().map(|(key, change)| {
            let update = Update::builder().table_name(&self.table).key(attribute::KEY, s(key));
            let update = change.into_part(update).build();
            update.map(|update| TransactWriteItem::builder().update(update).build())
        });
        let items = items
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| StoreError::Broken("TransactWriteItems: request could not be built".to_owned()))?;
        let request = self.client.transact_write_items().set_transact_items(Some(items));
        match Box::pin(request.send()).await {
            Ok(_) => Ok(Transaction::Done),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                    refused(canceled.cancellation_reasons())
                }
                _ => match StoreError::from_sdk("TransactWriteItems", &error) {
                    fault @ StoreError::Unavailable(_) => Ok(Transaction::Unknown(fault)),
                    broken @ StoreError::Broken(_) => Err(broken),
                },
            },
        }
    }
}

fn refused(reasons: &[CancellationReason]) -> Result<Transaction, StoreError> {
    let codes = reasons.iter().map(|reason| reason.code().unwrap_or("None"));
    match codes.clone().find(|code| !matches!(*code, "None" | "ConditionalCheckFailed")) {
        // Any reason other than a condition, such as throttling or a conflict with another transaction.
        Some(code @ "ValidationError") => Err(StoreError::Broken(format!("TransactWriteItems: {code}"))),
        Some(code) => Err(StoreError::Unavailable(format!("TransactWriteItems: {code}"))),
        None => {
            let refused = reasons.iter().zip(codes);
            let items =
                refused.map(|(reason, code)| (code != "None").then(|| reason.item().cloned().unwrap_or_default()));
            Ok(Transaction::Refused(items.collect()))
        }
    }
}
