//! Who may edit a user, and who may see one: `users:edit` covers every user of the tenant, `users:edit:42` covers user
//! 42; `users:read` likewise.

const EDIT: &str = "users:edit";
const READ: &str = "users:read";

/// Whether one of the `claims` values allows editing the user `id`.
pub fn may_edit<'a>(claims: impl IntoIterator<Item = &'a str>, id: &str) -> bool {
    claims.into_iter().flat_map(permissions).any(|permission| covers(permission, EDIT, id))
}

/// Whether one of the `claims` values allows seeing the user `id`.
pub fn may_view<'a>(claims: impl IntoIterator<Item = &'a str>, id: &str) -> bool {
    let mut permissions = claims.into_iter().flat_map(permissions);
    permissions.any(|permission| covers(permission, EDIT, id) || covers(permission, READ, id))
}

/// Whether `permission` is `right`, or `right:id`.
fn covers(permission: &str, right: &str, id: &str) -> bool {
    match permission.strip_prefix(right) {
        Some("") => true,
        Some(rest) => rest.strip_prefix(':').is_some_and(|only| only == id),
        None => false,
    }
}

/// The permissions in a claim: a space-separated string (RFC 8693 §4.2 `scope`), the gateway's `[a b]` form of an
/// array, or `[a, b]`, as Cognito writes the groups of a SAML provider.
///
/// An array's members may contain spaces and commas, which neither form escapes: whoever can put text into a permission
/// claim can grant permissions. The text of an object is not a list of permissions, whatever words it contains; a
/// brace, a double quote or a bracket inside marks such a text. No form escapes a space, so an ID that contains one
/// cannot be named.
fn permissions(claim: &str) -> impl Iterator<Item = &str> {
    let array = claim.strip_prefix('[').and_then(|inner| inner.strip_suffix(']'));
    let list = array.unwrap_or(claim);
    let list = if list.contains(['[', ']', '{', '}', '"']) { "" } else { list };
    let separator = if array.is_some() { ", " } else { " " };
    list.split(separator).flat_map(|words| words.split(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_edit_covers_every_user() {
        for claim in [
            "users:edit",
            "openid users:edit email",
            "[users:edit]",
            "[openid users:edit]",
            "[users:edit, staff]",
            "[staff, users:edit]",
            "[staff, users:edit, other]",
        ] {
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
        assert!(may_edit(["[openid, users:edit:42, users:edit:43]"], "42"));
        assert!(!may_edit(["[users:edit:42 43]"], "43"));
        assert!(!may_edit(["users:edit:John Smith"], "John Smith"), "an ID with a space cannot be named");
    }

    #[test]
    fn to_view_takes_read_or_edit_and_to_edit_takes_edit() {
        for claim in ["users:read", "users:edit", "users:read:42", "users:edit:42", "[openid, users:read]"] {
            assert!(may_view([claim], "42"), "{claim}");
        }
        for claim in ["users:read:4", "users:reader", "users", "users:read:", ""] {
            assert!(!may_view([claim], "42"), "{claim}");
        }
        assert!(!may_edit(["users:read", "users:read:42"], "42"));
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
            "users:edit, openid",
            "[users:edit,staff]",
            "[users:edit,]",
            r#"{"note":"a users:edit b"}"#,
            r#"[{"note":"a users:edit b"}]"#,
            r#"["users:edit"]"#,
            r#"a "users:edit b"#,
            "[users:edit,openid]",
            "[users:edit,]",
            "[users:edit,, openid]",
            "users:edit:*",
            "users:edit\t",
            "map[note:a users:edit b]",
            "[map[note:a users:edit b]]",
            "[[openid users:edit email]]",
            "{\"note\": \"a users:edit b\"}",
            "{note=a users:edit b}",
            "[\"a\", users:edit]",
            "[openid] users:edit",
            "openid users:edit [",
        ] {
            assert!(!may_edit([claim], "42"), "{claim:?}");
        }
        assert!(!may_edit([], "42"));
    }
}
