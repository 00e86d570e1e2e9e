//! What the table holds only in sealed or hashed form: authenticator secrets and phone numbers are sealed
//! (AES-256-GCM), SMS codes and look-up keys are hashed (HMAC-SHA-256). Reading the table, a backup or a stream of it
//! reveals none of them.
//!
//! The keys come from one Secrets Manager secret: `{"current":"k1","k1":"…"}`. `current` names the key that seals.
//! Every other member still opens what it sealed, so to rotate the key, add a member and point `current` at it.

use std::collections::HashMap;
use std::fmt;

use base64::prelude::{BASE64_STANDARD_NO_PAD as BASE64, Engine};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::error::Unspecified;
use ring::{hkdf, hmac};
use zeroize::Zeroizing;

use crate::random::{self, NoRandomness};

/// Minimum characters in a key: 43 of the 62 letters and digits carry 256 bits.
pub const MIN_KEY_CHARACTERS: usize = 43;

/// The keys: the current one seals and hashes, and all of them open and compare. Its `Debug` form shows no key.
pub struct Keyring {
    current: String,
    keys: HashMap<String, Key>,
}

struct Key {
    seal: LessSafeKey,
    mac: hmac::Key,
}

/// Where a sealed value belongs. It opens nowhere else, so moving it to another user or attribute is useless.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Partition key of the item.
    pub item: &'a str,
    /// Name of the attribute.
    pub attribute: &'a str,
}

/// What is stored instead of a value that only needs to be recognised: `key name.base64(HMAC-SHA-256)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyedHash(String);

impl KeyedHash {
    /// The hash with this stored text.
    pub fn from_stored(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text to store.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of its key, and the tag.
    fn parts(&self) -> Option<(&str, &str)> {
        self.0.split_once('.')
    }
}

/// A sealed value does not open: it was altered or moved, or its key is no longer on the ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value does not open: altered, moved, or its key is gone")]
pub struct CannotOpen;

/// A value cannot be sealed or hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CannotSeal {
    /// The operating system cannot supply random bytes.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The ring has no current key: this function was given none.
    #[error("this function has no sealing key")]
    NoKey,
    /// The value is longer than AES-GCM allows.
    #[error("the value is too long to be sealed")]
    TooLong,
}

/// Why a text is not a keyring. It may name a key, but never quotes one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeyring {
    /// Not a JSON object of strings.
    #[error(r#"must be a JSON object of strings such as {{"current":"k1","k1":"…"}}"#)]
    NotAnObject,
    /// A key's name might not be distinguishable from the text after it.
    #[error("names of keys must be ASCII letters and digits")]
    Name,
    /// A key is too easy to guess.
    #[error("key {0} must have at least {MIN_KEY_CHARACTERS} characters")]
    Short(String),
    /// No key can be derived from this text.
    #[error("key {0} cannot be used")]
    Unusable(String),
    /// There is no key to seal with.
    #[error("`current` must name one of the keys")]
    Current,
}

