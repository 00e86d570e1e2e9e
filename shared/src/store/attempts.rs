//! Attempts at a code: counted before the code is compared, and released after a fault.

use super::change::Change;
use super::condition::Condition;
use super::item::{Item, attribute, n, s, t};
use super::outbox::{Event, EventType, Proof};
use super::write::Written;
use super::{Store, StoreError, UserItem, random_id, user_key};
use crate::authenticator::Enrolment;
use crate::authenticator::challenge::Challenge;
use crate::authenticator::change_limit::Changes;
use crate::authenticator::throttle::{CLOCK_ERROR, FREE_ATTEMPTS, Throttle, WAITS, wait_after};
use crate::identity::user::User;
use crate::time::UnixTime;

/// Seconds after which the function that counted an attempt is no longer running: longer than any function may run.
const IN_FLIGHT: u64 = 15;

/// The outcome of reserving an attempt.
#[derive(Debug)]
pub enum Attempt {
    /// It is counted: the code may be compared.
    Reserved(Box<Reserved>),
    /// Too many wrong codes: nothing is compared until the wait is over.
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
    /// The enrolment.
    pub enrolment: Enrolment,
    /// The pending SMS code, including this attempt.
    pub(super) challenge: Option<Challenge>,
    /// Changes to the settings within an hour.
    pub(super) changes: Changes,
    pub(super) attempt: String,
    before: Before,
}

/// The counters before the attempt, to restore them after a fault.
#[derive(Debug)]
struct Before {
    throttle: Throttle,
    code_tries: u64,
}

impl Store {
    /// Counts an attempt, unless too many earlier ones were wrong.
    ///
    /// Closes the race of parallel guesses: the counter moves, under its condition, before any code is compared, so N
    /// simultaneous requests get no more comparisons than N consecutive ones.
    ///
    /// # Errors
    /// DynamoDB cannot be reached, or the item cannot be read.
    pub async fn reserve_attempt(&self, user: &User, now: UnixTime) -> Result<Attempt, StoreError> {
        let key = user_key(user);
        let attempt = random_id()?;
        match self.write_and_read_old(&key, counted(&attempt, now)).await {
            Ok(Written::Done(old)) => {
                let item = UserItem::read(&key, old.as_ref(), &self.keys)?;
                let before = Before { throttle: item.throttle, code_tries: tries(&item) };
                reserved(item, attempt, before)
            }
            Ok(Written::Refused(item)) => self.attempt_refused(user, item.as_ref(), attempt, now).await,
            Err(fault) => Err(self.release_unanswered_attempt(&key, &attempt, fault).await),
        }
    }

    /// Why an attempt was not counted; or the attempt, if the same write, sent earlier, counted it.
    async fn attempt_refused(
        &self,
        user: &User,
        item: Option<&Item>,
        attempt: String,
        now: UnixTime,
    ) -> Result<Attempt, StoreError> {
        let item = UserItem::read(&user_key(user), item, &self.keys)?;
        let Some(enrolment) = &item.enrolment else { return Ok(Attempt::Disabled) };
        if item.attempt.as_deref() == Some(&attempt) {
            let failures = item.throttle.failures.saturating_sub(1);
            let before =
                Before { throttle: Throttle { failures, ..item.throttle }, code_tries: tries(&item).saturating_sub(1) };
            return reserved(item, attempt, before);
        }
        if let Some(last) = &item.attempt
            && item.locked_attempt.as_ref() != Some(last)
            && now >= item.throttle.last_attempt + IN_FLIGHT
        {
            // The write that should have reported the wait was lost.
            let _told = self.tell_locked(user, last, enrolment.authenticator.method(), now).await;
        }
        Ok(Attempt::Wait { seconds: item.throttle.retry_after(now).unwrap_or(1) })
    }

    /// Reports to other systems that the wrong code of this attempt makes the user wait, if it does.
    ///
    /// Closes the race with a correct code that arrives meanwhile: it writes only once, and only while the attempt is
    /// the latest one counted. If this write is lost, a later attempt that the wait refuses makes up for it.
    ///
    /// # Errors
    /// DynamoDB cannot be reached.
    pub async fn locked(&self, user: &User, reserved: &Reserved, now: UnixTime) -> Result<(), StoreError> {
        if wait_after(reserved.before.throttle.failures.saturating_add(1)) == 0 {
            return Ok(());
        }
        self.tell_locked(user, &reserved.attempt, reserved.enrolment.authenticator.method(), now).await
    }

    async fn tell_locked(
        &self,
        user: &User,
        attempt: &str,
        method: &'static str,
        now: UnixTime,
    ) -> Result<(), StoreError> {
        let event = Event { type_: EventType::Locked, subject: user, actor: user, method, proof: Proof::Token, now };
        let change = event
            .tell(Change::of_user().set(attribute::LOCKED_ATTEMPT, s(attempt)))?
            .when(Condition::Equals(attribute::ATTEMPT, s(attempt)))
            .when(absent_or_other(attribute::LOCKED_ATTEMPT, attempt));
        self.write_where_it_fits(&user_key(user), change).await
    }

