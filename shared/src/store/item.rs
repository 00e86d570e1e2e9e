//! A user's item, read into types. An attribute that cannot be read is an error that names it, never a default: a
//! counter wrongly read as zero would let more guesses through.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::authenticator::challenge::Challenge;
use crate::authenticator::change_limit::Changes;
use crate::authenticator::secret::Secret;
use crate::authenticator::throttle::Throttle;
use crate::authenticator::totp::LastStep;
use crate::authenticator::{Authenticator, Enrolment};
use crate::phone::PhoneNumber;
use crate::sealing::{KeyedHash, Keyring, Place};
use crate::sms::limits::{SendLog, Stamp};
use crate::store::StoreError;
use crate::time::UnixTime;

/// An item as DynamoDB returns it.
pub(super) type Item = HashMap<String, AttributeValue>;

/// The attribute names. No function bases a decision on the events or on `expires_at`: they are only written.
pub(super) mod attribute {
    pub(crate) const KEY: &str = "pk";
    /// `google` or `sms`; absent while two-factor is disabled.
    pub(crate) const METHOD: &str = "method";
    /// The sealed secret of an authenticator app.
    pub(crate) const SECRET: &str = "secret";
    /// The sealed phone number.
    pub(crate) const PHONE: &str = "phone";
    /// The number's last two digits, for a helpdesk. They reveal little, so they need no key.
    pub(crate) const PHONE_END: &str = "phone_end";
    pub(crate) const VERIFIED: &str = "verified";
    /// ID of the enrolment. It fences off writes that belong to an earlier one.
    pub(crate) const ENROLMENT: &str = "enrolment";
    /// Keyed hash of the SMS code, the second it expires, and the attempts since it was sent.
    pub(crate) const CODE_HASH: &str = "code_hash";
    pub(crate) const CODE_EXPIRES: &str = "code_expires";
    pub(crate) const CODE_TRIES: &str = "code_tries";
    /// Attempts since the last correct code, and the second of the latest.
    pub(crate) const FAILURES: &str = "failures";
    pub(crate) const LAST_ATTEMPT: &str = "last_attempt";
    /// IDs of the latest attempt counted and the latest accepted, by which a retried write recognises its own work.
    pub(crate) const ATTEMPT: &str = "attempt";
    pub(crate) const ACCEPTED: &str = "accepted";
    /// The second in which a code was last accepted.
    pub(crate) const ACCEPTED_AT: &str = "accepted_at";
    /// The last accepted time step, and the keyed hash of the secret it was accepted with.
    pub(crate) const LAST_STEP: &str = "last_step";
    pub(crate) const LAST_STEP_SECRET: &str = "last_step_secret";
    /// The attempt whose wait the event `two-factor.locked` has reported.
    pub(crate) const LOCKED_ATTEMPT: &str = "locked_attempt";
    /// Hashes of the remaining recovery codes, and their number, because DynamoDB cannot put a set's size into an
    /// event.
    pub(crate) const RECOVERY_CODES: &str = "recovery_codes";
    pub(crate) const RECOVERY_CODES_LEFT: &str = "recovery_codes_left";
    /// Times of the sends within a day. A number's item also lists those for unverified enrolments.
    pub(crate) const SENDS: &str = "sends";
    pub(crate) const UNVERIFIED_SENDS: &str = "unverified_sends";
    /// In an hour's item: the sends of the whole stack, and those for unverified enrolments.
    pub(crate) const HOUR_SENDS: &str = "hour_sends";
    pub(crate) const HOUR_UNVERIFIED_SENDS: &str = "hour_unverified_sends";
    /// The second of the first change to the settings within an hour, and the number of changes since.
    pub(crate) const CHANGES_SINCE: &str = "changes_since";
    pub(crate) const CHANGES: &str = "changes";
    /// ID of the last change, by which a retried write recognises its own work.
    pub(crate) const CHANGE: &str = "change";
    /// What the last write reports to other systems. The type is separate, because a write can derive it from what it
    /// finds.
    pub(crate) const EVENT: &str = "event";
    pub(crate) const EVENT_TYPE: &str = "event_type";
    /// The event type of the next enrolment; present while a method is set.
    pub(crate) const NEXT_ENROLMENT: &str = "next_enrolment";
    /// The second from which DynamoDB may remove the item (time to live).
    pub(crate) const EXPIRES_AT: &str = "expires_at";
}

