//! How often an SMS may be sent. For a user: 30 s between two, 5 an hour and 10 a day. For a phone number, over all
//! users of the tenant: 10 a day, of which 3 for unverified enrolments. For the whole stack: a budget for each hour of
//! the clock. The windows of users and numbers slide over the times of the sends, so the edge of an hour or a day does
//! not let more through.

use crate::authenticator::throttle::CLOCK_ERROR;
use crate::time::UnixTime;

/// Seconds in a day: the longest window, after which a send is forgotten.
pub const DAY: u64 = 86_400;

/// Minimum seconds between two sends to a user.
pub const SPACING: u64 = 30;

const STAMPS_PER_SECOND: u64 = 1_000_000;

/// At most `sends` within any `seconds`.
#[derive(Debug, Clone, Copy)]
pub struct Limit {
    /// How many sends the window may hold.
    pub sends: usize,
    /// The window's length in seconds.
    pub seconds: u64,
}

/// The limits for one user. They belong to the user, so new settings do not reset them.
pub const USER_LIMITS: &[Limit] =
    &[Limit { sends: 1, seconds: SPACING }, Limit { sends: 5, seconds: 3600 }, Limit { sends: 10, seconds: DAY }];

/// The limit for one phone number, over all users of the tenant.
pub const NUMBER_LIMIT: Limit = Limit { sends: 10, seconds: DAY };

/// How many of these may be for unverified enrolments, so that strangers who enrol a number cannot use up its owner's
/// sends.
pub const UNVERIFIED_NUMBER_LIMIT: Limit = Limit { sends: 3, seconds: DAY };

/// Seconds to wait that are reported when a number's limit is reached, whatever the real wait is: an exact wait would
/// tell a stranger when the number's owner signed in.
pub const NUMBER_WAIT: u64 = 3600;

/// What a code is for: a sign-in by somebody who has the phone, or an enrolment that is not verified yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The enrolment is verified.
    SignIn,
    /// The enrolment is not verified.
    Enrolment,
}

/// The maximum sends from the whole stack in an hour. It bounds the bill and keeps SNS's own spending limit out of
/// reach, beyond which SNS accepts messages and sends none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Sends in an hour. At most half of them may be for unverified enrolments, so that sign-ins still work during SMS
    /// pumping.
    pub per_hour: u64,
}

impl Budget {
    /// Sends in an hour that may be for unverified enrolments.
    pub fn for_enrolments(self) -> u64 {
        self.per_hour / 2
    }
}

/// One send: its second since 1970 times a million, plus a random part that tells sends in the same second apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(pub u64);

impl Stamp {
    /// The stamp of a send at `now`; `random` gives its last six digits.
    pub fn new(now: UnixTime, random: [u8; 8]) -> Self {
        let within_second = u64::from_be_bytes(random) % STAMPS_PER_SECOND;
        Self(now.seconds().saturating_mul(STAMPS_PER_SECOND).saturating_add(within_second))
    }

    /// When the send was.
    pub fn time(self) -> UnixTime {
        UnixTime::from_seconds(self.0 / STAMPS_PER_SECOND)
    }
}

/// The sends of the last day, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SendLog(Vec<Stamp>);

impl SendLog {
    /// A log of these sends, which may be in any order.
    pub fn new(mut stamps: Vec<Stamp>) -> Self {
        stamps.sort_unstable();
        Self(stamps)
    }

    /// The sends, oldest first.
    pub fn stamps(&self) -> &[Stamp] {
        &self.0
    }

    /// Seconds until all `limits` allow another send; `None` if they do at `now`. A send too far ahead was written by a
    /// wrong clock and does not count ([`CLOCK_ERROR`]).
    pub fn retry_after(&self, limits: &[Limit], now: UnixTime) -> Option<u64> {
        let counted = || self.0.iter().rev().filter(|stamp| stamp.time() <= now + CLOCK_ERROR);
        limits
            .iter()
            .filter_map(|limit| {
                // The send that must leave the window before another fits in.
                let blocking = counted().nth(limit.sends.checked_sub(1)?)?;
                let left = (blocking.time() + limit.seconds).since(now);
                (left > 0).then_some(left)
            })
            .max()
    }

