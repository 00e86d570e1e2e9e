//! A response tells nothing that the caller should not learn: not by its status, body or headers, and not by the work
//! done for it. Work is counted in calls, because timings on a busy machine prove nothing.

use serde_json::{Value, json};

use crate::support::{
    Answer, Fixture, Proxied, SECRET, User, code_now, enrol_app, enrol_phone, last_code, phone_number, stack,
    wrong_code,
};

/// Everything in a response that could tell something: all but the request ID and the time of day.
fn shape(answer: &Answer) -> (u16, Vec<(String, String)>, Value) {
    let mut headers: Vec<(String, String)> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["date", "apigw-requestid"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    let mut body = serde_json::from_str(&answer.text).unwrap_or_else(|_| json!(answer.text));
    if let Some(id) = body.get_mut("request_id") {
        *id = Value::Null;
    }
    (answer.status.as_u16(), headers, body)
}

/// The shape of the response, and the calls made for it.
async fn observe(
    stack: &Proxied,
    answer: impl Future<Output = Answer>,
) -> ((u16, Vec<(String, String)>, Value), Vec<String>) {
    stack.take_calls();
    let answer = answer.await;
    (shape(&answer), stack.take_calls())
}

/// Users in every possible state.
async fn users(fixture: &Fixture) -> Vec<User> {
    let all: Vec<User> = (0..5).map(|_| fixture.user()).collect();
    enrol_app(&all[1]).await;
    enrol_app(&all[2]).await;
    all[2].verify(&code_now(SECRET)).await.assert_no_content();
    enrol_phone(&all[3]).await;
    enrol_app(&all[4]).await;
    for _ in 0..5 {
        all[4].verify(&wrong_code(SECRET)).await.assert_problem(422, "invalid-code");
    }
    all
}

#[tokio::test]
async fn a_reset_tells_nothing_of_the_user_by_answer_or_effort() {
    let watched = Proxied::start("enumerate-reset");
    let users = users(&watched.fixture).await;
    let nobody = watched.fixture.user();
    for claims in [json!({}), json!({"scope": "users:edit:999999"}), json!({"scope": "users:edit"})] {
        let caller = watched.fixture.user_with(claims.clone());
        let mut seen = Vec::new();
        for subject in users.iter().chain([&nobody]) {
            seen.push(observe(&watched, caller.post(&format!("/api/users/{}/two-factor/reset", subject.id))).await);
        }
        for other in &seen[1..] {
            assert_eq!(*other, seen[0], "{claims}");
        }
    }
}

#[tokio::test]
async fn one_who_was_never_here_looks_like_one_who_left() {
    let watched = Proxied::start("enumerate-left");
    let (never, disabled, reset) = (watched.fixture.user(), watched.fixture.user(), watched.fixture.user());
    let admin = watched.fixture.user_with(json!({"scope": "users:edit"}));
    for user in [&disabled, &reset] {
        enrol_app(user).await;
        user.verify(&code_now(SECRET)).await.assert_no_content();
    }
    disabled.patch(json!({"method": ""})).await.assert_no_content();
    admin.post(&format!("/api/users/{}/two-factor/reset", reset.id)).await.assert_no_content();
    for other in [&disabled, &reset] {
        for path in ["/api/two-factor", "/api/two-factor/qr"] {
            assert_eq!(observe(&watched, other.get(path)).await, observe(&watched, never.get(path)).await, "{path}");
        }
        assert_eq!(observe(&watched, other.send_code()).await, observe(&watched, never.send_code()).await);
        assert_eq!(observe(&watched, other.verify("000000")).await, observe(&watched, never.verify("000000")).await);
    }
}

#[tokio::test]
async fn a_wrong_a_used_and_an_expired_code_are_told_alike() {
    let fixture = stack();
    let table = fixture.table();
    let app = fixture.user();
    enrol_app(&app).await;
    app.verify(&code_now(SECRET)).await.assert_no_content();
    let used = app.verify(&code_now(SECRET)).await;
    let wrong = app.verify(&wrong_code(SECRET)).await;
    let sms = fixture.user();
    let phone = enrol_phone(&sms).await;
    let none_sent = sms.verify("000000").await;
    sms.send_code().await.assert_no_content();
    let wrong_sms = sms.verify("000000").await;
    table.let_pass(&crate::support::user_key_of(&sms), 600).await;
    let expired = sms.verify(&last_code(fixture, &phone)).await;
    for answer in [&wrong, &none_sent, &wrong_sms, &expired] {
        assert_eq!(shape(answer), shape(&used), "{answer:?}");
    }
}

#[tokio::test]
async fn that_a_number_or_a_secret_is_another_users_too_is_not_told() {
    let watched = Proxied::start("enumerate-number");
    let (owner, caller) = (watched.fixture.user(), watched.fixture.user());
    let taken = enrol_phone(&owner).await;
    let enrolment = |phone: &str| json!({"method": "sms", "phone_prefix": 45, "phone": phone});
    // From the second change within an hour, each change costs one more call.
    caller.patch(enrolment(&phone_number())).await.assert_no_content();
    let of_another = observe(&watched, caller.patch(enrolment(&taken[3..]))).await;
    let of_nobody = observe(&watched, caller.patch(enrolment(&phone_number()))).await;
    assert_eq!(of_another, of_nobody);
    caller.patch(enrolment(&taken[3..])).await.assert_no_content();
    let sent = observe(&watched, caller.send_code()).await;
    let other = watched.fixture.user();
    enrol_phone(&other).await;
    assert_eq!(sent, observe(&watched, other.send_code()).await);

    enrol_app(&owner).await;
    let same_secret = observe(&watched, caller.patch(json!({"method": "google", "secret_key": SECRET}))).await;
    let another = json!({"method": "google", "secret_key": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"});
    assert_eq!(same_secret, observe(&watched, caller.patch(another)).await);
}

#[tokio::test]
async fn without_a_good_token_a_route_with_an_id_tells_nothing_at_all() {
    let user = stack().user();
    enrol_app(&user).await;
    let mut seen = Vec::new();
    for id in [user.id.as_str(), "999999999", "abc", "-1"] {
        for token in ["x.y.z", &user.token[..user.token.len() - 5]] {
            let caller = User { token: token.to_owned(), ..user.clone() };
            let mut shape = shape(&caller.post(&format!("/api/users/{id}/two-factor/reset")).await);
            shape.1.retain(|(name, _)| name != "www-authenticate");
            seen.push(shape);
        }
    }
    assert_eq!(seen[0].0, 401);
    assert!(seen.iter().all(|other| *other == seen[0]), "{seen:?}");
}
