//! The API through its front door: HTTP against the real binaries over the real DynamoDB engine. The name of each test
//! is the sentence it proves. Tests check the stored effect too.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test fails by panicking, and nothing outside uses this crate"
)]

mod support;

mod attacks_bodies;
mod attacks_claims;
mod attacks_codes;
mod attacks_enumeration;
mod attacks_paths;
mod attacks_signatures;
mod attacks_smuggling;
mod attacks_tokens;
mod bodies;
mod change_limits;
mod command;
mod console;
mod documentation;
mod events;
mod faults;
mod faults_everywhere;
mod freeze;
mod gateway;
mod generate_secret;
mod get_settings;
mod hardened;
mod helpdesk;
mod histories;
mod histories_model;
mod import;
mod import_tool;
mod lifecycle;
mod openapi;
mod phone_numbers;
mod qr_code;
mod races;
mod raw_events;
mod recovery_codes;
mod reseal;
mod reset;
mod restore;
mod rotation;
mod round_trips;
mod sam;
mod secrecy;
mod secret_keys;
mod security;
mod send_limits;
mod send_verification;
mod sms_languages;
mod step_up;
mod store;
mod store_clocks;
mod tenants;
mod update_settings;
mod user_ids;
mod verify;
