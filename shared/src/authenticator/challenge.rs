//! The code sent by SMS: a short-lived out-of-band secret (NIST SP 800-63B-4 §3.1.3, OWASP ASVS 5.0 §6.6).

use crate::authenticator::Enrolment;
use crate::authenticator::code::Code;
use crate::identity::user::User;
use crate::phone::PhoneNumber;
use crate::sealing::{CannotSeal, KeyedHash, Keyring};
use crate::time::UnixTime;

/// Seconds for which a code is valid.
pub const LIFETIME: u64 = 600;

/// Wrong attempts after which a code is no longer valid.
pub const MAX_TRIES: u64 = 5;

/// An out-of-band code that was sent (NIST SP 800-63B-4 §3.1.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Keyed hash of user, enrolment, number and code.
    pub code_hash: KeyedHash,
    /// The first second at which it is no longer valid.
    pub expires: UnixTime,
    /// Attempts counted since it was sent.
    pub tries: u64,
}

/// What a code's hash is bound to besides the code, which is useless for another user, enrolment or number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Binding<'a> {
    /// The user it is sent to.
    pub(crate) user: &'a User,
    /// The enrolment it verifies.
    pub(crate) enrolment: &'a Enrolment,
    /// The number it is sent to.
    pub(crate) number: &'a PhoneNumber,
}

impl Binding<'_> {
    /// The challenge to store for a `code` that is sent at `now`.
    ///
    /// # Errors
    /// The keyring has no current key to hash with.
    pub(crate) fn challenge(&self, code: &Code, keys: &Keyring, now: UnixTime) -> Result<Challenge, CannotSeal> {
        let code_hash = self.with_parts(code, |parts| keys.hash(parts))?;
        Ok(Challenge { code_hash, expires: now + LIFETIME, tries: 0 })
    }

    /// Whether `code` is the right one at `now`, and the attempt, which `challenge.tries` already counts, is among the
    /// first [`MAX_TRIES`]: after the fifth wrong code even the right one is refused.
    pub(crate) fn accepts(&self, challenge: &Challenge, code: &Code, keys: &Keyring, now: UnixTime) -> bool {
        now < challenge.expires
            && challenge.tries <= MAX_TRIES
            && self.with_parts(code, |parts| keys.matches(&challenge.code_hash, parts))
    }

    fn with_parts<T>(&self, code: &Code, hash: impl FnOnce(&[&str]) -> T) -> T {
        let Self { user, enrolment, number } = self;
        hash(&["code", &user.tenant, &user.id, &enrolment.id, &number.e164(), code.as_str()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authenticator::Authenticator;
    use crate::phone::countries::Countries;

    const NOW: UnixTime = UnixTime::from_seconds(1_000_000);

    fn number(national: &str) -> PhoneNumber {
        PhoneNumber::parse("45", national, &Countries::All).unwrap()
    }

    fn user(id: &str) -> User {
        User { tenant: String::new(), id: id.to_owned() }
    }

    fn enrolment(id: &str) -> Enrolment {
        Enrolment { id: id.to_owned(), authenticator: Authenticator::Sms(number("20123456")), verified: false }
    }

    fn keys() -> Keyring {
        Keyring::parse(&format!(r#"{{"current":"k1","k1":"{}"}}"#, "x".repeat(43))).unwrap()
    }

    fn code(text: &str) -> Code {
        Code::parse(text).unwrap()
    }

    #[test]
    fn the_code_is_accepted_for_its_user_enrolment_and_number_alone() {
        let (keys, ann, first, phone) = (keys(), user("1"), enrolment("a"), number("20123456"));
        let binding = Binding { user: &ann, enrolment: &first, number: &phone };
        let challenge = binding.challenge(&code("123456"), &keys, NOW).unwrap();
        let accepts = |binding: Binding<'_>, text| binding.accepts(&challenge, &code(text), &keys, NOW);
        assert!(accepts(binding, "123456"));
        assert!(!accepts(binding, "123457"));
        assert!(!accepts(Binding { user: &user("2"), ..binding }, "123456"));
        assert!(!accepts(Binding { enrolment: &enrolment("b"), ..binding }, "123456"));
        assert!(!accepts(Binding { number: &number("20123457"), ..binding }, "123456"));
    }

    #[test]
    fn the_code_lives_for_ten_minutes_to_the_second() {
        let (keys, ann, first, phone) = (keys(), user("1"), enrolment("a"), number("20123456"));
        let binding = Binding { user: &ann, enrolment: &first, number: &phone };
        let challenge = binding.challenge(&code("123456"), &keys, NOW).unwrap();
        assert!(binding.accepts(&challenge, &code("123456"), &keys, NOW + 599));
        assert!(!binding.accepts(&challenge, &code("123456"), &keys, NOW + 600));
    }

    #[test]
    fn after_five_wrong_tries_the_right_code_is_gone_too() {
        let (keys, ann, first, phone) = (keys(), user("1"), enrolment("a"), number("20123456"));
        let binding = Binding { user: &ann, enrolment: &first, number: &phone };
        let challenge = binding.challenge(&code("123456"), &keys, NOW).unwrap();
        let tried = |tries| Challenge { tries, ..challenge.clone() };
        assert!(binding.accepts(&tried(5), &code("123456"), &keys, NOW));
        assert!(!binding.accepts(&tried(6), &code("123456"), &keys, NOW));
    }
}
