//! The QR code that an authenticator app scans: the key URI it encodes, its modules, its pixels.

pub mod key_uri;
pub mod png;
pub mod symbol;
