//! Guessing codes, using one twice, and getting more SMS than allowed, whatever other requests are mixed in.

use reqwest::Method;
use serde_json::json;

use crate::support::{
    SECRET, User, code_now, enrol_app, enrol_phone, last_code, now, number, phone_number, stack, user_key_of,
    wrong_code,
};

async fn failures(user: &User) -> Option<u64> {
    number(&stack().table().user(&user.id).await.unwrap(), "failures")
}

async fn verify_with(user: &User, body: String) -> crate::support::Answer {
    user.send(Method::POST, "/api/two-factor/verify", Some((body, "application/json"))).await
}

/// Spellings that count as the code: with visible and invisible spaces.
fn spellings(code: &str) -> [String; 4] {
    let (first, last) = code.split_at(3);
    [format!("{first} {last}"), format!(" {code}\n"), format!("{first}\u{a0}{last}"), format!("\u{feff}{code}\u{200b}")]
}

/// Spellings that do not count as a code.
fn look_alikes(code: &str) -> Vec<String> {
    let shifted = |base: u32| -> String {
        code.bytes().map(|digit| char::from_u32(base + u32::from(digit - b'0')).unwrap()).collect()
    };
    let mut look_alikes: Vec<String> = ['\0', '-', '+', '.', '\'', '_', '0', '\u{301}', '\u{2011}', '٠']
        .iter()
        .flat_map(|c| [format!("{c}{code}"), format!("{code}{c}"), format!("{}{c}{}", &code[..3], &code[3..])])
        .collect();
    // Full-width, Arabic-Indic, Devanagari and mathematical digits.
    look_alikes.extend([0xff10, 0x660, 0x6f0, 0x966, 0x1d7ce].map(shifted));
    look_alikes.push(format!("\"{code}\""));
    look_alikes
}

