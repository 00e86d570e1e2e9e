//! Tokens with a valid signature and unexpected claims: no form of a claim reaches another user's settings or grants a
//! permission that was not given.

use serde_json::{Value, json};

use crate::support::{Answer, Fixture, Item, ROUTES, SECRET, User, enrol_app, nothing_set, stack, stack_with};

/// A user with settings worth stealing, and the stored item.
async fn victim(fixture: &Fixture) -> (User, Option<Item>) {
    let victim = fixture.user();
    enrol_app(&victim).await;
    let item = fixture.table().user(&victim.id).await;
    (victim, item)
}

fn body(victim: &User) -> String {
    json!({
        "method": "google", "secret_key": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "key": "123456",
        "ID": victim.id, "id": victim.id, "sub": victim.id, "user_id": victim.id, "user": {"id": victim.id},
    })
    .to_string()
}

#[tokio::test]
async fn no_shape_of_the_user_claim_is_another_user() {
    let (victim, before) = victim(stack()).await;
    let id = &victim.id;
    for sub in [
        json!([id]),
        json!([[id]]),
        json!([id, id]),
        json!({"id": id}),
        json!({id: id}),
        json!(true),
        json!([]),
        json!({}),
        json!(format!("[{id}]")),
        json!(format!("{id} {id}")),
        json!(format!(" {id}")),
        json!(format!("{id}\n")),
        json!(format!("{id}\u{0}")),
        json!(format!("0{id}")),
        json!(format!("+{id}")),
        json!(format!("{id}.0")),
        json!(format!("{id}#")),
        json!(format!("#{id}")),
        json!(format!("USER##{id}")),
        json!(format!("{id}\u{200b}")),
        json!(id.chars().map(|digit| char::from_u32(digit as u32 - 0x30 + 0xff10).unwrap()).collect::<String>()),
        json!(id.parse::<f64>().unwrap()),
    ] {
        let caller = stack().user_with(json!({"sub": sub, "scope": "users:edit"}));
        for route in ROUTES {
            let answer =
                caller.send(route.method.clone(), &route.path(id), Some((body(&victim), "application/json"))).await;
            answer.assert_problem(403, "caller-not-identified");
            assert!(!answer.text.contains(SECRET));
        }
    }
    assert_eq!(stack().table().user(id).await, before);
}

#[tokio::test]
async fn a_user_named_anywhere_but_in_the_claim_is_not_looked_at() {
    let (victim, before) = victim(stack()).await;
    let id = &victim.id;
    for claims in [
        json!({"username": id, "user_id": id, "uid": id, "id": id, "ID": id, "email": id, "client_id": id}),
        json!({"act": {"sub": id}, "may_act": {"sub": id}, "cognito:username": id, "preferred_username": id}),
        json!({"tenant": "other", "Sub": id, "SUB": id, "sub ": id}),
    ] {
        let caller = stack().user_with(claims);
        for route in ROUTES {
            let (method, path) = (&route.method, route.path(id));
            let path = format!("{path}?ID={id}&id={id}&sub={id}&user={id}");
            let request = caller
                .request(method.clone(), &path)
                .header("content-type", "application/json")
                .header("x-user-id", id)
                .header("x-amzn-request-context", json!({"authorizer": {"jwt": {"claims": {"sub": id}}}}).to_string())
                .header("x-amz-cognito-identity", id)
                .header("cookie", format!("sub={id}; ID={id}"));
            let answer = Answer::of(request.body(body(&victim))).await;
            assert!(!answer.text.contains(SECRET), "{method} {path}: {answer:?}");
            assert!(answer.status.as_u16() < 500 && answer.status != 401, "{method} {path}: {answer:?}");
        }
        assert_eq!(stack().table().user(id).await, before);
        // The requests reached the caller alone: the last route reset their own settings.
        assert_eq!(caller.settings().await, nothing_set());
    }
}

/// Whether a token with these claims may reset the victim. The table confirms either result.
async fn resets(fixture: &Fixture, claims: Value) -> bool {
    let (victim, before) = victim(fixture).await;
    let answer = fixture.user_with(claims).post(&format!("/api/users/{}/two-factor/reset", victim.id)).await;
    let after = fixture.table().user(&victim.id).await;
    match answer.status.as_u16() {
        204 => assert!(!after.unwrap().contains_key("method")),
        _ => {
            answer.assert_problem(403, "edit-permission-required");
            assert_eq!(after, before);
        }
    }
    answer.status == 204
}

