//! `PATCH /api/two-factor`: the methods, and the effect of changing them. `secret_keys.rs` and `phone_numbers.rs` cover
//! the fields, `bodies.rs` the body.

use serde_json::{Value, json};

use crate::support::{
    Item, SECRET, User, code_now, enrol_app, enrol_phone, last_code, nothing_set, number, stack, user_key_of,
};

async fn item(user: &User) -> Item {
    stack().table().user(&user.id).await.expect("the user has an item")
}

fn text(item: &Item, attribute: &str) -> String {
    item[attribute].as_s().unwrap().clone()
}

fn verified(item: &Item) -> bool {
    *item["verified"].as_bool().unwrap()
}

#[tokio::test]
async fn an_app_is_enrolled_unverified_and_its_secret_is_sealed() {
    let user = stack().user();
    enrol_app(&user).await;
    let item = item(&user).await;
    assert_eq!((text(&item, "method").as_str(), verified(&item)), ("google", false));
    assert!(!text(&item, "secret").contains(SECRET));
    assert!(!item.contains_key("phone"));
}

#[tokio::test]
async fn each_patch_replaces_all_and_what_the_method_does_not_use_is_gone() {
    let user = stack().user();
    enrol_app(&user).await;
    user.verify(&code_now(SECRET)).await.assert_no_content();

    let phone = enrol_phone(&user).await;
    let national: u64 = phone["+45".len()..].parse().unwrap();
    assert_eq!(
        user.settings().await,
        json!({"method": "sms", "secret_key": null, "phone_prefix": 45, "phone": national, "verified": false})
    );
    let stored = item(&user).await;
    assert_eq!((text(&stored, "method").as_str(), verified(&stored)), ("sms", false));
    assert!(!stored.contains_key("secret"));

    enrol_app(&user).await;
    assert_eq!(
        user.settings().await,
        json!({"method": "google", "secret_key": SECRET, "phone_prefix": null, "phone": null, "verified": false})
    );
    assert!(!item(&user).await.contains_key("phone"));
}

#[tokio::test]
async fn the_same_settings_again_have_to_be_verified_again() {
    let user = stack().user();
    enrol_app(&user).await;
    user.verify(&code_now(SECRET)).await.assert_no_content();
    let before = item(&user).await;
    assert!(verified(&before));
    enrol_app(&user).await;
    let after = item(&user).await;
    assert!(!verified(&after));
    assert_ne!(text(&after, "enrolment"), text(&before, "enrolment"));
}

#[tokio::test]
async fn an_empty_method_and_null_disable() {
    for method in [json!(""), Value::Null] {
        let user = stack().user();
        enrol_phone(&user).await;
        user.send_code().await.assert_no_content();
        user.patch(json!({"method": method})).await.assert_no_content();
        assert_eq!(user.settings().await, nothing_set());
        let item = item(&user).await;
        for attribute in ["method", "secret", "phone", "verified", "enrolment", "code_hash"] {
            assert!(!item.contains_key(attribute), "{attribute}");
        }
        assert!(number(&item, "expires_at").is_some(), "what is left is tidied up in time");
        enrol_app(&user).await;
        assert!(!stack().table().user(&user.id).await.unwrap().contains_key("expires_at"));
    }
}

#[tokio::test]
async fn disabling_what_is_disabled_stores_nothing() {
    let user = stack().user();
    user.patch(json!({"method": ""})).await.assert_no_content();
    assert_eq!(stack().table().user(&user.id).await, None);
}

#[tokio::test]
async fn fields_beside_an_empty_method_are_not_looked_at() {
    let user = stack().user();
    enrol_app(&user).await;
    user.patch(json!({"method": "", "secret_key": "!", "phone_prefix": [], "phone": -1})).await.assert_no_content();
    assert_eq!(user.settings().await, nothing_set());
}

