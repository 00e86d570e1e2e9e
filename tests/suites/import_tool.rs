//! The tool that sends a file of users through the function `import`, run as an operator runs it.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::{Directory, Fault, Fixture, Proxied, SECRET, code_now, stack};

const TOOL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../functions/import/tool/import_users.py");

/// Whether the tool can run on this machine.
pub async fn has_python() -> bool {
    let asked = "import sys; sys.exit(sys.version_info < (3, 10))";
    Command::new("python3").args(["-c", asked]).status().await.is_ok_and(|status| status.success())
}

/// Runs the tool on a file, against a stack.
pub async fn tool(file: &Path, fixture: &Fixture, arguments: &[&str]) -> Output {
    let mut command = Command::new("python3");
    command.arg(TOOL).arg(file).args(["--url", fixture.stack.base_url()]).args(arguments);
    command.stdin(Stdio::null()).output().await.unwrap()
}

fn said(output: &Output) -> (String, Option<i32>) {
    (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code())
}

/// Writes a file of users into the directory.
fn users(directory: &Directory, name: &str, text: &str) -> PathBuf {
    let file = directory.path().join(name);
    std::fs::write(&file, text).unwrap();
    file
}

fn report(file: &Path) -> Vec<Value> {
    let report = PathBuf::from(format!("{}.failed.jsonl", file.display()));
    let text = std::fs::read_to_string(report).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn without_python() -> bool {
    let without = !has_python().await;
    if without {
        eprintln!("There is no Python 3.10 here: the tool was not run.");
    }
    without
}

#[tokio::test]
async fn a_csv_file_is_sent_and_what_failed_is_reported_by_line_without_a_secret() {
    if without_python().await {
        return;
    }
    let (ann, bob, eve) = (stack().user(), stack().user(), stack().user());
    let directory = Directory::new();
    let text = format!(
        "\u{feff}id,method,secret_key,phone_prefix,phone,verified\r\n\
         {},google,{SECRET},,,TRUE\r\n\
         {},sms,,45,\"20 12 34 56\",0\r\n\
         {},google,HALFASECRET,,,maybe\r\n\
         1,google\r\n",
        ann.id, bob.id, eve.id
    );
    let file = users(&directory, "users.csv", &text);
    let (text, code) = said(&tool(&file, stack(), &["--dry-run"]).await);
    assert!(text.starts_with("2 users can be brought in, 2 cannot. Nothing was written."), "{text}");
    assert_eq!((code, report(&file).len()), (Some(1), 2));
    assert_eq!(stack().table().user(&ann.id).await, None);

    let (text, code) = said(&tool(&file, stack(), &[]).await);
    assert!(text.starts_with("2 imported, 0 kept, 2 failed."), "{text}");
    assert_eq!(code, Some(1));
    let report = report(&file);
    assert_eq!(report.len(), 2, "{report:?}");
    assert!(report.iter().any(|failed| failed["line"] == 5 && failed.get("id").is_none()), "{report:?}");
    let failed = report.iter().find(|failed| failed["line"] == 4).unwrap();
    let pointers: Vec<&Value> = failed["errors"].as_array().unwrap().iter().map(|error| &error["pointer"]).collect();
    assert_eq!((&failed["id"], pointers), (&json!(eve.id), vec![&json!("#/secret_key"), &json!("#/verified")]));
    for kept in std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().path()) {
        let text = std::fs::read_to_string(&kept).unwrap();
        assert!(kept == file || !text.contains("HALFASECRET") && !text.contains(SECRET), "{text}");
    }
    ann.verify(&code_now(SECRET)).await.assert_no_content();
    let settings = bob.settings().await;
    assert_eq!((&settings["phone"], &settings["verified"]), (&json!(20_123_456), &json!(false)));
}

