//! The API through its front door: HTTP against the real binaries over the real DynamoDB engine. Each test is named as
//! the sentence it proves, and looks at the stored effect too.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test fails by panicking, and nothing outside uses this crate"
)]

mod support;

mod bodies;
mod command;
mod documentation;
mod faults;
mod gateway;
mod generate_secret;
mod get_settings;
mod hardened;
mod lifecycle;
mod phone_numbers;
mod qr_code;
mod races;
mod reset;
mod round_trips;
mod sam;
mod secrecy;
mod secret_keys;
mod send_limits;
mod send_verification;
mod store;
mod tenants;
mod update_settings;
mod user_ids;
mod verify;
