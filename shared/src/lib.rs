//! What the functions share.
//!
//! # One request's journey
//!
//! API Gateway checks the token and sends an event → [`http::serve`] takes the caller from the claims → the function's
//! handler (`functions/*/src/main.rs`) reads the body's fields → the pure rules decide → one or two calls of [`store`]
//! write the fact → an [`http::Answer`], or an [`error::Error`] that becomes a problem document in one place.
//!
//! # What lives where
//!
//! | pure rules: take `now`, do no I/O | |
//! | --- | --- |
//! | [`authenticator`] | what a user has enrolled |
//! | [`secret`], [`code`], [`phone`], [`countries`], [`user`] | the values, each checked when it is made |
//! | [`totp`], [`challenge`], [`recovery`] | whether a code is right: from an app, from an SMS, from the drawer |
//! | [`throttle`], [`send_limit`] | how often one may try, and send |
//! | [`permission`] | who may edit whom |
//! | [`provisioning`], [`symbol`], [`picture`] | the QR code: what it says, its modules, its pixels |
//! | [`sms`] | the message's text, in the user's language |
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
//! | [`sns`] | the only place that knows SNS |
//! | [`http`] | the only place that knows `lambda_http` |
//! | [`aws`] | how the clients are built |
//! | [`config`] | the only place that reads the environment |

pub mod authenticator;
pub mod aws;
pub mod challenge;
pub mod code;
pub mod config;
pub mod countries;
pub mod error;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod http;
pub mod permission;
pub mod phone;
pub mod picture;
pub mod provisioning;
pub mod recovery;
pub mod sealing;
pub mod secret;
pub mod send_limit;
pub mod sms;
pub mod sns;
pub mod store;
pub mod symbol;
pub mod throttle;
pub mod totp;
pub mod user;
pub mod verification;
