//! Sending a code: one slot of the user's limits and of the number's, and the code's hash, in one transaction.

use aws_sdk_dynamodb::types::AttributeValue;

use super::change::Change;
use super::condition::Condition;
use super::item::{Item, attribute, n, s, sends, sends_value, t};
use super::keys::number_key;
use super::transaction::Transaction;
use super::{Store, StoreError, UserItem, user_key};
use crate::authenticator::challenge::{Binding, Challenge};
use crate::authenticator::code::Code;
use crate::authenticator::{Authenticator, Enrolment};
use crate::identity::user::User;
use crate::random;
use crate::sms::limits::{DAY, NUMBER_LIMIT, SendLog, Stamp, USER_LIMITS};
use crate::time::UnixTime;

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
    /// `read` is what [`Store::user`] has read of `user`, whose phone is enrolled.
    ///
    /// Closes the race of parallel sends: the user's item is written only if its sends and its enrolment are still those
    /// that were read, the number's only while its day has room, and neither without the other.
    ///
    /// # Errors
    /// DynamoDB cannot be reached, or an item cannot be read.
    pub async fn reserve_send(
        &self,
        user: &User,
        read: &UserItem,
        code: &Code,
        now: UnixTime,
    ) -> Result<SendReservation, StoreError> {
        let Some(enrolment) = &read.enrolment else { return Ok(SendReservation::Changed) };
        let Authenticator::Sms(number) = &enrolment.authenticator else { return Ok(SendReservation::Changed) };
        if let Some(seconds) = read.sends.retry_after(USER_LIMITS, now) {
            return Ok(SendReservation::Wait { seconds });
        }
        let challenge = Binding { user, enrolment, number }.challenge(code, &self.keys, now)?;
        let slot = SendSlot {
            number_key: number_key(&user.tenant, number, &self.keys)?,
            stamp: Stamp::new(now, random::bytes()?),
            code_hash: challenge.code_hash.as_str().to_owned(),
            replaced: read.challenge.clone(),
        };
        let of_user = user_send(read, enrolment, &challenge, slot.stamp);
        let refused = match self.reserve_slot(user, &slot, of_user.clone(), number_send(slot.stamp, now)).await? {
            None => return Ok(SendReservation::Reserved(Box::new(slot))),
            Some(refused) => refused,
        };
        if let Some(item) = refused.user {
            return user_refused(&item, enrolment, now);
        }
        // The number's item is full, perhaps of sends that are over a day old: drop those and try once more.
        let log = sends(&refused.number.unwrap_or_default())?;
        if let Some(seconds) = log.retry_after(&[NUMBER_LIMIT], now) {
            return Ok(SendReservation::Wait { seconds });
        }
        match self.reserve_slot(user, &slot, of_user, number_send_after(&log, slot.stamp, now)).await? {
            None => Ok(SendReservation::Reserved(Box::new(slot))),
            Some(Refused { user: Some(item), .. }) => user_refused(&item, enrolment, now),
            Some(_) => Err(StoreError::Unavailable("TransactWriteItems: in conflict with another request".to_owned())),
        }
    }

    /// Releases a send that certainly sent nothing: both limits, and the code it had replaced.
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
        let send_alone = without_send(Change::of_user(), slot).when(Condition::Exists(attribute::KEY));
        match self.transact(vec![(&user_key(user), send_alone), slot.number_release()]).await? {
            Transaction::Done => Ok(()),
            Transaction::Unknown(fault) => Err(fault),
            Transaction::Refused(_) => {
                Err(StoreError::Unavailable("TransactWriteItems: send not given back".to_owned()))
            }
        }
    }

    /// Counts the send in both items, or says which of them refused.
    async fn reserve_slot(
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

    /// Releases a send of which no response says whether it was counted: its code, if it stands there, says that it was.
    /// Nothing has been sent for it. Gives the fault, to be answered.
    async fn release_unanswered_send(&self, user: &User, slot: &SendSlot, fault: StoreError) -> StoreError {
        match self.release_with_code(user, slot).await {
            Ok(Transaction::Done | Transaction::Refused(_)) => fault,
            Ok(Transaction::Unknown(error)) | Err(error) => fault.and_not_released("send", &error),
        }
    }

    /// Releases a send, and puts the code back that it had replaced, if its own code still stands.
    async fn release_with_code(&self, user: &User, slot: &SendSlot) -> Result<Transaction, StoreError> {
        let release = without_send(Change::of_user(), slot);
        let release = match &slot.replaced {
            Some(replaced) => release
                .set(attribute::CODE_HASH, s(replaced.code_hash.as_str()))
                .set(attribute::CODE_EXPIRES, t(replaced.expires))
                .increase(attribute::CODE_TRIES, replaced.tries),
            None => release.remove(&[attribute::CODE_HASH, attribute::CODE_EXPIRES, attribute::CODE_TRIES]),
        };
        let release = release.when(Condition::Equals(attribute::CODE_HASH, s(&slot.code_hash)));
        self.transact(vec![(&user_key(user), release), slot.number_release()]).await
    }
}

/// The items that refused a send.
struct Refused {
    user: Option<Item>,
    number: Option<Item>,
}

impl SendSlot {
    fn number_release(&self) -> (&str, Change) {
        (&self.number_key, without_send(Change::of_counter(), self))
    }
}

/// The change of the user's item.
fn user_send(read: &UserItem, enrolment: &Enrolment, challenge: &Challenge, stamp: Stamp) -> Change {
    let unchanged = match read.sends.stamps() {
        [] => Condition::Absent(attribute::SENDS),
        _ => Condition::Equals(attribute::SENDS, sends_value(&read.sends)),
    };
    Change::of_user()
        .set(attribute::SENDS, sends_value(&read.sends.with(stamp)))
        .set(attribute::CODE_HASH, s(challenge.code_hash.as_str()))
        .set(attribute::CODE_EXPIRES, t(challenge.expires))
        .set(attribute::CODE_TRIES, n(0))
        .when(Condition::Equals(attribute::ENROLMENT, s(&enrolment.id)))
        .when(unchanged)
}

/// The change of the number's item, while it has room.
fn number_send(stamp: Stamp, now: UnixTime) -> Change {
    Change::of_counter().set(attribute::EXPIRES_AT, t(now + DAY)).add(attribute::SENDS, stamp_value(stamp)).when(
        Condition::Any(vec![
            Condition::Absent(attribute::SENDS),
            Condition::Fewer(attribute::SENDS, n(NUMBER_LIMIT.sends as u64)),
        ]),
    )
}

/// The same, with the sends dropped of `read` that no longer count.
fn number_send_after(read: &SendLog, stamp: Stamp, now: UnixTime) -> Change {
    Change::of_counter()
        .set(attribute::EXPIRES_AT, t(now + DAY))
        .set(attribute::SENDS, sends_value(&read.with(stamp)))
        .when(Condition::Equals(attribute::SENDS, sends_value(read)))
}

fn without_send(change: Change, slot: &SendSlot) -> Change {
    change.delete(attribute::SENDS, stamp_value(slot.stamp))
}

fn user_refused(item: &Item, enrolment: &Enrolment, now: UnixTime) -> Result<SendReservation, StoreError> {
    if item.get(attribute::ENROLMENT) != Some(&s(&enrolment.id)) {
        return Ok(SendReservation::Changed);
    }
    let seconds = sends(item)?.retry_after(USER_LIMITS, now).unwrap_or(1);
    Ok(SendReservation::Wait { seconds })
}

fn stamp_value(stamp: Stamp) -> AttributeValue {
    AttributeValue::Ns(vec![stamp.0.to_string()])
}
