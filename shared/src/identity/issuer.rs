//! The service's name in an authenticator app and in an SMS.

use std::borrow::Cow;

use crate::qr::key_uri;
use crate::text::is_blank;

/// The service's name: the default, or the one in the caller's token, so that two companies' entries for one e-mail
/// address do not overwrite each other in an app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer {
    /// The name for callers whose token has none.
    pub default: String,
    /// The claim with the name to use instead, if configured.
    pub claim: Option<String>,
}

impl Issuer {
    /// The name for a caller with these claims. A name without visible characters counts as absent; one that is too
    /// long for a QR code is cut and ends in `…`.
    pub fn for_caller<'a>(&'a self, claim: impl Fn(&str) -> Option<&'a str>) -> Cow<'a, str> {
        let said = self.claim.as_deref().and_then(claim).map(shown).filter(|name| !name.is_empty());
        said.map_or(Cow::Borrowed(self.default.as_str()), Cow::Owned)
    }
}

/// The name trimmed and cut to length, without control characters, and without colons, which would end it in a key
/// URI's label.
fn shown(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control() && *c != ':').collect();
    key_uri::cut(name.trim_matches(is_blank), key_uri::MAX_ISSUER_BYTES).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issuer_of(claim: Option<&str>) -> String {
        let issuer = Issuer { default: "Two-Factor".to_owned(), claim: Some("company".to_owned()) };
        issuer.for_caller(|name| claim.filter(|_| name == "company")).into_owned()
    }

    #[test]
    fn the_claims_name_comes_before_everybodys() {
        assert_eq!(issuer_of(Some("Acme Ltd")), "Acme Ltd");
        assert_eq!(issuer_of(None), "Two-Factor");
        let unset = Issuer { default: "Two-Factor".to_owned(), claim: None };
        assert_eq!(unset.for_caller(|_| Some("Acme")), "Two-Factor");
    }

    #[test]
    fn a_name_that_shows_nothing_counts_as_absent() {
        for claim in ["", " ", "\u{200b}", "\u{202e}\u{feff}", "\r\n\0", ":", " : "] {
            assert_eq!(issuer_of(Some(claim)), "Two-Factor", "{claim:?}");
        }
    }

    #[test]
    fn a_name_cannot_break_a_label_or_a_message() {
        assert_eq!(issuer_of(Some(" Acme: Europe\r\n@evil.example #666666 ")), "Acme Europe@evil.example #666666");
    }

    #[test]
    fn a_name_is_cut_to_what_a_qr_code_takes() {
        for (long, kept) in [("a".repeat(91), 81), ("é".repeat(16), 13), ("😀".repeat(40), 6)] {
            let name = issuer_of(Some(&long));
            assert!(name.ends_with('…') && name.chars().count() == kept + 1, "{name}");
            assert!(key_uri::encode(&name).len() <= key_uri::MAX_ISSUER_BYTES, "{name}");
        }
        assert_eq!(issuer_of(Some(&"a".repeat(90))), "a".repeat(90));
    }
}
