//! The only place that knows `lambda_http`: the caller from the claims, the body's fields, answers, and errors as
//! problem documents. [`serve`] is what every function's `main` ends in.

mod answer;
mod body;
mod call;
mod caller;
mod gateway;
mod log;
mod metrics;
mod problem;

pub use answer::Answer;
pub use body::{Fields, MAX_BODY_BYTES};
pub use call::Call;
pub use caller::Identity;
#[cfg(fuzzing)]
pub(crate) use gateway::Request;
pub use log::Event;

use std::convert::Infallible;
use std::future::Future;

use lambda_http::{LambdaEvent, lambda_runtime, service_fn};

use crate::error::Error;

/// What every function is besides its handler.
#[derive(Debug, Clone)]
pub struct Service {
    /// Its name in the log.
    pub function: &'static str,
    /// Who its callers are.
    pub identity: Identity,
    /// The name its metrics carry, where there are metrics.
    pub metrics: Option<String>,
}

/// Answers requests with `handler` until Lambda ends the process.
///
/// Each request is one log line, written when its outcome is known: the only place that logs, so a failure is logged
/// once.
///
/// Events and answers have the gateway's own form. `lambda_http::run` would first make a URL of the event's host and path,
/// which nothing here needs, and panics on a host that is none.
///
/// # Errors
/// Lambda's Runtime API cannot be spoken to.
pub async fn serve<Handler, Outcome>(service: Service, handler: Handler) -> Result<(), lambda_http::Error>
where
    Handler: Fn(Call) -> Outcome,
    Outcome: Future<Output = Result<Answer, Error>> + Send,
{
    let (service, handler) = (&service, &handler);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<gateway::Request>| {
        let mut logged = log::Request::new(service, &event);
        let call = Call::from_event(event.payload, &service.identity);
        logged.caller = call.as_ref().ok().map(|call| call.caller.clone());
        let outcome = call.map(handler);
        async move {
            let outcome = match outcome {
                Ok(outcome) => outcome.await,
                Err(error) => Err(error),
            };
            logged.write(&outcome);
            Ok::<gateway::Response, Infallible>(match outcome {
                Ok(answer) => answer.into_response(),
                Err(error) => problem::response(&error, &logged.id),
            })
        }
    }))
    .await
}
