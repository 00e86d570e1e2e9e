//! The provisioning URI that an authenticator app reads from a QR code (Key URI format).

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

use crate::authenticator::secret::Secret;

/// Everything but RFC 3986 §2.3's unreserved characters; a space becomes `%20`, never `+`, which iOS would show.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Most bytes of a URI: what keeps its picture readable for a phone's camera (QR version 15 at level M).
pub const MAX_URI_BYTES: usize = 412;

/// Most bytes of an issuer once percent-encoded; it stands in the URI twice.
pub const MAX_ISSUER_BYTES: usize = 90;

const CUT: &str = "%E2%80%A6"; // …

/// `otpauth://totp/ISSUER:ACCOUNT?secret=SECRET&issuer=ISSUER`, at most [`MAX_URI_BYTES`] long: an account that does not
/// fit is cut and ends in `…`.
pub fn uri(issuer: &str, account: &str, secret: &Secret) -> Zeroizing<String> {
    let issuer = encode(issuer);
    let tail = Zeroizing::new(format!("?secret={}&issuer={issuer}", *secret.to_base32()));
    let mut uri = Zeroizing::new(String::with_capacity(MAX_URI_BYTES));
    uri.push_str("otpauth://totp/");
    uri.push_str(&issuer);
    uri.push(':');
    let room = MAX_URI_BYTES.saturating_sub(uri.len() + tail.len());
    uri.push_str(&fitting(account, room));
    uri.push_str(&tail);
    uri
}

/// `text` percent-encoded by RFC 3986.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// As much of the encoded account as `room` bytes hold, whole characters only.
fn fitting(account: &str, room: usize) -> String {
    let whole = encode(account);
    if whole.len() <= room {
        return whole;
    }
    let mut cut = String::new();
    for character in account.chars() {
        let encoded = encode(character.encode_utf8(&mut [0; 4]));
        if cut.len() + encoded.len() + CUT.len() > room {
            break;
        }
        cut.push_str(&encoded);
    }
    cut + CUT
}

/// The first of the `claims` values with something to show, without control characters; else the user's ID.
pub fn account<'a>(claims: impl IntoIterator<Item = &'a str>, user_id: &str) -> String {
    claims
        .into_iter()
        .map(|claim| claim.chars().filter(|c| !c.is_control()).collect::<String>().trim().to_owned())
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
