//! The limits on sending codes: 30 s between two, 5 an hour and 10 a day for a user, 10 a day for a number.

use serde_json::json;

use crate::support::{Answer, Item, Table, User, enrol_app, enrol_phone, phone_number, stack, stack_with, user_key_of};

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

fn stamps(item: &Item) -> Vec<String> {
    item.get("sends").map(|sends| sends.as_ns().unwrap().clone()).unwrap_or_default()
}

/// The key of the item that counts the sends to the user's number. It is found by a send that both items hold, so call
/// this before `let_pass` moves the times of either.
async fn number_key(table: &Table, user: &User) -> String {
    let sent = stamps(&table.user(&user.id).await.unwrap());
    let is_the_numbers = |item: &Item| {
        item["pk"].as_s().unwrap().starts_with("NUMBER#") && stamps(item).iter().any(|s| sent.contains(s))
    };
    let items = table.all().await;
    items.iter().find(|item| is_the_numbers(item)).expect("the number's item")["pk"].as_s().unwrap().clone()
}

/// Asserts a 429 that asks to wait for `seconds`, some of which may have passed.
fn assert_wait(answer: &Answer, seconds: u64) {
    answer.assert_problem(429, "too-many-sends");
    let wait = answer.retry_after();
    assert!((seconds.saturating_sub(20)..=seconds).contains(&wait) && wait > 0, "{wait} of {seconds}");
}

async fn sends(user: &User) -> usize {
    stamps(&stack().table().user(&user.id).await.unwrap()).len()
}

#[tokio::test]
async fn between_two_sends_are_30_seconds() {
    let (user, table) = (stack().user(), stack().table());
    let phone = enrol_phone(&user).await;
    user.send_code().await.assert_no_content();
    assert_wait(&user.send_code().await, 30);
    table.let_pass(&user_key_of(&user), 15).await;
    assert_wait(&user.send_code().await, 15);
    assert_eq!((stack().messages_to(&phone).len(), sends(&user).await), (1, 1));
    table.let_pass(&user_key_of(&user), 15).await;
    user.send_code().await.assert_no_content();
    assert_eq!((stack().messages_to(&phone).len(), sends(&user).await), (2, 2));
}

#[tokio::test]
async fn a_refused_send_leaves_the_code_before_it_good() {
    let user = stack().user();
    let phone = enrol_phone(&user).await;
    user.send_code().await.assert_no_content();
    let before = stack().table().user(&user.id).await;
    assert_wait(&user.send_code().await, 30);
    assert_eq!(stack().table().user(&user.id).await, before);
    user.verify(&crate::support::last_code(stack(), &phone)).await.assert_no_content();
}

#[tokio::test]
async fn a_user_gets_5_codes_an_hour_and_10_a_day() {
    let (user, table) = (stack().user(), stack().table());
    let (phone, key) = (enrol_phone(&user).await, user_key_of(&user));
    table.verify(&key).await;
    let mut number = String::new();
    for first in [0, 5] {
        for nth in 1..=5 {
            user.send_code().await.assert_no_content();
            assert_eq!(stack().messages_to(&phone).len(), first + nth);
            number = number_key(&table, &user).await;
            table.let_pass(&key, 60).await;
        }
        if first == 0 {
            assert_wait(&user.send_code().await, HOUR - 5 * 60);
            table.let_pass(&key, HOUR - 6 * 60).await;
            assert_wait(&user.send_code().await, 60);
            table.let_pass(&key, 60).await;
        }
    }
    // The first of the ten is an hour and five minutes old.
    table.let_pass(&key, HOUR).await;
    assert_wait(&user.send_code().await, DAY - 2 * HOUR - 5 * 60);
    table.let_pass(&key, DAY - 2 * HOUR - 6 * 60).await;
    table.let_pass(&number, DAY).await;
    assert_wait(&user.send_code().await, 60);
    assert_eq!(stack().messages_to(&phone).len(), 10);

    table.let_pass(&key, 60).await;
    user.send_code().await.assert_no_content();
    assert_eq!(stack().messages_to(&phone).len(), 11);
    assert_eq!(sends(&user).await, 10, "the send that is a day old is forgotten");
}

#[tokio::test]
async fn a_number_gets_10_codes_a_day_over_all_users() {
    let (table, phone) = (stack().table(), phone_number());
    let enrolment = json!({"method": "sms", "phone_prefix": 45, "phone": phone});
    let mut last = stack().user();
    for _ in 0..10 {
        last = stack().user();
        last.patch(enrolment.clone()).await.assert_no_content();
        table.verify(&user_key_of(&last)).await;
        last.send_code().await.assert_no_content();
    }
    let eleventh = stack().user();
    eleventh.patch(enrolment).await.assert_no_content();
    table.verify(&user_key_of(&eleventh)).await;
    let before = table.user(&eleventh.id).await;
    let answer = eleventh.send_code().await;
    answer.assert_problem(429, "too-many-sends");
    assert_eq!(answer.retry_after(), HOUR, "the same, whatever is left of the day");
    assert_eq!(table.user(&eleventh.id).await, before, "nothing is half done");
    assert_eq!(stack().messages_to(&format!("+45{phone}")).len(), 10);

    // The user may send to another number in the meantime.
    let other = enrol_phone(&eleventh).await;
    eleventh.send_code().await.assert_no_content();
    assert_eq!(stack().messages_to(&other).len(), 1);

    table.let_pass(&number_key(&table, &last).await, DAY).await;
    table.let_pass(&user_key_of(&last), 30).await;
    last.send_code().await.assert_no_content();
    assert_eq!(stack().messages_to(&format!("+45{phone}")).len(), 11);
}

