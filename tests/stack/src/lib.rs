//! The whole API on one machine: what `cargo run` starts, and what the suites run against.
//!
//! `template.yaml` is read as AWS would read it (`template`), the functions are built (`build`) and a [`Stack`] is
//! started from both. A request then goes through these modules:
//!
//! 1. `gateway` finds its route (`routes`), checks its token (`jwt`, `key_set`) and answers preflights (`cors`).
//! 2. `event` writes it down as API Gateway does, the caller's `claims` as texts.
//! 3. `lambda` hands it to a process of the function's binary, over a Runtime API.
//! 4. The function talks to `dynamodb` and `sns` as it would on AWS.
//! 5. `response` turns its answer into HTTP.
//!
//! It runs on Unix only: process groups and signals have no counterpart elsewhere.
//!
//! Beside the API stand the identity provider (`identity`), the event bus (`events`) and the helpers under `/local/`
//! (`local`), and the pages for a browser (`pages`), of which the console at `/` is the first.

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
