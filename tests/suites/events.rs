//! Events for other systems, as they arrive after the template's stream and pipe.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{
    Answer, Fault, Fixture, Proxied, SECRET, User, code_now, enrol_app, enrol_phone, last_code, new_recovery_codes,
    own_stack, recovery_codes, stack, stack_with, user_key_of, wrong_code,
};

const SCHEMA: &str = include_str!("../../shared/two-factor-event.schema.json");

/// The events about `user`, oldest first.
async fn events(fixture: &Fixture, user: &User) -> Vec<Value> {
    let request = user.http.get(format!("{}/local/events", fixture.stack.base_url()));
    let all: Vec<Value> = serde_json::from_str(&Answer::of(request).await.text).unwrap();
    all.into_iter().filter(|event| event["subject"] == json!(user.id)).collect()
}

/// Type, method, actor and proof of each event about `user`.
async fn told(fixture: &Fixture, user: &User) -> Vec<[String; 4]> {
    let members = |event: Value| {
        ["type", "method", "actor", "proof"].map(|name| {
            let text = event[name].as_str().unwrap_or_else(|| panic!("{name} of {event}")).to_owned();
            text.trim_start_matches("two-factor.").replace(&user.id, "self")
        })
    };
    events(fixture, user).await.into_iter().map(members).collect()
}

fn event(type_: &str, method: &str, actor: &str, proof: &str) -> [String; 4] {
    [type_, method, actor, proof].map(str::to_owned)
}

#[tokio::test]
async fn a_life_with_an_app_is_told_in_its_order() {
    let (user, admin) = (stack().user(), stack().user_with(json!({"scope": "users:edit"})));
    let codes = recovery_codes(&user).await;
    user.verify(&codes[0]).await.assert_no_content();
    enrol_phone(&user).await;
    user.patch(json!({"method": ""})).await.assert_no_content();
    enrol_app(&user).await;
    user.post("/api/two-factor/reset").await.assert_no_content();
    enrol_app(&user).await;
    admin.post(&format!("/api/users/{}/two-factor/reset", user.id)).await.assert_no_content();
    assert_eq!(
        told(stack(), &user).await,
        [
            event("enabled", "google", "self", "token"),
            event("verified", "google", "self", "code"),
            event("recovery-codes-created", "", "self", "code"),
            event("recovery-code-used", "", "self", "recovery-code"),
            event("changed", "sms", "self", "token"),
            event("disabled", "", "self", "token"),
            event("enabled", "google", "self", "token"),
            event("reset", "", "self", "token"),
            event("enabled", "google", "self", "token"),
            event("reset", "", &admin.id, "permission"),
        ]
    );
}

#[tokio::test]
async fn a_verification_is_told_once_and_a_later_sign_in_is_no_news() {
    let user = stack().user();
    let number = enrol_phone(&user).await;
    for _ in 0..2 {
        user.send_code().await.assert_no_content();
        user.verify(&last_code(stack(), &number)).await.assert_no_content();
        stack().table().let_pass(&user_key_of(&user), 60).await;
    }
    let types: Vec<String> = told(stack(), &user).await.into_iter().map(|[type_, ..]| type_).collect();
    assert_eq!(types, ["enabled", "verified"]);
}

#[tokio::test]
async fn where_nothing_is_set_nothing_is_disabled_or_reset() {
    let user = stack().user();
    user.patch(json!({"method": ""})).await.assert_no_content();
    user.post("/api/two-factor/reset").await.assert_no_content();
    enrol_app(&user).await;
    user.patch(json!({"method": ""})).await.assert_no_content();
    user.patch(json!({"method": ""})).await.assert_no_content();
    user.post("/api/two-factor/reset").await.assert_no_content();
    let types: Vec<String> = told(stack(), &user).await.into_iter().map(|[type_, ..]| type_).collect();
    assert_eq!(types, ["enabled", "disabled"]);
}

#[tokio::test]
async fn the_wrong_code_that_brings_a_wait_is_told_and_the_next_one_that_does_too() {
    let user = stack().user();
    enrol_app(&user).await;
    for _ in 0..5 {
        user.verify(&wrong_code(SECRET)).await.assert_problem(422, "invalid-code");
    }
    user.verify(&code_now(SECRET)).await.assert_problem(429, "too-many-attempts");
    let locked = event("locked", "google", "self", "token");
    assert_eq!(told(stack(), &user).await, [event("enabled", "google", "self", "token"), locked.clone()]);

    stack().table().let_pass(&user_key_of(&user), 60).await;
    user.verify(&wrong_code(SECRET)).await.assert_problem(422, "invalid-code");
    assert_eq!(told(stack(), &user).await[2..], [locked]);
}

#[tokio::test]
async fn a_right_fifth_code_is_told_as_nothing_but_what_it_does() {
    let user = stack().user();
    enrol_app(&user).await;
    for _ in 0..4 {
        user.verify(&wrong_code(SECRET)).await.assert_problem(422, "invalid-code");
    }
    user.verify(&code_now(SECRET)).await.assert_no_content();
    let types: Vec<String> = told(stack(), &user).await.into_iter().map(|[type_, ..]| type_).collect();
    assert_eq!(types, ["enabled", "verified"]);
}