#[tokio::test]
async fn strangers_who_enrol_a_number_get_3_codes_a_day_to_it_and_a_day_later_3_more() {
    let (table, phone) = (stack().table(), phone_number());
    let enrolment = json!({"method": "sms", "phone_prefix": 45, "phone": phone});
    let mut last = stack().user();
    for nth in 0..9 {
        let stranger = stack().user();
        stranger.patch(enrolment.clone()).await.assert_no_content();
        let answer = stranger.send_code().await;
        if nth < 3 {
            answer.assert_no_content();
            last = stranger;
        } else {
            answer.assert_problem(429, "too-many-sends");
            assert_eq!(answer.retry_after(), HOUR);
        }
    }
    assert_eq!(stack().messages_to(&format!("+45{phone}")).len(), 3);
    table.let_pass(&number_key(&table, &last).await, DAY).await;
    table.let_pass(&user_key_of(&last), 30).await;
    last.send_code().await.assert_no_content();
}

#[tokio::test]
async fn where_the_users_and_the_numbers_limits_are_reached_the_longer_wait_is_said() {
    let (table, phone) = (stack().table(), phone_number());
    let enrolment = json!({"method": "sms", "phone_prefix": 45, "phone": phone});
    let users: Vec<User> = (0..3).map(|_| stack().user()).collect();
    for user in &users {
        user.patch(enrolment.clone()).await.assert_no_content();
        user.send_code().await.assert_no_content();
    }
    // 30 seconds for the user, an hour for the number.
    let answer = users[2].send_code().await;
    answer.assert_problem(429, "too-many-sends");
    assert_eq!(answer.retry_after(), HOUR);
    // Once the user is verified, the number has room again, and only the user's own half minute is left.
    table.verify(&user_key_of(&users[2])).await;
    assert_wait(&users[2].send_code().await, 30);
}

#[tokio::test]
async fn the_stack_sends_so_many_an_hour_and_half_of_them_to_enrolments_at_most() {
    let small = stack_with([("SmsPerHour", "6")]);
    let (table, mut sent) = (small.table(), Vec::new());
    let mut refused = Vec::new();
    for nth in 0..8 {
        let user = small.user();
        let phone = enrol_phone(&user).await;
        let before = table.user(&user.id).await;
        let answer = user.send_code().await;
        if nth < 3 {
            answer.assert_no_content();
            sent.push((user, phone));
        } else {
            answer.assert_problem(503, "sms-budget-spent");
            assert!((1..=HOUR).contains(&answer.retry_after()), "{answer:?}");
            let after = table.user(&user.id).await.unwrap();
            assert_eq!(after.get("sends"), before.unwrap().get("sends"), "the send is given back");
            assert_eq!(small.messages_to(&phone), [""; 0]);
            refused.push(user);
        }
    }
    // Sign-ins still work: three more.
    for (nth, user) in refused.iter().enumerate() {
        table.verify(&user_key_of(user)).await;
        let answer = user.send_code().await;
        match nth {
            0..3 => answer.assert_no_content(),
            _ => drop(answer.assert_problem(503, "sms-budget-spent")),
        }
    }
}

#[tokio::test]
async fn neither_new_settings_nor_anybodys_reset_refill_a_users_sends() {
    let admin = stack().user_with(json!({"scope": "users:edit"}));
    let user = stack().user();
    enrol_phone(&user).await;
    user.send_code().await.assert_no_content();
    let counted = stamps(&stack().table().user(&user.id).await.unwrap());

    let phone = enrol_phone(&user).await;
    assert_wait(&user.send_code().await, 30);
    enrol_app(&user).await;
    enrol_phone(&user).await;
    assert_wait(&user.send_code().await, 30);
    user.patch(json!({"method": null})).await.assert_no_content();
    enrol_phone(&user).await;
    assert_wait(&user.send_code().await, 30);
    user.post("/api/two-factor/reset").await.assert_no_content();
    enrol_phone(&user).await;
    assert_wait(&user.send_code().await, 30);
    admin.post(&format!("/api/users/{}/two-factor/reset", user.id)).await.assert_no_content();
    enrol_phone(&user).await;
    assert_wait(&user.send_code().await, 30);

    assert_eq!(stack().messages_to(&phone), [""; 0]);
    assert_eq!(stamps(&stack().table().user(&user.id).await.unwrap()), counted);
}

#[tokio::test]
async fn a_right_code_does_not_refill_the_sends() {
    let user = stack().user();
    let phone = enrol_phone(&user).await;
    user.send_code().await.assert_no_content();
    user.verify(&crate::support::last_code(stack(), &phone)).await.assert_no_content();
    assert_wait(&user.send_code().await, 30);
}
