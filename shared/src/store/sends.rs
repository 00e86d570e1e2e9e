//! Sending a code: one slot of the user's limits and of the number's, and the code's hash, in one transaction.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use super::item::{Item, attribute, n, s, sends, sends_value};
use super::outbox::NO_EVENT;
use super::{Store, StoreError, UserItem, number_key, user_key};
use crate::authenticator::Enrolment;
use crate::authenticator::challenge::{Binding, Challenge};
use crate::identity::user::User;
use crate::sealing::Keyring;
use crate::sms::limits::{DAY, NUMBER_LIMIT, SendLog, Stamp, USER_LIMITS};

/// What became of asking for a send.
#[derive(Debug)]
pub enum SendReservation {
    /// The send is counted and the code's hash stored: the SMS may go out.
    Reserved(Box<SendSlot>),
    /// Too soon, or too many.
    Wait {
        /// Seconds until the next send.
        seconds: u64,
    },
    /// The settings were replaced since they were read.
    Changed,
}

/// A counted send, and what to put back if nothing was sent.
#[derive(Debug)]
pub struct SendSlot {
    number_key: String,
    stamp: Stamp,
    code_hash: String,
    replaced: Option<Challenge>,
}

impl Store {
    /// Counts a send for the user and for the number, and stores the hash of its code, which replaces an earlier one.
    /// `read` is what [`Store::user`] has read, and `binding` names the user, enrolment and number in it.
    ///
    /// Closes the race of parallel sends: the user's item is written only if its sends and its enrolment are still those
    /// that were read, the number's only while its day has room, and neither without the other.
    ///
    /// # Errors
    /// DynamoDB cannot be reached, or an item cannot be read.
    pub async fn reserve_send(
        &self,
        binding: Binding<'_>,
        read: &UserItem,
        challenge: &Challenge,
        keys: &Keyring,
        now: u64,
    ) -> Result<SendReservation, StoreError> {
        if let Some(seconds) = read.sends.retry_after(USER_LIMITS, now) {
            return Ok(SendReservation::Wait { seconds });
        }
        let slot = SendSlot {
            number_key: number_key(&binding.user.tenant, binding.number, keys)?,
            stamp: Stamp::at(now)?,
            code_hash: challenge.code_hash.clone(),
            replaced: read.challenge.clone(),
        };
        let user_update = self.count_user_send(binding, read, challenge, slot.stamp)?;
        let number_update = self.count_number_send(&slot, now)?;
        let reasons = match self.transact(vec![user_update.clone(), number_update]).await? {
            Transaction::Done => return Ok(SendReservation::Reserved(Box::new(slot))),
            Transaction::Refused(reasons) => reasons,
            Transaction::Unknown(fault) => return Err(self.take_send_back(binding.user, &slot, fault).await),
        };
        if let Some(refused) = refused(&reasons, 0) {
            return user_refused(refused, binding.enrolment, now);
        }
        // The number's item is full, perhaps of sends that are over a day old: drop those and try once more.
        let Some(log) = refused(&reasons, 1).map(sends).transpose()? else {
            return Err(StoreError::Unavailable("TransactWriteItems: in conflict with another request".to_owned()));
        };
        if let Some(seconds) = log.retry_after(&[NUMBER_LIMIT], now) {
            return Ok(SendReservation::Wait { seconds });
        }
        let number_update = self.replace_number_sends(&slot, &log, now)?;
        match self.transact(vec![user_update, number_update]).await? {
            Transaction::Done => Ok(SendReservation::Reserved(Box::new(slot))),
            Transaction::Unknown(fault) => Err(self.take_send_back(binding.user, &slot, fault).await),
            Transaction::Refused(reasons) => match refused(&reasons, 0) {
                Some(refused) => user_refused(refused, binding.enrolment, now),
                None => Err(StoreError::Unavailable("TransactWriteItems: in conflict with another request".to_owned())),
            },
        }
    }

