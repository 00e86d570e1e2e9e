//! What API Gateway does before a function runs, or instead of running it.

use std::collections::BTreeMap;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD as BASE64, Engine};
use local_stack::{LogLine, Options};
use reqwest::Method;
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{self, KeyPair};
use rsa::pkcs8::EncodePrivateKey;
use serde_json::{Value, json};

use crate::support::{Answer, Fixture, ROUTES, SECRET, User, enrol_app, now, own_stack, stack, stack_with};

/// Sends a request with this `Authorization` header, or with none.
async fn with_authorization(user: &User, method: Method, path: &str, value: Option<&str>) -> Answer {
    let mut request = user.http.request(method, format!("{}{path}", user.base_url));
    if let Some(value) = value {
        request = request.header("authorization", value);
    }
    Answer::of(request).await
}

/// The token with a changed header and payload, signed by `sign`.
fn forged(token: &str, change: impl FnOnce(&mut Value, &mut Value), sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let mut parts = token.split('.').map(|part| serde_json::from_slice(&BASE64.decode(part).unwrap_or_default()));
    let (mut header, mut payload): (Value, Value) = (parts.next().unwrap().unwrap(), parts.next().unwrap().unwrap());
    change(&mut header, &mut payload);
    let message = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(payload.to_string()));
    format!("{message}.{}", BASE64.encode(sign(message.as_bytes())))
}

/// Signs with a key that is not the issuer's.
fn sign_with_a_foreign_key(message: &[u8]) -> Vec<u8> {
    let key = rsa::PrivateKey::new(&mut getrandom::SysRng, 2048).unwrap().to_pkcs8_der().unwrap();
    let key = signature::RsaKeyPair::from_pkcs8(key.as_bytes()).unwrap();
    let mut signature = vec![0; key.public_key().modulus_len()];
    key.sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).unwrap();
    signature
}

/// Invalid tokens, each with its defect.
fn bad_tokens(fixture: &Fixture) -> Vec<(&'static str, String)> {
    let good = fixture.user().token;
    let with = |claims: Value| fixture.user_with(claims).token;
    let signature = |token: &str| BASE64.decode(token.rsplit('.').next().unwrap()).unwrap();
    vec![
        ("empty", String::new()),
        ("no JWT", "aaaaaaaaa.bbbbbbbbb.cccccccccc".to_owned()),
        ("cut off", good[..good.len() - 10].to_owned()),
        ("without its signature", good[..good.rfind('.').unwrap() + 1].to_owned()),
        ("expired", with(json!({"exp": now() - 1}))),
        ("without an end", with(json!({"exp": null}))),
        ("not yet valid", with(json!({"nbf": now() + 60}))),
        ("of another issuer", with(json!({"iss": "https://other.example/"}))),
        ("without an issuer", with(json!({"iss": null}))),
        ("for another audience", with(json!({"aud": "other"}))),
        ("for other audiences", with(json!({"aud": ["other", "another"], "client_id": "local"}))),
        ("for nobody", with(json!({"aud": null}))),
        ("altered", forged(&good, |_, claims| claims["sub"] = json!("1"), |_| signature(&good))),
        ("signed with a foreign key", forged(&good, |_, _| {}, sign_with_a_foreign_key)),
        ("of an unknown key", forged(&good, |header, _| header["kid"] = json!("other"), sign_with_a_foreign_key)),
        ("unsigned", forged(&good, |header, _| header["alg"] = json!("none"), |_| Vec::new())),
        (
            "signed with the key's own name",
            forged(
                &good,
                |header, _| header["alg"] = json!("HS256"),
                |message| hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"kid"), message).as_ref().to_vec(),
            ),
        ),
    ]
}

