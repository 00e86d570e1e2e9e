//! `GET /api/two-factor/secret`.

use std::collections::HashSet;

use serde_json::json;

use crate::support::{SECRET, User, code_now, enrol_app, stack};

async fn secret(user: &User) -> String {
    let answer = user.get("/api/two-factor/secret").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let secret = answer.json()["data"]["secret_key"].as_str().unwrap().to_owned();
    assert_eq!(answer.text, format!(r#"{{"data":{{"secret_key":"{secret}"}}}}"#));
    secret
}

#[tokio::test]
async fn a_secret_has_32_base32_characters_and_is_fresh_each_time() {
    let user = stack().user();
    let mut seen = HashSet::new();
    for _ in 0..20 {
        let secret = secret(&user).await;
        assert_eq!(secret.len(), 32);
        assert!(secret.bytes().all(|b| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b)), "{secret}");
        assert!(seen.insert(secret));
    }
}

#[tokio::test]
async fn a_secret_is_stored_nowhere() {
    let (user, table) = (stack().user(), stack().table());
    secret(&user).await;
    assert_eq!(table.user(&user.id).await, None);
    enrol_app(&user).await;
    let before = table.user(&user.id).await;
    secret(&user).await;
    assert_eq!(table.user(&user.id).await, before);
    assert_eq!(user.settings().await["secret_key"], SECRET);
}

#[tokio::test]
async fn a_secret_can_be_enrolled_and_its_codes_verify() {
    let user = stack().user();
    let secret = secret(&user).await;
    user.patch(json!({"method": "google", "secret_key": secret})).await.assert_no_content();
    assert_eq!(user.settings().await["secret_key"], *secret);
    user.verify(&code_now(&secret)).await.assert_no_content();
    assert_eq!(user.settings().await["verified"], true);
}
