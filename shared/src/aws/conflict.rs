//! Conflicts between simultaneous writes. DynamoDB refuses one of them and writes nothing for it; the SDK does not
//! retry by itself. <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html>,
//! "Transaction conflict handling in DynamoDB".

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};

/// The transient reasons for which DynamoDB cancels a transaction.
const PASSING: [&str; 3] = ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];

/// Makes the SDK retry a write that was refused because it conflicts with another one or because the table is busy.
/// That is always safe: nothing was written.
#[derive(Debug)]
pub(super) struct Conflict;

impl ClassifyRetry for Conflict {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(Err(error)) = context.output_or_error() else { return RetryAction::NoActionIndicated };
        let Some(error) = OrchestratorError::as_operation_error(error) else { return RetryAction::NoActionIndicated };
        let update = error.downcast_ref::<UpdateItemError>();
        let transaction = error.downcast_ref::<TransactWriteItemsError>();
        if update.is_some_and(UpdateItemError::is_transaction_conflict_exception) || transaction.is_some_and(is_passing)
        {
            RetryAction::transient_error()
        } else {
            RetryAction::NoActionIndicated
        }
    }

    fn name(&self) -> &'static str {
        "Conflict"
    }
}

fn is_passing(error: &TransactWriteItemsError) -> bool {
    let TransactWriteItemsError::TransactionCanceledException(canceled) = error else { return false };
    canceled.cancellation_reasons().iter().filter_map(|reason| reason.code()).any(|code| PASSING.contains(&code))
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::CancellationReason;
    use aws_sdk_dynamodb::types::error::{TransactionCanceledException, TransactionConflictException};
    use aws_smithy_runtime_api::client::interceptors::context::{Error, Input};

    use super::*;

    fn action(error: impl std::error::Error + Send + Sync + 'static) -> RetryAction {
        let mut context = InterceptorContext::new(Input::doesnt_matter());
        context.set_output_or_error(Err(OrchestratorError::operation(Error::erase(error))));
        Conflict.classify_retry(&context)
    }

    fn canceled(codes: &[&str]) -> TransactWriteItemsError {
        let reasons = codes.iter().map(|code| CancellationReason::builder().code(*code).build()).collect();
        let error = TransactionCanceledException::builder().set_cancellation_reasons(Some(reasons)).build();
        TransactWriteItemsError::TransactionCanceledException(error)
    }

    #[test]
    fn a_transaction_that_met_another_one_is_tried_again() {
        for reason in PASSING {
            for codes in [vec!["None", reason], vec![reason, reason], vec!["ConditionalCheckFailed", reason]] {
                assert_eq!(action(canceled(&codes)), RetryAction::transient_error(), "{codes:?}");
            }
        }
    }

    #[test]
    fn what_ends_the_same_is_not_tried_again() {
        for codes in [
            vec![],
            vec!["None", "ConditionalCheckFailed"],
            vec!["ValidationError"],
            vec!["ItemCollectionSizeLimitExceeded"],
        ] {
            assert_eq!(action(canceled(&codes)), RetryAction::NoActionIndicated, "{codes:?}");
        }
        assert_eq!(action(std::io::Error::other("another")), RetryAction::NoActionIndicated);
    }

    #[test]
    fn a_single_write_that_met_a_transaction_is_tried_again() {
        let error = TransactionConflictException::builder().build();
        assert_eq!(action(UpdateItemError::TransactionConflictException(error)), RetryAction::transient_error());
    }
}