#[tokio::test]
async fn a_used_code_stays_used_in_every_spelling() {
    let user = stack().user();
    enrol_app(&user).await;
    let code = code_now(SECRET);
    user.verify(&code).await.assert_no_content();
    let item = stack().table().user(&user.id).await;
    for look_alike in look_alikes(&code) {
        user.verify(&look_alike).await.assert_problem(422, "invalid-fields");
    }
    assert_eq!(stack().table().user(&user.id).await, item);
    for spelling in spellings(&code) {
        user.verify(&spelling).await.assert_problem(422, "invalid-code");
    }
    // JSON decodes the escapes, so this is the same text.
    let escaped: String = code.bytes().map(|digit| format!("\\u00{digit:02x}")).collect();
    verify_with(&user, format!(r#"{{"key":"{escaped}"}}"#)).await.assert_problem(422, "invalid-code");
    assert_eq!(failures(&user).await, Some(5));
}

#[tokio::test]
async fn a_used_sms_code_stays_used_in_every_spelling() {
    let user = stack().user();
    let phone = enrol_phone(&user).await;
    user.send_code().await.assert_no_content();
    let code = last_code(stack(), &phone);
    let [spelling, others @ ..] = spellings(&code);
    user.verify(&spelling).await.assert_no_content();
    let item = stack().table().user(&user.id).await;
    for look_alike in look_alikes(&code) {
        user.verify(&look_alike).await.assert_problem(422, "invalid-fields");
    }
    assert_eq!(stack().table().user(&user.id).await, item);
    for spelling in others.into_iter().chain([spelling, code]) {
        user.verify(&spelling).await.assert_problem(422, "invalid-code");
    }
}

/// What an attacker with the user's session can do between two guesses.
async fn something_between(user: &User, nth: usize) {
    let own_reset = "/api/two-factor/reset";
    let fields = json!({"method": "google", "secret_key": SECRET});
    match nth % 7 {
        0 => user.patch(fields).await.assert_no_content(),
        1 => drop(enrol_phone(user).await),
        2 => user.patch(json!({"method": ""})).await.assert_no_content(),
        3 => user.post(own_reset).await.assert_no_content(),
        4 => {
            enrol_phone(user).await;
            user.send_code().await;
        }
        5 => user
            .patch(json!({"method": "google", "secret_key": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"}))
            .await
            .assert_no_content(),
        _ => drop(user.patch(json!({"method": "pager"})).await),
    }
}

#[tokio::test]
async fn no_mix_of_methods_settings_sends_and_resets_gets_more_than_five_guesses() {
    let user = stack().user();
    let mut compared = 0;
    for nth in 0..50 {
        something_between(&user, nth).await;
        if nth % 8 == 7 {
            stack().table().forget_changes(&user_key_of(&user)).await;
        }
        let by_sms = nth % 2 == 0;
        if by_sms {
            enrol_phone(&user).await;
        } else {
            enrol_app(&user).await;
        }
        let answer = user.verify(&if by_sms { "000000".to_owned() } else { wrong_code(SECRET) }).await;
        match answer.status.as_u16() {
            422 => compared += 1,
            _ => drop(answer.assert_problem(429, "too-many-attempts")),
        }
    }
    assert_eq!((compared, failures(&user).await), (5, Some(5)));
    stack().table().forget_changes(&user_key_of(&user)).await;
    enrol_app(&user).await;
    user.verify(&code_now(SECRET)).await.assert_problem(429, "too-many-attempts");
    assert_eq!(user.settings().await["verified"], false);
}

#[tokio::test]
async fn wrong_codes_of_an_sms_count_against_the_code_of_the_app() {
    let user = stack().user();
    enrol_phone(&user).await;
    user.send_code().await.assert_no_content();
    for _ in 0..5 {
        user.verify("000000").await.assert_problem(422, "invalid-code");
    }
    enrol_app(&user).await;
    user.verify(&code_now(SECRET)).await.assert_problem(429, "too-many-attempts");
    stack().table().let_pass(&user_key_of(&user), 60).await;
    // One guess per wait, whatever the method.
    user.verify(&wrong_code(SECRET)).await.assert_problem(422, "invalid-code");
    enrol_phone(&user).await;
    user.verify("000000").await.assert_problem(429, "too-many-attempts");
    assert_eq!(failures(&user).await, Some(6));
}

#[tokio::test]
async fn a_fresh_sms_code_brings_no_fresh_guesses() {
    let (user, table) = (stack().user(), stack().table());
    let phone = enrol_phone(&user).await;
    user.send_code().await.assert_no_content();
    for _ in 0..5 {
        user.verify("000000").await.assert_problem(422, "invalid-code");
    }
    // A new code half a minute later, while the one-minute wait still runs.
    let item = table.user(&user.id).await.unwrap();
    table.let_pass(&user_key_of(&user), 30).await;
    user.send_code().await.assert_no_content();
    user.verify(&last_code(stack(), &phone)).await.assert_problem(429, "too-many-attempts");
    assert_eq!(failures(&user).await, number(&item, "failures"));
}

#[tokio::test]
async fn no_mix_of_settings_resets_and_right_codes_sends_a_second_sms_in_half_a_minute() {
    let user = stack().user();
    let national = phone_number();
    let enrolment = json!({"method": "sms", "phone_prefix": 45, "phone": national});
    let number = format!("+45{national}");
    let started = now();
    user.patch(enrolment.clone()).await.assert_no_content();
    user.send_code().await.assert_no_content();
    let code = last_code(stack(), &number);
    user.verify(&code).await.assert_no_content();
    for nth in 0..14 {
        stack().table().forget_changes(&user_key_of(&user)).await;
        something_between(&user, nth).await;
        user.patch(enrolment.clone()).await.assert_no_content();
        // A slow machine may not finish the loop within half a minute, after which another SMS is allowed.
        if now() - started >= 25 {
            break;
        }
        user.send_code().await.assert_problem(429, "too-many-sends");
    }
    assert_eq!(stack().messages_to(&number).len(), 1);
    assert_eq!(stack().table().user(&user.id).await.unwrap()["sends"].as_ns().unwrap().len(), 1);
}

#[tokio::test]
async fn guesses_while_nothing_is_set_cost_and_tell_nothing() {
    let user = stack().user();
    for _ in 0..10 {
        user.verify("000000").await.assert_problem(409, "two-factor-disabled");
    }
    assert_eq!(stack().table().user(&user.id).await, None);
    enrol_app(&user).await;
    user.verify(&code_now(SECRET)).await.assert_no_content();
}

#[tokio::test]
async fn another_users_guesses_do_not_make_one_wait() {
    let (victim, attacker) = (stack().user(), stack().user());
    let phone = enrol_phone(&victim).await;
    victim.send_code().await.assert_no_content();
    attacker.patch(json!({"method": "sms", "phone_prefix": 45, "phone": &phone[3..]})).await.assert_no_content();
    for _ in 0..6 {
        attacker.verify("000000").await;
    }
    victim.verify(&last_code(stack(), &phone)).await.assert_no_content();
}
