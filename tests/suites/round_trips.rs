//! The calls to AWS that each request makes: round trips are what a function costs in time and money.

use serde_json::json;

use crate::support::{
    Proxied, SECRET, code_now, enrol_app, enrol_phone, last_code, new_recovery_codes, stack, user_key_of, wrong_code,
};

#[tokio::test]
async fn each_endpoint_stays_within_its_budget_of_calls() {
    let counted = Proxied::start("budget");
    let user = counted.fixture.user();
    let admin = counted.fixture.user_with(json!({"scope": "users:edit"}));
    counted.take_calls();

    user.settings().await;
    assert_eq!(counted.take_calls(), ["GetItem"]);

    assert_eq!(user.get("/api/two-factor/secret").await.status, 200);
    assert_eq!(counted.take_calls(), [""; 0]);

    enrol_app(&user).await;
    assert_eq!(counted.take_calls(), ["UpdateItem"]);

    assert_eq!(user.get("/api/two-factor/qr").await.status, 200);
    assert_eq!(counted.take_calls(), ["GetItem"]);

    user.verify(&code_now(SECRET)).await.assert_no_content();
    assert_eq!(counted.take_calls(), ["UpdateItem", "UpdateItem"]);

    let codes = new_recovery_codes(&user).await;
    assert_eq!(counted.take_calls(), ["UpdateItem"]);

    user.verify(&codes[0]).await.assert_no_content();
    assert_eq!(counted.take_calls(), ["UpdateItem"]);

    user.verify(&codes[0]).await.assert_problem(422, "invalid-code");
    assert_eq!(counted.take_calls(), ["UpdateItem"]);

    user.verify(&wrong_code(SECRET)).await.assert_problem(422, "invalid-code");
    assert_eq!(counted.take_calls(), ["UpdateItem"]);

    user.verify("12345").await.assert_problem(422, "invalid-fields");
    assert_eq!(counted.take_calls(), [""; 0]);

    user.patch(json!({"method": "pager"})).await.assert_problem(422, "invalid-fields");
    assert_eq!(counted.take_calls(), [""; 0]);

    let phone = enrol_phone(&user).await;
    assert_eq!(counted.take_calls(), ["UpdateItem", "UpdateItem"], "the second change within an hour");
    user.send_code().await.assert_no_content();
    assert_eq!(counted.take_calls(), ["GetItem", "TransactWriteItems", "UpdateItem", "Publish"]);

    user.send_code().await.assert_problem(429, "too-many-sends");
    assert_eq!(counted.take_calls(), ["GetItem", "GetItem"], "whether the number has to wait longer");

    let messages = stack().messages_to(&phone);
    assert_eq!(messages.len(), 1);
    user.verify(&last_code(stack(), &phone)).await.assert_no_content();
    assert_eq!(counted.take_calls(), ["UpdateItem", "UpdateItem"]);

    user.patch(json!({"method": ""})).await.assert_no_content();
    assert_eq!(counted.take_calls(), ["UpdateItem", "UpdateItem"]);

    user.post("/api/two-factor/reset").await.assert_no_content();
    assert_eq!(counted.take_calls(), ["UpdateItem"]);

    admin.post(&format!("/api/users/{}/two-factor/reset", user.id)).await.assert_no_content();
    assert_eq!(counted.take_calls(), ["UpdateItem"]);

    assert_eq!(admin.get(&format!("/api/users/{}/two-factor", user.id)).await.status, 200);
    assert_eq!(counted.take_calls(), ["GetItem"]);

    user.post("/api/users/1/two-factor/reset").await.assert_problem(403, "edit-permission-required");
    assert_eq!(counted.take_calls(), [""; 0]);
}

#[tokio::test]
async fn a_throttled_attempt_costs_one_call() {
    let counted = Proxied::start("throttled");
    let user = counted.fixture.user();
    enrol_app(&user).await;
    for _ in 0..5 {
        user.verify(&wrong_code(SECRET)).await.assert_problem(422, "invalid-code");
    }
    counted.take_calls();
    user.verify(&code_now(SECRET)).await.assert_problem(429, "too-many-attempts");
    assert_eq!(counted.take_calls(), ["UpdateItem"]);
}

#[tokio::test]
async fn a_number_full_of_sends_of_days_ago_costs_one_call_more() {
    let counted = Proxied::start("full-number");
    let (first, second) = (counted.fixture.user(), counted.fixture.user());
    let phone = enrol_phone(&first).await;
    let table = counted.fixture.table();
    table.verify(&user_key_of(&first)).await;
    for _ in 0..10 {
        first.send_code().await.assert_no_content();
        table.let_pass(&user_key_of(&first), 86_400).await;
    }
    second.patch(json!({"method": "sms", "phone_prefix": 45, "phone": &phone[3..]})).await.assert_no_content();
    table.verify(&user_key_of(&second)).await;
    counted.take_calls();
    second.send_code().await.assert_problem(429, "too-many-sends");
    assert_eq!(counted.take_calls(), ["GetItem", "TransactWriteItems"]);

    let items = table.all().await;
    let number = items.iter().find_map(|item| item["pk"].as_s().ok().filter(|key| key.starts_with("NUMBER#")));
    table.let_pass(number.expect("the number has an item"), 86_400).await;
    counted.take_calls();
    second.send_code().await.assert_no_content();
    let calls = ["GetItem", "TransactWriteItems", "TransactWriteItems", "UpdateItem", "Publish"];
    assert_eq!(counted.take_calls(), calls);
}
