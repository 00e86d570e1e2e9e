//! One item: read, or changed by one conditional write with its three ends: written, refused by its condition, or a fault.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValue;

use super::change::Change;
use super::item::{Item, attribute, s};
use super::{Store, StoreError};

/// What became of a write.
#[derive(Debug)]
pub(super) enum Written {
    /// It is done; the item as it was before, if that was asked for.
    Done(Option<Item>),
    /// Its condition did not hold, for the item as it is.
    Refused(Option<Item>),
}

impl Store {
    /// The item under `key`, by a strongly consistent read.
    pub(super) async fn read(&self, key: &str) -> Result<Option<Item>, StoreError> {
        let request = self.client.get_item().table_name(&self.table).key(attribute::KEY, s(key)).consistent_read(true);
        let output = Box::pin(request.send()).await.map_err(|error| StoreError::from_sdk("GetItem", &error))?;
        Ok(output.item)
    }

    /// Writes `change` to the item under `key`, if its condition holds.
    pub(super) async fn write(&self, key: &str, change: Change) -> Result<Written, StoreError> {
        self.send_update(key, change, ReturnValue::None).await
    }

    /// The same; gives the item as it was before.
    pub(super) async fn write_and_read_old(&self, key: &str, change: Change) -> Result<Written, StoreError> {
        self.send_update(key, change, ReturnValue::AllOld).await
    }

    /// Writes the change where its condition holds; where it does not, there is nothing to write.
    pub(super) async fn write_where_it_fits(&self, key: &str, change: Change) -> Result<(), StoreError> {
        self.write(key, change).await.map(|_| ())
    }

    async fn send_update(&self, key: &str, change: Change, returned: ReturnValue) -> Result<Written, StoreError> {
        let update = self.client.update_item().table_name(&self.table).key(attribute::KEY, s(key));
        // On the heap: the SDK's future is large, and deeper than the compiler follows through all callers.
        match Box::pin(change.into_update(update).return_values(returned).send()).await {
            Ok(output) => Ok(Written::Done(output.attributes)),
            Err(error) => {
                let fault = StoreError::from_sdk("UpdateItem", &error);
                match error.into_service_error() {
                    UpdateItemError::ConditionalCheckFailedException(refused) => Ok(Written::Refused(refused.item)),
                    _ => Err(fault),
                }
            }
        }
    }
}
