//! One JSON line a request: what was asked, by whom, and what came of it. Never a secret, code, token, body or phone
//! number: nothing of the request but its IDs gets here.

use std::time::SystemTime;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use lambda_http::LambdaEvent;
use serde::Serialize;

use super::gateway;
use super::metrics::Metrics;
use super::{Response, Service, problem};
use crate::error::Error;
use crate::identity::user::User;

/// An event of the audit log (NIST SP 800-63B-4 §4.1, OWASP ASVS 5.0 §16.3). The names are fixed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditEvent {
    /// An authenticator was enrolled, not yet verified.
    Enrolled,
    /// The user disabled two-factor.
    Disabled,
    /// A right code was accepted.
    Verified,
    /// A recovery code was accepted.
    RecoveryCodeUsed,
    /// A new set of recovery codes was made.
    RecoveryCodesCreated,
    /// A code was sent by SMS.
    CodeSent,
    /// The settings of the subject were reset by the actor.
    Reset {
        /// Whose settings.
        subject: User,
    },
    /// An attempt or a send was refused because of those before it.
    Throttled,
}

impl AuditEvent {
    fn name(&self) -> &'static str {
        match self {
            Self::Enrolled => "enrolled",
            Self::Disabled => "disabled",
            Self::Verified => "verified",
            Self::RecoveryCodeUsed => "recovery_code_used",
            Self::RecoveryCodesCreated => "recovery_codes_created",
            Self::CodeSent => "code_sent",
            Self::Reset { .. } => "reset",
            Self::Throttled => "throttled",
        }
    }
}

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
    actor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// What went wrong inside, which the caller is not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(flatten)]
    metrics: Metrics,
}

impl RequestLog {
    pub(super) fn new(service: &Service, event: &LambdaEvent<gateway::Event>) -> Self {
        let lambda_id = event.context.request_id.clone();
        let gateway_id = event.payload.request_context.request_id.clone();
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
                let problem = problem::problem(error);
                (problem.status, problem.name)
            }
        };
        let event = match outcome {
            Ok(response) => response.audit_event.as_ref(),
            Err(Error::TooManyAttempts(_) | Error::TooManySends(_)) => Some(&AuditEvent::Throttled),
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
            actor: self.caller.as_ref().map(User::to_string),
            subject: match event {
                Some(AuditEvent::Reset { subject }) => Some(subject.to_string()),
                _ => None,
            },
            reason: outcome.as_ref().err().and_then(Error::inside),
            metrics: Metrics::of(outcome, self.metrics_service.as_deref(), now.secs().unsigned_abs()),
        };
        // Lambda takes lines from standard output to CloudWatch Logs; a line that cannot be written has nowhere to go.
        println!("{}", serde_json::to_string(&line).unwrap_or_default());
    }
}