#[tokio::test]
async fn without_a_good_token_every_route_answers_401_and_no_function_runs() {
    let fixture = own_stack(Options::default());
    let user = fixture.user();
    let tokens = bad_tokens(&fixture);
    for route in ROUTES {
        let (method, path) = (&route.method, &route.path("42"));
        let nothing = with_authorization(&user, method.clone(), path, None).await;
        assert_eq!((nothing.status.as_u16(), nothing.text.as_str()), (401, r#"{"message":"Unauthorized"}"#));
        for (what, token) in &tokens {
            let answer = with_authorization(&user, method.clone(), path, Some(&format!("Bearer {token}"))).await;
            assert_eq!(
                (answer.status.as_u16(), answer.text.as_str()),
                (401, r#"{"message":"Unauthorized"}"#),
                "{what}: {answer:?}"
            );
        }
    }
    for route in ROUTES {
        assert!(fixture.stack.function_pids(route.function).is_empty(), "{}", route.function);
    }
    assert!(fixture.table().all().await.is_empty());
}

#[tokio::test]
async fn a_page_on_another_port_of_this_machine_may_mint_a_token_and_no_other_page() {
    let url = format!("{}/local/token", stack().stack.base_url());
    let ask = |method: Method, origin: &str| {
        let request = stack().user().http.request(method, &url).header("origin", origin);
        Answer::of(request.header("access-control-request-method", "POST"))
    };
    for origin in ["http://localhost:5173", "http://127.0.0.1:8080"] {
        let preflight = ask(Method::OPTIONS, origin).await;
        assert_eq!(preflight.status, 204);
        assert_eq!(preflight.headers["access-control-allow-origin"], origin);
        assert_eq!(preflight.headers["access-control-allow-headers"], "content-type");
        let minted = ask(Method::POST, origin).await;
        assert_eq!((minted.status.as_u16(), &minted.json()["token_type"]), (200, &json!("Bearer")));
        assert_eq!(minted.headers["access-control-allow-origin"], origin);
    }
    for method in [Method::OPTIONS, Method::POST] {
        let refused = ask(method, "https://app.example").await;
        assert_eq!(refused.status, 403);
        assert!(!refused.headers.contains_key("access-control-allow-origin"), "{refused:?}");
    }
}

#[tokio::test]
async fn a_token_is_good_with_and_without_bearer() {
    let user = stack().user();
    for value in [user.token.clone(), format!("Bearer {}", user.token), format!("bearer  {}", user.token)] {
        let answer = with_authorization(&user, Method::GET, "/api/two-factor", Some(&value)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let basic = with_authorization(&user, Method::GET, "/api/two-factor", Some("Basic dXNlcjpwYXNz")).await;
    assert_eq!(basic.status, 401);
}

#[tokio::test]
async fn an_audience_among_others_or_a_client_id_in_its_place_is_good() {
    for claims in [json!({"aud": ["other", "local"]}), json!({"aud": null, "client_id": "local"})] {
        let answer = stack().user_with(claims.clone()).get("/api/two-factor").await;
        assert_eq!(answer.status, 200, "{claims}");
    }
}

#[tokio::test]
async fn another_path_or_method_is_not_found() {
    let user = stack().user();
    enrol_app(&user).await;
    for (method, path) in [
        (Method::GET, "/api"),
        (Method::GET, "/api/two-factor/"),
        (Method::GET, "/api/two-factor/other"),
        (Method::GET, "/API/two-factor"),
        (Method::POST, "/api/two-factor"),
        (Method::PUT, "/api/two-factor"),
        (Method::DELETE, "/api/two-factor"),
        (Method::GET, "/api/two-factor/verify"),
        (Method::GET, "/api/two-factor/reset"),
        (Method::POST, "/api/users/two-factor/reset"),
        (Method::POST, "/api/users//two-factor/reset"),
        (Method::POST, "/api/users/1/2/two-factor/reset"),
        (Method::POST, "/api/two-factor/secret"),
    ] {
        let answer = user.send(method.clone(), path, None).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text.as_str()),
            (404, r#"{"message":"Not Found"}"#),
            "{method} {path}"
        );
    }
    assert_eq!(user.settings().await["secret_key"], SECRET);
}

#[tokio::test]
async fn a_problem_carries_the_gateways_request_id() {
    let user = stack().user();
    let mut seen = std::collections::HashSet::new();
    for answer in [user.send_code().await, user.verify("x").await, user.post("/api/users/1/two-factor/reset").await] {
        let id = answer.headers["apigw-requestid"].to_str().unwrap().to_owned();
        assert_eq!(answer.json()["request_id"], *id);
        assert!(seen.insert(id));
    }
    assert!(user.get("/api/two-factor").await.headers.contains_key("apigw-requestid"));
}

#[tokio::test]
async fn a_body_over_10_mb_is_refused() {
    let user = stack().user();
    let body = "x".repeat(10 * 1024 * 1024 + 1);
    let answer = user.send(Method::PATCH, "/api/two-factor", Some((body, "application/json"))).await;
    assert_eq!(answer.status, 413, "{answer:?}");
    assert!(answer.json()["message"].is_string(), "{answer:?}");
}

async fn preflight(fixture: &Fixture, origin: &str) -> Answer {
    let user = fixture.user();
    let url = format!("{}/api/two-factor", user.base_url);
    let request = user.http.request(Method::OPTIONS, url).header("origin", origin);
    let answer = Answer::of(request.header("access-control-request-method", "PATCH")).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (204, ""), "{answer:?}");
    answer
}

fn cors(answer: &Answer) -> BTreeMap<&str, &str> {
    let named = answer.headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    named.filter_map(|(name, value)| Some((name.strip_prefix("access-control-")?, value))).collect()
}

#[tokio::test]
async fn a_web_page_may_ask_first_without_a_token() {
    let answer = preflight(stack(), "https://app.example").await;
    let expected = [
        ("allow-headers", "authorization,content-type"),
        ("allow-methods", "GET,PATCH,POST"),
        ("allow-origin", "*"),
        ("max-age", "600"),
    ];
    assert_eq!(cors(&answer), expected.into());
    let request = stack().user().request(Method::GET, "/api/two-factor").header("origin", "https://app.example");
    let exposed = "retry-after,recovery-codes-left,www-authenticate";
    assert_eq!(cors(&Answer::of(request).await), [("allow-origin", "*"), ("expose-headers", exposed)].into());
}

#[tokio::test]
async fn web_pages_of_other_origins_get_no_permission() {
    let fixture = stack_with([("CorsAllowedOrigins", "https://app.example,https://admin.example")]);
    for origin in ["https://app.example", "https://admin.example"] {
        assert_eq!(cors(&preflight(&fixture, origin).await)["allow-origin"], origin);
    }
    for origin in ["https://evil.example", "http://app.example", "https://app.example.evil.example", "null"] {
        assert_eq!(cors(&preflight(&fixture, origin).await), BTreeMap::new(), "{origin}");
    }
}

#[tokio::test]
async fn a_function_with_a_broken_setting_answers_500_and_its_log_names_the_setting() {
    let too_long = format!("{{code}} {}", "a".repeat(160));
    let broken = [
        ("get-settings", "SEALING_KEYS", r#"{"current":"k1","k1":"too-short-a-key"}"#),
        ("update-settings", "SMS_COUNTRIES", "Denmark"),
        ("qr-code", "ISSUER", "Ann:Bo"),
        ("generate-secret", "USER_ID_TYPE", "uuid"),
        ("send-verification", "SMS_TEXT", &too_long),
        ("verify", "SEALING_KEYS", "no-keyring-of-any-form"),
        ("recovery-codes", "TABLE_NAME", ""),
        ("get-user-settings", "USER_ID_TYPE", "number"),
        ("reset", "TABLE_NAME", ""),
    ];
    let settings =
        broken.map(|(function, name, value)| (function.to_owned(), [(name.to_owned(), value.to_owned())].into()));
    let mut fixture = own_stack(Options { function_env: settings.into(), ..Options::default() });
    let user = fixture.user();
    for route in ROUTES {
        let path = &route.path("42");
        let answer = user
            .send(route.method, path, Some((r#"{"method":"","key":"123456"}"#.to_owned(), "application/json")))
            .await;
        let expected = (500, r#"{"message":"Internal Server Error"}"#);
        assert_eq!((answer.status.as_u16(), answer.text.as_str()), expected, "{path}: {answer:?}");
    }
    let lines = fixture.shut_down();
    for (function, name, value) in broken {
        let named = |line: &&LogLine| line.function == function && line.line.contains(name);
        assert!(lines.iter().any(|line| named(&line)), "{function}: {lines:?}");
        let key = name == "SEALING_KEYS";
        assert!(
            !key || !lines.iter().any(|line| line.line.contains(value) || line.line.contains("too-short")),
            "{lines:?}"
        );
    }
}
