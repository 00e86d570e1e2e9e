//! `POST /api/two-factor/send-verification`: the message, and where it goes. `send_limits.rs` covers how often.

use local_stack::Options;
use reqwest::Method;
use serde_json::json;

use crate::support::{Fixture, enrol_app, enrol_phone, last_code, number, own_stack, stack, stack_with};

const SEND: &str = "/api/two-factor/send-verification";

/// Enrols a phone and sends it a code; returns its number and the message.
async fn sent(fixture: &Fixture) -> (String, String) {
    let user = fixture.user();
    let phone = enrol_phone(&user).await;
    user.send_code().await.assert_no_content();
    let message = fixture.messages_to(&phone).pop().expect("a message");
    (phone, message)
}

#[tokio::test]
async fn the_message_is_the_english_text_with_six_digits() {
    let (phone, message) = sent(stack()).await;
    let code = last_code(stack(), &phone);
    assert_eq!(
        message,
        format!(
            "{code} is your Two-Factor code. It is valid for 10 minutes; earlier codes no longer work. Do not share it."
        )
    );
    assert!(message.len() <= 160);
    let message = stack().stack.messages().into_iter().find(|message| message.phone_number == phone).unwrap();
    assert_eq!(message.attributes["AWS.SNS.SMS.SMSType"], "Transactional");
    assert!(!message.attributes.contains_key("AWS.SNS.SMS.SenderID"));
}

#[tokio::test]
async fn text_issuer_sender_and_web_otp_line_are_settings() {
    let fixture = stack_with([
        ("SmsText", "Your {issuer} code: {code}"),
        ("Issuer", "Example"),
        ("WebOtpDomain", "login.example.com"),
        ("SmsSenderId", "Example1"),
    ]);
    let (phone, message) = sent(&fixture).await;
    let code = last_code(&fixture, &phone);
    assert_eq!(message, format!("Your Example code: {code}\n@login.example.com #{code}"));
    assert_eq!(fixture.stack.messages()[0].attributes["AWS.SNS.SMS.SenderID"], "Example1");
}

#[tokio::test]
async fn the_english_text_has_room_for_a_web_otp_line() {
    let fixture = stack_with([("WebOtpDomain", "example.com")]);
    let (phone, message) = sent(&fixture).await;
    assert!(message.chars().count() <= 160, "{message}");
    assert_eq!(message.lines().last().unwrap(), format!("@example.com #{}", last_code(&fixture, &phone)));
}

#[tokio::test]
async fn the_code_of_the_message_verifies_and_each_message_has_another() {
    let mut codes = Vec::new();
    for _ in 0..5 {
        let user = stack().user();
        let phone = enrol_phone(&user).await;
        user.send_code().await.assert_no_content();
        let code = last_code(stack(), &phone);
        user.verify(&code).await.assert_no_content();
        assert_eq!(user.settings().await["verified"], true);
        codes.push(code);
    }
    assert!(codes.iter().any(|code| *code != codes[0]), "{codes:?}");
}

#[tokio::test]
async fn without_a_phone_nothing_is_sent() {
    let user = stack().user();
    user.send_code().await.assert_problem(409, "not-sms");
    assert_eq!(stack().table().user(&user.id).await, None);
    enrol_app(&user).await;
    let before = stack().table().user(&user.id).await;
    user.send_code().await.assert_problem(409, "not-sms");
    assert_eq!(stack().table().user(&user.id).await, before);
    let phone = enrol_phone(&user).await;
    user.patch(json!({"method": ""})).await.assert_no_content();
    user.send_code().await.assert_problem(409, "not-sms");
    assert_eq!(stack().messages_to(&phone), [""; 0]);
}

#[tokio::test]
async fn the_body_is_not_looked_at() {
    for (body, content_type) in [
        ("{ [...] }", "application/x-www-form-urlencoded"),
        ("", "application/json"),
        ("null", "application/json"),
        (r#"{"phone_prefix": 46, "phone": 701234567}"#, "application/json"),
        ("not=json", "application/x-www-form-urlencoded"),
    ] {
        let user = stack().user();
        let phone = enrol_phone(&user).await;
        user.send(Method::POST, SEND, Some((body.to_owned(), content_type))).await.assert_no_content();
        assert_eq!(stack().messages_to(&phone).len(), 1, "{body}");
    }
}

#[tokio::test]
async fn neither_code_nor_number_is_stored_in_plain() {
    let (user, table) = (stack().user(), stack().table());
    let phone = enrol_phone(&user).await;
    user.send_code().await.assert_no_content();
    let code = last_code(stack(), &phone);
    let item = table.user(&user.id).await.unwrap();
    for attribute in ["code_hash", "phone"] {
        assert!(item[attribute].as_s().is_ok(), "{attribute}");
    }
    let national = &phone["+45".len()..];
    let all = table.all().await;
    assert!(all.contains(&item));
    for value in all.iter().flat_map(|item| item.values()) {
        if let Ok(text) = value.as_s() {
            assert!(!text.contains(national) && !text.contains(&code), "{text}");
        }
        if let Ok(number) = value.as_n() {
            assert!(number != national && *number != code, "{number}");
        }
    }
}

#[tokio::test]
async fn a_country_that_is_no_longer_served_gets_no_message() {
    // Only the sending function has the new setting: the phone was enrolled before it.
    let narrowed = [("SMS_COUNTRIES".to_owned(), "SE,NO".to_owned())].into();
    let fixture =
        own_stack(Options { function_env: [("send-verification".to_owned(), narrowed)].into(), ..Options::default() });
    let user = fixture.user();
    let phone = enrol_phone(&user).await;
    user.send_code().await.assert_problem(409, "country-not-served");
    assert_eq!(fixture.messages_to(&phone), [""; 0]);
    let item = fixture.table().user(&user.id).await.unwrap();
    assert!(!item.contains_key("sends") && !item.contains_key("code_hash"), "{item:?}");
    user.patch(json!({"method": "sms", "phone_prefix": 46, "phone": 701_234_567})).await.assert_no_content();
    user.send_code().await.assert_no_content();
    assert_eq!(fixture.messages_to("+46701234567").len(), 1);
}

#[tokio::test]
async fn a_code_lives_for_ten_minutes_by_the_stored_second() {
    let user = stack().user();
    enrol_phone(&user).await;
    let before = crate::support::now();
    user.send_code().await.assert_no_content();
    let item = stack().table().user(&user.id).await.unwrap();
    let expires = number(&item, "code_expires").unwrap();
    assert!((before + 600..=crate::support::now() + 600).contains(&expires), "{expires}");
    assert_eq!(number(&item, "code_tries"), Some(0));
}
