//! Sending a code. One transaction takes a slot of the user's limits and one of the number's, and stores the code's
//! hash. A second write takes a slot of the stack's hour.

use super::change::Change;
use super::condition::Condition;
use super::item::{Item, attribute, n, s, sends, sends_value, t};
use super::keys::number_key;
use super::send_counters::{Hour, NumberLogs, as_read, number_release, number_send, number_send_after, stamp_value};
use super::settings::CHALLENGE;
use super::transaction::Transaction;
use super::write::Written;
use super::{Store, StoreError, UserItem, user_key};
use crate::authenticator::challenge::{Binding, Challenge};
use crate::authenticator::code::Code;
use crate::authenticator::{Authenticator, Enrolment};
use crate::identity::user::User;
use crate::random;
use crate::sms::limits::{Budget, NUMBER_WAIT, Purpose, Stamp, USER_LIMITS};
use crate::time::UnixTime;

/// The outcome of reserving a send.
#[derive(Debug)]
pub enum SendReservation {
    /// The send is counted and the code's hash stored: the SMS may go out.
    Reserved(Box<SendSlot>),
    /// Too soon, or too many sends.
    Wait {
        /// Seconds until the next send.
        seconds: u64,
    },
    /// The whole stack has sent as many SMS as it may within an hour.
    BudgetSpent {
        /// Seconds until the next hour.
        seconds: u64,
    },
    /// The settings were replaced since they were read.
    Changed,
}

/// A counted send, and what to restore if nothing was sent.
#[derive(Debug)]
pub struct SendSlot {
    number_key: String,
    hour: Hour,
    purpose: Purpose,
    stamp: Stamp,
    code_hash: String,
    replaced: Option<Challenge>,
}

impl Store {
    /// Counts a send for the user, the number and the stack, and stores the hash of its code, which replaces an
    /// earlier one. `read` is what [`Store::user`] has read of `user`, whose phone is enrolled.
    ///
    /// Closes the race of parallel sends: the user's item is written only if its sends and its enrolment are still
    /// those that were read, the number's only while its day has room, and neither without the other. The hour's item,
    /// which all sends share, is written after them, in a separate write, only while the hour has room.
    ///
    /// # Errors
    /// DynamoDB cannot be reached, or an item cannot be read.
    pub async fn reserve_send(
        &self,
        user: &User,
        read: &UserItem,
        code: &Code,
        budget: Budget,
        now: UnixTime,
    ) -> Result<SendReservation, StoreError> {
        let Some(enrolment) = &read.enrolment else { return Ok(SendReservation::Changed) };
        let Authenticator::Sms(number) = &enrolment.authenticator else { return Ok(SendReservation::Changed) };
        let purpose = if enrolment.verified { Purpose::SignIn } else { Purpose::Enrolment };
        let number_key = number_key(&user.tenant, number, &self.keys)?;
        if let Some(seconds) = read.sends.retry_after(USER_LIMITS, now) {
            return self.longer_wait(&number_key, purpose, seconds, now).await;
        }
        let challenge = Binding { user, enrolment, number }.challenge(code, &self.keys, now)?;
        let slot = SendSlot {
            number_key,
            hour: Hour::of(now),
            purpose,
            stamp: Stamp::new(now, random::bytes()?),
            code_hash: challenge.code_hash.as_str().to_owned(),
            replaced: read.challenge.clone(),
        };
        let of_user = user_send(read, enrolment, &challenge, slot.stamp);
        match self.reserve_user_and_number(user, &slot, of_user, enrolment, now).await? {
            Some(refused) => Ok(refused),
            None => self.reserve_hour(user, slot, budget, now).await,
        }
    }

    /// Counts the send in the user's item and the number's, or says why not.
    async fn reserve_user_and_number(
        &self,
        user: &User,
        slot: &SendSlot,
        of_user: Change,
        enrolment: &Enrolment,
        now: UnixTime,
    ) -> Result<Option<SendReservation>, StoreError> {
        let refused =
            match self.transact_slot(user, slot, of_user.clone(), number_send(slot.purpose, slot.stamp, now)).await? {
                None => return Ok(None),
                Some(refused) => refused,
            };
        if let Some(item) = refused.user {
            return user_refused(&item, enrolment, now).map(Some);
        }
        // The number's item is full, perhaps with sends that are over a day old: drop those and try once more.
        let logs = NumberLogs::read(&refused.number.unwrap_or_default())?;
        if logs.are_full(slot.purpose, now) {
            return Ok(Some(SendReservation::Wait { seconds: NUMBER_WAIT }));
        }
        match self.transact_slot(user, slot, of_user, number_send_after(&logs, slot.purpose, slot.stamp, now)).await? {
            None => Ok(None),
            Some(Refused { user: Some(item), .. }) => user_refused(&item, enrolment, now).map(Some),
            Some(_) => Err(StoreError::Unavailable("TransactWriteItems: in conflict with another request".to_owned())),
        }
    }

    /// Counts the send in the hour's item. If that is refused or fails, releases the send in the other two items.
    async fn reserve_hour(
        &self,
        user: &User,
        slot: SendSlot,
        budget: Budget,
        now: UnixTime,
    ) -> Result<SendReservation, StoreError> {
        match self.write(&slot.hour.key(), slot.hour.send(slot.purpose, budget)).await {
            Ok(Written::Done(_)) => Ok(SendReservation::Reserved(Box::new(slot))),
            Ok(Written::Refused(_)) => {
                self.release_user_and_number(user, &slot).await?;
                Ok(SendReservation::BudgetSpent { seconds: slot.hour.end().since(now).max(1) })
            }
            Err(fault) => Err(match self.release_user_and_number(user, &slot).await {
                Ok(()) => fault,
                Err(error) => fault.and_not_released("send", &error),
            }),
        }
    }

