//! The items in which the sends of many users are counted together: a phone number's, and the hour's of the whole stack.

use aws_sdk_dynamodb::types::AttributeValue;

use super::StoreError;
use super::change::Change;
use super::condition::Condition;
use super::item::{Item, attribute, n, sends, sends_value, t};
use crate::sms::limits::{Budget, DAY, Limit, NUMBER_LIMIT, Purpose, SendLog, Stamp, UNVERIFIED_NUMBER_LIMIT};
use crate::time::UnixTime;

/// Seconds in an hour.
const HOUR: u64 = 3600;

/// The sends to a number within a day, and those of them that are for unverified enrolments.
#[derive(Default)]
pub(super) struct NumberLogs {
    all: SendLog,
    unverified: SendLog,
}

impl NumberLogs {
    pub(super) fn read(item: &Item) -> Result<Self, StoreError> {
        Ok(Self { all: sends(item, attribute::SENDS)?, unverified: sends(item, attribute::UNVERIFIED_SENDS)? })
    }

    pub(super) fn are_full(&self, purpose: Purpose, now: UnixTime) -> bool {
        self.all.retry_after(&[NUMBER_LIMIT], now).is_some()
            || purpose == Purpose::Enrolment && self.unverified.retry_after(&[UNVERIFIED_NUMBER_LIMIT], now).is_some()
    }
}

/// The change to the number's item that counts a send, while there is room for it.
pub(super) fn number_send(purpose: Purpose, stamp: Stamp, now: UnixTime) -> Change {
    let change = Change::of_counter()
        .set(attribute::EXPIRES_AT, t(now + DAY))
        .add(attribute::SENDS, stamp_value(stamp))
        .when(has_room(attribute::SENDS, NUMBER_LIMIT));
    match purpose {
        Purpose::SignIn => change,
        Purpose::Enrolment => change
            .add(attribute::UNVERIFIED_SENDS, stamp_value(stamp))
            .when(has_room(attribute::UNVERIFIED_SENDS, UNVERIFIED_NUMBER_LIMIT)),
    }
}

/// The same, without those sends of `read` that no longer count.
pub(super) fn number_send_after(read: &NumberLogs, purpose: Purpose, stamp: Stamp, now: UnixTime) -> Change {
    let change = Change::of_counter()
        .set(attribute::EXPIRES_AT, t(now + DAY))
        .set(attribute::SENDS, sends_value(&read.all.with(stamp)))
        .when(as_read(attribute::SENDS, &read.all));
    match purpose {
        Purpose::SignIn => change,
        Purpose::Enrolment => change
            .set(attribute::UNVERIFIED_SENDS, sends_value(&read.unverified.with(stamp)))
            .when(as_read(attribute::UNVERIFIED_SENDS, &read.unverified)),
    }
}

/// The change to the number's item that takes a send back.
pub(super) fn number_release(stamp: Stamp) -> Change {
    Change::of_counter()
        .delete(attribute::SENDS, stamp_value(stamp))
        .delete(attribute::UNVERIFIED_SENDS, stamp_value(stamp))
}

/// The hour in which the sends of the whole stack are counted together.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hour(UnixTime);

impl Hour {
    pub(super) fn of(now: UnixTime) -> Self {
        Self(now - now.seconds() % HOUR)
    }

    pub(super) fn end(self) -> UnixTime {
        self.0 + HOUR
    }

    pub(super) fn key(self) -> String {
        format!("HOUR#{}", self.0.seconds())
    }

    /// The change to the hour's item that counts a send, while there is room for it.
    pub(super) fn send(self, purpose: Purpose, budget: Budget) -> Change {
        let below = |attribute, sends| {
            Condition::Any(vec![Condition::Absent(attribute), Condition::Below(attribute, n(sends))])
        };
        let change = Change::of_counter()
            .set(attribute::EXPIRES_AT, t(self.end() + DAY))
            .increment(attribute::HOUR_SENDS)
            .when(below(attribute::HOUR_SENDS, budget.per_hour));
        match purpose {
            Purpose::SignIn => change,
            Purpose::Enrolment => change
                .increment(attribute::HOUR_UNVERIFIED_SENDS)
                .when(below(attribute::HOUR_UNVERIFIED_SENDS, budget.for_enrolments())),
        }
    }

    /// The change to the hour's item that takes a send back.
    pub(super) fn release(self, purpose: Purpose) -> Change {
        let change = Change::of_counter()
            .decrement(attribute::HOUR_SENDS, 1)
            .when(Condition::Above(attribute::HOUR_SENDS, n(0)));
        match purpose {
            Purpose::SignIn => change,
            Purpose::Enrolment => change
                .decrement(attribute::HOUR_UNVERIFIED_SENDS, 1)
                .when(Condition::Above(attribute::HOUR_UNVERIFIED_SENDS, n(0))),
        }
    }
}

fn has_room(attribute: &'static str, limit: Limit) -> Condition {
    Condition::Any(vec![Condition::Absent(attribute), Condition::Fewer(attribute, n(limit.sends as u64))])
}

/// The sends are still those that were read. DynamoDB has no empty sets: without sends the attribute is absent.
pub(super) fn as_read(attribute: &'static str, read: &SendLog) -> Condition {
    match read.stamps() {
        [] => Condition::Absent(attribute),
        _ => Condition::Equals(attribute, sends_value(read)),
    }
}

/// The attribute value of one send in a log.
pub(super) fn stamp_value(stamp: Stamp) -> AttributeValue {
    AttributeValue::Ns(vec![stamp.0.to_string()])
}
