//! What a right code brings about: written once, with the attempt that it ends.

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

/// What a right code brings about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// The enrolment is verified.
    Verify,
    /// The settings are replaced.
    Replace(NewSettings),
    /// There is a new set of recovery codes, for settings that are verified.
    RecoveryCodes(Vec<RecoveryCode>),
}

/// Whether a code was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// It was right, and its effect is written.
    Yes,
    /// It is wrong, has expired or was used, or the settings have been replaced meanwhile: nothing was written.
    No,
}

/// Who has tried a code, and when: what an accepted one is written with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Acceptance<'a> {
    pub(super) user: &'a User,
    /// The method of the authenticator; empty where the code does not depend on it.
    pub(super) method: &'static str,
    /// Whether the enrolment was verified before.
    pub(super) verified: bool,
    pub(super) effect: &'a Effect,
    pub(super) now: UnixTime,
}

impl Acceptance<'_> {
    /// The change as every acceptance writes it: under `name`, by which a retried write knows its own work; the counter of
    /// wrong codes is cleared, and a code on its way used up.
    pub(super) fn finish(self, change: Change, name: &str) -> Change {
        let change = match change.touches(attribute::ACCEPTED_AT) {
            true => change,
            false => change.set(attribute::ACCEPTED_AT, t(self.now)),
        };
        change.set(attribute::ACCEPTED, s(name)).remove(&ATTEMPTS).remove(&CHALLENGE)
    }
}

impl Store {
    /// Compares the code with what `reserved` has read, and accepts it if it is right: `effect` is written, the counter of
    /// wrong codes cleared and the code used up, in one write.
    ///
    /// Closes the race of one code sent twice at the same instant (RFC 6238 §5.2: one use), and of an acceptance that comes
    /// in late, after the settings were replaced.
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
            // A retried write that had come through the first time finds its own name: it was accepted.
            Written::Refused(Some(item)) if item.get(attribute::ACCEPTED) == Some(&s(&reserved.attempt)) => {
                Accepted::Yes
            }
            Written::Refused(_) => Accepted::No,
        })
    }

    /// The step must be later than the last one that was accepted with the same secret.
    fn accept_totp(
        &self,
        acceptance: Acceptance<'_>,
        secret: &Secret,
        code: &Code,
    ) -> Result<Option<Change>, StoreError> {
        let Some(step) = totp::matching_step(secret, code, acceptance.now) else { return Ok(None) };
        let change = self.effect(acceptance, Proof::Code)?;
        Ok(Some(match change.touches(attribute::LAST_STEP) {
            // An app that is enrolled and verified in this write has a step of its own to remember.
            true => change.when(self.step_is_unused(acceptance.user, secret, step)),
            false => self.with_used_step(change, acceptance.user, secret, step)?,
        }))
    }

    /// The challenge must still stand: not used, nor replaced by the next send or by new settings.
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

    /// What the effect changes, and the event that tells of it.
    pub(super) fn effect(&self, acceptance: Acceptance<'_>, proof: Proof) -> Result<Change, StoreError> {
        let Acceptance { user, method, verified, effect, now } = acceptance;
        let verify = || Change::of_user().set(attribute::VERIFIED, AttributeValue::Bool(true));
        let (change, type_) = match effect {
            Effect::Replace(settings) => return self.new_settings(settings, user, now, proof),
            Effect::RecoveryCodes(codes) => (new_set(user, codes), EventType::RecoveryCodesCreated),
            Effect::Verify if proof == Proof::RecoveryCode => (verify(), EventType::RecoveryCodeUsed),
            // Every sign-in verifies again: news is the first time alone.
            Effect::Verify if verified => return Ok(verify()),
            Effect::Verify => (verify(), EventType::Verified),
        };
        Ok(Event { type_, subject: user, actor: user, method, proof, now }.tell(change)?)
    }
}

/// The change to a new set of recovery codes.
pub(super) fn new_set(user: &User, codes: &[RecoveryCode]) -> Change {
    let hashes = codes.iter().map(|code| code.hash(user)).collect();
    Change::of_user()
        .set(attribute::RECOVERY_CODES, AttributeValue::Ss(hashes))
        .set(attribute::RECOVERY_CODES_LEFT, n(CODES as u64))
}
