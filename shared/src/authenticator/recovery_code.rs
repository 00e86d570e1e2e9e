//! Recovery codes: look-up secrets for users who have lost their authenticator (NIST SP 800-63B-4 §3.1.2, OWASP ASVS
//! 5.0 §6.5.2). They come in sets of ten; each works once, is shown once and is stored only as a hash.

use std::fmt;

use base64::prelude::{BASE64_STANDARD_NO_PAD as BASE64, Engine};
use data_encoding::BASE32_NOPAD;
use ring::digest::{SHA256, digest};
use zeroize::Zeroizing;

use crate::identity::user::User;
use crate::random::{self, NoRandomness};
use crate::sealing::message;
use crate::text::is_separator;

/// Codes in a set.
pub const CODES: usize = 10;

/// Bits in a code: more than the 64 from which guessing needs no limit (NIST SP 800-63B-4 §3.1.2.2), and four equal
/// groups in base32.
pub const BITS: usize = 80;

const BYTES: usize = BITS / 8;
const CHARACTERS: usize = BITS / 5;
const GROUP: usize = 4;

/// Characters of a hash that are kept: 132 bits. Keeping all 43 for each of ten codes would double the size of a user's
/// item, and so the price of each write to it.
const HASH_CHARACTERS: usize = 22;

/// A recovery code. Its memory is wiped on drop, and its `Debug` form shows none of it.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(Zeroizing<[u8; BYTES]>);

impl RecoveryCode {
    /// Reads 16 characters of base32 as people type them: case, hyphens and spaces of any kind do not matter. Every
    /// spelling is the same code, so a code that was used in one spelling is used in all.
    pub fn parse(text: &str) -> Option<Self> {
        let mut typed = Zeroizing::new([0; CHARACTERS]);
        let mut places = typed.iter_mut();
        for character in text.chars().filter(|c| !is_separator(*c)) {
            *places.next()? = u8::try_from(character).ok()?.to_ascii_uppercase();
        }
        if places.next().is_some() {
            return None;
        }
        let mut bytes = Zeroizing::new([0; BYTES]);
        BASE32_NOPAD.decode_mut(typed.as_slice(), bytes.as_mut_slice()).ok()?;
        Some(Self(bytes))
    }

    /// The code with these random bits.
    pub fn from_random(bits: [u8; BYTES]) -> Self {
        Self(Zeroizing::new(bits))
    }

    /// The code in readable groups: `ABCD-EFGH-IJKL-MNOP`.
    pub fn to_text(&self) -> Zeroizing<String> {
        let plain = Zeroizing::new(BASE32_NOPAD.encode(self.0.as_slice()));
        let mut text = Zeroizing::new(String::with_capacity(CHARACTERS + CHARACTERS / GROUP));
        for (index, character) in plain.chars().enumerate() {
            if index > 0 && index % GROUP == 0 {
                text.push('-');
            }
            text.push(character);
        }
        text
    }

    /// The hash to store, bound to the user: the first 132 bits of a SHA-256. It needs no key, because nobody finds 80
    /// random bits by trying (NIST SP 800-63B-4 §3.1.2.2). So a sealing key can be retired without voiding codes.
    pub(crate) fn hash(&self, user: &User) -> String {
        let text = Zeroizing::new(BASE32_NOPAD.encode(self.0.as_slice()));
        let digest = digest(&SHA256, &message(&["recovery code", &user.tenant, &user.id, &text]));
        let mut hash = BASE64.encode(digest);
        hash.truncate(HASH_CHARACTERS);
        hash
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(…)")
    }
}

/// A new set.
///
/// # Errors
/// The operating system cannot supply random bytes.
pub fn generate_set() -> Result<Vec<RecoveryCode>, NoRandomness> {
    (0..CODES).map(|_| random::bytes().map(RecoveryCode::from_random)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn user(id: &str) -> User {
        User { tenant: String::new(), id: id.to_owned() }
    }

    #[test]
    fn a_set_is_ten_different_codes_in_four_groups_of_four() {
        let texts: std::collections::HashSet<String> =
            generate_set().unwrap().iter().map(|code| code.to_text().to_string()).collect();
        assert_eq!(texts.len(), CODES);
        for text in texts {
            assert_eq!(text.split('-').map(str::len).collect::<Vec<_>>(), [4; 4], "{text}");
        }
    }

    #[test]
    fn a_hash_is_its_codes_and_its_users_alone() {
        let code = RecoveryCode::from_random(*b"0123456789");
        let hash = code.hash(&user("42"));
        assert_eq!(hash, code.clone().hash(&user("42")));
        assert_ne!(hash, code.hash(&user("43")));
        assert_ne!(hash, code.hash(&User { tenant: "acme".to_owned(), ..user("42") }));
        assert_ne!(hash, RecoveryCode::from_random(*b"0123456788").hash(&user("42")));
    }

    #[test]
    fn a_hash_has_132_bits() {
        assert_eq!(RecoveryCode::from_random([7; BYTES]).hash(&user("42")).len(), 22);
    }

    #[test]
    fn case_hyphens_and_spaces_do_not_matter_and_nothing_else_is_forgiven() {
        let code = RecoveryCode::parse("ABCD-EFGH-IJKL-2345").unwrap();
        for text in [
            "abcdefghijkl2345",
            "ABCD EFGH IJKL 2345",
            " abcd-EFGH--ijkl2345 ",
            "ABCD\u{2011}EFGH\u{a0}IJKL\u{200b}2345",
        ] {
            assert_eq!(RecoveryCode::parse(text), Some(code.clone()), "{text:?}");
        }
        for text in [
            "",
            "123456",
            "ABCD-EFGH-IJKL-234",
            "ABCD-EFGH-IJKL-23456",
            "ABCD-EFGH-IJKL-2341",
            "ABCD_EFGH_IJKL_2345",
            "ＡBCDEFGHIJKL2345",
        ] {
            assert_eq!(RecoveryCode::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_debug_form_shows_nothing() {
        assert_eq!(format!("{:?}", RecoveryCode::parse("ABCD-EFGH-IJKL-2345")), "Some(RecoveryCode(…))");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_it_reads_it_writes(text in ".*") {
            if let Some(code) = RecoveryCode::parse(&text) {
                prop_assert_eq!(RecoveryCode::parse(&code.to_text()), Some(code));
            }
        }

        #[test]
        fn every_code_is_read_as_it_was_written(bytes: [u8; BYTES]) {
            let code = RecoveryCode(Zeroizing::new(bytes));
            prop_assert_eq!(RecoveryCode::parse(&code.to_text()), Some(code));
        }
    }
}
