//! Tricks with the user ID in the path: no spelling reaches a user outside the permission, and each user ID has only
//! one spelling.

use serde_json::json;

use crate::support::{Raw, SECRET, User, enrol_app, stack};

/// Sends the path unchanged; an HTTP client would normalise it first.
async fn post(user: &User, path: &str) -> Raw {
    let request = format!(
        "POST {path} HTTP/1.1\r\nHost: api.example\r\nAuthorization: Bearer {}\r\nContent-Length: 0\r\nConnection: \
         close\r\n\r\n",
        user.token
    );
    Raw::send(user, request.as_bytes()).await
}

/// Spellings that hide the ID `id` behind, before or within `own`.
fn spellings(own: &str, id: &str) -> Vec<String> {
    let escaped: String = id.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let twice = escaped.replace('%', "%25");
    let full_width: String = id.bytes().map(|digit| format!("%EF%BC%{:02X}", 0x90 + digit - b'0')).collect();
    vec![
        twice,
        full_width,
        format!("{own}/../{id}"),
        format!("{own}%2F..%2F{id}"),
        format!("{own}%2f%2e%2e%2f{id}"),
        format!("{own}%252F..%252F{id}"),
        format!("{own}%5C..%5C{id}"),
        format!("{own};{id}"),
        format!("{own};ID={id}"),
        format!("{own},{id}"),
        format!("{own}%2C{id}"),
        format!("{own}%20{id}"),
        format!("{own}%26ID%3D{id}"),
        format!("{own}%23{id}"),
        format!("{own}%3F{id}"),
        format!("{own}%00{id}"),
        format!("{id}%00"),
        format!("{id}%00{own}"),
        format!("{id}%0A"),
        format!("{id}%0D%0AX-Injected:%20yes"),
        format!("{id}%2F"),
        format!("{id}/"),
        format!("{id}/."),
        format!("./{id}"),
        format!("{id}."),
        format!("{id}%E2%80%8B"),
        format!("%EF%BB%BF{id}"),
        format!("-{id}"),
        format!("%2B{id}"),
        format!("+{id}"),
        format!("0{id}"),
        format!("00000000000000000000{id}"),
        format!("{id}.0"),
        format!("{id}e0"),
        format!("0x{:x}", id.parse::<u64>().unwrap()),
        format!("{}", id.parse::<u128>().unwrap() + (1 << 64)),
        "9".repeat(20),
        "9".repeat(4000),
        "-1".to_owned(),
        "NaN".to_owned(),
        "null".to_owned(),
        "undefined".to_owned(),
        "*".to_owned(),
        "%2A".to_owned(),
        "%2e%2e".to_owned(),
        "..".to_owned(),
        ".".to_owned(),
        "%".to_owned(),
        "%zz".to_owned(),
        "%FF".to_owned(),
        "%C0%AE%C0%AE".to_owned(),
        "%D9%A4%D9%A2".to_owned(),
        "{ID}".to_owned(),
        "%7BID%7D".to_owned(),
        "$%7BID%7D".to_owned(),
        String::new(),
    ]
}

#[tokio::test]
async fn no_spelling_of_the_id_resets_anybody() {
    let (victim, other) = (stack().user(), stack().user());
    enrol_app(&victim).await;
    let before = stack().table().user(&victim.id).await;
    // The permission does not stop a caller who may edit every user, so the spelling itself has to be refused.
    let admin = stack().user_with(json!({"scope": "users:edit"}));
    let helper = stack().user_with(json!({"scope": format!("users:edit:{}", other.id)}));
    for spelling in spellings(&other.id, &victim.id) {
        for caller in [&admin, &helper] {
            let answer = post(caller, &format!("/api/users/{spelling}/two-factor/reset")).await;
            let statuses = answer.statuses();
            assert!(matches!(statuses[..], [400 | 404 | 414 | 422 | 431]), "{spelling}: {}", answer.0);
            assert!(!answer.0.to_lowercase().contains("\nx-injected"), "{spelling}: {}", answer.0);
        }
        assert_eq!(stack().table().user(&victim.id).await, before, "{spelling}");
    }
}

#[tokio::test]
async fn an_escaped_id_is_the_same_id_for_the_permission_too() {
    let (victim, other) = (stack().user(), stack().user());
    enrol_app(&victim).await;
    let escaped: String = victim.id.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let path = format!("/api/users/{escaped}/two-factor/reset");
    let helper = stack().user_with(json!({"scope": format!("users:edit:{} users:edit:{escaped}", other.id)}));
    assert_eq!(post(&helper, &path).await.statuses(), [403]);
    assert_eq!(victim.settings().await["secret_key"], SECRET);
    let helper = stack().user_with(json!({"scope": format!("users:edit:{}", victim.id)}));
    assert_eq!(post(&helper, &path).await.statuses(), [204]);
    assert_eq!(victim.settings().await["method"], json!(null));
}

#[tokio::test]
async fn what_stands_beside_the_id_does_not_change_whose_settings_go() {
    let (victim, own) = (stack().user(), stack().user());
    enrol_app(&victim).await;
    let before = stack().table().user(&victim.id).await;
    let caller = stack().user_with(json!({"scope": format!("users:edit:{}", own.id)}));
    for path in [
        format!("/api/users/{}/two-factor/reset?ID={}", own.id, victim.id),
        format!("/api/users/{}/two-factor/reset?ID={}&ID={}", own.id, own.id, victim.id),
        format!("http://evil.example/api/users/{}/two-factor/reset", own.id),
    ] {
        enrol_app(&own).await;
        assert_eq!(post(&caller, &path).await.statuses(), [204], "{path}");
        assert_eq!(own.settings().await["method"], json!(null), "{path}");
        assert_eq!(stack().table().user(&victim.id).await, before, "{path}");
    }
}

#[tokio::test]
async fn other_spellings_of_a_route_are_no_route() {
    let (victim, admin) = (stack().user(), stack().user_with(json!({"scope": "users:edit"})));
    enrol_app(&victim).await;
    let before = stack().table().user(&victim.id).await;
    let id = &victim.id;
    for path in [
        format!("/API/users/{id}/two-factor/reset"),
        format!("/api/Users/{id}/two-factor/reset"),
        format!("/api/users/{id}/two-factor/Reset"),
        format!("/api/users/{id}/two-factor/reset/"),
        format!("//api/users/{id}/two-factor/reset"),
        format!("/api//users/{id}/two-factor/reset"),
        format!("/./api/users/{id}/two-factor/reset"),
        format!("/api/x/../users/{id}/two-factor/reset"),
        format!("/api/users/{id}/two-factor/reset%00"),
        format!("/api/users/{id}/two-factor/reset%20"),
        format!("/api/users/{id}/two-factor%2Freset"),
        format!("/api/users/{id}/two-factor/reset.json"),
        format!("/api/users/{id}/two-factor/reset;x"),
        format!("\\api\\users\\{id}\\two-factor\\reset"),
        format!("api/users/{id}/two-factor/reset"),
    ] {
        let answer = post(&admin, &path).await;
        assert!(matches!(answer.statuses()[..], [400 | 404]), "{path}: {}", answer.0);
    }
    assert_eq!(stack().table().user(&victim.id).await, before);
}
