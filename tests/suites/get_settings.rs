//! `GET /api/two-factor`. Responses are compared as text, so the order of the members counts.

use serde_json::json;

use crate::support::{Answer, SECRET, User, code_now, enrol_app, enrol_phone, stack};

const NOTHING_SET: &str =
    r#"{"data":{"method":null,"secret_key":null,"phone_prefix":null,"phone":null,"verified":false}}"#;

async fn get(user: &User) -> Answer {
    let answer = user.get("/api/two-factor").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.headers["cache-control"], "no-store");
    answer
}

#[tokio::test]
async fn with_nothing_set_there_are_four_nulls_and_false_in_the_documented_order() {
    let user = stack().user();
    assert_eq!(get(&user).await.text, NOTHING_SET);
    assert_eq!(stack().table().user(&user.id).await, None, "reading stores nothing");
}

#[tokio::test]
async fn an_app_is_shown_with_its_secret() {
    let user = stack().user();
    enrol_app(&user).await;
    let expected = format!(
        r#"{{"data":{{"method":"google","secret_key":"{SECRET}","phone_prefix":null,"phone":null,"verified":false}}}}"#
    );
    assert_eq!(get(&user).await.text, expected);
}

#[tokio::test]
async fn a_phone_is_shown_as_two_integers() {
    let user = stack().user();
    let number = enrol_phone(&user).await;
    let phone = number.strip_prefix("+45").unwrap();
    let expected = format!(
        r#"{{"data":{{"method":"sms","secret_key":null,"phone_prefix":45,"phone":{phone},"verified":false}}}}"#
    );
    assert_eq!(get(&user).await.text, expected);
}

#[tokio::test]
async fn a_phone_whose_leading_zero_belongs_to_it_is_shown_as_a_string() {
    let user = stack().user();
    user.patch(json!({"method": "sms", "phone_prefix": 225, "phone": "0701234567"})).await.assert_no_content();
    assert_eq!(
        get(&user).await.text,
        r#"{"data":{"method":"sms","secret_key":null,"phone_prefix":225,"phone":"0701234567","verified":false}}"#
    );
}

#[tokio::test]
async fn settings_stay_verified_until_they_are_replaced() {
    let user = stack().user();
    enrol_app(&user).await;
    user.verify(&code_now(SECRET)).await.assert_no_content();
    for _ in 0..2 {
        assert!(get(&user).await.text.ends_with(r#""verified":true}}"#));
    }
    enrol_app(&user).await;
    assert!(get(&user).await.text.ends_with(r#""verified":false}}"#));
}

#[tokio::test]
async fn after_a_disable_and_after_a_reset_nothing_is_set() {
    for by_patch in [true, false] {
        for app in [true, false] {
            let user = stack().user();
            if app {
                enrol_app(&user).await;
            } else {
                enrol_phone(&user).await;
            }
            match by_patch {
                true => user.patch(json!({"method": ""})).await,
                false => user.post("/api/two-factor/reset").await,
            }
            .assert_no_content();
            assert_eq!(get(&user).await.text, NOTHING_SET);
        }
    }
}

#[tokio::test]
async fn each_user_sees_their_own_settings() {
    let (ann, bob) = (stack().user(), stack().user());
    enrol_app(&ann).await;
    assert_eq!(get(&bob).await.text, NOTHING_SET);
    enrol_phone(&bob).await;
    assert_eq!(ann.settings().await["method"], "google");
    assert_eq!(bob.settings().await["method"], "sms");
}

#[tokio::test]
async fn reading_changes_nothing() {
    let (user, table) = (stack().user(), stack().table());
    enrol_phone(&user).await;
    user.send_code().await.assert_no_content();
    user.verify("000000").await;
    let before = table.user(&user.id).await;
    get(&user).await;
    assert!(before.is_some());
    assert_eq!(table.user(&user.id).await, before);
}
