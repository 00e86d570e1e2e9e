//! The function `import`: users who were enrolled in another system.

use local_stack::Options;
use serde_json::{Value, json};

use crate::support::{
    Answer, Fault, Fixture, Proxied, SECRET, User, code_now, enrol_app, enrol_phone, last_code, new_recovery_codes,
    own_stack, phone_number, stack, stack_with, user_key_of,
};

fn app(user: &User) -> Value {
    json!({"id": user.id, "method": "google", "secret_key": SECRET, "verified": true})
}

async fn import(fixture: &Fixture, users: &[Value]) -> Value {
    fixture.invoked("import", &json!({ "users": users })).await
}

fn answer(imported: u64, kept: u64) -> Value {
    json!({"imported": imported, "kept": kept, "failed": [], "unwritten": []})
}

/// The failed users: the index and the error pointers of each.
fn failed(answer: &Value) -> Vec<(u64, Vec<String>)> {
    let pointer = |error: &Value| {
        assert!(error["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{error}");
        error["pointer"].as_str().unwrap().to_owned()
    };
    let failed = answer["failed"].as_array().unwrap().iter();
    failed
        .map(|f| (f["index"].as_u64().unwrap(), f["errors"].as_array().unwrap().iter().map(pointer).collect()))
        .collect()
}

async fn events(fixture: &Fixture, user: &User) -> Vec<Value> {
    let events = Answer::of(user.http.get(format!("{}/local/events", fixture.stack.base_url()))).await.json();
    let of_user = events.as_array().unwrap().iter().filter(|event| event["subject"] == json!(user.id));
    of_user.map(|event| event["type"].clone()).collect()
}

#[tokio::test]
async fn users_who_are_brought_in_sign_in_as_if_they_had_enrolled_here() {
    let (ann, bob) = (stack().user(), stack().user());
    let phone = phone_number();
    let sms = json!({"id": bob.id, "method": "sms", "phone_prefix": 45, "phone": phone});
    assert_eq!(import(stack(), &[app(&ann), sms]).await, answer(2, 0));
    let settings = ann.settings().await;
    assert_eq!((&settings["secret_key"], &settings["verified"]), (&json!(SECRET), &json!(true)));
    ann.verify(&code_now(SECRET)).await.assert_no_content();
    assert_eq!(new_recovery_codes(&ann).await.len(), 10);
    let settings = bob.settings().await;
    assert_eq!((&settings["phone_prefix"], &settings["verified"]), (&json!(45), &json!(false)));
    assert!(stack().messages_to(&format!("+45{phone}")).is_empty(), "an import sends nothing");
    bob.send_code().await.assert_no_content();
    bob.verify(&last_code(stack(), &format!("+45{phone}"))).await.assert_no_content();
}

#[tokio::test]
async fn an_import_tells_nobody_and_what_the_user_does_next_is_a_change() {
    let user = stack().user();
    import(stack(), &[app(&user)]).await;
    assert_eq!(events(stack(), &user).await, Vec::<Value>::new());
    enrol_phone(&user).await;
    assert_eq!(events(stack(), &user).await, ["two-factor.changed"]);
    // An import over an event that was already sent does not send it again.
    let replaced = json!({"users": [app(&user)], "replace": true});
    assert_eq!(stack().invoked("import", &replaced).await, answer(1, 0));
    assert_eq!(events(stack(), &user).await.len(), 1);
}

#[tokio::test]
async fn settings_that_are_there_stay_unless_they_are_to_be_replaced() {
    let user = stack().user();
    enrol_phone(&user).await;
    let before = user.settings().await;
    assert_eq!(import(stack(), &[app(&user)]).await, answer(0, 1));
    assert_eq!(user.settings().await, before);
    let replace = json!({"users": [app(&user)], "replace": true});
    assert_eq!(stack().invoked("import", &replace).await, answer(1, 0));
    assert_eq!(user.settings().await["secret_key"], SECRET);
    // Importing twice changes nothing, and a user who has since disabled two-factor is imported again.
    assert_eq!(import(stack(), &[app(&user)]).await, answer(0, 1));
    user.patch(json!({"method": ""})).await.assert_no_content();
    assert_eq!(import(stack(), &[app(&user)]).await, answer(1, 0));
    assert!(!stack().table().user(&user.id).await.unwrap().contains_key("expires_at"));
}

#[tokio::test]
async fn replaced_settings_take_their_recovery_codes_with_them_and_leave_the_wrong_codes() {
    let user = stack().user();
    import(stack(), &[app(&user)]).await;
    user.verify(&code_now(SECRET)).await.assert_no_content();
    let codes = new_recovery_codes(&user).await;
    user.verify("000000").await;
    stack().invoked("import", &json!({"users": [app(&user)], "replace": true})).await;
    let item = stack().table().user(&user.id).await.unwrap();
    assert!(!item.contains_key("recovery_codes") && item.contains_key("failures"), "{item:?}");
    user.verify(&codes[0]).await.assert_problem(422, "invalid-code");
}

#[tokio::test]
async fn everything_that_is_wrong_is_said_at_once_by_index_and_pointer_and_the_others_are_brought_in() {
    let (good, id) = (stack().user(), stack().user().id);
    let users = [
        json!({"id": "not-a-number", "tenant": "acme", "method": "sms", "phone_prefix": 45.5, "verified": "yes"}),
        app(&good),
        json!({"id": id, "method": "google", "secret_key": "T42N0XFCPWEJMGJY"}),
        json!({"id": id, "method": "sms", "phone_prefix": 45, "phone": 1}),
        json!({"id": id, "method": ""}),
        json!({"id": id}),
        json!("hush"),
        json!({"id": good.id, "method": "google", "secret_key": SECRET}),
    ];
    let answer = import(stack(), &users).await;
    assert_eq!((&answer["imported"], &answer["kept"]), (&json!(1), &json!(0)));
    let expected: [(u64, &[&str]); 7] = [
        (0, &["#/id", "#/tenant", "#/phone_prefix", "#/phone", "#/verified"]),
        (2, &["#/secret_key"]),
        (3, &["#/phone"]),
        (4, &["#/method"]),
        (5, &["#/method"]),
        (6, &["#"]),
        (7, &["#/id"]),
    ];
    let expected = expected.map(|(index, pointers)| (index, pointers.iter().map(|p| (*p).to_owned()).collect()));
    assert_eq!(failed(&answer), expected);
    assert!(!answer.to_string().contains("hush") && !answer.to_string().contains("T42N"), "{answer}");
    assert_eq!(stack().table().user(&id).await, None);
}

#[tokio::test]
async fn more_than_500_are_refused_and_500_are_taken() {
    let fixture = own_stack(Options::default());
    let users: Vec<Value> =
        (1..=501).map(|id| json!({"id": id, "method": "google", "secret_key": SECRET, "verified": true})).collect();
    let refused = fixture.invoke("import", &json!({ "users": users })).await;
    let error = refused.json();
    assert_eq!((&error["errorType"], refused.status.as_u16()), (&json!("InvalidEvent"), 502));
    assert_eq!(error["errorMessage"], "the event has 501 users; at most 500 are taken");
    assert!(fixture.table().all().await.is_empty());
    assert_eq!(import(&fixture, &users[..500]).await, answer(500, 0));
    assert_eq!(import(&fixture, &[]).await, answer(0, 0));
}

#[tokio::test]
async fn a_dry_run_checks_and_writes_nothing() {
    let user = stack().user();
    let event = json!({"users": [app(&user), {"id": 0}], "dry_run": true});
    let answer = stack().invoked("import", &event).await;
    assert_eq!((&answer["imported"], failed(&answer)), (&json!(0), vec![(1, vec!["#/method".to_owned()])]));
    assert_eq!(stack().table().user(&user.id).await, None);
}

#[tokio::test]
async fn after_a_fault_the_answer_says_who_is_to_be_sent_again() {
    let stack = Proxied::start("import-faults");
    let users: Vec<User> = (0..4).map(|_| stack.fixture.user()).collect();
    let users: Vec<Value> = users.iter().map(app).collect();
    // The first attempt succeeds but its response is lost: the second finds the write done.
    stack.dynamodb.fail("UpdateItem", 1, Fault::CutAfter);
    assert_eq!(import(&stack.fixture, &users[..1]).await, answer(1, 0));
    stack.dynamodb.heal();
    stack.dynamodb.fail_after("UpdateItem", 1, 20, Fault::Refuse(500, "InternalServerError"));
    let cut_off = import(&stack.fixture, &users[1..]).await;
    assert_eq!(cut_off, json!({"imported": 1, "kept": 0, "failed": [], "unwritten": [1, 2]}));
    stack.dynamodb.heal();
    assert_eq!(import(&stack.fixture, &users).await, answer(2, 2));
}

#[tokio::test]
async fn with_tenants_every_user_has_one() {
    let fixture = stack_with([("TenantClaim", "tenant"), ("UserIdType", "string")]);
    let of = |tenant: Value, id: Value| json!({"id": id, "tenant": tenant, "method": "google", "secret_key": SECRET, "verified": true});
    let users = [
        of(json!("acme"), json!("auth0|5f7c")),
        of(json!("globex"), json!("auth0|5f7c")),
        of(json!(null), json!("a")),
        of(json!(""), json!("a")),
        of(json!("acme"), json!(42)),
    ];
    let answer = import(&fixture, &users).await;
    assert_eq!(answer["imported"], 2);
    let wrong = |pointer: &str| vec![pointer.to_owned()];
    assert_eq!(failed(&answer), [(2, wrong("#/tenant")), (3, wrong("#/tenant")), (4, wrong("#/id"))]);
    for tenant in ["acme", "globex"] {
        let user = fixture.user_with(json!({"sub": "auth0|5f7c", "tenant": tenant}));
        assert_eq!(user.settings().await["verified"], true);
    }
}

#[tokio::test]
async fn a_country_that_is_not_served_is_refused_here_too() {
    let fixture = stack_with([("SmsCountries", "SE")]);
    let user = json!({"id": 1, "method": "sms", "phone_prefix": 45, "phone": "20123456"});
    assert_eq!(failed(&import(&fixture, &[user]).await), [(0, vec!["#/phone_prefix".to_owned()])]);
}

#[tokio::test]
async fn an_import_is_one_log_line_with_counts_and_no_secret_and_what_is_stored_is_sealed() {
    let mut fixture = own_stack(Options::default());
    let (ann, bob) = (fixture.user(), fixture.user());
    let phone = phone_number();
    let users = [
        app(&ann),
        json!({"id": bob.id, "method": "sms", "phone_prefix": "45", "phone": phone}),
        json!({"id": "hush"}),
    ];
    import(&fixture, &users).await;
    fixture.invoke("import", &json!({"users": "hush", "secret_key": SECRET})).await;
    enrol_app(&bob).await;
    let stored = format!("{:?}", fixture.table().user(&user_key_of(&ann)["USER##".len()..]).await.unwrap());
    assert!(!stored.contains(SECRET), "{stored}");
    let lines = fixture.shut_down();
    let lines: Vec<&str> = lines.iter().filter(|l| l.function == "import").map(|l| l.line.as_str()).collect();
    for line in &lines {
        for secret in [SECRET, phone.as_str(), "hush"] {
            assert!(!line.contains(secret), "{line}");
        }
    }
    let parsed: Vec<Value> = lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    assert_eq!(parsed.len(), 2, "{lines:?}");
    let counts = ["outcome", "imported", "kept", "failed", "unwritten"].map(|name| parsed[0][name].clone());
    assert_eq!(counts, [json!("ok"), json!(2), json!(0), json!(1), json!(0)]);
    assert_eq!((&parsed[1]["level"], &parsed[1]["outcome"]), (&json!("ERROR"), &json!("InvalidEvent")));
}
