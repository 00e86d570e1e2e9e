//! The response to a successful request.

use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

use super::audit::AuditEvent;
use super::gateway;
use crate::error::Error;

/// How many recovery codes are left, in the response to a request that used one.
const RECOVERY_CODES_LEFT: HeaderName = HeaderName::from_static("recovery-codes-left");

/// 200 with a JSON document, or 204 without one; and the event for the audit log.
#[derive(Debug)]
pub struct Response {
    json: Option<String>,
    recovery_codes_left: Option<usize>,
    pub(super) audit_event: Option<AuditEvent>,
}

impl Response {
    /// 200 and `{"data": …}`.
    ///
    /// # Errors
    /// `data` cannot be written as JSON: a bug.
    pub fn data<T: Serialize>(data: &T) -> Result<Self, Error> {
        #[derive(Serialize)]
        struct Document<'a, T> {
            data: &'a T,
        }
        let json =
            serde_json::to_string(&Document { data }).map_err(|_| Error::Internal("answer has no JSON form".into()))?;
        Ok(Self { json: Some(json), recovery_codes_left: None, audit_event: None })
    }

    /// 204.
    pub fn no_content() -> Self {
        Self { json: None, recovery_codes_left: None, audit_event: None }
    }

    /// The same response, with the header `Recovery-Codes-Left` if a recovery code was used.
    pub fn with_recovery_codes_left(self, left: Option<usize>) -> Self {
        Self { recovery_codes_left: left, ..self }
    }

    /// The same response, with an event for the audit log.
    pub fn with_audit_event(self, event: AuditEvent) -> Self {
        Self { audit_event: Some(event), ..self }
    }

    pub(super) fn status(&self) -> StatusCode {
        if self.json.is_some() { StatusCode::OK } else { StatusCode::NO_CONTENT }
    }

    pub(super) fn into_event_response(self) -> ApiGatewayV2httpResponse {
        let left = self.recovery_codes_left;
        let mut response = gateway::response(self.status(), "application/json", self.json);
        if let Some(left) = left {
            response.headers.insert(RECOVERY_CODES_LEFT, HeaderValue::from(left));
        }
        response
    }
}