#[tokio::test]
async fn a_method_that_is_absent_or_another_is_refused() {
    let user = stack().user();
    enrol_app(&user).await;
    let before = item(&user).await;
    let others = ["Google", "GOOGLE", " google", "totp", "email", "none", "null", " "].map(Value::from);
    let of_other_types = [json!(true), json!(false), json!(0), json!([]), json!({}), json!(["sms"])];
    let bodies = others.into_iter().chain(of_other_types).map(|method| json!({"method": method, "secret_key": SECRET}));
    for body in bodies.chain([json!({}), json!({"secret_key": SECRET}), json!({"Method": "google"})]) {
        let answer = user.patch(body.clone()).await;
        answer.assert_problem(422, "invalid-fields");
        assert_eq!(answer.pointers(), ["#/method"], "{body}");
    }
    assert_eq!(item(&user).await, before);
}

#[tokio::test]
async fn all_field_errors_come_at_once() {
    let user = stack().user();
    for fields in [
        json!({}),
        json!({"phone_prefix": null, "phone": null}),
        json!({"phone_prefix": "", "phone": ""}),
        json!({"phone_prefix": "DK", "phone": true}),
        json!({"phone_prefix": -45, "phone": 20123456.5}),
        json!({"phone_prefix": [45], "phone": {"number": 20123456}}),
    ] {
        let mut body = json!({"method": "sms"});
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let answer = user.patch(body.clone()).await;
        answer.assert_problem(422, "invalid-fields");
        assert_eq!(answer.pointers(), ["#/phone_prefix", "#/phone"], "{body}");
    }
    assert_eq!(stack().table().user(&user.id).await, None);
}

#[tokio::test]
async fn a_refused_patch_changes_nothing() {
    let user = stack().user();
    let phone = enrol_phone(&user).await;
    user.send_code().await.assert_no_content();
    user.verify(&last_code(stack(), &phone)).await.assert_no_content();
    stack().table().let_pass(&user_key_of(&user), 30).await;
    user.send_code().await.assert_no_content();
    let before = item(&user).await;
    for body in [
        json!({"method": "google"}),
        json!({"method": "google", "secret_key": "1234567890"}),
        json!({"method": "sms", "phone_prefix": 45}),
        json!({"method": "sms", "phone_prefix": 999, "phone": 20123456}),
        json!({"method": "sms", "phone_prefix": 45, "phone": 1}),
        json!({"method": "other"}),
    ] {
        user.patch(body).await.assert_problem(422, "invalid-fields");
    }
    assert_eq!(item(&user).await, before);
    user.verify(&last_code(stack(), &phone)).await.assert_no_content();
}

#[tokio::test]
async fn what_get_shows_can_be_sent_back() {
    for enrolment in [
        json!({"method": "google", "secret_key": SECRET}),
        json!({"method": "sms", "phone_prefix": 45, "phone": 20123456}),
        json!({"method": "sms", "phone_prefix": 225, "phone": "0701234567"}),
        json!({"method": "sms", "phone_prefix": 44, "phone": "07911123456"}),
        json!({"method": ""}),
    ] {
        let user = stack().user();
        user.patch(enrolment).await.assert_no_content();
        let shown = user.settings().await;
        user.patch(shown.clone()).await.assert_no_content();
        assert_eq!(user.settings().await, shown);
    }
}

#[tokio::test]
async fn unknown_members_are_ignored_and_nobody_verifies_themselves_with_one() {
    let user = stack().user();
    let body = json!({
        "method": "google", "secret_key": SECRET, "phone_prefix": 45, "phone": 20123456,
        "verified": true, "user_id": "1", "data": {"method": "sms"}, "": null,
    });
    user.patch(body).await.assert_no_content();
    assert_eq!(
        user.settings().await,
        json!({"method": "google", "secret_key": SECRET, "phone_prefix": null, "phone": null, "verified": false})
    );
    assert!(!verified(&item(&user).await));
}

#[tokio::test]
async fn one_users_patch_leaves_others_alone() {
    let (ann, bob) = (stack().user(), stack().user());
    enrol_app(&ann).await;
    let before = item(&ann).await;
    enrol_phone(&bob).await;
    bob.patch(json!({"method": ""})).await.assert_no_content();
    assert_eq!(item(&ann).await, before);
}
