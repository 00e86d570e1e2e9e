//! One JSON line a request: what was asked, by whom, and what came of it. Never a secret, code, token, body or phone
//! number: nothing of the request but its IDs gets here.

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

/// What is known of a request before it is handled.
pub(super) struct RequestLog {
    function: &'static str,
    metrics_service: Option<String>,
    /// The gateway's ID of the request: the caller has it too, in every problem document.
    pub(super) id: String,
    lambda_id: String,
    pub(super) caller: Option<User>,
}

#[derive(Serialize)]
struct Line<'a> {
    /// RFC 3339; with `level` what Lambda's JSON log format asks of a line.
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
    /// Of actor and subject, where there are tenants: a member of its own, since an ID may hold any separator.
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<&'a str>,
    /// What went wrong inside, which the caller is not told.
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
        // Lambda takes lines from standard output to CloudWatch Logs; a line that cannot be written has nowhere to go.
        println!("{}", serde_json::to_string(&line).unwrap_or_default());
    }
}
