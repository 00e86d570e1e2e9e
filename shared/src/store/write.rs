//! One item: read, or changed by one conditional write. A write is done, is refused by its condition, or fails.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValue;

use super::change::Change;
use super::item::{Item, attribute, s};
use super::{Store, StoreError};

/// The outcome of a write.
#[derive(Debug)]
pub(super) enum Written {
    /// It is done. Holds the item before the write, if that was asked for.
    Done(Option<Item>),
    /// Its condition did not hold. Holds the current item, if there is one.
    Refused(Option<Item>),
}

impl Store {
    /// Reads the item under `key`, with strong consistency.
    pub(super) async fn read(&self, key: &str) -> Result<Option<Item>, StoreError> {
        let request = self.client.get_item().table_name(&self.table).key(attribute::KEY, s(key)).consistent_read(true);
        let output = Box::pin(request.send()).await.map_err(|error| StoreError::from_sdk("GetItem", &error))?;
        Ok(output.item)
    }

    /// Writes `change` to the item under `key`, if its condition holds.
    pub(super) async fn write(&self, key: &str, change: Change) -> Result<Written, StoreError> {
        self.send_update(key, change, ReturnValue::None).await
    }

    /// The same, and returns the item before the write.
    pub(super) async fn write_and_read_old(&self, key: &str, change: Change) -> Result<Written, StoreError> {
        self.send_update(key, change, ReturnValue::AllOld).await
    }

    /// Writes the change if its condition holds. If not, nothing needs to be written.
    pub(super) async fn write_where_it_fits(&self, key: &str, change: Change) -> Result<(), StoreError> {
        self.write(key, change).await.map(|_| ())
    }

    async fn send_update(&self, key: &str, change: Change, returned: ReturnValue) -> Result<Written, StoreError> {
        let update = self.client.update_item().table_name(&self.table).key(attribute::KEY, s(key));
        // Boxed: the SDK's future is large, and nested too deeply for the compiler to follow through all callers.
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
