//! A rotation of the sealing keys as docs/operations.md describes it, from adding the new key to removing the old one,
//! under constant traffic. Before it, users are imported from a CSV file: 1,000, or as many as the variable `USERS`
//! says.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, RwLock};

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join_all;
use local_stack::Options;
use serde_json::json;
use tokio::sync::Notify;
use two_factor::authenticator::secret::Secret;
use two_factor::sealing::{Keyring, Place};

use crate::import_tool::{has_python, tool};
use crate::support::{Directory, Fixture, Table, code_now, keyring, stack, with_keys};

static USERS: LazyLock<u64> = LazyLock::new(|| std::env::var("USERS").map_or(1000, |users| users.parse().unwrap()));
/// The number of tasks that make traffic at the same time.
const BUSY: u64 = 4;

/// A secret for an imported user or for one who enrols meanwhile: a different one for each number.
fn secret(number: u64) -> String {
    let bytes = (0..20_u64).map(|index| (number.wrapping_mul(2_654_435_761 + index * 97) >> 3) as u8);
    let mut bytes: Vec<u8> = bytes.collect();
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    Secret::from_bytes(bytes).unwrap().to_base32().to_string()
}

/// The traffic, and the stacks it reaches: during a deployment, those from before and after it.
#[derive(Default)]
struct Traffic {
    stacks: RwLock<Vec<Arc<Fixture>>>,
    done: AtomicU64,
    moved: Notify,
    is_over: AtomicBool,
    enrolled: AtomicU64,
    signed_in: AtomicU64,
}

impl Traffic {
    /// Directs the traffic to these stacks. Returns after enough turns for each stack to have been reached many times.
    async fn reach(&self, stacks: &[&Arc<Fixture>]) {
        *self.stacks.write().unwrap() = stacks.iter().copied().cloned().collect();
        let until = self.done.load(Ordering::Relaxed) + 2 * BUSY;
        while self.done.load(Ordering::Relaxed) < until {
            self.moved.notified().await;
            assert!(!self.is_over.load(Ordering::Relaxed), "somebody noticed");
        }
    }

    fn any(&self, turn: u64) -> Arc<Fixture> {
        let stacks = self.stacks.read().unwrap();
        Arc::clone(&stacks[(turn.wrapping_mul(2_654_435_761) >> 16) as usize % stacks.len()])
    }

    /// Users enrol, read, change their settings and verify, and imported users sign in. Each request may go to a
    /// different stack.
    async fn flow(&self, first_turn: u64) {
        let mut turn = first_turn;
        let mut user = |id: u64| {
            turn += 7;
            self.any(turn).user_with(json!({ "sub": id.to_string() }))
        };
        while !self.is_over.load(Ordering::Relaxed) {
            let id = 1_000_000 + self.enrolled.fetch_add(1, Ordering::Relaxed);
            for new in [secret(id), secret(id * 2)] {
                user(id).patch(json!({"method": "google", "secret_key": new})).await.assert_no_content();
                assert_eq!(user(id).settings().await["secret_key"], new);
                user(id).verify(&code_now(&new)).await.assert_no_content();
            }
            let id = self.signed_in.fetch_add(1, Ordering::Relaxed);
            user(id).verify(&code_now(&secret(id))).await.assert_no_content();
            self.done.fetch_add(1, Ordering::Relaxed);
            self.moved.notify_one();
        }
    }
}

/// Ends the traffic even if a request failed, so that nothing waits for it.
struct EndsTraffic(Arc<Traffic>);

impl Drop for EndsTraffic {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::Relaxed);
        self.0.moved.notify_one();
    }
}

/// Imports all users: with the tool, or with the function alone if there is no Python.
async fn bring_in(fixture: &Fixture) {
    if has_python().await {
        let directory = Directory::new();
        let file = directory.path().join("users.csv");
        let line = |id| format!("{id},google,{},true\n", secret(id));
        let lines: String = (0..*USERS).map(line).collect();
        std::fs::write(&file, format!("id,method,secret_key,verified\n{lines}")).unwrap();
        let output = tool(&file, fixture, &[]).await;
        let said = String::from_utf8_lossy(&output.stdout).replace(',', "");
        assert_eq!(said, format!("{} imported 0 kept 0 failed.\n", *USERS), "{output:?}");
        return;
    }
    eprintln!("There is no Python 3.10 here: the users are brought in without the tool.");
    for first in (0..*USERS).step_by(500) {
        let user = |id| json!({"id": id, "method": "google", "secret_key": secret(id), "verified": true});
        let users: Vec<_> = (first..first + 500).map(user).collect();
        assert_eq!(fixture.invoked("import", &json!({ "users": users })).await["imported"], 500);
    }
}

