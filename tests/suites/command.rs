//! The command that `cargo run` starts, run as a user runs it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::support::{Answer, SECRET, User, children_of, command_file, is_alive, kill};

/// The longest that anything here may take, including the build of the functions.
const LIMIT: Duration = Duration::from_secs(300);

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(command_file());
    command.args(arguments).env_remove("AWS_ENDPOINT_URL_DYNAMODB").env_remove("AWS_ENDPOINT_URL_SNS");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

async fn output(mut command: Command) -> Output {
    timeout(LIMIT, command.output()).await.expect("it ends").unwrap()
}

/// Asserts that the command fails and that its only error is one sentence, in the last line; returns that sentence.
async fn failure(arguments: &[&str]) -> String {
    let output = output(command(arguments)).await;
    assert!(output.status.code().is_some_and(|code| code != 0), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    let said = String::from_utf8(output.stderr).unwrap();
    let errors: Vec<&str> = said.lines().filter(|line| line.starts_with("error")).collect();
    assert_eq!(errors, [said.lines().last().unwrap()], "{said}");
    assert!(!said.contains("panicked") && !said.contains("Error {"), "{said}");
    errors[0].strip_prefix("error: ").unwrap_or_else(|| panic!("{said}")).to_owned()
}

/// The running command.
struct Running {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
    welcome: Vec<String>,
}

impl Running {
    async fn start(arguments: &[&str]) -> Self {
        let mut command = command(arguments);
        command.stderr(Stdio::inherit());
        let mut process = command.spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut welcome: Vec<String> = Vec::new();
        let reading = async {
            // The last command that it prints mints another token.
            while !welcome.last().is_some_and(|line| line.contains("/local/token")) {
                welcome.push(lines.next_line().await.unwrap().expect("it does not end before it has started"));
            }
        };
        timeout(LIMIT, reading).await.expect("it starts");
        Self { process, lines, welcome }
    }

    fn pid(&self) -> u32 {
        self.process.id().expect("it runs")
    }

    /// The text that is printed for pasting: every indented line.
    fn to_paste(&self) -> Vec<&str> {
        self.welcome.iter().filter_map(|line| line.strip_prefix("  ")).map(str::trim_start).collect()
    }

    /// The user whose token is printed.
    fn user(&self) -> User {
        let text = self.welcome.join(" ");
        let base_url = text.split_whitespace().find(|word| word.starts_with("http://127.0.0.1:")).expect("a base URL");
        let token = self.to_paste().into_iter().find_map(|line| line.strip_prefix("TOKEN=")).expect("a token");
        User {
            id: "1".to_owned(),
            token: token.to_owned(),
            base_url: base_url.trim_end_matches('.').to_owned(),
            http: reqwest::Client::new(),
        }
    }

    /// Ends it with a signal. Asserts that it succeeds and leaves no process behind; returns what it printed after its
    /// welcome.
    async fn end(mut self, signal: &str) -> Vec<String> {
        let children = children_of(self.pid());
        assert!(!children.is_empty(), "functions have run");
        assert!(kill(signal, self.pid()));
        let mut printed = Vec::new();
        let ending = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                printed.push(line);
            }
            self.process.wait().await.unwrap()
        };
        let status = timeout(LIMIT, ending).await.expect("it ends");
        assert!(status.success(), "{status}");
        assert!(!children.iter().any(|child| is_alive(*child)));
        printed
    }
}

/// Each crate in the dependency tree, with its version and features.
async fn crates(edges: &str) -> BTreeSet<String> {
    let mut tree = Command::new(env!("CARGO"));
    tree.args([
        "tree",
        "--workspace",
        "--locked",
        "--offline",
        "--edges",
        edges,
        "--prefix",
        "none",
        "--format",
        "{p} {f}",
    ]);
    let tree = String::from_utf8(output(tree).await.stdout).unwrap();
    tree.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).collect()
}

#[tokio::test]
async fn what_cargo_run_has_built_cargo_test_does_not_build_again() {
    let run = crates("normal,build").await;
    let test = crates("normal,build,dev").await;
    let missing: Vec<&String> = run.difference(&test).collect();
    assert!(run.len() > 200 && missing.is_empty(), "these get further features from the tests: {missing:?}");
}

#[tokio::test]
async fn help_says_what_can_be_set() {
    for flag in ["--help", "-h"] {
        let output = output(command(&[flag])).await;
        assert!(output.status.success());
        assert_eq!(String::from_utf8_lossy(&output.stderr), "");
        let help = String::from_utf8(output.stdout).unwrap();
        for text in ["cargo run", "--port N", "--data DIR", "--help", "3000"] {
            assert!(help.contains(text), "{text} in {help}");
        }
    }
}

