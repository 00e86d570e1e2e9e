//! Reading, replacing and removing a user's settings.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;

use super::item::{attribute, n, s};
use super::{Store, StoreError, UserItem, random_id, user_key};
use crate::authenticator::Authenticator;
use crate::sealing::{Keyring, Place};
use crate::send_limit::DAY;
use crate::user::User;

/// Who resets a user's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetBy {
    /// The user: wrong codes stay counted, or a reset would refill the guesses of whoever took over the session.
    Self_,
    /// Somebody with permission to edit the user: wrong codes are forgotten too.
    Administrator,
}

impl Store {
    /// All that is stored of `user`: one strongly consistent read, so that a setting is seen as soon as it is written.
    ///
    /// # Errors
    /// DynamoDB cannot be reached, or the item cannot be read.
    pub async fn user(&self, user: &User, keys: &Keyring) -> Result<UserItem, StoreError> {
        let key = user_key(user);
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key(attribute::KEY, s(&key))
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::from_sdk("GetItem", &error))?;
        UserItem::read(&key, answer.item(), keys)
    }

    /// Replaces the settings: `authenticator` is enrolled, unverified, and a code on its way is gone.
    ///
    /// Closes the race with a verification of what was enrolled before: the new enrolment has a new name, and
    /// [`Store::accept_step`] and [`Store::accept_challenge`] write only to the one they looked at. Counted attempts and
    /// sends stay.
    ///
    /// # Errors
    /// DynamoDB cannot be reached.
    pub async fn enrol(&self, user: &User, authenticator: &Authenticator, keys: &Keyring) -> Result<(), StoreError> {
        let key = user_key(user);
        let (method, used, unused, plain) = match authenticator {
            Authenticator::App(secret) => ("google", attribute::SECRET, attribute::PHONE, secret.as_bytes().to_vec()),
            Authenticator::Sms(number) => {
                ("sms", attribute::PHONE, attribute::SECRET, number.to_stored().as_bytes().to_vec())
            }
        };
        let sealed = keys.seal(Place { item: &key, attribute: used }, &zeroize::Zeroizing::new(plain))?;
        self.update(&key)
            .update_expression(
                "SET #method = :method, #used = :sealed, enrolment = :enrolment, verified = :false \
                 REMOVE #unused, code_hash, code_expires, code_tries, expires_at"
                    .to_string(),
            )
            .expression_attribute_names("#method", attribute::METHOD)
            .expression_attribute_names("#used", used)
            .expression_attribute_names("#unused", unused)
            .expression_attribute_values(":method", s(method))
            .expression_attribute_values(":sealed", s(sealed))
            .expression_attribute_values(":enrolment", s(random_id()?))
            .expression_attribute_values(":false", aws_sdk_dynamodb::types::AttributeValue::Bool(false))
            .send()
            .await
            .map_err(|error| StoreError::from_sdk("UpdateItem", &error))?;
        Ok(())
    }

    /// Removes the settings; whether there were any makes no difference. Sends stay counted, and for the user's own
    /// removal wrong codes too. What stays is left to DynamoDB to tidy up after a day, when no limit reaches it any more.
    ///
    /// # Errors
    /// DynamoDB cannot be reached.
    pub async fn disable(&self, user: &User, by: ResetBy, now: u64) -> Result<(), StoreError> {
        let attempts = match by {
            ResetBy::Self_ => "",
            ResetBy::Administrator => ", failures, last_attempt, attempt",
        };
        let outcome = self
            .update(&user_key(user))
            .update_expression(format!(
                "SET expires_at = :expires \
                 REMOVE #method, secret, phone, verified, enrolment, code_hash, code_expires, code_tries{attempts}"
            ))
            // No item is made for a user that has none.
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_names("#method", attribute::METHOD)
            .expression_attribute_values(":expires", n(now + DAY))
            .send()
            .await;
        match outcome {
            Ok(_) => Ok(()),
            Err(error) if error.as_service_error().is_some_and(|e| e.is_conditional_check_failed_exception()) => Ok(()),
            Err(error) => Err(StoreError::from_sdk("UpdateItem", &error)),
        }
    }

    /// An update of the item under `key`.
    pub(super) fn update(&self, key: &str) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.table).key(attribute::KEY, s(key))
    }
}
