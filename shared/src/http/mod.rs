//! The only place that knows `lambda_http`: the caller from the claims, the body's fields, answers, and errors as
//! problem documents. [`serve`] is what every function's `main` ends in.

mod answer;
mod body;
mod call;
mod caller;
mod log;
mod metrics;
mod problem;

pub use answer::Answer;
pub use body::{Fields, MAX_BODY_BYTES};
pub use call::Call;
pub use caller::Identity;
pub use log::Event;

use std::convert::Infallible;
use std::future::Future;

use lambda_http::{Body, Request, Response, service_fn};

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
/// # Errors
/// Lambda's Runtime API cannot be spoken to.
pub async fn serve<Handler, Outcome>(service: Service, handler: Handler) -> Result<(), lambda_http::Error>
where
    Handler: Fn(Call) -> Outcome,
    Outcome: Future<Output = Result<Answer, Error>> + Send,
{
    let (service, handler) = (&service, &handler);
    lambda_http::run(service_fn(move |request: Request| {
        let mut logged = log::Request::new(service, &request);
        let call = Call::from_request(request, &service.identity);
        logged.caller = call.as_ref().ok().map(|call| call.caller.clone());
        let outcome = call.map(handler);
        async move {
            let outcome = match outcome {
                Ok(outcome) => outcome.await,
                Err(error) => Err(error),
            };
            logged.write(&outcome);
            Ok::<Response<Body>, Infallible>(match outcome {
                Ok(answer) => answer.into_response(),
                Err(error) => problem::response(&error, &logged.id),
            })
        }
    }))
    .await
}
