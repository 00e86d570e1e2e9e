//! `phone_prefix` and `phone` of `PATCH /api/two-factor`: which numbers are understood, and which get no SMS.

use serde_json::{Value, json};

use crate::support::{Answer, User, stack, stack_with};

async fn patch(user: &User, phone_prefix: impl Into<Value>, phone: impl Into<Value>) -> Answer {
    user.patch(json!({"method": "sms", "phone_prefix": phone_prefix.into(), "phone": phone.into()})).await
}

/// What GET shows of the number.
async fn shown(user: &User) -> (Value, Value) {
    let settings = user.settings().await;
    assert_eq!((&settings["method"], &settings["verified"]), (&json!("sms"), &json!(false)));
    (settings["phone_prefix"].clone(), settings["phone"].clone())
}

/// A code goes to exactly this number (E.164).
async fn assert_reached_at(user: &User, number: &str) {
    let before = stack().messages_to(number).len();
    user.send_code().await.assert_no_content();
    assert_eq!(stack().messages_to(number).len(), before + 1, "{number}");
}

#[tokio::test]
async fn integers_and_their_digits_in_strings_are_the_same_number() {
    let user = stack().user();
    for (phone_prefix, phone) in [
        (json!(45), json!(20_999_001)),
        (json!("45"), json!("20999001")),
        (json!(45), json!("20999001")),
        (json!("45"), json!(20_999_001)),
    ] {
        patch(&user, phone_prefix, phone).await.assert_no_content();
        assert_eq!(shown(&user).await, (json!(45), json!(20_999_001)));
        user.patch(json!({"method": ""})).await.assert_no_content();
    }
}

#[tokio::test]
async fn a_leading_zero_that_belongs_to_the_number_is_kept_and_put_back_where_an_integer_lost_it() {
    for phone in [json!("0701234568"), json!(701_234_568), json!("701234568")] {
        let user = stack().user();
        patch(&user, 225, phone).await.assert_no_content();
        assert_eq!(shown(&user).await, (json!(225), json!("0701234568")));
        assert_reached_at(&user, "+2250701234568").await;
    }
}

#[tokio::test]
async fn a_trunk_zero_is_dropped() {
    for (phone_prefix, typed, phone, number) in [
        (44, "07911123456", 7_911_123_456_u64, "+447911123456"),
        (44, "07912345678", 7_912_345_678, "+447912345678"),
        (49, "015123456789", 15_123_456_789, "+4915123456789"),
        (46, "0701234567", 701_234_567, "+46701234567"),
    ] {
        let user = stack().user();
        patch(&user, phone_prefix, typed).await.assert_no_content();
        assert_eq!(shown(&user).await, (json!(phone_prefix), json!(phone)));
        assert_reached_at(&user, number).await;
    }
}

#[tokio::test]
async fn the_stored_number_is_sealed() {
    let user = stack().user();
    patch(&user, 45, 20_999_002).await.assert_no_content();
    let item = stack().table().user(&user.id).await.unwrap();
    assert!(item["phone"].as_s().is_ok());
    assert!(!format!("{item:?}").contains("20999002"), "{item:?}");
}

#[tokio::test]
async fn a_number_that_gets_no_sms_is_refused() {
    let user = stack().user();
    for (phone_prefix, phone) in [
        (39, "0612345678"), // a landline in Rome
        (44, "2079460000"), // a landline in London
        (45, "90123456"),   // a premium number
        (1, "8005550123"),  // a toll-free number
    ] {
        let answer = patch(&user, phone_prefix, phone).await;
        answer.assert_problem(422, "invalid-fields");
        assert_eq!(answer.pointers(), ["#/phone"], "+{phone_prefix} {phone}");
    }
    assert_eq!(stack().table().user(&user.id).await, None);
}

#[tokio::test]
async fn a_country_code_that_nobody_has_is_told_of_the_country_code() {
    let user = stack().user();
    for phone_prefix in
        [json!(0), json!(999), json!(210), json!(4545), json!("045"), json!("0"), json!(18_446_744_073_709_551_615_u64)]
    {
        let answer = patch(&user, phone_prefix.clone(), 20_123_456).await;
        answer.assert_problem(422, "invalid-fields");
        assert_eq!(answer.pointers(), ["#/phone_prefix"], "{phone_prefix}");
    }
    assert_eq!(stack().table().user(&user.id).await, None);
}

#[tokio::test]
async fn a_number_that_the_country_does_not_have_is_told_of_the_number() {
    let user = stack().user();
    for phone in [
        json!(0),
        json!(1),
        json!("00000000"),
        json!(2_012_345),
        json!(201_234_567),
        json!("2012345678901234"),
        json!("4520123456"),
        json!(18_446_744_073_709_551_615_u64),
    ] {
        let answer = patch(&user, 45, phone.clone()).await;
        answer.assert_problem(422, "invalid-fields");
        assert_eq!(answer.pointers(), ["#/phone"], "{phone}");
    }
    assert_eq!(stack().table().user(&user.id).await, None);
}

#[tokio::test]
async fn what_is_neither_an_integer_nor_digits_in_a_string_is_refused() {
    let user = stack().user();
    let wrong = [
        Value::Null,
        json!(-45),
        json!(45.5),
        json!(1e300),
        json!(true),
        json!([45]),
        json!({"number": 45}),
        json!(""),
        json!(" 45"),
        json!("+45"),
        json!("4 5"),
        json!("45.0"),
        json!("４５"),
        json!("forty-five"),
    ];
    for value in wrong {
        for (phone_prefix, phone, pointer) in
            [(value.clone(), json!(20_123_456), "#/phone_prefix"), (json!(45), value.clone(), "#/phone")]
        {
            let answer = patch(&user, phone_prefix, phone).await;
            answer.assert_problem(422, "invalid-fields");
            assert_eq!(answer.pointers(), [pointer], "{value}");
        }
    }
    assert_eq!(stack().table().user(&user.id).await, None);
}

#[tokio::test]
async fn a_country_that_is_not_served_is_told_at_patch_already() {
    let fixture = stack_with([("SmsCountries", "SE,CA")]);
    let user = fixture.user();
    for (phone_prefix, phone) in [(45, 20_123_456_u64), (1, 2_015_550_123)] {
        let answer = patch(&user, phone_prefix, phone).await;
        answer.assert_problem(422, "invalid-fields");
        assert_eq!(answer.pointers(), ["#/phone_prefix"], "+{phone_prefix}");
    }
    assert_eq!(fixture.table().user(&user.id).await, None);
    // The United States and Canada share their country code: the number tells them apart.
    for (phone_prefix, phone) in [(46, 701_234_567_u64), (1, 6_135_550_123)] {
        patch(&user, phone_prefix, phone).await.assert_no_content();
        assert_eq!(shown(&user).await, (json!(phone_prefix), json!(phone)));
    }
}
