//! The cost of processes that die and of stacks that are restarted.

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use local_stack::Options;
use reqwest::Method;
use serde_json::json;

use crate::support::{
    Answer, Directory, Fault, Fixture, Proxy, ROUTES, Route, SECRET, User, code_now, enrol_app, enrol_phone, is_alive,
    is_stopped, kill, last_code, own_stack, stack,
};

fn assert_internal_server_error(answer: &Answer) {
    let expected = (500, r#"{"message":"Internal Server Error"}"#);
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), expected, "{answer:?}");
}

fn kill_all(fixture: &Fixture, function: &str) -> usize {
    fixture.stack.function_pids(function).into_iter().filter(|pid| kill("KILL", *pid)).count()
}

fn kept_in(directory: &Directory) -> Options {
    Options { data_dir: Some(directory.path().to_owned()), ..Options::default() }
}

#[tokio::test]
async fn kill_9_in_the_middle_of_a_request_costs_that_request_alone() {
    let dynamodb = Proxy::start(&stack().stack.info().dynamodb_endpoint);
    let mut fixture = own_stack(Options {
        dynamodb_endpoint: Some(dynamodb.endpoint.clone()),
        stack_name: "killed".to_owned(),
        ..Options::default()
    });
    let user = fixture.user();
    enrol_app(&user).await;
    dynamodb.fail("GetItem", 1, Fault::Silence);
    let killing = async {
        dynamodb.hit().await;
        assert_eq!(kill_all(&fixture, "get-settings"), 1);
    };
    let (answer, ()) = tokio::join!(user.get("/api/two-factor"), killing);
    assert_internal_server_error(&answer);
    assert_eq!(user.settings().await["secret_key"], SECRET);
    let lines = fixture.shut_down();
    let crashed = |line: &&local_stack::LogLine| line.function == "get-settings" && line.line.contains("signal: 9");
    assert_eq!(lines.iter().filter(crashed).count(), 1, "{lines:?}");
}

