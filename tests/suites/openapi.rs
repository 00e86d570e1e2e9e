//! `openapi.yaml` promises no response that cannot occur: these tests obtain every status and every problem type that
//! it lists for an operation. `tests/api` checks the reverse, that it lists every response, with requests generated
//! from it.

use std::collections::BTreeSet;

use futures_util::future::join;
use local_stack::{Options, openapi};
use serde_json::{Value, json};

use crate::support::{
    Answer, Fault, Fixture, Proxied, ROUTES, Route, SECRET, User, code_now, enrol_app, enrol_phone, recovery_codes,
    stack, stack_with, user_key_of, wrong_code,
};

/// Operation, status and the problem's name: `message` for the gateway's own responses, empty for success.
type Promise = (String, u16, String);

/// What the gateway itself responds, at limits that belong to no operation. `gateway.rs` and `lifecycle.rs` test those
/// that the local stack imitates. Only AWS has the throttles.
const THE_GATEWAYS: [u16; 4] = [413, 429, 500, 503];

/// The operation makes no call that could fail. Only the system's random number generator could.
const CANNOT_BE_BROUGHT_ABOUT: (&str, u16, &str) = ("generateSecret", 500, "internal");

fn resolved<'a>(root: &'a Value, node: &'a Value) -> &'a Value {
    match node.get("$ref").and_then(Value::as_str) {
        Some(reference) => resolved(root, root.pointer(reference.trim_start_matches('#')).unwrap()),
        None => node,
    }
}

fn promised() -> BTreeSet<Promise> {
    let root = openapi().unwrap();
    let mut promised = BTreeSet::new();
    let operations = root["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    for operation in operations.filter(|operation| operation.get("operationId").is_some()) {
        let id = operation["operationId"].as_str().unwrap();
        for (status, response) in operation["responses"].as_object().unwrap() {
            let status: u16 = status.parse().unwrap();
            let content = resolved(&root, response).get("content").and_then(Value::as_object);
            let mut promise = |kind: &str| promised.insert((id.to_owned(), status, kind.to_owned()));
            if status < 300 {
                promise("");
            }
            for (media_type, media) in content.into_iter().flatten().filter(|_| status >= 400) {
                if media_type == "application/json" && !THE_GATEWAYS.contains(&status) {
                    promise("message");
                }
                if media_type == "application/problem+json" {
                    // The examples name every problem that a response can have.
                    for example in media["examples"].as_object().unwrap().values() {
                        let name = resolved(&root, example)["value"]["type"].as_str().unwrap();
                        promise(name.trim_start_matches("/problems/"));
                    }
                }
            }
        }
    }
    promised
}

/// The responses obtained so far.
#[derive(Default)]
struct Got(BTreeSet<Promise>);

impl Got {
    fn add(&mut self, operation: &str, answer: &Answer) {
        let status = answer.status.as_u16();
        let body: Value = serde_json::from_str(&answer.text).unwrap_or_default();
        let kind = match body["type"].as_str() {
            Some(type_) => type_.trim_start_matches("/problems/").to_owned(),
            None if status >= 400 => "message".to_owned(),
            None => String::new(),
        };
        self.0.insert((operation.to_owned(), status, kind));
    }
}

async fn call(user: &User, operation: &str, body: &str) -> Answer {
    let route = ROUTES.into_iter().find(|route| route.operation == operation).unwrap();
    user.send(route.method.clone(), &route.path("999999999"), Some((body.to_owned(), "application/json"))).await
}

fn disable() -> String {
    json!({"method": "", "key": "123456"}).to_string()
}

