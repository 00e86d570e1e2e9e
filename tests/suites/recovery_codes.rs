//! `POST /api/two-factor/recovery-codes`, and the use of its codes in `verify`.

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join_all;
use local_stack::Options;
use reqwest::Method;
use serde_json::json;

use crate::support::{
    Answer, SECRET, User, code_at, code_now, enrol_app, enrol_phone, last_code, new_recovery_codes, now, own_stack,
    recovery_codes, stack, stack_with, user_key_of, wrong_code,
};

/// The number of recovery codes that the user has left in the table.
async fn left(user: &User) -> usize {
    let item = stack().table().user(&user.id).await.unwrap();
    item.get("recovery_codes").map_or(0, |codes| codes.as_ss().unwrap().len())
}

#[tokio::test]
async fn ten_codes_of_80_bits_are_shown_and_only_hashes_stored() {
    let user = stack().user();
    let codes = recovery_codes(&user).await;
    assert_eq!(codes.len(), 10);
    for code in &codes {
        let groups: Vec<&str> = code.split('-').collect();
        assert!(groups.iter().all(|group| group.len() == 4) && groups.len() == 4, "{code}");
    }
    let item = format!("{:?}", stack().table().user(&user.id).await.unwrap());
    for code in &codes {
        assert!(!item.contains(code) && !item.contains(&code.replace('-', "")), "{item}");
    }
    assert_eq!(left(&user).await, 10);
}

#[tokio::test]
async fn the_answer_is_not_kept_by_a_cache() {
    let user = stack().user();
    recovery_codes(&user).await;
    let answer = user.post("/api/two-factor/recovery-codes").await;
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers["content-type"], "application/json");
}

#[tokio::test]
async fn a_code_is_accepted_once_in_every_spelling_and_settings_stay_as_they_were() {
    let user = stack().user();
    let codes = recovery_codes(&user).await;
    let before = user.settings().await;
    user.verify(&codes[3].to_lowercase().replace('-', " ")).await.assert_no_content();
    assert_eq!(left(&user).await, 9);
    for spelling in [codes[3].clone(), codes[3].to_lowercase(), codes[3].replace('-', "")] {
        user.verify(&spelling).await.assert_problem(422, "invalid-code");
    }
    assert_eq!(user.settings().await, before);
    user.verify(&codes[4]).await.assert_no_content();
    assert_eq!(left(&user).await, 8);
}

#[tokio::test]
async fn a_code_sent_20_times_at_once_is_accepted_once() {
    let user = stack().user();
    let codes = recovery_codes(&user).await;
    let answers = join_all((0..20).map(|_| user.verify(&codes[0]))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 204).count(), 1, "{answers:?}");
    assert_eq!(left(&user).await, 9);
}

#[tokio::test]
async fn ten_codes_sent_at_once_are_accepted_each_once() {
    let user = stack().user();
    let codes = recovery_codes(&user).await;
    // A recovery code is not counted as an attempt, so none of them has to wait.
    for some in codes.chunks(4) {
        for answer in join_all(some.iter().map(|code| user.verify(code))).await {
            answer.assert_no_content();
        }
    }
    assert_eq!(left(&user).await, 0);
}

#[tokio::test]
async fn a_new_set_voids_the_one_before() {
    let user = stack().user();
    let old = recovery_codes(&user).await;
    let new = new_recovery_codes(&user).await;
    user.verify(&old[0]).await.assert_problem(422, "invalid-code");
    user.verify(&new[0]).await.assert_no_content();
}

#[tokio::test]
async fn without_verified_settings_there_are_none() {
    let user = stack().user();
    user.post("/api/two-factor/recovery-codes").await.assert_problem(409, "two-factor-disabled");
    assert_eq!(stack().table().user(&user.id).await, None);
    enrol_app(&user).await;
    user.post("/api/two-factor/recovery-codes").await.assert_problem(409, "not-verified");
    assert_eq!(left(&user).await, 0);
    user.verify(&code_now(SECRET)).await.assert_no_content();
    assert_eq!(new_recovery_codes(&user).await.len(), 10);
}

#[tokio::test]
async fn new_settings_a_disable_and_a_reset_take_the_codes_away() {
    let admin = stack().user_with(json!({"scope": "users:edit"}));
    for replacement in ["app", "sms", "disable", "own", "admin"] {
        let user = stack().user();
        let codes = recovery_codes(&user).await;
        match replacement {
            "app" => enrol_app(&user).await,
            "sms" => drop(enrol_phone(&user).await),
            "disable" => user.patch(json!({"method": ""})).await.assert_no_content(),
            "own" => user.post("/api/two-factor/reset").await.assert_no_content(),
            _ => admin.post(&format!("/api/users/{}/two-factor/reset", user.id)).await.assert_no_content(),
        }
        assert_eq!(left(&user).await, 0, "{replacement}");
        enrol_app(&user).await;
        user.verify(&codes[0]).await.assert_problem(422, "invalid-code");
        assert_eq!(user.settings().await["verified"], false, "{replacement}");
    }
}

