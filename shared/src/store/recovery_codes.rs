//! A user's recovery codes: creating a set, and using one of them.

use aws_sdk_dynamodb::types::AttributeValue;

use super::acceptance::{Acceptance, Effect, new_set};
use super::change::Change;
use super::changes::Counted;
use super::condition::Condition;
use super::item::{Item, attribute, recovery_codes, s, t};
use super::outbox::{Event, EventType, Proof};
use super::write::Written;
use super::{Store, StoreError, random_id, user_key};
use crate::authenticator::recovery_code::RecoveryCode;
use crate::identity::user::User;
use crate::time::UnixTime;

/// Seconds for which an accepted code proves that the caller has more than a token.
const PROOF_LIFETIME: u64 = 600;

/// Seconds by which the clock of the function that accepted a code may be ahead.
const PROOF_CLOCK_ERROR: u64 = 30;

/// The outcome of creating a new set of recovery codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewCodes {
    /// It is stored, and the previous set is void.
    Stored,
    /// No code was accepted within the last ten minutes: nothing was stored.
    CodeRequired,
    /// The settings are not verified: nothing was stored.
    NotVerified,
    /// Two-factor is disabled: nothing was stored.
    Disabled,
}

/// The outcome of using a recovery code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecoveryCodeUse {
    /// It was correct, and its effect is written.
    Accepted {
        /// How many codes are left.
        left: usize,
    },
    /// It is wrong, was already used or is void: nothing was written.
    Refused,
    /// Two-factor is disabled.
    Disabled,
    /// Too many changes of the settings within the hour: nothing was written.
    TooManyChanges {
        /// Seconds until the next change.
        seconds: u64,
    },
}

impl Store {
    /// Stores the hashes of a new set of recovery codes, only for verified settings and only shortly after a code was
    /// accepted. The previous set becomes void.
    ///
    /// Closes the race with new settings: the write itself checks whether the settings are verified, and every write
    /// that ends this also removes the codes.
    ///
    /// # Errors
    /// DynamoDB cannot be reached.
    pub async fn new_recovery_codes(
        &self,
        user: &User,
        codes: &[RecoveryCode],
        now: UnixTime,
    ) -> Result<NewCodes, StoreError> {
        let type_ = EventType::RecoveryCodesCreated;
        let event = Event { type_, subject: user, actor: user, method: "", proof: Proof::Code, now };
        let change = event
            .tell(new_set(user, codes))?
            .when(Condition::Equals(attribute::VERIFIED, AttributeValue::Bool(true)))
            .when(Condition::Above(attribute::ACCEPTED_AT, t(now - PROOF_LIFETIME)))
            .when(Condition::AtMost(attribute::ACCEPTED_AT, t(now + PROOF_CLOCK_ERROR)));
        Ok(match self.write(&user_key(user), change).await? {
            Written::Done(_) => NewCodes::Stored,
            Written::Refused(Some(item)) if item.contains_key(attribute::METHOD) => {
                match item.get(attribute::VERIFIED) {
                    Some(AttributeValue::Bool(true)) => NewCodes::CodeRequired,
                    _ => NewCodes::NotVerified,
                }
            }
            Written::Refused(_) => NewCodes::Disabled,
        })
    }

    /// Accepts a recovery code: writes `effect`, clears the counter of wrong codes and uses up the code. The attempt
    /// is not counted, and a wait does not delay it: nobody guesses 80 bits, and the thief of a token could otherwise
    /// lock out its owner with wrong guesses.
    ///
    /// Closes the race of one code sent twice at the same instant: the write that uses it requires it to be there
    /// still.
    ///
    /// # Errors
    /// DynamoDB cannot be reached.
    pub async fn use_recovery_code(
        &self,
        user: &User,
        code: &RecoveryCode,
        effect: &Effect,
        now: UnixTime,
    ) -> Result<RecoveryCodeUse, StoreError> {
        let (key, hash, name) = (user_key(user), code.hash(user), random_id()?);
        let acceptance = Acceptance { user, method: "", verified: false, effect, now };
        let change = acceptance.finish(used(self.effect(acceptance, Proof::RecoveryCode)?, &hash), &name);
        let written = match effect {
            Effect::Replace(_) => {
                let used = |item: &Item| recovery_codes(item).is_ok_and(|codes| !codes.contains(&hash));
                self.write_counted(&key, change, used, now).await?
            }
            Effect::Verify | Effect::RecoveryCodes(_) => match self.write_and_read_old(&key, change).await? {
                Written::Done(old) => Counted::Written(old),
                Written::Refused(item) => Counted::Refused(item),
            },
        };
        let left = |item: &Item| recovery_codes(item).map(|codes| codes.len());
        Ok(match written {
            Counted::Written(_) if *effect != Effect::Verify => RecoveryCodeUse::Accepted { left: 0 },
            Counted::Written(old) => {
                let before = old.as_ref().map(left).transpose()?;
                RecoveryCodeUse::Accepted { left: before.unwrap_or(0).saturating_sub(1) }
            }
            Counted::TooMany { seconds } => RecoveryCodeUse::TooManyChanges { seconds },
            // A retried write that had already succeeded finds its own ID: the code was accepted.
            Counted::Refused(Some(item)) if item.get(attribute::ACCEPTED) == Some(&s(&name)) => {
                RecoveryCodeUse::Accepted { left: left(&item)? }
            }
            Counted::Refused(Some(item)) if item.contains_key(attribute::METHOD) => {
                left(&item)?;
                RecoveryCodeUse::Refused
            }
            Counted::Refused(_) => RecoveryCodeUse::Disabled,
        })
    }
}

/// The change that uses up the code with this `hash`: it must still be there, and is removed unless the whole set is.
fn used(change: Change, hash: &str) -> Change {
    let change = match change.touches(attribute::RECOVERY_CODES) {
        true => change,
        false => change
            .delete(attribute::RECOVERY_CODES, AttributeValue::Ss(vec![hash.to_owned()]))
            .decrement(attribute::RECOVERY_CODES_LEFT, 1),
    };
    change.when(Condition::Contains(attribute::RECOVERY_CODES, s(hash)))
}
