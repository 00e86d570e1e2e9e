//! A connection that was lost while the function was frozen costs the user next to nothing: no error, no second SMS,
//! and less than half a second.
//!
//! Each function runs once and is then frozen for longer than it trusts a connection. The wait is real because a
//! function reads the wall clock. All functions and all kinds of loss share it.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use local_stack::Options;
use serde_json::json;

use crate::support::{
    Answer, Fixture, Loss, ROUTES, Relay, SECRET, User, code_now, enrol_app, enrol_phone, is_stopped, own_stack, stack,
};

/// Twice as long as a function trusts a silent connection.
const SILENCE: Duration = Duration::from_secs(10);

/// The most time that a lost connection may add to a request.
const LIMIT: Duration = Duration::from_millis(500);

/// The requests that reach AWS, one for each function that does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Request {
    Settings,
    Qr,
    Update,
    Verify,
    RecoveryCodes,
    Reset,
    Send,
}

const REQUESTS: [Request; 7] = [
    Request::Settings,
    Request::Qr,
    Request::Update,
    Request::Verify,
    Request::RecoveryCodes,
    Request::Reset,
    Request::Send,
];

impl Request {
    /// A user for whom the request succeeds, and the number of their phone if they have one.
    async fn prepare(self, fixture: &Fixture) -> (User, String) {
        let user = fixture.user();
        let mut number = String::new();
        match self {
            Self::Send => number = enrol_phone(&user).await,
            Self::RecoveryCodes => {
                enrol_app(&user).await;
                user.verify(&code_now(SECRET)).await.assert_no_content();
            }
            _ => enrol_app(&user).await,
        }
        (user, number)
    }

    async fn make(self, user: &User) -> Answer {
        match self {
            Self::Settings => user.get("/api/two-factor").await,
            Self::Qr => user.get("/api/two-factor/qr").await,
            Self::Update => user.patch(json!({"method": "google", "secret_key": SECRET})).await,
            Self::Verify => user.verify(&code_now(SECRET)).await,
            Self::RecoveryCodes => user.post("/api/two-factor/recovery-codes").await,
            Self::Reset => user.post("/api/two-factor/reset").await,
            Self::Send => user.send_code().await,
        }
    }
}

/// A stack whose functions lost their connections while they were frozen.
struct Scene {
    fixture: Fixture,
    dynamodb: Relay,
    sns: Relay,
    requests: Vec<Prepared>,
}

struct Prepared {
    request: Request,
    user: User,
    number: String,
    /// How long the request takes on this machine over an open connection.
    usual: Duration,
}

impl Scene {
    async fn start(loss: Loss) -> Self {
        let engines = stack().stack.info();
        let (dynamodb, sns) = (Relay::start(&engines.dynamodb_endpoint), Relay::start(&engines.sns_endpoint));
        let fixture = own_stack(Options {
            dynamodb_endpoint: Some(dynamodb.endpoint.clone()),
            sns_endpoint: Some(sns.endpoint.clone()),
            stack_name: format!("{loss:?}").to_lowercase(),
            ..Options::default()
        });
        let mut requests = Vec::new();
        for request in REQUESTS {
            let mut usual = Duration::ZERO;
            // The first request starts the process, so the second one counts.
            for _ in 0..2 {
                let (user, _) = request.prepare(&fixture).await;
                let (answer, took) = timed(request, &user).await;
                assert!(answer.status.is_success(), "{request:?}: {answer:?}");
                usual = took;
            }
            let (user, number) = request.prepare(&fixture).await;
            requests.push(Prepared { request, user, number, usual });
        }
        Self { fixture, dynamodb, sns, requests }
    }

    /// Loses all connections while all functions are frozen.
    fn lose(&self, loss: Loss) {
        let mut frozen = 0;
        for route in ROUTES {
            for pid in self.fixture.stack.function_pids(route.function) {
                assert!(is_stopped(pid), "{}", route.function);
                frozen += 1;
            }
        }
        assert!(frozen >= REQUESTS.len());
        assert!(self.dynamodb.lose(loss) >= REQUESTS.len());
        assert!(self.sns.lose(loss) >= 1);
    }
}

async fn timed(request: Request, user: &User) -> (Answer, Duration) {
    let started = Instant::now();
    (request.make(user).await, started.elapsed())
}

/// All scenes, after one silence that they share.
static SCENES: LazyLock<[(Loss, Scene); 3]> = LazyLock::new(|| {
    let prepared = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut scenes = Vec::new();
            for loss in [Loss::Ended, Loss::Forgotten, Loss::Swallowed] {
                scenes.push((loss, Scene::start(loss).await));
            }
            tokio::time::sleep(SILENCE).await;
            for (loss, scene) in &scenes {
                scene.lose(*loss);
            }
            scenes
        })
    });
    let Ok(scenes) = prepared.join().expect("the scenes are prepared").try_into() else { panic!("three scenes") };
    scenes
});

async fn costs_next_to_nothing(loss: Loss) {
    let (_, scene) = SCENES.iter().find(|(other, _)| *other == loss).unwrap();
    for Prepared { request, user, number, usual } in &scene.requests {
        // A client of this test's own: the other one's connections belong to a runtime that has ended.
        let user = User { http: reqwest::Client::new(), ..user.clone() };
        let (answer, took) = timed(*request, &user).await;
        assert!(answer.status.is_success(), "{request:?}: {answer:?}");
        assert!(took < LIMIT + *usual, "{request:?} took {took:?}, and {usual:?} as a rule");
        if *request == Request::Send {
            assert_eq!(stack().messages_to(number).len(), 1, "one SMS");
        }
    }
}

#[tokio::test]
async fn connections_that_were_ended_while_frozen_cost_next_to_nothing() {
    costs_next_to_nothing(Loss::Ended).await;
}

#[tokio::test]
async fn connections_whose_end_was_lost_while_frozen_cost_next_to_nothing() {
    costs_next_to_nothing(Loss::Forgotten).await;
}

#[tokio::test]
async fn connections_that_swallow_bytes_after_a_freeze_cost_next_to_nothing() {
    costs_next_to_nothing(Loss::Swallowed).await;
}
