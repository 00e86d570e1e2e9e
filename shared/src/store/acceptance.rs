//! The effect of a correct code, written once, together with the end of its attempt.

use aws_sdk_dynamodb::types::AttributeValue;

use super::attempts::Reserved;
use super::change::Change;
use super::changes::counted;
use super::condition::Condition;
use super::item::{attribute, n, s, t};
use super::outbox::{Event, EventType, Proof};
use super::settings::{ATTEMPTS, CHALLENGE};
use super::write::Written;
use super::{NewSettings, Store, StoreError, user_key};
use crate::authenticator::challenge::{Binding, Challenge};
use crate::authenticator::code::Code;
use crate::authenticator::recovery_code::{CODES, RecoveryCode};
use crate::authenticator::secret::Secret;
use crate::authenticator::{Authenticator, totp};
use crate::identity::user::User;
use crate::time::UnixTime;

/// The effect of a correct code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// The enrolment is verified.
    Verify,
    /// The settings are replaced.
    Replace(NewSettings),
    /// A new set of recovery codes is stored, for verified settings.
    RecoveryCodes(Vec<RecoveryCode>),
}

/// Whether a code was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// It was correct, and its effect is written.
    Yes,
    /// It is wrong, has expired or was already used, or the settings were replaced meanwhile: nothing was written.
    No,
}

/// Who tried a code, and when: the context in which an accepted code is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Acceptance<'a> {
    pub(super) user: &'a User,
    /// The method of the authenticator; empty if the code does not depend on it.
    pub(super) method: &'static str,
    /// Whether the enrolment was already verified.
    pub(super) verified: bool,
    pub(super) effect: &'a Effect,
    pub(super) now: UnixTime,
}

impl Acceptance<'_> {
    /// Adds what every acceptance writes: the time, and `name`, by which a retried write recognises its own work.
    /// Clears the counter of wrong codes and uses up a pending SMS code.
    pub(super) fn finish(self, change: Change, name: &str) -> Change {
        let change = match change.touches(attribute::ACCEPTED_AT) {
            true => change,
            false => change.set(attribute::ACCEPTED_AT, t(self.now)),
        };
        change.set(attribute::ACCEPTED, s(name)).remove(&ATTEMPTS).remove(&CHALLENGE)
    }
}

impl Store {
    /// Compares the code with what `reserved` has read, and accepts it if it is correct: one write writes `effect`,
    /// clears the counter of wrong codes and uses up the code.
    ///
    /// Closes the race of one code sent twice at the same instant (RFC 6238 §5.2: one use), and of an acceptance that
    /// arrives late, after the settings were replaced.
    ///
    /// # Errors
    /// DynamoDB cannot be reached.
    pub async fn accept(
        &self,
        user: &User,
        code: &Code,
        reserved: &Reserved,
        effect: &Effect,
        now: UnixTime,
    ) -> Result<Accepted, StoreError> {
        let enrolment = &reserved.enrolment;
        let (method, verified) = (enrolment.authenticator.method(), enrolment.verified);
        let acceptance = Acceptance { user, method, verified, effect, now };
        let change = match &enrolment.authenticator {
            Authenticator::App(secret) => self.accept_totp(acceptance, secret, code)?,
            Authenticator::Sms(number) => match &reserved.challenge {
                Some(challenge) => {
                    let binding = Binding { user, enrolment, number };
                    self.accept_challenge(acceptance, binding, challenge, code)?
                }
                None => None,
            },
        };
        let Some(change) = change else { return Ok(Accepted::No) };
        let change = match effect {
            Effect::Replace(_) => counted(change, reserved.changes, now),
            Effect::Verify => change,
            Effect::RecoveryCodes(_) => change.when(Condition::Equals(attribute::VERIFIED, AttributeValue::Bool(true))),
        };
        let change = acceptance
            .finish(change, &reserved.attempt)
            .when(Condition::Equals(attribute::ENROLMENT, s(&enrolment.id)));
        Ok(match self.write(&user_key(user), change).await? {
            Written::Done(_) => Accepted::Yes,
            // A retried write that had already succeeded finds its own ID: the code was accepted.
            Written::Refused(Some(item)) if item.get(attribute::ACCEPTED) == Some(&s(&reserved.attempt)) => {
                Accepted::Yes
            }
            Written::Refused(_) => Accepted::No,
        })
    }

    /// Requires a time step later than the last one accepted with the same secret.
    fn accept_totp(
        &self,
        acceptance: Acceptance<'_>,
        secret: &Secret,
        code: &Code,
    ) -> Result<Option<Change>, StoreError> {
        let Some(step) = totp::matching_step(secret, code, acceptance.now) else { return Ok(None) };
        let change = self.effect(acceptance, Proof::Code)?;
        Ok(Some(match change.touches(attribute::LAST_STEP) {
            // An app that this write enrols and verifies stores its own step instead.
            true => change.when(self.step_is_unused(acceptance.user, secret, step)),
            false => self.with_used_step(change, acceptance.user, secret, step)?,
        }))
    }

    /// Requires the challenge to be current: neither used, nor replaced by the next send or by new settings.
    fn accept_challenge(
        &self,
        acceptance: Acceptance<'_>,
        binding: Binding<'_>,
        challenge: &Challenge,
        code: &Code,
    ) -> Result<Option<Change>, StoreError> {
        if !binding.accepts(challenge, code, &self.keys, acceptance.now) {
            return Ok(None);
        }
        let stands = Condition::Equals(attribute::CODE_HASH, s(challenge.code_hash.as_str()));
        Ok(Some(self.effect(acceptance, Proof::Code)?.when(stands)))
    }

    /// The change that the effect makes, with the event that reports it.
    pub(super) fn effect(&self, acceptance: Acceptance<'_>, proof: Proof) -> Result<Change, StoreError> {
        let Acceptance { user, method, verified, effect, now } = acceptance;
        let verify = || Change::of_user().set(attribute::VERIFIED, AttributeValue::Bool(true));
        let (change, type_) = match effect {
            Effect::Replace(settings) => return self.new_settings(settings, user, now, proof),
            Effect::RecoveryCodes(codes) => (new_set(user, codes), EventType::RecoveryCodesCreated),
            Effect::Verify if proof == Proof::RecoveryCode => (verify(), EventType::RecoveryCodeUsed),
            // Every sign-in verifies again. Only the first time is an event.
            Effect::Verify if verified => return Ok(verify()),
            Effect::Verify => (verify(), EventType::Verified),
        };
        Ok(Event { type_, subject: user, actor: user, method, proof, now }.tell(change)?)
    }
}

/// The change that stores a new set of recovery codes.
pub(super) fn new_set(user: &User, codes: &[RecoveryCode]) -> Change {
    let hashes = codes.iter().map(|code| code.hash(user)).collect();
    Change::of_user()
        .set(attribute::RECOVERY_CODES, AttributeValue::Ss(hashes))
        .set(attribute::RECOVERY_CODES_LEFT, n(CODES as u64))
}
