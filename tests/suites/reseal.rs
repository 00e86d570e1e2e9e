//! The function `reseal`: values sealed with an older key are sealed anew, while other requests go on.

use std::time::Duration;

use local_stack::Options;
use serde_json::{Value, json};
use tokio::time::Instant;
use two_factor::store::user_key;

use crate::support::{
    Answer, Fault, Fixture, Proxy, SECRET, code_now, enrol_app, enrol_phone, keyring, last_code, stack, with_keys,
};

const OTHER_SECRET: &str = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";

fn options(name: &str) -> Options {
    let engines = stack().stack.info();
    Options {
        dynamodb_endpoint: Some(engines.dynamodb_endpoint.clone()),
        sns_endpoint: Some(engines.sns_endpoint.clone()),
        stack_name: name.to_owned(),
        ..Options::default()
    }
}

/// A stack with its own table and k1 as its only key.
fn before(name: &str) -> Fixture {
    with_keys(&keyring("k1", &["k1"]), options(name))
}

fn after(fixture: &Fixture) -> Fixture {
    fixture.with_other_keys(&keyring("k2", &["k1", "k2"]))
}

#[tokio::test]
async fn what_an_old_key_sealed_is_sealed_anew_and_then_the_old_key_can_go() {
    let first = before("reseal-all");
    let (app, sms, disabled) = (first.user(), first.user(), first.user());
    enrol_app(&app).await;
    enrol_phone(&sms).await;
    enrol_app(&disabled).await;
    disabled.patch(json!({"method": ""})).await.assert_no_content();
    let expected = (app.settings().await, sms.settings().await);

    let second = after(&first);
    assert_eq!(second.sealed_by().await, json!({"k1": 2, "k2": 0}));
    let done = second.reseal_to_end(json!({"segment": 0, "segments": 1, "cursor": null})).await;
    assert_eq!((&done["scanned"], &done["resealed"], &done["unopened"]), (&json!(3), &json!(2), &json!(0)));
    assert_eq!(second.sealed_by().await, json!({"k1": 0, "k2": 2}));
    let again = second.reseal_to_end(json!({})).await;
    assert_eq!((&again["scanned"], &again["resealed"]), (&json!(3), &json!(0)));

    let third = second.with_other_keys(&keyring("k2", &["k2"]));
    for (user, settings) in [(&app, &expected.0), (&sms, &expected.1)] {
        let user = third.user_with(json!({"sub": user.id}));
        assert_eq!(user.settings().await, *settings);
    }
}

#[tokio::test]
async fn segments_go_through_the_whole_table_between_them() {
    let first = before("reseal-segments");
    for _ in 0..12 {
        enrol_app(&first.user()).await;
    }
    let second = after(&first);
    let (mut scanned, mut resealed) = (0, 0);
    for segment in 0..3 {
        let done = second.reseal_to_end(json!({"segment": segment, "segments": 3, "cursor": null})).await;
        scanned += done["scanned"].as_u64().unwrap();
        resealed += done["resealed"].as_u64().unwrap();
    }
    assert_eq!((scanned, resealed), (12, 12));
}

#[tokio::test]
async fn new_settings_that_come_between_reading_and_writing_stay() {
    let first = before("reseal-race");
    let user = first.user();
    enrol_app(&user).await;
    let proxy = Proxy::start(&stack().stack.info().dynamodb_endpoint);
    let keys = keyring("k2", &["k1", "k2"]);
    let behind =
        with_keys(&keys, Options { dynamodb_endpoint: Some(proxy.endpoint.clone()), ..options("reseal-race") });
    proxy.fail("UpdateItem", 1, Fault::Delay(500));
    let change = async {
        proxy.hit().await;
        user.patch(json!({"method": "google", "secret_key": OTHER_SECRET})).await.assert_no_content();
    };
    let (done, ()) = tokio::join!(behind.reseal_to_end(json!({})), change);
    assert_eq!((&done["scanned"], &done["resealed"]), (&json!(1), &json!(0)));
    assert_eq!(user.settings().await["secret_key"], OTHER_SECRET);
    // The old key sealed the new settings, so the next run still has something to do.
    assert_eq!(behind.reseal_to_end(json!({})).await["resealed"], 1);
    assert_eq!(user_after(&behind, &user.id).settings().await["secret_key"], OTHER_SECRET);
}

