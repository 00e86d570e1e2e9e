//! What the functions share.
//!
//! # One request's journey
//!
//! API Gateway checks the token and sends an event → [`http::serve`] takes the caller from the claims → the function's
//! handler (`functions/*/src/main.rs`) reads the body's fields → the pure rules decide → one or two calls of [`store`]
//! write the fact → an [`http::Response`], or an [`error::Error`] that becomes a problem document in one place.
//!
//! # What lives where
//!
//! | pure rules: take the time, do no I/O | |
//! | --- | --- |
//! | [`identity`] | who calls, and whom they may edit |
//! | [`authenticator`] | what is enrolled, whether a code is right, and how often one may guess |
//! | [`phone`] | phone numbers, and the countries that they are in |
//! | [`sms`] | the message's text in the user's language, how often one may be sent, and the sender over SNS |
//! | [`qr`] | the QR code: the key URI, its modules, its pixels |
//! | [`text`] | characters that people do not see |
//! | [`sealing`] | what keeps secrets, numbers and codes unreadable at rest |
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
//! | [`http`] | the only place that knows Lambda's events: caller, body, answers, problems, log, metrics |
//! | [`aws`] | how the clients are built |
//! | [`random`] | bytes of the operating system's generator, which the rules take as an argument |
//! | [`config`] | what the functions read from the environment, once, in init |

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
