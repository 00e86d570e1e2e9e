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

mod faults;
mod races;
mod round_trips;
mod secrecy;
mod store;
mod verify;
