//! The store with wrong clocks and extreme times: clocks that jump back, times after 2038 and at both ends of what a
//! number can hold, and items that DynamoDB's time to live should already have removed.

use aws_sdk_dynamodb::types::AttributeValue;
use two_factor::authenticator::code::Code;
use two_factor::authenticator::secret::Secret;
use two_factor::authenticator::throttle::CLOCK_ERROR;
use two_factor::authenticator::totp;
use two_factor::authenticator::{Authenticator, StepUp};
use two_factor::identity::user::User;
use two_factor::phone::PhoneNumber;
use two_factor::phone::countries::Countries;
use two_factor::sealing::Keyring;
use two_factor::sms::limits::{Budget, DAY};
use two_factor::store::{
    Attempt, Effect, NewSettings, Removed, Replaced, ResetBy, SendReservation, Store, StoreError, UserItem, user_key,
};
use two_factor::time::UnixTime;
use two_factor::verification::{self, Try, TypedCode};

use crate::support::{SECRET, Table, phone_number, stack};

/// Seconds since 1970 at which some programs fail: around the limits of 31, 32 and 33 bits, the end of the year 9999,
/// 2⁴⁰, and the last second whose milliseconds a JSON number holds exactly.
const FAR: [u64; 8] =
    [0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1_0000_0000, 0x1_ffff_ffff, 253_402_300_799, 1 << 40, 9_007_199_254_740];

/// More than all these tests send together.
const BUDGET: Budget = Budget { per_hour: 1_000_000 };

struct Subject {
    store: Store,
    table: Table,
    user: User,
}

