//! What an operator does: invokes functions that have no route, and rotates the sealing keys.

use std::collections::BTreeMap;

use local_stack::Options;
use serde_json::{Value, json};

use super::{Answer, Fixture, ROUTES, own_stack};

/// A keyring with these keys.
pub fn keyring(current: &str, names: &[&str]) -> String {
    let mut members = json!({ "current": current });
    for name in names {
        members[*name] = json!(name.repeat(43));
    }
    members.to_string()
}

/// A stack whose functions have this keyring, and which reseals at the highest rate allowed.
pub fn with_keys(keyring: &str, options: Options) -> Fixture {
    let keys = BTreeMap::from([("SEALING_KEYS".to_owned(), keyring.to_owned())]);
    let functions = ROUTES.into_iter().map(|route| route.function).chain(["import", "reseal"]);
    let function_env = functions.map(|function| (function.to_owned(), keys.clone())).collect();
    let mut parameters = options.parameters.clone();
    parameters.entry("ResealItemsPerSecond".to_owned()).or_insert_with(|| "1000".to_owned());
    own_stack(Options { function_env, parameters, ..options })
}

impl Fixture {
    /// The same table with another keyring, as after a deployment.
    pub fn with_other_keys(&self, keyring: &str) -> Self {
        let info = self.stack.info();
        with_keys(
            keyring,
            Options {
                dynamodb_endpoint: Some(info.dynamodb_endpoint.clone()),
                sns_endpoint: Some(info.sns_endpoint.clone()),
                stack_name: info.table_name.trim_end_matches("-Table").to_owned(),
                ..Options::default()
            },
        )
    }

    /// Invokes a function as an operator does.
    pub async fn invoke(&self, function: &str, event: &Value) -> Answer {
        let url = format!("{}/local/invoke/{function}", self.stack.base_url());
        Answer::of(reqwest::Client::new().post(url).body(event.to_string())).await
    }

    /// Like `invoke`, but asserts that the function succeeds, and returns its result.
    pub async fn invoked(&self, function: &str, event: &Value) -> Value {
        let answer = self.invoke(function, event).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()
    }

    /// Invokes `reseal` until it reaches the end, as the state machine does; returns its last result.
    pub async fn reseal_to_end(&self, mut event: Value) -> Value {
        loop {
            event = self.invoked("reseal", &event).await;
            if event["cursor"].is_null() {
                return event;
            }
        }
    }

    /// The number of values sealed with each key.
    pub async fn sealed_by(&self) -> Value {
        self.reseal_to_end(json!({"count": true})).await["keys"].clone()
    }
}
