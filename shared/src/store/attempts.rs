//! Attempts at a code: counted before the code is looked at, and given back after a fault.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::change::Change;
use super::item::{attribute, n, s};
use super::outbox::{Event, EventType, Proof};
use super::{Store, StoreError, UserItem, random_id, user_key};
use crate::authenticator::Enrolment;
use crate::authenticator::challenge::Challenge;
use crate::authenticator::throttle::{CLOCK_ERROR, FREE_ATTEMPTS, Throttle, WAITS, wait_after};
use crate::authenticator::totp::LastStep;
use crate::identity::user::User;
use crate::sealing::Keyring;

/// Seconds after which the function that counted an attempt is no longer running: longer than any may run.
const IN_FLIGHT: u64 = 15;

/// What became of asking for an attempt.
#[derive(Debug)]
pub enum Attempt {
    /// It is counted: the code may be compared.
    Reserved(Box<Reserved>),
    /// Too many wrong codes: nothing is compared for so many seconds.
    Wait {
        /// Seconds until the next attempt.
        seconds: u64,
    },
    /// Two-factor is disabled: nothing was counted.
    Disabled,
}

/// A counted attempt, and what the code is compared with.
#[derive(Debug)]
pub struct Reserved {
    /// What is enrolled.
    pub enrolment: Enrolment,
    /// The SMS code on its way, with this attempt counted in.
    pub challenge: Option<Challenge>,
    /// Keyed hashes of the recovery codes that are left.
    pub recovery_codes: Vec<String>,
    pub(super) last_step: Option<LastStep>,
    pub(super) attempt: String,
    before: Before,
}

/// The counters as they were, to put them back after a fault.
#[derive(Debug)]
struct Before {
    throttle: Throttle,
    code_tries: u64,
}

