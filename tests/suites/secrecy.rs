//! What must not be readable anywhere: not in a log line of a whole run, not in a stored item.

use local_stack::Options;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Fault, Proxied, SECRET, User, code_now, enrol_app, enrol_phone, last_code, new_recovery_codes, own_stack, stack,
    wrong_code,
};

/// Everything that must stay secret, in the form in which a text would contain it.
#[derive(Default)]
struct Secrets(Vec<String>);

impl Secrets {
    fn add(&mut self, secret: impl Into<String>) {
        self.0.push(secret.into());
    }

    fn assert_absent_from(&self, text: &str) {
        for secret in &self.0 {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
}

async fn walk(user: &User, admin: &User, messages: impl Fn(&str) -> String, secrets: &mut Secrets) {
    secrets.add(&user.token);
    secrets.add(user.token.split('.').nth(1).unwrap());
    secrets.add(SECRET);
    enrol_app(user).await;
    user.settings().await;
    assert_eq!(user.get("/api/two-factor/qr").await.status, 200);
    let generated = user.get("/api/two-factor/secret").await.json()["data"]["secret_key"].as_str().unwrap().to_owned();
    secrets.add(generated);
    for code in [code_now(SECRET), wrong_code(SECRET)] {
        user.verify(&code).await;
        secrets.add(format!("\"{code}\""));
    }
    user.patch(json!({"method": "google", "secret_key": "NOTBASE32-SECRET-11118888"}))
        .await
        .assert_problem(422, "invalid-fields");
    secrets.add("NOTBASE32");
    secrets.add("11118888");
    user.send(
        Method::PATCH,
        "/api/two-factor",
        Some(("{ \"secret_key\": \"HALFASECRET".to_owned(), "application/json")),
    )
    .await;
    secrets.add("HALFASECRET");

    let phone = enrol_phone(user).await;
    secrets.add(&phone["+45".len()..]);
    user.send_code().await.assert_no_content();
    let code = messages(&phone);
    user.verify(&code).await.assert_no_content();
    secrets.add(format!("\"{code}\""));
    let codes = new_recovery_codes(user).await;
    user.verify(&codes[0]).await.assert_no_content();
    for code in codes {
        secrets.add(code.replace('-', ""));
        secrets.add(code);
    }
    user.send_code().await.assert_problem(429, "too-many-sends");
    for _ in 0..6 {
        user.verify("987654").await;
    }
    secrets.add("987654");
    user.patch(json!({"method": "sms", "phone_prefix": 45, "phone": "20123"}))
        .await
        .assert_problem(422, "invalid-fields");
    admin.post(&format!("/api/users/{}/two-factor/reset", user.id)).await.assert_no_content();
    user.post("/api/users/77/two-factor/reset").await.assert_problem(403, "edit-permission-required");
}

#[tokio::test]
async fn no_log_line_of_a_whole_run_holds_a_secret_a_code_a_token_or_a_number() {
    let Proxied { mut fixture, dynamodb, sns } = Proxied::start("secrecy");
    let user = fixture.user();
    let admin = fixture.user_with(json!({"scope": "users:edit"}));
    let mut secrets = Secrets::default();
    secrets.add(&admin.token);
    walk(&user, &admin, |phone| last_code(stack(), phone), &mut secrets).await;

    // Faults are included because their reasons are logged.
    let faults = [
        Fault::Refuse(500, "InternalServerErrorException"),
        Fault::Refuse(400, "ValidationException"),
        Fault::CutAfter,
    ];
    for fault in faults {
        let user = fixture.user();
        secrets.add(&user.token);
        enrol_app(&user).await;
        let code = code_now(SECRET);
        secrets.add(format!("\"{code}\""));
        dynamodb.fail("UpdateItem", 6, fault);
        user.verify(&code).await;
        dynamodb.heal();
        let phone = enrol_phone(&user).await;
        secrets.add(&phone["+45".len()..]);
        sns.fail("Publish", 1, fault);
        user.send_code().await;
        sns.heal();
    }

    on_shutdown(&mut fixture, |lines| {
        let requests = lines.iter().filter(|line| line["outcome"].is_string()).count();
        assert!(requests > 30, "{requests} requests were logged");
        let outcomes: Vec<&str> = lines.iter().filter_map(|line| line["outcome"].as_str()).collect();
        for outcome in ["ok", "invalid-code", "too-many-attempts", "too-many-sends", "unavailable", "internal"] {
            assert!(outcomes.contains(&outcome), "{outcome} was logged");
        }
        for line in lines {
            secrets.assert_absent_from(&line.to_string());
        }
    });
}

#[tokio::test]
async fn every_request_is_one_log_line_with_its_id_its_outcome_and_its_event() {
    let mut fixture = own_stack(Options::default());
    let user = fixture.user();
    let admin = fixture.user_with(json!({"scope": "users:edit", "sub": "7"}));
    enrol_app(&user).await;
    user.verify(&code_now(SECRET)).await.assert_no_content();
    let refused = user.verify(&wrong_code(SECRET)).await;
    let request_id = refused.assert_problem(422, "invalid-code")["request_id"].as_str().unwrap().to_owned();
    let phone = enrol_phone(&user).await;
    user.send_code().await.assert_no_content();
    user.send_code().await.assert_problem(429, "too-many-sends");
    user.verify(&last_code(&fixture, &phone)).await.assert_no_content();
    admin.post(&format!("/api/users/{}/two-factor/reset", user.id)).await.assert_no_content();
    user.patch(json!({"method": ""})).await.assert_no_content();

    let (id, expected_id) = (user.id.clone(), request_id);
    on_shutdown(&mut fixture, |lines| {
        let events: Vec<_> = lines.iter().filter_map(|line| line["event"].as_str()).collect();
        let mut sorted = events.clone();
        sorted.sort_unstable();
        assert_eq!(
            sorted,
            ["code_sent", "disabled", "enrolled", "enrolled", "reset", "throttled", "verified", "verified"]
        );
        let reset = lines.iter().find(|line| line["event"] == "reset").unwrap();
        assert_eq!((&reset["actor"], &reset["subject"]), (&json!("7"), &json!(id)));
        let refused = lines.iter().find(|line| line["outcome"] == "invalid-code").unwrap();
        assert_eq!(refused["request_id"], json!(expected_id));
        assert_eq!((&refused["function"], &refused["status"]), (&json!("verify"), &json!(422)));
    });
}

#[tokio::test]
async fn no_stored_item_holds_a_secret_a_code_or_a_number_in_plain() {
    let fixture = own_stack(Options::default());
    let admin = fixture.user_with(json!({"scope": "users:edit"}));
    let mut secrets = Secrets::default();
    walk(&fixture.user(), &admin, |phone| last_code(&fixture, phone), &mut secrets).await;
    let app = fixture.user();
    enrol_app(&app).await;
    app.verify(&code_now(SECRET)).await.assert_no_content();
    let sms = fixture.user();
    let phone = enrol_phone(&sms).await;
    sms.send_code().await.assert_no_content();
    secrets.add(&phone["+45".len()..]);
    secrets.add(format!("\"{}\"", last_code(&fixture, &phone)));
    let items = fixture.table().all().await;
    assert!(items.len() >= 4);
    for item in items {
        secrets.assert_absent_from(&format!("{item:?}"));
    }
}

fn on_shutdown(fixture: &mut crate::support::Fixture, check: impl FnOnce(Vec<Value>)) {
    let lines = fixture.shut_down();
    check(lines.iter().map(|line| serde_json::from_str(&line.line).unwrap_or(json!(line.line))).collect());
}
