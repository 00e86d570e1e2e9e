//! `POST /api/users/{ID}/two-factor/reset` and `POST /api/two-factor/reset`: who may reset, and what is left
//! afterwards.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    SECRET, User, code_now, enrol_app, enrol_phone, last_code, nothing_set, number, stack, wrong_code,
};

const OWN: &str = "/api/two-factor/reset";

fn path(user: &User) -> String {
    format!("/api/users/{}/two-factor/reset", user.id)
}

fn administrator() -> User {
    stack().user_with(json!({"scope": "users:edit"}))
}

/// Makes the user wait after five wrong codes.
async fn throttle(user: &User) {
    enrol_app(user).await;
    for _ in 0..5 {
        user.verify(&wrong_code(SECRET)).await.assert_problem(422, "invalid-code");
    }
    user.verify(&code_now(SECRET)).await.assert_problem(429, "too-many-attempts");
}

#[tokio::test]
async fn edit_permission_in_any_of_the_claims_resets_the_user() {
    for claim in ["scope", "permissions", "cognito:groups"] {
        for of_this_user in [false, true] {
            let user = stack().user();
            let permission = if of_this_user { format!("users:edit:{}", user.id) } else { "users:edit".to_owned() };
            for value in [
                json!(permission),
                json!(format!("openid {permission} email")),
                json!([permission]),
                json!(["openid", permission, "email"]),
            ] {
                enrol_app(&user).await;
                stack().user_with(json!({claim: value})).post(&path(&user)).await.assert_no_content();
                assert_eq!(user.settings().await, nothing_set(), "{claim} {value}");
                let item = stack().table().user(&user.id).await.unwrap();
                for attribute in ["method", "secret", "phone", "verified", "enrolment"] {
                    assert!(!item.contains_key(attribute), "{attribute}");
                }
            }
        }
    }
}

#[tokio::test]
async fn nothing_else_resets_anybody() {
    let user = stack().user();
    enrol_app(&user).await;
    let before = stack().table().user(&user.id).await;
    let prefix = &user.id[..user.id.len() - 1];
    for claims in [
        json!({}),
        json!({"scope": ""}),
        json!({"scope": "openid users:read"}),
        json!({"scope": "users:edit:"}),
        json!({"scope": "users:edit:*"}),
        json!({"scope": format!("users:edit:{prefix}")}),
        json!({"scope": format!("users:edit:{}0", user.id)}),
        json!({"scope": format!("users:edit:0{}", user.id)}),
        json!({"scope": "users:edit,openid"}),
        json!({"scope": "Users:Edit"}),
        json!({"scope": "xusers:edit users:editor"}),
        json!({"permissions": []}),
        json!({"permissions": {"users:edit": true}}),
        json!({"roles": "users:edit"}),
        json!({"groups": ["users:edit"]}),
        json!({"admin": true}),
    ] {
        stack().user_with(claims.clone()).post(&path(&user)).await.assert_problem(403, "edit-permission-required");
        assert_eq!(stack().table().user(&user.id).await, before, "{claims}");
    }
}

