//! What the suites share: one running stack, users with tokens, and access to the table.

mod client;
mod directory;
mod enrolled;
mod issuer;
mod operator;
mod process;
mod proxied;
mod proxy;
mod raw;
mod relay;
mod routes;
mod stack;
mod table;

pub use client::{Answer, User};
pub use directory::Directory;
pub use enrolled::{
    SECRET, code_at, code_now, enrol_app, enrol_phone, last_code, new_recovery_codes, nothing_set, phone_number,
    recovery_codes, wrong_code,
};
pub use issuer::{DIGEST_INFO, Issuer, issuer};
pub use operator::{keyring, with_keys};
pub use process::{children_of, is_alive, is_stopped, kill};
pub use proxied::Proxied;
pub use proxy::{Fault, Proxy};
pub use raw::Raw;
pub use relay::{Loss, Relay};
pub use routes::{ROUTES, Route};
pub use stack::{Fixture, command_file, own_stack, stack, stack_with};
pub use table::{Item, Table, number, user_key_of};

use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}
