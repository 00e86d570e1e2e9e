//! Code shared by the functions.
//!
//! # One request's journey
//!
//! API Gateway checks the token and sends an event → [`http::serve`] takes the caller from the claims → the function's
//! handler (`functions/*/src/main.rs`) reads the body's fields → the pure rules decide → one or two calls to [`store`]
//! write the result → an [`http::Response`], or an [`error::Error`] that becomes a problem document in one place.
//!
//! # What lives where
//!
//! | pure rules: take the time, do no I/O | |
//! | --- | --- |
//! | [`identity`] | the caller, and whom the caller may edit |
//! | [`authenticator`] | what is enrolled, whether a code is right, and how often one may guess |
//! | [`phone`] | phone numbers and their countries |
//! | [`sms`] | the message's text in the user's language, how often one may be sent, and the sender over SNS |
//! | [`qr`] | the QR code: the key URI, its modules, its pixels |
//! | [`text`] | invisible characters |
//! | [`sealing`] | encryption and hashing, so that secrets, numbers and codes are unreadable at rest |
//!
//! | in between | |
//! | --- | --- |
//! | [`verification`] | trying a code: count, compare, accept, give back |
//! | [`error`] | everything that can go wrong with a request |
//!
//! | the outside | |
//! | --- | --- |
//! | [`store`] | the only place that knows DynamoDB |
//! | [`operation`] | the events of functions without a route, which an operator invokes |
//! | [`http`] | the only place that knows the gateway's events: caller, body, responses, problems, log, metrics |
//! | [`aws`] | how the clients are built |
//! | [`random`] | random bytes from the operating system |
//! | [`config`] | the settings that the functions read from the environment, once, in init |

pub mod authenticator;
pub mod aws;
pub mod config;
pub mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod http;
pub mod identity;
pub mod operation;
pub mod phone;
pub mod qr;
pub mod random;
pub mod sealing;
pub mod sms;
pub mod store;
pub mod text;
pub mod time;
pub mod verification;
