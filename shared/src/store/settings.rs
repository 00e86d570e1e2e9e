//! Reading, replacing and removing a user's settings.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use zeroize::Zeroizing;

use super::change::Change;
use super::item::{attribute, n, s};
use super::outbox::{Event, EventType, NEXT_ENROLMENT, Proof};
use super::{Store, StoreError, UserItem, random_id, user_key};
use crate::authenticator::{Authenticator, StepUp};
use crate::identity::user::User;
use crate::sealing::{Keyring, Place};
use crate::sms::limits::DAY;

/// What a user asks the settings to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewSettings {
    /// This authenticator, unverified.
    Enrol(Authenticator),
    /// None.
    Disable,
}

/// Who resets a user's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetBy<'a> {
    /// The user: wrong codes stay counted, or a reset would refill the guesses of whoever took over the session.
    Self_,
    /// This one, who has permission to edit the user: wrong codes are forgotten too.
    Administrator(&'a User),
}

impl Store {
    /// All that is stored of `user`: one strongly consistent read, so that a setting is seen as soon as it is written.
    ///
    /// # Errors
    /// DynamoDB cannot be reached, or the item cannot be read.
    pub async fn user(&self, user: &User, keys: &Keyring) -> Result<UserItem, StoreError> {
        let key = user_key(user);
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key(attribute::KEY, s(&key))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::from_sdk("GetItem", &error))?;
        UserItem::read(&key, answer.item(), keys)
    }

    /// Replaces the settings, unless `step_up` forbids it: then `false`, and nothing is written.
    ///
    /// Closes the race with a verification of what was set before: a new enrolment has a new name, and an acceptance
    /// writes only to the one it looked at. Closes the race with a verification that comes in just before: whether the
    /// settings are verified is asked in the write itself. Counted attempts and sends stay.
    ///
    /// # Errors
    /// DynamoDB cannot be reached.
    pub async fn replace(
        &self,
        user: &User,
        settings: &NewSettings,
        step_up: StepUp,
        keys: &Keyring,
        now: u64,
    ) -> Result<bool, StoreError> {
        let key = user_key(user);
        let change = new_settings(settings, user, keys, now, Proof::Token)?;
        self.write(&key, change, step_up).await
    }

    /// Removes the settings, unless `step_up` forbids it: then `false`, and nothing is written. Whether there were any
    /// makes no difference. Sends stay counted, and for the user's own removal wrong codes too. What stays is left to
    /// DynamoDB to tidy up after a day, when no limit reaches it any more.
    ///
    /// # Errors
    /// DynamoDB cannot be reached.
    pub async fn reset(&self, user: &User, by: ResetBy<'_>, step_up: StepUp, now: u64) -> Result<bool, StoreError> {
        let (change, actor, proof) = match by {
            ResetBy::Self_ => (disabled(now), user, Proof::Token),
            ResetBy::Administrator(actor) => (
                disabled(now).remove(&["failures", "last_attempt", "attempt", "locked_attempt"]),
                actor,
                Proof::Permission,
            ),
        };
        let event = Event { type_: EventType::Reset, subject: user, actor, method: "", proof, now };
        let change = event.tell(change)?;
        self.write(&user_key(user), change, step_up).await
    }

    async fn write(&self, key: &str, change: Change, step_up: StepUp) -> Result<bool, StoreError> {
        let change = match step_up {
            StepUp::None => change,
            StepUp::Code => change
                .when("attribute_not_exists(verified) OR verified = :unverified")
                .value("unverified", AttributeValue::Bool(false)),
        };
        let update = change
            .into_update(self.update(key))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                // Of a user without an item there is nothing to remove, and none is made.
                Some(UpdateItemError::ConditionalCheckFailedException(refused)) => Ok(refused.item().is_none()),
                _ => Err(StoreError::from_sdk("UpdateItem", &error)),
            },
        }
    }

    /// An update of the item under `key`.
    pub(super) fn update(&self, key: &str) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.table).key(attribute::KEY, s(key))
    }
}

/// The change to `settings` of the item of `user`. A code on its way is gone with it, and so are the recovery codes: they
/// stood for the authenticator that was verified. `proof` is what it takes.
pub(super) fn new_settings(
    settings: &NewSettings,
    user: &User,
    keys: &Keyring,
    now: u64,
    proof: Proof,
) -> Result<Change, StoreError> {
    let event = |type_, method| Event { type_, subject: user, actor: user, method, proof, now };
    let (method, used, unused, plain) = match settings {
        NewSettings::Disable => return event(EventType::Disabled, "").tell(disabled(now)),
        NewSettings::Enrol(Authenticator::App(secret)) => {
            ("google", attribute::SECRET, attribute::PHONE, Zeroizing::new(secret.as_bytes().to_vec()))
        }
        NewSettings::Enrol(Authenticator::Sms(number)) => {
            ("sms", attribute::PHONE, attribute::SECRET, Zeroizing::new(number.to_stored().as_bytes().to_vec()))
        }
    };
    let sealed = keys.seal(Place { item: &user_key(user), attribute: used }, &plain)?;
    let change = Change::default()
        .set(attribute::METHOD, s(method))
        .set(used, s(sealed))
        .set(attribute::ENROLMENT, s(random_id()?))
        .set(attribute::VERIFIED, AttributeValue::Bool(false))
        .remove(&[unused, attribute::RECOVERY_CODES, "code_hash", "code_expires", "code_tries", "expires_at"]);
    event(EventType::Enrolled, method).tell(change)
}

fn disabled(now: u64) -> Change {
    Change::default()
        .set("expires_at", n(now.saturating_add(DAY)))
        .remove(&["method", "secret", "phone", "verified", "enrolment", "code_hash", "code_expires", "code_tries"])
        .remove(&[attribute::RECOVERY_CODES, NEXT_ENROLMENT])
        .when("attribute_exists(pk)")
}
