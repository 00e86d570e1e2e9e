//! What a body may contain, on every endpoint.

use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, SECRET, User, code_now, enrol_app, nothing_set, number, phone_number, stack};

const FORM: &str = "application/x-www-form-urlencoded";
const VERIFY: &str = "/api/two-factor/verify";

async fn patch(user: &User, content_type: Option<&str>, body: impl Into<reqwest::Body>) -> Answer {
    let mut request = user.request(Method::PATCH, "/api/two-factor").body(body);
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    Answer::of(request).await
}

#[tokio::test]
async fn json_is_read_whatever_the_content_type_says() {
    for content_type in [
        None,
        Some("application/json"),
        Some("application/json; charset=utf-8"),
        Some(FORM),
        Some("Application/X-WWW-Form-URLEncoded; charset=UTF-8"),
        Some("text/plain"),
        Some("application/octet-stream"),
        Some("application/merge-patch+json"),
        Some("multipart/form-data; boundary=x"),
        Some("nonsense"),
        Some(""),
    ] {
        let user = stack().user();
        let body = format!("\r\n {{\"method\":\"google\", \"secret_key\":\"{SECRET}\"}}\t\n");
        patch(&user, content_type, body).await.assert_no_content();
        assert_eq!(user.settings().await["secret_key"], SECRET, "{content_type:?}");
        patch(&user, content_type, r#"{"method":null}"#).await.assert_no_content();
        assert_eq!(user.settings().await, nothing_set(), "{content_type:?}");
    }
}

#[tokio::test]
async fn a_byte_order_mark_before_the_body_is_skipped() {
    let user = stack().user();
    for content_type in [None, Some("application/json"), Some("application/json; charset=utf-8"), Some(FORM)] {
        let body = format!("\u{feff}{{\"method\":\"google\",\"secret_key\":\"{SECRET}\"}}");
        patch(&user, content_type, body).await.assert_no_content();
        assert_eq!(user.settings().await["secret_key"], SECRET, "{content_type:?}");
        patch(&user, content_type, "\u{feff}{\"method\":null}").await.assert_no_content();
    }
}

#[tokio::test]
async fn a_real_form_is_read_too() {
    let (user, phone) = (stack().user(), phone_number());
    patch(&user, Some(FORM), format!("method=sms&phone_prefix=45&phone={phone}")).await.assert_no_content();
    let phone: u64 = phone.parse().unwrap();
    assert_eq!(
        user.settings().await,
        json!({"method": "sms", "secret_key": null, "phone_prefix": 45, "phone": phone, "verified": false})
    );
    patch(&user, Some(FORM), "method=sms&phone_prefix=+45&phone=20+12+34+56").await.assert_no_content();
    assert_eq!(user.settings().await["phone"], 20_123_456);
    patch(&user, Some(FORM), "method=google&secret_key=t42n+qxfc%20pwej-mgjy").await.assert_no_content();
    assert_eq!(user.settings().await["secret_key"], SECRET);
    patch(&user, Some(FORM), "method=").await.assert_no_content();
    assert_eq!(user.settings().await, nothing_set());
}

#[tokio::test]
async fn the_fields_of_a_form_are_checked_as_those_of_json_are() {
    let user = stack().user();
    for (form, pointers) in [
        ("secret_key=T42NQXFCPWEJMGJY", vec!["#/method"]),
        ("method=totp", vec!["#/method"]),
        ("method=google", vec!["#/secret_key"]),
        ("method=sms", vec!["#/phone_prefix", "#/phone"]),
        ("method=sms&phone_prefix=%2B45&phone=20.12.34.56", vec!["#/phone_prefix", "#/phone"]),
    ] {
        let answer = patch(&user, Some(FORM), form).await;
        answer.assert_problem(422, "invalid-fields");
        assert_eq!(answer.pointers(), pointers, "{form}");
    }
    assert_eq!(stack().table().user(&user.id).await, None);
}

#[tokio::test]
async fn a_form_under_another_content_type_is_not_json() {
    let user = stack().user();
    for content_type in [None, Some("application/json"), Some("text/plain")] {
        let form = "method=google&secret_key=T42NQXFCPWEJMGJY";
        patch(&user, content_type, form).await.assert_problem(400, "malformed-body");
    }
    assert_eq!(stack().table().user(&user.id).await, None);
}

#[tokio::test]
async fn what_is_not_a_json_object_is_refused_and_changes_nothing() {
    let user = stack().user();
    enrol_app(&user).await;
    let before = stack().table().user(&user.id).await;
    let deep = format!("{}1{}", "[".repeat(2000), "]".repeat(2000));
    let deep_member = format!("{{\"method\":{}{}}}", r#"{"a":"#.repeat(600), "1}".to_owned() + &"}".repeat(599));
    for body in [
        "",
        " \r\n\t",
        "{",
        "}",
        "null",
        "true",
        "12",
        "\"method\"",
        "[]",
        r#"[{"method":""}]"#,
        "{ [...] }",
        "{'method':''}",
        "{method:\"\"}",
        r#"{"method":""} x"#,
        r#"{"method":"",}"#,
        r#"{"method":""}{"method":""}"#,
        r#"{"method":"\ud800"}"#,
        "\u{feff}",
        "{\u{feff}\"method\":\"\"}",
        "\u{0}",
        &deep,
        &deep_member,
    ] {
        for content_type in [None, Some("application/json"), Some(FORM)] {
            let answer = patch(&user, content_type, body.to_owned()).await;
            answer.assert_problem(400, "malformed-body");
        }
    }
    assert_eq!(stack().table().user(&user.id).await, before);
}

#[tokio::test]
async fn what_is_not_utf_8_is_refused() {
    let user = stack().user();
    for body in
        [&b"\xff\xfe{\0}\0"[..], b"{\"method\":\"\xe6\"}", b"{\"method\":\"\",\"a\":\"\xed\xa0\x80\"}", b"method=\xff"]
    {
        for content_type in [None, Some("application/json"), Some("text/plain"), Some(FORM)] {
            patch(&user, content_type, body).await.assert_problem(400, "malformed-body");
        }
    }
    assert_eq!(stack().table().user(&user.id).await, None);
}

#[tokio::test]
async fn a_body_of_4_kib_is_read_and_a_longer_one_refused() {
    let user = stack().user();
    let of_length = |length: usize| {
        let (start, end) = (format!(r#"{{"method":"google","secret_key":"{SECRET}","note":""#), "\"}");
        format!("{start}{}{end}", "x".repeat(length - start.len() - end.len()))
    };
    // A body that the gateway passes on in base64 is measured after decoding.
    for content_type in [Some("application/json"), Some(FORM)] {
        for length in [4097, 8192, 100_000, 7_000_000] {
            let answer = patch(&user, content_type, of_length(length)).await;
            assert_eq!(answer.status, 413, "{length} {content_type:?}");
            if length < 1_000_000 {
                answer.assert_problem(413, "body-too-large");
            }
        }
        assert_eq!(user.settings().await, nothing_set());
        patch(&user, content_type, of_length(4096)).await.assert_no_content();
        assert_eq!(user.settings().await["secret_key"], SECRET);
        patch(&user, content_type, r#"{"method":""}"#).await.assert_no_content();
    }
}

#[tokio::test]
async fn the_limit_holds_for_every_endpoint_that_takes_a_body() {
    let user = stack().user_with(json!({"scope": "users:edit"}));
    for path in [VERIFY, "/api/two-factor/send-verification", "/api/two-factor/reset", "/api/users/1/two-factor/reset"]
    {
        let answer = user.send(Method::POST, path, Some(("x".repeat(4097), "text/plain"))).await;
        answer.assert_problem(413, "body-too-large");
    }
}

#[tokio::test]
async fn a_malformed_body_costs_no_attempt() {
    let user = stack().user();
    enrol_app(&user).await;
    for body in ["", "{ [...] }", "123456", "[\"123456\"]", "\"123456\""] {
        let answer = user.send(Method::POST, VERIFY, Some((body.to_owned(), "application/json"))).await;
        answer.assert_problem(400, "malformed-body");
    }
    assert_eq!(number(&stack().table().user(&user.id).await.unwrap(), "failures"), None);
    let body = json!({"key": code_now(SECRET), "unknown": [1, 2, 3]}).to_string();
    user.send(Method::POST, VERIFY, Some((body, FORM))).await.assert_no_content();
    assert_eq!(user.settings().await["verified"], true);
}