/// All that is stored about a user. The default is that nothing is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserItem {
    /// The enrolment; `None` while two-factor is disabled.
    pub enrolment: Option<Enrolment>,
    /// The pending SMS code.
    pub challenge: Option<Challenge>,
    /// Attempts since the last correct code.
    pub throttle: Throttle,
    /// SMS sends of the last day.
    pub sends: SendLog,
    /// Changes to the settings within an hour.
    pub changes: Changes,
    /// The last accepted time step.
    pub last_step: Option<LastStep>,
    /// ID of the latest attempt counted.
    pub(super) attempt: Option<String>,
    /// ID of the attempt whose wait was reported.
    pub(super) locked_attempt: Option<String>,
    /// Hashes of the remaining recovery codes.
    pub recovery_codes: Vec<String>,
}

impl UserItem {
    /// Reads the item stored under `key`. A missing item reads as an empty one.
    pub(crate) fn read(key: &str, item: Option<&Item>, keys: &Keyring) -> Result<Self, StoreError> {
        let Some(item) = item else { return Ok(Self::default()) };
        Ok(Self {
            enrolment: read_enrolment(key, item, keys)?,
            challenge: read_challenge(item)?,
            throttle: throttle(item)?,
            sends: sends(item, attribute::SENDS)?,
            changes: changes(item)?,
            last_step: read_last_step(item)?,
            attempt: optional_text(item, attribute::ATTEMPT)?,
            locked_attempt: optional_text(item, attribute::LOCKED_ATTEMPT)?,
            recovery_codes: recovery_codes(item)?,
        })
    }
}

fn read_enrolment(key: &str, item: &Item, keys: &Keyring) -> Result<Option<Enrolment>, StoreError> {
    let open = |name| keys.open(Place { item: key, attribute: name }, text(item, name)?).map_err(StoreError::from);
    let authenticator = match optional_text(item, attribute::METHOD)?.as_deref() {
        None => return Ok(None),
        Some("google") => {
            let bytes = open(attribute::SECRET)?.to_vec();
            Authenticator::App(Secret::from_bytes(bytes).map_err(|_| StoreError::unreadable(attribute::SECRET))?)
        }
        Some("sms") => {
            let bytes = open(attribute::PHONE)?;
            let number = std::str::from_utf8(&bytes).ok().and_then(PhoneNumber::from_stored);
            Authenticator::Sms(number.ok_or_else(|| StoreError::unreadable(attribute::PHONE))?)
        }
        Some(_) => return Err(StoreError::unreadable(attribute::METHOD)),
    };
    let verified = item.get(attribute::VERIFIED).and_then(|value| value.as_bool().ok());
    Ok(Some(Enrolment {
        id: text(item, attribute::ENROLMENT)?.to_owned(),
        authenticator,
        verified: *verified.ok_or_else(|| StoreError::unreadable(attribute::VERIFIED))?,
    }))
}

fn read_challenge(item: &Item) -> Result<Option<Challenge>, StoreError> {
    let Some(code_hash) = optional_text(item, attribute::CODE_HASH)? else { return Ok(None) };
    Ok(Some(Challenge {
        code_hash: KeyedHash::from_stored(code_hash),
        expires: UnixTime::from_seconds(number(item, attribute::CODE_EXPIRES)?),
        tries: optional_number(item, attribute::CODE_TRIES)?.unwrap_or(0),
    }))
}

fn read_last_step(item: &Item) -> Result<Option<LastStep>, StoreError> {
    let Some(secret_hash) = optional_text(item, attribute::LAST_STEP_SECRET)? else { return Ok(None) };
    Ok(Some(LastStep { step: number(item, attribute::LAST_STEP)?, secret_hash: KeyedHash::from_stored(secret_hash) }))
}

pub(super) fn recovery_codes(item: &Item) -> Result<Vec<String>, StoreError> {
    let Some(value) = item.get(attribute::RECOVERY_CODES) else { return Ok(Vec::new()) };
    value.as_ss().cloned().map_err(|_| StoreError::unreadable(attribute::RECOVERY_CODES))
}

/// The changes counted in a user's item.
pub(super) fn changes(item: &Item) -> Result<Changes, StoreError> {
    Ok(Changes {
        since: optional_time(item, attribute::CHANGES_SINCE)?.unwrap_or_default(),
        count: optional_number(item, attribute::CHANGES)?.unwrap_or(0),
    })
}

