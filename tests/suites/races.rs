//! What many simultaneous requests must not achieve. Each runs in its own process, as on Lambda.

use futures_util::future::join_all;
use serde_json::json;

use crate::support::{
    Answer, SECRET, code_now, enrol_app, enrol_phone, last_code, now, number, stack, user_key_of, wrong_code,
};

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[tokio::test]
async fn one_code_of_the_app_sent_20_times_at_once_is_accepted_once() {
    let user = stack().user();
    enrol_app(&user).await;
    let code = code_now(SECRET);
    let answers = join_all((0..20).map(|_| user.verify(&code))).await;
    assert_eq!(count(&answers, 204), 1, "{answers:?}");
    assert_eq!(count(&answers, 204) + count(&answers, 422) + count(&answers, 429), 20);
    assert_eq!(user.settings().await["verified"], true);
}

#[tokio::test]
async fn one_code_of_an_sms_sent_20_times_at_once_is_accepted_once() {
    let user = stack().user();
    let phone = enrol_phone(&user).await;
    user.send_code().await.assert_no_content();
    let code = last_code(stack(), &phone);
    let answers = join_all((0..20).map(|_| user.verify(&code))).await;
    assert_eq!(count(&answers, 204), 1, "{answers:?}");
    assert_eq!(user.settings().await["verified"], true);
}

#[tokio::test]
async fn of_40_wrong_guesses_at_once_five_are_compared() {
    let user = stack().user();
    enrol_app(&user).await;
    let wrong = wrong_code(SECRET);
    let start = now();
    let answers = join_all((0..40).map(|_| user.verify(&wrong))).await;
    assert_eq!((count(&answers, 422), count(&answers, 429)), (5, 35), "{answers:?}");
    // A request may be refused because of a later one: its wait is then longer by the time between the two.
    let waits = 1..=60 + now() - start;
    assert!(answers.iter().filter(|a| a.status == 429).all(|a| waits.contains(&a.retry_after())), "{answers:?}");
    assert_eq!(number(&stack().table().user(&user.id).await.unwrap(), "failures"), Some(5));
}

#[tokio::test]
async fn after_a_wait_one_of_20_guesses_at_once_is_compared() {
    let user = stack().user();
    enrol_app(&user).await;
    let wrong = wrong_code(SECRET);
    join_all((0..5).map(|_| user.verify(&wrong))).await;
    stack().table().let_pass(&user_key_of(&user), 60).await;
    let answers = join_all((0..20).map(|_| user.verify(&wrong))).await;
    assert_eq!((count(&answers, 422), count(&answers, 429)), (1, 19), "{answers:?}");
}

#[tokio::test]
async fn of_20_sends_at_once_one_sms_goes_out() {
    let user = stack().user();
    let phone = enrol_phone(&user).await;
    let start = now();
    let answers = join_all((0..20).map(|_| user.send_code())).await;
    assert_eq!((count(&answers, 204), count(&answers, 429)), (1, 19), "{answers:?}");
    let waits = 1..=30 + now() - start;
    assert!(answers.iter().filter(|a| a.status == 429).all(|a| waits.contains(&a.retry_after())), "{answers:?}");
    assert_eq!(stack().messages_to(&phone).len(), 1);
    let item = stack().table().user(&user.id).await.unwrap();
    assert_eq!(item["sends"].as_ns().unwrap().len(), 1);
    user.verify(&last_code(stack(), &phone)).await.assert_no_content();
}

#[tokio::test]
async fn of_sends_of_twenty_strangers_to_one_number_at_once_three_go_out_and_its_owner_still_signs_in() {
    let users: Vec<_> = (0..20).map(|_| stack().user()).collect();
    let national = crate::support::phone_number();
    let enrolment = json!({"method": "sms", "phone_prefix": 45, "phone": national});
    for answer in join_all(users.iter().map(|user| user.patch(enrolment.clone()))).await {
        answer.assert_no_content();
    }
    let answers = join_all(users.iter().map(crate::support::User::send_code)).await;
    assert_eq!((count(&answers, 204), count(&answers, 429)), (3, 17), "{answers:?}");
    for refused in answers.iter().filter(|answer| answer.status == 429) {
        assert_eq!(refused.retry_after(), 3600, "what is said does not depend on when anybody sent");
    }
    assert_eq!(stack().messages_to(&format!("+45{national}")).len(), 3);

    let owner = stack().user();
    owner.patch(enrolment).await.assert_no_content();
    stack().table().verify(&user_key_of(&owner)).await;
    owner.send_code().await.assert_no_content();
    owner.verify(&last_code(stack(), &format!("+45{national}"))).await.assert_no_content();
}

#[tokio::test]
async fn of_sends_of_many_verified_users_to_one_number_at_once_ten_go_out() {
    let users: Vec<_> = (0..14).map(|_| stack().user()).collect();
    let national = crate::support::phone_number();
    for user in &users {
        user.patch(json!({"method": "sms", "phone_prefix": 45, "phone": national})).await.assert_no_content();
        stack().table().verify(&user_key_of(user)).await;
    }
    let answers = join_all(users.iter().map(crate::support::User::send_code)).await;
    assert_eq!((count(&answers, 204), count(&answers, 429)), (10, 4), "{answers:?}");
    assert_eq!(stack().messages_to(&format!("+45{national}")).len(), 10);
}

#[tokio::test]
async fn new_settings_are_never_verified_by_a_code_for_the_old_ones() {
    let other = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    for _ in 0..10 {
        let user = stack().user();
        enrol_app(&user).await;
        let code = code_now(SECRET);
        let verify = async { join_all((0..4).map(|_| user.verify(&code))).await };
        let patch = user.patch(json!({"method": "google", "secret_key": other}));
        let (_, patched) = tokio::join!(verify, patch);
        patched.assert_no_content();
        let settings = user.settings().await;
        assert_eq!((&settings["secret_key"], &settings["verified"]), (&json!(other), &json!(false)));
    }
}

#[tokio::test]
async fn a_reset_among_verifications_leaves_nothing_behind() {
    let admin = stack().user_with(json!({"scope": "users:edit"}));
    for _ in 0..10 {
        let user = stack().user();
        enrol_app(&user).await;
        let code = code_now(SECRET);
        let path = format!("/api/users/{}/two-factor/reset", user.id);
        let (_, reset) = tokio::join!(join_all((0..4).map(|_| user.verify(&code))), admin.post(&path));
        reset.assert_no_content();
        let settings = user.settings().await;
        assert_eq!(
            settings,
            json!({"method": null, "secret_key": null, "phone_prefix": null, "phone": null, "verified": false})
        );
    }
}

#[tokio::test]
async fn twenty_users_who_send_to_twenty_numbers_at_once_see_no_conflict() {
    let users: Vec<_> = (0..20).map(|_| stack().user()).collect();
    for user in &users {
        crate::support::enrol_phone(user).await;
    }
    let answers = join_all(users.iter().map(crate::support::User::send_code)).await;
    assert_eq!(count(&answers, 204), 20, "{answers:?}");
}