    /// This log with one more send, and without sends that no window covers any more or that are too far ahead.
    pub fn with(&self, stamp: Stamp) -> Self {
        let now = stamp.time();
        let kept = self.0.iter().copied().filter(|old| old.time() > now - DAY && old.time() <= now + CLOCK_ERROR);
        Self::new(kept.chain([stamp]).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: u64) -> UnixTime {
        UnixTime::from_seconds(seconds)
    }

    fn stamp(seconds: u64) -> Stamp {
        Stamp::new(at(seconds), [0; 8])
    }

    fn seconds(log: &SendLog) -> Vec<u64> {
        log.stamps().iter().map(|stamp| stamp.time().seconds()).collect()
    }

    fn log(seconds: &[u64]) -> SendLog {
        SendLog::new(seconds.iter().enumerate().map(|(i, s)| Stamp(s * STAMPS_PER_SECOND + i as u64)).collect())
    }

    #[test]
    fn the_first_send_is_free_and_the_next_waits_30_seconds() {
        assert_eq!(SendLog::default().retry_after(USER_LIMITS, at(1000)), None);
        assert_eq!(log(&[1000]).retry_after(USER_LIMITS, at(1000)), Some(30));
        assert_eq!(log(&[1000]).retry_after(USER_LIMITS, at(1029)), Some(1));
        assert_eq!(log(&[1000]).retry_after(USER_LIMITS, at(1030)), None);
    }

    #[test]
    fn the_sixth_send_waits_until_the_first_is_an_hour_old() {
        let sends = log(&[1000, 1100, 1200, 1300, 1400]);
        assert_eq!(sends.retry_after(USER_LIMITS, at(1500)), Some(3100));
        assert_eq!(sends.retry_after(USER_LIMITS, at(4599)), Some(1));
        assert_eq!(sends.retry_after(USER_LIMITS, at(4600)), None);
    }

    #[test]
    fn the_eleventh_send_waits_until_the_first_is_a_day_old() {
        let sends = log(&[0, 4000, 8000, 12000, 16000, 20000, 24000, 28000, 32000, 36000]);
        assert_eq!(sends.retry_after(USER_LIMITS, at(40000)), Some(DAY - 40000));
        assert_eq!(sends.retry_after(&[NUMBER_LIMIT], at(DAY - 1)), Some(1));
        assert_eq!(sends.retry_after(&[NUMBER_LIMIT], at(DAY)), None);
    }

    #[test]
    fn a_send_that_only_a_wrong_clock_can_have_written_does_not_count() {
        assert_eq!(log(&[10_000]).retry_after(USER_LIMITS, at(10_000 - CLOCK_ERROR)), Some(30 + CLOCK_ERROR));
        assert_eq!(log(&[10_000]).retry_after(USER_LIMITS, at(10_000 - CLOCK_ERROR - 1)), None);
        let sends = log(&[9_000_000]).with(stamp(1000));
        assert_eq!(seconds(&sends), [1000]);
    }

    #[test]
    fn a_send_is_forgotten_after_a_day() {
        let sends = log(&[0, 10]).with(stamp(DAY + 5));
        assert_eq!(seconds(&sends), [10, DAY + 5]);
    }

    #[test]
    fn a_new_send_drops_what_is_a_full_day_old_and_what_lies_over_an_hour_ahead() {
        let now = 10 * DAY;
        let sends = log(&[now - DAY, now - DAY + 1, now + CLOCK_ERROR, now + CLOCK_ERROR + 1]).with(stamp(now));
        assert_eq!(seconds(&sends), [now - DAY + 1, now, now + CLOCK_ERROR]);
    }

    #[test]
    fn the_random_part_of_a_stamp_never_reaches_its_second() {
        for random in [[0; 8], [0xFF; 8], 1_000_000_u64.to_be_bytes(), 999_999_u64.to_be_bytes()] {
            assert_eq!(Stamp::new(at(1000), random).time(), at(1000), "{random:?}");
        }
        assert_eq!(Stamp::new(at(1), 2_000_007_u64.to_be_bytes()), Stamp(1_000_007));
        assert_eq!(Stamp::new(at(u64::MAX), [0; 8]), Stamp(u64::MAX));
    }

    proptest! {
        #[test]
        fn no_walk_through_time_gets_more_sends_than_a_window_holds(
            gaps in proptest::collection::vec(0_u64..20_000, 1..200)
        ) {
            let (mut now, mut kept, mut sent) = (1_000_000, SendLog::default(), Vec::new());
            for gap in gaps {
                now += gap;
                if kept.retry_after(USER_LIMITS, at(now)).is_none() {
                    kept = kept.with(Stamp::new(at(now), [0; 8]));
                    sent.push(now);
                }
            }
            for limit in USER_LIMITS {
                for start in &sent {
                    let within = sent.iter().filter(|s| (*start..start + limit.seconds).contains(*s)).count();
                    prop_assert!(within <= limit.sends);
                }
            }
            prop_assert!(kept.stamps().len() <= 10);
        }
    }
}
