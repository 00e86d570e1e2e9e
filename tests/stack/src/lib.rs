//! The whole API on one machine. `cargo run` starts it, and the test suites run against it.
//!
//! `template.yaml` is read as AWS would read it (`template`), the functions are built (`build`), and a [`Stack`] is
//! started from both. A request then goes through these modules:
//!
//! 1. `gateway` answers preflights (`cors`), finds the route (`routes`) and checks the token (`jwt`, `key_set`).
//! 2. `event` turns the request into an event as API Gateway does, with the caller's `claims` as strings.
//! 3. `lambda` passes the event to a process running the function's binary, over a Runtime API.
//! 4. The function uses `dynamodb` and `sns` as it would on AWS.
//! 5. `response` turns the function's answer into an HTTP response.
//!
//! It runs on Unix only, because it relies on process groups and signals.
//!
//! Besides the API, the stack has an identity provider (`identity`), the event bus (`events`), helpers under `/local/`
//! (`local`) and pages for a browser (`pages`), starting with the console at `/`.

mod build;
mod claims;
mod console;
mod cors;
mod dynamodb;
mod error;
mod event;
mod events;
mod gateway;
mod identity;
mod jwt;
mod key_set;
mod lambda;
mod local;
mod openapi;
mod options;
mod pages;
mod process;
mod response;
mod routes;
mod sam;
mod secrets;
mod shutdown;
mod sns;
mod stack;
mod template;

pub use console::{LogLine, Output};
pub use error::StartError;
pub use local::Info;
pub use openapi::openapi;
pub use options::Options;
pub use sns::Message;
pub use stack::{Build, Stack};
