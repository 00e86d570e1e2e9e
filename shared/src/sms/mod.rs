//! The text of an SMS: always one message, in a language that its reader knows, with the code where a phone finds it.

mod gsm;
pub mod limits;
pub mod sender;
mod texts;

#[cfg(test)]
mod tests;

use zeroize::Zeroizing;

use crate::authenticator::code::{Code, DIGITS};
pub use texts::{LANGUAGES, Language};

/// Longest domain of a WebOTP line that every language's shortest text, which has no issuer, leaves room for. What
/// [`SmsText::message`] falls back on is one message then, whatever the issuer: nothing more is to check in init.
pub const MAX_DOMAIN: usize = 46;

/// What an SMS says, checked to be one message for whoever gets it.
#[derive(Debug)]
pub struct SmsText {
    wording: Wording,
    issuer: String,
    domain: String,
}

#[derive(Debug)]
enum Wording {
    /// The company's own text, the same for everybody.
    Own(String),
    /// The built-in texts; this language for whoever has none of them.
    BuiltIn(&'static Language),
}

/// Why a text or a domain does not make one SMS. The sentence goes on from the name of the setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSmsText {
    /// There is no place for the code.
    #[error("must contain {{code}}")]
    NoCode,
    /// A character that would make the whole message one of 70 characters.
    #[error("contains {0:?}, which is not in the GSM alphabet of SMS")]
    NotGsm(char),
    /// Characters of the message, with the code, the issuer and the WebOTP line filled in.
    #[error("makes a message of {0} characters; at most {max} fit into one SMS", max = gsm::MAX_SEPTETS)]
    TooLong(usize),
    /// The domain leaves no room for the code in some language.
    #[error("is too long; at most {MAX_DOMAIN} characters fit into an SMS in every language")]
    DomainTooLong,
}

impl SmsText {
    /// The company's own text, with `{code}` and `{issuer}`, and with the WebOTP line `@domain #code` where `domain` is
    /// not empty (WICG, "Origin-bound one-time codes delivered via SMS").
    ///
    /// # Errors
    /// There is no `{code}`, a character outside the GSM alphabet, or over 160 of them.
    pub fn own(template: &str, issuer: &str, domain: &str) -> Result<Self, InvalidSmsText> {
        if !template.contains("{code}") {
            return Err(InvalidSmsText::NoCode);
        }
        match gsm::septets(&message(template, issuer, domain, &"0".repeat(DIGITS))) {
            Err(character) => Err(InvalidSmsText::NotGsm(character)),
            Ok(length) if length > gsm::MAX_SEPTETS => Err(InvalidSmsText::TooLong(length)),
            Ok(_) => Ok(Self::new(Wording::Own(template.to_owned()), issuer, domain)),
        }
    }

    /// The built-in texts; `default` is for callers whose language is not known or not here. The WebOTP line is as
    /// above.
    ///
    /// # Errors
    /// The domain has over [`MAX_DOMAIN`] characters.
    pub fn built_in(default: &'static Language, issuer: &str, domain: &str) -> Result<Self, InvalidSmsText> {
        if domain.len() > MAX_DOMAIN {
            return Err(InvalidSmsText::DomainTooLong);
        }
        Ok(Self::new(Wording::BuiltIn(default), issuer, domain))
    }

    fn new(wording: Wording, issuer: &str, domain: &str) -> Self {
        Self { wording, issuer: issuer.to_owned(), domain: domain.to_owned() }
    }

    /// The message with this issuer and code, for a user with this `locale` (a BCP 47 tag; both from whoever wrote the
    /// token): the company's own text, or the fullest one in the user's language that makes one SMS with this issuer and
    /// domain. An own text that an issuer makes too long has everybody's issuer instead, which was checked in init.
    pub fn message(&self, issuer: &str, locale: Option<&str>, code: &Code) -> Zeroizing<String> {
        let filled = |text: &str| message(text, issuer, &self.domain, code.as_str());
        match self.wording {
            Wording::Own(ref text) => Some(filled(text))
                .filter(|message| gsm::is_one_message(message))
                .unwrap_or_else(|| message(text, &self.issuer, &self.domain, code.as_str())),
            Wording::BuiltIn(default) => {
                let language = locale.and_then(Language::of).unwrap_or(default);
                let mut messages = language.texts().into_iter().map(|text| filled(&text));
                messages.find(|message| gsm::is_one_message(message)).unwrap_or_else(|| filled(language.shortest()))
            }
        }
    }
}

/// `text` with its places filled, and the WebOTP line. The code goes in before the issuer, whose name is taken as it is.
fn message(text: &str, issuer: &str, domain: &str, code: &str) -> Zeroizing<String> {
    let text = match domain {
        "" => text.to_owned(),
        domain => format!("{text}\n@{domain} #{{code}}"),
    };
    let with_code = Zeroizing::new(text.replace("{code}", code));
    Zeroizing::new(with_code.replace("{issuer}", issuer))
}
