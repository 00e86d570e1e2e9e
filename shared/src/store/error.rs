//! What can go wrong between the functions and DynamoDB, told apart by what the caller can do about it.

use std::fmt;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::sealing::CannotOpen;

/// An error of the store. Its text is for the log: it names what failed and never a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// DynamoDB is slow, throttling, failing or busy with the same item: trying again later helps.
    Unavailable(String),
    /// Trying again does not help: a bug, a wrong setting, or an item that cannot be read.
    Broken(String),
}

/// Errors that say the request or the set-up is wrong, not that the service is in trouble.
const NOT_A_FAULT: [&str; 5] = [
    "AccessDeniedException",
    "ResourceNotFoundException",
    "SerializationException",
    "UnrecognizedClientException",
    "ValidationException",
];

impl StoreError {
    /// Sorts an error of the SDK that no condition explains.
    pub(super) fn from_sdk<E: ProvideErrorMetadata>(operation: &str, error: &SdkError<E>) -> Self {
        match error {
            SdkError::ServiceError(service) => match service.err().code() {
                Some(code) if NOT_A_FAULT.contains(&code) => Self::Broken(format!("{operation}: {code}")),
                code => Self::Unavailable(format!("{operation}: {}", code.unwrap_or("unnamed error"))),
            },
            SdkError::TimeoutError(_) => Self::Unavailable(format!("{operation}: timed out")),
            SdkError::DispatchFailure(_) => Self::Unavailable(format!("{operation}: no connection")),
            SdkError::ResponseError(_) => Self::Unavailable(format!("{operation}: unreadable answer")),
            _ => Self::Broken(format!("{operation}: request could not be built")),
        }
    }

    /// An item that this version of the program cannot read.
    pub(super) fn unreadable(attribute: &str) -> Self {
        Self::Broken(format!("stored attribute {attribute} is missing or not readable"))
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable(text) | Self::Broken(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for StoreError {}

impl From<ring::error::Unspecified> for StoreError {
    fn from(_: ring::error::Unspecified) -> Self {
        Self::Broken("cryptography failed: no randomness".to_owned())
    }
}

impl From<CannotOpen> for StoreError {
    fn from(_: CannotOpen) -> Self {
        Self::Broken("a sealed attribute does not open: altered, moved, or its key is gone".to_owned())
    }
}
