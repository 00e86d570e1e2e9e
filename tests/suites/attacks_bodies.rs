//! Bodies crafted to be misread. Each is refused or read in exactly one way, never causes a server error, and stores
//! nothing other than what it says.

use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, SECRET, User, code_now, enrol_app, enrol_phone, nothing_set, number, stack, wrong_code};

const FORM: &str = "application/x-www-form-urlencoded";
const TYPES: [&str; 4] = ["application/json", FORM, "text/plain; charset=utf-16", "application/octet-stream"];

async fn patch(user: &User, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = user.request(Method::PATCH, "/api/two-factor").header("content-type", content_type);
    Answer::of(request.body(body)).await
}

async fn verify(user: &User, content_type: &str, body: String) -> Answer {
    user.send(Method::POST, "/api/two-factor/verify", Some((body, content_type))).await
}

/// Asserts that the body is refused with the status and problem of its kind.
fn assert_refused(answer: &Answer, body: &str) {
    let status = answer.status.as_u16();
    let name = match status {
        400 => "malformed-body",
        413 => "body-too-large",
        _ => "invalid-fields",
    };
    assert!([400, 413, 422].contains(&status), "{body:?}: {answer:?}");
    answer.assert_problem(status, name);
}

#[tokio::test]
async fn one_body_tries_one_code_however_many_it_holds() {
    let user = stack().user();
    enrol_app(&user).await;
    let (wrong, right) = (wrong_code(SECRET), code_now(SECRET));
    for (content_type, body) in [
        ("application/json", format!(r#"{{"key":"{right}","key":"{wrong}"}}"#)),
        (FORM, format!("key={right}&key={wrong}")),
        (FORM, format!("key={wrong}&k%65y={wrong}&%6bey={wrong}")),
    ] {
        verify(&user, content_type, body).await.assert_problem(422, "invalid-code");
    }
    let failures = number(&stack().table().user(&user.id).await.unwrap(), "failures");
    assert_eq!(failures, Some(3));
    for body in [
        json!({"key": [right, wrong]}),
        json!({"key": {"0": right}}),
        json!({"keys": [right]}),
        json!({"key": format!("{right}{wrong}")}),
        json!({"key": format!("{right},{wrong}")}),
        json!({"key": format!("{right}\n{wrong}")}),
        json!([{"key": right}]),
    ] {
        let answer = verify(&user, "application/json", body.to_string()).await;
        assert_refused(&answer, &body.to_string());
    }
    assert_eq!(number(&stack().table().user(&user.id).await.unwrap(), "failures"), Some(3), "nothing was tried");
    assert_eq!(user.settings().await["verified"], false);
}

#[tokio::test]
async fn of_a_member_written_twice_the_last_is_checked_and_stored() {
    let user = stack().user();
    let other = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    let body = format!(r#"{{"method":"google","secret_key":"short","secret_key":"{other}"}}"#);
    patch(&user, "application/json", body).await.assert_no_content();
    assert_eq!(user.settings().await["secret_key"], other);
    for body in [
        format!(r#"{{"method":"google","secret_key":"{SECRET}","secret_key":"short"}}"#),
        format!(r#"{{"method":"google","method":"pager","secret_key":"{SECRET}"}}"#),
        format!(r#"{{"method":"google","secret_key":"{SECRET}","secret_key":null}}"#),
        format!(r#"{{"method":"google","secret_key":"{SECRET}","\u006dethod":"pager"}}"#),
    ] {
        assert_refused(&patch(&user, "application/json", body.clone()).await, &body);
    }
    assert_eq!(user.settings().await["secret_key"], other);
}

#[tokio::test]
async fn nesting_stops_before_the_stack_does() {
    let user = stack().user();
    for (open, close, depth) in [("[", "]", 2000), ("{\"a\":", "}", 600), ("[{\"a\":", "}]", 400), ("[", "", 4000)] {
        let deep = format!("{}1{}", open.repeat(depth), close.repeat(depth));
        for body in [deep.clone(), format!(r#"{{"method":"","x":{deep}}}"#), format!(r#"{{"method":{deep}}}"#)] {
            for content_type in TYPES {
                assert_refused(&patch(&user, content_type, body.clone()).await, &body[..20]);
            }
        }
    }
    assert_eq!(stack().table().user(&user.id).await, None);
}

#[tokio::test]
async fn a_great_many_members_are_no_trouble() {
    let user = stack().user();
    let members: Vec<String> = (0..400).map(|n| format!("\"{n:x}\":0")).collect();
    patch(&user, "application/json", format!(r#"{{{},"method":""}}"#, members.join(","))).await.assert_no_content();
    let pairs: Vec<String> = (0..800).map(|n| format!("{n:x}=")).collect();
    patch(&user, FORM, format!("{}&method=", pairs.join("&"))).await.assert_no_content();
    assert_eq!(user.settings().await, nothing_set());
}

#[tokio::test]
async fn no_look_alike_of_a_value_is_the_value() {
    let user = stack().user();
    for body in [
        json!({"method": "Google", "secret_key": SECRET}),
        json!({"method": "google ", "secret_key": SECRET}),
        json!({"method": "google\u{0}", "secret_key": SECRET}),
        json!({"method": "ｇoogle", "secret_key": SECRET}),
        json!({"method": ["google"], "secret_key": SECRET}),
        json!({"method": 0}),
        json!({"method": false}),
        json!({"method": " "}),
        json!({"method": "null"}),
        json!({"method": "google", "secret_key": format!("{SECRET}\u{0}")}),
        json!({"method": "google", "secret_key": SECRET.replace('T', "Т")}),
        json!({"method": "google", "secret_key": SECRET.replace('2', "２")}),
        json!({"method": "google", "secret_key": format!("{SECRET}\u{301}")}),
        json!({"method": "google", "secret_key": format!("otpauth://totp/x?secret={SECRET}")}),
        json!({"method": "google", "secret_key": [SECRET]}),
        json!({"method": "sms", "phone_prefix": 45, "phone": "٢٠١٢٣٤٥٦"}),
        json!({"method": "sms", "phone_prefix": 45, "phone": "２０１２３４５６"}),
        json!({"method": "sms", "phone_prefix": "٤٥", "phone": 20_123_456}),
        json!({"method": "sms", "phone_prefix": 45, "phone": "20123456\u{0}"}),
        json!({"method": "sms", "phone_prefix": 45, "phone": "20123456;90123456"}),
        json!({"method": "sms", "phone_prefix": 45, "phone": "20123456,ext=5"}),
        json!({"method": "sms", "phone_prefix": 45, "phone": [20_123_456]}),
        json!({"method": "sms", "phone_prefix": 45, "phone": 20_123_456.5}),
        json!({"method": "sms", "phone_prefix": 45, "phone": -20_123_456}),
        json!({"method": "sms", "phone_prefix": true, "phone": 20_123_456}),
    ] {
        assert_refused(&patch(&user, "application/json", body.to_string()).await, &body.to_string());
    }
    assert_eq!(stack().table().user(&user.id).await, None);
}

#[tokio::test]
async fn numbers_beyond_every_bound_are_refused() {
    let user = stack().user();
    for digits in [
        "1e400",
        "-1e400",
        "1E+2",
        "20123456e9",
        "9".repeat(40).as_str(),
        "1".repeat(3000).as_str(),
        "-0",
        "18446744073709551616",
        "0.1e1",
    ] {
        for body in [
            format!(r#"{{"method":"sms","phone_prefix":45,"phone":{digits}}}"#),
            format!(r#"{{"method":"sms","phone_prefix":{digits},"phone":20123456}}"#),
            format!(r#"{{"method":"sms","phone_prefix":45,"phone":"{digits}"}}"#),
            format!(r#"{{"method":{digits}}}"#),
        ] {
            assert_refused(&patch(&user, "application/json", body.clone()).await, &body);
        }
    }
    assert_eq!(stack().table().user(&user.id).await, None);
}

#[tokio::test]
async fn bytes_that_are_no_text_are_refused_in_every_place() {
    let user = stack().user();
    enrol_phone(&user).await;
    let before = stack().table().user(&user.id).await;
    for bytes in [
        &b"\xff"[..],
        b"\xc0\x80",
        b"\xed\xa0\x80",
        b"\xf5\x80\x80\x80",
        b"\xf0\x82\x82\xac",
        b"\x80",
        b"\xe2\x82",
        b"\0",
        b"\x1f",
        b"\\ud800",
        b"\\u0000\\uDFFF",
        b"\\x41",
    ] {
        for content_type in TYPES {
            let body = [&b"{\"method\":\"google\",\"secret_key\":\""[..], SECRET.as_bytes(), bytes, b"\"}"].concat();
            let answer = patch(&user, content_type, body).await;
            assert_refused(&answer, &format!("{bytes:?} {content_type}"));
            let key = [&b"{\"key\":\"123456"[..], bytes, b"\"}"].concat();
            let request = user.request(Method::POST, "/api/two-factor/verify").header("content-type", content_type);
            assert_refused(&Answer::of(request.body(key)).await, &format!("{bytes:?} {content_type}"));
        }
    }
    assert_eq!(stack().table().user(&user.id).await, before);
}

#[tokio::test]
async fn a_form_is_not_made_of_what_began_as_json_and_decodes_once() {
    let user = stack().user();
    for body in [
        format!("{{\"method\"=google&secret_key={SECRET}"),
        format!("[method=google&secret_key={SECRET}"),
        format!("\"method=google&secret_key={SECRET}"),
        "method".to_owned(),
        "method%3Dgoogle".to_owned(),
        format!("%6Dethod%3Dgoogle&secret_key={SECRET}"),
        format!("method=%2567oogle&secret_key={SECRET}"),
        format!("method=go%00ogle&secret_key={SECRET}"),
        format!("method=google&secret_key={SECRET}%00"),
        format!("method=google&secret_key={SECRET}%FF"),
        format!("method=google;secret_key={SECRET}"),
        format!("method[]=google&secret_key={SECRET}"),
        format!("method=google&secret_key[]={SECRET}"),
    ] {
        assert_refused(&patch(&user, FORM, body.clone()).await, &body);
    }
    assert_eq!(stack().table().user(&user.id).await, None);
}
