//! The store with the time as a parameter: every wait and limit is followed second by second, on the real engine.

use two_factor::authenticator::code::Code;
use two_factor::authenticator::secret::Secret;
use two_factor::authenticator::throttle::wait_after;
use two_factor::authenticator::{Authenticator, Enrolment, StepUp, totp};
use two_factor::identity::user::User;
use two_factor::phone::PhoneNumber;
use two_factor::phone::countries::Countries;
use two_factor::sealing::Keyring;
use two_factor::sms::limits::{Budget, DAY, NUMBER_WAIT};
use two_factor::store::{
    Accepted, Attempt, Effect, NewSettings, Removed, Replaced, Reserved, ResetBy, SendReservation, Store, StoreError,
    UserItem, user_key,
};
use two_factor::time::UnixTime;

use crate::support::{SECRET, Table, phone_number, stack};

/// The first second of a time step.
const START: UnixTime = UnixTime::from_seconds(2_000_000_010);

/// More than all these tests send together.
const BUDGET: Budget = Budget { per_hour: 1_000_000 };

/// A user in a store with its keys and its table.
struct Subject {
    store: Store,
    table: Table,
    user: User,
}

impl Subject {
    fn new(id: &str) -> Self {
        let table = stack().table();
        let user = User { tenant: "store".to_owned(), id: id.to_owned() };
        Self { store: table.store(keyring("k1", &["k1"])), table, user }
    }

    async fn enrol_app(&self) {
        let secret = Secret::parse(SECRET).unwrap();
        self.enrol(Authenticator::App(secret)).await;
    }

    async fn enrol_phone(&self, national: &str) {
        let number = PhoneNumber::parse("45", national, &Countries::All).unwrap();
        self.enrol(Authenticator::Sms(number)).await;
    }

    async fn enrol(&self, authenticator: Authenticator) {
        let settings = NewSettings::Enrol(authenticator);
        let replaced = self.store.replace(&self.user, &settings, StepUp::None, START).await.unwrap();
        assert_eq!(replaced, Replaced::Done);
    }

    async fn read(&self) -> UserItem {
        self.store.user(&self.user).await.unwrap()
    }

    async fn enrolment(&self) -> Enrolment {
        self.read().await.enrolment.unwrap()
    }

    async fn attempt(&self, now: UnixTime) -> Attempt {
        self.store.reserve_attempt(&self.user, now).await.unwrap()
    }

    async fn reserved(&self, now: UnixTime) -> Box<Reserved> {
        match self.attempt(now).await {
            Attempt::Reserved(reserved) => reserved,
            other => panic!("{other:?}"),
        }
    }

    /// Tries the code that the app shows at `now`.
    async fn accept(&self, reserved: &Reserved, now: UnixTime) -> bool {
        let code = totp::code_at(&Secret::parse(SECRET).unwrap(), now);
        let code = Code::parse(&code).unwrap();
        self.store.accept(&self.user, &code, reserved, &Effect::Verify, now).await.unwrap() == Accepted::Yes
    }

    fn rotate(&mut self, keys: Keyring) {
        self.store = self.table.store(keys);
    }

    /// Requests a send as the function does: reads, then reserves.
    async fn send(&self, now: UnixTime) -> SendReservation {
        self.send_after_reading(&self.read().await, now).await
    }

    async fn send_after_reading(&self, item: &UserItem, now: UnixTime) -> SendReservation {
        self.store.reserve_send(&self.user, item, &Code::parse("123456").unwrap(), BUDGET, now).await.unwrap()
    }

    async fn assert_sent(&self, now: UnixTime) {
        let sent = self.send(now).await;
        assert!(matches!(sent, SendReservation::Reserved(_)), "{sent:?} at {now:?}");
    }

    async fn assert_send_waits(&self, now: UnixTime, expected: u64) {
        match self.send(now).await {
            SendReservation::Wait { seconds } => assert_eq!(seconds, expected, "at {now:?}"),
            other => panic!("{other:?} at {now:?}"),
        }
    }
}

fn keyring(current: &str, names: &[&str]) -> Keyring {
    let mut members = serde_json::json!({ "current": current });
    for name in names {
        members[*name] = serde_json::json!(name.repeat(43));
    }
    Keyring::parse(&members.to_string()).unwrap()
}

