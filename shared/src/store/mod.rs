//! The vault: the only place that knows DynamoDB, and the only one that holds the sealing keys. Sensitive values go in
//! and come out in plain form; they are stored sealed or hashed.
//!
//! No write relies on an earlier read: the condition of the write closes the race, and each method's doc comment names
//! the race it closes.
//!
//! | item | key | holds |
//! | --- | --- | --- |
//! | user | `USER#tenant#id` | enrolment, SMS code, recovery codes, attempts, sends, and the event of the last write |
//! | number | `NUMBER#tenant#keyed hash` | the sends to one phone number |
//! | hour | `HOUR#second it begins` | the sends of the whole stack in that hour |
//!
//! `change` and `condition` build the expressions, and `write` and `transaction` send them. The other modules each
//! handle one concern.

mod acceptance;
mod attempts;
mod change;
mod changes;
mod condition;
mod error;
mod expression;
mod import;
mod item;
mod keys;
mod outbox;
mod overview;
mod recovery_codes;
mod reseal;
mod send_counters;
mod sends;
mod settings;
mod transaction;
mod write;

pub use acceptance::{Accepted, Effect};
pub use attempts::{Attempt, Reserved};
pub use error::StoreError;
pub use import::Imported;
pub use item::UserItem;
pub use keys::user_key;
pub use overview::Overview;
pub use recovery_codes::{NewCodes, RecoveryCodeUse};
pub use reseal::{Counted, Page, Resealed, Segment};
pub use sends::{SendReservation, SendSlot};
pub use settings::{NewSettings, Removed, Replaced, ResetBy};

use std::fmt;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;

use crate::config::{self, InitError};
use crate::random::{self, NoRandomness};
use crate::sealing::Keyring;

/// The table of users and numbers, and the keys to its sealed values.
#[derive(Clone)]
pub struct Store {
    client: Client,
    table: String,
    keys: Arc<Keyring>,
}

impl Store {
    /// The store over `table`, through a client built once, in init.
    pub fn new(client: Client, table: String, keys: Keyring) -> Self {
        Self { client, table, keys: Arc::new(keys) }
    }

    /// The store configured by `TABLE_NAME` and `SEALING_KEYS`.
    ///
    /// # Errors
    /// A variable is missing or invalid.
    pub fn from_env(client: Client) -> Result<Self, InitError> {
        Ok(Self::new(client, config::table_name()?, config::sealing_keys()?))
    }

    /// The store configured by `TABLE_NAME`, for a function that neither opens nor seals values and so is given no
    /// keys.
    ///
    /// # Errors
    /// The variable is missing or invalid.
    pub fn without_keys_from_env(client: Client) -> Result<Self, InitError> {
        Ok(Self::new(client, config::table_name()?, Keyring::empty()))
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("table", &self.table).field("keys", &self.keys).finish_non_exhaustive()
    }
}

/// 128 random bits in hexadecimal: the ID of an enrolment, an attempt, a change or an event.
fn random_id() -> Result<String, NoRandomness> {
    Ok(data_encoding::HEXLOWER.encode(&random::bytes::<16>()?))
}