impl Store {
    /// Counts an attempt, unless too many before it went wrong.
    ///
    /// Closes the race of parallel guesses: the counter moves, under its condition, before any code is looked at, so N
    /// requests at once get no more comparisons than N in a row.
    ///
    /// # Errors
    /// DynamoDB cannot be reached, or the item cannot be read.
    pub async fn reserve_attempt(&self, user: &User, keys: &Keyring, now: u64) -> Result<Attempt, StoreError> {
        let key = user_key(user);
        let attempt = random_id()?;
        let mut change = Change::default()
            .set_to("failures", "if_not_exists(failures, :zero) + :one")
            .set_to("code_tries", "if_not_exists(code_tries, :zero) + :one")
            .set("last_attempt", n(now))
            .set("attempt", s(&attempt))
            .value("zero", n(0))
            .value("one", n(1))
            .when("attribute_exists(#method)")
            // A retried write that had come through the first time finds its own name and does not count twice.
            .when("attribute_not_exists(attempt) OR attempt <> :attempt")
            .when(wait_is_over())
            .value("free", n(FREE_ATTEMPTS))
            .value("ahead", n(now.saturating_add(CLOCK_ERROR)));
        for (index, wait) in WAITS.iter().enumerate() {
            change = change.value(&format!("u{index}"), n(now.saturating_sub(*wait)));
            if index + 1 < WAITS.len() {
                change = change.value(&format!("b{index}"), n(FREE_ATTEMPTS + 1 + index as u64));
            }
        }
        let request = change
            .into_update(self.update(&key))
            .return_values(ReturnValue::AllOld)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match request.send().await {
            Ok(answer) => {
                let item = UserItem::read(&key, answer.attributes(), keys)?;
                let before = Before {
                    throttle: item.throttle,
                    code_tries: item.challenge.as_ref().map_or(0, |challenge| challenge.tries),
                };
                reserved(item, attempt, before)
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                    let item = UserItem::read(&key, refused.item(), keys)?;
                    if item.attempt.as_deref() == Some(&attempt) {
                        let before = Before {
                            throttle: Throttle { failures: item.throttle.failures.saturating_sub(1), ..item.throttle },
                            code_tries: item.challenge.as_ref().map_or(0, |c| c.tries.saturating_sub(1)),
                        };
                        return reserved(item, attempt, before);
                    }
                    let seconds = item.throttle.retry_after(now).unwrap_or(1);
                    match (&item.enrolment, &item.attempt) {
                        (None, _) => return Ok(Attempt::Disabled),
                        (Some(enrolment), Some(last))
                            if item.locked_attempt.as_deref() != Some(last)
                                && now >= item.throttle.last_attempt.saturating_add(IN_FLIGHT) =>
                        {
                            let _told = self.tell_locked(user, last, enrolment.authenticator.method(), now).await;
                        }
                        _ => {}
                    }
                    Ok(Attempt::Wait { seconds })
                }
                _ => Err(self.take_attempt_back(&key, &attempt, StoreError::from_sdk("UpdateItem", &error)).await),
            },
        }
    }

    /// Tells other systems that the wrong code of this attempt makes the user wait, if it does.
    ///
    /// Closes the race with a right code that comes in meanwhile: it writes only while the attempt is the last one
    /// counted, and once. Where this write is lost, the first attempt that the wait refuses makes up for it.
    ///
    /// # Errors
    /// DynamoDB cannot be reached.
    pub async fn locked(&self, user: &User, reserved: &Reserved, now: u64) -> Result<(), StoreError> {
        if wait_after(reserved.before.throttle.failures.saturating_add(1)) == 0 {
            return Ok(());
        }
        self.tell_locked(user, &reserved.attempt, reserved.enrolment.authenticator.method(), now).await
    }

    async fn tell_locked(&self, user: &User, attempt: &str, method: &'static str, now: u64) -> Result<(), StoreError> {
        let event = Event { type_: EventType::Locked, subject: user, actor: user, method, proof: Proof::Token, now };
        let change = event
            .tell(Change::default().set(attribute::LOCKED_ATTEMPT, s(attempt)))?
            .when("attempt = :locked_attempt")
            .when("attribute_not_exists(locked_attempt) OR locked_attempt <> :locked_attempt");
        self.write_where_it_fits(&user_key(user), change).await
    }

    /// Takes an attempt back of which no answer says whether it was counted: its name, if it stands there, says that it
    /// was. No code has been compared for it, and it was allowed, so the next one is too. Gives the fault, to be answered.
    async fn take_attempt_back(&self, key: &str, attempt: &str, fault: StoreError) -> StoreError {
        if matches!(fault, StoreError::Broken(_)) {
            return fault;
        }
        let change = Change::default()
            .set_to("failures", "failures - :one")
            .set_to("code_tries", "code_tries - :one")
            .set("last_attempt", n(0))
            .remove(&["attempt"])
            .when("attempt = :attempt")
            .value("attempt", s(attempt))
            .value("one", n(1));
        match self.write_where_it_fits(key, change).await {
            Ok(()) => fault,
            Err(error) => StoreError::Unavailable(format!("{fault}; attempt not given back: {error}")),
        }
    }

    /// Gives an attempt back that was right but could not be accepted for a fault of DynamoDB's.
    ///
    /// Closes the race with an acceptance that came through although its answer did not, and with a later attempt: it
    /// writes only while the attempt is the last one counted, which an acceptance ends.
    ///
    /// # Errors
    /// DynamoDB cannot be reached: the attempt stays counted.
    pub async fn release_attempt(&self, user: &User, reserved: &Reserved) -> Result<(), StoreError> {
        let Before { throttle, code_tries } = &reserved.before;
        let change = Change::default()
            .set("failures", n(throttle.failures))
            .set("last_attempt", n(throttle.last_attempt))
            .set("code_tries", n(*code_tries))
            .remove(&["attempt"])
            .when("attempt = :attempt")
            .value("attempt", s(&reserved.attempt));
        self.write_where_it_fits(&user_key(user), change).await
    }

    /// Writes the change where its condition holds; where it does not, there is nothing to write.
    async fn write_where_it_fits(&self, key: &str, change: Change) -> Result<(), StoreError> {
        match change.into_update(self.update(key)).send().await {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(()),
            Err(error) => Err(StoreError::from_sdk("UpdateItem", &error)),
        }
    }
}

fn reserved(item: UserItem, attempt: String, before: Before) -> Result<Attempt, StoreError> {
    let enrolment = item.enrolment.ok_or_else(|| StoreError::unreadable(attribute::METHOD))?;
    let challenge =
        item.challenge.map(|challenge| Challenge { tries: before.code_tries.saturating_add(1), ..challenge });
    Ok(Attempt::Reserved(Box::new(Reserved {
        enrolment,
        challenge,
        recovery_codes: item.recovery_codes,
        last_step: item.last_step,
        attempt,
        before,
    })))
}

/// [`Throttle::retry_after`] as a condition: `failures < 5 OR last_attempt > now + 3600 OR (failures < 6 AND
/// last_attempt <= now - 60) OR …`.
fn wait_is_over() -> String {
    let mut condition = "attribute_not_exists(failures) OR failures < :free OR last_attempt > :ahead".to_owned();
    for index in 0..WAITS.len() {
        condition += &match index + 1 < WAITS.len() {
            true => format!(" OR (failures < :b{index} AND last_attempt <= :u{index})"),
            false => format!(" OR last_attempt <= :u{index}"),
        };
    }
    condition
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_condition_spells_out_every_wait() {
        let condition = wait_is_over();
        assert!(
            condition.starts_with("attribute_not_exists(failures) OR failures < :free OR last_attempt > :ahead OR (")
        );
        assert!(condition.contains("(failures < :b0 AND last_attempt <= :u0)"));
        assert!(condition.ends_with("(failures < :b5 AND last_attempt <= :u5) OR last_attempt <= :u6"));
    }
}
