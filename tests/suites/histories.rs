//! Hundreds of requests that mix settings, sends, codes and resets of the same few users, many at once and generated
//! from a seed. Their outcomes are checked against a sequential model (`histories_model.rs`), and against what must
//! never happen.
//!
//! A failure prints its seed; `HISTORY_SEED=… cargo test histories` generates the same requests again. The machine may
//! interleave them differently, so it may take a few runs.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::{Value, json};
use two_factor::authenticator::totp;

use crate::histories_model::{Authenticator, Code, Event, Outcome, Request, State, explain};
use crate::support::{Answer, Fixture, SECRET, User, code_at, last_code, now, number, own_stack, phone_number};

const SECRETS: [&str; 4] =
    [SECRET, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", "KRUGS4ZANFZSAYJAORUGS4TE", "MFZWIZTHNBVGWYTBNRUW4ZLB"];
const USERS: usize = 3;
const ROUNDS: usize = 24;
const AT_ONCE: usize = 8;

/// A small random number generator (SplitMix64) that gives the same numbers for the same seed everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }
}

/// A user under load.
struct Subject {
    user: User,
    admin: User,
    phone: String,
    /// The recovery codes in responses, by the number of their set.
    codes: HashMap<usize, Vec<String>>,
    /// The number of sets requested so far.
    sets: usize,
    /// The states that the model allows now.
    states: HashSet<State>,
}

/// What is known about the user when a request is drawn, so that many of the codes it tries are correct.
struct Known {
    /// What the model says is enrolled, before the round.
    enrolled: Option<Authenticator>,
    /// The current time step.
    step: u64,
    sent: bool,
    /// The set of recovery codes that the model says is valid.
    good_set: Option<usize>,
    /// Whether settings change in this round. If they always did, hardly any code would ever be correct.
    stormy: bool,
}

fn draw(random: &mut Random, known: &Known) -> Request {
    let any_secret = |random: &mut Random| random.next(SECRETS.len() as u64) as usize;
    let verify = |random: &mut Random| match (random.next(10), known.good_set, known.enrolled) {
        (0, ..) => Code::Wrong,
        (1..4, Some(set), _) => Code::Recovery(set, random.next(4) as u32),
        (4..7, ..) if known.sent => Code::Sms,
        (_, _, Some(Authenticator::App(secret))) => Code::App(secret, known.step - 1 + random.next(3)),
        _ => Code::App(any_secret(random), known.step),
    };
    match random.next(16) {
        0 | 1 if known.stormy => Request::Enrol(Authenticator::App(any_secret(random))),
        2 if known.stormy => Request::Enrol(Authenticator::Phone),
        3 if known.stormy => Request::Disable,
        4 if known.stormy => Request::OwnReset,
        5 if known.stormy => Request::AdminReset,
        6 | 7 => Request::Send,
        8 => Request::Get,
        9 | 10 if known.stormy || known.good_set.is_none() => Request::NewCodes(0),
        _ => Request::Verify(verify(random)),
    }
}

/// Makes the request; also returns the recovery codes in its response.
async fn make(subject: &Subject, request: Request, sms: Option<&str>) -> (Event, Option<Vec<String>>) {
    let Subject { user, admin, phone, codes, .. } = subject;
    let started = Instant::now();
    let answer = match request {
        Request::Enrol(Authenticator::App(secret)) => {
            user.patch(json!({"method": "google", "secret_key": SECRETS[secret]})).await
        }
        Request::Enrol(Authenticator::Phone) => {
            user.patch(json!({"method": "sms", "phone_prefix": 45, "phone": phone})).await
        }
        Request::Disable => user.patch(json!({"method": null})).await,
        Request::Verify(Code::App(secret, step)) => user.verify(&code_at(SECRETS[secret], step * 30)).await,
        Request::Verify(Code::Sms) => user.verify(sms.unwrap()).await,
        Request::Verify(Code::Recovery(set, nth)) => user.verify(&codes[&set][nth as usize]).await,
        Request::NewCodes(_) => user.post("/api/two-factor/recovery-codes").await,
        Request::Verify(Code::Wrong) => user.verify(&wrong(sms)).await,
        Request::Send => user.send_code().await,
        Request::OwnReset => user.post("/api/two-factor/reset").await,
        Request::AdminReset => admin.post(&format!("/api/users/{}/two-factor/reset", user.id)).await,
        Request::Get => user.get("/api/two-factor").await,
    };
    let ended = Instant::now();
    let shown = (answer.status == 200).then(|| answer.json()["data"]["recovery_codes"].clone());
    let shown = shown.and_then(|codes| serde_json::from_value(codes).ok());
    (Event { request, outcome: outcome(&answer), started, ended }, shown)
}