impl Keyring {
    /// Reads `{"current":"k1","k1":"…","k0":"…"}`.
    ///
    /// # Errors
    /// The text is not such an object, or a key in it is unusable.
    pub fn parse(json: &str) -> Result<Self, InvalidKeyring> {
        let members: HashMap<String, Zeroizing<String>> =
            serde_json::from_str(json).map_err(|_| InvalidKeyring::NotAnObject)?;
        let mut keys = HashMap::new();
        for (name, text) in members.iter().filter(|(name, _)| *name != "current") {
            if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
                return Err(InvalidKeyring::Name);
            }
            if text.len() < MIN_KEY_CHARACTERS {
                return Err(InvalidKeyring::Short(name.clone()));
            }
            let key = Key::derive(text).map_err(|_| InvalidKeyring::Unusable(name.clone()))?;
            keys.insert(name.clone(), key);
        }
        match members.get("current") {
            Some(current) if keys.contains_key(current.as_str()) => Ok(Self { current: current.to_string(), keys }),
            _ => Err(InvalidKeyring::Current),
        }
    }

    /// A ring without keys, for a function that needs none: it cannot seal, hash or open.
    pub fn empty() -> Self {
        Self { current: String::new(), keys: HashMap::new() }
    }

    /// Seals `plain` under the current key as `key name.base64(nonce, ciphertext, tag)`.
    ///
    /// # Errors
    /// There is no key, there are no random bytes for the nonce, or `plain` is too long.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Result<String, CannotSeal> {
        let key = self.keys.get(&self.current).ok_or(CannotSeal::NoKey)?;
        let nonce = random::bytes::<NONCE_LEN>()?;
        let mut sealed = plain.to_vec();
        key.seal
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(place.to_bytes()), &mut sealed)
            .map_err(|_| CannotSeal::TooLong)?;
        let mut bytes = nonce.to_vec();
        bytes.append(&mut sealed);
        Ok(format!("{}.{}", self.current, BASE64.encode(bytes)))
    }

    /// Opens a value that [`Keyring::seal`] made for the same place, with the key that the value names.
    ///
    /// # Errors
    /// The value was altered or moved, or its key is not on the ring.
    pub fn open(&self, place: Place<'_>, sealed: &str) -> Result<Zeroizing<Vec<u8>>, CannotOpen> {
        let (name, text) = sealed.split_once('.').ok_or(CannotOpen)?;
        let key = self.keys.get(name).ok_or(CannotOpen)?;
        let bytes = BASE64.decode(text).map_err(|_| CannotOpen)?;
        let (nonce, ciphertext) = bytes.split_first_chunk::<NONCE_LEN>().ok_or(CannotOpen)?;
        let mut plain = Zeroizing::new(ciphertext.to_vec());
        let length = key
            .seal
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(place.to_bytes()), &mut plain)
            .map_err(|_| CannotOpen)?
            .len();
        plain.truncate(length);
        Ok(plain)
    }

    /// Hashes `parts` under the current key.
    ///
    /// # Errors
    /// There is no key.
    pub fn hash(&self, parts: &[&str]) -> Result<KeyedHash, CannotSeal> {
        let key = self.keys.get(&self.current).ok_or(CannotSeal::NoKey)?;
        Ok(key.hash(&self.current, parts))
    }

    /// The hashes of `parts` under every key. A stored hash is among them whichever of these keys was current when it
    /// was made.
    pub fn hashes(&self, parts: &[&str]) -> Vec<KeyedHash> {
        self.keys.iter().map(|(name, key)| key.hash(name, parts)).collect()
    }

    /// Whether `hash` was made from these `parts`; compared in constant time.
    pub fn matches(&self, hash: &KeyedHash, parts: &[&str]) -> bool {
        let Some((name, text)) = hash.parts() else { return false };
        let (Some(key), Ok(tag)) = (self.keys.get(name), BASE64.decode(text)) else { return false };
        hmac::verify(&key.mac, &message(parts), &tag).is_ok()
    }

    /// Whether `sealed` is sealed under the current key.
    pub(crate) fn is_current(&self, sealed: &str) -> bool {
        key_name(sealed) == self.current
    }

    /// The names of the keys.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str)
    }
}

/// The name of the key that sealed a value.
pub(crate) fn key_name(sealed: &str) -> &str {
    sealed.split_once('.').map_or("", |(name, _)| name)
}

impl Key {
    /// Two independent keys from one text (HKDF, RFC 5869), so that no key serves two purposes.
    fn derive(text: &str) -> Result<Self, Unspecified> {
        let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, b"two-factor").extract(text.as_bytes());
        let seal: UnboundKey = secret.expand(&[b"seal"], &AES_256_GCM)?.into();
        let mac: hmac::Key = secret.expand(&[b"hash"], hmac::HMAC_SHA256)?.into();
        Ok(Self { seal: LessSafeKey::new(seal), mac })
    }

    fn hash(&self, name: &str, parts: &[&str]) -> KeyedHash {
        KeyedHash(format!("{name}.{}", BASE64.encode(hmac::sign(&self.mac, &message(parts)))))
    }
}

impl Place<'_> {
    fn to_bytes(self) -> Vec<u8> {
        message(&[self.item, self.attribute])
    }
}

