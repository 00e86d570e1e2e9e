//! Who may edit a user: `users:edit` covers every user of the tenant, `users:edit:42` covers user 42.

const EDIT_ANY: &str = "users:edit";

/// Whether one of the `claims` values grants the edit of the user `id`.
///
/// A value is a space-separated string (RFC 8693 §4.2 `scope`) or the gateway's `[a b]` form of an array. An array's
/// members may hold spaces, which that form does not escape: whoever may put text into a permission claim can grant.
/// An object (`map[a:b]`) or an array within an array is no list of permissions, whatever words are in it.
pub fn may_edit<'a>(claims: impl IntoIterator<Item = &'a str>, id: &str) -> bool {
    claims.into_iter().flat_map(permissions).any(|permission| {
        permission == EDIT_ANY
            || permission.strip_prefix(EDIT_ANY).and_then(|rest| rest.strip_prefix(':')).is_some_and(|only| only == id)
    })
}

fn permissions(claim: &str) -> impl Iterator<Item = &str> {
    let list = match claim.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(nested) if nested.contains('[') => "",
        Some(members) => members,
        None if claim.starts_with("map[") => "",
        None => claim,
    };
    list.split(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_edit_covers_every_user() {
        for claim in ["users:edit", "openid users:edit email", "[users:edit]", "[openid users:edit]"] {
            assert!(may_edit([claim], "42"), "{claim}");
        }
        assert!(may_edit(["openid", "[users:edit]"], "42"));
    }

    #[test]
    fn users_edit_with_an_id_covers_that_user_alone() {
        assert!(may_edit(["users:edit:42"], "42"));
        assert!(!may_edit(["users:edit:42"], "4"));
        assert!(!may_edit(["users:edit:4"], "42"));
        assert!(may_edit(["users:edit:a:b"], "a:b"));
    }

    #[test]
    fn nothing_else_grants() {
        for claim in [
            "",
            "[]",
            "users",
            "users:edit:",
            "users:editor",
            "xusers:edit",
            "USERS:EDIT",
            "users:edit,openid",
            "users:edit:*",
            "users:edit\t",
            "map[note:a users:edit b]",
            "[map[note:a users:edit b]]",
            "[[openid users:edit email]]",
        ] {
            assert!(!may_edit([claim], "42"), "{claim:?}");
        }
        assert!(!may_edit([], "42"));
    }
}
