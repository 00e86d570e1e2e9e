//! The vault: the only place that knows DynamoDB, and the only one that holds the sealing keys. What goes in and comes out is
//! plain; what is stored is sealed or hashed.
//!
//! No fact is read first and written later: the condition of the write is what closes the race, and each method's doc
//! comment names the race it closes.
//!
//! | item | key | holds |
//! | --- | --- | --- |
//! | user | `USER#tenant#id` | enrolment, SMS code, recovery codes, attempts, sends, and the event of the last write |
//! | number | `NUMBER#tenant#keyed hash` | the sends to one phone number |
//! | hour | `HOUR#second it begins` | the sends of the whole stack within it |
//!
//! `change` and `condition` write the expressions, `write` and `transaction` send them; the other modules each own a fact.

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

/// The table of users and numbers, and the keys to what is sealed in it.
#[derive(Clone)]
pub struct Store {
    client: Client,
    table: String,
    keys: Arc<Keyring>,
}

impl Store {
    /// The store over `table`, through a client that was built once, in init.
    pub fn new(client: Client, table: String, keys: Keyring) -> Self {
        Self { client, table, keys: Arc::new(keys) }
    }

    /// The store that `TABLE_NAME` and `SEALING_KEYS` name.
    ///
    /// # Errors
    /// The setting that cannot be used.
    pub fn from_env(client: Client) -> Result<Self, InitError> {
        Ok(Self::new(client, config::table_name()?, config::sealing_keys()?))
    }

    /// The store that `TABLE_NAME` names, for a function that opens and seals nothing and so is given no keys.
    ///
    /// # Errors
    /// The setting that cannot be used.
    pub fn without_keys_from_env(client: Client) -> Result<Self, InitError> {
        Ok(Self::new(client, config::table_name()?, Keyring::empty()))
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("table", &self.table).field("keys", &self.keys).finish_non_exhaustive()
    }
}

/// 128 random bits in hexadecimal: the name of an enrolment, an attempt or an event.
fn random_id() -> Result<String, NoRandomness> {
    Ok(data_encoding::HEXLOWER.encode(&random::bytes::<16>()?))
}