#[tokio::test]
async fn every_wait_ends_at_its_exact_second() {
    let subject = Subject::new("waits");
    subject.enrol_app().await;
    let mut now = START;
    for failures in 1..=14_u64 {
        subject.reserved(now).await;
        let wait = wait_after(failures);
        if wait > 0 {
            for (passed, left) in [(0, wait), (1, wait - 1), (wait - 1, 1)] {
                match subject.attempt(now + passed).await {
                    Attempt::Wait { seconds } => assert_eq!(seconds, left, "after {failures}"),
                    other => panic!("{other:?} after {failures}"),
                }
            }
        }
        now = now + wait;
    }
    assert_eq!(subject.read().await.throttle.failures, 14);
}

#[tokio::test]
async fn an_acceptance_clears_the_count_and_an_earlier_or_equal_step_is_refused_for_ever() {
    let subject = Subject::new("steps");
    subject.enrol_app().await;
    for _ in 0..4 {
        subject.reserved(START).await;
    }
    assert!(subject.accept(&*subject.reserved(START).await, START).await);
    assert_eq!(subject.read().await.throttle.failures, 0);
    for earlier in [0, 30, 3000] {
        assert!(!subject.accept(&*subject.reserved(START).await, START - earlier).await, "{earlier}");
    }
    assert!(subject.accept(&*subject.reserved(START).await, START + 30).await);
}

#[tokio::test]
async fn a_used_step_stays_used_over_a_rotation_of_keys() {
    let mut subject = Subject::new("rotation");
    subject.enrol_app().await;
    assert!(subject.accept(&*subject.reserved(START).await, START).await);
    subject.rotate(keyring("k2", &["k1", "k2"]));
    subject.enrol_app().await;
    assert!(!subject.accept(&*subject.reserved(START).await, START).await);
    assert!(subject.accept(&*subject.reserved(START).await, START + 30).await);
}

#[tokio::test]
async fn what_an_old_key_sealed_is_read_and_sealed_anew_by_the_next_write() {
    let mut subject = Subject::new("resealed");
    subject.enrol_app().await;
    subject.rotate(keyring("k2", &["k1", "k2"]));
    let sealed = |item: &crate::support::Item| item["secret"].as_s().unwrap().split('.').next().unwrap().to_owned();
    let key = user_key(&subject.user);
    assert_eq!(sealed(&subject.table.item(&key).await.unwrap()), "k1");
    let enrolment = subject.enrolment().await;
    subject.enrol(enrolment.authenticator.clone()).await;
    assert_eq!(sealed(&subject.table.item(&key).await.unwrap()), "k2");
    subject.rotate(keyring("k2", &["k2"]));
    assert_eq!(subject.enrolment().await.authenticator, enrolment.authenticator);
}

#[tokio::test]
async fn a_late_acceptance_does_not_reach_a_later_enrolment() {
    let subject = Subject::new("late");
    subject.enrol_app().await;
    let reserved = subject.reserved(START).await;
    subject.enrol_app().await;
    assert!(!subject.accept(&reserved, START).await);
    assert!(!subject.enrolment().await.verified);
}

#[tokio::test]
async fn an_attempt_given_back_leaves_everything_as_it_was() {
    let subject = Subject::new("given-back");
    subject.enrol_app().await;
    for _ in 0..5 {
        subject.reserved(START).await;
    }
    let before = subject.read().await.throttle;
    let reserved = subject.reserved(START + 60).await;
    subject.store.release_attempt(&subject.user, &reserved).await.unwrap();
    assert_eq!(subject.read().await.throttle, before);
    // Releasing an attempt twice, or after its code was accepted, changes nothing.
    subject.store.release_attempt(&subject.user, &reserved).await.unwrap();
    assert_eq!(subject.read().await.throttle, before);
    let reserved = subject.reserved(START + 60).await;
    assert!(matches!(subject.attempt(START + 60).await, Attempt::Wait { .. }));
    assert!(subject.accept(&reserved, START).await);
    subject.store.release_attempt(&subject.user, &reserved).await.unwrap();
    assert_eq!(subject.read().await.throttle.failures, 0);
}

#[tokio::test]
async fn an_administrators_reset_clears_the_count_and_ones_own_does_not() {
    let subject = Subject::new("reset");
    for (by, expected) in [(ResetBy::Self_, 1), (ResetBy::Administrator(&subject.user), 0)] {
        subject.enrol_app().await;
        if by == ResetBy::Self_ {
            subject.reserved(START).await;
        }
        let reset = subject.store.reset(&subject.user, by, StepUp::None, START).await.unwrap();
        assert_eq!(reset, Removed::Done);
        assert_eq!(subject.read().await.throttle.failures, expected);
        assert_eq!(subject.read().await.enrolment, None);
    }
}