/// The responses of every operation, whatever the settings: without a valid token, to huge bodies, during an outage,
/// with a bug.
async fn whatever_is_set(got: &mut Got) {
    let proxied = Proxied::start("promised");
    let user = proxied.fixture.user_with(json!({"scope": "users:edit"}));
    let unknown = proxied.fixture.user_with(json!({"sub": "no number", "scope": "users:edit"}));
    let stranger = User { token: "no token".to_owned(), ..user.clone() };
    let huge = format!("{{\"a\":\"{}\"}}", "a".repeat(5000));
    let failing = [
        Fault::Refuse(503, "ServiceUnavailableException"),
        // An error that only a bug or a wrong setting causes.
        Fault::Refuse(400, "ValidationException"),
    ];
    enrol_phone(&user).await;
    for Route { operation, .. } in ROUTES {
        got.add(operation, &call(&stranger, operation, "{}").await);
        got.add(operation, &call(&unknown, operation, "{}").await);
        got.add(operation, &call(&user, operation, &huge).await);
        for fault in failing {
            proxied.fixture.table().forget_changes(&user_key_of(&user)).await;
            enrol_phone(&user).await;
            for name in ["GetItem", "UpdateItem"] {
                proxied.dynamodb.fail(name, 10, fault);
            }
            got.add(operation, &call(&user, operation, &disable()).await);
            proxied.dynamodb.heal();
        }
    }
}

