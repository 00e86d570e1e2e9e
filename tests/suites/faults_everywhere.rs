//! Every endpoint under every fault of every call that it makes: the promised response in time, the state as before or
//! as after and never in between, no SMS twice, and nothing lost that should have been released.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use reqwest::Method;
use serde_json::json;

use crate::support::{
    Answer, Fault, Item, Proxied, SECRET, User, code_now, enrol_app, enrol_phone, last_code, recovery_codes, stack,
    user_key_of, wrong_code,
};

/// One kind of request, made from the state that [`Request::prepare`] creates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    Get,
    Qr,
    EnrolApp,
    EnrolPhone,
    Disable,
    VerifyApp,
    VerifySms,
    VerifyWrong,
    RecoveryCodes,
    UseRecoveryCode,
    Send,
    SendAgain,
    OwnReset,
    AdminReset,
}

/// Faults of DynamoDB in which the call is done and its response is lost.
const LOST: [Fault; 2] = [Fault::CutAfter, Fault::Silence];
/// Faults of DynamoDB in which the call is not done.
const REFUSED: [Fault; 4] = [
    Fault::Refuse(500, "InternalServerErrorException"),
    Fault::Refuse(400, "ProvisionedThroughputExceededException"),
    Fault::Refuse(503, "ServiceUnavailableException"),
    Fault::CutBefore,
];

/// The number of cases that run at the same time.
const AT_ONCE: usize = 8;

/// The number of times that the SDK tries a call.
const TRIES: usize = 5;

impl Request {
    /// The calls that it makes to DynamoDB, in order.
    fn calls(self) -> &'static [&'static str] {
        match self {
            Self::Get | Self::Qr => &["GetItem"],
            Self::VerifyApp | Self::VerifySms => &["UpdateItem", "UpdateItem"],
            // The second change within an hour.
            Self::EnrolApp | Self::EnrolPhone | Self::Disable => &["UpdateItem", "UpdateItem"],
            Self::Send | Self::SendAgain => &["GetItem", "TransactWriteItems", "UpdateItem"],
            _ => &["UpdateItem"],
        }
    }

    async fn prepare(self, proxied: &Proxied, user: &User) -> String {
        match self {
            Self::VerifySms | Self::Send | Self::SendAgain => {
                let phone = enrol_phone(user).await;
                if self != Self::Send {
                    user.send_code().await.assert_no_content();
                    proxied.fixture.table().let_pass(&user_key_of(user), 30).await;
                }
                phone
            }
            Self::EnrolPhone => {
                enrol_app(user).await;
                crate::support::phone_number()
            }
            Self::RecoveryCodes => {
                recovery_codes(user).await;
                String::new()
            }
            Self::UseRecoveryCode => recovery_codes(user).await.swap_remove(0),
            _ => {
                enrol_app(user).await;
                String::new()
            }
        }
    }

    async fn make(self, proxied: &Proxied, user: &User, prepared: &str) -> Answer {
        match self {
            Self::Get => user.get("/api/two-factor").await,
            Self::Qr => user.get("/api/two-factor/qr").await,
            Self::EnrolApp => user.patch(json!({"method": "google", "secret_key": SECRET})).await,
            Self::EnrolPhone => user.patch(json!({"method": "sms", "phone_prefix": 45, "phone": prepared})).await,
            Self::Disable => user.patch(json!({"method": ""})).await,
            Self::VerifyApp => user.verify(&code_now(SECRET)).await,
            Self::VerifySms => user.verify(&last_code(stack(), prepared)).await,
            Self::VerifyWrong => user.verify(&wrong_code(SECRET)).await,
            Self::RecoveryCodes => user.post("/api/two-factor/recovery-codes").await,
            Self::UseRecoveryCode => user.verify(prepared).await,
            Self::Send | Self::SendAgain => user.send_code().await,
            Self::OwnReset => user.send(Method::POST, "/api/two-factor/reset", None).await,
            Self::AdminReset => {
                let admin = proxied.fixture.user_with(json!({"scope": "users:edit"}));
                admin.post(&format!("/api/users/{}/two-factor/reset", user.id)).await
            }
        }
    }

    fn timeout(self) -> Duration {
        Duration::from_secs(if matches!(self, Self::Send | Self::SendAgain) { 15 } else { 10 })
    }
}

