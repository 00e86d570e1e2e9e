//! A user's recovery codes: a set made, one of them used.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

use super::change::Change;
use super::item::{attribute, s};
use super::outbox::{Event, EventType, Proof};
use super::{Store, StoreError, user_key};
use crate::identity::user::User;

/// What became of a new set of recovery codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewCodes {
    /// It is stored, and the set before is void.
    Stored,
    /// The settings are not verified: nothing was stored.
    NotVerified,
    /// Two-factor is disabled: nothing was stored.
    Disabled,
}

impl Store {
    /// Stores the hashes of a new set of recovery codes, for verified settings alone; the set before is void.
    ///
    /// Closes the race with new settings: whether the settings are verified is asked in the write itself, and every write
    /// that ends that takes the codes away.
    ///
    /// # Errors
    /// DynamoDB cannot be reached.
    pub async fn replace_recovery_codes(
        &self,
        user: &User,
        hashes: &[String],
        now: u64,
    ) -> Result<NewCodes, StoreError> {
        let event = Event {
            type_: EventType::RecoveryCodesCreated,
            subject: user,
            actor: user,
            method: "",
            proof: Proof::Token,
            now,
        };
        let change =
            event.tell(new_codes(hashes))?.when("verified = :verified").value("verified", AttributeValue::Bool(true));
        let update = change
            .into_update(self.update(&user_key(user)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match update.send().await {
            Ok(_) => Ok(NewCodes::Stored),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                    let enrolled = refused.item().is_some_and(|item| item.contains_key(attribute::METHOD));
                    Ok(if enrolled { NewCodes::NotVerified } else { NewCodes::Disabled })
                }
                _ => Err(StoreError::from_sdk("UpdateItem", &error)),
            },
        }
    }
}

/// The change to a new set.
pub(super) fn new_codes(hashes: &[String]) -> Change {
    Change::default().set(attribute::RECOVERY_CODES, AttributeValue::Ss(hashes.to_vec()))
}

/// The change in which the code of `hash` is used: it must still be there, and goes unless the whole set does.
pub(super) fn used_code(change: Change, hash: &str) -> Change {
    let change = match change.touches(attribute::RECOVERY_CODES) {
        true => change,
        false => change
            .delete(attribute::RECOVERY_CODES, "used_codes")
            .value("used_codes", AttributeValue::Ss(vec![hash.to_owned()])),
    };
    change.when("contains(recovery_codes, :recovery_code)").value("recovery_code", s(hash))
}