#[tokio::test]
async fn a_run_that_was_interrupted_goes_on_where_it_stopped() {
    if without_python().await {
        return;
    }
    let stack = Proxied::start("import-tool");
    let directory = Directory::new();
    let line = |id| format!("{}\n", json!({"id": id, "method": "google", "secret_key": SECRET, "verified": true}));
    let text: String = (1..=20).map(line).collect();
    let file = users(&directory, "users.jsonl", &format!("{text}{{ not json\n\n"));
    let options = ["--batch", "5", "--parallel", "1", "--tries", "2"];

    // A permanent fault stops it at once. On a temporary one it tries again, and finally gives up.
    stack.dynamodb.fail_after("UpdateItem", 7, 40, Fault::Refuse(400, "AccessDeniedException"));
    let stopped = tool(&file, &stack.fixture, &options).await;
    assert_eq!(stopped.status.code(), Some(2), "{stopped:?}");
    assert!(String::from_utf8_lossy(&stopped.stderr).contains("UpdateItem: AccessDeniedException"), "{stopped:?}");
    stack.dynamodb.heal();
    stack.dynamodb.fail_after("UpdateItem", 6, 400, Fault::Refuse(500, "InternalServerError"));
    assert_eq!(tool(&file, &stack.fixture, &options).await.status.code(), Some(2));
    stack.dynamodb.heal();

    let (text, code) = said(&tool(&file, &stack.fixture, &options).await);
    // Two users of the second batch and one of the third had been imported before it stopped, and are kept.
    assert!(text.starts_with("17 imported, 3 kept, 1 failed."), "{text}");
    assert_eq!((code, report(&file).len()), (Some(1), 1));
    assert_eq!(stack.fixture.table().all().await.len(), 20);
    stack.take_calls();
    let (again, _) = said(&tool(&file, &stack.fixture, &options).await);
    assert_eq!((again, stack.take_calls().len()), (text, 0), "what is done is not sent again");
    let other = tool(&file, &stack.fixture, &["--batch", "5", "--replace"]).await;
    assert!(String::from_utf8_lossy(&other.stderr).contains("is of another file, target or choice"), "{other:?}");
}

#[tokio::test]
async fn a_column_that_is_not_taken_is_named_before_anything_is_sent() {
    if without_python().await {
        return;
    }
    let directory = Directory::new();
    for (text, named) in [("id,method,secret\n1,google,A\n", "secret"), ("id,secret_key\n1,A\n", "method")] {
        let file = users(&directory, "users.csv", text);
        let output = tool(&file, stack(), &[]).await;
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains(named), "{output:?}");
    }
}

/// The part of AWS's command line interface that the tool uses.
const AWS: &str = r#"#!/bin/sh
case "$*" in "lambda invoke --function-name two-factor-import --payload fileb:///dev/stdin "*) ;; *) exit 252 ;; esac
for answer; do :; done
status=$(curl -s -o "$answer" -w '%{http_code}' --data-binary @- "$STACK/local/invoke/import")
[ "$status" = 200 ] && echo '{"StatusCode":200}' || echo '{"StatusCode":200,"FunctionError":"Unhandled"}'
"#;

#[tokio::test]
async fn on_aws_the_users_go_through_its_command_line_and_stand_in_no_argument() {
    let has_curl = Command::new("curl").arg("--version").stdout(Stdio::null()).status().await.is_ok();
    if !has_curl || without_python().await {
        return;
    }
    let directory = Directory::new();
    let aws = users(&directory, "aws", AWS);
    std::fs::set_permissions(&aws, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let user = stack().user();
    let line = json!({"id": user.id, "method": "google", "secret_key": SECRET});
    let file = users(&directory, "users.jsonl", &line.to_string());
    let path = format!("{}:{}", directory.path().display(), std::env::var("PATH").unwrap());
    // Run Python itself: the wrappers on some machines put their own directories before this one.
    let python = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output().await.unwrap();
    let mut command = Command::new(String::from_utf8(python.stdout).unwrap().trim());
    command.arg(TOOL).arg(&file).args(["--function", "two-factor-import"]);
    command.env("PATH", path).env("STACK", stack().stack.base_url());
    let output = command.output().await.unwrap();
    assert_eq!(said(&output), ("1 imported, 0 kept, 0 failed.\n".to_owned(), Some(0)), "{output:?}");
    assert_eq!(user.settings().await["secret_key"], SECRET);
}
