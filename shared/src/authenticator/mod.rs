//! What a user has enrolled (NIST SP 800-63B-4 §4.1: binding an authenticator to an account), and whether a code is
//! right.

pub mod challenge;
pub mod change_limit;
pub mod code;
pub mod recovery_code;
pub mod secret;
pub mod throttle;
pub mod totp;

use crate::authenticator::secret::Secret;
use crate::phone::PhoneNumber;

/// The two kinds of authenticator, each with only what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authenticator {
    /// An authenticator app that shares this secret: method `google`.
    App(Secret),
    /// A phone that codes are sent to: method `sms`.
    Sms(PhoneNumber),
}

impl Authenticator {
    /// The API's name for the method.
    pub fn method(&self) -> &'static str {
        match self {
            Self::App(_) => "google",
            Self::Sms(_) => "sms",
        }
    }
}

/// Whether a secret is shown after its first verification. By then an app has it, and someone who has only the session
/// should no longer be able to read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretVisibility {
    /// Always, as documented.
    Always,
    /// Until the enrolment is verified.
    UntilVerified,
}

impl SecretVisibility {
    /// Whether the secret of `enrolment` may be shown.
    pub fn shows(self, enrolment: &Enrolment) -> bool {
        self == Self::Always || !enrolment.verified
    }
}

/// Whether changing or disabling verified settings requires a current code as well as the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepUp {
    /// The token is enough, as documented.
    None,
    /// A current code or a recovery code is required.
    Code,
}

/// One enrolment of an authenticator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// Random and new for each enrolment: a write that names it cannot affect a later one.
    pub id: String,
    /// What was enrolled.
    pub authenticator: Authenticator,
    /// Whether a right code has been accepted since.
    pub verified: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phone::countries::Countries;

    fn app() -> Authenticator {
        Authenticator::App(Secret::parse("T42NQXFCPWEJMGJY").unwrap())
    }

    #[test]
    fn each_kind_has_the_apis_name_of_its_method() {
        assert_eq!(app().method(), "google");
        let number = PhoneNumber::parse("45", "20123456", &Countries::All).unwrap();
        assert_eq!(Authenticator::Sms(number).method(), "sms");
    }

    #[test]
    fn a_secret_is_shown_always_or_until_it_is_verified() {
        let enrolment = |verified| Enrolment { id: "a".to_owned(), authenticator: app(), verified };
        for (visibility, verified, shown) in [
            (SecretVisibility::Always, false, true),
            (SecretVisibility::Always, true, true),
            (SecretVisibility::UntilVerified, false, true),
            (SecretVisibility::UntilVerified, true, false),
        ] {
            assert_eq!(visibility.shows(&enrolment(verified)), shown, "{visibility:?}, verified: {verified}");
        }
    }
}
