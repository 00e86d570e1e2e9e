//! Step-up: a change of verified settings requires a current code, and can verify the new app in the same write.

use serde_json::{Value, json};

use crate::support::{
    Fixture, SECRET, User, code_at, code_now, enrol_app, new_recovery_codes, now, recovery_codes, stack, stack_with,
};

const OTHER: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

fn hardened() -> Fixture {
    stack_with([("StepUp", "code")])
}

fn change(key: Option<&str>, new_key: &str) -> Value {
    json!({"method": "google", "secret_key": OTHER, "key": key, "new_key": new_key})
}

async fn verified(fixture: &Fixture) -> User {
    let user = fixture.user();
    enrol_app(&user).await;
    user.verify(&code_now(SECRET)).await.assert_no_content();
    user
}

#[tokio::test]
async fn a_code_of_the_new_app_verifies_it_in_the_write_that_enrols_it() {
    let fixture = hardened();
    let user = verified(&fixture).await;
    let (key, new_key) = (code_at(SECRET, now() + 30), code_now(OTHER));
    user.patch(change(Some(&key), &new_key)).await.assert_no_content();
    let settings = user.settings().await;
    assert_eq!((&settings["secret_key"], &settings["verified"]), (&json!(OTHER), &json!(true)));
    // At no point can the token alone undo or finish the change.
    user.patch(json!({"method": ""})).await.assert_problem(403, "step-up-required");
    user.verify(&new_key).await.assert_problem(422, "invalid-code");
    user.verify(&code_at(OTHER, now() + 30)).await.assert_no_content();
    assert_eq!(new_recovery_codes(&user).await.len(), 10);
}

#[tokio::test]
async fn a_wrong_code_of_the_new_app_changes_nothing_and_uses_up_no_code() {
    let fixture = hardened();
    let user = verified(&fixture).await;
    let key = code_at(SECRET, now() + 30);
    let before = fixture.table().user(&user.id).await;
    let wrong = crate::support::wrong_code(OTHER);
    user.patch(change(Some(&key), &wrong)).await.assert_problem(422, "invalid-code");
    user.patch(change(Some(&key), "12345")).await.assert_problem(422, "invalid-fields");
    user.patch(change(None, &code_now(OTHER))).await.assert_problem(403, "step-up-required");
    assert_eq!(fixture.table().user(&user.id).await, before);
    user.verify(&key).await.assert_no_content();
}

#[tokio::test]
async fn a_recovery_code_and_a_code_of_the_new_app_replace_a_lost_phone_at_once() {
    let fixture = hardened();
    let user = fixture.user();
    let codes = recovery_codes(&user).await;
    let answer = user.patch(change(Some(&codes[0]), &code_now(OTHER))).await;
    answer.assert_no_content();
    assert_eq!(answer.headers["recovery-codes-left"], "0", "the set went with the old app");
    assert_eq!(user.settings().await["verified"], true);
    user.verify(&codes[1]).await.assert_problem(422, "invalid-code");
}

#[tokio::test]
async fn a_first_app_can_be_enrolled_and_verified_at_once_and_a_used_code_cannot_do_it() {
    for fixture in [&hardened(), stack()] {
        let user = fixture.user();
        let code = code_now(OTHER);
        user.patch(change(None, &code)).await.assert_no_content();
        assert_eq!(user.settings().await["verified"], true);
        fixture
            .table()
            .put(&crate::support::user_key_of(&user), "verified", aws_sdk_dynamodb::types::AttributeValue::Bool(false))
            .await;
        user.patch(change(None, &code)).await.assert_problem(422, "invalid-code");
        user.patch(change(None, &code_at(OTHER, now() + 30))).await.assert_no_content();
    }
}

#[tokio::test]
async fn a_phone_takes_no_code_of_a_new_app() {
    let user = stack().user();
    for method in [json!({"method": "sms", "phone_prefix": 45, "phone": 20123456}), json!({"method": ""})] {
        let mut body = method;
        body["new_key"] = json!("123456");
        let answer = user.patch(body).await;
        answer.assert_problem(422, "invalid-fields");
        assert_eq!(answer.json()["errors"][0]["pointer"], "#/new_key");
    }
}