/// The parts in sequence, each preceded by its length, so that no two lists of parts give the same bytes.
pub(crate) fn message(parts: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring(current {})", self.current)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HERE: Place<'static> = Place { item: "USER##42", attribute: "secret" };

    fn ring(current: &str, names: &[&str]) -> Keyring {
        let mut members = serde_json::json!({ "current": current });
        for name in names {
            members[*name] = serde_json::json!(name.repeat(43));
        }
        Keyring::parse(&members.to_string()).unwrap()
    }

    #[test]
    fn a_sealed_value_opens_in_its_place_and_in_no_other() {
        let keys = ring("k1", &["k1"]);
        let sealed = keys.seal(HERE, b"secret").unwrap();
        assert!(sealed.starts_with("k1."));
        assert_eq!(*keys.open(HERE, &sealed).unwrap(), b"secret");
        assert_eq!(keys.open(Place { item: "USER##43", ..HERE }, &sealed), Err(CannotOpen));
        assert_eq!(keys.open(Place { attribute: "phone", ..HERE }, &sealed), Err(CannotOpen));
        assert_eq!(keys.open(Place { item: "USER##42s", attribute: "ecret" }, &sealed), Err(CannotOpen));
    }

    #[test]
    fn after_a_rotation_the_old_key_still_opens_and_the_new_one_seals() {
        let (before, after) = (ring("k1", &["k1"]), ring("k2", &["k1", "k2"]));
        let (sealed, hash) = (before.seal(HERE, b"secret").unwrap(), before.hash(&["a"]).unwrap());
        assert_eq!(*after.open(HERE, &sealed).unwrap(), b"secret");
        assert!(after.matches(&hash, &["a"]));
        assert!(after.seal(HERE, b"secret").unwrap().starts_with("k2."));
        assert!(before.is_current(&sealed) && !after.is_current(&sealed));
        assert_eq!(ring("k2", &["k2"]).open(HERE, &sealed), Err(CannotOpen));
        assert!(!ring("k2", &["k2"]).matches(&hash, &["a"]));
    }

    #[test]
    fn the_hashes_under_every_key_hold_the_one_that_was_made_before_a_rotation() {
        let (old, both) = (ring("k1", &["k1"]), ring("k2", &["k1", "k2"]));
        let hashes = both.hashes(&["a"]);
        assert_eq!(hashes.len(), 2);
        for hash in [old.hash(&["a"]).unwrap(), both.hash(&["a"]).unwrap()] {
            assert!(hashes.contains(&hash), "{hash:?}");
        }
        assert_eq!(Keyring::empty().hashes(&["a"]), []);
    }

    #[test]
    fn a_ring_without_keys_seals_hashes_and_opens_nothing() {
        let sealed = ring("k1", &["k1"]).seal(HERE, b"secret").unwrap();
        let none = Keyring::empty();
        assert_eq!(none.seal(HERE, b"secret"), Err(CannotSeal::NoKey));
        assert_eq!(none.hash(&["a"]), Err(CannotSeal::NoKey));
        assert_eq!(none.open(HERE, &sealed), Err(CannotOpen));
    }

    #[test]
    fn the_same_value_never_seals_the_same_way_twice() {
        let keys = ring("k1", &["k1"]);
        assert_ne!(keys.seal(HERE, b"secret").unwrap(), keys.seal(HERE, b"secret").unwrap());
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let keys = ring("k1", &["k1"]);
        assert_ne!(keys.hash(&["ab", "c"]).unwrap(), keys.hash(&["a", "bc"]).unwrap());
    }

    #[test]
    fn a_ring_that_cannot_be_used_is_refused_without_quoting_it() {
        let long = "x".repeat(43);
        for (json, says) in [
            ("hush-hush".to_owned(), "JSON object"),
            (r#"{"current":1}"#.to_owned(), "JSON object"),
            (r#"{"current":"k1","k1":"hush-hush"}"#.to_owned(), "at least 43"),
            (format!(r#"{{"k1":"{long}"}}"#), "`current`"),
            (format!(r#"{{"current":"k2","k1":"{long}"}}"#), "`current`"),
            (format!(r#"{{"current":"a.b","a.b":"{long}"}}"#), "letters and digits"),
        ] {
            let error = Keyring::parse(&json).unwrap_err().to_string();
            assert!(error.contains(says), "{json}: {error}");
            assert!(!error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn the_debug_form_shows_no_key() {
        assert_eq!(format!("{:?}", ring("k1", &["k1"])), "Keyring(current k1)");
    }

    proptest! {
        #[test]
        fn an_altered_value_is_refused_and_never_panics(text in ".*", flip in 3_usize..40, bit in 0_u8..6) {
            let keys = ring("k1", &["k1"]);
            prop_assert_eq!(keys.open(HERE, &text), Err(CannotOpen));
            prop_assert!(!keys.matches(&KeyedHash::from_stored(text), &["a"]));
            let mut sealed = keys.seal(HERE, b"a secret of some length").unwrap().into_bytes();
            sealed[flip] ^= 1 << bit;
            prop_assert_eq!(keys.open(HERE, &String::from_utf8_lossy(&sealed)), Err(CannotOpen));
        }
    }
}
