//! The only place that knows the gateway's events: it takes the caller from the claims, reads the body's fields, and
//! writes responses, with errors as problem documents. The `main` of every function behind the API ends in [`serve`].

mod audit;
mod body;
mod gateway;
mod log;
mod metrics;
mod problem;
mod problem_types;
mod request;
mod response;
pub mod settings_fields;

pub use audit::AuditEvent;
pub use body::{Fields, MAX_BODY_BYTES};
#[cfg(fuzzing)]
pub(crate) use gateway::Event;
pub use request::Request;
pub use response::Response;

use std::convert::Infallible;
use std::future::Future;

use lambda_http::aws_lambda_events::apigw::ApiGatewayV2httpResponse;
use lambda_runtime::{LambdaEvent, service_fn};

use crate::aws::deadline::within;
use crate::config::Service;
use crate::error::Error;

/// Handles requests with `handler` until Lambda ends the process.
///
/// Each request is one log line, written when its outcome is known. No other place logs it, so a failure is logged
/// once.
///
/// This uses `lambda_runtime` directly: `lambda_http::run` would first build a URL from the event's host and path,
/// which nothing here needs, and panics if the host is invalid.
///
/// # Errors
/// Lambda's Runtime API cannot be reached.
pub async fn serve<Handler, Outcome>(service: Service, handler: Handler) -> Result<(), lambda_runtime::Error>
where
    Handler: Fn(Request) -> Outcome,
    Outcome: Future<Output = Result<Response, Error>> + Send,
{
    let (service, handler) = (&service, &handler);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<gateway::Event>| {
        let mut logged = log::RequestLog::new(service, &event);
        let deadline = event.context.deadline();
        let request = Request::from_event(event.payload, &service.caller_claims);
        logged.caller = request.as_ref().ok().map(|request| request.caller.clone());
        let outcome = request.map(handler);
        async move {
            let outcome = match outcome {
                Ok(outcome) => within(deadline, outcome).await,
                Err(error) => Err(error),
            };
            logged.write(&outcome);
            Ok::<ApiGatewayV2httpResponse, Infallible>(match outcome {
                Ok(response) => response.into_event_response(),
                Err(error) => problem::response(&error, &logged.id),
            })
        }
    }))
    .await
}
