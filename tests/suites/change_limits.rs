//! The limit on changes of the settings: 20 an hour, because each is an event that may cause a mail.

use futures_util::future::join_all;
use serde_json::json;

use crate::support::{SECRET, code_now, enrol_app, number, recovery_codes, stack, stack_with, user_key_of};

#[tokio::test]
async fn of_thirty_changes_at_once_twenty_are_done_and_the_others_told_to_wait() {
    let user = stack().user();
    let answers = join_all((0..30).map(|_| user.patch(json!({"method": "google", "secret_key": SECRET})))).await;
    let done = answers.iter().filter(|answer| answer.status == 204).count();
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert_eq!((done, refused.len()), (20, 10), "{answers:?}");
    for answer in refused {
        answer.assert_problem(429, "too-many-changes");
        assert!((3500..=3600).contains(&answer.retry_after()), "{answer:?}");
    }
    let item = stack().table().user(&user.id).await.unwrap();
    assert_eq!(number(&item, "changes"), Some(20));
}

#[tokio::test]
async fn an_hour_after_the_first_change_there_is_room_again() {
    let user = stack().user();
    for _ in 0..20 {
        enrol_app(&user).await;
    }
    let before = stack().table().user(&user.id).await;
    user.patch(json!({"method": ""})).await.assert_problem(429, "too-many-changes");
    assert_eq!(stack().table().user(&user.id).await, before, "nothing is written");
    stack().table().let_pass(&user_key_of(&user), 3600).await;
    user.patch(json!({"method": ""})).await.assert_no_content();
    assert_eq!(number(&stack().table().user(&user.id).await.unwrap(), "changes"), Some(1));
}

#[tokio::test]
async fn a_change_by_a_code_counts_too_and_a_refused_one_uses_no_code_up() {
    let hardened = stack_with([("StepUp", "code")]);
    let user = hardened.user();
    let codes = recovery_codes(&user).await;
    let key = user_key_of(&user);
    hardened.table().put(&key, "changes", aws_sdk_dynamodb::types::AttributeValue::N("20".to_owned())).await;
    for code in [&codes[0], &code_now(SECRET)] {
        user.patch(json!({"method": "", "key": code})).await.assert_problem(429, "too-many-changes");
    }
    let item = hardened.table().user(&user.id).await.unwrap();
    assert_eq!((item["recovery_codes"].as_ss().unwrap().len(), item.get("failures")), (10, None));
    hardened.table().let_pass(&key, 3600).await;
    user.patch(json!({"method": "", "key": codes[0]})).await.assert_no_content();
}

#[tokio::test]
async fn resetting_nothing_again_and_again_tells_nobody() {
    let user = stack().user();
    enrol_app(&user).await;
    for _ in 0..3 {
        user.post("/api/two-factor/reset").await.assert_no_content();
        let item = stack().table().user(&user.id).await.unwrap();
        assert_eq!(item["event_type"].as_s().unwrap(), "two-factor.reset");
    }
    let first = stack().table().user(&user.id).await.unwrap()["event"].clone();
    user.post("/api/two-factor/reset").await.assert_no_content();
    assert_eq!(stack().table().user(&user.id).await.unwrap()["event"], first, "it is still the event of the first");
}
