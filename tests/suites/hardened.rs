//! The deployment's settings beyond the documented API: a code to change verified settings, and secrets that are shown
//! only once.

use serde_json::{Value, json};

use crate::support::{
    Fixture, SECRET, User, code_at, code_now, enrol_app, enrol_phone, last_code, nothing_set, now, number, stack_with,
    user_key_of, wrong_code,
};

const OTHER: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

fn step_up() -> Fixture {
    stack_with([("StepUp", "code")])
}

async fn verified(fixture: &Fixture) -> User {
    let user = fixture.user();
    enrol_app(&user).await;
    user.verify(&code_now(SECRET)).await.assert_no_content();
    user
}

fn next_code() -> String {
    code_at(SECRET, now() + 30)
}

fn changes() -> [Value; 3] {
    [
        json!({"method": "google", "secret_key": OTHER}),
        json!({"method": "sms", "phone_prefix": 45, "phone": crate::support::phone_number()}),
        json!({"method": ""}),
    ]
}

fn with_key(mut change: Value, key: &str) -> Value {
    change["key"] = json!(key);
    change
}

#[tokio::test]
async fn with_step_up_settings_that_are_not_verified_change_without_a_code() {
    let fixture = step_up();
    let user = fixture.user();
    for change in changes().into_iter().chain(changes()) {
        user.patch(change).await.assert_no_content();
    }
    enrol_app(&user).await;
    user.post("/api/two-factor/reset").await.assert_no_content();
    assert_eq!(user.settings().await, nothing_set());
}

#[tokio::test]
async fn with_step_up_verified_settings_do_not_change_without_a_code() {
    let fixture = step_up();
    let user = verified(&fixture).await;
    let before = fixture.table().user(&user.id).await;
    for change in changes() {
        user.patch(change).await.assert_problem(403, "step-up-required");
    }
    user.patch(with_key(json!({"method": ""}), "12345")).await.assert_problem(422, "invalid-fields");
    user.post("/api/two-factor/reset").await.assert_problem(403, "step-up-required");
    assert_eq!(fixture.table().user(&user.id).await, before);
}

#[tokio::test]
async fn with_step_up_a_current_code_changes_verified_settings_once() {
    let fixture = step_up();
    for change in changes() {
        let user = verified(&fixture).await;
        // The code that verified them is used up.
        user.patch(with_key(change.clone(), &code_now(SECRET))).await.assert_problem(422, "invalid-code");
        user.patch(with_key(change.clone(), &next_code())).await.assert_no_content();
        let settings = user.settings().await;
        let method = change["method"].as_str().filter(|method| !method.is_empty());
        assert_eq!((&settings["method"], &settings["verified"]), (&json!(method), &json!(false)));
        assert_eq!(number(&fixture.table().user(&user.id).await.unwrap(), "failures"), None);
    }
}

#[tokio::test]
async fn with_step_up_a_code_by_sms_changes_a_verified_phone() {
    let fixture = step_up();
    let user = fixture.user();
    let phone = enrol_phone(&user).await;
    user.send_code().await.assert_no_content();
    user.verify(&last_code(&fixture, &phone)).await.assert_no_content();
    fixture.table().let_pass(&user_key_of(&user), 30).await;
    user.send_code().await.assert_no_content();
    user.patch(with_key(json!({"method": ""}), &last_code(&fixture, &phone))).await.assert_no_content();
    assert_eq!(user.settings().await, nothing_set());
}

#[tokio::test]
async fn with_step_up_wrong_codes_count_like_any_guess() {
    let fixture = step_up();
    let user = verified(&fixture).await;
    for _ in 0..5 {
        user.patch(with_key(json!({"method": ""}), &wrong_code(SECRET))).await.assert_problem(422, "invalid-code");
    }
    user.patch(with_key(json!({"method": ""}), &next_code())).await.assert_problem(429, "too-many-attempts");
    user.verify(&next_code()).await.assert_problem(429, "too-many-attempts");
    assert_eq!(user.settings().await["verified"], true);
}

#[tokio::test]
async fn with_step_up_one_code_among_20_changes_at_once_changes_once() {
    let fixture = step_up();
    let user = verified(&fixture).await;
    let change = with_key(json!({"method": "google", "secret_key": OTHER}), &next_code());
    let answers = futures_util::future::join_all((0..20).map(|_| user.patch(change.clone()))).await;
    // Once a change is done the settings are unverified, so a later request needs no code.
    assert!(answers.iter().any(|answer| answer.status == 204), "{answers:?}");
    assert!(answers.iter().all(|answer| [204, 422, 429].contains(&answer.status.as_u16())), "{answers:?}");
    assert_eq!(user.settings().await["secret_key"], OTHER);
}

#[tokio::test]
async fn with_step_up_an_administrator_still_resets() {
    let fixture = step_up();
    let user = verified(&fixture).await;
    let admin = fixture.user_with(json!({"scope": "users:edit"}));
    admin.post(&format!("/api/users/{}/two-factor/reset", user.id)).await.assert_no_content();
    assert_eq!(user.settings().await, nothing_set());
}

#[tokio::test]
async fn a_secret_that_was_verified_is_not_shown_again() {
    let fixture = stack_with([("SecretVisibility", "until-verified")]);
    let user = fixture.user();
    enrol_app(&user).await;
    assert_eq!(user.settings().await["secret_key"], SECRET);
    assert_eq!(user.get("/api/two-factor/qr").await.status, 200);
    user.verify(&code_now(SECRET)).await.assert_no_content();
    let expected =
        json!({"method": "google", "secret_key": null, "phone_prefix": null, "phone": null, "verified": true});
    assert_eq!(user.settings().await, expected);
    let refused = user.get("/api/two-factor/qr").await;
    refused.assert_problem(409, "secret-hidden");
    assert!(!refused.text.contains(SECRET));
    user.patch(json!({"method": "google", "secret_key": OTHER})).await.assert_no_content();
    assert_eq!(user.settings().await["secret_key"], OTHER);
    assert_eq!(user.get("/api/two-factor/qr").await.status, 200);
}
