//! Imports users whom another system has enrolled, at most 500 at once. All are checked first; then each is written in
//! one conditional write. An operator invokes it, with the tool beside it.

mod checked;

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use lambda_runtime::Error as RuntimeError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use two_factor::aws::Aws;
use two_factor::config;
use two_factor::error::FieldError;
use two_factor::operation::{Done, Failure, serve};
use two_factor::store::{Imported, Store, StoreError, user_key};

use self::checked::{Checked, Rules};

/// The most users in an event. Their writes, one after the other, fit into the invocation's time many times over.
const MOST_USERS: usize = 500;
/// No user is started later than this before the end of the invocation.
const LAST_USER: Duration = Duration::from_secs(5);

struct App {
    store: Store,
    rules: Rules,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Event {
    users: Vec<Value>,
    /// Whether existing settings are replaced.
    #[serde(default)]
    replace: bool,
    /// Whether the users are only checked.
    #[serde(default)]
    dry_run: bool,
}

#[derive(Default, Serialize)]
struct Answer {
    /// Users imported.
    imported: u64,
    /// Users who keep the settings they have.
    kept: u64,
    /// Users who cannot be imported, with all errors of each.
    failed: Vec<Invalid>,
    /// Users not written, because of a fault or lack of time. Send them again.
    unwritten: Vec<usize>,
}

#[derive(Serialize)]
struct Invalid {
    /// The user's place in the event, from 0.
    index: usize,
    errors: Vec<FieldError>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    let claims = config::service("import")?.caller_claims;
    let rules = Rules {
        user_id_type: claims.user_id_type,
        has_tenants: claims.tenant_claim.is_some(),
        countries: config::sms_countries()?,
    };
    let app = App { store: Store::from_env(Aws::from_env()?.dynamodb().await?)?, rules };
    serve("import", |event, deadline| import(&app, event, deadline)).await
}

async fn import(app: &App, event: Value, deadline: SystemTime) -> Result<Done, Failure> {
    let Event { users, replace, dry_run } = serde_json::from_value(event)
        .map_err(|_| Failure::Event(r#"must be like {"users":[…],"replace":false,"dry_run":false}"#.into()))?;
    if users.len() > MOST_USERS {
        return Err(Failure::Event(format!("has {} users; at most {MOST_USERS} are taken", users.len()).into()));
    }
    let mut answer = Answer::default();
    let mut valid = Vec::new();
    let mut seen = BTreeMap::new();
    for (index, user) in users.into_iter().enumerate() {
        match app.rules.check(user).and_then(|user| once(user, index, &mut seen)) {
            Ok(user) => valid.push((index, user)),
            Err(errors) => answer.failed.push(Invalid { index, errors }),
        }
    }
    let mut fault = None;
    for (index, user) in valid.into_iter().filter(|_| !dry_run) {
        let left = deadline.duration_since(SystemTime::now()).unwrap_or_default();
        if fault.is_some() || left < LAST_USER {
            answer.unwritten.push(index);
            continue;
        }
        match app.store.import(&user.user, &user.authenticator, user.verified, replace).await {
            Ok(Imported::Yes) => answer.imported += 1,
            Ok(Imported::Kept) => answer.kept += 1,
            Err(StoreError::Unavailable(reason)) => {
                answer.unwritten.push(index);
                fault = Some(reason);
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Done { counts: counts(&answer, fault), answer: json!(answer) })
}

/// The user, unless an earlier one in the event is the same.
fn once(user: Checked, index: usize, seen: &mut BTreeMap<String, usize>) -> Result<Checked, Vec<FieldError>> {
    match seen.insert(user_key(&user.user), index) {
        None => Ok(user),
        Some(earlier) => Err(vec![checked::error("#/id", format!("is that of the user at index {earlier} too"))]),
    }
}

fn counts(answer: &Answer, fault: Option<String>) -> Map<String, Value> {
    let counts = json!({
        "imported": answer.imported,
        "kept": answer.kept,
        "failed": answer.failed.len(),
        "unwritten": answer.unwritten.len(),
        "reason": fault,
    });
    counts.as_object().cloned().unwrap_or_default()
}