#[tokio::test]
async fn an_argument_that_means_nothing_is_named_in_one_sentence() {
    for (arguments, named) in [
        (&["--frobnicate"][..], "--frobnicate"),
        (&["-x"], "-x"),
        (&["somewhere"], "somewhere"),
        (&["--port"], "--port"),
        (&["--data"], "--data"),
        (&["--port", "many"], "--port"),
        (&["--port", "65536"], "--port"),
        (&["--port", "-1"], "--port"),
        (&["--port="], "--port"),
    ] {
        let sentence = failure(arguments).await;
        assert!(sentence.contains(named), "{arguments:?}: {sentence}");
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_in_one_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let sentence = failure(&["--port", &port]).await;
    assert!(sentence.contains(&port) && sentence.contains("taken") && sentence.contains("--port"), "{sentence}");
}

#[tokio::test]
async fn a_directory_that_cannot_be_is_named_in_one_sentence() {
    let file = command_file().to_str().unwrap();
    let sentence = failure(&["--port", "0", "--data", file]).await;
    assert!(sentence.contains(file), "{sentence}");
}

#[tokio::test]
async fn the_printed_commands_work_when_they_are_pasted_and_ctrl_c_ends_all() {
    let running = Running::start(&["--port", "0"]).await;
    let lines = running.to_paste();
    assert!(lines.iter().filter(|line| line.starts_with("curl ")).count() >= 9, "{lines:?}");
    let user = running.user();
    assert_eq!(user.settings().await["method"], serde_json::Value::Null);

    let has_curl = Command::new("curl").arg("--version").stdout(Stdio::null()).status().await.is_ok();
    if has_curl {
        const END: &str = "\n----- end of the command\n";
        let script: String = lines.iter().map(|line| format!("{line}\nprintf '%s' '{END}'\n")).collect();
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).stderr(Stdio::null());
        let pasted = String::from_utf8(output(shell).await.stdout).unwrap();
        let answers: Vec<&str> = pasted.split_terminator(END).collect();
        assert_eq!(answers.len(), lines.len(), "{pasted}");
        for (line, answer) in lines.iter().zip(answers) {
            if !line.starts_with("curl ") {
                assert_eq!(answer, "", "{line}");
            } else if line.contains("/local/token") {
                let minted: serde_json::Value = serde_json::from_str(answer).unwrap();
                assert_eq!(minted["token_type"], "Bearer");
            } else {
                let status = if line.contains("-X ") { "204" } else { "200" };
                assert_eq!(answer.split(' ').nth(1), Some(status), "{line}: {answer}");
            }
        }
    } else {
        eprintln!("There is no curl here: the printed commands were not pasted.");
    }
    assert_eq!(user.settings().await["method"], serde_json::Value::Null, "the last of them was a reset");

    let printed = running.end("INT").await;
    assert!(printed.iter().any(|line| line.starts_with("get-settings")), "{printed:?}");
    assert!(!has_curl || printed.iter().any(|line| line.contains("SMS +4520123456")), "{printed:?}");
}

/// The session in the README, and the lines that it promises.
fn readme_session() -> (&'static str, Vec<&'static str>) {
    let (_, from) = include_str!("../../README.md").split_once("```bash\n").unwrap();
    let mut blocks = from.split("```");
    let (session, _, printed) = (blocks.next().unwrap(), blocks.next(), blocks.next().unwrap());
    (session, printed.trim().lines().collect())
}

#[tokio::test]
async fn the_session_in_the_readme_prints_what_it_promises_when_pasted_as_a_whole() {
    let has_both = Command::new("bash").args(["-c", "command -v curl"]).stdout(Stdio::null()).status().await;
    if !has_both.is_ok_and(|status| status.success()) {
        eprintln!("There is no bash or no curl here: the README's session was not pasted.");
        return;
    }
    let running = Running::start(&["--port", "0"]).await;
    let (session, promised) = readme_session();
    assert!(promised.len() > 12, "{promised:?}");
    let mut shell = Command::new("bash");
    shell.args(["-e", "-c", &session.replace("http://127.0.0.1:3000", &running.user().base_url)]);
    let pasted = String::from_utf8(output(shell).await.stdout).unwrap();

    // Codes, secrets and request IDs differ each time. The start of a line and the status at its end do not.
    let begins = |line: &str| line.chars().take(24).collect::<String>();
    let status = |line: &str| line.rsplit_once(' ').map(|(_, end)| end.to_owned()).filter(|end| end.len() == 3);
    let outline = |line: &str| (begins(line), status(line));
    let printed: Vec<_> = pasted.lines().map(outline).collect();
    assert_eq!(printed, promised.into_iter().map(outline).collect::<Vec<_>>(), "{pasted}");
    running.end("INT").await;
}

#[tokio::test]
async fn with_a_data_directory_a_second_run_still_knows_the_settings() {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(uuid::Uuid::new_v4().to_string());
    let arguments = ["--port", "0", "--data", directory.to_str().unwrap()];

    let first = Running::start(&arguments).await;
    let user = first.user();
    user.patch(serde_json::json!({"method": "google", "secret_key": SECRET})).await.assert_no_content();
    first.end("TERM").await;
    let gone = user.request(reqwest::Method::GET, "/api/two-factor").send().await;
    assert!(gone.is_err());

    let second = Running::start(&arguments).await;
    assert_eq!(second.user().settings().await["secret_key"], SECRET);
    // A new run has a new key, so the first run's token is no longer valid.
    let old = second.user().http.get(format!("{}/api/two-factor", second.user().base_url)).bearer_auth(&user.token);
    assert_eq!(Answer::of(old).await.status, 401);
    second.end("HUP").await;
    std::fs::remove_dir_all(&directory).unwrap();
}