/// The attempts counted in a user's item.
pub(super) fn throttle(item: &Item) -> Result<Throttle, StoreError> {
    Ok(Throttle {
        failures: optional_number(item, attribute::FAILURES)?.unwrap_or(0),
        last_attempt: optional_time(item, attribute::LAST_ATTEMPT)?.unwrap_or_default(),
    })
}

/// The sends in an attribute of a user's or a number's item.
pub(super) fn sends(item: &Item, name: &str) -> Result<SendLog, StoreError> {
    let Some(value) = item.get(name) else { return Ok(SendLog::default()) };
    let unreadable = || StoreError::unreadable(name);
    let numbers = value.as_ns().map_err(|_| unreadable())?;
    let stamps = numbers.iter().map(|n| n.parse().map(Stamp).map_err(|_| unreadable()));
    Ok(SendLog::new(stamps.collect::<Result<_, _>>()?))
}

/// The attribute value of a log of sends.
pub(super) fn sends_value(sends: &SendLog) -> AttributeValue {
    AttributeValue::Ns(sends.stamps().iter().map(|stamp| stamp.0.to_string()).collect())
}

/// The attribute value of a number.
pub(super) fn n(number: u64) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// The attribute value of a time.
pub(super) fn t(time: UnixTime) -> AttributeValue {
    n(time.seconds())
}

/// The attribute value of a string.
pub(super) fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

fn text<'a>(item: &'a Item, name: &str) -> Result<&'a str, StoreError> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str).ok_or_else(|| StoreError::unreadable(name))
}

fn number(item: &Item, name: &str) -> Result<u64, StoreError> {
    optional_number(item, name)?.ok_or_else(|| StoreError::unreadable(name))
}

pub(super) fn optional_text(item: &Item, name: &str) -> Result<Option<String>, StoreError> {
    item.contains_key(name).then(|| text(item, name).map(str::to_owned)).transpose()
}

fn optional_number(item: &Item, name: &str) -> Result<Option<u64>, StoreError> {
    item.get(name)
        .map(|value| value.as_n().ok().and_then(|n| n.parse().ok()).ok_or_else(|| StoreError::unreadable(name)))
        .transpose()
}

fn optional_time(item: &Item, name: &str) -> Result<Option<UnixTime>, StoreError> {
    Ok(optional_number(item, name)?.map(UnixTime::from_seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys() -> Keyring {
        Keyring::parse(&format!(r#"{{"current":"k1","k1":"{}"}}"#, "x".repeat(43))).unwrap()
    }

    #[test]
    fn no_item_is_an_empty_one() {
        assert_eq!(UserItem::read("USER##42", None, &keys()), Ok(UserItem::default()));
    }

    #[test]
    fn an_unreadable_attribute_is_named() {
        for (name, value) in [
            (attribute::METHOD, s("pager")),
            (attribute::METHOD, s("google")),
            (attribute::FAILURES, s("5")),
            (attribute::FAILURES, AttributeValue::N("-1".to_owned())),
            (attribute::CODE_HASH, s("k1.AAAA")),
            (attribute::SENDS, AttributeValue::Ns(vec!["1.5".to_owned()])),
            (attribute::LAST_STEP_SECRET, s("k1.AAAA")),
            (attribute::RECOVERY_CODES, s("k1.AAAA")),
        ] {
            let item = Item::from([(name.to_owned(), value.clone())]);
            assert!(matches!(UserItem::read("USER##42", Some(&item), &keys()), Err(StoreError::Broken(_))), "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_stored_text_or_number_makes_it_panic(name in "method|secret|phone|verified|enrolment|code_hash|code_expires|failures|sends|last_step", value in ".*") {
            for method in ["google", "sms"] {
                for value in [s(value.clone()), AttributeValue::N(value.clone()), AttributeValue::Ns(vec![value.clone()])] {
                    let item = Item::from([
                        (attribute::METHOD.to_owned(), s(method)),
                        (attribute::SECRET.to_owned(), s("k1.AAAA")),
                        (name.clone(), value),
                    ]);
                    let _ = UserItem::read("USER##42", Some(&item), &keys());
                }
            }
        }
    }
}
