//! How often a user may replace the settings: each change is an event that may send somebody an e-mail.

use super::throttle::CLOCK_ERROR;
use crate::time::UnixTime;

/// Maximum changes within [`WINDOW`].
pub const MAX_CHANGES: u64 = 20;

/// Seconds, from the first change, within which changes are counted together.
pub const WINDOW: u64 = 3600;

/// The stored count of changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    /// When the first of them was; 1970 if there was none.
    pub since: UnixTime,
    /// How many changes there were from then on.
    pub count: u64,
}

impl Changes {
    /// Whether a change at `now` is counted together with these. A time too far ahead was written by a wrong clock and
    /// does not count ([`CLOCK_ERROR`]).
    pub fn reach(self, now: UnixTime) -> bool {
        self.count > 0 && now.since(self.since) < WINDOW && self.since <= now + CLOCK_ERROR
    }

    /// Seconds until the next change is allowed; `None` if it is allowed at `now`.
    pub fn retry_after(self, now: UnixTime) -> Option<u64> {
        (self.reach(now) && self.count >= MAX_CHANGES).then(|| (self.since + WINDOW).since(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(since: u64, count: u64) -> Changes {
        Changes { since: at(since), count }
    }

    fn at(seconds: u64) -> UnixTime {
        UnixTime::from_seconds(seconds)
    }

    #[test]
    fn the_twenty_first_change_waits_until_the_first_is_an_hour_old() {
        assert_eq!(changes(10_000, 19).retry_after(at(10_000)), None);
        assert_eq!(changes(10_000, 20).retry_after(at(10_000)), Some(3600));
        assert_eq!(changes(10_000, 20).retry_after(at(13_599)), Some(1));
        assert_eq!(changes(10_000, 20).retry_after(at(13_600)), None);
    }

    #[test]
    fn changes_that_only_a_wrong_clock_can_have_written_do_not_count() {
        assert!(changes(10_000, 20).reach(at(10_000 - CLOCK_ERROR)));
        assert!(!changes(10_000, 20).reach(at(10_000 - CLOCK_ERROR - 1)));
    }

    #[test]
    fn who_never_changed_anything_is_not_within_an_hour() {
        for now in [0, 1, 3600, 2_000_000_000] {
            assert!(!Changes::default().reach(at(now)), "{now}");
        }
    }
}
