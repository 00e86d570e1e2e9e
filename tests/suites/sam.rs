//! What a running stack prepares for `sam local invoke`, and the events for it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{Fixture, nothing_set, stack, stack_with};

/// Prepares a stack; returns the file's path and content.
fn prepared(fixture: &Fixture, name: &str) -> (PathBuf, Value) {
    let file = std::env::temp_dir().join(format!("two-factor-{}-{name}.json", std::process::id()));
    fixture.prepare_for_sam(&file);
    let content = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    (file, content)
}

#[tokio::test]
async fn the_file_has_every_functions_variables_for_its_owners_eyes_alone() {
    let fixture = stack_with([]);
    let (file, content) = prepared(&fixture, "variables");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    std::fs::remove_file(&file).unwrap();
    let names: Vec<&String> = content.as_object().unwrap().keys().collect();
    let expected = [
        "GenerateSecret",
        "GetSettings",
        "GetUserSettings",
        "Import",
        "QrCode",
        "RecoveryCodes",
        "Reseal",
        "Reset",
        "SendVerification",
        "UpdateSettings",
        "Verify",
    ];
    assert_eq!(names, expected.map(|name| format!("{name}Function")).iter().collect::<Vec<_>>());
    let info = fixture.stack.info();
    let verify = &content["VerifyFunction"];
    assert_eq!(verify["AWS_ENDPOINT_URL_DYNAMODB"], json!(info.dynamodb_endpoint));
    assert_eq!(verify["AWS_ENDPOINT_URL_SNS"], json!(info.sns_endpoint));
    assert_eq!(verify["TABLE_NAME"], json!(info.table_name));
    assert!(verify["SEALING_KEYS"].as_str().unwrap().contains("current"));
    assert_eq!(content["GenerateSecretFunction"].get("SEALING_KEYS"), None);
}

#[tokio::test]
async fn the_user_of_the_events_has_an_authenticator_app() {
    let fixture = stack_with([]);
    let (file, _) = prepared(&fixture, "user");
    std::fs::remove_file(file).unwrap();
    let settings = fixture.user_with(json!({"sub": "42"})).settings().await;
    assert_eq!((&settings["method"], &settings["secret_key"]), (&json!("google"), &json!("T42NQXFCPWEJMGJY")));
}

/// A function's response to its file in `events/`.
async fn invoke(fixture: &Fixture, binary: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../events/{binary}.json"));
    let event = std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let parsed: Value = serde_json::from_slice(&event).unwrap();
    let claims = parsed["requestContext"]["authorizer"]["jwt"]["claims"].as_object().unwrap().clone();
    assert!(claims.values().all(Value::is_string), "claims are strings: {claims:?}");
    let answer = fixture.stack.invoke(binary, event).await.unwrap_or_else(|| panic!("{binary} answers"));
    serde_json::from_slice(&answer).unwrap()
}

#[tokio::test]
async fn every_event_is_one_that_its_function_understands() {
    let fixture = stack_with([]);
    let (file, _) = prepared(&fixture, "events");
    std::fs::remove_file(file).unwrap();
    let user = fixture.user_with(json!({"sub": "42"}));

    assert_eq!(invoke(&fixture, "get-settings").await["statusCode"], 200);
    assert_eq!(invoke(&fixture, "qr-code").await["statusCode"], 200);
    assert_eq!(invoke(&fixture, "generate-secret").await["statusCode"], 200);
    let refused = invoke(&fixture, "verify").await;
    assert_eq!(refused["statusCode"], 422);
    assert!(refused["body"].as_str().unwrap().contains("/problems/invalid-code"), "{refused}");
    // The user's settings are not verified.
    assert_eq!(invoke(&fixture, "recovery-codes").await["statusCode"], 409);
    // A form, which arrives base64-encoded.
    assert_eq!(invoke(&fixture, "update-settings").await["statusCode"], 204);
    assert_eq!(user.settings().await["method"], "sms");
    assert_eq!(invoke(&fixture, "send-verification").await["statusCode"], 204);
    assert_eq!(fixture.stack.messages().len(), 1);
    let seen = invoke(&fixture, "get-user-settings").await;
    assert_eq!(seen["statusCode"], 200);
    assert!(seen["body"].as_str().unwrap().contains("•••• 56"), "{seen}");
    assert_eq!(invoke(&fixture, "reset").await["statusCode"], 204);
    assert_eq!(user.settings().await, nothing_set());
}

#[tokio::test]
async fn every_event_is_for_a_route_that_exists() {
    let user = stack().user();
    let events = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events")).unwrap();
    let mut count = 0;
    for file in events {
        let event: Value = serde_json::from_slice(&std::fs::read(file.unwrap().path()).unwrap()).unwrap();
        let http = &event["requestContext"]["http"];
        let method = http["method"].as_str().unwrap().parse().unwrap();
        let answer = user.send(method, event["rawPath"].as_str().unwrap(), None).await;
        assert_ne!(answer.text, r#"{"message":"Not Found"}"#, "{http}");
        count += 1;
    }
    assert_eq!(count, 9);
}
