//! Wrong codes in a row, and the wait they bring (RFC 4226 §7.3, NIST SP 800-63B-4 §3.2.2).
//!
//! One counter for a user, over both methods. It moves before a code is looked at
//! ([`crate::store::Store::reserve_attempt`]), so it counts attempts; a right code clears it.

/// Attempts that may go wrong before the first wait.
pub const FREE_ATTEMPTS: u64 = 5;

/// Seconds to wait after the 5th, 6th, 7th … wrong code in a row; the last stands for all that follow.
pub const WAITS: [u64; 7] = [60, 120, 240, 480, 960, 1920, 3600];

/// Seconds by which two functions' clocks may differ at most. A time that lies further ahead was written by a clock that
/// was wrong, and holds nobody up: without this bound, a year ahead would lock a user out for a year.
pub const CLOCK_ERROR: u64 = 3600;

/// What is stored of the attempts since the last right code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Throttle {
    /// Attempts counted since the last right code.
    pub failures: u64,
    /// When the last of them was, in seconds since 1970; 0 if there was none.
    pub last_attempt: u64,
}

impl Throttle {
    /// Seconds until the next attempt is allowed; `None` if it is allowed at `now` (seconds since 1970).
    pub fn retry_after(&self, now: u64) -> Option<u64> {
        if self.failures < FREE_ATTEMPTS || self.last_attempt > now.saturating_add(CLOCK_ERROR) {
            return None;
        }
        let left = self.last_attempt.saturating_add(wait_after(self.failures)).saturating_sub(now);
        (left > 0).then_some(left)
    }
}

/// Seconds that `failures` wrong codes in a row make the next attempt wait.
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

    #[test]
    fn four_wrong_codes_bring_no_wait_and_the_fifth_brings_a_minute() {
        assert_eq!(Throttle { failures: 4, last_attempt: 1000 }.retry_after(1000), None);
        assert_eq!(Throttle { failures: 5, last_attempt: 1000 }.retry_after(1000), Some(60));
    }

    #[test]
    fn the_wait_ends_at_its_exact_second() {
        let throttle = Throttle { failures: 5, last_attempt: 1000 };
        assert_eq!(throttle.retry_after(1059), Some(1));
        assert_eq!(throttle.retry_after(1060), None);
    }

    #[test]
    fn each_further_wrong_code_waits_longer_up_to_an_hour() {
        let waits: Vec<u64> = (5..14).map(wait_after).collect();
        assert_eq!(waits, [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
        assert_eq!(wait_after(u64::MAX), 3600);
    }

    #[test]
    fn a_time_that_only_a_wrong_clock_can_have_written_holds_nobody_up() {
        let throttle = Throttle { failures: 5, last_attempt: 10_000 };
        assert_eq!(throttle.retry_after(10_000 - CLOCK_ERROR), Some(60 + CLOCK_ERROR));
        assert_eq!(throttle.retry_after(10_000 - CLOCK_ERROR - 1), None);
        assert_eq!(Throttle { failures: u64::MAX, last_attempt: u64::MAX }.retry_after(0), None);
        assert_eq!(Throttle { failures: 4, last_attempt: 10_000 }.retry_after(9_999), None);
    }

    proptest! {
        #[test]
        fn waiting_as_told_is_always_enough(failures: u64, last_attempt in 0_u64..1 << 40, passed in 0_u64..10_000) {
            let throttle = Throttle { failures, last_attempt };
            let now = last_attempt + passed;
            if let Some(seconds) = throttle.retry_after(now) {
                prop_assert_eq!(throttle.retry_after(now + seconds), None);
                prop_assert!(throttle.retry_after(now + seconds - 1).is_some());
            }
        }
    }
}