#[tokio::test]
async fn a_process_that_was_killed_while_it_was_free_costs_no_request() {
    let fixture = own_stack(Options::default());
    let user = fixture.user();
    for _ in 0..5 {
        assert_eq!(user.get("/api/two-factor").await.status, 200);
        assert_eq!(kill_all(&fixture, "get-settings"), 1);
        // The process ends a moment after its signal. Until then it can still receive a request.
        while !fixture.stack.function_pids("get-settings").is_empty() {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(user.get("/api/two-factor").await.status, 200);
}

#[tokio::test]
async fn of_many_requests_kill_9_costs_at_most_one_a_process() {
    let fixture = own_stack(Options::default());
    let users: Vec<User> = (0..20).map(|_| fixture.user()).collect();
    let (mut killed, mut lost) = (0, 0);
    for letter in ["A", "B", "C"] {
        let secret = letter.repeat(32);
        let patch = async |user: &User| user.patch(json!({"method": "google", "secret_key": secret})).await.status;
        let mut requests: FuturesUnordered<_> =
            users.iter().map(|user| async move { (user, patch(user).await) }).collect();
        let mut done = Vec::new();
        while let Some((user, status)) = requests.next().await {
            if status == 204 {
                done.push(user);
            } else {
                assert_eq!(status, 500);
                lost += 1;
            }
            if done.len() % 6 == 1 {
                killed += kill_all(&fixture, "update-settings");
            }
        }
        for user in done {
            assert_eq!(user.settings().await["secret_key"], *secret, "what was answered is stored");
        }
    }
    assert!(killed > 0 && lost <= killed, "{lost} of {killed}");
    for user in users {
        enrol_app(&user).await;
    }
}

#[tokio::test]
async fn a_function_that_hangs_is_killed_at_its_timeout_and_replaced() {
    // With freezing on, the stack itself would resume the process for the request.
    let mut fixture = own_stack(Options { freeze: false, ..Options::default() });
    let user = fixture.user();
    assert_eq!(user.get("/api/two-factor/secret").await.status, 200);
    let [pid] = fixture.stack.function_pids("generate-secret")[..] else { panic!("one process") };
    assert!(kill("STOP", pid));
    assert_internal_server_error(&user.get("/api/two-factor/secret").await);
    assert_eq!(user.get("/api/two-factor/secret").await.status, 200);
    assert!(!fixture.stack.function_pids("generate-secret").contains(&pid));
    let lines = fixture.shut_down();
    assert!(!is_alive(pid));
    assert!(
        lines.iter().any(|line| line.function == "generate-secret" && line.line.contains("timed out")),
        "{lines:?}"
    );
}

#[tokio::test]
async fn a_function_stands_still_between_requests_and_runs_on_with_the_next() {
    let fixture = own_stack(Options::default());
    let user = fixture.user();
    let mut pids = Vec::new();
    for _ in 0..3 {
        assert_eq!(user.get("/api/two-factor").await.status, 200);
        pids.extend(fixture.stack.function_pids("get-settings"));
        // It asks for the next request a moment after its response.
        while !is_stopped(pids[0]) {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(pids, [pids[0]; 3]);
}

#[tokio::test]
async fn a_stack_that_is_started_again_on_its_data_still_knows_the_settings() {
    let directory = Directory::new();
    let (mut fixture, code) = (own_stack(kept_in(&directory)), code_now(SECRET));
    let (ann, bob) = (fixture.user_with(json!({"sub": "1"})), fixture.user_with(json!({"sub": "2"})));
    enrol_app(&ann).await;
    ann.verify(&code).await.assert_no_content();
    let phone = enrol_phone(&bob).await;
    bob.send_code().await.assert_no_content();
    let (settings_of_ann, settings_of_bob) = (ann.settings().await, bob.settings().await);
    let sms_code = last_code(&fixture, &phone);
    fixture.shut_down();

    let again = own_stack(kept_in(&directory));
    let (ann, bob) = (again.user_with(json!({"sub": "1"})), again.user_with(json!({"sub": "2"})));
    // To show a secret, the function has to open it: the keys are the same.
    assert_eq!(ann.settings().await, settings_of_ann);
    assert_eq!(bob.settings().await, settings_of_bob);
    assert_eq!(settings_of_ann["verified"], true);
    ann.verify(&code).await.assert_problem(422, "invalid-code");
    bob.send_code().await.assert_problem(429, "too-many-sends");
    bob.verify(&sms_code).await.assert_no_content();
}

#[tokio::test]
async fn without_a_data_directory_nothing_is_kept() {
    let mut fixture = own_stack(Options::default());
    enrol_app(&fixture.user_with(json!({"sub": "1"}))).await;
    fixture.shut_down();
    let again = own_stack(Options::default());
    assert_eq!(again.user_with(json!({"sub": "1"})).settings().await["method"], json!(null));
}

#[tokio::test]
async fn after_the_shutdown_no_function_process_is_left_and_the_port_is_closed() {
    let mut fixture = own_stack(Options::default());
    let user = fixture.user_with(json!({"scope": "users:edit"}));
    for route in ROUTES {
        let body = r#"{"method":""}"#.to_owned();
        user.send(route.method.clone(), &route.path("42"), Some((body, "application/json"))).await;
    }
    let pids = ROUTES.map(|Route { function, .. }| {
        let pids = fixture.stack.function_pids(function);
        assert_eq!(pids.len(), 1, "{function}");
        pids[0]
    });
    assert!(pids.into_iter().all(is_alive));
    fixture.shut_down();
    assert!(!pids.into_iter().any(is_alive));
    assert!(user.request(Method::GET, "/api/two-factor").send().await.is_err());
}

#[tokio::test]
async fn other_engines_take_the_place_of_the_embedded_ones() {
    let engines = stack().stack.info();
    let fixture = own_stack(Options {
        dynamodb_endpoint: Some(engines.dynamodb_endpoint.clone()),
        sns_endpoint: Some(engines.sns_endpoint.clone()),
        stack_name: "elsewhere".to_owned(),
        ..Options::default()
    });
    let user = fixture.user();
    let phone = enrol_phone(&user).await;
    user.send_code().await.assert_no_content();
    assert!(fixture.stack.messages().is_empty());
    user.verify(&last_code(stack(), &phone)).await.assert_no_content();
    let info = fixture.stack.info();
    assert_eq!(info.dynamodb_endpoint, engines.dynamodb_endpoint);
    assert_ne!(info.table_name, engines.table_name);
    assert!(fixture.table().user(&user.id).await.is_some());
}
