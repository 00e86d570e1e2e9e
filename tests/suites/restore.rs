//! The restore drill of docs/operations.md: a table is copied away and brought back with its keys.

use std::process::Stdio;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use tokio::process::Command;

use crate::support::{
    Directory, Fixture, SECRET, code_now, enrol_app, enrol_phone, keyring, new_recovery_codes, with_keys,
};

/// The commands in a section of docs/operations.md: its bash blocks.
fn commands(section: &str) -> Vec<&'static str> {
    let (_, from) = include_str!("../../docs/operations.md").split_once(&format!("\n## {section}\n")).unwrap();
    let section = from.split("\n## ").next().unwrap();
    section.split("```bash\n").skip(1).map(|block| block.split("```").next().unwrap()).collect()
}

async fn has(program: &str) -> bool {
    let asked = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().await;
    asked.is_ok_and(|status| status.success())
}

/// Runs commands on a stack's table as an operator runs them.
async fn run(commands: &str, fixture: &Fixture, directory: &Directory) {
    let info = fixture.stack.info();
    let mut shell = Command::new("bash");
    shell.args(["-e", "-u", "-o", "pipefail", "-c", commands]).current_dir(directory.path());
    shell.env("AWS_ENDPOINT_URL_DYNAMODB", &info.dynamodb_endpoint).env("TABLE", &info.table_name);
    shell.env("FROM", &info.table_name).env("AWS_DEFAULT_REGION", "eu-west-1");
    shell.envs([("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local")]);
    let output = shell.output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
}

async fn lose_everything(fixture: &Fixture) {
    let table = fixture.table();
    for item in table.all().await {
        let key = item["pk"].clone();
        table.client.delete_item().table_name(&table.name).key("pk", key).send().await.unwrap();
    }
    assert!(table.all().await.is_empty());
}

#[tokio::test]
async fn what_was_copied_away_and_is_brought_back_with_its_keys_is_all_there_and_tells_nobody_again() {
    if !has("aws").await || !has("jq").await || !has("bash").await {
        eprintln!("There is no aws, jq or bash here: the restore drill was not done.");
        return;
    }
    let options = local_stack::Options { stack_name: "restore".to_owned(), ..local_stack::Options::default() };
    let fixture = with_keys(&keyring("k1", &["k1"]), options);
    let (ann, bob) = (fixture.user(), fixture.user());
    let code = code_now(SECRET);
    enrol_app(&ann).await;
    ann.verify(&code).await.assert_no_content();
    let codes = new_recovery_codes(&ann).await;
    enrol_phone(&bob).await;
    // More items than the commands bring back at a time.
    for _ in 0..30 {
        enrol_app(&fixture.user()).await;
    }
    let (settings, told) = (bob.settings().await, events(&fixture).await);
    let items = fixture.table().all().await.len();
    let directory = Directory::new();
    let [copy_away, bring_back] = commands("Restore drill")[..] else { panic!("two blocks of commands") };
    run(copy_away, &fixture, &directory).await;

    lose_everything(&fixture).await;
    assert_eq!(ann.settings().await["method"], json!(null));
    run(bring_back, &fixture, &directory).await;
    assert_eq!((fixture.table().all().await.len(), bob.settings().await), (items, settings));
    assert_eq!(ann.settings().await["secret_key"], SECRET);
    // The protection against using a code twice is restored too.
    ann.verify(&code).await.assert_problem(422, "invalid-code");
    ann.verify(&codes[0]).await.assert_no_content();
    let of_restore = events(&fixture).await.len() - told.len();
    assert_eq!(of_restore, 1, "the recovery code's, and none of the restore");

    // The copy belongs with its keys: without them nothing opens, with them everything does.
    let other = fixture.with_other_keys(&keyring("k9", &["k9"]));
    let as_bob = other.user_with(json!({"sub": bob.id}));
    assert_eq!(as_bob.get("/api/two-factor").await.status, 500);
    let both = fixture.with_other_keys(&keyring("k9", &["k1", "k9"]));
    assert_eq!(both.user_with(json!({"sub": bob.id})).settings().await["phone_prefix"], 45);
    let item = fixture.table().user(&bob.id).await.unwrap();
    assert!(!item.contains_key("event") && matches!(item["phone"], AttributeValue::S(_)));
}

async fn events(fixture: &Fixture) -> Vec<serde_json::Value> {
    let url = format!("{}/local/events", fixture.stack.base_url());
    let events = crate::support::Answer::of(reqwest::Client::new().get(url)).await.json();
    events.as_array().unwrap().clone()
}