fn user_after(fixture: &Fixture, id: &str) -> crate::support::User {
    fixture.user_with(json!({ "sub": id }))
}

#[tokio::test]
async fn a_code_on_its_way_and_an_attempt_on_its_way_do_not_notice() {
    let first = before("reseal-codes");
    let (app, sms) = (first.user(), first.user());
    enrol_app(&app).await;
    let phone = enrol_phone(&sms).await;
    sms.send_code().await.assert_no_content();
    let proxy = Proxy::start(&stack().stack.info().dynamodb_endpoint);
    let slow = with_keys(
        &keyring("k1", &["k1", "k2"]),
        Options { dynamodb_endpoint: Some(proxy.endpoint.clone()), ..options("reseal-codes") },
    );
    let second = after(&first);
    // The attempt is counted, then its item is resealed, then the code is accepted.
    proxy.fail_after("UpdateItem", 1, 1, Fault::Delay(500));
    let slow_app = user_after(&slow, &app.id);
    let code = code_now(SECRET);
    let resealing = async {
        proxy.hit().await;
        second.reseal_to_end(json!({})).await
    };
    let (accepted, done) = tokio::join!(slow_app.verify(&code), resealing);
    accepted.assert_no_content();
    assert_eq!(done["resealed"], 2);
    user_after(&second, &app.id).verify(&code).await.assert_problem(422, "invalid-code");
    user_after(&second, &sms.id).verify(&last_code(stack(), &phone)).await.assert_no_content();
}

#[tokio::test]
async fn resealing_tells_nobody_anything_and_repeats_nothing() {
    let first =
        with_keys(&keyring("k1", &["k1"]), Options { stack_name: "reseal-events".to_owned(), ..Options::default() });
    let user = first.user();
    enrol_app(&user).await;
    let second = after(&first);
    assert_eq!(second.reseal_to_end(json!({})).await["resealed"], 1);
    let events = Answer::of(user.http.get(format!("{}/local/events", first.stack.base_url()))).await.json();
    let types: Vec<&Value> = events.as_array().unwrap().iter().map(|event| &event["type"]).collect();
    assert_eq!(types, ["two-factor.enabled"]);
    // The next event is the same as without resealing.
    enrol_app(&user_after(&second, &user.id)).await;
    let events = Answer::of(user.http.get(format!("{}/local/events", first.stack.base_url()))).await.json();
    assert_eq!(events[1]["type"], "two-factor.changed");
}

#[tokio::test]
async fn a_value_that_no_key_opens_is_counted_and_stays() {
    let first = before("reseal-unopened");
    let user = first.user();
    enrol_app(&user).await;
    let second = first.with_other_keys(&keyring("k3", &["k3"]));
    let done = second.reseal_to_end(json!({})).await;
    assert_eq!((&done["resealed"], &done["unopened"]), (&json!(0), &json!(1)));
    assert_eq!(second.sealed_by().await, json!({"k1": 1, "k3": 0}));
    assert_eq!(user.settings().await["secret_key"], SECRET);
}