    /// The user has to wait. If the number's limit is reached too, returns the longer of the two waits.
    async fn longer_wait(
        &self,
        number_key: &str,
        purpose: Purpose,
        seconds: u64,
        now: UnixTime,
    ) -> Result<SendReservation, StoreError> {
        if seconds >= NUMBER_WAIT {
            return Ok(SendReservation::Wait { seconds });
        }
        let item = self.read(number_key).await?.unwrap_or_default();
        let number_wait = if NumberLogs::read(&item)?.are_full(purpose, now) { NUMBER_WAIT } else { 0 };
        Ok(SendReservation::Wait { seconds: seconds.max(number_wait) })
    }

    /// Releases a send for which certainly nothing was sent: frees its slots in the limits, and restores the code that
    /// it replaced.
    ///
    /// Closes the race with new settings, an attempt or a reset in between: the earlier code is restored only if this
    /// send's code is still stored, and what was counted since stays counted.
    ///
    /// # Errors
    /// DynamoDB cannot be reached: the send stays counted.
    pub async fn release_send(&self, user: &User, slot: &SendSlot) -> Result<(), StoreError> {
        self.release_user_and_number(user, slot).await?;
        self.write_where_it_fits(&slot.hour.key(), slot.hour.release(slot.purpose)).await
    }

    async fn release_user_and_number(&self, user: &User, slot: &SendSlot) -> Result<(), StoreError> {
        match self.release_with_code(user, slot).await? {
            Transaction::Done => return Ok(()),
            Transaction::Unknown(fault) => return Err(fault),
            Transaction::Refused(_) => {}
        }
        let send_alone = user_release(slot.stamp).when(Condition::Exists(attribute::KEY));
        match self.transact(vec![(&user_key(user), send_alone), (&slot.number_key, number_release(slot.stamp))]).await?
        {
            Transaction::Done => Ok(()),
            Transaction::Unknown(fault) => Err(fault),
            Transaction::Refused(_) => {
                Err(StoreError::Unavailable("TransactWriteItems: send not given back".to_owned()))
            }
        }
    }

    /// Counts the send in both items, or says which of them refused it.
    async fn transact_slot(
        &self,
        user: &User,
        slot: &SendSlot,
        of_user: Change,
        of_number: Change,
    ) -> Result<Option<Refused>, StoreError> {
        match self.transact(vec![(&user_key(user), of_user), (&slot.number_key, of_number)]).await? {
            Transaction::Done => Ok(None),
            Transaction::Unknown(fault) => Err(self.release_unanswered_send(user, slot, fault).await),
            Transaction::Refused(items) => {
                let mut items = items.into_iter();
                Ok(Some(Refused { user: items.next().flatten(), number: items.next().flatten() }))
            }
        }
    }

    /// Releases a send for which no response says whether it was counted. If its code is stored, it was. Nothing was
    /// sent for it. Returns the fault for the response.
    async fn release_unanswered_send(&self, user: &User, slot: &SendSlot, fault: StoreError) -> StoreError {
        match self.release_with_code(user, slot).await {
            Ok(Transaction::Done | Transaction::Refused(_)) => fault,
            Ok(Transaction::Unknown(error)) | Err(error) => fault.and_not_released("send", &error),
        }
    }

    /// Releases a send and restores the code it replaced, if its own code is still stored.
    async fn release_with_code(&self, user: &User, slot: &SendSlot) -> Result<Transaction, StoreError> {
        let release = user_release(slot.stamp);
        let release = match &slot.replaced {
            Some(replaced) => release
                .set(attribute::CODE_HASH, s(replaced.code_hash.as_str()))
                .set(attribute::CODE_EXPIRES, t(replaced.expires))
                .increase(attribute::CODE_TRIES, replaced.tries),
            None => release.remove(&CHALLENGE),
        };
        let release = release.when(Condition::Equals(attribute::CODE_HASH, s(&slot.code_hash)));
        self.transact(vec![(&user_key(user), release), (&slot.number_key, number_release(slot.stamp))]).await
    }
}

/// The items that refused a send.
struct Refused {
    user: Option<Item>,
    number: Option<Item>,
}

/// The change to the user's item.
fn user_send(read: &UserItem, enrolment: &Enrolment, challenge: &Challenge, stamp: Stamp) -> Change {
    Change::of_user()
        .set(attribute::SENDS, sends_value(&read.sends.with(stamp)))
        .set(attribute::CODE_HASH, s(challenge.code_hash.as_str()))
        .set(attribute::CODE_EXPIRES, t(challenge.expires))
        .set(attribute::CODE_TRIES, n(0))
        .when(Condition::Equals(attribute::ENROLMENT, s(&enrolment.id)))
        .when(as_read(attribute::SENDS, &read.sends))
}

/// The change to the user's item that takes a send back.
fn user_release(stamp: Stamp) -> Change {
    Change::of_user().delete(attribute::SENDS, stamp_value(stamp))
}

fn user_refused(item: &Item, enrolment: &Enrolment, now: UnixTime) -> Result<SendReservation, StoreError> {
    if item.get(attribute::ENROLMENT) != Some(&s(&enrolment.id)) {
        return Ok(SendReservation::Changed);
    }
    let seconds = sends(item, attribute::SENDS)?.retry_after(USER_LIMITS, now).unwrap_or(1);
    Ok(SendReservation::Wait { seconds })
}
