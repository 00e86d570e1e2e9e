//! The only place that knows DynamoDB: keys, items, and one conditional write for each fact.
//!
//! No fact is read first and written later: the condition of the write is what closes the race, and each method's doc
//! comment names the race it closes. `now` is always seconds since 1970, given by the caller.
//!
//! | item | key | holds |
//! | --- | --- | --- |
//! | user | `USER#tenant#id` | enrolment, SMS code, recovery codes, attempts, sends, and the event of the last write |
//! | number | `NUMBER#tenant#keyed hash` | the sends to one phone number |

mod acceptance;
mod attempts;
mod change;
mod error;
mod item;
mod keys;
mod outbox;
mod recovery;
mod sends;
mod settings;

pub use acceptance::{Acceptance, Effect};
pub use attempts::{Attempt, Reserved};
pub use error::StoreError;
pub use item::UserItem;
pub use keys::{number_key, user_key};
pub use recovery::NewCodes;
pub use sends::{SendReservation, SendSlot};
pub use settings::{NewSettings, ResetBy};

use aws_sdk_dynamodb::Client;
use ring::rand::{SecureRandom, SystemRandom};

/// The table of users and numbers.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: String,
}

impl Store {
    /// The store over `table`, through a client that was built once, in init.
    pub fn new(client: Client, table: String) -> Self {
        Self { client, table }
    }
}

/// 128 random bits in hexadecimal: the name of an enrolment or an attempt.
fn random_id() -> Result<String, StoreError> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes)?;
    Ok(data_encoding::HEXLOWER.encode(&bytes))
}
