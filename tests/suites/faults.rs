//! An outage of DynamoDB or SNS costs users an error that says when to try again, and nothing else.

use serde_json::json;

use crate::support::{
    Answer, Fault, Proxied, SECRET, code_now, enrol_app, enrol_phone, last_code, number, stack, user_key_of, wrong_code,
};

const FAILING: Fault = Fault::Refuse(500, "InternalServerErrorException");
const THROTTLING: Fault = Fault::Refuse(400, "ProvisionedThroughputExceededException");

/// More faults than the SDK makes attempts.
const ALWAYS: usize = 10;

fn assert_unavailable(answer: &Answer) {
    answer.assert_problem(503, "unavailable");
    assert!(answer.retry_after() > 0);
}

#[tokio::test]
async fn while_dynamodb_fails_every_endpoint_that_needs_it_says_when_to_try_again() {
    let faulty = Proxied::start("failing");
    let user = faulty.fixture.user_with(json!({"scope": "users:edit"}));
    enrol_app(&user).await;
    let before = faulty.fixture.table().user(&user.id).await;
    for fault in [FAILING, THROTTLING, Fault::CutBefore] {
        for call in ["GetItem", "UpdateItem"] {
            faulty.dynamodb.fail(call, 50, fault);
        }
        assert_unavailable(&user.get("/api/two-factor").await);
        assert_unavailable(&user.get("/api/two-factor/qr").await);
        assert_unavailable(&user.patch(json!({"method": ""})).await);
        assert_unavailable(&user.verify(&code_now(SECRET)).await);
        assert_unavailable(&user.send_code().await);
        assert_unavailable(&user.post("/api/users/7/two-factor/reset").await);
        assert_eq!(user.get("/api/two-factor/secret").await.status, 200);
        faulty.dynamodb.heal();
        assert_eq!(faulty.fixture.table().user(&user.id).await, before, "{fault:?}");
    }
}

#[tokio::test]
async fn a_single_fault_is_tried_again_and_nobody_notices() {
    let faulty = Proxied::start("single");
    let user = faulty.fixture.user();
    for fault in [FAILING, THROTTLING, Fault::CutBefore, Fault::CutAfter] {
        faulty.dynamodb.fail("UpdateItem", 1, fault);
        enrol_app(&user).await;
        faulty.dynamodb.fail("UpdateItem", 1, fault);
        user.verify(&wrong_code(SECRET)).await.assert_problem(422, "invalid-code");
        let failures = number(&faulty.fixture.table().user(&user.id).await.unwrap(), "failures");
        assert_eq!(failures, Some(1), "{fault:?}: the attempt is counted once");
        user.patch(json!({"method": ""})).await.assert_no_content();
        let admin = faulty.fixture.user_with(json!({"scope": "users:edit"}));
        faulty.dynamodb.fail("UpdateItem", 1, fault);
        admin.post(&format!("/api/users/{}/two-factor/reset", user.id)).await.assert_no_content();
    }
}

#[tokio::test]
async fn an_acceptance_whose_answer_was_lost_is_still_an_acceptance() {
    let faulty = Proxied::start("lost");
    let user = faulty.fixture.user();
    enrol_app(&user).await;
    // The first write counts the attempt. The second accepts the code, and its response is lost.
    user.verify(&wrong_code(SECRET)).await.assert_problem(422, "invalid-code");
    faulty.dynamodb.fail_after("UpdateItem", 1, 1, Fault::CutAfter);
    user.verify(&code_now(SECRET)).await.assert_no_content();
    assert_eq!(user.settings().await["verified"], true);
    assert_eq!(number(&faulty.fixture.table().user(&user.id).await.unwrap(), "failures"), None);
}

#[tokio::test]
async fn a_right_code_that_could_not_be_accepted_costs_no_attempt_and_works_later() {
    let faulty = Proxied::start("given-back");
    let user = faulty.fixture.user();
    enrol_app(&user).await;
    user.verify(&wrong_code(SECRET)).await.assert_problem(422, "invalid-code");
    // One write succeeds and counts the attempt, then every try to accept the code fails, then the release of the
    // attempt succeeds.
    faulty.dynamodb.fail_after("UpdateItem", 1, 5, FAILING);
    assert_unavailable(&user.verify(&code_now(SECRET)).await);
    assert_eq!(number(&faulty.fixture.table().user(&user.id).await.unwrap(), "failures"), Some(1));
    user.verify(&code_now(SECRET)).await.assert_no_content();
}

#[tokio::test]
async fn an_sms_that_certainly_was_not_sent_costs_no_slot_and_keeps_the_earlier_code() {
    let faulty = Proxied::start("not-sent");
    let (user, table) = (faulty.fixture.user(), faulty.fixture.table());
    let phone = enrol_phone(&user).await;
    user.send_code().await.assert_no_content();
    let code = last_code(stack(), &phone);
    table.let_pass(&user_key_of(&user), 30).await;
    let before = table.user(&user.id).await.unwrap();
    for fault in [
        Fault::Refuse(400, "InvalidParameter"),
        Fault::Refuse(429, "Throttling"),
        Fault::Refuse(503, "ServiceUnavailable"),
    ] {
        faulty.sns.fail("Publish", ALWAYS, fault);
        assert_unavailable(&user.send_code().await);
        faulty.sns.heal();
        let after = table.user(&user.id).await.unwrap();
        for attribute in ["sends", "code_hash", "code_expires", "code_tries"] {
            assert_eq!(after.get(attribute), before.get(attribute), "{fault:?}: {attribute}");
        }
    }
    assert_eq!(stack().messages_to(&phone).len(), 1);
    user.verify(&code).await.assert_no_content();
}