/// The stored state, with a star in place of random values and times of day.
fn state(item: Option<Item>) -> BTreeMap<String, String> {
    let shown = |name: &str, value: &aws_sdk_dynamodb::types::AttributeValue| match name {
        "failures" | "code_tries" | "verified" | "method" => format!("{value:?}"),
        "sends" => value.as_ns().unwrap().len().to_string(),
        "recovery_codes" => value.as_ss().unwrap().len().to_string(),
        _ => "*".to_owned(),
    };
    item.into_iter().flatten().map(|(name, value)| (name.clone(), shown(&name, &value))).collect()
}

/// The item without counters that are back at zero, which mean the same as none, and without the event of the last
/// write: a write that restores everything has no event.
fn settled(item: Option<Item>) -> Option<Item> {
    let nought = aws_sdk_dynamodb::types::AttributeValue::N("0".to_owned());
    item.map(|item| item.into_iter().filter(|(name, value)| *value != nought && !name.starts_with("event")).collect())
}

struct Case {
    request: Request,
    call: usize,
    fault: Fault,
    times: usize,
}

impl Case {
    /// Makes the request with its fault, and the same request of another user without it, to compare.
    async fn run(self, nth: usize) {
        let Self { request, call, fault, times } = self;
        let what = format!("{request:?}: {fault:?} {times} times at call {call}");
        let proxied = Proxied::start(&format!("{request:?}-{nth}").to_lowercase());
        let (user, other) = (proxied.fixture.user(), proxied.fixture.user());
        let table = proxied.fixture.table();
        let phone = request.prepare(&proxied, &user).await;
        let other_phone = request.prepare(&proxied, &other).await;
        let clean = request.make(&proxied, &other, &other_phone).await;
        let before = settled(table.user(&user.id).await);
        let after = state(settled(table.user(&other.id).await));
        let sent_before = stack().messages_to(&phone).len();

        let name = request.calls()[call];
        let let_through = request.calls()[..call].iter().filter(|earlier| **earlier == name).count();
        proxied.dynamodb.fail_after(name, let_through, times, fault);
        let started = Instant::now();
        let answer = request.make(&proxied, &user, &phone).await;
        assert!(started.elapsed() < request.timeout(), "{what}: {:?}", started.elapsed());
        proxied.dynamodb.heal();

        let lasts = match fault {
            Fault::Delay(_) => false,
            // The first try waits so long that a busy machine may have no time left for the second.
            Fault::Silence if times < TRIES => answer.status == 503,
            _ => times >= TRIES,
        };
        if lasts {
            answer.assert_problem(503, "unavailable");
            assert!((1..=60).contains(&answer.retry_after()), "{what}");
        } else {
            assert_eq!(answer.status, clean.status, "{what}: {answer:?}");
        }
        let now = settled(table.user(&user.id).await);
        let untouched = now == before;
        let reached =
            if lasts && request.is_undone(call) { untouched } else { untouched || state(now.clone()) == after };
        assert!(reached, "{what}: {:?} is neither {:?} nor {after:?}", state(now.clone()), state(before.clone()));
        if !lasts {
            assert_eq!(state(now), after, "{what}");
        } else if !LOST.contains(&fault) {
            assert!(untouched, "{what}: {:?}", state(now));
        }
        let sent = stack().messages_to(&phone).len() - sent_before;
        assert_eq!(sent, usize::from(!lasts && matches!(request, Request::Send | Request::SendAgain)), "{what}");
    }
}

impl Request {
    /// Whether a fault at this call ends in the state before, even if it hides that the write was done: what was only
    /// counted so far is released.
    fn is_undone(self, call: usize) -> bool {
        match self {
            Self::Send | Self::SendAgain => call > 0,
            Self::VerifyApp | Self::VerifySms | Self::VerifyWrong => call == 0,
            _ => false,
        }
    }
}

/// Every fault of every call of these requests, each with its own stack and table.
async fn every_fault_of(requests: &[Request]) {
    let mut cases = Vec::new();
    for request in requests {
        for call in 0..request.calls().len() {
            for fault in REFUSED.into_iter().chain(LOST).chain([Fault::Delay(500)]) {
                for times in [1, TRIES] {
                    cases.push(Case { request: *request, call, fault, times });
                }
            }
        }
    }
    // Most cases wait; more at once would make the machine too slow for the time limits under test.
    stream::iter(cases.into_iter().enumerate()).for_each_concurrent(AT_ONCE, |(nth, case)| case.run(nth)).await;
}

