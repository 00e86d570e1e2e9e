//! Reseals what an older key sealed, in one segment of the table; with `count`, counts what each key sealed. An
//! operator's state machine invokes it repeatedly: each response is the next event, until its `cursor` is null.

use std::time::{Duration, SystemTime};

use lambda_runtime::Error as RuntimeError;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::time::{Instant, sleep_until};
use two_factor::aws::Aws;
use two_factor::config;
use two_factor::operation::{Done, Failure, serve};
use two_factor::store::{Counted, Segment, Store};

/// The most items in a page: what is repeated if an invocation ends within one.
const PAGE: u32 = 100;
/// How much faster a count goes: it reads and does not write, which takes a tenth of a table's capacity or less.
const COUNTS_FASTER: u32 = 10;
/// No page begins later than this before the end of the invocation.
const LAST_PAGE: Duration = Duration::from_secs(10);

struct App {
    store: Store,
    items_per_second: u32,
}

/// The work to do, and its results so far.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Work {
    /// Which part of the table, from 0, and of how many.
    #[serde(default)]
    segment: u32,
    #[serde(default = "one")]
    segments: u32,
    /// Where to continue; null in the first event, and in the last response.
    #[serde(default)]
    cursor: Option<String>,
    /// Whether to count only.
    #[serde(default)]
    count: bool,
    /// Totals over the invocations.
    #[serde(default)]
    scanned: u64,
    #[serde(default)]
    resealed: u64,
    /// Values that no key opens. They stay unchanged.
    #[serde(default)]
    unopened: u64,
    /// With `count`: how many values each key sealed.
    #[serde(default, skip_serializing_if = "Counted::is_empty")]
    keys: Counted,
}

fn one() -> u32 {
    1
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    let items_per_second = config::items_per_second()?;
    let app = App { store: Store::from_env(Aws::from_env()?.dynamodb().await?)?, items_per_second };
    serve("reseal", |event, deadline| reseal(&app, event, deadline)).await
}

async fn reseal(app: &App, event: Value, deadline: SystemTime) -> Result<Done, Failure> {
    let mut work: Work = serde_json::from_value(event).map_err(|_| not_work())?;
    if work.segment >= work.segments {
        return Err(not_work());
    }
    let rate = if work.count { app.items_per_second.saturating_mul(COUNTS_FASTER) } else { app.items_per_second };
    let (began, before) = (Instant::now(), work.scanned);
    loop {
        match page(&app.store, &mut work, rate.min(PAGE)).await {
            Ok(()) => {}
            // Finished work is not lost: the next invocation begins where this one ends, and meets the fault at once
            // if it persists.
            Err(Failure::Unavailable(_)) if work.scanned > before => break,
            Err(failure) => return Err(failure),
        }
        if work.cursor.is_none() || deadline.duration_since(SystemTime::now()).unwrap_or_default() < LAST_PAGE {
            break;
        }
        let due = Duration::from_secs_f64((work.scanned - before) as f64 / f64::from(rate));
        sleep_until(began + due).await;
    }
    Ok(Done { counts: counts(&work), answer: json!(work) })
}

/// Processes the next page.
async fn page(store: &Store, work: &mut Work, limit: u32) -> Result<(), Failure> {
    let segment = Segment { index: work.segment, of: work.segments };
    if work.count {
        let page = store.count_page(segment, work.cursor.as_deref(), limit).await?;
        for (name, number) in page.found {
            *work.keys.entry(name).or_default() += number;
        }
        work.scanned += page.scanned;
        work.cursor = page.cursor;
    } else {
        let page = store.reseal_page(segment, work.cursor.as_deref(), limit).await?;
        work.resealed += page.found.resealed;
        work.unopened += page.found.unopened;
        work.scanned += page.scanned;
        work.cursor = page.cursor;
    }
    Ok(())
}

fn not_work() -> Failure {
    Failure::Event(r#"must be like {"segment":0,"segments":1,"cursor":null}, or an earlier answer"#.into())
}

fn counts(work: &Work) -> Map<String, Value> {
    let counts = json!({
        "segment": work.segment,
        "segments": work.segments,
        "scanned": work.scanned,
        "resealed": work.resealed,
        "unopened": work.unopened,
        "keys": work.keys,
        "at_end": work.cursor.is_none(),
    });
    counts.as_object().cloned().unwrap_or_default()
}