/// A code that is wrong for every secret and every SMS.
fn wrong(sms: Option<&str>) -> String {
    let right: Vec<String> = SECRETS
        .iter()
        .flat_map(|secret| (0..8).map(move |skew| (secret, now() + 30 * skew - 90)))
        .map(|(secret, at)| code_at(secret, at))
        .chain(sms.map(str::to_owned))
        .collect();
    (0..).map(|n| format!("{n:06}")).find(|code| !right.contains(code)).unwrap()
}

fn outcome(answer: &Answer) -> Outcome {
    let kind = |answer: &Answer| answer.json()["type"].as_str().unwrap().to_owned();
    match answer.status.as_u16() {
        204 => Outcome::Done,
        200 if answer.json()["data"].get("recovery_codes").is_some() => Outcome::Done,
        200 => Outcome::Settings(settings(&answer.json()["data"])),
        _ => match kind(answer).as_str() {
            "/problems/invalid-code" => Outcome::InvalidCode,
            "/problems/too-many-attempts" => Outcome::Throttled,
            "/problems/two-factor-disabled" => Outcome::Disabled,
            "/problems/not-verified" => Outcome::NotVerified,
            "/problems/not-sms" => Outcome::NotSms,
            "/problems/too-many-sends" => Outcome::TooManySends,
            "/problems/settings-changed" => Outcome::SettingsChanged,
            "/problems/too-many-changes" => Outcome::TooManyChanges,
            "/problems/unavailable" => Outcome::Unavailable,
            _ => panic!("{answer:?}"),
        },
    }
}

fn settings(data: &Value) -> Option<(Authenticator, bool)> {
    let verified = data["verified"].as_bool().unwrap();
    match data["method"].as_str() {
        Some("google") => {
            let secret = SECRETS.iter().position(|secret| data["secret_key"] == **secret).unwrap();
            Some((Authenticator::App(secret), verified))
        }
        Some(_) => Some((Authenticator::Phone, verified)),
        None => {
            assert!(!verified);
            None
        }
    }
}

/// Makes several requests of one user at once, and checks the responses against the model.
async fn round(fixture: &Fixture, subject: &mut Subject, mut random: Random) -> Vec<Event> {
    let number = format!("+45{}", subject.phone);
    let sms = (!fixture.messages_to(&number).is_empty()).then(|| last_code(fixture, &number));
    let before = subject.states.iter().next();
    let known = Known {
        enrolled: before.and_then(State::authenticator),
        step: now() / totp::STEP_SECONDS,
        sent: sms.is_some(),
        good_set: before.and_then(State::recovery_codes).filter(|set| subject.codes.contains_key(set)),
        stormy: random.next(3) == 0,
    };
    // While nothing is enrolled or a wait lasts, no one-time code is accepted: a reset and an enrolment come first.
    if known.enrolled.is_none() || before.is_some_and(State::is_throttled) {
        let authenticator = match random.next(3) {
            0 => Authenticator::Phone,
            _ => Authenticator::App(random.next(SECRETS.len() as u64) as usize),
        };
        let mut events = Vec::new();
        for request in [Request::AdminReset, Request::Enrol(authenticator)] {
            events.push(make(subject, request, None).await.0);
        }
        subject.states = explain(&subject.states, &events);
        assert!(!subject.states.is_empty(), "{events:#?}");
        return events;
    }
    let mut requests: Vec<Request> = (0..AT_ONCE).map(|_| draw(&mut random, &known)).collect();
    for request in &mut requests {
        if let Request::NewCodes(set) = request {
            subject.sets += 1;
            *set = subject.sets;
        }
    }
    let pauses: Vec<u64> = requests.iter().map(|_| random.next(40)).collect();
    let made = requests.iter().zip(pauses).map(|(request, pause)| {
        let (subject, sms) = (&*subject, sms.as_deref());
        async move {
            tokio::time::sleep(Duration::from_millis(pause)).await;
            make(subject, *request, sms).await
        }
    });
    let mut made = join_all(made).await;
    // The final state is part of the history too: no update may be lost.
    made.push(make(subject, Request::Get, None).await);
    let mut events = Vec::new();
    for (event, shown) in made {
        if let (Request::NewCodes(set), Some(codes)) = (event.request, shown) {
            subject.codes.insert(set, codes);
        }
        events.push(event);
    }
    let after = explain(&subject.states, &events);
    assert!(!after.is_empty(), "no order of these explains the answers, from {:?}: {events:#?}", subject.states);
    subject.states = after;
    events
}