#[tokio::test]
async fn an_sms_whose_outcome_is_unknown_is_not_sent_twice_and_its_code_works() {
    let faulty = Proxied::start("unknown");
    for fault in [Fault::CutAfter, Fault::Silence] {
        let user = faulty.fixture.user();
        let phone = enrol_phone(&user).await;
        faulty.sns.fail("Publish", 1, fault);
        assert_unavailable(&user.send_code().await);
        assert_eq!(stack().messages_to(&phone).len(), 1, "{fault:?}");
        user.send_code().await.assert_problem(429, "too-many-sends");
        user.verify(&last_code(stack(), &phone)).await.assert_no_content();
    }
}

#[tokio::test]
async fn a_transaction_whose_answer_was_lost_counts_once() {
    let faulty = Proxied::start("transaction");
    let user = faulty.fixture.user();
    let phone = enrol_phone(&user).await;
    faulty.dynamodb.fail("TransactWriteItems", 1, Fault::CutAfter);
    let answer = user.send_code().await;
    let item = faulty.fixture.table().user(&user.id).await.unwrap();
    assert_eq!(item["sends"].as_ns().unwrap().len(), 1);
    answer.assert_no_content();
    assert_eq!(stack().messages_to(&phone).len(), 1);
}

#[tokio::test]
async fn a_dynamodb_that_does_not_answer_is_a_503_within_the_functions_timeout() {
    let faulty = Proxied::start("silent");
    let user = faulty.fixture.user();
    enrol_app(&user).await;
    faulty.dynamodb.fail("GetItem", ALWAYS, Fault::Silence);
    faulty.dynamodb.fail("UpdateItem", ALWAYS, Fault::Silence);
    let code = code_now(SECRET);
    let (read, verified) = tokio::join!(user.get("/api/two-factor"), user.verify(&code));
    assert_unavailable(&read);
    assert_unavailable(&verified);
}

#[tokio::test]
async fn a_number_that_sns_refuses_for_good_is_said_to_be_one_and_the_send_is_given_back() {
    let faulty = Proxied::start("number-refused");
    let user = faulty.fixture.user();
    enrol_phone(&user).await;
    faulty.sns.fail("Publish", 1, Fault::RefuseNumber);
    let answer = user.send_code().await;
    answer.assert_problem(409, "number-refused");
    assert!(!answer.text.contains("20123456"), "{answer:?}");
    let item = faulty.fixture.table().user(&user.id).await.unwrap();
    assert_eq!((item.get("sends"), item.get("code_hash")), (None, None));
    let items = faulty.fixture.table().all().await;
    let hour = items.iter().find(|item| item["pk"].as_s().unwrap().starts_with("HOUR#")).unwrap();
    assert_eq!((number(hour, "hour_sends"), number(hour, "hour_unverified_sends")), (Some(0), Some(0)));
    // Another number works at once.
    enrol_phone(&user).await;
    user.send_code().await.assert_no_content();
}

#[tokio::test]
async fn what_dynamodb_refuses_for_the_moment_is_tried_again_and_nobody_notices() {
    let faulty = Proxied::start("momentary");
    for error in [
        "TransactionConflictException",
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        "InternalServerErrorException",
    ] {
        let refusal = Fault::Refuse(if error.starts_with("Internal") { 500 } else { 400 }, error);
        let user = faulty.fixture.user();
        faulty.dynamodb.fail("UpdateItem", 1, refusal);
        enrol_app(&user).await;
        faulty.dynamodb.fail("UpdateItem", 1, refusal);
        user.verify(&code_now(SECRET)).await.assert_no_content();
        if error != "TransactionConflictException" {
            faulty.dynamodb.fail("GetItem", 1, refusal);
            assert_eq!(user.settings().await["verified"], true, "{error}");
        }
    }
    for reason in ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"] {
        let user = faulty.fixture.user();
        let phone = enrol_phone(&user).await;
        faulty.dynamodb.fail("TransactWriteItems", 2, Fault::Cancel(reason));
        user.send_code().await.assert_no_content();
        assert_eq!(stack().messages_to(&phone).len(), 1, "{reason}");
    }
}

#[tokio::test]
async fn what_dynamodb_refuses_for_longer_is_a_503_and_nothing_is_half_done() {
    let faulty = Proxied::start("for-longer");
    let user = faulty.fixture.user();
    let phone = enrol_phone(&user).await;
    let before = faulty.fixture.table().user(&user.id).await;
    for fault in [Fault::Cancel("TransactionConflict"), Fault::Cancel("ItemCollectionSizeLimitExceeded")] {
        faulty.dynamodb.fail("TransactWriteItems", ALWAYS, fault);
        assert_unavailable(&user.send_code().await);
        faulty.dynamodb.heal();
    }
    faulty.dynamodb.fail("UpdateItem", ALWAYS, Fault::Refuse(400, "ItemCollectionSizeLimitExceededException"));
    assert_unavailable(&user.patch(json!({"method": ""})).await);
    faulty.dynamodb.heal();
    assert_eq!(faulty.fixture.table().user(&user.id).await, before);
    assert_eq!(stack().messages_to(&phone), [""; 0]);
}