#[tokio::test]
async fn a_permission_of_an_odd_type_is_none() {
    for value in [
        json!(true),
        json!(1),
        json!({"users:edit": true}),
        json!({"users:edit": ""}),
        json!({"": "users:edit"}),
        json!({"note": "a users:edit b"}),
        json!({"a": "x", "users:edit": "y"}),
        json!([{"users:edit": 1}]),
        json!([{"note": "a users:edit b"}]),
        json!([["users:edit"]]),
        json!([[["users:edit"]]]),
        json!([["openid", "users:edit", "email"]]),
        json!(["[users:edit]"]),
        json!("[[users:edit]]"),
        json!("{users:edit}"),
        json!("\"users:edit\""),
        json!("[users:edit"),
        json!("users:edit]"),
        json!("(users:edit)"),
        json!(["users:edit,"]),
        json!("openid,users:edit"),
        json!("openid\tusers:edit"),
        json!("openid\nusers:edit"),
        json!("openid\u{a0}users:edit"),
        json!("users:edit\u{0}"),
        json!("users:edit\u{200b}"),
        json!("users\u{ff1a}edit"),
        json!("uѕers:edit"),
        json!("USERS:EDIT"),
        json!("users:edit:"),
        json!("users:edit:*"),
        json!("users:edit:["),
        json!("users:edit:1 2"),
        json!("users:*"),
        json!("*"),
        json!("-users:edit"),
        json!("users:edit:0"),
        Value::Null,
    ] {
        for claim in ["scope", "permissions", "cognito:groups"] {
            assert!(!resets(stack(), json!({claim: value})).await, "{claim}: {value}");
        }
    }
}

/// The gateway writes an array as `[a b]` and escapes nothing, so a member with a space looks like two members. Whoever
/// can put text into these claims can grant permissions, which the operator has to know.
#[tokio::test]
async fn a_space_within_an_array_member_parts_it_as_a_space_between_members_does() {
    for value in
        [json!(["users:edit"]), json!(["openid users:edit"]), json!("openid users:edit"), json!("[users:edit]")]
    {
        assert!(resets(stack(), json!({"permissions": value})).await, "{value}");
    }
}

#[tokio::test]
async fn a_permission_for_one_user_is_none_for_another() {
    let (victim, before) = victim(stack()).await;
    let other = stack().user();
    let id = &victim.id;
    for permission in [
        format!("users:edit:{}", other.id),
        format!("users:edit:{id}{id}"),
        format!("users:edit:{}", &id[1..]),
        format!("users:edit:{}", &id[..id.len() - 1]),
        format!("users:edit:{id},"),
        format!("users:edit:0{id}"),
        format!("users:edit:+{id}"),
        format!("users:edit:%3{}", &id[1..]),
        format!("users:edit::{id}"),
        format!("users:edit:{}:{id}", other.id),
    ] {
        let caller = stack().user_with(json!({"scope": permission}));
        let answer = caller.post(&format!("/api/users/{id}/two-factor/reset")).await;
        answer.assert_problem(403, "edit-permission-required");
    }
    assert_eq!(stack().table().user(id).await, before);
}

#[tokio::test]
async fn no_id_in_the_path_leaves_the_tenant() {
    let fixture = stack_with([("TenantClaim", "tenant"), ("UserIdType", "string")]);
    let user = |tenant: &str, id: &str| fixture.user_with(json!({"tenant": tenant, "sub": id, "scope": "users:edit"}));
    let victim = user("globex", "44");
    enrol_app(&victim).await;
    let admin = user("acme", "1");
    for id in ["44", "globex#44", "#44", "globex/44", "../globex#44", "USER#globex#44", "globex%2344", "%23globex%2344"]
    {
        let mut in_path = String::new();
        for byte in id.bytes() {
            in_path += &format!("%{byte:02x}");
        }
        admin.post(&format!("/api/users/{in_path}/two-factor/reset")).await.assert_no_content();
        assert_eq!(victim.settings().await["secret_key"], SECRET, "{id}");
    }
    for tenant in ["globex", "globe", "globex ", "Globex", "globex#", "%67lobex"] {
        let caller = user(tenant, "2");
        let settings = user(tenant, "44").get("/api/two-factor").await;
        assert_eq!(settings.text.contains(SECRET), tenant == "globex", "{tenant:?}: {settings:?}");
        if tenant != "globex" {
            caller.post("/api/users/44/two-factor/reset").await;
            assert_eq!(victim.settings().await["secret_key"], SECRET, "{tenant:?}");
        }
    }
}
