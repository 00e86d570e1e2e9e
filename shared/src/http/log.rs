//! One JSON line per request: what was requested, by whom, and with what outcome. It never contains a secret, code,
//! token, body or phone number: of the request, only its IDs are logged.

use std::time::SystemTime;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use lambda_runtime::LambdaEvent;
use serde::Serialize;

use super::audit::AuditEvent;
use super::gateway::Event;
use super::metrics::Metrics;
use super::{Response, problem};
use crate::config::Service;
use crate::error::Error;
use crate::identity::user::User;

/// What is known about a request before it is handled.
pub(super) struct RequestLog {
    function: &'static str,
    metrics_service: Option<String>,
    /// The gateway's request ID. The caller has it too, in every problem document.
    pub(super) id: String,
    lambda_id: String,
    pub(super) caller: Option<User>,
}

#[derive(Serialize)]
struct Line<'a> {
    /// RFC 3339. Lambda's JSON log format requires it and `level`.
    timestamp: String,
    level: &'static str,
    function: &'static str,
    request_id: &'a str,
    lambda_request_id: &'a str,
    status: u16,
    /// `ok`, or the name of the problem.
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
    /// The tenant of actor and subject, if there are tenants. A separate member, because an ID may contain any
    /// separator.
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<&'a str>,
    /// What went wrong internally, which the caller is not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(flatten)]
    metrics: Metrics,
}

impl RequestLog {
    pub(super) fn new(service: &Service, event: &LambdaEvent<Event>) -> Self {
        let lambda_id = event.context.request_id.clone();
        let gateway_id = event.payload.request.request_context.request_id.clone();
        Self {
            function: service.function,
            metrics_service: service.metrics.clone(),
            id: gateway_id.unwrap_or_else(|| lambda_id.clone()),
            lambda_id,
            caller: None,
        }
    }

    pub(super) fn write(&self, outcome: &Result<Response, Error>) {
        let now = DateTime::from(SystemTime::now());
        let (status, name) = match outcome {
            Ok(response) => (response.status(), "ok"),
            Err(error) => {
                let problem = problem::problem_type(error);
                (problem.status, problem.name)
            }
        };
        let event = match outcome {
            Ok(response) => response.audit_event.as_ref(),
            Err(Error::TooManyAttempts(_) | Error::TooManySends(_) | Error::TooManyChanges(_)) => {
                Some(&AuditEvent::Throttled)
            }
            Err(_) => None,
        };
        let line = Line {
            timestamp: now.fmt(Format::DateTime).unwrap_or_default(),
            level: if status.is_server_error() { "ERROR" } else { "INFO" },
            function: self.function,
            request_id: &self.id,
            lambda_request_id: &self.lambda_id,
            status: status.as_u16(),
            outcome: name,
            event: event.map(AuditEvent::name),
            actor: self.caller.as_ref().map(|caller| caller.id.as_str()),
            subject: event.and_then(AuditEvent::subject).map(|subject| subject.id.as_str()),
            tenant: self.caller.as_ref().map(|caller| caller.tenant.as_str()).filter(|tenant| !tenant.is_empty()),
            reason: outcome.as_ref().err().and_then(Error::inside),
            metrics: Metrics::of(outcome, self.metrics_service.as_deref(), now.secs().unsigned_abs()),
        };
        // Lambda sends standard output to CloudWatch Logs. If a line cannot be written, there is nowhere to report
        // that.
        println!("{}", serde_json::to_string(&line).unwrap_or_default());
    }
}
