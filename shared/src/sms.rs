//! The text of an SMS: one message of at most 160 GSM characters, with the code where a phone finds it.

use crate::code::{Code, DIGITS};

/// Most septets of a message that is not split (3GPP TS 23.038, TS 23.040 §9.2.3.24).
pub const MAX_SEPTETS: usize = 160;

/// The GSM 7-bit default alphabet: one septet each (3GPP TS 23.038 §6.2.1).
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// Its extension table: an escape and a character, two septets each (§6.2.1.1).
const EXTENSION: &str = "^{}\\[~]|€";

/// A checked text with a place for the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmsText {
    text: String,
}

impl SmsText {
    /// Fills `{issuer}` into `template`, keeps `{code}`, and adds the WebOTP line `@domain #code` where there is a
    /// `domain` (WICG origin-bound one-time codes).
    ///
    /// # Errors
    /// One sentence: no `{code}`, a character outside the GSM alphabet, or over 160 of them.
    pub fn new(template: &str, issuer: &str, domain: &str) -> Result<Self, String> {
        if !template.contains("{code}") {
            return Err("must contain {code}".to_owned());
        }
        let mut text = template.replace("{issuer}", issuer);
        if !domain.is_empty() {
            text.push_str("\n@");
            text.push_str(domain);
            text.push_str(" #{code}");
        }
        let message = text.replace("{code}", &"0".repeat(DIGITS));
        match septets(&message) {
            Err(character) => Err(format!("has {character:?}, which the GSM alphabet of SMS does not")),
            Ok(length) if length > MAX_SEPTETS => {
                Err(format!("makes a message of {length} characters; {MAX_SEPTETS} fit into one SMS"))
            }
            Ok(_) => Ok(Self { text }),
        }
    }

    /// The message with this code.
    pub fn with(&self, code: &Code) -> zeroize::Zeroizing<String> {
        zeroize::Zeroizing::new(self.text.replace("{code}", code.as_str()))
    }
}

/// Septets that `text` takes in the GSM alphabet, or the first character that it does not have.
fn septets(text: &str) -> Result<usize, char> {
    text.chars().try_fold(0, |sum, character| match character {
        c if BASIC.contains(c) => Ok(sum + 1),
        c if EXTENSION.contains(c) => Ok(sum + 2),
        c => Err(c),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(template: &str, issuer: &str, domain: &str) -> String {
        SmsText::new(template, issuer, domain).unwrap().with(&Code::parse("012345").unwrap()).to_string()
    }

    #[test]
    fn code_and_issuer_are_filled_in() {
        assert_eq!(message("{code} is your {issuer} code.", "Example", ""), "012345 is your Example code.");
    }

    #[test]
    fn the_web_otp_line_comes_last() {
        assert_eq!(message("Your code: {code}", "X", "example.com"), "Your code: 012345\n@example.com #012345");
    }

    #[test]
    fn a_text_without_code_or_over_160_characters_or_outside_gsm_is_refused() {
        assert!(SmsText::new("hello", "X", "").unwrap_err().contains("{code}"));
        assert!(SmsText::new(&format!("{{code}}{}", "a".repeat(154)), "X", "").is_ok());
        assert!(SmsText::new(&format!("{{code}}{}", "a".repeat(155)), "X", "").unwrap_err().contains("161"));
        assert!(SmsText::new("{code} ✓", "X", "").unwrap_err().contains('✓'));
        assert!(SmsText::new("{code} {issuer}", "Ünïcode", "").unwrap_err().contains('ï'));
    }

    #[test]
    fn a_character_of_the_extension_table_counts_twice() {
        assert_eq!(septets("a€[]"), Ok(7));
    }
}
