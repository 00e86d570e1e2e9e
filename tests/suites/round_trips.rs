//! What each request costs in calls to AWS: the latency and the price of a function are its round trips.

use local_stack::Options;
use serde_json::json;

use crate::support::{
    Fixture, Proxy, SECRET, code_now, enrol_app, enrol_phone, last_code, own_stack, stack, user_key_of, wrong_code,
};

/// A stack whose functions reach their engines through proxies that write the calls down.
struct Counted {
    fixture: Fixture,
    dynamodb: Proxy,
    sns: Proxy,
}

impl Counted {
    /// `name` names the stack, and so a table of its own in the engine they share.
    fn start(name: &str) -> Self {
        let engines = stack().stack.info();
        let (dynamodb, sns) = (Proxy::start(&engines.dynamodb_endpoint), Proxy::start(&engines.sns_endpoint));
        let fixture = own_stack(Options {
            dynamodb_endpoint: Some(dynamodb.endpoint.clone()),
            sns_endpoint: Some(sns.endpoint.clone()),
            stack_name: name.to_owned(),
            ..Options::default()
        });
        Self { fixture, dynamodb, sns }
    }

    /// The calls since the last time this was asked.
    fn calls(&self) -> Vec<String> {
        [self.dynamodb.take_calls(), self.sns.take_calls()].concat()
    }
}

#[tokio::test]
async fn each_endpoint_stays_within_its_budget_of_calls() {
    let counted = Counted::start("budget");
    let user = counted.fixture.user();
    let admin = counted.fixture.user_with(json!({"scope": "users:edit"}));
    counted.calls();

    user.settings().await;
    assert_eq!(counted.calls(), ["GetItem"]);

    assert_eq!(user.get("/api/two-factor/secret").await.status, 200);
    assert_eq!(counted.calls(), [""; 0]);

    enrol_app(&user).await;
    assert_eq!(counted.calls(), ["UpdateItem"]);

    assert_eq!(user.get("/api/two-factor/qr").await.status, 200);
    assert_eq!(counted.calls(), ["GetItem"]);

    user.verify(&code_now(SECRET)).await.assert_no_content();
    assert_eq!(counted.calls(), ["UpdateItem", "UpdateItem"]);

    user.verify(&wrong_code(SECRET)).await.assert_problem(422, "invalid-code");
    assert_eq!(counted.calls(), ["UpdateItem"]);

    user.verify("12345").await.assert_problem(422, "invalid-fields");
    assert_eq!(counted.calls(), [""; 0]);

    user.patch(json!({"method": "pager"})).await.assert_problem(422, "invalid-fields");
    assert_eq!(counted.calls(), [""; 0]);

    let phone = enrol_phone(&user).await;
    counted.calls();
    user.send_code().await.assert_no_content();
    assert_eq!(counted.calls(), ["GetItem", "TransactWriteItems", "Publish"]);

    user.send_code().await.assert_problem(429, "too-many-sends");
    assert_eq!(counted.calls(), ["GetItem"]);

    let messages = stack().messages_to(&phone);
    assert_eq!(messages.len(), 1);
    user.verify(&last_code(stack(), &phone)).await.assert_no_content();
    assert_eq!(counted.calls(), ["UpdateItem", "UpdateItem"]);

    user.patch(json!({"method": ""})).await.assert_no_content();
    assert_eq!(counted.calls(), ["UpdateItem"]);

    user.post("/api/two-factor/reset").await.assert_no_content();
    assert_eq!(counted.calls(), ["UpdateItem"]);

    admin.post(&format!("/api/users/{}/two-factor/reset", user.id)).await.assert_no_content();
    assert_eq!(counted.calls(), ["UpdateItem"]);

    user.post("/api/users/1/two-factor/reset").await.assert_problem(403, "edit-permission-required");
    assert_eq!(counted.calls(), [""; 0]);
}

#[tokio::test]
async fn a_throttled_attempt_costs_one_call() {
    let counted = Counted::start("throttled");
    let user = counted.fixture.user();
    enrol_app(&user).await;
    for _ in 0..5 {
        user.verify(&wrong_code(SECRET)).await.assert_problem(422, "invalid-code");
    }
    counted.calls();
    user.verify(&code_now(SECRET)).await.assert_problem(429, "too-many-attempts");
    assert_eq!(counted.calls(), ["UpdateItem"]);
}

#[tokio::test]
async fn a_number_full_of_sends_of_days_ago_costs_one_call_more() {
    let counted = Counted::start("full-number");
    let (first, second) = (counted.fixture.user(), counted.fixture.user());
    let phone = enrol_phone(&first).await;
    let table = counted.fixture.table();
    for _ in 0..10 {
        first.send_code().await.assert_no_content();
        table.let_pass(&user_key_of(&first), 86_400).await;
    }
    second.patch(json!({"method": "sms", "phone_prefix": 45, "phone": &phone[3..]})).await.assert_no_content();
    counted.calls();
    second.send_code().await.assert_problem(429, "too-many-sends");
    assert_eq!(counted.calls(), ["GetItem", "TransactWriteItems"]);

    let items = table.all().await;
    let number = items.iter().find_map(|item| item["pk"].as_s().ok().filter(|key| key.starts_with("NUMBER#")));
    table.let_pass(number.expect("the number has an item"), 86_400).await;
    counted.calls();
    second.send_code().await.assert_no_content();
    assert_eq!(counted.calls(), ["GetItem", "TransactWriteItems", "TransactWriteItems", "Publish"]);
}