#[tokio::test]
async fn reading_under_every_fault() {
    every_fault_of(&[Request::Get, Request::Qr]).await;
}

#[tokio::test]
async fn changing_settings_under_every_fault() {
    every_fault_of(&[Request::EnrolApp, Request::EnrolPhone, Request::Disable]).await;
}

#[tokio::test]
async fn resetting_under_every_fault() {
    every_fault_of(&[Request::OwnReset, Request::AdminReset]).await;
}

#[tokio::test]
async fn verifying_under_every_fault() {
    every_fault_of(&[Request::VerifyApp, Request::VerifySms, Request::VerifyWrong]).await;
}

#[tokio::test]
async fn recovery_codes_under_every_fault() {
    every_fault_of(&[Request::RecoveryCodes, Request::UseRecoveryCode]).await;
}

#[tokio::test]
async fn sending_under_every_fault_of_dynamodb() {
    every_fault_of(&[Request::Send, Request::SendAgain]).await;
}

#[tokio::test]
async fn generating_a_secret_needs_nothing_that_can_fail() {
    let proxied = Proxied::start("fault-secret");
    let user = proxied.fixture.user();
    proxied.take_calls();
    for call in ["GetItem", "UpdateItem", "TransactWriteItems"] {
        proxied.dynamodb.fail(call, 100, Fault::Silence);
    }
    proxied.sns.fail("Publish", 100, Fault::Silence);
    assert_eq!(user.get("/api/two-factor/secret").await.status, 200);
    assert_eq!(proxied.take_calls(), [""; 0]);
}

#[tokio::test]
async fn sending_under_every_fault_of_sns() {
    let certainly_not = [
        Fault::Refuse(400, "InvalidParameter"),
        Fault::Refuse(403, "AuthorizationError"),
        Fault::Refuse(429, "Throttling"),
        Fault::Refuse(503, "ServiceUnavailable"),
    ];
    let perhaps = [Fault::Refuse(500, "InternalError"), Fault::CutBefore, Fault::CutAfter, Fault::Silence];
    let runs = certainly_not
        .into_iter()
        .chain(perhaps)
        .flat_map(|fault| [(fault, Request::Send), (fault, Request::SendAgain)]);
    let run = |(nth, (fault, request)): (usize, (Fault, Request))| async move {
        let proxied = Proxied::start(&format!("sns-{nth}"));
        let (user, table) = (proxied.fixture.user(), proxied.fixture.table());
        let phone = request.prepare(&proxied, &user).await;
        let before = table.user(&user.id).await.unwrap();
        let sent_before = stack().messages_to(&phone).len();
        proxied.sns.fail("Publish", 10, fault);
        let started = Instant::now();
        let answer = request.make(&proxied, &user, &phone).await;
        assert!(started.elapsed() < request.timeout(), "{fault:?}");
        proxied.sns.heal();
        answer.assert_problem(503, "unavailable");
        assert!((1..=60).contains(&answer.retry_after()), "{fault:?}");
        assert_eq!(
            proxied.sns.take_calls().iter().filter(|call| *call == "Publish").count() - sent_before,
            1,
            "{fault:?}"
        );
        let sent = stack().messages_to(&phone).len() - sent_before;
        let now = table.user(&user.id).await.unwrap();
        let sends = |item: &Item| item.get("sends").map_or(0, |sends| sends.as_ns().unwrap().len());
        if certainly_not.contains(&fault) {
            let shown = |item: &Item| state(settled(Some(item.clone())));
            assert_eq!(
                (shown(&now), now.get("code_hash"), sent),
                (shown(&before), before.get("code_hash"), 0),
                "{fault:?}"
            );
            // Nothing was spent: the next SMS goes out at once.
            user.send_code().await.assert_no_content();
            user.verify(&last_code(stack(), &phone)).await.assert_no_content();
        } else {
            assert_eq!((sends(&now), sent), (sends(&before) + 1, usize::from(LOST.contains(&fault))), "{fault:?}");
            let next = user.send_code().await;
            next.assert_problem(429, "too-many-sends");
            assert!(answer.retry_after() >= next.retry_after(), "{fault:?}: whoever waits as told is refused again");
        }
        if LOST.contains(&fault) {
            user.verify(&last_code(stack(), &phone)).await.assert_no_content();
        }
    };
    stream::iter(runs.enumerate()).for_each_concurrent(AT_ONCE, run).await;
}
