//! Errors between the functions and DynamoDB, distinguished by whether a retry helps.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::error::Error;
use crate::random::NoRandomness;
use crate::sealing::{CannotOpen, CannotSeal};

/// A store error. Its text is for the log: it names what failed, and never a value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// DynamoDB is slow, throttling, failing or busy with the same item. A later retry helps.
    #[error("{0}")]
    Unavailable(String),
    /// A retry does not help: a bug, a wrong setting, or an item that cannot be read.
    #[error("{0}")]
    Broken(String),
}

/// Errors that mean that the request or the setup is wrong, not that the service is in trouble.
const NOT_A_FAULT: [&str; 5] = [
    "AccessDeniedException",
    "ResourceNotFoundException",
    "SerializationException",
    "UnrecognizedClientException",
    "ValidationException",
];

impl StoreError {
    /// Classifies an SDK error that is not a refusal by a condition.
    pub(super) fn from_sdk<E: ProvideErrorMetadata>(operation: &str, error: &SdkError<E>) -> Self {
        match error {
            SdkError::ServiceError(service) => match service.err().code() {
                Some(code) if NOT_A_FAULT.contains(&code) => Self::Broken(format!("{operation}: {code}")),
                code => Self::Unavailable(format!("{operation}: {}", code.unwrap_or("unnamed error"))),
            },
            SdkError::TimeoutError(_) => Self::Unavailable(format!("{operation}: timed out")),
            SdkError::DispatchFailure(_) => Self::Unavailable(format!("{operation}: no connection")),
            SdkError::ResponseError(_) => Self::Unavailable(format!("{operation}: unreadable response")),
            _ => Self::Broken(format!("{operation}: request could not be built")),
        }
    }

    /// An item that this version of the program cannot read.
    pub(super) fn unreadable(attribute: &str) -> Self {
        Self::Broken(format!("stored attribute {attribute} is missing or not readable"))
    }

    /// This fault, extended by the failure to release `what`.
    pub(crate) fn and_not_released(self, what: &str, error: &Self) -> Self {
        Self::Unavailable(format!("{self}; {what} not given back: {error}"))
    }
}

impl From<NoRandomness> for StoreError {
    fn from(error: NoRandomness) -> Self {
        Self::Broken(error.to_string())
    }
}

impl From<CannotSeal> for StoreError {
    fn from(error: CannotSeal) -> Self {
        Self::Broken(error.to_string())
    }
}

impl From<CannotOpen> for StoreError {
    fn from(error: CannotOpen) -> Self {
        Self::Broken(error.to_string())
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(text) => Self::Unavailable(text.into()),
            StoreError::Broken(text) => Self::Internal(text.into()),
        }
    }
}
