use std::path::Path;

use super::*;
use crate::console::Output;

struct Fixture {
    function: Function,
    console: Arc<Console>,
}

impl Fixture {
    fn new(environment: &[(&str, &str)], concurrency: usize) -> Self {
        let executable = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lambda/function.sh");
        let console = Arc::new(Console::new(Output::Captured));
        let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let spec = FunctionSpec {
            logical_id: "TestFunction".to_owned(),
            binary: "f".to_owned(),
            name: "local-F".to_owned(),
            environment: environment.collect(),
            timeout: Duration::from_millis(1500),
            memory_mb: 128,
        };
        let running = Arc::new(Semaphore::new(concurrency));
        let function = Function::new(spec, executable, &[], Arc::clone(&console), running, true);
        Self { function, console }
    }

    async fn invoke(&self, event: &'static str) -> Result<String, InvokeError> {
        let answer = self.function.invoke(Bytes::from_static(event.as_bytes()), "Root=1-2-3").await;
        answer.map(|answer| String::from_utf8(answer.to_vec()).unwrap())
    }

    fn logged(&self) -> String {
        self.console.lines().into_iter().map(|line| format!("{}: {}\n", line.function, line.line)).collect()
    }
}

fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(pid.try_into().unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[tokio::test]
async fn an_environment_that_is_free_is_used_again() {
    let fixture = Fixture::new(&[], 10);
    let first = fixture.invoke("x").await.unwrap();
    assert_eq!(fixture.invoke("x").await.unwrap(), first);
    assert_eq!(fixture.function.pids().len(), 1);
}

#[tokio::test]
async fn requests_at_the_same_time_have_an_environment_each() {
    let fixture = Fixture::new(&[], 10);
    let (a, b) = tokio::join!(fixture.invoke("slow"), fixture.invoke("slow"));
    assert_ne!(a.unwrap(), b.unwrap());
    assert_eq!(fixture.function.pids().len(), 2);
}

#[tokio::test]
async fn an_environment_that_dies_while_free_costs_no_request() {
    let fixture = Fixture::new(&[], 10);
    for _ in 0..5 {
        let pid = fixture.invoke("x").await.unwrap();
        kill(pid.parse().unwrap());
        assert_ne!(fixture.invoke("x").await.unwrap(), pid);
    }
}

#[tokio::test]
async fn a_crash_costs_the_request_it_happens_in_and_no_other() {
    let fixture = Fixture::new(&[], 10);
    assert_eq!(fixture.invoke("exit").await, Err(InvokeError::Function));
    assert!(fixture.invoke("x").await.is_ok());
    assert!(fixture.logged().contains("f: crashed in the middle of a request: exit status: 7"), "{}", fixture.logged());
}

#[tokio::test]
async fn a_request_over_the_timeout_fails_and_its_environment_is_killed() {
    let fixture = Fixture::new(&[], 10);
    assert_eq!(fixture.invoke("hang").await, Err(InvokeError::Function));
    assert!(fixture.function.pids().is_empty());
    assert!(fixture.logged().contains("f: timed out after 1.5 s and was killed"), "{}", fixture.logged());
}

#[tokio::test]
async fn an_error_that_the_function_reports_fails_the_request_only() {
    let fixture = Fixture::new(&[], 10);
    let pid = fixture.invoke("x").await.unwrap();
    assert!(matches!(fixture.invoke("fail").await, Err(InvokeError::Reported(error)) if error.contains("it failed")));
    assert_eq!(fixture.invoke("x").await.unwrap(), pid);
    assert!(fixture.logged().contains("f: failed: it failed"), "{}", fixture.logged());
}

#[tokio::test]
async fn a_function_that_does_not_start_fails_the_request_and_says_why() {
    let fixture = Fixture::new(&[("BROKEN", "1")], 10);
    assert_eq!(fixture.invoke("x").await, Err(InvokeError::Function));
    fixture.function.shut_down().await;
    assert!(fixture.logged().contains("f: failed to start: exit status: 3"), "{}", fixture.logged());
}

#[tokio::test]
async fn there_are_no_more_requests_at_once_than_the_limit() {
    let fixture = Fixture::new(&[], 1);
    let (a, b) = tokio::join!(fixture.invoke("slow"), fixture.invoke("slow"));
    assert!(a.is_ok());
    assert_eq!(b, Err(InvokeError::Throttled));
    assert!(fixture.invoke("x").await.is_ok());
}

#[tokio::test]
async fn an_event_over_the_payload_limit_reaches_no_function() {
    let fixture = Fixture::new(&[], 1);
    let event = Bytes::from(vec![b' '; PAYLOAD_LIMIT + 1]);
    assert_eq!(fixture.function.invoke(event, "").await, Err(InvokeError::TooLarge));
}

#[tokio::test]
async fn a_function_has_only_its_own_environment() {
    let fixture = Fixture::new(&[("OWN", "1")], 1);
    let variables = fixture.invoke("environment").await.unwrap();
    assert!(variables.contains("OWN=1 ") && variables.contains("AWS_LAMBDA_FUNCTION_NAME=local-F "), "{variables}");
    assert!(!variables.contains("CARGO") && !variables.contains("HOME="), "{variables}");
}

#[tokio::test]
async fn after_the_end_no_process_is_left_and_every_line_is_read() {
    let fixture = Fixture::new(&[], 10);
    fixture.invoke("x").await.unwrap();
    fixture.function.shut_down().await;
    assert!(fixture.function.pids().is_empty());
    assert!(fixture.logged().contains("f: event x"), "{}", fixture.logged());
    assert_eq!(fixture.invoke("x").await, Err(InvokeError::Function));
}