#[tokio::test]
async fn codes_of_another_user_are_wrong() {
    let (ann, bo) = (stack().user(), stack().user());
    let (codes, _) = (recovery_codes(&ann).await, recovery_codes(&bo).await);
    bo.verify(&codes[0]).await.assert_problem(422, "invalid-code");
    assert_eq!((left(&ann).await, left(&bo).await), (10, 10));
}

#[tokio::test]
async fn stored_hashes_moved_to_another_user_open_nothing() {
    let (ann, bo) = (stack().user(), stack().user());
    let (codes, _) = (recovery_codes(&ann).await, recovery_codes(&bo).await);
    let table = stack().table();
    let stolen = table.user(&ann.id).await.unwrap()["recovery_codes"].clone();
    table.put(&user_key_of(&bo), "recovery_codes", stolen).await;
    bo.verify(&codes[0]).await.assert_problem(422, "invalid-code");
}

#[tokio::test]
async fn a_recovery_code_signs_its_owner_in_while_a_thief_who_guesses_keeps_everybody_waiting() {
    let user = stack().user();
    let codes = recovery_codes(&user).await;
    for _ in 0..5 {
        user.verify(&wrong_code(SECRET)).await.assert_problem(422, "invalid-code");
    }
    user.verify(&code_at(SECRET, now() + 30)).await.assert_problem(429, "too-many-attempts");
    let answer = user.verify(&codes[0]).await;
    answer.assert_no_content();
    assert_eq!(answer.headers["recovery-codes-left"], "9");
    assert_eq!(stack().table().user(&user.id).await.unwrap().get("failures"), None, "the wait is over for codes too");
    user.verify(&codes[0]).await.assert_problem(422, "invalid-code");
    let answer = user.verify(&codes[1]).await;
    answer.assert_no_content();
    assert_eq!(answer.headers["recovery-codes-left"], "8");
}

#[tokio::test]
async fn a_wrong_recovery_code_is_not_counted() {
    let user = stack().user();
    recovery_codes(&user).await;
    for _ in 0..8 {
        user.verify("AAAA-AAAA-AAAA-AAAA").await.assert_problem(422, "invalid-code");
    }
    assert_eq!(stack().table().user(&user.id).await.unwrap().get("failures"), None);
    user.verify(&code_at(SECRET, now() + 30)).await.assert_no_content();
}

#[tokio::test]
async fn what_is_neither_six_digits_nor_a_recovery_code_costs_no_attempt() {
    let user = stack().user();
    let codes = recovery_codes(&user).await;
    let almost = [&codes[0][1..], "ABCD-EFGH-IJKL-MNO1", "ABCD-EFGH-IJKL-MNOPQ", "１２３４５６", "1234567"];
    for key in almost {
        user.verify(key).await.assert_problem(422, "invalid-fields");
    }
    assert_eq!(stack().table().user(&user.id).await.unwrap().get("failures"), None);
}

#[tokio::test]
async fn a_code_signs_in_a_user_of_sms_whose_phone_is_lost() {
    let user = stack().user();
    let number = enrol_phone(&user).await;
    user.send_code().await.assert_no_content();
    user.verify(&last_code(stack(), &number)).await.assert_no_content();
    let codes = new_recovery_codes(&user).await;
    user.verify(&codes[9]).await.assert_no_content();
    assert_eq!(user.settings().await["verified"], true);
}

#[tokio::test]
async fn codes_stay_good_over_a_rotation_of_keys() {
    let ring = |current: &str| json!({"current": current, "k1": "1".repeat(43), "k2": "2".repeat(43)}).to_string();
    let options = |ring: String, dynamodb_endpoint: Option<String>| Options {
        function_env: ["update-settings", "verify", "recovery-codes", "get-settings"]
            .map(|function| (function.to_owned(), [("SEALING_KEYS".to_owned(), ring.clone())].into()))
            .into(),
        dynamodb_endpoint,
        ..Options::default()
    };
    let before = own_stack(options(ring("k1"), None));
    let user = before.user();
    let codes = recovery_codes(&user).await;
    let after = own_stack(options(ring("k2"), Some(before.stack.info().dynamodb_endpoint.clone())));
    let user = after.user_with(json!({ "sub": user.id }));
    user.verify(&codes[0]).await.assert_no_content();
    user.verify(&codes[0]).await.assert_problem(422, "invalid-code");
    let new = new_recovery_codes(&user).await;
    let item = after.table().user(&user.id).await.unwrap();
    assert!(
        item["recovery_codes"].as_ss().unwrap().iter().all(|hash| !hash.contains('.')),
        "no key is named: {item:?}"
    );
    user.verify(&new[0]).await.assert_no_content();
}

