//! Events as AWS has sent them or may send them. Each function gets them unchanged, without the local stack's gateway.

use std::path::Path;

use serde_json::{Value, json};

use crate::support::{ROUTES, stack};

/// The sample event of a function, from `events/`.
fn event(function: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events").join(format!("{function}.json"));
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

#[tokio::test]
async fn a_claim_that_is_no_string_and_a_header_that_is_no_ascii_fail_no_request_of_any_function() {
    for route in ROUTES {
        let mut event = event(route.function);
        event["headers"]["x-name"] = json!("J\u{f8}rgen");
        let claims = &mut event["requestContext"]["authorizer"]["jwt"]["claims"];
        for (name, value) in [
            ("email_verified", json!(true)),
            ("auth_time", json!(1_764_068_500)),
            ("score", json!(0.5)),
            ("groups", json!(["a", "b"])),
            ("address", json!({"country": "DK"})),
            ("nickname", json!(null)),
        ] {
            claims[name] = value;
        }
        let response = stack().invoked(route.function, &event).await;
        let status = response["statusCode"].as_u64().unwrap_or_else(|| panic!("{}: {response}", route.function));
        assert!(matches!(status, 200 | 204 | 403 | 409 | 422), "{}: {response}", route.function);
        assert!(!response.to_string().contains("caller-not-identified"), "{}: {response}", route.function);
    }
}

#[tokio::test]
async fn a_user_id_that_is_a_number_in_the_event_is_read_as_its_digits() {
    let mut event = event("get-settings");
    event["requestContext"]["authorizer"]["jwt"]["claims"]["sub"] = json!(42);
    let response = stack().invoked("get-settings", &event).await;
    assert_eq!(response["statusCode"], 200, "{response}");
}