    /// Gives a send back that certainly sent nothing: both limits, and the code it had replaced.
    ///
    /// Closes the race with new settings, an attempt or a reset that came in between: the earlier code is put back only
    /// where this send's code still stands, and what was counted since stays counted.
    ///
    /// # Errors
    /// DynamoDB cannot be reached: the send stays counted.
    pub async fn release_send(&self, user: &User, slot: &SendSlot) -> Result<(), StoreError> {
        match self.release_with_code(user, slot).await? {
            Transaction::Done => return Ok(()),
            Transaction::Unknown(fault) => return Err(fault),
            Transaction::Refused(_) => {}
        }
        let sends_alone = self
            .send_update(&user_key(user), &format!("DELETE sends :stamp {NO_EVENT}"))
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":stamp", stamp_value(slot.stamp));
        match self.transact(vec![built(sends_alone)?, self.release_of_number(slot)?]).await? {
            Transaction::Done => Ok(()),
            Transaction::Unknown(fault) => Err(fault),
            Transaction::Refused(_) => {
                Err(StoreError::Unavailable("TransactWriteItems: send not given back".to_owned()))
            }
        }
    }

    /// Takes a send back of which no answer says whether it was counted: its code, if it stands there, says that it was.
    /// Nothing has been sent for it. Gives the fault, to be answered.
    async fn take_send_back(&self, user: &User, slot: &SendSlot, fault: StoreError) -> StoreError {
        match self.release_with_code(user, slot).await {
            Ok(Transaction::Done | Transaction::Refused(_)) => fault,
            Ok(Transaction::Unknown(error)) | Err(error) => {
                StoreError::Unavailable(format!("{fault}; send not given back: {error}"))
            }
        }
    }

    /// Gives a send back, and the code it had replaced, if its own code still stands.
    async fn release_with_code(&self, user: &User, slot: &SendSlot) -> Result<Transaction, StoreError> {
        let user_key = user_key(user);
        let earlier = match &slot.replaced {
            Some(replaced) => self
                .send_update(
                    &user_key,
                    &format!(
                        "DELETE sends :stamp {NO_EVENT} \
                         SET code_hash = :hash, code_expires = :expires, code_tries = code_tries + :tries"
                    ),
                )
                .expression_attribute_values(":hash", s(&replaced.code_hash))
                .expression_attribute_values(":expires", n(replaced.expires))
                .expression_attribute_values(":tries", n(replaced.tries)),
            None => self.send_update(
                &user_key,
                &format!("DELETE sends :stamp {NO_EVENT}, code_hash, code_expires, code_tries"),
            ),
        };
        let earlier = earlier
            .condition_expression("code_hash = :ours")
            .expression_attribute_values(":ours", s(&slot.code_hash))
            .expression_attribute_values(":stamp", stamp_value(slot.stamp));
        self.transact(vec![built(earlier)?, self.release_of_number(slot)?]).await
    }

    fn release_of_number(&self, slot: &SendSlot) -> Result<Update, StoreError> {
        built(
            self.send_update(&slot.number_key, "DELETE sends :stamp")
                .expression_attribute_values(":stamp", stamp_value(slot.stamp)),
        )
    }

    fn count_user_send(
        &self,
        binding: Binding<'_>,
        read: &UserItem,
        challenge: &Challenge,
        stamp: Stamp,
    ) -> Result<Update, StoreError> {
        let unchanged = match read.sends.stamps() {
            [] => "attribute_not_exists(sends)",
            _ => "sends = :read",
        };
        let mut update = self
            .send_update(
                &user_key(binding.user),
                &format!(
                    "SET sends = :sends, code_hash = :hash, code_expires = :expires, code_tries = :zero {NO_EVENT}"
                ),
            )
            .condition_expression(format!("enrolment = :enrolment AND {unchanged}"))
            .expression_attribute_values(":sends", sends_value(&read.sends.with(stamp)))
            .expression_attribute_values(":hash", s(&challenge.code_hash))
            .expression_attribute_values(":expires", n(challenge.expires))
            .expression_attribute_values(":zero", n(0))
            .expression_attribute_values(":enrolment", s(&binding.enrolment.id));
        if !read.sends.stamps().is_empty() {
            update = update.expression_attribute_values(":read", sends_value(&read.sends));
        }
        built(update)
    }

    fn count_number_send(&self, slot: &SendSlot, now: u64) -> Result<Update, StoreError> {
        built(
            self.send_update(&slot.number_key, "SET expires_at = :expires ADD sends :stamp")
                .condition_expression("attribute_not_exists(sends) OR size(sends) < :limit")
                .expression_attribute_values(":stamp", stamp_value(slot.stamp))
                .expression_attribute_values(":limit", n(NUMBER_LIMIT.sends as u64))
                .expression_attribute_values(":expires", n(now.saturating_add(DAY))),
        )
    }

    fn replace_number_sends(&self, slot: &SendSlot, read: &SendLog, now: u64) -> Result<Update, StoreError> {
        built(
            self.send_update(&slot.number_key, "SET expires_at = :expires, sends = :sends")
                .condition_expression("sends = :read")
                .expression_attribute_values(":sends", sends_value(&read.with(slot.stamp)))
                .expression_attribute_values(":read", sends_value(read))
                .expression_attribute_values(":expires", n(now.saturating_add(DAY))),
        )
    }

    fn send_update(&self, key: &str, expression: &str) -> UpdateBuilder {
        Update::builder()
            .table_name(&self.table)
            .key(attribute::KEY, s(key))
            .update_expression(expression)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    async fn transact(&self, updates: Vec<Update>) -> Result<Transaction, StoreError> {
        let items = updates.into_iter().map(|update| TransactWriteItem::builder().update(update).build());
        let outcome = self.client.transact_write_items().set_transact_items(Some(items.collect())).send().await;
        match outcome {
            Ok(_) => Ok(Transaction::Done),
            Err(error) => match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                    let reasons = canceled.cancellation_reasons().to_vec();
                    let code = |reason: &CancellationReason| reason.code().unwrap_or("None").to_owned();
                    match reasons.iter().map(code).find(|c| c != "None" && c != "ConditionalCheckFailed") {
                        // Anything but a condition: throttled, or another transaction has the item.
                        Some(code) if code == "ValidationError" => {
                            Err(StoreError::Broken(format!("TransactWriteItems: {code}")))
                        }
                        Some(code) => Err(StoreError::Unavailable(format!("TransactWriteItems: {code}"))),
                        None => Ok(Transaction::Refused(reasons)),
                    }
                }
                _ => match StoreError::from_sdk("TransactWriteItems", &error) {
                    fault @ StoreError::Unavailable(_) => Ok(Transaction::Unknown(fault)),
                    broken @ StoreError::Broken(_) => Err(broken),
                },
            },
        }
    }
}