#[tokio::test]
async fn a_fault_on_the_way_ends_an_invocation_early_and_the_next_one_goes_on() {
    let first = before("reseal-faults");
    for _ in 0..12 {
        enrol_app(&first.user()).await;
    }
    let proxy = Proxy::start(&stack().stack.info().dynamodb_endpoint);
    let small_pages = [("ResealItemsPerSecond".to_owned(), "5".to_owned())].into();
    let behind = with_keys(
        &keyring("k2", &["k1", "k2"]),
        Options {
            dynamodb_endpoint: Some(proxy.endpoint.clone()),
            parameters: small_pages,
            ..options("reseal-faults")
        },
    );
    // If nothing was done, it fails with the error name that the state machine retries.
    proxy.fail("Scan", 9, Fault::Refuse(400, "ProvisionedThroughputExceededException"));
    let failed = behind.invoke("reseal", &json!({})).await;
    assert_eq!((failed.status.as_u16(), &failed.json()["errorType"]), (502, &json!("Unavailable")));
    proxy.heal();
    // If one page was done, it returns how far it got.
    proxy.fail_after("Scan", 1, 9, Fault::Refuse(400, "ProvisionedThroughputExceededException"));
    let early = behind.invoked("reseal", &json!({})).await;
    assert_eq!((&early["scanned"], &early["resealed"]), (&json!(5), &json!(5)));
    proxy.heal();
    let begun = Instant::now();
    let done = behind.reseal_to_end(early).await;
    assert_eq!((&done["scanned"], &done["resealed"]), (&json!(12), &json!(12)));
    // Seven more at five a second: the second page waits until the first page's second is over.
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_cursor_names_nobody_and_is_good_for_its_segment_alone() {
    let first = before("reseal-cursor");
    for _ in 0..4 {
        enrol_app(&first.user()).await;
    }
    let proxy = Proxy::start(&stack().stack.info().dynamodb_endpoint);
    let behind = with_keys(
        &keyring("k2", &["k1", "k2"]),
        Options {
            dynamodb_endpoint: Some(proxy.endpoint.clone()),
            parameters: [("ResealItemsPerSecond".to_owned(), "2".to_owned())].into(),
            ..options("reseal-cursor")
        },
    );
    proxy.fail_after("Scan", 1, 9, Fault::CutBefore);
    let early = behind.invoked("reseal", &json!({})).await;
    proxy.heal();
    let cursor = early["cursor"].as_str().unwrap();
    assert!(cursor.starts_with("k2.") && !cursor.contains("USER"), "{cursor}");
    for event in [
        json!({"segment": 0, "segments": 2, "cursor": cursor}),
        json!({"cursor": "USER##1001"}),
        json!({"cursor": cursor.replace("k2.", "k1.")}),
    ] {
        let refused = behind.invoke("reseal", &event).await;
        let error = refused.json();
        assert_eq!(error["errorMessage"], "the cursor is not one of this segment", "{event}");
    }
}

#[tokio::test]
async fn an_event_that_is_none_is_refused_without_quoting_it() {
    for event in [json!([]), json!({"segment": 1}), json!({"segments": 0}), json!({"secret": "hush"}), json!("hush")] {
        let refused = stack().invoke("reseal", &event).await;
        assert_eq!(refused.status, 502);
        assert_eq!(refused.json()["errorType"], "InvalidEvent", "{event}");
        assert!(!refused.text.contains("hush"), "{refused:?}");
    }
}

#[tokio::test]
async fn only_an_event_of_json_for_a_function_that_there_is_gets_to_one() {
    let http = reqwest::Client::new();
    let post = |function: &str| http.post(format!("{}/local/invoke/{function}", stack().stack.base_url()));
    assert_eq!(Answer::of(post("nonesuch").body("{}")).await.status, 404);
    assert_eq!(Answer::of(post("reseal").body("{")).await.status, 400);
    assert_eq!(Answer::of(post("reseal").body("{}").header("origin", "https://evil.example")).await.status, 403);
}

#[tokio::test]
async fn the_key_of_an_item_binds_what_is_sealed_anew() {
    let first = before("reseal-bound");
    let (ann, bob) = (first.user(), first.user());
    enrol_app(&ann).await;
    enrol_app(&bob).await;
    let second = after(&first);
    second.reseal_to_end(json!({})).await;
    let table = second.table();
    let key = |id: &str| user_key(&two_factor::identity::user::User { tenant: String::new(), id: id.to_owned() });
    let sealed = table.item(&key(&ann.id)).await.unwrap()["secret"].clone();
    table.put(&key(&bob.id), "secret", sealed).await;
    assert_eq!(user_after(&second, &bob.id).get("/api/two-factor").await.status, 500);
}
