//! The commands in the API documentation, as curl sends them, and the responses printed there.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, SECRET, User, code_now, enrol_app, enrol_phone, last_code, nothing_set, stack};

/// What `curl -X METHOD URL -H "Authorization: Bearer …" -d BODY` sends. Without `-d` there is no body.
async fn curl(user: &User, method: Method, path: &str, body: Option<&str>) -> Answer {
    let mut request = user
        .http
        .request(method, format!("{}{path}", user.base_url))
        .header("user-agent", "curl/8.5.0")
        .header("accept", "*/*");
    request = request.header("authorization", format!("Bearer {}", user.token));
    if let Some(body) = body {
        request = request.header("content-type", "application/x-www-form-urlencoded").body(body.to_owned());
    }
    Answer::of(request).await
}

async fn get(user: &User, path: &str) -> Value {
    let answer = curl(user, Method::GET, path, None).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[tokio::test]
async fn get_users_two_factor_settings() {
    let user = stack().user();
    enrol_app(&user).await;
    let printed = json!({"data": {
        "method": "google", "secret_key": "1234567890", "phone_prefix": null, "phone": null, "verified": false,
    }});
    let mut expected = printed;
    expected["data"]["secret_key"] = json!(SECRET);
    assert_eq!(get(&user, "/api/two-factor").await, expected);
}

#[tokio::test]
async fn update_two_factor_settings() {
    let user = stack().user();
    for (body, settings) in [
        (
            r#"{"method": "google", "secret_key": "T42NQXFCPWEJMGJY"}"#,
            json!({"method": "google", "secret_key": SECRET, "phone_prefix": null, "phone": null, "verified": false}),
        ),
        (
            r#"{"method": "sms", "phone_prefix": 45, "phone": 20123456}"#,
            json!({"method": "sms", "secret_key": null, "phone_prefix": 45, "phone": 20_123_456, "verified": false}),
        ),
        (
            r#"{"method": "sms", "phone_prefix": 46, "phone": 701234567, "secret_key": null}"#,
            json!({"method": "sms", "secret_key": null, "phone_prefix": 46, "phone": 701_234_567, "verified": false}),
        ),
        (r#"{"method": ""}"#, nothing_set()),
    ] {
        curl(&user, Method::PATCH, "/api/two-factor", Some(body)).await.assert_no_content();
        assert_eq!(user.settings().await, settings);
    }
}

#[tokio::test]
async fn the_placeholder_of_the_documentation_is_not_json_and_changes_no_settings() {
    let user = stack().user();
    enrol_app(&user).await;
    for (method, path) in [(Method::PATCH, "/api/two-factor"), (Method::POST, "/api/two-factor/verify")] {
        curl(&user, method, path, Some("{ [...] }")).await.assert_problem(400, "malformed-body");
    }
    assert_eq!(user.settings().await["secret_key"], SECRET);
}

#[tokio::test]
async fn get_qr_code() {
    let user = stack().user();
    enrol_app(&user).await;
    let document = get(&user, "/api/two-factor/qr").await;
    // The signature of a PNG and the start of its header, as the documentation prints them.
    let image = document["data"]["qr_image"].as_str().unwrap();
    assert!(image.starts_with("data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA"), "{image}");
    assert_eq!(document, json!({"data": {"qr_image": image}}));
}

#[tokio::test]
async fn generate_a_new_secret() {
    let document = get(&stack().user(), "/api/two-factor/secret").await;
    let secret = document["data"]["secret_key"].as_str().unwrap();
    assert!(secret.bytes().all(|b| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b)), "{secret}");
    assert_eq!(document, json!({"data": {"secret_key": secret}}));
}

#[tokio::test]
async fn send_sms_verification_code() {
    let user = stack().user();
    let phone = enrol_phone(&user).await;
    let path = "/api/two-factor/send-verification";
    curl(&user, Method::POST, path, Some("{ [...] }")).await.assert_no_content();
    assert_eq!(stack().messages_to(&phone).len(), 1);
}

#[tokio::test]
async fn verify_two_factor_authentication() {
    let (by_app, by_sms) = (stack().user(), stack().user());
    enrol_app(&by_app).await;
    let phone = enrol_phone(&by_sms).await;
    by_sms.send_code().await.assert_no_content();
    for (user, key) in [(&by_app, code_now(SECRET)), (&by_sms, last_code(stack(), &phone))] {
        let body = format!(r#"{{"key": "{key}"}}"#);
        curl(user, Method::POST, "/api/two-factor/verify", Some(&body)).await.assert_no_content();
        assert_eq!(user.settings().await["verified"], true);
    }
}

#[tokio::test]
async fn reset_two_factor_authentication_as_the_command_prints_its_path() {
    let user = stack().user();
    enrol_app(&user).await;
    curl(&user, Method::POST, "/api/two-factor/reset", Some("{ [...] }")).await.assert_no_content();
    assert_eq!(user.settings().await, nothing_set());
    assert!(!stack().table().user(&user.id).await.unwrap().contains_key("secret"));
}

#[tokio::test]
async fn reset_two_factor_authentication_as_the_request_line_gives_its_path() {
    let (user, admin) = (stack().user(), stack().user_with(json!({"scope": "users:edit"})));
    enrol_app(&user).await;
    let path = format!("/api/users/{}/two-factor/reset", user.id);
    curl(&user, Method::POST, &path, Some("{ [...] }")).await.assert_problem(403, "edit-permission-required");
    assert_eq!(user.settings().await["method"], "google");
    curl(&admin, Method::POST, &path, Some("{ [...] }")).await.assert_no_content();
    assert_eq!(user.settings().await, nothing_set());
}

#[tokio::test]
async fn the_printed_token_is_not_authorised() {
    let mut user = stack().user();
    user.token = "aaaaaaaaaa.bbbbbbbbbbb.cccccccccccc".to_owned();
    let answer = curl(&user, Method::GET, "/api/two-factor", None).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (401, r#"{"message":"Unauthorized"}"#));
}

#[tokio::test]
async fn both_methods_work_from_the_first_command_to_the_last() {
    let user = stack().user();
    let secret = get(&user, "/api/two-factor/secret").await["data"]["secret_key"].as_str().unwrap().to_owned();
    let body = json!({"method": "google", "secret_key": secret}).to_string();
    curl(&user, Method::PATCH, "/api/two-factor", Some(&body)).await.assert_no_content();
    get(&user, "/api/two-factor/qr").await;
    let body = json!({"key": code_now(&secret)}).to_string();
    curl(&user, Method::POST, "/api/two-factor/verify", Some(&body)).await.assert_no_content();
    assert_eq!(get(&user, "/api/two-factor").await["data"]["verified"], true);

    let phone = enrol_phone(&user).await;
    curl(&user, Method::POST, "/api/two-factor/send-verification", Some("{ [...] }")).await.assert_no_content();
    let body = json!({"key": last_code(stack(), &phone)}).to_string();
    curl(&user, Method::POST, "/api/two-factor/verify", Some(&body)).await.assert_no_content();
    assert_eq!(get(&user, "/api/two-factor").await["data"]["verified"], true);

    curl(&user, Method::POST, "/api/two-factor/reset", Some("{ [...] }")).await.assert_no_content();
    assert_eq!(get(&user, "/api/two-factor").await, json!({"data": nothing_set()}));
}
