//! Reading, replacing and removing a user's settings.

use aws_sdk_dynamodb::types::AttributeValue;

use super::change::Change;
use super::changes::Counted;
use super::condition::Condition;
use super::item::{Item, attribute, n, s, t};
use super::outbox::{Event, EventType, Proof};
use super::write::Written;
use super::{Store, StoreError, UserItem, random_id, user_key};
use crate::authenticator::secret::Secret;
use crate::authenticator::{Authenticator, StepUp};
use crate::identity::user::User;
use crate::sealing::Place;
use crate::sms::limits::DAY;
use crate::time::UnixTime;

/// The settings that a user asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewSettings {
    /// This authenticator, unverified.
    Enrol(Authenticator),
    /// An authenticator app with this secret, verified by its code of this time step.
    EnrolVerified(Secret, u64),
    /// No settings: two-factor is disabled.
    Disable,
}

/// The outcome of replacing the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaced {
    /// They are replaced.
    Done,
    /// They are verified, which requires a current code: nothing was written.
    StepUpRequired,
    /// The code of the new app was already used: nothing was written.
    CodeUsed,
    /// Too many changes within the hour: nothing was written.
    TooManyChanges {
        /// Seconds until the next change.
        seconds: u64,
    },
}

/// The outcome of removing the settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// There are no settings now.
    Done,
    /// They are verified, which requires a current code: nothing was written.
    StepUpRequired,
}

/// Who resets a user's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetBy<'a> {
    /// The user. Wrong codes stay counted; otherwise a reset would grant new guesses to whoever took over the session.
    Self_,
    /// This administrator, who has permission to edit the user. Wrong codes are cleared too.
    Administrator(&'a User),
}

/// The attributes of a pending SMS code.
pub(super) const CHALLENGE: [&str; 3] = [attribute::CODE_HASH, attribute::CODE_EXPIRES, attribute::CODE_TRIES];

/// The attributes of the attempts since the last correct code.
pub(super) const ATTEMPTS: [&str; 4] =
    [attribute::FAILURES, attribute::LAST_ATTEMPT, attribute::ATTEMPT, attribute::LOCKED_ATTEMPT];

impl Store {
    /// Reads all that is stored about `user`, in one strongly consistent read, so a setting is visible as soon as it
    /// is written.
    ///
    /// # Errors
    /// DynamoDB cannot be reached, or the item cannot be read.
    pub async fn user(&self, user: &User) -> Result<UserItem, StoreError> {
        let key = user_key(user);
        UserItem::read(&key, self.read(&key).await?.as_ref(), &self.keys)
    }

