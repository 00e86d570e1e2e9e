//! `secret_key` of `PATCH /api/two-factor`: how it may be typed, and how long it may be.

use serde_json::json;

use crate::support::{Answer, SECRET, User, code_now, nothing_set, stack};

async fn patch(user: &User, secret_key: &str) -> Answer {
    user.patch(json!({"method": "google", "secret_key": secret_key})).await
}

#[tokio::test]
async fn every_way_to_type_a_secret_is_understood_and_shown_in_one() {
    let user = stack().user();
    for typed in [
        "T42NQXFCPWEJMGJY",
        "t42nqxfcpwejmgjy",
        "T42N QXFC PWEJ MGJY",
        "t42n-qxfc-pwej-mgjy",
        "  T42N  qxfc\tPWEJ-mgjy\r\n",
        "T4-2NQ XFCPWEJMGJY ",
        "T42N\u{a0}QXFC\u{202f}PWEJ\u{2009}MGJY",
        "\u{feff}T42N\u{2011}QXFCPWEJMGJY\u{200b}",
    ] {
        patch(&user, typed).await.assert_no_content();
        assert_eq!(user.settings().await["secret_key"], SECRET, "{typed:?}");
        user.patch(json!({"method": ""})).await.assert_no_content();
    }
}

#[tokio::test]
async fn padding_is_dropped() {
    let user = stack().user();
    for (bare, padding) in [("A".repeat(18), "======"), ("B".repeat(20), "===="), ("C".repeat(29), "===")] {
        patch(&user, &format!("{bare}{padding}")).await.assert_no_content();
        let shown = user.settings().await["secret_key"].as_str().unwrap().to_owned();
        assert_eq!(shown.len(), bare.len());
        assert!(!shown.contains('='));
        // The secret that is shown is canonical: sent back, it is stored unchanged.
        patch(&user, &shown).await.assert_no_content();
        assert_eq!(user.settings().await["secret_key"], *shown);
    }
}

#[tokio::test]
async fn a_secret_that_was_typed_in_groups_makes_the_codes_of_the_app() {
    let user = stack().user();
    patch(&user, "t42n qxfc pwej mgjy").await.assert_no_content();
    user.verify(&code_now(SECRET)).await.assert_no_content();
    assert_eq!(user.settings().await["verified"], true);
}

#[tokio::test]
async fn a_secret_has_80_to_512_bits() {
    let user = stack().user();
    for characters in [16, 26, 32, 52, 103] {
        let secret = "A".repeat(characters);
        patch(&user, &secret).await.assert_no_content();
        assert_eq!(user.settings().await["secret_key"], *secret);
    }
    let before = stack().table().user(&user.id).await;
    let (short, long) = ("is too short: ", "is too long: ");
    for (characters, why) in [(1, short), (8, short), (15, short), (104, long), (112, long), (1000, long)] {
        let answer = patch(&user, &"A".repeat(characters)).await;
        answer.assert_problem(422, "invalid-fields");
        assert_eq!(answer.pointers(), ["#/secret_key"], "{characters}");
        assert!(answer.text.contains(why), "{}", answer.text);
    }
    assert_eq!(stack().table().user(&user.id).await, before);
}

#[tokio::test]
async fn a_length_that_base32_never_has_is_told_as_that() {
    let user = stack().user();
    for characters in [17, 19, 22, 33] {
        let answer = patch(&user, &"A".repeat(characters)).await;
        answer.assert_problem(422, "invalid-fields");
        assert!(answer.text.contains("has a length that base32 never has"), "{}", answer.text);
    }
    let answer = patch(&user, "T42NQXFCPWEJMGJ1").await;
    assert!(answer.text.contains("only the letters A to Z and the digits 2 to 7"), "{}", answer.text);
}

#[tokio::test]
async fn what_is_not_base32_is_refused_and_not_repeated() {
    let user = stack().user();
    for typed in [
        "1234567890",
        "T42NQXFCPWEJMGJ1",
        "T42NQXFCPWEJMGJ0",
        "T42NQXFCPWEJMGJ8",
        "T42NQXFCPWEJMGJ_",
        "T42NQXFC.PWEJMGJY",
        "T42NQXFC=PWEJMGJY",
        "T42NQXFCPWEJMGJÅ",
        "Т42NQXFCPWEJMGJY", // Cyrillic Т
        "T42NQXFCPWEJMGJ\u{0}",
    ] {
        let answer = patch(&user, typed).await;
        answer.assert_problem(422, "invalid-fields");
        assert_eq!(answer.pointers(), ["#/secret_key"], "{typed:?}");
        assert!(!answer.text.contains(typed), "{}", answer.text);
    }
    assert_eq!(user.settings().await, nothing_set());
}

#[tokio::test]
async fn a_secret_that_is_missing_or_no_string_is_refused() {
    let user = stack().user();
    for body in [
        json!({"method": "google"}),
        json!({"method": "google", "secret_key": null}),
        json!({"method": "google", "secret_key": ""}),
        json!({"method": "google", "secret_key": "    "}),
        json!({"method": "google", "secret_key": "========"}),
        json!({"method": "google", "secret_key": 4242424242424242_u64}),
        json!({"method": "google", "secret_key": [SECRET]}),
        json!({"method": "google", "secret_key": {"secret": SECRET}}),
        json!({"method": "google", "secret_key": true}),
        json!({"method": "google", "secretKey": SECRET}),
    ] {
        let answer = user.patch(body.clone()).await;
        answer.assert_problem(422, "invalid-fields");
        assert_eq!(answer.pointers(), ["#/secret_key"], "{body}");
    }
    assert_eq!(stack().table().user(&user.id).await, None);
}
