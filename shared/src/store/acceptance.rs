//! What a right code brings about: written once, with the attempt that it ends.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

use super::attempts::Reserved;
use super::change::Change;
use super::item::{attribute, n, s};
use super::outbox::{Event, EventType, Proof};
use super::recovery::{new_codes, used_code};
use super::settings::new_settings;
use super::{NewSettings, Store, StoreError, user_key};
use crate::authenticator::challenge::Challenge;
use crate::authenticator::secret::Secret;
use crate::identity::user::User;
use crate::sealing::Keyring;

/// What a right code brings about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// The enrolment is verified.
    Verify,
    /// The settings are replaced.
    Replace(NewSettings),
    /// There is a new set of recovery codes, of these hashes. The code shows that the authenticator works, so it is
    /// verified if it was not.
    RecoveryCodes(Vec<String>),
}

/// Who has tried a code, and when: what an accepted one is written with.
#[derive(Debug, Clone, Copy)]
pub struct Acceptance<'a> {
    /// The user.
    pub user: &'a User,
    /// The attempt that was counted.
    pub reserved: &'a Reserved,
    /// What the code brings about.
    pub effect: &'a Effect,
    /// Seconds since 1970.
    pub now: u64,
}

impl Acceptance<'_> {
    /// What the effect changes, and the event that tells of it.
    fn change(&self, keys: &Keyring, proof: Proof) -> Result<Change, StoreError> {
        let Self { user, reserved, effect, now } = *self;
        let method = reserved.enrolment.authenticator.method();
        let verified = AttributeValue::Bool(true);
        let (change, type_) = match effect {
            Effect::Replace(settings) => return new_settings(settings, user, keys, now, proof),
            Effect::RecoveryCodes(hashes) => {
                (new_codes(hashes).set(attribute::VERIFIED, verified), EventType::RecoveryCodesCreated)
            }
            Effect::Verify if proof == Proof::RecoveryCode => {
                (Change::default().set(attribute::VERIFIED, verified), EventType::RecoveryCodeUsed)
            }
            Effect::Verify => {
                let change = Change::default().set(attribute::VERIFIED, verified);
                // Every sign-in verifies again: news is the first time alone.
                if reserved.enrolment.verified {
                    return Ok(change);
                }
                (change, EventType::Verified)
            }
        };
        Event { type_, subject: user, actor: user, method, proof, now }.tell(change)
    }
}

impl Store {
    /// Accepts the code of time `step`, and with it `effect`; the counter of wrong codes is cleared. `false` if the step,
    /// or a later one of the same secret, was used already, or the settings have been replaced meanwhile.
    ///
    /// Closes the race of one code sent twice at the same instant, and of a verification that comes in late, after the
    /// settings were replaced (RFC 6238 §5.2: one use).
    ///
    /// # Errors
    /// DynamoDB cannot be reached.
    pub async fn accept_step(
        &self,
        acceptance: Acceptance<'_>,
        (secret, step): (&Secret, u64),
        keys: &Keyring,
    ) -> Result<bool, StoreError> {
        let key = user_key(acceptance.user);
        let parts = ["secret", &key, &secret.to_base32()];
        let secret_hash = match &acceptance.reserved.last_step {
            Some(last) => keys.hash_like(&last.secret_hash, &parts)?,
            None => keys.hash(&parts)?,
        };
        let change = acceptance
            .change(keys, Proof::Code)?
            .set("last_step", n(step))
            .set("last_step_secret", s(secret_hash))
            .when("attribute_not_exists(last_step) OR last_step_secret <> :last_step_secret OR last_step < :last_step");
        self.accept(acceptance, change).await
    }

    /// Accepts the SMS code of `challenge`, and with it `effect`; the counter of wrong codes is cleared and the code used
    /// up. `false` if it is gone already: used, replaced by the next send, or by new settings.
    ///
    /// Closes the race of one code sent twice at the same instant.
    ///
    /// # Errors
    /// DynamoDB cannot be reached.
    pub async fn accept_challenge(
        &self,
        acceptance: Acceptance<'_>,
        challenge: &Challenge,
        keys: &Keyring,
    ) -> Result<bool, StoreError> {
        let change = acceptance
            .change(keys, Proof::Code)?
            .when("code_hash = :code_hash")
            .value("code_hash", s(&challenge.code_hash));
        self.accept(acceptance, change).await
    }

    /// Accepts the recovery code whose stored hash is `hash`, and with it the effect; the counter of wrong codes is
    /// cleared and the code used up. `false` if it is gone already: used, or void.
    ///
    /// Closes the race of one code sent twice at the same instant.
    ///
    /// # Errors
    /// DynamoDB cannot be reached.
    pub async fn accept_recovery_code(
        &self,
        acceptance: Acceptance<'_>,
        hash: &str,
        keys: &Keyring,
    ) -> Result<bool, StoreError> {
        let change = used_code(acceptance.change(keys, Proof::RecoveryCode)?, hash);
        self.accept(acceptance, change).await
    }

    async fn accept(
        &self,
        Acceptance { user, reserved, .. }: Acceptance<'_>,
        change: Change,
    ) -> Result<bool, StoreError> {
        let request = change
            .set(attribute::ACCEPTED, s(&reserved.attempt))
            .remove(&["failures", "last_attempt", "attempt", "locked_attempt"])
            .remove(&["code_hash", "code_expires", "code_tries"])
            .when("enrolment = :accepted_enrolment")
            .value("accepted_enrolment", s(&reserved.enrolment.id))
            .into_update(self.update(&user_key(user)))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match request.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                // A retried write that had come through the first time finds its own name: it was accepted.
                Some(UpdateItemError::ConditionalCheckFailedException(refused)) => Ok(refused
                    .item()
                    .and_then(|item| item.get(attribute::ACCEPTED))
                    .is_some_and(|accepted| *accepted == s(&reserved.attempt))),
                _ => Err(StoreError::from_sdk("UpdateItem", &error)),
            },
        }
    }
}
