//! What a right code brings about: written once, with the attempt that it ends.

use aws_sdk_dynamodb::types::AttributeValue;

use super::attempts::Reserved;
use super::change::Change;
use super::condition::Condition;
use super::item::{attribute, n, s};
use super::outbox::{Event, EventType, Proof};
use super::recovery_codes::{new_set, used_code};
use super::settings::{ATTEMPTS, CHALLENGE};
use super::write::Written;
use super::{NewSettings, Store, StoreError, user_key};
use crate::authenticator::challenge::{Binding, Challenge};
use crate::authenticator::code::Code;
use crate::authenticator::recovery_code::RecoveryCode;
use crate::authenticator::secret::Secret;
use crate::authenticator::{Authenticator, totp};
use crate::identity::user::User;
use crate::time::UnixTime;
use crate::verification::{Try, TypedCode};

/// What a right code brings about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// The enrolment is verified.
    Verify,
    /// The settings are replaced.
    Replace(NewSettings),
    /// There is a new set of recovery codes. The code shows that the authenticator works, so it is verified if it was not.
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

impl Store {
    /// Compares the code with what `reserved` has read, and accepts it if it is right: `effect` is written, the counter of
    /// wrong codes cleared and the code used up, in one write.
    ///
    /// Closes the race of one code sent twice at the same instant (RFC 6238 §5.2: one use), and of an acceptance that comes
    /// in late, after the settings were replaced.
    ///
    /// # Errors
    /// DynamoDB cannot be reached.
    pub async fn accept(&self, tried: Try<'_>, reserved: &Reserved, effect: &Effect) -> Result<Accepted, StoreError> {
        let acceptance = Acceptance { user: tried.user, reserved, effect, now: tried.now };
        let change = match (tried.code, &reserved.enrolment.authenticator) {
            (TypedCode::Recovery(code), _) => self.accept_recovery_code(acceptance, code)?,
            (TypedCode::OneTime(code), Authenticator::App(secret)) => self.accept_totp(acceptance, secret, code)?,
            (TypedCode::OneTime(code), Authenticator::Sms(number)) => match &reserved.challenge {
                Some(challenge) => {
                    let binding = Binding { user: tried.user, enrolment: &reserved.enrolment, number };
                    self.accept_challenge(acceptance, binding, challenge, code)?
                }
                None => None,
            },
        };
        match change {
            Some(change) => self.write_acceptance(acceptance, change).await,
            None => Ok(Accepted::No),
        }
    }

    /// The step must be later than the last one that was accepted with the same secret.
    fn accept_totp(
        &self,
        acceptance: Acceptance<'_>,
        secret: &Secret,
        code: &Code,
    ) -> Result<Option<Change>, StoreError> {
        let Some(step) = totp::matching_step(secret, code, acceptance.now) else { return Ok(None) };
        let key = user_key(acceptance.user);
        let parts = ["secret", &key, &secret.to_base32()];
        let secret_hash = match &acceptance.reserved.last_step {
            Some(last) => self.keys.hash_like(&last.secret_hash, &parts)?,
            None => self.keys.hash(&parts)?,
        };
        let (step, secret_hash) = (n(step), s(secret_hash.as_str()));
        let change = self
            .effect(acceptance, Proof::Code)?
            .set(attribute::LAST_STEP, step.clone())
            .set(attribute::LAST_STEP_SECRET, secret_hash.clone())
            .when(Condition::Any(vec![
                Condition::Absent(attribute::LAST_STEP),
                Condition::Differs(attribute::LAST_STEP_SECRET, secret_hash),
                Condition::Below(attribute::LAST_STEP, step),
            ]));
        Ok(Some(change))
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

    /// The recovery code must still be there: not used, nor void.
    fn accept_recovery_code(
        &self,
        acceptance: Acceptance<'_>,
        code: &RecoveryCode,
    ) -> Result<Option<Change>, StoreError> {
        let hash = code.hash(acceptance.user);
        if !acceptance.reserved.recovery_codes.contains(&hash) {
            return Ok(None);
        }
        Ok(Some(used_code(self.effect(acceptance, Proof::RecoveryCode)?, &hash)))
    }

    /// What the effect changes, and the event that tells of it.
    fn effect(&self, acceptance: Acceptance<'_>, proof: Proof) -> Result<Change, StoreError> {
        let Acceptance { user, reserved, effect, now } = acceptance;
        let method = reserved.enrolment.authenticator.method();
        let verified = AttributeValue::Bool(true);
        let (change, type_) = match effect {
            Effect::Replace(settings) => return self.new_settings(settings, user, now, proof),
            Effect::RecoveryCodes(codes) => {
                (new_set(user, codes).set(attribute::VERIFIED, verified), EventType::RecoveryCodesCreated)
            }
            Effect::Verify if proof == Proof::RecoveryCode => {
                (Change::of_user().set(attribute::VERIFIED, verified), EventType::RecoveryCodeUsed)
            }
            Effect::Verify => {
                let change = Change::of_user().set(attribute::VERIFIED, verified);
                // Every sign-in verifies again: news is the first time alone.
                if reserved.enrolment.verified {
                    return Ok(change);
                }
                (change, EventType::Verified)
            }
        };
        Ok(Event { type_, subject: user, actor: user, method, proof, now }.tell(change)?)
    }

    async fn write_acceptance(&self, acceptance: Acceptance<'_>, change: Change) -> Result<Accepted, StoreError> {
        let Acceptance { user, reserved, .. } = acceptance;
        let change = change
            .set(attribute::ACCEPTED, s(&reserved.attempt))
            .remove(&ATTEMPTS)
            .remove(&CHALLENGE)
            .when(Condition::Equals(attribute::ENROLMENT, s(&reserved.enrolment.id)));
        Ok(match self.write(&user_key(user), change).await? {
            Written::Done(_) => Accepted::Yes,
            // A retried write that had come through the first time finds its own name: it was accepted.
            Written::Refused(Some(item)) if item.get(attribute::ACCEPTED) == Some(&s(&reserved.attempt)) => {
                Accepted::Yes
            }
            Written::Refused(_) => Accepted::No,
        })
    }
}

/// Who has tried a code, and when: what an accepted one is written with.
#[derive(Debug, Clone, Copy)]
struct Acceptance<'a> {
    user: &'a User,
    /// The attempt that was counted.
    reserved: &'a Reserved,
    effect: &'a Effect,
    now: UnixTime,
}
