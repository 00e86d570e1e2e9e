//! With `TENANT_CLAIM` set, users of different tenants are separate, whatever their IDs.

use std::sync::LazyLock;

use serde_json::{Value, json};
use two_factor::store::user_key;

use crate::support::{
    Fixture, SECRET, User, code_now, enrol_app, last_code, nothing_set, phone_number, stack_with, wrong_code,
};

/// The stack that the tests in this file share; each uses IDs of its own.
fn fixture() -> &'static Fixture {
    static FIXTURE: LazyLock<Fixture> =
        LazyLock::new(|| stack_with([("TenantClaim", "tenant"), ("PermissionClaims", "roles")]));
    &FIXTURE
}

fn user(fixture: &Fixture, tenant: &str, id: &str) -> User {
    fixture.user_with(json!({"tenant": tenant, "sub": id}))
}

fn key(tenant: &str, id: &str) -> String {
    user_key(&two_factor::identity::user::User { tenant: tenant.to_owned(), id: id.to_owned() })
}

#[tokio::test]
async fn users_of_two_tenants_with_the_same_id_have_settings_of_their_own() {
    let fixture = fixture();
    let (ann, bob) = (user(fixture, "acme", "42"), user(fixture, "globex", "42"));
    enrol_app(&ann).await;
    assert_eq!(bob.settings().await, nothing_set());
    bob.patch(json!({"method": "sms", "phone_prefix": 45, "phone": 20_123_456})).await.assert_no_content();
    assert_eq!(ann.settings().await["secret_key"], SECRET);
    let table = fixture.table();
    assert_eq!(table.item(&key("acme", "42")).await.unwrap()["method"].as_s().unwrap(), "google");
    assert_eq!(table.item(&key("globex", "42")).await.unwrap()["method"].as_s().unwrap(), "sms");
    assert_eq!(table.item(&key("", "42")).await, None);
}

#[tokio::test]
async fn wrong_codes_of_one_tenants_user_do_not_make_the_others_wait() {
    let fixture = fixture();
    let (ann, bob) = (user(fixture, "acme", "43"), user(fixture, "globex", "43"));
    enrol_app(&ann).await;
    enrol_app(&bob).await;
    for _ in 0..5 {
        ann.verify(&wrong_code(SECRET)).await.assert_problem(422, "invalid-code");
    }
    ann.verify(&code_now(SECRET)).await.assert_problem(429, "too-many-attempts");
    bob.verify(&code_now(SECRET)).await.assert_no_content();
}

#[tokio::test]
async fn an_administrator_resets_users_of_their_own_tenant_alone() {
    let fixture = fixture();
    let (ann, bob) = (user(fixture, "acme", "44"), user(fixture, "globex", "44"));
    enrol_app(&ann).await;
    enrol_app(&bob).await;
    let admin = fixture.user_with(json!({"tenant": "acme", "roles": ["users:edit"]}));
    admin.post("/api/users/44/two-factor/reset").await.assert_no_content();
    assert_eq!(ann.settings().await, nothing_set());
    assert_eq!(bob.settings().await["method"], "google");
}

#[tokio::test]
async fn a_permission_in_a_claim_that_is_not_named_is_none() {
    let fixture = fixture();
    let ann = user(fixture, "acme", "45");
    enrol_app(&ann).await;
    let claims = json!({"tenant": "acme", "scope": "users:edit", "permissions": ["users:edit"]});
    let caller = fixture.user_with(claims);
    caller.post("/api/users/45/two-factor/reset").await.assert_problem(403, "edit-permission-required");
    assert_eq!(ann.settings().await["method"], "google");
}

#[tokio::test]
async fn one_tenants_sends_to_a_number_leave_room_for_anothers() {
    let fixture = fixture();
    let phone = phone_number();
    let enrolment = json!({"method": "sms", "phone_prefix": 45, "phone": phone});
    for id in 1..=4 {
        let user = user(fixture, "acme", &id.to_string());
        user.patch(enrolment.clone()).await.assert_no_content();
        let answer = user.send_code().await;
        if id <= 3 {
            answer.assert_no_content();
        } else {
            answer.assert_problem(429, "too-many-sends");
        }
    }
    let bob = user(fixture, "globex", "11");
    bob.patch(enrolment).await.assert_no_content();
    bob.send_code().await.assert_no_content();
    bob.verify(&last_code(fixture, &format!("+45{phone}"))).await.assert_no_content();
    let numbers = |tenant: &str| format!("NUMBER#{tenant}#");
    let keys: Vec<String> = fixture.table().all().await.iter().map(|item| item["pk"].as_s().unwrap().clone()).collect();
    for tenant in ["acme", "globex"] {
        assert_eq!(keys.iter().filter(|key| key.starts_with(&numbers(tenant))).count(), 1, "{keys:?}");
    }
}

#[tokio::test]
async fn a_token_that_names_no_tenant_is_refused() {
    let fixture = fixture();
    for tenant in
        [Value::Null, json!(""), json!(" "), json!(" a"), json!("a\u{0}"), json!("x".repeat(256)), json!(["a", "b"])]
    {
        let user = fixture.user_with(json!({"sub": "46", "tenant": tenant, "roles": "users:edit"}));
        user.get("/api/two-factor").await.assert_problem(403, "caller-not-identified");
        user.patch(json!({"method": "google", "secret_key": SECRET}))
            .await
            .assert_problem(403, "caller-not-identified");
        user.post("/api/users/46/two-factor/reset").await.assert_problem(403, "caller-not-identified");
    }
    let items = fixture.table().all().await;
    assert!(!items.iter().any(|item| item["pk"].as_s().unwrap().ends_with("46")), "{items:?}");
}

#[tokio::test]
async fn no_tenant_and_id_read_as_another_tenant_and_another_id() {
    let fixture = stack_with([("TenantClaim", "tenant"), ("UserIdType", "string")]);
    let pairs = [("a", "b#c"), ("a#b", "c"), ("a%23b", "c"), ("a%2523b", "c")];
    for (nth, (tenant, id)) in pairs.iter().enumerate() {
        let user = user(&fixture, tenant, id);
        assert_eq!(user.settings().await, nothing_set(), "{tenant} {id}");
        enrol_app(&user).await;
        assert_eq!(fixture.table().all().await.len(), nth + 1);
    }
}