enum Transaction {
    Done,
    Refused(Vec<CancellationReason>),
    /// No answer says whether it was done.
    Unknown(StoreError),
}

/// The old item of the update at `index`, if it is that one whose condition failed.
fn refused(reasons: &[CancellationReason], index: usize) -> Option<&Item> {
    static NOTHING: std::sync::LazyLock<Item> = std::sync::LazyLock::new(Item::new);
    reasons
        .get(index)
        .filter(|reason| reason.code() == Some("ConditionalCheckFailed"))
        .map(|reason| reason.item().unwrap_or(&NOTHING))
}

fn user_refused(item: &Item, enrolment: &Enrolment, now: u64) -> Result<SendReservation, StoreError> {
    if item.get(attribute::ENROLMENT) != Some(&s(&enrolment.id)) {
        return Ok(SendReservation::Changed);
    }
    let seconds = sends(item)?.retry_after(USER_LIMITS, now).unwrap_or(1);
    Ok(SendReservation::Wait { seconds })
}

fn stamp_value(stamp: Stamp) -> AttributeValue {
    AttributeValue::Ns(vec![stamp.0.to_string()])
}

fn built(update: UpdateBuilder) -> Result<Update, StoreError> {
    update.build().map_err(|_| StoreError::Broken("TransactWriteItems: request could not be built".to_owned()))
}
