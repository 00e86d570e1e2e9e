//! What a request that went well is answered with.

use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_http::http::StatusCode;
use serde::Serialize;

use super::audit::AuditEvent;
use super::gateway;
use crate::error::Error;

/// 200 with a JSON document, or 204 without one; and what the audit log should say of it.
#[derive(Debug)]
pub struct Response {
    json: Option<String>,
    pub(super) audit_event: Option<AuditEvent>,
}

impl Response {
    /// 200 and `{"data": …}`.
    ///
    /// # Errors
    /// `data` has no JSON form: a bug.
    pub fn data<T: Serialize>(data: &T) -> Result<Self, Error> {
        #[derive(Serialize)]
        struct Document<'a, T> {
            data: &'a T,
        }
        let json =
            serde_json::to_string(&Document { data }).map_err(|_| Error::Internal("answer has no JSON form".into()))?;
        Ok(Self { json: Some(json), audit_event: None })
    }

    /// 204.
    pub fn no_content() -> Self {
        Self { json: None, audit_event: None }
    }

    /// The same answer, with an event for the audit log.
    pub fn with_audit_event(self, event: AuditEvent) -> Self {
        Self { audit_event: Some(event), ..self }
    }

    pub(super) fn status(&self) -> StatusCode {
        if self.json.is_some() { StatusCode::OK } else { StatusCode::NO_CONTENT }
    }

    pub(super) fn into_event_response(self) -> ApiGatewayV2httpResponse {
        gateway::response(self.status(), "application/json", self.json)
    }
}