/// The responses with the documented settings.
async fn by_default(got: &mut Got) {
    let (user, admin) = (stack().user(), stack().user_with(json!({"scope": "users:edit"})));
    for operation in ["getSettings", "getQrCode", "generateSecret", "sendVerification", "verify", "createRecoveryCodes"]
    {
        got.add(operation, &call(&user, operation, &disable()).await);
    }
    for body in ["{", r#"{"method":"pager"}"#] {
        got.add("updateSettings", &call(&user, "updateSettings", body).await);
    }
    got.add("createRecoveryCodes", &call(&user, "createRecoveryCodes", "{").await);
    for body in ["", "{}"] {
        got.add("verify", &call(&user, "verify", body).await);
    }
    enrol_app(&user).await;
    got.add("updateSettings", &call(&user, "updateSettings", &disable()).await);
    enrol_app(&user).await;
    got.add("getQrCode", &call(&user, "getQrCode", "").await);
    got.add("createRecoveryCodes", &call(&user, "createRecoveryCodes", "").await);
    got.add("verify", &user.verify(&code_now(SECRET)).await);
    got.add("createRecoveryCodes", &call(&user, "createRecoveryCodes", "").await);
    for _ in 0..6 {
        got.add("verify", &user.verify(&wrong_code(SECRET)).await);
    }
    enrol_phone(&user).await;
    for _ in 0..2 {
        got.add("sendVerification", &user.send_code().await);
    }
    for _ in 0..20 {
        got.add("updateSettings", &call(&user, "updateSettings", r#"{"method":""}"#).await);
    }
    got.add("resetOwn", &call(&user, "resetOwn", "").await);
    for caller in [&user, &admin] {
        for id in [user.id.as_str(), "0x1", "a%2Fb/c"] {
            got.add("reset", &caller.post(&format!("/api/users/{id}/two-factor/reset")).await);
            got.add("getUserSettings", &caller.get(&format!("/api/users/{id}/two-factor")).await);
        }
    }
}

/// A stack with the hardened settings, whose functions reach their engines through proxies.
fn hardened() -> Proxied {
    let parameters = [("StepUp", "code"), ("SecretVisibility", "until-verified")];
    let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    Proxied::start_with("promised-hardened", Options { parameters, ..Options::default() })
}

async fn step_up(got: &mut Got) {
    let proxied = hardened();
    let Proxied { fixture, dynamodb, .. } = &proxied;
    let (user, admin) = (fixture.user(), fixture.user_with(json!({"scope": "users:edit"})));
    let code = recovery_codes(&user).await.swap_remove(0);
    fixture.table().let_pass(&user_key_of(&user), 600).await;
    got.add("getQrCode", &call(&user, "getQrCode", "").await);
    got.add("resetOwn", &call(&user, "resetOwn", "").await);
    let permitted = fixture.user_with(json!({"sub": user.id, "scope": "users:edit"}));
    got.add("reset", &permitted.post(&format!("/api/users/{}/two-factor/reset", user.id)).await);
    let keyed = |key: &str| json!({"method": "", "key": key}).to_string();
    for operation in ["updateSettings", "createRecoveryCodes"] {
        got.add(operation, &call(&user, operation, r#"{"method":""}"#).await);
        got.add(operation, &call(&user, operation, &keyed("12345")).await);
        got.add(operation, &call(&user, operation, &keyed(&wrong_code(SECRET))).await);
    }
    // A reset comes between the two writes of a change.
    dynamodb.fail_after("UpdateItem", 1, 1, Fault::Delay(1000));
    let reset = async {
        dynamodb.hit().await;
        admin.post(&format!("/api/users/{}/two-factor/reset", user.id)).await
    };
    let (changed, _) = join(call(&user, "updateSettings", &keyed(&code)), reset).await;
    got.add("updateSettings", &changed);

    let locked = fixture.user();
    recovery_codes(&locked).await;
    for _ in 0..6 {
        for operation in ["updateSettings", "createRecoveryCodes"] {
            got.add(operation, &call(&locked, operation, &keyed(&wrong_code(SECRET))).await);
        }
    }
}

async fn sending(got: &mut Got) {
    let proxied = Proxied::start("promised-sending");
    let user = proxied.fixture.user();
    let number = enrol_phone(&user).await;
    proxied.dynamodb.fail("TransactWriteItems", 1, Fault::Delay(1000));
    let change = async {
        proxied.dynamodb.hit().await;
        user.patch(json!({"method": "sms", "phone_prefix": 45, "phone": &number[3..]})).await
    };
    let (sent, _) = join(user.send_code(), change).await;
    got.add("sendVerification", &sent);

    let user = proxied.fixture.user();
    enrol_phone(&user).await;
    proxied.sns.fail("Publish", 1, Fault::RefuseNumber);
    got.add("sendVerification", &user.send_code().await);
    let spent = stack_with([("SmsPerHour", "2")]);
    for _ in 0..2 {
        let user = spent.user();
        enrol_phone(&user).await;
        got.add("sendVerification", &user.send_code().await);
    }

    let elsewhere: Fixture = crate::support::own_stack(Options {
        function_env: [("send-verification".to_owned(), [("SMS_COUNTRIES".to_owned(), "SE".to_owned())].into())].into(),
        ..Options::default()
    });
    let user = elsewhere.user();
    enrol_phone(&user).await;
    got.add("sendVerification", &user.send_code().await);
}

#[tokio::test]
async fn every_answer_that_openapi_yaml_promises_can_be_had() {
    let mut got = Got::default();
    whatever_is_set(&mut got).await;
    by_default(&mut got).await;
    step_up(&mut got).await;
    sending(&mut got).await;
    let (operation, status, kind) = CANNOT_BE_BROUGHT_ABOUT;
    got.0.insert((operation.to_owned(), status, kind.to_owned()));
    let promised = promised();
    assert!(promised.len() > 80, "openapi.yaml is no longer read: {promised:?}");
    let missing: Vec<&Promise> = promised.difference(&got.0).collect();
    assert!(missing.is_empty(), "promised and not got: {missing:?}");
    let more: Vec<&Promise> = got.0.difference(&promised).collect();
    assert!(more.is_empty(), "got and not promised: {more:?}");
}

#[test]
fn the_suites_list_of_routes_is_that_of_openapi_yaml() {
    let root = openapi().unwrap();
    let mut described = BTreeSet::new();
    for (path, methods) in root["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            if let Some(id) = operation.get("operationId") {
                described.insert(format!("{} {} {path}", id.as_str().unwrap(), method.to_uppercase()));
            }
        }
    }
    let listed: BTreeSet<String> =
        ROUTES.map(|route| format!("{} {} {}", route.operation, route.method, route.template)).into();
    assert_eq!(listed, described);
}
