//! Functions that an operator invokes, authorised by IAM alone: no route, no caller, no HTTP. The `main` of such a
//! function ends in [`serve`], which takes and returns plain JSON.

use std::borrow::Cow;
use std::future::Future;
use std::time::SystemTime;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::{Map, Value, json};

use crate::aws::deadline::within;
use crate::store::StoreError;

/// The outcome of a successful operation.
#[derive(Debug, Clone)]
pub struct Done {
    /// The response.
    pub answer: Value,
    /// Numbers for the log line.
    pub counts: Map<String, Value>,
}

/// Why an operation failed. The operator reads these texts, so none quotes the event, which may hold secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The function does not accept the event. Retrying does not help.
    #[error("the event {0}")]
    Event(Cow<'static, str>),
    /// DynamoDB is temporarily unavailable. Retrying helps.
    #[error("{0}")]
    Unavailable(String),
    /// A bug or a wrong setting.
    #[error("{0}")]
    Internal(String),
}

impl Failure {
    /// Its name, which a state machine's `Retry` matches.
    fn name(&self) -> &'static str {
        match self {
            Self::Event(_) => "InvalidEvent",
            Self::Unavailable(_) => "Unavailable",
            Self::Internal(_) => "Internal",
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(text) => Self::Unavailable(text),
            StoreError::Broken(text) => Self::Internal(text),
        }
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Self { error_type: failure.name().to_owned(), error_message: failure.to_string() }
    }
}

/// Runs operations with `handler` until Lambda ends the process. `handler` receives the event, which is always an
/// object, and the time at which Lambda ends the invocation. Each operation writes one log line.
///
/// # Errors
/// Lambda's Runtime API cannot be reached.
pub async fn serve<Handler, Outcome>(function: &'static str, handler: Handler) -> Result<(), lambda_runtime::Error>
where
    Handler: Fn(Value, SystemTime) -> Outcome,
    Outcome: Future<Output = Result<Done, Failure>> + Send,
{
    let handler = &handler;
    // The event is taken as plain JSON: the runtime's own message about one that does not fit a type could quote a
    // secret.
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let (id, deadline) = (event.context.request_id.clone(), event.context.deadline());
        // Only an object: serde would also read a structure from an array.
        let outcome = event.payload.is_object().then(|| handler(event.payload, deadline));
        async move {
            let outcome = match outcome {
                Some(outcome) => within(deadline, outcome).await,
                None => Err(Failure::Event("must be a JSON object".into())),
            };
            // Lambda forwards standard output to CloudWatch Logs.
            println!("{}", line(function, &id, &outcome));
            outcome.map(|done| done.answer)
        }
    }))
    .await
}

fn line(function: &str, id: &str, outcome: &Result<Done, Failure>) -> Value {
    let mut line = json!({
        "timestamp": DateTime::from(SystemTime::now()).fmt(Format::DateTime).unwrap_or_default(),
        "level": if outcome.is_ok() { "INFO" } else { "ERROR" },
        "function": function,
        "lambda_request_id": id,
        "outcome": outcome.as_ref().map_or_else(Failure::name, |_| "ok"),
    });
    match (outcome, &mut line) {
        (Ok(done), Value::Object(members)) => members.extend(done.counts.clone()),
        (Err(failure), Value::Object(members)) => {
            members.insert("reason".to_owned(), failure.to_string().into());
        }
        _ => {}
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_counts_or_the_reason() {
        let counts = json!({"imported": 2}).as_object().unwrap().clone();
        let done = line("import", "1", &Ok(Done { answer: json!({"secret": "hush"}), counts }));
        assert_eq!((&done["level"], &done["outcome"], &done["imported"]), (&json!("INFO"), &json!("ok"), &json!(2)));
        assert!(!done.to_string().contains("hush"));
        let failed = line("import", "1", &Err(Failure::Unavailable("Scan: timed out".to_owned())));
        assert_eq!((&failed["level"], &failed["outcome"]), (&json!("ERROR"), &json!("Unavailable")));
        assert_eq!(failed["reason"], "Scan: timed out");
    }
}
