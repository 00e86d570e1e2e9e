//! How often an SMS may be sent: 30 s between two, 5 an hour and 10 a day for a user; 10 a day for a phone number over
//! all users. Sliding windows over the times of the sends themselves, so no edge of an hour or a day lets more through.

use ring::error::Unspecified;
use ring::rand::{SecureRandom, SystemRandom};

use crate::authenticator::throttle::CLOCK_ERROR;

/// Seconds in a day: the longest window, after which a send is forgotten.
pub const DAY: u64 = 86_400;

/// Seconds between two sends of a user.
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

/// The limits of one user. They follow the user, so new settings do not refill them.
pub const USER_LIMITS: &[Limit] =
    &[Limit { sends: 1, seconds: SPACING }, Limit { sends: 5, seconds: 3600 }, Limit { sends: 10, seconds: DAY }];

/// The limit of one phone number, whoever sends to it.
pub const NUMBER_LIMIT: Limit = Limit { sends: 10, seconds: DAY };

/// One send: its second since 1970 times a million, plus a random part that tells sends of the same second apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(pub u64);

impl Stamp {
    /// The stamp of a send at `now` (seconds since 1970).
    ///
    /// # Errors
    /// The operating system has no randomness to give.
    pub fn at(now: u64) -> Result<Self, Unspecified> {
        let mut bytes = [0; 8];
        SystemRandom::new().fill(&mut bytes)?;
        let random = u64::from_be_bytes(bytes) % STAMPS_PER_SECOND;
        Ok(Self(now.saturating_mul(STAMPS_PER_SECOND).saturating_add(random)))
    }

    /// When the send was, in seconds since 1970.
    pub fn second(self) -> u64 {
        self.0 / STAMPS_PER_SECOND
    }
}

/// The sends of the last day, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SendLog(Vec<Stamp>);

impl SendLog {
    /// A log of these sends, in any order.
    pub fn new(mut stamps: Vec<Stamp>) -> Self {
        stamps.sort_unstable();
        Self(stamps)
    }

    /// The sends, oldest first.
    pub fn stamps(&self) -> &[Stamp] {
        &self.0
    }

    /// Seconds until every one of `limits` allows another send; `None` if they do at `now` (seconds since 1970). A send
    /// that lies too far ahead was written by a clock that was wrong ([`CLOCK_ERROR`]), and does not count.
    pub fn retry_after(&self, limits: &[Limit], now: u64) -> Option<u64> {
        let ahead = now.saturating_add(CLOCK_ERROR);
        let counted = || self.0.iter().rev().filter(|stamp| stamp.second() <= ahead);
        limits
            .iter()
            .filter_map(|limit| {
                // The send that has to leave the window before another fits in.
                let blocking = counted().nth(limit.sends.checked_sub(1)?)?;
                let left = (blocking.second() + limit.seconds).saturating_sub(now);
                (left > 0).then_some(left)
            })
            .max()
    }

    /// This log with one more send, and without those that no window reaches any more or that lie too far ahead.
    pub fn with(&self, stamp: Stamp) -> Self {
        let (from, to) = (stamp.second().saturating_sub(DAY), stamp.second() + CLOCK_ERROR);
        let kept = self.0.iter().copied().filter(|old| old.second() > from && old.second() <= to);
        Self::new(kept.chain([stamp]).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn log(seconds: &[u64]) -> SendLog {
        SendLog::new(seconds.iter().enumerate().map(|(i, s)| Stamp(s * STAMPS_PER_SECOND + i as u64)).collect())
    }

    #[test]
    fn the_first_send_is_free_and_the_next_waits_30_seconds() {
        assert_eq!(SendLog::default().retry_after(USER_LIMITS, 1000), None);
        assert_eq!(log(&[1000]).retry_after(USER_LIMITS, 1000), Some(30));
        assert_eq!(log(&[1000]).retry_after(USER_LIMITS, 1029), Some(1));
        assert_eq!(log(&[1000]).retry_after(USER_LIMITS, 1030), None);
    }

    #[test]
    fn the_sixth_send_waits_until_the_first_is_an_hour_old() {
        let sends = log(&[1000, 1100, 1200, 1300, 1400]);
        assert_eq!(sends.retry_after(USER_LIMITS, 1500), Some(3100));
        assert_eq!(sends.retry_after(USER_LIMITS, 4599), Some(1));
        assert_eq!(sends.retry_after(USER_LIMITS, 4600), None);
    }

    #[test]
    fn the_eleventh_send_waits_until_the_first_is_a_day_old() {
        let sends = log(&[0, 4000, 8000, 12000, 16000, 20000, 24000, 28000, 32000, 36000]);
        assert_eq!(sends.retry_after(USER_LIMITS, 40000), Some(DAY - 40000));
        assert_eq!(sends.retry_after(&[NUMBER_LIMIT], DAY - 1), Some(1));
        assert_eq!(sends.retry_after(&[NUMBER_LIMIT], DAY), None);
    }

    #[test]
    fn a_send_that_only_a_wrong_clock_can_have_written_does_not_count() {
        assert_eq!(log(&[10_000]).retry_after(USER_LIMITS, 10_000 - CLOCK_ERROR), Some(30 + CLOCK_ERROR));
        assert_eq!(log(&[10_000]).retry_after(USER_LIMITS, 10_000 - CLOCK_ERROR - 1), None);
        let sends = log(&[9_000_000]).with(Stamp(1000 * STAMPS_PER_SECOND));
        assert_eq!(sends.stamps().iter().map(|s| s.second()).collect::<Vec<_>>(), [1000]);
    }

    #[test]
    fn a_send_is_forgotten_after_a_day() {
        let sends = log(&[0, 10]).with(Stamp((DAY + 5) * STAMPS_PER_SECOND));
        assert_eq!(sends.stamps().iter().map(|s| s.second()).collect::<Vec<_>>(), [10, DAY + 5]);
    }

    proptest! {
        #[test]
        fn no_walk_through_time_gets_more_sends_than_a_window_holds(
            gaps in proptest::collection::vec(0_u64..20_000, 1..200)
        ) {
            let (mut now, mut kept, mut sent) = (1_000_000, SendLog::default(), Vec::new());
            for gap in gaps {
                now += gap;
                if kept.retry_after(USER_LIMITS, now).is_none() {
                    kept = kept.with(Stamp::at(now).unwrap());
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