/// Asserts what must never happen, whatever the model says.
async fn assert_never(fixture: &Fixture, subject: &Subject, events: &[Event]) {
    let done = |request: Request| {
        events.iter().filter(|event| event.request == request && event.outcome == Outcome::Done).count()
    };
    assert!(done(Request::Verify(Code::Sms)) <= 1, "an SMS code was accepted twice");
    assert_eq!(done(Request::Verify(Code::Wrong)), 0, "a wrong code was accepted");
    for (set, nth) in subject.codes.keys().flat_map(|set| (0..10).map(move |nth| (*set, nth))) {
        assert!(done(Request::Verify(Code::Recovery(set, nth))) <= 1, "a recovery code was accepted twice");
    }
    let messages = fixture.messages_to(&format!("+45{}", subject.phone)).len();
    assert!(messages <= 1, "{messages} SMS within half a minute");
    assert!(messages >= done(Request::Send), "a send that was answered 204 is an SMS");
    let unavailable = events.iter().filter(|event| event.outcome == Outcome::Unavailable).count();
    assert!(unavailable * 10 <= events.len(), "{unavailable} of {} were answered 503", events.len());
    if let Some(item) = fixture.table().user(&subject.user.id).await {
        assert!(number(&item, "failures").unwrap_or(0) <= 5, "more attempts than there are");
        assert!(item.get("sends").map_or(0, |sends| sends.as_ns().unwrap().len()) <= 1);
    }
}

#[tokio::test]
async fn every_answer_of_a_random_history_fits_one_order_of_its_steps() {
    let given = std::env::var("HISTORY_SEED").ok().map(|seed| seed.parse().expect("HISTORY_SEED is a number"));
    let seed: u64 = given.unwrap_or_else(|| now() ^ u64::from(std::process::id()) << 32);
    // The test's output is shown only when it fails.
    println!("HISTORY_SEED={seed}");
    let fixture = own_stack(local_stack::Options::default());
    let started = Instant::now();
    let mut subjects: Vec<Subject> = (0..USERS)
        .map(|_| Subject {
            user: fixture.user(),
            admin: fixture.user_with(json!({"scope": "users:edit"})),
            phone: phone_number(),
            codes: HashMap::new(),
            sets: 0,
            states: [State::default()].into(),
        })
        .collect();
    let mut random = Random(seed);
    let mut history: Vec<Vec<Event>> = vec![Vec::new(); USERS];
    for _ in 0..ROUNDS {
        // After half a minute a second send is allowed, which the model leaves out.
        if started.elapsed() > Duration::from_secs(20) {
            break;
        }
        let seeds: Vec<u64> = subjects.iter().map(|_| random.next(u64::MAX)).collect();
        let rounds = subjects.iter_mut().zip(seeds).map(|(subject, seed)| round(&fixture, subject, Random(seed)));
        for (of_user, events) in history.iter_mut().zip(join_all(rounds).await) {
            of_user.extend(events);
        }
    }
    for (subject, events) in subjects.iter().zip(&history) {
        assert!(events.len() > AT_ONCE, "the machine is too slow for this test");
        assert_never(&fixture, subject, events).await;
    }
    // A history in which nothing is accepted proves nothing.
    let accepted = history.iter().flatten().filter(|event| {
        matches!(event.request, Request::Verify(_) | Request::NewCodes(_)) && event.outcome == Outcome::Done
    });
    assert!(accepted.count() >= USERS, "hardly a code was accepted");
}

