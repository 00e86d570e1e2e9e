//! `GET /api/users/{ID}/two-factor`: what a helpdesk sees before it resets anything.

use serde_json::{Value, json};

use crate::support::{
    SECRET, User, code_now, enrol_app, enrol_phone, last_code, new_recovery_codes, stack, stack_with, wrong_code,
};

fn helper() -> User {
    stack().user_with(json!({"scope": "users:read"}))
}

async fn seen(helper: &User, id: &str) -> Value {
    let answer = helper.get(&format!("/api/users/{id}/two-factor")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()["data"].clone()
}

fn nothing() -> Value {
    json!({"method": null, "verified": false, "phone": null, "recovery_codes_left": 0, "locked_seconds": 0})
}

#[tokio::test]
async fn it_shows_a_phones_last_two_digits_and_how_many_recovery_codes_are_left() {
    let (helper, user) = (helper(), stack().user());
    assert_eq!(seen(&helper, &user.id).await, nothing());
    let number = enrol_phone(&user).await;
    let end = &number[number.len() - 2..];
    let expected = json!({
        "method": "sms", "verified": false, "phone": format!("•••• {end}"), "recovery_codes_left": 0, "locked_seconds": 0
    });
    assert_eq!(seen(&helper, &user.id).await, expected);
    user.send_code().await.assert_no_content();
    user.verify(&last_code(stack(), &number)).await.assert_no_content();
    let codes = new_recovery_codes(&user).await;
    user.verify(&codes[0]).await.assert_no_content();
    let data = seen(&helper, &user.id).await;
    assert_eq!((&data["verified"], &data["recovery_codes_left"]), (&json!(true), &json!(9)));
    let text = data.to_string();
    assert!(!text.contains(&number[3..]) && !codes.iter().any(|code| text.contains(code)), "{text}");
    user.patch(json!({"method": ""})).await.assert_no_content();
    assert_eq!(seen(&helper, &user.id).await, nothing());
}

#[tokio::test]
async fn it_shows_how_long_a_user_has_to_wait_and_no_secret() {
    let (helper, user) = (helper(), stack().user());
    enrol_app(&user).await;
    for _ in 0..5 {
        user.verify(&wrong_code(SECRET)).await.assert_problem(422, "invalid-code");
    }
    let data = seen(&helper, &user.id).await;
    assert!((50..=60).contains(&data["locked_seconds"].as_u64().unwrap()), "{data}");
    assert_eq!((&data["method"], &data["phone"]), (&json!("google"), &json!(null)));
    assert!(!data.to_string().contains(SECRET), "{data}");
    user.verify(&code_now(SECRET)).await.assert_problem(429, "too-many-attempts");
}

#[tokio::test]
async fn without_the_permission_the_answer_is_the_same_whether_or_not_the_user_exists() {
    let (user, nobody) = (stack().user(), stack().user());
    enrol_app(&user).await;
    let path = |id: &str| format!("/api/users/{id}/two-factor");
    for claims in [json!({}), json!({"scope": "users:read:1 users"}), json!({"scope": "users:reader"})] {
        let caller = stack().user_with(claims);
        let mut texts = Vec::new();
        for id in [&user.id, &nobody.id, "999999999"] {
            let answer = caller.get(&path(id)).await;
            answer.assert_problem(403, "read-permission-required");
            let mut json = answer.json();
            json["request_id"].take();
            texts.push(json);
        }
        assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
    }
    let own = stack().user_with(json!({"sub": user.id}));
    own.get(&path(&user.id)).await.assert_problem(403, "read-permission-required");
}

#[tokio::test]
async fn read_and_edit_permission_open_it_for_everybody_or_for_one() {
    let user = stack().user();
    for scope in ["users:read".to_owned(), "users:edit".to_owned(), format!("users:read:{}", user.id)] {
        seen(&stack().user_with(json!({ "scope": scope })), &user.id).await;
    }
    let reader = helper();
    reader
        .post(&format!("/api/users/{}/two-factor/reset", user.id))
        .await
        .assert_problem(403, "edit-permission-required");
    reader.get("/api/users/x/two-factor").await.assert_problem(422, "invalid-fields");
}

#[tokio::test]
async fn a_helper_sees_nobody_of_another_tenant() {
    let tenants = stack_with([("TenantClaim", "tenant")]);
    let user = tenants.user_with(json!({"tenant": "acme"}));
    enrol_app(&user).await;
    let path = format!("/api/users/{}/two-factor", user.id);
    let same = tenants.user_with(json!({"tenant": "acme", "scope": "users:read"}));
    let other = tenants.user_with(json!({"tenant": "other", "scope": "users:read"}));
    assert_eq!(same.get(&path).await.json()["data"]["method"], "google");
    assert_eq!(other.get(&path).await.json()["data"], nothing());
}