/// The write that announces a lock is lost, so a later attempt that the wait refuses announces it, once.
#[tokio::test]
async fn a_lock_whose_telling_was_lost_is_told_by_the_next_attempt_and_once() {
    let proxied = Proxied::start("lost-lock");
    let user = proxied.fixture.user();
    enrol_app(&user).await;
    for _ in 0..4 {
        user.verify(&wrong_code(SECRET)).await.assert_problem(422, "invalid-code");
    }
    proxied.dynamodb.fail_after("UpdateItem", 1, 5, Fault::CutBefore);
    user.verify(&wrong_code(SECRET)).await.assert_problem(422, "invalid-code");
    proxied.dynamodb.heal();
    let table = proxied.fixture.table();
    assert_eq!(table.user(&user.id).await.unwrap().get("event_type"), None);
    // While the function that counted the attempt may still be running, no other one announces the lock.
    user.verify(&wrong_code(SECRET)).await.assert_problem(429, "too-many-attempts");
    assert_eq!(table.user(&user.id).await.unwrap().get("event_type"), None);
    table.let_pass(&user_key_of(&user), 20).await;
    user.verify(&wrong_code(SECRET)).await.assert_problem(429, "too-many-attempts");
    let told = table.user(&user.id).await.unwrap();
    assert_eq!(told["event_type"].as_s().unwrap(), "two-factor.locked");
    user.verify(&wrong_code(SECRET)).await.assert_problem(429, "too-many-attempts");
    assert_eq!(table.user(&user.id).await.unwrap()["event"], told["event"]);
}

#[tokio::test]
async fn a_change_by_code_or_recovery_code_says_which() {
    let hardened = stack_with([("StepUp", "code")]);
    let user = hardened.user();
    let code = recovery_codes(&user).await.swap_remove(0);
    user.patch(json!({"method": "", "key": code})).await.assert_no_content();
    assert_eq!(
        told(&hardened, &user).await,
        [
            event("enabled", "google", "self", "token"),
            event("verified", "google", "self", "code"),
            event("recovery-codes-created", "", "self", "code"),
            event("disabled", "", "self", "recovery-code"),
        ]
    );
}

#[tokio::test]
async fn every_event_fits_its_schema_and_the_schema_promises_nothing_else() {
    let user = stack().user_with(json!({"scope": "users:edit"}));
    recovery_codes(&user).await;
    user.patch(json!({"method": ""})).await.assert_no_content();
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let properties = schema["properties"].as_object().unwrap();
    let required: BTreeSet<&str> = schema["required"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
    assert_eq!(schema["additionalProperties"], false);
    let events = events(stack(), &user).await;
    assert_eq!(events.len(), 4, "{events:?}");
    for event in &events {
        let members: BTreeSet<&str> = event.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, required);
        assert_eq!(members, properties.keys().map(String::as_str).collect());
        for (name, property) in properties {
            let text = event[name].as_str().unwrap();
            assert_eq!(property["type"], "string");
            if let Some(allowed) = property["enum"].as_array() {
                assert!(allowed.contains(&json!(text)), "{name}: {text}");
            }
            if let Some(pattern) = property["pattern"].as_str() {
                assert!(regex_lite::Regex::new(pattern).unwrap().is_match(text), "{name}: {text}");
            }
        }
    }
}

#[tokio::test]
async fn every_type_of_the_schema_is_one_that_is_told() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let promised: BTreeSet<&str> =
        schema["properties"]["type"]["enum"].as_array().unwrap().iter().map(|type_| type_.as_str().unwrap()).collect();
    let user = stack().user();
    let codes = recovery_codes(&user).await;
    user.verify(&codes[0]).await.assert_no_content();
    enrol_app(&user).await;
    for _ in 0..5 {
        user.verify(&wrong_code(SECRET)).await.assert_problem(422, "invalid-code");
    }
    user.patch(json!({"method": ""})).await.assert_no_content();
    enrol_app(&user).await;
    user.post("/api/two-factor/reset").await.assert_no_content();
    let told = events(stack(), &user).await;
    assert_eq!(told.iter().map(|event| event["type"].as_str().unwrap()).collect::<BTreeSet<_>>(), promised);
}

#[tokio::test]
async fn no_event_holds_a_secret_a_code_or_a_number() {
    let fixture = own_stack(local_stack::Options::default());
    let user = fixture.user();
    let number = enrol_phone(&user).await;
    user.send_code().await.assert_no_content();
    let code = last_code(&fixture, &number);
    user.verify(&code).await.assert_no_content();
    let codes = new_recovery_codes(&user).await;
    user.verify(&codes[0]).await.assert_no_content();
    enrol_app(&user).await;
    let item = fixture.table().user(&user.id).await.unwrap();
    let sealed = item["secret"].as_s().unwrap().clone();
    let text = format!("{:?}", events(&fixture, &user).await);
    for hidden in [SECRET, &number[1..], &number[3..], &codes[0], &codes[0].replace('-', ""), &sealed] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
    assert!(!text.contains(&format!("\"{code}\"")), "{text}");
}

#[tokio::test]
async fn the_events_of_tenants_name_their_tenant() {
    let tenants = stack_with([("TenantClaim", "org")]);
    let user = tenants.user_with(json!({"org": "acme"}));
    enrol_app(&user).await;
    let told = events(&tenants, &user).await;
    assert_eq!(told.iter().map(|event| event["tenant"].as_str().unwrap()).collect::<Vec<_>>(), ["acme"]);
}
