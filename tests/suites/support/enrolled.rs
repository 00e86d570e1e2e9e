//! Users with an authenticator, and the codes it shows.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use two_factor::authenticator::secret::Secret;
use two_factor::authenticator::totp;
use two_factor::time::UnixTime;

use super::{Answer, Fixture, User, now};

/// The secret in the documentation.
pub const SECRET: &str = "T42NQXFCPWEJMGJY";

/// What GET shows of a user without settings.
pub fn nothing_set() -> Value {
    json!({"method": null, "secret_key": null, "phone_prefix": null, "phone": null, "verified": false})
}

/// Enrols an authenticator app with [`SECRET`].
pub async fn enrol_app(user: &User) {
    user.patch(json!({"method": "google", "secret_key": SECRET})).await.assert_no_content();
}

/// The code that an app with `secret` shows now.
pub fn code_now(secret: &str) -> String {
    code_at(secret, now())
}

/// The code that an app with `secret` shows at this number of seconds since 1970.
pub fn code_at(secret: &str, seconds: u64) -> String {
    totp::code_at(&Secret::parse(secret).unwrap(), UnixTime::from_seconds(seconds))
}

/// A code that is wrong for the current time step, the one before and the two after.
pub fn wrong_code(secret: &str) -> String {
    let right: Vec<String> = [-30, 0, 30, 60].map(|skew| code_at(secret, now().saturating_add_signed(skew))).into();
    (0..).map(|n| format!("{n:06}")).find(|code| !right.contains(code)).unwrap()
}

/// A Danish mobile number that no other test uses: the digits after +45.
pub fn phone_number() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(20_100_000);
    NEXT.fetch_add(1, Ordering::Relaxed).to_string()
}

/// Enrols a phone that no other test uses; returns its number (E.164).
pub async fn enrol_phone(user: &User) -> String {
    let phone = phone_number();
    user.patch(json!({"method": "sms", "phone_prefix": 45, "phone": phone.parse::<u64>().unwrap()}))
        .await
        .assert_no_content();
    format!("+45{phone}")
}

/// The code in the last message to `number`.
pub fn last_code(fixture: &Fixture, number: &str) -> String {
    let messages = fixture.messages_to(number);
    let message = messages.last().unwrap_or_else(|| panic!("a message to {number}"));
    let code = message.split(|c: char| !c.is_ascii_digit()).find(|part| part.len() == 6);
    code.unwrap_or_else(|| panic!("a code in {message:?}")).to_owned()
}

/// Enrols an authenticator app and verifies it; returns a set of recovery codes.
pub async fn recovery_codes(user: &User) -> Vec<String> {
    enrol_app(user).await;
    user.verify(&code_now(SECRET)).await.assert_no_content();
    new_recovery_codes(user).await
}

/// Requests a new set of recovery codes for a user with verified settings.
pub async fn new_recovery_codes(user: &User) -> Vec<String> {
    codes_of(&user.post("/api/two-factor/recovery-codes").await)
}

fn codes_of(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_value(answer.json()["data"]["recovery_codes"].clone()).unwrap()
}
