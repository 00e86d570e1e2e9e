//! Wrong codes in a row, and the wait that follows them (RFC 4226 §7.3, NIST SP 800-63B-4 §3.2.2).
//!
//! There is one counter per user, for both methods. It is increased before a code is compared
//! ([`crate::store::Store::reserve_attempt`]), so it counts attempts; a right code clears it.

use crate::time::UnixTime;

/// Attempts that may fail before the first wait.
pub const FREE_ATTEMPTS: u64 = 5;

/// Seconds to wait after the 5th, 6th, 7th … wrong code in a row; the last value applies from then on.
pub const WAITS: [u64; 7] = [60, 120, 240, 480, 960, 1920, 3600];

/// Maximum seconds by which the clocks of two functions may differ. A time further ahead was written by a wrong clock
/// and is ignored: without this bound, a clock a year ahead would lock a user out for a year.
pub const CLOCK_ERROR: u64 = 3600;

/// The stored record of attempts since the last right code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Throttle {
    /// Attempts counted since the last right code.
    pub failures: u64,
    /// When the last of them was made; 1970 if there was none.
    pub last_attempt: UnixTime,
}

impl Throttle {
    /// Seconds until the next attempt is allowed; `None` if it is allowed at `now`.
    pub fn retry_after(&self, now: UnixTime) -> Option<u64> {
        if self.failures < FREE_ATTEMPTS || self.last_attempt > now + CLOCK_ERROR {
            return None;
        }
        let left = (self.last_attempt + wait_after(self.failures)).since(now);
        (left > 0).then_some(left)
    }
}

/// Seconds to wait after `failures` wrong codes in a row.
pub fn wait_after(failures: u64) -> u64 {
    let [.., longest] = WAITS;
    match failures.checked_sub(FREE_ATTEMPTS) {
        None => 0,
        Some(index) => usize::try_from(index).ok().and_then(|index| WAITS.get(index)).copied().unwrap_or(longest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn throttle(failures: u64, last_attempt: u64) -> Throttle {
        Throttle { failures, last_attempt: at(last_attempt) }
    }

    fn at(seconds: u64) -> UnixTime {
        UnixTime::from_seconds(seconds)
    }

    #[test]
    fn four_wrong_codes_bring_no_wait_and_the_fifth_brings_a_minute() {
        assert_eq!(throttle(4, 1000).retry_after(at(1000)), None);
        assert_eq!(throttle(5, 1000).retry_after(at(1000)), Some(60));
    }

    #[test]
    fn the_wait_ends_at_its_exact_second() {
        let throttle = throttle(5, 1000);
        assert_eq!(throttle.retry_after(at(1059)), Some(1));
        assert_eq!(throttle.retry_after(at(1060)), None);
    }

    #[test]
    fn each_further_wrong_code_waits_longer_up_to_an_hour() {
        let waits: Vec<u64> = (5..14).map(wait_after).collect();
        assert_eq!(waits, [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
        assert_eq!(wait_after(u64::MAX), 3600);
    }

    #[test]
    fn a_time_that_only_a_wrong_clock_can_have_written_holds_nobody_up() {
        let locked = throttle(5, 10_000);
        assert_eq!(locked.retry_after(at(10_000 - CLOCK_ERROR)), Some(60 + CLOCK_ERROR));
        assert_eq!(locked.retry_after(at(10_000 - CLOCK_ERROR - 1)), None);
        assert_eq!(throttle(u64::MAX, u64::MAX).retry_after(at(0)), None);
        assert_eq!(throttle(4, 10_000).retry_after(at(9_999)), None);
    }

    proptest! {
        #[test]
        fn waiting_as_told_is_always_enough(failures: u64, last_attempt in 0_u64..1 << 40, passed in 0_u64..10_000) {
            let throttle = throttle(failures, last_attempt);
            let now = last_attempt + passed;
            if let Some(seconds) = throttle.retry_after(at(now)) {
                prop_assert_eq!(throttle.retry_after(at(now + seconds)), None);
                prop_assert!(throttle.retry_after(at(now + seconds - 1)).is_some());
            }
        }
    }
}