/// How many imported users still have the secret they were imported with, opened with this keyring.
async fn opened(table: &Table, keys: &Keyring) -> u64 {
    let (mut opened, mut from): (u64, Option<HashMap<String, AttributeValue>>) = (0, None);
    loop {
        let page = table.client.scan().table_name(&table.name).set_exclusive_start_key(from).send().await.unwrap();
        for item in page.items() {
            let key = item["pk"].as_s().unwrap();
            let plain = keys.open(Place { item: key, attribute: "secret" }, item["secret"].as_s().unwrap()).unwrap();
            let id: u64 = key["USER##".len()..].parse().unwrap();
            let is = Secret::from_bytes(plain.to_vec()).unwrap().to_base32().to_string();
            opened += u64::from(id < *USERS && is == secret(id));
        }
        match page.last_evaluated_key {
            Some(key) => from = Some(key),
            None => return opened,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_from_a_csv_do_not_notice_that_the_keys_are_rotated_and_sign_in_without_the_old_one() {
    let engines = stack().stack.info();
    let options = Options {
        dynamodb_endpoint: Some(engines.dynamodb_endpoint.clone()),
        sns_endpoint: Some(engines.sns_endpoint.clone()),
        stack_name: "rotation".to_owned(),
        ..Options::default()
    };
    let old = Arc::new(with_keys(&keyring("k1", &["k1"]), options));
    bring_in(&old).await;
    let traffic = Arc::new(Traffic::default());
    *traffic.stacks.write().unwrap() = vec![Arc::clone(&old)];
    let running: Vec<_> = (0..BUSY)
        .map(|busy| {
            let traffic = EndsTraffic(Arc::clone(&traffic));
            tokio::spawn(async move { traffic.0.flow(busy).await })
        })
        .collect();
    let deployed = |keyring: String| Arc::new(old.with_other_keys(&keyring));

    // The first deployment adds the new key, the second seals with it.
    let known = deployed(keyring("k1", &["k1", "k2"]));
    traffic.reach(&[&old, &known]).await;
    traffic.reach(&[&known]).await;
    let sealing = deployed(keyring("k2", &["k1", "k2"]));
    traffic.reach(&[&known, &sealing]).await;
    traffic.reach(&[&sealing]).await;

    let segment = |segment| sealing.reseal_to_end(json!({"segment": segment, "segments": 4, "cursor": null}));
    let done = join_all((0..4).map(segment)).await;
    let sum = |name: &str| done.iter().map(|segment| segment[name].as_u64().unwrap()).sum::<u64>();
    assert_eq!(sum("unopened"), 0);
    assert!(sum("resealed") >= *USERS, "{done:?}");
    let counted = sealing.sealed_by().await;
    assert_eq!(counted["k1"], 0, "{counted}");
    assert!(counted["k2"].as_u64().unwrap() > *USERS, "{counted}");

    // The third removes the old key.
    let new = deployed(keyring("k2", &["k2"]));
    traffic.reach(&[&sealing, &new]).await;
    traffic.reach(&[&new]).await;
    traffic.is_over.store(true, Ordering::Relaxed);
    for result in join_all(running).await {
        result.expect("nobody noticed");
    }
    let keys = Keyring::parse(&keyring("k2", &["k2"])).unwrap();
    assert_eq!(opened(&new.table(), &keys).await, *USERS);
    let have_not = (traffic.signed_in.load(Ordering::Relaxed)..*USERS).rev().take(40).collect::<Vec<_>>();
    for some in have_not.chunks(4) {
        join_all(some.iter().map(|id| async {
            let user = new.user_with(json!({"sub": id.to_string()}));
            user.verify(&code_now(&secret(*id))).await.assert_no_content();
        }))
        .await;
    }
}
