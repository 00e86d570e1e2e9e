//! Who the caller is: the claim named by `USER_ID_CLAIM`, in the form that `USER_ID_TYPE` requires.

use serde_json::{Value, json};

use crate::support::{Fixture, ROUTES, SECRET, code_now, enrol_app, enrol_phone, nothing_set, stack, stack_with};

async fn status_for(fixture: &Fixture, claims: Value) -> u16 {
    let answer = fixture.user_with(claims).get("/api/two-factor").await;
    if answer.status == 403 {
        answer.assert_problem(403, "caller-not-identified");
    }
    answer.status.as_u16()
}

#[tokio::test]
async fn a_token_that_names_no_user_is_refused_by_every_endpoint() {
    for sub in [Value::Null, json!("not-a-number")] {
        let user = stack().user_with(json!({"sub": sub, "scope": "users:edit"}));
        for route in ROUTES {
            let body = json!({"method": "google", "secret_key": SECRET, "key": "123456"}).to_string();
            let answer = user.send(route.method.clone(), &route.path("42"), Some((body, "application/json"))).await;
            answer.assert_problem(403, "caller-not-identified");
        }
    }
}

#[tokio::test]
async fn an_integer_id_has_one_form_only() {
    for sub in ["0", "7", "4200000042", "9223372036854775807", "9999999999999999999"] {
        assert_eq!(status_for(stack(), json!({"sub": sub})).await, 200, "{sub}");
    }
    for sub in ["", "-1", "+1", "01", "00", "1.0", "1e3", " 1", "1 ", "0x1", "１", "abc", "10000000000000000000"] {
        assert_eq!(status_for(stack(), json!({"sub": sub})).await, 403, "{sub:?}");
    }
}

#[tokio::test]
async fn a_claim_that_is_a_number_is_an_id_if_it_is_an_integer() {
    for sub in [json!(0), json!(7), json!(9_223_372_036_854_775_807_u64)] {
        assert_eq!(status_for(stack(), json!({"sub": sub})).await, 200, "{sub}");
    }
    for sub in [json!(-7), json!(1.5), json!(1e25), json!(true)] {
        assert_eq!(status_for(stack(), json!({"sub": sub})).await, 403, "{sub}");
    }
    let fixture = stack_with([("UserIdClaim", "https://example.com/uid")]);
    for (id, status) in [(json!(7), 200), (json!([7]), 403), (json!(["7"]), 403), (json!({"id": 7}), 403)] {
        assert_eq!(status_for(&fixture, json!({"https://example.com/uid": id})).await, status, "{id}");
    }
}

#[tokio::test]
async fn an_id_as_a_number_and_as_a_string_is_the_same_user() {
    let by_text = stack().user_with(json!({"sub": "8100000000000000001"}));
    let by_number = stack().user_with(json!({"sub": 8_100_000_000_000_000_001_u64}));
    enrol_app(&by_text).await;
    assert_eq!(by_number.settings().await["secret_key"], SECRET);
}

#[tokio::test]
async fn the_claim_and_the_form_of_ids_are_settings() {
    let fixture = stack_with([("UserIdClaim", "username"), ("UserIdType", "string")]);
    for name in
        ["a", "42", "0042", "auth0|5f7c8ec7c33c6c004bbafe82", "jørgen@example.com", "a/b#c?d%20", "auth0|John Smith"]
    {
        let user = fixture.user_with(json!({"username": name, "sub": null}));
        assert_eq!(user.settings().await, nothing_set(), "{name}");
        enrol_app(&user).await;
        assert_eq!(user.settings().await["method"], "google");
        assert!(fixture.table().user(name).await.is_some(), "{name}");
    }
    for name in [
        "",
        " ",
        " a",
        "a ",
        "a\n",
        "a\u{0}",
        "a\u{200b}",
        "\u{202e}a",
        "\u{feff}a",
        "a\"b",
        "a\\b",
        "[a b]",
        &"a".repeat(256),
    ] {
        assert_eq!(status_for(&fixture, json!({"username": name})).await, 403, "{name:?}");
    }
    assert_eq!(status_for(&fixture, json!({"sub": "42"})).await, 403, "sub is not the claim");
}

#[tokio::test]
async fn an_id_and_a_tenant_of_255_of_the_longest_characters_fit_into_a_key() {
    let fixture = stack_with([("UserIdType", "string"), ("TenantClaim", "tenant")]);
    for character in ["a", "é", "#", "字", "😀"] {
        let longest = character.repeat(255);
        let user = fixture.user_with(json!({"sub": longest, "tenant": longest}));
        enrol_app(&user).await;
        user.verify(&code_now(SECRET)).await.assert_no_content();
        enrol_phone(&user).await;
        user.send_code().await.assert_no_content();
        assert_eq!(user.settings().await["method"], "sms", "{character}");
    }
}

#[tokio::test]
async fn a_string_id_in_the_path_is_percent_decoded_and_checked() {
    let fixture = stack_with([("UserIdType", "string")]);
    let admin = fixture.user_with(json!({"sub": "admin", "scope": "users:edit"}));
    for (id, in_path) in [
        ("auth0|5f7c", "auth0%7C5f7c"),
        ("jørgen@example.com", "j%C3%B8rgen%40example.com"),
        ("a/b", "a%2Fb"),
        ("a%20b", "a%2520b"),
        ("a+b", "a+b"),
        ("auth0|John Smith", "auth0%7CJohn%20Smith"),
    ] {
        let user = fixture.user_with(json!({"sub": id}));
        enrol_app(&user).await;
        admin.post(&format!("/api/users/{in_path}/two-factor/reset")).await.assert_no_content();
        assert_eq!(user.settings().await, nothing_set(), "{id}");
    }
    for in_path in ["%20", "a%20", "a%0A", "%00", "%E2%80%8B", "a%22b", "a%5Cb", &"a".repeat(256)] {
        let answer = admin.post(&format!("/api/users/{in_path}/two-factor/reset")).await;
        answer.assert_problem(422, "invalid-fields");
        assert_eq!(answer.pointers(), ["#/ID"], "{in_path}");
    }
    let only = fixture.user_with(json!({"sub": "helper", "permissions": ["users:edit:auth0|5f7c"]}));
    only.post("/api/users/auth0%7C5f7c/two-factor/reset").await.assert_no_content();
    only.post("/api/users/auth0%7C5f7d/two-factor/reset").await.assert_problem(403, "edit-permission-required");
}
