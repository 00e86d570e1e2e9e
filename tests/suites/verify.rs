//! `POST /api/two-factor/verify`.

use reqwest::Method;
use serde_json::json;

use crate::support::{
    SECRET, User, code_at, code_now, enrol_app, enrol_phone, last_code, now, number, stack, user_key_of, wrong_code,
};

async fn failures(user: &User) -> Option<u64> {
    number(&stack().table().user(&user.id).await.unwrap(), "failures")
}

#[tokio::test]
async fn the_code_of_the_app_verifies_the_settings() {
    let user = stack().user();
    enrol_app(&user).await;
    assert_eq!(user.settings().await["verified"], false);
    user.verify(&code_now(SECRET)).await.assert_no_content();
    assert_eq!(user.settings().await["verified"], true);
    assert_eq!(failures(&user).await, None);
}

#[tokio::test]
async fn the_code_of_the_sms_verifies_the_settings() {
    let user = stack().user();
    let phone = enrol_phone(&user).await;
    user.send_code().await.assert_no_content();
    user.verify(&last_code(stack(), &phone)).await.assert_no_content();
    assert_eq!(user.settings().await["verified"], true);
}

#[tokio::test]
async fn a_code_of_the_app_is_accepted_once() {
    let user = stack().user();
    enrol_app(&user).await;
    let code = code_now(SECRET);
    user.verify(&code).await.assert_no_content();
    user.verify(&code).await.assert_problem(422, "invalid-code");
    assert_eq!(user.settings().await["verified"], true);
}

#[tokio::test]
async fn a_code_of_an_earlier_step_is_refused_after_a_later_one() {
    let user = stack().user();
    enrol_app(&user).await;
    let (now_code, earlier) = (code_now(SECRET), code_at(SECRET, now() - 30));
    user.verify(&now_code).await.assert_no_content();
    user.verify(&earlier).await.assert_problem(422, "invalid-code");
}

#[tokio::test]
async fn the_code_of_the_next_step_is_accepted_early() {
    let user = stack().user();
    enrol_app(&user).await;
    let at = now();
    for code in [at, at + 30].map(|at| code_at(SECRET, at)) {
        user.verify(&code).await.assert_no_content();
    }
}

#[tokio::test]
async fn a_code_of_the_sms_is_accepted_once() {
    let user = stack().user();
    let phone = enrol_phone(&user).await;
    user.send_code().await.assert_no_content();
    let code = last_code(stack(), &phone);
    user.verify(&code).await.assert_no_content();
    user.verify(&code).await.assert_problem(422, "invalid-code");
}

#[tokio::test]
async fn enrolling_the_same_secret_again_does_not_let_a_used_code_through() {
    let user = stack().user();
    enrol_app(&user).await;
    let code = code_now(SECRET);
    user.verify(&code).await.assert_no_content();
    for body in [json!({"method": "google", "secret_key": SECRET}), json!({"method": ""})] {
        user.patch(body).await.assert_no_content();
        enrol_app(&user).await;
        user.verify(&code).await.assert_problem(422, "invalid-code");
        assert_eq!(user.settings().await["verified"], false);
    }
}

#[tokio::test]
async fn a_new_secret_can_be_verified_in_the_step_in_which_the_old_one_was() {
    let user = stack().user();
    enrol_app(&user).await;
    user.verify(&code_now(SECRET)).await.assert_no_content();
    let other = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    user.patch(json!({"method": "google", "secret_key": other})).await.assert_no_content();
    user.verify(&code_now(other)).await.assert_no_content();
}

#[tokio::test]
async fn a_wrong_code_is_refused_and_counted() {
    let user = stack().user();
    enrol_app(&user).await;
    user.verify(&wrong_code(SECRET)).await.assert_problem(422, "invalid-code");
    assert_eq!(failures(&user).await, Some(1));
    assert_eq!(user.settings().await["verified"], false);
}

