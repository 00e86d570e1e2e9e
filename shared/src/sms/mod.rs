//! The text of an SMS: always one message, in a language that the user knows, with the code where a phone finds it.

mod gsm;
pub mod limits;
pub mod sender;
mod texts;

#[cfg(test)]
mod tests;

use zeroize::Zeroizing;

use crate::authenticator::code::{Code, DIGITS};
pub use texts::{LANGUAGES, Language};

/// Longest domain of a WebOTP line that fits beside the shortest text of every language, which has no issuer. So the
/// text that [`SmsText::message`] falls back on is one message whatever the issuer, and init has nothing more to check.
pub const MAX_DOMAIN: usize = 46;

/// What an SMS says, checked to be one message for every recipient.
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
    /// The built-in texts; this language is for users whose own has no text.
    BuiltIn(&'static Language),
}

/// Why a text or a domain does not make one SMS. The name of the setting comes before the sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSmsText {
    /// The text has no placeholder for the code.
    #[error("must contain {{code}}")]
    NoCode,
    /// A character that would limit the whole message to 70 characters.
    #[error("contains {0:?}, which is not in the GSM alphabet of SMS")]
    NotGsm(char),
    /// The message has this many characters, with the code, the issuer and the WebOTP line filled in.
    #[error("makes a message of {0} characters; at most {max} fit into one SMS", max = gsm::MAX_SEPTETS)]
    TooLong(usize),
    /// The domain leaves no room for the code in some language.
    #[error("is too long; at most {MAX_DOMAIN} characters fit into an SMS in every language")]
    DomainTooLong,
}

impl SmsText {
    /// The company's own text, with `{code}` and `{issuer}`, and with the WebOTP line `@domain #code` if `domain` is
    /// not empty (WICG, "Origin-bound one-time codes delivered via SMS").
    ///
    /// # Errors
    /// There is no `{code}`, there is a character outside the GSM alphabet, or the message is over 160 characters long.
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

    /// The built-in texts; `default` is for callers whose language is unknown or has no text. The WebOTP line is as in
    /// [`SmsText::own`].
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

    /// The message with this issuer and code, for a user with this `locale` (a BCP 47 tag). The issuer and the locale
    /// come from whoever wrote the token. The text is the company's own, or the fullest one in the user's language that
    /// makes one SMS with this issuer and domain. If the company's own text does not make one SMS with this issuer, it
    /// gets the default issuer instead, which was checked in init.
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

/// `text` with its placeholders filled, and the WebOTP line. The code goes in before the issuer, so that a placeholder
/// in the issuer's name is not filled.
fn message(text: &str, issuer: &str, domain: &str, code: &str) -> Zeroizing<String> {
    let text = match domain {
        "" => text.to_owned(),
        domain => format!("{text}\n@{domain} #{{code}}"),
    };
    let with_code = Zeroizing::new(text.replace("{code}", code));
    Zeroizing::new(with_code.replace("{issuer}", issuer))
}