/// The search must be able to fail: each impossible history here has one response that no order explains.
#[test]
fn a_history_that_cannot_have_been_is_refused() {
    use Outcome::{Disabled, Done, InvalidCode, Settings, Throttled, TooManyChanges};
    let app = Request::Enrol(Authenticator::App(0));
    let right = Request::Verify(Code::App(0, 7));
    let wrong = Request::Verify(Code::Wrong);
    let verified = Settings(Some((Authenticator::App(0), true)));
    let base = Instant::now();
    // Requests one after another, or all at once.
    let history = |at_once: bool, requests: &[(Request, Outcome)]| -> Vec<Event> {
        let at = |milliseconds: usize| base + Duration::from_millis(milliseconds as u64);
        let times = |nth: usize| if at_once { (at(0), at(1000)) } else { (at(10 * nth), at(10 * nth + 5)) };
        let event = |(nth, (request, outcome)): (usize, &(Request, Outcome))| Event {
            request: *request,
            outcome: *outcome,
            started: times(nth).0,
            ended: times(nth).1,
        };
        requests.iter().enumerate().map(event).collect()
    };
    let fresh = [State::default()].into();
    let possible = |at_once, requests: &[(Request, Outcome)]| !explain(&fresh, &history(at_once, requests)).is_empty();

    assert!(possible(false, &[(app, Done), (right, Done), (right, InvalidCode), (Request::Get, verified)]));
    assert!(!possible(false, &[(app, Done), (right, Done), (right, Done)]), "one code twice");
    assert!(!possible(true, &[(app, Done), (right, Done), (right, Done)]), "one code twice at once");
    assert!(possible(true, &[(app, Done), (right, Done), (right, Disabled)]));
    assert!(!possible(false, &[(app, Done), (Request::Get, verified)]), "verified by nobody");
    assert!(!possible(false, &[(app, Done), (right, Done), (app, Done), (Request::Get, verified)]), "inherited");
    assert!(!possible(false, &[(app, Done), (Request::Get, Settings(None))]), "a lost update");
    let (codes, recovery) = (Request::NewCodes(1), Request::Verify(Code::Recovery(1, 0)));
    assert!(possible(false, &[(app, Done), (right, Done), (codes, Done), (recovery, Done), (recovery, InvalidCode)]));
    assert!(!possible(false, &[(app, Done), (right, Done), (codes, Done), (recovery, Done), (recovery, Done)]));
    assert!(!possible(false, &[(app, Done), (codes, Done)]), "codes for what is not verified");
    assert!(!possible(false, &[(app, Done), (right, Done), (codes, Done), (app, Done), (recovery, Done)]), "outlived");
    let guesses = |refused| [vec![(app, Done)], vec![(wrong, InvalidCode); 5], vec![(wrong, refused)]].concat();
    assert!(possible(false, &guesses(Throttled)));
    assert!(!possible(false, &guesses(InvalidCode)), "a sixth guess");
    let at_once = [vec![(wrong, InvalidCode); 6], vec![(app, Done)]].concat();
    assert!(!possible(true, &at_once), "six guesses at once");
    let changes = |last, outcome| [vec![(app, Done); 20], vec![(Request::OwnReset, Done), (last, outcome)]].concat();
    assert!(possible(false, &changes(app, TooManyChanges)));
    assert!(!possible(false, &changes(app, Done)), "a twenty-first change");
    assert!(!possible(false, &changes(Request::Disable, Done)), "a twenty-first change");
    assert!(!possible(false, &[(app, Done), (app, TooManyChanges)]), "a limit that was not reached");
}