#[tokio::test]
async fn an_item_whose_codes_cannot_be_read_opens_nothing() {
    let user = stack().user();
    let codes = recovery_codes(&user).await;
    stack().table().put(&user_key_of(&user), "recovery_codes", AttributeValue::N("1".to_owned())).await;
    user.verify(&codes[0]).await.assert_problem(500, "internal");
}

fn make<'a>(user: &'a User, body: &serde_json::Value) -> impl Future<Output = Answer> + use<'a> {
    user.send(Method::POST, "/api/two-factor/recovery-codes", Some((body.to_string(), "application/json")))
}

#[tokio::test]
async fn a_token_alone_makes_no_recovery_codes_once_the_last_code_is_ten_minutes_old() {
    let user = stack().user();
    recovery_codes(&user).await;
    let key = user_key_of(&user);
    stack().table().let_pass(&key, 590).await;
    let codes = new_recovery_codes(&user).await;
    stack().table().let_pass(&key, 10).await;
    user.post("/api/two-factor/recovery-codes").await.assert_problem(403, "step-up-required");
    make(&user, &json!({"key": null})).await.assert_problem(403, "step-up-required");
    make(&user, &json!({"key": "12345"})).await.assert_problem(422, "invalid-fields");
    make(&user, &json!({"key": wrong_code(SECRET)})).await.assert_problem(422, "invalid-code");
    assert_eq!(left(&user).await, 10, "the owner's set is untouched");
    user.verify(&codes[0]).await.assert_no_content();
}

#[tokio::test]
async fn a_current_code_makes_a_new_set_and_is_used_up_by_it() {
    for step_up in ["none", "code"] {
        let fixture = stack_with([("StepUp", step_up)]);
        let user = fixture.user();
        let codes = recovery_codes(&user).await;
        fixture.table().let_pass(&user_key_of(&user), 600).await;
        let code = code_at(SECRET, now() + 30);
        let answer = make(&user, &json!({ "key": code })).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        make(&user, &json!({ "key": code })).await.assert_problem(422, "invalid-code");
        user.verify(&codes[0]).await.assert_problem(422, "invalid-code");

        // The phone is lost: a recovery code works in its place, and the new set does not contain that code.
        let codes: Vec<String> = serde_json::from_value(answer.json()["data"]["recovery_codes"].clone()).unwrap();
        fixture.table().let_pass(&user_key_of(&user), 600).await;
        assert_eq!(make(&user, &json!({"key": codes[0]})).await.status, 200);
        user.verify(&codes[0]).await.assert_problem(422, "invalid-code");
        user.verify(&codes[1]).await.assert_problem(422, "invalid-code");
    }
}

#[tokio::test]
async fn settings_that_are_not_verified_get_no_recovery_codes_whatever_code_is_sent() {
    for step_up in ["none", "code"] {
        let fixture = stack_with([("StepUp", step_up)]);
        let user = fixture.user();
        enrol_app(&user).await;
        let before = fixture.table().user(&user.id).await.unwrap();
        user.post("/api/two-factor/recovery-codes").await.assert_problem(409, "not-verified");
        make(&user, &json!({"key": code_now(SECRET)})).await.assert_problem(409, "not-verified");
        let after = fixture.table().user(&user.id).await.unwrap();
        assert_eq!((after.get("recovery_codes"), &after["verified"]), (None, &before["verified"]));
        assert_eq!(after["failures"].as_n().unwrap(), "0", "no attempt is spent");
        user.verify(&code_now(SECRET)).await.assert_no_content();
    }
}

#[tokio::test]
async fn with_step_up_a_recovery_code_lets_a_user_enrol_a_new_phone() {
    let hardened = stack_with([("StepUp", "code")]);
    let user = hardened.user();
    let code = recovery_codes(&user).await.swap_remove(0);
    let other = "JBSWY3DPEHPK3PXP";
    user.patch(json!({"method": "google", "secret_key": other})).await.assert_problem(403, "step-up-required");
    user.patch(json!({"method": "google", "secret_key": other, "key": code})).await.assert_no_content();
    let settings = user.settings().await;
    assert_eq!((&settings["secret_key"], &settings["verified"]), (&json!(other), &json!(false)));
    assert_eq!(hardened.table().user(&user.id).await.unwrap().get("recovery_codes"), None);
}
