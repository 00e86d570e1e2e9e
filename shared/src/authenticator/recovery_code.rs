//! Recovery codes: look-up secrets for whoever has lost the authenticator (NIST SP 800-63B-4 §3.1.2, OWASP ASVS 5.0
//! §6.5.2). Ten at a time, each good once, shown once, stored only as keyed hashes.

use std::fmt;

use data_encoding::BASE32_NOPAD;
use ring::error::Unspecified;
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::identity::user::User;
use crate::sealing::Keyring;

/// Codes of one set.
pub const CODES: usize = 10;

/// Bits of a code: more than the 64 from which on guessing needs no limit (NIST SP 800-63B-4 §3.1.2.2), and four even
/// groups of base32.
pub const BITS: usize = 80;

const BYTES: usize = BITS / 8;
const CHARACTERS: usize = BITS / 5;
const GROUP: usize = 4;

/// Characters of a hash that are kept: 132 bits. All 43 for each of ten codes would make a user's item, and so the price
/// of each write to it, twice as large.
const HASH_CHARACTERS: usize = 22;

/// A recovery code. Its memory is wiped on drop, and its `Debug` form shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(Zeroizing<[u8; BYTES]>);

impl RecoveryCode {
    /// Reads 16 characters of base32 as people type them: case, hyphens and spaces do not matter. Every spelling is the
    /// same code, so a used one is used in all of them.
    pub fn parse(text: &str) -> Option<Self> {
        let mut typed = Zeroizing::new([0; CHARACTERS]);
        let mut places = typed.iter_mut();
        for character in text.bytes().filter(|byte| !matches!(byte, b'-' | b' ')) {
            *places.next()? = character.to_ascii_uppercase();
        }
        if places.next().is_some() {
            return None;
        }
        let mut bytes = Zeroizing::new([0; BYTES]);
        BASE32_NOPAD.decode_mut(typed.as_slice(), bytes.as_mut_slice()).ok()?;
        Some(Self(bytes))
    }

    /// 80 fresh bits from the operating system's generator.
    fn generate() -> Result<Self, Unspecified> {
        let mut bytes = Zeroizing::new([0; BYTES]);
        SystemRandom::new().fill(bytes.as_mut_slice())?;
        Ok(Self(bytes))
    }

    /// The code in groups for reading: `ABCD-EFGH-IJKL-MNOP`.
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

    /// What is stored of it: `key name.22 characters`, bound to the user.
    fn hash(&self, user: &User, keys: &Keyring) -> Result<String, Unspecified> {
        self.with_parts(user, |parts| keys.hash(parts)).map(short)
    }

    /// Its hash among `stored`, if it is one of those codes. All of a set were hashed under the key of their time.
    ///
    /// # Errors
    /// The keyring has no key to hash with.
    pub fn among<'a>(
        &self,
        stored: &'a [String],
        user: &User,
        keys: &Keyring,
    ) -> Result<Option<&'a String>, Unspecified> {
        let Some(first) = stored.first() else { return Ok(None) };
        let hash = short(self.with_parts(user, |parts| keys.hash_like(first, parts))?);
        Ok(stored.iter().find(|stored| **stored == hash))
    }

    fn with_parts<T>(&self, user: &User, hash: impl FnOnce(&[&str]) -> T) -> T {
        let text = Zeroizing::new(BASE32_NOPAD.encode(self.0.as_slice()));
        hash(&["recovery code", &user.tenant, &user.id, &text])
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(…)")
    }
}

/// A fresh set, and the hashes to store of it.
///
/// # Errors
/// The operating system has no randomness to give.
pub fn generate_set(user: &User, keys: &Keyring) -> Result<(Vec<RecoveryCode>, Vec<String>), Unspecified> {
    let codes = (0..CODES).map(|_| RecoveryCode::generate()).collect::<Result<Vec<_>, _>>()?;
    let hashes = codes.iter().map(|code| code.hash(user, keys)).collect::<Result<_, _>>()?;
    Ok((codes, hashes))
}

fn short(mut hash: String) -> String {
    if let Some(dot) = hash.find('.') {
        hash.truncate(dot + 1 + HASH_CHARACTERS);
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn user(id: &str) -> User {
        User { tenant: String::new(), id: id.to_owned() }
    }

    fn ring(current: &str) -> Keyring {
        let (k1, k2) = ("1".repeat(43), "2".repeat(43));
        Keyring::parse(&format!(r#"{{"current":"{current}","k1":"{k1}","k2":"{k2}"}}"#)).unwrap()
    }

    #[test]
    fn a_set_is_ten_different_codes_in_four_groups_of_four() {
        let (codes, hashes) = generate_set(&user("42"), &ring("k1")).unwrap();
        let texts: std::collections::HashSet<String> = codes.iter().map(|code| code.to_text().to_string()).collect();
        assert_eq!((texts.len(), hashes.len()), (CODES, CODES));
        for text in texts {
            assert_eq!(text.split('-').map(str::len).collect::<Vec<_>>(), [4; 4], "{text}");
        }
    }

    #[test]
    fn a_code_is_found_among_its_users_hashes_alone_and_over_a_rotation_of_keys() {
        let (codes, hashes) = generate_set(&user("42"), &ring("k1")).unwrap();
        for (code, hash) in codes.iter().zip(&hashes) {
            assert_eq!(code.among(&hashes, &user("42"), &ring("k1")).unwrap(), Some(hash));
            assert_eq!(code.among(&hashes, &user("42"), &ring("k2")).unwrap(), Some(hash));
            assert_eq!(code.among(&hashes, &user("43"), &ring("k1")).unwrap(), None);
            assert_eq!(code.among(&[], &user("42"), &ring("k1")).unwrap(), None);
        }
        let other = RecoveryCode::parse("AAAA-AAAA-AAAA-AAAA").unwrap();
        assert_eq!(other.among(&hashes, &user("42"), &ring("k1")).unwrap(), None);
    }

    #[test]
    fn a_hash_names_its_key_and_has_132_bits() {
        let (_, hashes) = generate_set(&user("42"), &ring("k2")).unwrap();
        assert!(hashes.iter().all(|hash| hash.starts_with("k2.") && hash.len() == 3 + 22), "{hashes:?}");
    }

    #[test]
    fn case_hyphens_and_spaces_do_not_matter_and_nothing_else_is_forgiven() {
        let code = RecoveryCode::parse("ABCD-EFGH-IJKL-2345").unwrap();
        for text in ["abcdefghijkl2345", "ABCD EFGH IJKL 2345", " abcd-EFGH--ijkl2345 "] {
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