impl Subject {
    fn new(id: impl Into<String>) -> Self {
        let table = stack().table();
        let keys = Keyring::parse(&format!(r#"{{"current":"k1","k1":"{}"}}"#, "x".repeat(43))).unwrap();
        Self { store: table.store(keys), table, user: User { tenant: "clocks".to_owned(), id: id.into() } }
    }

    fn key(&self) -> String {
        user_key(&self.user)
    }

    async fn enrol(&self, authenticator: Authenticator, now: u64) {
        let settings = NewSettings::Enrol(authenticator);
        let replaced = self.store.replace(&self.user, &settings, StepUp::None, at(now)).await.unwrap();
        assert_eq!(replaced, Replaced::Done);
    }

    async fn enrol_app(&self, now: u64) {
        self.enrol(Authenticator::App(secret()), now).await;
    }

    async fn enrol_phone(&self, now: u64) {
        let number = PhoneNumber::parse("45", &phone_number(), &Countries::All).unwrap();
        self.enrol(Authenticator::Sms(number), now).await;
    }

    async fn read(&self) -> UserItem {
        self.store.user(&self.user).await.unwrap()
    }

    /// Seconds to wait for an attempt; `None` if it was counted.
    async fn attempt(&self, now: u64) -> Option<u64> {
        match self.store.reserve_attempt(&self.user, at(now)).await.unwrap() {
            Attempt::Reserved(_) => None,
            Attempt::Wait { seconds } => Some(seconds),
            Attempt::Disabled => panic!("something is enrolled"),
        }
    }

    async fn verify(&self, code: &str, now: u64) -> Result<(), two_factor::error::Error> {
        let tried = Try { user: &self.user, code: &TypedCode::parse(code).unwrap(), now: at(now) };
        verification::accept(&self.store, tried, &Effect::Verify).await.map(|_| ())
    }

    /// Seconds to wait for a send; `None` if it was counted.
    async fn send(&self, now: u64) -> Result<Option<u64>, StoreError> {
        let item = self.read().await;
        match self.store.reserve_send(&self.user, &item, &Code::parse("123456").unwrap(), BUDGET, at(now)).await? {
            SendReservation::Reserved(_) => Ok(None),
            SendReservation::Wait { seconds } => Ok(Some(seconds)),
            other => panic!("{other:?}"),
        }
    }
}

/// The app's code at `now`.
fn code_at(now: u64) -> String {
    totp::code_at(&secret(), at(now))
}

fn at(seconds: u64) -> UnixTime {
    UnixTime::from_seconds(seconds)
}

fn secret() -> Secret {
    Secret::parse(SECRET).unwrap()
}

#[tokio::test]
async fn every_rule_holds_past_2038_and_far_beyond() {
    for (nth, start) in FAR.into_iter().enumerate() {
        let subject = Subject::new(format!("far-{nth}"));
        subject.enrol_app(start).await;
        let code = code_at(start);
        subject.verify(&code, start).await.unwrap();
        subject.verify(&code, start + 1).await.unwrap_err();
        subject.verify(&code_at(start + 30), start + 30).await.unwrap();
        for _ in 0..5 {
            assert_eq!(subject.attempt(start + 60).await, None);
        }
        assert_eq!(subject.attempt(start + 60).await, Some(60), "{start}");
        assert_eq!(subject.attempt(start + 119).await, Some(1), "{start}");
        assert_eq!(subject.attempt(start + 120).await, None, "{start}");

        let subject = Subject::new(format!("far-sms-{nth}"));
        subject.enrol_phone(start).await;
        assert_eq!(subject.send(start).await, Ok(None));
        assert_eq!(subject.send(start + 29).await, Ok(Some(1)), "{start}");
        assert_eq!(subject.send(start + 30).await, Ok(None), "{start}");
        subject.verify("123456", start + 30 + 600).await.unwrap_err();
        subject.verify("123456", start + 30 + 599).await.unwrap();
        subject.verify("123456", start + 30 + 599).await.unwrap_err();
        assert_eq!(
            subject.store.reset(&subject.user, ResetBy::Self_, StepUp::None, at(start + 1000)).await,
            Ok(Removed::Done)
        );
        assert_eq!(subject.read().await.enrolment, None);
    }
}

#[tokio::test]
async fn no_time_makes_anything_panic() {
    // The last times do not fit when counted in microseconds, as stamps of sends are; an error is acceptable there.
    for (nth, now) in
        [0, 1, 29, 30, 59, u64::MAX / 1_000_000, u64::MAX / 2, u64::MAX - 600, u64::MAX].into_iter().enumerate()
    {
        let subject = Subject::new(format!("ends-{nth}"));
        subject.enrol_app(now).await;
        for _ in 0..6 {
            let _ = subject.store.reserve_attempt(&subject.user, at(now)).await;
        }
        let _ = subject.verify("000000", now).await;
        let _ = subject.store.reset(&subject.user, ResetBy::Administrator(&subject.user), StepUp::None, at(now)).await;
        subject.enrol_app(now).await;
        assert!(code_at(now).len() == 6);
        subject.enrol_phone(now).await;
        let _ = subject.send(now).await;
        let _ = subject.send(now).await;
        let _ = subject.verify("123456", now).await;
        let _ = subject.store.reset(&subject.user, ResetBy::Self_, StepUp::None, at(now)).await;
        assert_eq!(subject.read().await.enrolment, None, "{now}");
    }
}

#[tokio::test]
async fn numbers_at_the_end_of_their_range_in_an_item_are_no_panic() {
    for (nth, attribute) in
        ["failures", "last_attempt", "code_tries", "code_expires", "last_step"].into_iter().enumerate()
    {
        for (value, readable) in
            [("18446744073709551615", true), ("18446744073709551616", false), ("-1", false), ("1.5", false)]
        {
            let subject = Subject::new(format!("range-{nth}-{value}"));
            subject.enrol_phone(1_000_000).await;
            assert_eq!(subject.send(1_000_000).await, Ok(None));
            subject.table.put(&subject.key(), "last_step_secret", AttributeValue::S("k1.AAAA".to_owned())).await;
            subject.table.put(&subject.key(), "last_step", AttributeValue::N("1".to_owned())).await;
            subject.table.put(&subject.key(), attribute, AttributeValue::N(value.to_owned())).await;
            let read = subject.store.user(&subject.user).await;
            assert_eq!(read.is_ok(), readable, "{attribute} {value}: {read:?}");
            let _ = subject.store.reserve_attempt(&subject.user, at(1_000_001)).await;
            let _ = subject.verify("123456", 1_000_002).await;
        }
    }
}

#[tokio::test]
async fn a_clock_that_jumps_back_a_little_opens_no_door() {
    let subject = Subject::new("back-a-little");
    let start = 3_000_000_000;
    subject.enrol_app(start).await;
    for _ in 0..5 {
        assert_eq!(subject.attempt(start).await, None);
    }
    for back in [1, 10, 60, 600, CLOCK_ERROR] {
        assert_eq!(subject.attempt(start - back).await, Some(60 + back), "{back} s back: as long as it truly takes");
    }
    assert_eq!(subject.read().await.throttle.failures, 5);

    let subject = Subject::new("back-a-little-sms");
    subject.enrol_phone(start).await;
    assert_eq!(subject.send(start).await, Ok(None));
    for back in [1, 10, 60, 600, CLOCK_ERROR] {
        assert_eq!(subject.send(start - back).await, Ok(Some(30 + back)), "{back} s back");
    }
    assert_eq!(subject.read().await.sends.stamps().len(), 1);
}

#[tokio::test]
async fn a_clock_that_was_hours_ahead_locks_nobody_out_for_as_long() {
    let subject = Subject::new("back-far");
    let start = 3_000_000_000;
    subject.enrol_app(start).await;
    for _ in 0..5 {
        assert_eq!(subject.attempt(start + 400 * DAY).await, None);
    }
    // After one attempt with the correct clock, that attempt's time counts.
    assert_eq!(subject.attempt(start).await, None);
    assert_eq!(subject.attempt(start).await, Some(120));
    assert_eq!(subject.read().await.throttle.failures, 6);

    let subject = Subject::new("back-far-sms");
    subject.enrol_phone(start).await;
    assert_eq!(subject.send(start + 400 * DAY).await, Ok(None));
    assert_eq!(subject.send(start).await, Ok(None));
    assert_eq!(subject.send(start).await, Ok(Some(30)));
    assert_eq!(subject.read().await.sends.stamps().len(), 1, "the send from the future is forgotten");
}

#[tokio::test]
async fn a_number_whose_sends_a_wrong_clock_wrote_is_reached_again() {
    let subject = Subject::new("number-back-far");
    let start = 3_000_000_000;
    subject.enrol_phone(start).await;
    subject.table.verify(&subject.key()).await;
    for nth in 0..10 {
        assert_eq!(subject.send(start + 400 * DAY + nth * 3600).await, Ok(None), "{nth}");
    }
    assert_eq!(subject.send(start).await, Ok(None));
}

#[tokio::test]
async fn a_code_of_a_used_step_stays_used_when_the_clock_jumps_back() {
    let subject = Subject::new("step-back");
    let start = 3_000_000_000;
    subject.enrol_app(start).await;
    subject.verify(&code_at(start), start).await.unwrap();
    for back in [0, 30, 60, 3600] {
        subject.verify(&code_at(start - back), start - back).await.unwrap_err();
    }
    assert!(subject.read().await.enrolment.unwrap().verified);
}

#[tokio::test]
async fn what_the_time_to_live_has_not_removed_yet_counts_as_ever() {
    let start = 3_000_000_000;
    let subject = Subject::new("overdue");
    subject.enrol_app(start).await;
    for _ in 0..5 {
        assert_eq!(subject.attempt(start).await, None);
    }
    assert_eq!(subject.store.reset(&subject.user, ResetBy::Self_, StepUp::None, at(start)).await, Ok(Removed::Done));
    let overdue = AttributeValue::N((start - 10 * DAY).to_string());
    subject.table.put(&subject.key(), "expires_at", overdue.clone()).await;
    // Two days late is normal. The wait still counts, and new settings remove the item's expiry.
    subject.enrol_app(start).await;
    assert_eq!(subject.attempt(start).await, Some(60));
    assert!(!subject.table.item(&subject.key()).await.unwrap().contains_key("expires_at"));

    let subject = Subject::new("overdue-sms");
    subject.enrol_phone(start).await;
    assert_eq!(subject.send(start).await, Ok(None));
    let stamp = subject.read().await.sends.stamps()[0].0.to_string();
    let items = subject.table.all().await;
    let number = items.iter().find(|item| {
        item["pk"].as_s().unwrap().starts_with("NUMBER#clocks") && item["sends"].as_ns().unwrap().contains(&stamp)
    });
    let number = number.unwrap()["pk"].as_s().unwrap();
    subject.table.put(number, "expires_at", overdue.clone()).await;
    subject.table.put(&subject.key(), "expires_at", overdue).await;
    assert_eq!(subject.send(start + 29).await, Ok(Some(1)));
    subject.verify("123456", start + 599).await.unwrap();
    subject.verify("123456", start + 599).await.unwrap_err();
    for nth in 1..10 {
        assert_eq!(subject.send(start + nth * 3600).await, Ok(None));
    }
    assert_eq!(subject.send(start + 10 * 3600).await, Ok(Some(DAY - 10 * 3600)));
}

#[tokio::test]
async fn an_expired_code_is_refused_while_its_item_is_still_there() {
    let start = 3_000_000_000;
    let subject = Subject::new("expired");
    subject.enrol_phone(start).await;
    assert_eq!(subject.send(start).await, Ok(None));
    subject.verify("123456", start + 600).await.unwrap_err();
    assert!(subject.read().await.challenge.is_some(), "nothing has tidied it up");
    subject.verify("123456", start + 599).await.unwrap();
}
