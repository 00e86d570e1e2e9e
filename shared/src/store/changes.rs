//! Counts a user's changes to the settings, in the same write that makes the change.
//!
//! One expression can either start a count or continue one. The first write starts one, because most changes are the
//! only one within an hour. Only if that is refused does a second write continue the existing count.

use super::change::Change;
use super::condition::Condition;
use super::item::{Item, attribute, changes, n, s, t};
use super::write::Written;
use super::{Store, StoreError, random_id};
use crate::authenticator::change_limit::{Changes, MAX_CHANGES, WINDOW};
use crate::authenticator::throttle::CLOCK_ERROR;
use crate::time::UnixTime;

/// The outcome of a change to the settings.
#[derive(Debug)]
pub(super) enum Counted {
    /// It is written and counted. Holds the item before the write, if it is known.
    Written(Option<Item>),
    /// Too many earlier changes: nothing was written. `seconds` until the next one is allowed.
    TooMany { seconds: u64 },
    /// Another of its conditions did not hold. Holds the current item, if there is one.
    Refused(Option<Item>),
}

impl Store {
    /// Writes a change to the settings if the user made fewer than [`MAX_CHANGES`] within the hour. `hopeless` says
    /// whether an item refuses the change for another reason too; then no further write is tried.
    ///
    /// Closes the race of many changes at once: each is counted by the write that makes it, on the condition that
    /// there is room and that the hour is still the one that was read.
    pub(super) async fn write_counted(
        &self,
        key: &str,
        change: Change,
        hopeless: impl Fn(&Item) -> bool,
        now: UnixTime,
    ) -> Result<Counted, StoreError> {
        let name = s(random_id()?);
        let change = change.set(attribute::CHANGE, name.clone()).when(Condition::Any(vec![
            Condition::Absent(attribute::CHANGE),
            Condition::Differs(attribute::CHANGE, name.clone()),
        ]));
        let mut before = Changes::default();
        // Usually two at most. The third is for an hour that ended, or a count that another request started, between
        // the two.
        for _ in 0..3 {
            let item = match self.write_and_read_old(key, counted(change.clone(), before, now)).await? {
                Written::Done(old) => return Ok(Counted::Written(old)),
                Written::Refused(None) => return Ok(Counted::Refused(None)),
                // A retried write that had already succeeded finds its own ID.
                Written::Refused(Some(item)) if item.get(attribute::CHANGE) == Some(&name) => {
                    return Ok(Counted::Written(None));
                }
                Written::Refused(Some(item)) => item,
            };
            let found = changes(&item)?;
            if let Some(seconds) = found.retry_after(now) {
                return Ok(Counted::TooMany { seconds });
            }
            let tried = before.reach(now) && found.since == before.since;
            if tried || !found.reach(now) || hopeless(&item) {
                return Ok(Counted::Refused(Some(item)));
            }
            before = found;
        }
        Err(StoreError::Unavailable("UpdateItem: in conflict with other changes of the settings".to_owned()))
    }
}

/// The change with its count: the first of an hour, or one more since `before.since`.
pub(super) fn counted(change: Change, before: Changes, now: UnixTime) -> Change {
    if before.reach(now) {
        return change
            .increment(attribute::CHANGES)
            .when(Condition::Equals(attribute::CHANGES_SINCE, t(before.since)))
            .when(Condition::Below(attribute::CHANGES, n(MAX_CHANGES)));
    }
    change.set(attribute::CHANGES_SINCE, t(now)).set(attribute::CHANGES, n(1)).when(Condition::Any(vec![
        Condition::Absent(attribute::CHANGES_SINCE),
        Condition::AtMost(attribute::CHANGES_SINCE, t(now - WINDOW)),
        Condition::Above(attribute::CHANGES_SINCE, t(now + CLOCK_ERROR)),
    ]))
}