    /// Replaces the settings, unless `step_up` forbids it or there were too many changes. Counted attempts and sends
    /// stay.
    ///
    /// Closes the race with a verification of the previous settings: a new enrolment has a new ID, and an acceptance
    /// writes only to the enrolment it read. Closes the race with a verification that arrives just before: the write
    /// itself checks whether the settings are verified.
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
        let step_up_required = |item: &Item| step_up == StepUp::Code && is_verified(item);
        let change = allowed_by(step_up, change);
        Ok(match self.write_counted(&user_key(user), change, step_up_required, now).await? {
            // A user without an item has nothing to disable, and no item is created.
            Counted::Written(_) | Counted::Refused(None) => Replaced::Done,
            Counted::TooMany { seconds } => Replaced::TooManyChanges { seconds },
            Counted::Refused(Some(item)) if step_up_required(&item) => Replaced::StepUpRequired,
            Counted::Refused(Some(_)) => Replaced::CodeUsed,
        })
    }

    /// Removes the settings, unless `step_up` forbids it. Succeeds even if there were none. Sends stay counted, and so
    /// do wrong codes if users reset their own settings. DynamoDB removes the rest after a day, when no limit needs it
    /// any more.
    ///
    /// # Errors
    /// DynamoDB cannot be reached.
    pub async fn reset(
        &self,
        user: &User,
        by: ResetBy<'_>,
        step_up: StepUp,
        now: UnixTime,
    ) -> Result<Removed, StoreError> {
        let (change, actor, proof) = match by {
            // If nothing is set, there is nothing to report: otherwise resets could create events without end.
            ResetBy::Self_ => (disabled(now).when(Condition::Exists(attribute::METHOD)), user, Proof::Token),
            ResetBy::Administrator(actor) => (disabled(now).remove(&ATTEMPTS), actor, Proof::Permission),
        };
        let event = Event { type_: EventType::Reset, subject: user, actor, method: "", proof, now };
        let change = allowed_by(step_up, event.tell(change)?);
        Ok(match self.write(&user_key(user), change).await? {
            Written::Refused(Some(item)) if is_verified(&item) => Removed::StepUpRequired,
            Written::Done(_) | Written::Refused(_) => Removed::Done,
        })
    }

    /// The change of the item of `user` to `settings`. It also removes a pending SMS code and the recovery codes,
    /// which stood in for the verified authenticator. `proof` goes into the event.
    pub(super) fn new_settings(
        &self,
        settings: &NewSettings,
        user: &User,
        now: UnixTime,
        proof: Proof,
    ) -> Result<Change, StoreError> {
        let (change, method) = match settings {
            NewSettings::Disable => {
                let event = Event { type_: EventType::Disabled, subject: user, actor: user, method: "", proof, now };
                return Ok(event.tell(disabled(now))?);
            }
            NewSettings::Enrol(authenticator) => {
                let change = self.enrolment(user, authenticator, false, random_id()?)?;
                (change.remove(&[attribute::ACCEPTED_AT]), authenticator.method())
            }
            NewSettings::EnrolVerified(secret, step) => {
                let app = Authenticator::App(secret.clone());
                let change = self.enrolment(user, &app, true, random_id()?)?.set(attribute::ACCEPTED_AT, t(now));
                (self.with_used_step(change, user, secret, *step)?, app.method())
            }
        };
        let event = Event { type_: EventType::Enrolled, subject: user, actor: user, method, proof, now };
        Ok(event.tell(change)?)
    }

    /// The change to `authenticator`, under the ID `id`, without the event that reports it.
    pub(super) fn enrolment(
        &self,
        user: &User,
        authenticator: &Authenticator,
        verified: bool,
        id: String,
    ) -> Result<Change, StoreError> {
        let key = user_key(user);
        let seal = |attribute, plain: &[u8]| self.keys.seal(Place { item: &key, attribute }, plain).map(s);
        let change = match authenticator {
            Authenticator::App(secret) => Change::of_user()
                .set(attribute::SECRET, seal(attribute::SECRET, secret.as_bytes())?)
                .remove(&[attribute::PHONE, attribute::PHONE_END]),
            Authenticator::Sms(number) => Change::of_user()
                .set(attribute::PHONE, seal(attribute::PHONE, number.to_stored().as_bytes())?)
                .set(attribute::PHONE_END, s(number.last_digits()))
                .remove(&[attribute::SECRET]),
        };
        Ok(change
            .set(attribute::METHOD, s(authenticator.method()))
            .set(attribute::ENROLMENT, s(id))
            .set(attribute::VERIFIED, AttributeValue::Bool(verified))
            .set(attribute::RECOVERY_CODES_LEFT, n(0))
            .remove(&[attribute::RECOVERY_CODES, attribute::EXPIRES_AT])
            .remove(&CHALLENGE))
    }

    /// Uses up a time step of a secret, on the condition that it is unused.
    pub(super) fn with_used_step(
        &self,
        change: Change,
        user: &User,
        secret: &Secret,
        step: u64,
    ) -> Result<Change, StoreError> {
        let hash = self.keys.hash(&["secret", &user_key(user), &secret.to_base32()])?;
        Ok(change
            .set(attribute::LAST_STEP, n(step))
            .set(attribute::LAST_STEP_SECRET, s(hash.as_str()))
            .when(self.step_is_unused(user, secret, step)))
    }

    /// The step is later than the last one accepted with the same secret, whichever key that secret was hashed with:
    /// during a rotation, two functions may have different current keys.
    pub(super) fn step_is_unused(&self, user: &User, secret: &Secret, step: u64) -> Condition {
        let hashes = self.keys.hashes(&["secret", &user_key(user), &secret.to_base32()]).into_iter();
        let another = hashes.map(|hash| Condition::Differs(attribute::LAST_STEP_SECRET, s(hash.as_str())));
        Condition::Any(vec![
            Condition::Absent(attribute::LAST_STEP),
            Condition::All(another.collect()),
            Condition::Below(attribute::LAST_STEP, n(step)),
        ])
    }
}

/// With step-up, refuses to change verified settings.
fn allowed_by(step_up: StepUp, change: Change) -> Change {
    match step_up {
        StepUp::None => change,
        StepUp::Code => change.when(Condition::Any(vec![
            Condition::Absent(attribute::VERIFIED),
            Condition::Equals(attribute::VERIFIED, AttributeValue::Bool(false)),
        ])),
    }
}

fn is_verified(item: &Item) -> bool {
    item.get(attribute::VERIFIED) == Some(&AttributeValue::Bool(true))
}

fn disabled(now: UnixTime) -> Change {
    Change::of_user()
        .set(attribute::EXPIRES_AT, t(now + DAY))
        .set(attribute::RECOVERY_CODES_LEFT, n(0))
        .remove(&[attribute::METHOD, attribute::SECRET, attribute::PHONE, attribute::PHONE_END])
        .remove(&[attribute::VERIFIED, attribute::ENROLMENT, attribute::NEXT_ENROLMENT])
        .remove(&[attribute::RECOVERY_CODES, attribute::ACCEPTED_AT])
        .remove(&CHALLENGE)
        .when(Condition::Exists(attribute::KEY))
}