#[tokio::test]
async fn sends_of_a_user_walk_through_half_a_minute_an_hour_and_a_day() {
    let subject = Subject::new("sends");
    subject.enrol_phone(&phone_number()).await;
    subject.table.verify(&user_key(&subject.user)).await;
    subject.assert_sent(START).await;
    subject.assert_send_waits(START, 30).await;
    subject.assert_send_waits(START + 29, 1).await;
    for second in [30, 60, 90, 120] {
        subject.assert_sent(START + second).await;
    }
    subject.assert_send_waits(START + 150, 3450).await;
    subject.assert_send_waits(START + 3599, 1).await;
    for second in [3600, 3630, 3660, 3690, 3720] {
        subject.assert_sent(START + second).await;
    }
    subject.assert_send_waits(START + 7300, DAY - 7300).await;
    // The number's ten sends are as old as the user's, and its wait is always an hour.
    subject.assert_send_waits(START + DAY - 1, NUMBER_WAIT).await;
    subject.assert_sent(START + DAY).await;
    assert_eq!(subject.read().await.sends.stamps().len(), 10);
}

#[tokio::test]
async fn a_number_gets_ten_a_day_over_all_users_and_its_day_slides() {
    let national = phone_number();
    let mut subjects = Vec::new();
    for index in 0..12 {
        let subject = Subject::new(&format!("number-{index}"));
        subject.enrol_phone(&national).await;
        subject.table.verify(&user_key(&subject.user)).await;
        subjects.push(subject);
    }
    for (index, subject) in subjects[..10].iter().enumerate() {
        subject.assert_sent(START + 100 * index as u64).await;
    }
    subjects[10].assert_send_waits(START + 1000, NUMBER_WAIT).await;
    subjects[10].assert_send_waits(START + DAY - 1, NUMBER_WAIT).await;
    subjects[10].assert_sent(START + DAY).await;
    subjects[11].assert_send_waits(START + DAY, NUMBER_WAIT).await;
    subjects[11].assert_sent(START + DAY + 100).await;
    // A refused send costs the user nothing either.
    assert_eq!(subjects[11].read().await.sends.stamps().len(), 1);
}

#[tokio::test]
async fn a_send_for_settings_that_were_replaced_meanwhile_is_not_reserved() {
    let subject = Subject::new("changed");
    subject.enrol_phone(&phone_number()).await;
    let read = subject.read().await;
    subject.enrol_phone(&phone_number()).await;
    assert!(matches!(subject.send_after_reading(&read, START).await, SendReservation::Changed));
    assert_eq!(subject.read().await.sends.stamps().len(), 0);
    assert_eq!(subject.read().await.challenge, None);
}

#[tokio::test]
async fn a_send_given_back_frees_both_limits_and_puts_the_earlier_code_back() {
    let subject = Subject::new("send-given-back");
    subject.enrol_phone(&phone_number()).await;
    subject.assert_sent(START).await;
    subject.reserved(START).await;
    let before = subject.read().await;
    let SendReservation::Reserved(slot) = subject.send(START + 30).await else { panic!("a send is due") };
    assert_ne!(subject.read().await.challenge, before.challenge);
    subject.store.release_send(&subject.user, &slot).await.unwrap();
    let after = subject.read().await;
    assert_eq!((&after.challenge, &after.sends), (&before.challenge, &before.sends));
    // Again, with new settings in between: the send is released, and the new settings stay.
    let SendReservation::Reserved(slot) = subject.send(START + 30).await else { panic!("a send is due") };
    subject.enrol_phone(&phone_number()).await;
    subject.store.release_send(&subject.user, &slot).await.unwrap();
    let after = subject.read().await;
    assert_eq!((&after.challenge, &after.sends), (&None, &before.sends));
}

#[tokio::test]
async fn an_item_that_cannot_be_read_is_an_error_and_counts_nothing() {
    let subject = Subject::new("corrupt");
    subject.enrol_app().await;
    let key = user_key(&subject.user);
    let stolen = Subject::new("corrupt-other");
    stolen.enrol_app().await;
    let sealed = stolen.table.item(&user_key(&stolen.user)).await.unwrap()["secret"].clone();
    subject.table.put(&key, "secret", sealed).await;
    let error = subject.store.user(&subject.user).await.unwrap_err();
    assert!(matches!(error, StoreError::Broken(_)), "{error:?}");
}
