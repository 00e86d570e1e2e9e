//! The provisioning URI that an authenticator app reads from a QR code (Key URI format).

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

use crate::authenticator::secret::Secret;
use crate::text::is_blank;

/// Everything except the unreserved characters of RFC 3986 §2.3. A space becomes `%20`, never `+`, which iOS would
/// show.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Maximum bytes in a URI, so that a phone's camera can read the QR code (version 15 at level M).
pub const MAX_URI_BYTES: usize = 412;

/// Maximum bytes in an issuer once percent-encoded; the URI contains it twice.
pub const MAX_ISSUER_BYTES: usize = 90;

/// The end of a text that was cut.
const ELLIPSIS: char = '…';

/// `otpauth://totp/ISSUER:ACCOUNT?secret=SECRET&issuer=ISSUER`, at most [`MAX_URI_BYTES`] long: an account that does
/// not fit is cut and ends in `…`.
pub fn uri(issuer: &str, account: &str, secret: &Secret) -> Zeroizing<String> {
    let issuer = encode(issuer);
    let tail = Zeroizing::new(format!("?secret={}&issuer={issuer}", *secret.to_base32()));
    let mut uri = Zeroizing::new(String::with_capacity(MAX_URI_BYTES));
    uri.push_str("otpauth://totp/");
    uri.push_str(&issuer);
    uri.push(':');
    let room = MAX_URI_BYTES.saturating_sub(uri.len() + tail.len());
    uri.push_str(&encode(&cut(account, room)));
    uri.push_str(&tail);
    uri
}

/// `text`, percent-encoded as in RFC 3986.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// `text` if it fits into `room` bytes once percent-encoded; otherwise as many whole characters as fit, followed by
/// `…`.
pub(crate) fn cut(text: &str, room: usize) -> Cow<'_, str> {
    if encode(text).len() <= room {
        return text.into();
    }
    let mut left = room.saturating_sub(encoded_length(ELLIPSIS));
    let fits = |c: &char| {
        let fitted = left.checked_sub(encoded_length(*c));
        left = fitted.unwrap_or(left);
        fitted.is_some()
    };
    text.chars().take_while(fits).chain([ELLIPSIS]).collect()
}

/// Bytes of a character once percent-encoded.
fn encoded_length(c: char) -> usize {
    utf8_percent_encode(c.encode_utf8(&mut [0; 4]), RESERVED).map(str::len).sum()
}

/// The first of the `claims` values with visible characters, without control characters and surrounding blanks; if
/// there is none, the user's ID.
pub fn account<'a>(claims: impl IntoIterator<Item = &'a str>, user_id: &str) -> String {
    claims
        .into_iter()
        .map(|claim| claim.chars().filter(|c| !c.is_control()).collect::<String>().trim_matches(is_blank).to_owned())
        .find(|name| !name.is_empty())
        .unwrap_or_else(|| user_id.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn secret() -> Secret {
        Secret::parse("T42NQXFCPWEJMGJY").unwrap()
    }

    #[test]
    fn the_uri_has_the_documented_form() {
        assert_eq!(
            *uri("Example App", "ann@example.com", &secret()),
            "otpauth://totp/Example%20App:ann%40example.com?secret=T42NQXFCPWEJMGJY&issuer=Example%20App"
        );
    }

    #[test]
    fn no_account_can_break_out_of_its_place() {
        assert_eq!(
            *uri("X", "a:b/c?secret=d&issuer=e#f%20 +é", &secret()),
            "otpauth://totp/X:a%3Ab%2Fc%3Fsecret%3Dd%26issuer%3De%23f%2520%20%2B%C3%A9?secret=T42NQXFCPWEJMGJY&issuer=X"
        );
    }

    #[test]
    fn an_account_is_the_first_claim_with_something_to_show() {
        assert_eq!(account(["", " \n", "ann"], "42"), "ann");
        assert_eq!(account([" a\u{0}b\r\n "], "42"), "ab");
        assert_eq!(account([], "42"), "42");
    }

    #[test]
    fn an_account_of_invisible_characters_counts_as_absent() {
        for invisible in ["\u{200b}", "\u{202e}\u{2066}", "\u{feff}", "\u{3164}", "\u{2800}", "\u{a0}"] {
            assert_eq!(account([invisible, "ann"], "42"), "ann", "{invisible:?}");
            assert_eq!(account([invisible], "42"), "42", "{invisible:?}");
        }
    }

    #[test]
    fn a_text_that_does_not_fit_is_cut_at_a_whole_character() {
        for (text, room, expected) in [
            ("abcdefghijkl", 12, "abcdefghijkl"),
            ("abcdefghijkl", 11, "ab…"),
            ("abcdefghijkl", 10, "a…"),
            ("abcdefghijkl", 9, "…"),
            ("a@bcdefghijk", 14, "a@bcdefghijk"),
            ("a@bcdefghijk", 13, "a@…"),
            ("a@bcdefghijk", 12, "a…"),
            ("éa", 6, "…"),
            ("éé", 12, "éé"),
            ("ééé", 15, "é…"),
            ("ééé", 14, "…"),
        ] {
            assert_eq!(cut(text, room), expected, "{text} {room}");
        }
    }

    #[test]
    fn a_long_account_fills_the_uri_to_its_last_byte() {
        for (length, is_cut) in [(338, false), (339, true)] {
            let uri = uri("Example App", &"a".repeat(length), &secret());
            assert_eq!(uri.contains("%E2%80%A6"), is_cut, "{length}: {}", uri.len());
            assert_eq!(uri.len(), MAX_URI_BYTES);
        }
    }

    proptest! {
        #[test]
        fn every_account_gives_a_uri_that_fits_and_holds_the_secret(
            issuer in "[^:]{1,10}", account in ".{0,400}", bytes in proptest::collection::vec(any::<u8>(), 10..=64)
        ) {
            let secret = Secret::from_bytes(bytes).unwrap();
            let uri = uri(&issuer, &account, &secret);
            prop_assert!(uri.len() <= MAX_URI_BYTES);
            prop_assert!(uri.bytes().all(|b| b.is_ascii_graphic()));
            let needle = format!("?secret={}&issuer={}", *secret.to_base32(), encode(&issuer));
            prop_assert!(uri.ends_with(&needle));
            prop_assert_eq!(uri.matches('?').count(), 1);
            prop_assert_eq!(uri.matches(':').count(), 2);
        }
    }
}