#[tokio::test]
async fn what_is_not_six_ascii_digits_in_a_string_is_refused_and_not_counted() {
    let user = stack().user();
    enrol_app(&user).await;
    let bodies = [
        json!({}),
        json!({"key": null}),
        json!({"key": 123456}),
        json!({"key": ["123456"]}),
        json!({"key": ""}),
        json!({"key": "12345"}),
        json!({"key": "1234567"}),
        json!({"key": "123 45"}),
        json!({"key": "123-456"}),
        json!({"key": "123456\u{0}"}),
        json!({"key": "12345a"}),
        json!({"key": "１２３４５６"}),
        json!({"code": "123456"}),
    ];
    for body in bodies {
        let answer =
            user.send(Method::POST, "/api/two-factor/verify", Some((body.to_string(), "application/json"))).await;
        answer.assert_problem(422, "invalid-fields");
        assert_eq!(answer.pointers(), ["#/key"], "{body}");
    }
    assert_eq!(failures(&user).await, None);
}

#[tokio::test]
async fn a_code_is_read_with_the_spaces_that_an_app_shows() {
    for space in [" ", "\u{a0}", "\u{202f}", "\u{200b}"] {
        let user = stack().user();
        enrol_app(&user).await;
        let code = code_now(SECRET);
        user.verify(&format!("{}{space}{}", &code[..3], &code[3..])).await.assert_no_content();
        assert_eq!(user.settings().await["verified"], true);
    }
}

#[tokio::test]
async fn a_form_body_verifies_too() {
    let user = stack().user();
    enrol_app(&user).await;
    let form = format!("key={}", code_now(SECRET));
    let answer =
        user.send(Method::POST, "/api/two-factor/verify", Some((form, "application/x-www-form-urlencoded"))).await;
    answer.assert_no_content();
}

#[tokio::test]
async fn with_two_factor_disabled_there_is_nothing_to_verify() {
    let user = stack().user();
    user.verify("123456").await.assert_problem(409, "two-factor-disabled");
    assert_eq!(stack().table().user(&user.id).await, None);
    enrol_app(&user).await;
    user.patch(json!({"method": null})).await.assert_no_content();
    user.verify("123456").await.assert_problem(409, "two-factor-disabled");
    assert_eq!(failures(&user).await, None);
}

#[tokio::test]
async fn the_fifth_wrong_code_brings_a_wait_of_a_minute_and_each_further_one_a_longer_wait() {
    let (user, table) = (stack().user(), stack().table());
    enrol_app(&user).await;
    for _ in 0..5 {
        user.verify(&wrong_code(SECRET)).await.assert_problem(422, "invalid-code");
    }
    for wait in [60, 120, 240, 480, 960, 1920, 3600, 3600] {
        let refused = user.verify(&code_now(SECRET)).await;
        refused.assert_problem(429, "too-many-attempts");
        let seconds = refused.retry_after();
        assert!((wait - 5..=wait).contains(&seconds), "{seconds} of {wait}");
        table.let_pass(&user_key_of(&user), wait - 30).await;
        user.verify(&code_now(SECRET)).await.assert_problem(429, "too-many-attempts");
        table.let_pass(&user_key_of(&user), 30).await;
        user.verify(&wrong_code(SECRET)).await.assert_problem(422, "invalid-code");
    }
    assert_eq!(failures(&user).await, Some(13));
    assert_eq!(user.settings().await["verified"], false);
}

#[tokio::test]
async fn a_right_code_after_the_wait_clears_the_count() {
    let (user, table) = (stack().user(), stack().table());
    enrol_app(&user).await;
    for _ in 0..5 {
        user.verify(&wrong_code(SECRET)).await.assert_problem(422, "invalid-code");
    }
    table.let_pass(&user_key_of(&user), 60).await;
    user.verify(&code_now(SECRET)).await.assert_no_content();
    assert_eq!(failures(&user).await, None);
    for _ in 0..5 {
        user.verify(&wrong_code(SECRET)).await.assert_problem(422, "invalid-code");
    }
    user.verify(&wrong_code(SECRET)).await.assert_problem(429, "too-many-attempts");
}

