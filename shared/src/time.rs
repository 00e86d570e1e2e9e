//! Moments in whole seconds, as the rules and the table use them.

use std::ops::{Add, Sub};

/// A moment, in whole seconds since 1970-01-01T00:00:00Z without leap seconds (POSIX.1-2017 §4.16). Addition and
/// subtraction of seconds saturate at the ends of the range.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(u64);

impl UnixTime {
    /// The moment this many seconds after the start of 1970.
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(seconds)
    }

    /// Seconds since the start of 1970.
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// Seconds from `earlier` to this moment; 0 if it is not earlier.
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<u64> for UnixTime {
    type Output = Self;

    fn add(self, seconds: u64) -> Self {
        Self(self.0.saturating_add(seconds))
    }
}

impl Sub<u64> for UnixTime {
    type Output = Self;

    fn sub(self, seconds: u64) -> Self {
        Self(self.0.saturating_sub(seconds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_never_leaves_its_range() {
        let end = UnixTime::from_seconds(u64::MAX);
        assert_eq!((end + 1, UnixTime::default() - 1), (end, UnixTime::default()));
        assert_eq!((end.since(end - 60), (end - 60).since(end)), (60, 0));
    }
}