    /// Releases an attempt for which no response says whether it was counted. If the item holds its ID, it was. No code
    /// was compared for it, and it was allowed, so the next one is too. Returns the fault for the response.
    async fn release_unanswered_attempt(&self, key: &str, attempt: &str, fault: StoreError) -> StoreError {
        if matches!(fault, StoreError::Broken(_)) {
            return fault;
        }
        let change = Change::of_user()
            .decrement(attribute::FAILURES, 1)
            .decrement(attribute::CODE_TRIES, 1)
            .set(attribute::LAST_ATTEMPT, n(0))
            .remove(&[attribute::ATTEMPT])
            .when(Condition::Equals(attribute::ATTEMPT, s(attempt)));
        match self.write_where_it_fits(key, change).await {
            Ok(()) => fault,
            Err(error) => fault.and_not_released("attempt", &error),
        }
    }

    /// Releases an attempt whose correct code could not be accepted because of a DynamoDB fault, or whose code was not
    /// compared.
    ///
    /// Closes the race with an acceptance that was written although its response was lost, and with a later attempt:
    /// it writes only while the attempt is the latest one counted, which an acceptance ends.
    ///
    /// # Errors
    /// DynamoDB cannot be reached: the attempt stays counted.
    pub async fn release_attempt(&self, user: &User, reserved: &Reserved) -> Result<(), StoreError> {
        let Before { throttle, code_tries } = &reserved.before;
        let change = Change::of_user()
            .set(attribute::FAILURES, n(throttle.failures))
            .set(attribute::LAST_ATTEMPT, t(throttle.last_attempt))
            .set(attribute::CODE_TRIES, n(*code_tries))
            .remove(&[attribute::ATTEMPT])
            .when(Condition::Equals(attribute::ATTEMPT, s(&reserved.attempt)));
        self.write_where_it_fits(&user_key(user), change).await
    }
}

/// The change that counts an attempt under this ID.
fn counted(attempt: &str, now: UnixTime) -> Change {
    Change::of_user()
        .increment(attribute::FAILURES)
        .increment(attribute::CODE_TRIES)
        .set(attribute::LAST_ATTEMPT, t(now))
        .set(attribute::ATTEMPT, s(attempt))
        .when(Condition::Exists(attribute::METHOD))
        // A retried write that had already succeeded finds its own ID and does not count twice.
        .when(absent_or_other(attribute::ATTEMPT, attempt))
        .when(wait_is_over(now))
}

fn absent_or_other(attribute: &'static str, text: &str) -> Condition {
    Condition::Any(vec![Condition::Absent(attribute), Condition::Differs(attribute, s(text))])
}

/// [`Throttle::retry_after`] as a condition: `failures < 5 OR last_attempt > now + 3600 OR (failures < 6 AND
/// last_attempt <= now - 60) OR …`.
fn wait_is_over(now: UnixTime) -> Condition {
    let mut alternatives = vec![
        Condition::Absent(attribute::FAILURES),
        Condition::Below(attribute::FAILURES, n(FREE_ATTEMPTS)),
        Condition::Above(attribute::LAST_ATTEMPT, t(now + CLOCK_ERROR)),
    ];
    let [shorter @ .., longest] = WAITS;
    let ended = |wait| Condition::AtMost(attribute::LAST_ATTEMPT, t(now - wait));
    for (failures, wait) in (FREE_ATTEMPTS + 1..).zip(shorter) {
        let few = Condition::Below(attribute::FAILURES, n(failures));
        alternatives.push(Condition::All(vec![few, ended(wait)]));
    }
    alternatives.push(ended(longest));
    Condition::Any(alternatives)
}

fn tries(item: &UserItem) -> u64 {
    item.challenge.as_ref().map_or(0, |challenge| challenge.tries)
}

fn reserved(item: UserItem, attempt: String, before: Before) -> Result<Attempt, StoreError> {
    let enrolment = item.enrolment.ok_or_else(|| StoreError::unreadable(attribute::METHOD))?;
    let challenge =
        item.challenge.map(|challenge| Challenge { tries: before.code_tries.saturating_add(1), ..challenge });
    Ok(Attempt::Reserved(Box::new(Reserved { enrolment, challenge, changes: item.changes, attempt, before })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::expression::Values;

    #[test]
    fn the_condition_spells_out_every_wait() {
        let (mut values, mut text) = (Values::default(), String::new());
        wait_is_over(UnixTime::from_seconds(10_000)).render(&mut values, &mut text);
        assert!(text.starts_with("attribute_not_exists(failures) OR failures < :0 OR last_attempt > :1 OR ("));
        assert!(text.contains("(failures < :2 AND last_attempt <= :3)"));
        assert!(text.ends_with("(failures < :12 AND last_attempt <= :13) OR last_attempt <= :14"), "{text}");
        let values = values.take();
        for (name, expected) in [(":0", 5), (":1", 13_600), (":2", 6), (":3", 9_940), (":12", 11), (":14", 6_400)] {
            assert_eq!(values[name], n(expected), "{name}");
        }
    }
}
