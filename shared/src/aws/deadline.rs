//! How long a call to AWS may take: it must leave time to respond before Lambda ends the request.
//!
//! Lambda says with each event when it ends the function (`Lambda-Runtime-Deadline-Ms`, by the wall clock). Every
//! limit follows from that and the current time, even after a freeze, whatever the function's timeout is.

use std::future::Future;
use std::time::{Duration, SystemTime};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::timeout::TimeoutConfig;

/// The longest call, and the longest attempt of one: AWS responds in milliseconds, and the user waits.
const OPERATION: Duration = Duration::from_millis(2500);
const ATTEMPT: Duration = Duration::from_millis(1500);

/// The time reserved for writing the response.
const MARGIN: Duration = Duration::from_millis(200);

tokio::task_local! {
    /// When Lambda ends the current request.
    static DEADLINE: SystemTime;
}

/// Handles a request that Lambda ends at `deadline`: its calls to AWS end early enough to respond before then.
pub(crate) async fn within<Handled: Future>(deadline: SystemTime, handled: Handled) -> Handled::Output {
    DEADLINE.scope(deadline, handled).await
}

/// Sets the limits of each call when it begins.
#[derive(Debug)]
pub(super) struct TimeLimits;

#[dyn_dispatch_hint]
impl Intercept for TimeLimits {
    fn name(&self) -> &'static str {
        "TimeLimits"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // Outside a request, in init, only init waits for the call.
        let left = DEADLINE.try_with(|deadline| deadline.duration_since(SystemTime::now()).unwrap_or_default());
        let (operation, attempt) = left.map_or((OPERATION, ATTEMPT), limits);
        let limits = TimeoutConfig::builder().operation_timeout(operation).operation_attempt_timeout(attempt);
        config.interceptor_state().store_put(limits.build());
        Ok(())
    }
}

/// The limits of a call and of each attempt, with this much time left until the deadline. A call gets half of the
/// time, so that some is left to undo what it leaves behind. An attempt gets most of the call's time, but leaves room
/// for another one.
fn limits(left: Duration) -> (Duration, Duration) {
    let operation = OPERATION.min(left.saturating_sub(MARGIN) / 2);
    (operation, ATTEMPT.min(operation * 3 / 5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_one_after_the_other_never_reach_the_deadline() {
        for timeout in [1, 3, 10, 15, 900].map(Duration::from_secs) {
            let mut left = timeout;
            for _ in 0..10 {
                let (operation, attempt) = limits(left);
                assert!(attempt <= operation && operation <= OPERATION && attempt <= ATTEMPT);
                left -= operation;
                assert!(left >= MARGIN, "{left:?} of {timeout:?}");
            }
        }
    }

    #[test]
    fn with_time_enough_the_limits_are_the_longest() {
        assert_eq!(limits(Duration::from_secs(10)), (OPERATION, ATTEMPT));
        assert_eq!(limits(Duration::from_secs(3)), (Duration::from_millis(1400), Duration::from_millis(840)));
        assert_eq!(limits(Duration::from_millis(100)), (Duration::ZERO, Duration::ZERO));
    }
}
