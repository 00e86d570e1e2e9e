//! The partition keys. The IAM policies restrict the functions to these prefixes (`dynamodb:LeadingKeys`).

use crate::identity::user::User;
use crate::phone::PhoneNumber;
use crate::sealing::{CannotSeal, Keyring};

/// The key of a user's item: `USER#tenant#id`.
pub fn user_key(user: &User) -> String {
    format!("USER#{}#{}", escape(&user.tenant), escape(&user.id))
}

/// The key of a phone number's item: `NUMBER#tenant#keyed hash`. It is the same whichever user of the tenant sends to
/// the number, and never contains the number in plain text.
///
/// # Errors
/// The keyring has no key.
pub(super) fn number_key(tenant: &str, number: &PhoneNumber, keys: &Keyring) -> Result<String, CannotSeal> {
    Ok(format!("NUMBER#{}#{}", escape(tenant), keys.hash(&["number", &number.e164()])?.as_str()))
}

/// Reserves `#` for the separators, so that no two pairs of tenant and ID share a key.
fn escape(text: &str) -> String {
    text.replace('%', "%25").replace('#', "%23")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(tenant: &str, id: &str) -> String {
        user_key(&User { tenant: tenant.to_owned(), id: id.to_owned() })
    }

    #[test]
    fn a_user_key_shows_its_tenant_and_id() {
        assert_eq!(key("", "42"), "USER##42");
        assert_eq!(key("acme", "42"), "USER#acme#42");
    }

    proptest! {
        #[test]
        fn different_users_never_share_a_key(
            a in "[a#%2-5]{0,4}", b in "[a#%2-5]{0,4}", c in "[a#%2-5]{0,4}", d in "[a#%2-5]{0,4}"
        ) {
            prop_assert_eq!(key(&a, &b) == key(&c, &d), (a, b) == (c, d));
        }
    }
}
