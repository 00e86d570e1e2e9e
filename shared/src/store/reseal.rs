//! Reseals what an older key sealed, so that the key can be removed, and counts what each key still seals. Both go
//! through the table page by page, in any number of parallel segments.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::{AttributeValue, Select};

use super::change::Change;
use super::condition::Condition;
use super::item::{Item, attribute, s};
use super::write::Written;
use super::{Store, StoreError};
use crate::sealing::{Place, key_name};

/// The sealed attributes.
const SEALED: [&str; 2] = [attribute::SECRET, attribute::PHONE];

/// A part of the table, for a parallel scan: `index` of `of`, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// Which part.
    pub index: u32,
    /// Of how many.
    pub of: u32,
}

/// A page of a segment, and its outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// Items read.
    pub scanned: u64,
    /// What was found or done.
    pub found: T,
    /// Where the next page begins; `None` at the end of the segment. Sealed, because it names a user.
    pub cursor: Option<String>,
}

/// What was done to the sealed values of a page. Values that the current key had sealed, and values that were changed
/// since they were read, count as neither.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Values that the current key seals now.
    pub resealed: u64,
    /// Values that no key opens. They stay unchanged.
    pub unopened: u64,
}

/// How many values each key has sealed, by key name: every key on the ring, and every other name found.
pub type Counted = BTreeMap<String, u64>;

enum Outcome {
    Done,
    Lost,
    DoesNotOpen,
}

impl Store {
    /// Reseals under the current key what an older key sealed, in the next page of at most `limit` items.
    ///
    /// Closes the race with every other write of the value: it must still be the one that was read. The item's last
    /// event is removed, as by every write without an event.
    ///
    /// # Errors
    /// DynamoDB cannot be reached, or the cursor does not belong to this segment. What was resealed until then stays
    /// so.
    pub async fn reseal_page(
        &self,
        segment: Segment,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<Resealed>, StoreError> {
        let page = self.scan(segment, cursor, limit).await?;
        let mut found = Resealed::default();
        for (key, name, sealed) in page.found.iter().flat_map(sealed_values) {
            if self.keys.is_current(sealed) {
                continue;
            }
            match self.reseal(key, name, sealed).await? {
                Outcome::Done => found.resealed += 1,
                Outcome::DoesNotOpen => found.unopened += 1,
                Outcome::Lost => {}
            }
        }
        Ok(Page { scanned: page.scanned, found, cursor: page.cursor })
    }

    /// Counts the values that each key sealed, in the next page of at most `limit` items.
    ///
    /// # Errors
    /// DynamoDB cannot be reached, or the cursor does not belong to this segment.
    pub async fn count_page(
        &self,
        segment: Segment,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<Counted>, StoreError> {
        let page = self.scan(segment, cursor, limit).await?;
        let mut found: Counted = self.keys.names().map(|name| (name.to_owned(), 0)).collect();
        for (_, _, sealed) in page.found.iter().flat_map(sealed_values) {
            *found.entry(key_name(sealed).to_owned()).or_default() += 1;
        }
        Ok(Page { scanned: page.scanned, found, cursor: page.cursor })
    }

    async fn reseal(&self, key: &str, name: &'static str, sealed: &str) -> Result<Outcome, StoreError> {
        let place = Place { item: key, attribute: name };
        let Ok(plain) = self.keys.open(place, sealed) else { return Ok(Outcome::DoesNotOpen) };
        let change =
            Change::of_user().set(name, s(self.keys.seal(place, &plain)?)).when(Condition::Equals(name, s(sealed)));
        Ok(match self.write(key, change).await? {
            Written::Done(_) => Outcome::Done,
            Written::Refused(_) => Outcome::Lost,
        })
    }

    /// A page of items, with only the key and the sealed attributes.
    async fn scan(&self, segment: Segment, cursor: Option<&str>, limit: u32) -> Result<Page<Vec<Item>>, StoreError> {
        let number = |number: u32| {
            i32::try_from(number).map_err(|_| StoreError::Broken("a segment or a limit is too large".to_owned()))
        };
        let from = cursor.map(|cursor| self.open_cursor(segment, cursor)).transpose()?;
        let request = self
            .client
            .scan()
            .table_name(&self.table)
            .consistent_read(true)
            .segment(number(segment.index)?)
            .total_segments(number(segment.of)?)
            .limit(number(limit)?)
            .select(Select::SpecificAttributes)
            .projection_expression([attribute::KEY, attribute::SECRET, attribute::PHONE].join(", "))
            .set_exclusive_start_key(from);
        let output = Box::pin(request.send()).await.map_err(|error| StoreError::from_sdk("Scan", &error))?;
        let cursor = output.last_evaluated_key().map(|key| self.seal_cursor(segment, key)).transpose()?;
        let scanned = u64::try_from(output.scanned_count()).unwrap_or_default();
        Ok(Page { scanned, found: output.items.unwrap_or_default(), cursor })
    }

    fn seal_cursor(&self, segment: Segment, key: &Item) -> Result<String, StoreError> {
        let key = key.get(attribute::KEY).and_then(|key| key.as_s().ok());
        let key = key.ok_or_else(|| StoreError::unreadable(attribute::KEY))?;
        Ok(self.keys.seal(Place { item: &segment.name(), attribute: attribute::KEY }, key.as_bytes())?)
    }

    fn open_cursor(&self, segment: Segment, cursor: &str) -> Result<HashMap<String, AttributeValue>, StoreError> {
        let wrong = || StoreError::Broken("the cursor is not one of this segment".to_owned());
        let place = Place { item: &segment.name(), attribute: attribute::KEY };
        let key = self.keys.open(place, cursor).map_err(|_| wrong())?;
        let key = String::from_utf8(key.to_vec()).map_err(|_| wrong())?;
        Ok(HashMap::from([(attribute::KEY.to_owned(), s(key))]))
    }
}

impl Segment {
    /// What binds a cursor to this segment.
    fn name(self) -> String {
        format!("segment {} of {}", self.index, self.of)
    }
}

/// The sealed values of an item, each with the item's key and its own name.
fn sealed_values(item: &Item) -> impl Iterator<Item = (&str, &'static str, &str)> {
    let text = |name| item.get(name).and_then(|value: &AttributeValue| value.as_s().ok()).map(String::as_str);
    let key = text(attribute::KEY);
    SEALED.into_iter().filter_map(move |name| Some((key?, name, text(name)?)))
}
