//! `phone_prefix` and `phone` of `PATCH /api/two-factor`: which numbers are understood, and which get no SMS.

use serde_json::{Value, json};

use crate::support::{Answer, User, stack, stack_with, user_key_of};

async fn patch(user: &User, phone_prefix: impl Into<Value>, phone: impl Into<Value>) -> Answer {
    user.patch(json!({"method": "sms", "phone_prefix": phone_prefix.into(), "phone": phone.into()})).await
}

/// The number as GET shows it.
async fn shown(user: &User) -> (Value, Value) {
    let settings = user.settings().await;
    assert_eq!((&settings["method"], &settings["verified"]), (&json!("sms"), &json!(false)));
    (settings["phone_prefix"].clone(), settings["phone"].clone())
}

/// Asserts that a code goes to exactly this number (E.164).
async fn assert_reached_at(user: &User, number: &str) {
    let before = stack().messages_to(number).len();
    // Several users send to the same number here, more often than unverified ones may.
    stack().table().verify(&user_key_of(user)).await;
    user.send_code().await.assert_no_content();
    assert_eq!(stack().messages_to(number).len(), before + 1, "{number}");
}

#[tokio::test]
async fn integers_and_their_digits_in_strings_are_the_same_number_however_they_are_written() {
    let user = stack().user();
    for (phone_prefix, phone) in [
        (json!(45), json!(20_999_001)),
        (json!("45"), json!("20999001")),
        (json!(45), json!("20999001")),
        (json!("45"), json!(20_999_001)),
        (json!(45.0), json!(2.0999001e7)),
        (json!("45"), json!("20 99 90 01")),
        (json!(" 4-5"), json!("20\u{a0}99\u{202f}90\u{2011}01")),
        (json!("45\u{200b}"), json!("\u{202a}20999001\u{202c}")),
    ] {
        patch(&user, phone_prefix, phone).await.assert_no_content();
        assert_eq!(shown(&user).await, (json!(45), json!(20_999_001)));
        user.patch(json!({"method": ""})).await.assert_no_content();
    }
}

#[tokio::test]
async fn a_leading_zero_that_belongs_to_the_number_is_kept_and_put_back_where_an_integer_lost_it() {
    for phone in [json!("0701234568"), json!(701_234_568)] {
        let user = stack().user();
        patch(&user, 225, phone).await.assert_no_content();
        assert_eq!(shown(&user).await, (json!(225), json!("0701234568")));
        assert_reached_at(&user, "+2250701234568").await;
    }
    for (integer, phone) in [(12_345_678, "012345678"), (1_234_567, "001234567"), (123_456, "000123456")] {
        let user = stack().user();
        patch(&user, 992, integer).await.assert_no_content();
        assert_eq!(shown(&user).await, (json!(992), json!(phone)));
    }
}

#[tokio::test]
async fn a_string_gets_no_zero_so_that_a_missing_digit_makes_it_nobody_elses_number() {
    let user = stack().user();
    for (phone_prefix, phone) in [(992, "91712345"), (225, "701234568")] {
        let answer = patch(&user, phone_prefix, phone).await;
        answer.assert_problem(422, "invalid-fields");
        assert_eq!(answer.pointers(), ["#/phone"], "+{phone_prefix} {phone}");
        assert!(answer.text.contains("is too short"), "{}", answer.text);
    }
    assert_eq!(stack().table().user(&user.id).await, None);
}

#[tokio::test]
async fn an_argentine_mobile_is_understood_as_people_there_write_it() {
    for phone in [json!("1169071234"), json!(1_169_071_234), json!("011 15 6907-1234"), json!("9 11 6907-1234")] {
        let user = stack().user();
        patch(&user, 54, phone).await.assert_no_content();
        assert_eq!(shown(&user).await, (json!(54), json!(91_169_071_234_u64)));
        assert_reached_at(&user, "+5491169071234").await;
    }
}

#[tokio::test]
async fn a_prefix_from_a_country_picker_is_understood() {
    for (phone_prefix, phone, number) in [
        (json!(1242), json!(3_591_234), 2_423_591_234_u64),
        (json!("1-242"), json!("242 359 1234"), 2_423_591_234),
        (json!(1876), json!("2101234"), 8_762_101_234),
        (json!("1787"), json!(7_872_345_678_u64), 7_872_345_678),
        (json!("1787"), json!("9392345678"), 9_392_345_678),
    ] {
        let user = stack().user();
        patch(&user, phone_prefix, phone).await.assert_no_content();
        assert_eq!(shown(&user).await, (json!(1), json!(number)));
    }
    let user = stack().user();
    for (phone_prefix, phone, pointer) in [(1242, "8762101234", "#/phone"), (1201, "5550123", "#/phone_prefix")] {
        let answer = patch(&user, phone_prefix, phone).await;
        answer.assert_problem(422, "invalid-fields");
        assert_eq!(answer.pointers(), [pointer], "+{phone_prefix} {phone}");
    }
}

#[tokio::test]
async fn a_number_of_no_country_is_refused() {
    let user = stack().user();
    for (phone_prefix, phone) in [(881, 612_345_678_u64), (882, 3_421_234), (883, 510_012_345), (870, 301_234_567)] {
        let answer = patch(&user, phone_prefix, phone).await;
        answer.assert_problem(422, "invalid-fields");
        assert_eq!(answer.pointers(), ["#/phone_prefix"], "+{phone_prefix}");
    }
    assert_eq!(stack().table().user(&user.id).await, None);
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
    for (phone_prefix, phone, why) in [
        (39, "0612345678", "is a landline"),         // in Rome
        (44, "2079460000", "is a landline"),         // in London
        (45, "90123456", "is not a mobile number"),  // premium
        (1, "8005550123", "is not a mobile number"), // toll-free
    ] {
        let answer = patch(&user, phone_prefix, phone).await;
        answer.assert_problem(422, "invalid-fields");
        assert_eq!(answer.pointers(), ["#/phone"], "+{phone_prefix} {phone}");
        assert!(answer.text.contains(why), "{}", answer.text);
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
        json!(" "),
        json!("+45"),
        json!("(45)"),
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
async fn a_country_that_is_not_served_is_told_at_patch_already_of_the_half_that_says_the_country() {
    let fixture = stack_with([("SmsCountries", "SE,CA,GB")]);
    let user = fixture.user();
    for (phone_prefix, phone, pointer) in [
        (45, 20_123_456_u64, "#/phone_prefix"),
        (1, 2_015_550_123, "#/phone"), // The United States, which share their code with Canada.
        (44, 7_797_712_345, "#/phone"), // Jersey, which shares the United Kingdom's.
        (1242, 3_591_234, "#/phone_prefix"),
    ] {
        let answer = patch(&user, phone_prefix, phone).await;
        answer.assert_problem(422, "invalid-fields");
        assert_eq!(answer.pointers(), [pointer], "+{phone_prefix}");
    }
    assert_eq!(fixture.table().user(&user.id).await, None);
    for (phone_prefix, phone) in [(46, 701_234_567_u64), (1, 6_135_550_123), (44, 7_912_345_678)] {
        patch(&user, phone_prefix, phone).await.assert_no_content();
        assert_eq!(shown(&user).await, (json!(phone_prefix), json!(phone)));
    }
}