#[tokio::test]
async fn a_refusal_does_not_say_whether_the_user_exists() {
    let (caller, user, nobody) = (stack().user(), stack().user(), stack().user());
    enrol_app(&user).await;
    let mut answers = Vec::new();
    for subject in [&user, &nobody] {
        let answer = caller.post(&path(subject)).await;
        let mut problem = answer.assert_problem(403, "edit-permission-required");
        problem["request_id"] = Value::Null;
        let mut headers: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        headers.sort();
        answers.push((problem, headers, answer.headers["content-length"].clone()));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(stack().table().user(&nobody.id).await, None);
    assert_eq!(user.settings().await["method"], "google");
}

#[tokio::test]
async fn without_permission_the_path_with_ones_own_id_is_refused_too() {
    let user = stack().user();
    enrol_app(&user).await;
    user.post(&path(&user)).await.assert_problem(403, "edit-permission-required");
    assert_eq!(user.settings().await["method"], "google");
}

#[tokio::test]
async fn an_id_that_is_none_is_refused() {
    let admin = administrator();
    for id in [
        "abc",
        "-1",
        "+1",
        "01",
        "00",
        "1.0",
        "1e3",
        "%20",
        "1%20",
        "1%2F2",
        "%00",
        "%EF%BC%91",
        "1%23",
        "10000000000000000000",
    ] {
        let answer = admin.post(&format!("/api/users/{id}/two-factor/reset")).await;
        answer.assert_problem(422, "invalid-fields");
        assert_eq!(answer.pointers(), ["#/ID"], "{id}");
    }
}

#[tokio::test]
async fn a_user_without_settings_is_reset_too_and_nothing_is_stored() {
    let user = stack().user();
    administrator().post(&path(&user)).await.assert_no_content();
    user.post(OWN).await.assert_no_content();
    assert_eq!(stack().table().user(&user.id).await, None);
}

#[tokio::test]
async fn without_an_id_in_the_path_one_resets_oneself() {
    let (user, other) = (stack().user(), stack().user());
    enrol_app(&other).await;
    for body in [None, Some(("{ [...] }".to_owned(), "application/x-www-form-urlencoded"))] {
        enrol_phone(&user).await;
        user.send(Method::POST, OWN, body).await.assert_no_content();
        assert_eq!(user.settings().await, nothing_set());
    }
    assert_eq!(other.settings().await["method"], "google");
}

#[tokio::test]
async fn an_administrator_without_an_id_resets_themselves_alone() {
    let (admin, user) = (administrator(), stack().user());
    enrol_app(&admin).await;
    enrol_app(&user).await;
    admin
        .send(Method::POST, OWN, Some((json!({"ID": user.id}).to_string(), "application/json")))
        .await
        .assert_no_content();
    assert_eq!(admin.settings().await, nothing_set());
    assert_eq!(user.settings().await["method"], "google");
}

#[tokio::test]
async fn an_administrators_reset_ends_the_wait_after_wrong_codes() {
    let user = stack().user();
    throttle(&user).await;
    administrator().post(&path(&user)).await.assert_no_content();
    assert_eq!(number(&stack().table().user(&user.id).await.unwrap(), "failures"), None);
    enrol_app(&user).await;
    user.verify(&code_now(SECRET)).await.assert_no_content();
}

#[tokio::test]
async fn a_reset_of_ones_own_does_not_end_the_wait_by_either_path() {
    let user = stack().user_with(json!({"scope": "users:edit"}));
    throttle(&user).await;
    for path in [OWN.to_owned(), path(&user)] {
        user.post(&path).await.assert_no_content();
        assert_eq!(user.settings().await, nothing_set());
        assert_eq!(number(&stack().table().user(&user.id).await.unwrap(), "failures"), Some(5));
        enrol_app(&user).await;
        user.verify(&code_now(SECRET)).await.assert_problem(429, "too-many-attempts");
    }
}

#[tokio::test]
async fn a_used_code_stays_used_over_an_administrators_reset() {
    let user = stack().user();
    enrol_app(&user).await;
    let code = code_now(SECRET);
    user.verify(&code).await.assert_no_content();
    administrator().post(&path(&user)).await.assert_no_content();
    enrol_app(&user).await;
    user.verify(&code).await.assert_problem(422, "invalid-code");
    assert_eq!(user.settings().await["verified"], false);
}

#[tokio::test]
async fn a_code_on_its_way_is_gone_with_a_reset() {
    for by_administrator in [true, false] {
        let user = stack().user();
        let phone = enrol_phone(&user).await;
        user.send_code().await.assert_no_content();
        let code = last_code(stack(), &phone);
        match by_administrator {
            true => administrator().post(&path(&user)).await,
            false => user.post(OWN).await,
        }
        .assert_no_content();
        user.verify(&code).await.assert_problem(409, "two-factor-disabled");
        let national: u64 = phone["+45".len()..].parse().unwrap();
        user.patch(json!({"method": "sms", "phone_prefix": 45, "phone": national})).await.assert_no_content();
        user.verify(&code).await.assert_problem(422, "invalid-code");
        assert_eq!(user.settings().await["verified"], false);
    }
}
