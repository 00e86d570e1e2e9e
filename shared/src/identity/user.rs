//! A user: an ID, within a tenant if there are tenants.

use std::fmt;

use crate::text::is_blank;

/// The form of user IDs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserIdType {
    /// Canonical decimal, so that one user has one key: no sign, no leading zero, at most 19 digits.
    Integer,
    /// 1 to 255 characters, as OpenID Connect Core 1.0 §2 allows: see [`is_name`].
    String,
}

/// Maximum digits in an integer ID, and maximum characters in a string ID or a tenant.
const MAX_DIGITS: usize = 19;
const MAX_CHARACTERS: usize = 255;

impl UserIdType {
    /// Whether `id` has this form.
    pub fn allows(self, id: &str) -> bool {
        match self {
            Self::Integer => {
                let canonical = id == "0" || !id.starts_with('0');
                canonical && (1..=MAX_DIGITS).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit())
            }
            Self::String => is_name(id),
        }
    }
}

/// Whether `text` can be a string ID or a tenant: 1 to 255 characters, all visible except for spaces inside
/// (`auth0|John Smith`), so that no two look the same. It may not contain `"` or `\`, which the JSON of an event would
/// have to escape. It may not be a text that the gateway makes from an array or an object (`[a b]`, `map[a:b]`),
/// because that does not identify a user.
pub fn is_name(text: &str) -> bool {
    let is_allowed = |c: char| c == ' ' || !(is_blank(c) || c.is_control() || matches!(c, '"' | '\\'));
    let is_structure = text.ends_with(']') && (text.starts_with('[') || text.starts_with("map["));
    (1..=MAX_CHARACTERS).contains(&text.chars().count())
        && text.chars().all(is_allowed)
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !is_structure
}

/// A user of a tenant, both in a checked form. Every stored item of the user is keyed by them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The tenant; empty if there are no tenants.
    pub tenant: String,
    /// The user's ID.
    pub id: String,
}

impl User {
    /// Another user of the same tenant.
    pub fn same_tenant(&self, id: &str) -> Self {
        Self { tenant: self.tenant.clone(), id: id.to_owned() }
    }
}

impl fmt::Display for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.tenant.is_empty() { f.write_str(&self.id) } else { write!(f, "{}/{}", self.tenant, self.id) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_integer_id_has_one_spelling() {
        for id in ["0", "7", "42", "9999999999999999999"] {
            assert!(UserIdType::Integer.allows(id), "{id}");
        }
        for id in ["", "-1", "+1", "01", "00", "1.0", "1e3", " 1", "1 ", "0x1", "１", "10000000000000000000", "a"] {
            assert!(!UserIdType::Integer.allows(id), "{id:?}");
        }
    }

    #[test]
    fn a_string_id_is_1_to_255_visible_characters_with_spaces_inside() {
        for id in [
            "a",
            "auth0|5f7c",
            "41dc84c8-70a1-70c6",
            "jørgen@example.com",
            "auth0|John Smith",
            "a  b",
            "a[b]",
            "[a]b",
            "map",
            &"é".repeat(255),
        ] {
            assert!(UserIdType::String.allows(id), "{id}");
        }
        for id in [
            "",
            " ",
            " a",
            "a ",
            "a\n",
            "a\tb",
            "a\0",
            "a\u{a0}b",
            "a\u{200b}",
            "\u{202e}a",
            "\u{feff}a",
            "a\"b",
            "a\\b",
            "[a b]",
            "[]",
            "map[a:b]",
            &"a".repeat(256),
        ] {
            assert!(!UserIdType::String.allows(id), "{id:?}");
        }
    }
}