#[tokio::test]
async fn wrong_codes_are_counted_across_both_methods_and_new_settings_do_not_clear_them() {
    let user = stack().user();
    enrol_phone(&user).await;
    for _ in 0..3 {
        user.verify("000000").await.assert_problem(422, "invalid-code");
    }
    enrol_app(&user).await;
    for _ in 0..2 {
        user.verify(&wrong_code(SECRET)).await.assert_problem(422, "invalid-code");
    }
    user.patch(json!({"method": ""})).await.assert_no_content();
    enrol_app(&user).await;
    user.verify(&code_now(SECRET)).await.assert_problem(429, "too-many-attempts");
}

#[tokio::test]
async fn an_sms_code_is_gone_after_five_wrong_tries() {
    let (user, table) = (stack().user(), stack().table());
    let phone = enrol_phone(&user).await;
    user.send_code().await.assert_no_content();
    let code = last_code(stack(), &phone);
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        user.verify(wrong).await.assert_problem(422, "invalid-code");
    }
    table.let_pass(&user_key_of(&user), 60).await;
    user.verify(&code).await.assert_problem(422, "invalid-code");
    assert_eq!(user.settings().await["verified"], false);
}

#[tokio::test]
async fn an_sms_code_is_gone_after_ten_minutes() {
    let (user, table) = (stack().user(), stack().table());
    let phone = enrol_phone(&user).await;
    user.send_code().await.assert_no_content();
    let code = last_code(stack(), &phone);
    table.let_pass(&user_key_of(&user), 600).await;
    user.verify(&code).await.assert_problem(422, "invalid-code");
}

#[tokio::test]
async fn an_sms_code_is_gone_with_the_next_send() {
    let (user, table) = (stack().user(), stack().table());
    let phone = enrol_phone(&user).await;
    user.send_code().await.assert_no_content();
    let first = last_code(stack(), &phone);
    table.let_pass(&user_key_of(&user), 30).await;
    user.send_code().await.assert_no_content();
    let second = last_code(stack(), &phone);
    if first != second {
        user.verify(&first).await.assert_problem(422, "invalid-code");
    }
    user.verify(&second).await.assert_no_content();
}

#[tokio::test]
async fn an_sms_code_is_gone_with_any_patch_even_to_the_same_number() {
    let user = stack().user();
    let phone = enrol_phone(&user).await;
    user.send_code().await.assert_no_content();
    let code = last_code(stack(), &phone);
    let national: u64 = phone["+45".len()..].parse().unwrap();
    user.patch(json!({"method": "sms", "phone_prefix": 45, "phone": national})).await.assert_no_content();
    user.verify(&code).await.assert_problem(422, "invalid-code");
    assert_eq!(user.settings().await["verified"], false);
}

#[tokio::test]
async fn a_code_works_again_at_every_later_sign_in() {
    let (user, table) = (stack().user(), stack().table());
    let phone = enrol_phone(&user).await;
    for _ in 0..3 {
        user.send_code().await.assert_no_content();
        user.verify(&last_code(stack(), &phone)).await.assert_no_content();
        table.let_pass(&user_key_of(&user), 30).await;
    }
}

#[tokio::test]
async fn one_users_code_is_nothing_to_another_user() {
    let (ann, bob) = (stack().user(), stack().user());
    let phone = enrol_phone(&ann).await;
    let body = json!({"method": "sms", "phone_prefix": 45, "phone": &phone["+45".len()..]});
    bob.patch(body).await.assert_no_content();
    ann.send_code().await.assert_no_content();
    bob.verify(&last_code(stack(), &phone)).await.assert_problem(422, "invalid-code");
    ann.verify(&last_code(stack(), &phone)).await.assert_no_content();
    assert_eq!(bob.settings().await["verified"], false);
}
