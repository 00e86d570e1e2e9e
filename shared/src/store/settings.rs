//! Reading, replacing and removing a user's settings.

use aws_sdk_dynamodb::types::AttributeValue;
use zeroize::Zeroizing;

use super::change::Change;
use super::condition::Condition;
use super::item::{attribute, s, t};
use super::outbox::{Event, EventType, Proof};
use super::write::Written;
use super::{Store, StoreError, UserItem, random_id, user_key};
use crate::authenticator::{Authenticator, StepUp};
use crate::identity::user::User;
use crate::sealing::Place;
use crate::sms::limits::DAY;
use crate::time::UnixTime;

/// What a user asks the settings to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewSettings {
    /// This authenticator, unverified.
    Enrol(Authenticator),
    /// None.
    Disable,
}

/// What became of settings that were to be replaced or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaced {
    /// They are.
    Done,
    /// They are verified, which takes a current code: nothing was written.
    StepUpRequired,
}

/// Who resets a user's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetBy<'a> {
    /// The user: wrong codes stay counted, or a reset would refill the guesses of whoever took over the session.
    Self_,
    /// This one, who has permission to edit the user: wrong codes are forgotten too.
    Administrator(&'a User),
}

/// The attributes of a code that is on its way.
pub(super) const CHALLENGE: [&str; 3] = [attribute::CODE_HASH, attribute::CODE_EXPIRES, attribute::CODE_TRIES];

/// The attributes of the attempts since the last right code.
pub(super) const ATTEMPTS: [&str; 4] =
    [attribute::FAILURES, attribute::LAST_ATTEMPT, attribute::ATTEMPT, attribute::LOCKED_ATTEMPT];

impl Store {
    /// All that is stored of `user`: one strongly consistent read, so that a setting is seen as soon as it is written.
    ///
    /// # Errors
    /// DynamoDB cannot be reached, or the item cannot be read.
    pub async fn user(&self, user: &User) -> Result<UserItem, StoreError> {
        let key = user_key(user);
        let output = self
            .client
            .get_item()
            .table_name(&self.table)
            .key(attribute::KEY, s(&key))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::from_sdk("GetItem", &error))?;
        UserItem::read(&key, output.item(), &self.keys)
    }

    /// Replaces the settings, unless `step_up` forbids it. Counted attempts and sends stay.
    ///
    /// Closes the race with a verification of what was set before: a new enrolment has a new name, and an acceptance
    /// writes only to the one it looked at. Closes the race with a verification that comes in just before: whether the
    /// settings are verified is asked in the write itself.
    ///
    /// # Errors
    /// DynamoDB cannot be reached.
    pub async fn replace(
        &self,
        user: &User,
        settings: &NewSettings,
        step_up: StepUp,
        now: UnixTime,
    ) -> Result<Replaced, StoreError> {
        let change = self.new_settings(settings, user, now, Proof::Token)?;
        self.replace_with(user, change, step_up).await
    }

    /// Removes the settings, unless `step_up` forbids it. Whether there were any makes no difference. Sends stay counted,
    /// and for the user's own removal wrong codes too. What stays is left to DynamoDB to tidy up after a day, when no
    /// limit reaches it any more.
    ///
    /// # Errors
    /// DynamoDB cannot be reached.
    pub async fn reset(
        &self,
        user: &User,
        by: ResetBy<'_>,
        step_up: StepUp,
        now: UnixTime,
    ) -> Result<Replaced, StoreError> {
        let (change, actor, proof) = match by {
            ResetBy::Self_ => (disabled(now), user, Proof::Token),
            ResetBy::Administrator(actor) => (disabled(now).remove(&ATTEMPTS), actor, Proof::Permission),
        };
        let event = Event { type_: EventType::Reset, subject: user, actor, method: "", proof, now };
        self.replace_with(user, event.tell(change)?, step_up).await
    }

    async fn replace_with(&self, user: &User, change: Change, step_up: StepUp) -> Result<Replaced, StoreError> {
        let change = match step_up {
            StepUp::None => change,
            StepUp::Code => change.when(Condition::Any(vec![
                Condition::Absent(attribute::VERIFIED),
                Condition::Equals(attribute::VERIFIED, AttributeValue::Bool(false)),
            ])),
        };
        Ok(match self.write(&user_key(user), change).await? {
            // Of a user without an item there is nothing to remove, and none is made.
            Written::Done(_) | Written::Refused(None) => Replaced::Done,
            Written::Refused(Some(_)) => Replaced::StepUpRequired,
        })
    }

    /// The change to `settings` of the item of `user`. A code on its way is gone with it, and so are the recovery codes:
    /// they stood for the authenticator that was verified. `proof` is what it takes.
    pub(super) fn new_settings(
        &self,
        settings: &NewSettings,
        user: &User,
        now: UnixTime,
        proof: Proof,
    ) -> Result<Change, StoreError> {
        let event = |type_, method| Event { type_, subject: user, actor: user, method, proof, now };
        let authenticator = match settings {
            NewSettings::Disable => return Ok(event(EventType::Disabled, "").tell(disabled(now))?),
            NewSettings::Enrol(authenticator) => authenticator,
        };
        let (used, unused, plain) = match authenticator {
            Authenticator::App(secret) => {
                (attribute::SECRET, attribute::PHONE, Zeroizing::new(secret.as_bytes().to_vec()))
            }
            Authenticator::Sms(number) => {
                (attribute::PHONE, attribute::SECRET, Zeroizing::new(number.to_stored().as_bytes().to_vec()))
            }
        };
        let sealed = self.keys.seal(Place { item: &user_key(user), attribute: used }, &plain)?;
        let change = Change::of_user()
            .set(attribute::METHOD, s(authenticator.method()))
            .set(used, s(sealed))
            .set(attribute::ENROLMENT, s(random_id()?))
            .set(attribute::VERIFIED, AttributeValue::Bool(false))
            .remove(&[unused, attribute::RECOVERY_CODES, attribute::EXPIRES_AT])
            .remove(&CHALLENGE);
        Ok(event(EventType::Enrolled, authenticator.method()).tell(change)?)
    }
}

fn disabled(now: UnixTime) -> Change {
    Change::of_user()
        .set(attribute::EXPIRES_AT, t(now + DAY))
        .remove(&[attribute::METHOD, attribute::SECRET, attribute::PHONE, attribute::VERIFIED, attribute::ENROLMENT])
        .remove(&[attribute::RECOVERY_CODES, attribute::NEXT_ENROLMENT])
        .remove(&CHALLENGE)
        .when(Condition::Exists(attribute::KEY))
}
