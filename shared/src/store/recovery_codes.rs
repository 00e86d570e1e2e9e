//! A user's recovery codes: a set made, one of them used.

use aws_sdk_dynamodb::types::AttributeValue;

use super::change::Change;
use super::condition::Condition;
use super::item::{attribute, s};
use super::outbox::{Event, EventType, Proof};
use super::write::Written;
use super::{Store, StoreError, user_key};
use crate::authenticator::recovery_code::RecoveryCode;
use crate::identity::user::User;
use crate::time::UnixTime;

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
    pub async fn new_recovery_codes(
        &self,
        user: &User,
        codes: &[RecoveryCode],
        now: UnixTime,
    ) -> Result<NewCodes, StoreError> {
        let event = Event {
            type_: EventType::RecoveryCodesCreated,
            subject: user,
            actor: user,
            method: "",
            proof: Proof::Token,
            now,
        };
        let verified = Condition::Equals(attribute::VERIFIED, AttributeValue::Bool(true));
        let change = event.tell(new_set(user, codes))?.when(verified);
        Ok(match self.write(&user_key(user), change).await? {
            Written::Done(_) => NewCodes::Stored,
            Written::Refused(Some(item)) if item.contains_key(attribute::METHOD) => NewCodes::NotVerified,
            Written::Refused(_) => NewCodes::Disabled,
        })
    }
}

/// The change to a new set.
pub(super) fn new_set(user: &User, codes: &[RecoveryCode]) -> Change {
    let hashes = codes.iter().map(|code| code.hash(user)).collect();
    Change::of_user().set(attribute::RECOVERY_CODES, AttributeValue::Ss(hashes))
}

/// The change in which the code of `hash` is used: it must still be there, and goes unless the whole set does.
pub(super) fn used_code(change: Change, hash: &str) -> Change {
    let change = match change.touches(attribute::RECOVERY_CODES) {
        true => change,
        false => change.delete(attribute::RECOVERY_CODES, AttributeValue::Ss(vec![hash.to_owned()])),
    };
    change.when(Condition::Contains(attribute::RECOVERY_CODES, s(hash)))
}
