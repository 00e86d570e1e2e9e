//! What fits into one SMS: 160 characters of the GSM alphabet, or 70 if any character is outside it.

/// Maximum septets in a message that is not split (3GPP TS 23.038, TS 23.040 §9.2.3.24).
pub(super) const MAX_SEPTETS: usize = 160;

/// Maximum 16-bit units in such a message in UCS-2, which is used for everything outside the GSM alphabet: the same 140
/// bytes.
pub(super) const MAX_UCS2_UNITS: usize = 70;

/// The GSM 7-bit default alphabet: one septet each (3GPP TS 23.038 §6.2.1).
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// Its extension table: an escape and a character, two septets each (§6.2.1.1).
const EXTENSION: &str = "^{}\\[~]|€";

/// Septets that `text` takes in the GSM alphabet.
///
/// # Errors
/// The first character outside the alphabet.
pub(super) fn septets(text: &str) -> Result<usize, char> {
    text.chars().try_fold(0, |sum, character| match character {
        // Covers most of any text without a search per character, since this runs for every send.
        ' '..='Z' | 'a'..='z' => Ok(sum + 1),
        c if BASIC.contains(c) => Ok(sum + 1),
        c if EXTENSION.contains(c) => Ok(sum + 2),
        c => Err(c),
    })
}

/// Whether `text` is sent as one SMS.
pub(super) fn is_one_message(text: &str) -> bool {
    match septets(text) {
        Ok(septets) => septets <= MAX_SEPTETS,
        // SNS switches to UCS-2 for the whole message. A character outside the BMP, such as an emoji, is two units.
        Err(_) => text.encode_utf16().count() <= MAX_UCS2_UNITS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_of_the_extension_table_counts_twice() {
        assert_eq!(septets("a€[]"), Ok(7));
        assert_eq!(septets("aça"), Err('ç'));
    }

    #[test]
    fn what_is_counted_without_a_search_is_in_the_basic_table() {
        assert!((' '..='Z').chain('a'..='z').all(|character| BASIC.contains(character)));
        assert_eq!(BASIC.chars().count(), 127, "128 less the escape");
    }

    #[test]
    fn one_character_outside_gsm_leaves_70_units() {
        for (text, one_message) in [
            ("a".repeat(160), true),
            ("a".repeat(161), false),
            ("€".repeat(80), true),
            ("€".repeat(81), false),
            (format!("ç{}", "a".repeat(69)), true),
            (format!("ç{}", "a".repeat(70)), false),
            (format!("😀{}", "a".repeat(68)), true),
            (format!("😀{}", "a".repeat(69)), false),
        ] {
            assert_eq!(is_one_message(&text), one_message, "{text}");
        }
    }
}
