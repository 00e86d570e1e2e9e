//! Business metrics, as members of the request's log line from which CloudWatch reads numbers (embedded metric
//! format): no call, no agent. At most one metric per request, in one dimension, because every combination costs
//! money.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Response;
use super::audit::AuditEvent;
use crate::error::Error;

const NAMESPACE: &str = "TwoFactor";

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Metric {
    /// SMS that cost money, or may have.
    CodesSent,
    CodesAccepted,
    CodesRefused,
    /// Sends refused because the hour's budget is spent.
    SmsBudgetSpent,
    Throttled,
    Resets,
}

/// The members to add to the line; none if nothing is counted.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub(super) struct Metrics(Map<String, Value>);

impl Metrics {
    /// The metric of `outcome`, for the service named `service`, at `now` (seconds since 1970).
    pub(super) fn of(outcome: &Result<Response, Error>, service: Option<&str>, now: u64) -> Self {
        let (Some(service), Some(metric)) = (service, metric(outcome)) else { return Self::default() };
        let name = format!("{metric:?}");
        let directive = json!({
            "Timestamp": now * 1000,
            "CloudWatchMetrics": [{
                "Namespace": NAMESPACE,
                "Dimensions": [["Service"]],
                "Metrics": [{ "Name": name, "Unit": "Count" }],
            }],
        });
        let members = [("Service".to_owned(), json!(service)), (name, json!(1)), ("_aws".to_owned(), directive)];
        Self(members.into_iter().collect())
    }
}

fn metric(outcome: &Result<Response, Error>) -> Option<Metric> {
    match outcome {
        Ok(response) => match response.audit_event.as_ref()? {
            AuditEvent::CodeSent => Some(Metric::CodesSent),
            AuditEvent::Verified | AuditEvent::RecoveryCodeUsed => Some(Metric::CodesAccepted),
            AuditEvent::Reset { .. } => Some(Metric::Resets),
            AuditEvent::Enrolled
            | AuditEvent::Disabled
            | AuditEvent::RecoveryCodesCreated
            | AuditEvent::Viewed { .. }
            | AuditEvent::Throttled => None,
        },
        Err(Error::SmsOutcomeUnknown(_)) => Some(Metric::CodesSent),
        Err(Error::InvalidCode) => Some(Metric::CodesRefused),
        Err(Error::SmsBudgetSpent(_)) => Some(Metric::SmsBudgetSpent),
        Err(Error::TooManyAttempts(_) | Error::TooManySends(_) | Error::TooManyChanges(_)) => Some(Metric::Throttled),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(outcome: &Result<Response, Error>) -> Value {
        serde_json::to_value(Metrics::of(outcome, Some("two-factor"), 1_700_000_000)).unwrap()
    }

    #[test]
    fn a_sent_code_is_one_metric_in_the_embedded_format() {
        assert_eq!(
            of(&Ok(Response::no_content().with_audit_event(AuditEvent::CodeSent))),
            json!({
                "Service": "two-factor",
                "CodesSent": 1,
                "_aws": {
                    "Timestamp": 1_700_000_000_000_u64,
                    "CloudWatchMetrics": [{
                        "Namespace": "TwoFactor",
                        "Dimensions": [["Service"]],
                        "Metrics": [{ "Name": "CodesSent", "Unit": "Count" }]
                    }]
                }
            })
        );
    }

    #[test]
    fn each_outcome_counts_for_what_it_is() {
        for (outcome, name) in [
            (Ok(Response::no_content().with_audit_event(AuditEvent::Verified)), Some("CodesAccepted")),
            (Ok(Response::no_content().with_audit_event(AuditEvent::Enrolled)), None),
            (Ok(Response::no_content()), None),
            (Err(Error::SmsOutcomeUnknown("".into())), Some("CodesSent")),
            (Err(Error::Unavailable("".into())), None),
            (Err(Error::InvalidCode), Some("CodesRefused")),
            (Err(Error::InvalidFields(vec![])), None),
            (Err(Error::TooManyAttempts(60)), Some("Throttled")),
            (Err(Error::TooManySends(30)), Some("Throttled")),
            (Err(Error::TooManyChanges(60)), Some("Throttled")),
            (Err(Error::SmsBudgetSpent(60)), Some("SmsBudgetSpent")),
        ] {
            let members = of(&outcome);
            match name {
                Some(name) => assert_eq!(members[name], 1, "{outcome:?}"),
                None => assert_eq!(members, json!({}), "{outcome:?}"),
            }
        }
    }

    #[test]
    fn without_a_service_name_nothing_is_counted() {
        assert_eq!(Metrics::of(&Err(Error::InvalidCode), None, 0), Metrics::default());
    }
}
