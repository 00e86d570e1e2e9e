//! What one user's two-factor does, in a page: the sequential model that a recorded history is held against, and the
//! search for an order of its steps in which every answer is right.
//!
//! A request is not one step. It reads or writes the user's item once or twice, and between the two another request may
//! come in; the answer is right if the steps of all requests can be put in one order that explains every answer and
//! leaves each request between its start and its end (linearisability, on the item's reads and writes).

use std::collections::HashSet;
use std::time::Instant;

/// What is enrolled, by its number: secrets and phones have each their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Authenticator {
    App(usize),
    Phone,
}

/// What was tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The code of this secret for this time step.
    App(usize, u64),
    /// The code of the only SMS.
    Sms,
    /// A recovery code: of which set, and which of its ten.
    Recovery(usize, u32),
    Wrong,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    Enrol(Authenticator),
    Disable,
    Verify(Code),
    /// Asks for the set of recovery codes that bears this number.
    NewCodes(usize),
    Send,
    OwnReset,
    AdminReset,
    Get,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    Done,
    InvalidCode,
    Throttled,
    Disabled,
    NotVerified,
    NotSms,
    TooManySends,
    SettingsChanged,
    TooManyChanges,
    Settings(Option<(Authenticator, bool)>),
    /// 503, of a machine that is too busy: any part of the request may have been done, or none.
    Unavailable,
}

/// One request of a history.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    pub request: Request,
    pub outcome: Outcome,
    pub started: Instant,
    pub ended: Instant,
}

/// Changes of the settings within an hour.
const MAX_CHANGES: usize = 20;

/// All that the model knows of a user. Waits do not end, a second send is not due and no change is forgotten while a
/// history lasts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    enrolled: Option<(Authenticator, bool)>,
    /// Counts the enrolments, which is their name.
    enrolment: usize,
    /// Settings that the user replaced; no reset makes them fewer.
    changes: usize,
    /// Attempts at the SMS code that is on its way.
    challenge: Option<usize>,
    failures: usize,
    last_step: Option<(usize, u64)>,
    sent: bool,
    /// The set of recovery codes that is good, and a bit for each that was used.
    recovery: Option<(usize, u32)>,
}

/// How far a request has got.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Progress {
    Waiting,
    /// An attempt is counted and the code found right, for this enrolment.
    Counted(usize),
    /// A send read that it may, for this enrolment.
    MaySend(usize),
    Ended,
}

/// What a step leads to: further on, or an end with this outcome.
enum Step {
    To(Progress),
    End(Outcome),
}

impl State {
    /// The set of recovery codes that is good.
    pub fn recovery_codes(&self) -> Option<usize> {
        self.recovery.map(|(set, _)| set)
    }

    /// Whether too many codes were wrong.
    pub fn is_throttled(&self) -> bool {
        self.failures >= 5
    }

    /// What is enrolled.
    pub fn authenticator(&self) -> Option<Authenticator> {
        self.enrolled.map(|(authenticator, _)| authenticator)
    }

    fn forget_settings(&mut self) {
        self.enrolled = None;
        self.challenge = None;
        self.recovery = None;
        self.enrolment += 1;
    }

    fn step(&mut self, request: Request, progress: &Progress) -> Step {
        match (request, progress) {
            (Request::Enrol(_) | Request::Disable, _) if self.changes >= MAX_CHANGES => {
                Step::End(Outcome::TooManyChanges)
            }
            (Request::Enrol(authenticator), _) => {
                self.changes += 1;
                self.forget_settings();
                self.enrolled = Some((authenticator, false));
                Step::End(Outcome::Done)
            }
            (Request::Disable, _) => {
                self.changes += 1;
                self.forget_settings();
                Step::End(Outcome::Done)
            }
            (Request::OwnReset, _) => {
                self.forget_settings();
                Step::End(Outcome::Done)
            }
            (Request::AdminReset, _) => {
                self.forget_settings();
                self.failures = 0;
                Step::End(Outcome::Done)
            }
            (Request::Get, _) => Step::End(Outcome::Settings(self.enrolled)),
            (Request::NewCodes(set), _) => Step::End(match self.enrolled {
                None => Outcome::Disabled,
                Some((_, false)) => Outcome::NotVerified,
                Some((_, true)) => {
                    self.recovery = Some((set, 0));
                    Outcome::Done
                }
            }),
            // One write, which no wait holds up and no counter counts.
            (Request::Verify(Code::Recovery(set, nth)), _) => Step::End(self.use_recovery_code(set, nth)),
            (Request::Verify(code), Progress::Counted(enrolment)) => Step::End(self.accept(code, *enrolment)),
            (Request::Verify(code), _) => self.count(code),
            (Request::Send, Progress::MaySend(enrolment)) => Step::End(self.send(*enrolment)),
            (Request::Send, _) => match self.enrolled {
                Some((Authenticator::Phone, _)) if self.sent => Step::End(Outcome::TooManySends),
                Some((Authenticator::Phone, _)) => Step::To(Progress::MaySend(self.enrolment)),
                _ => Step::End(Outcome::NotSms),
            },
        }
    }

    fn count(&mut self, code: Code) -> Step {
        let Some((authenticator, _)) = self.enrolled else { return Step::End(Outcome::Disabled) };
        if self.failures >= 5 {
            return Step::End(Outcome::Throttled);
        }
        self.failures += 1;
        self.challenge = self.challenge.map(|tries| tries + 1);
        let right = match (authenticator, code) {
            (Authenticator::App(enrolled), Code::App(secret, _)) => enrolled == secret,
            (Authenticator::Phone, Code::Sms) => self.challenge.is_some_and(|tries| tries <= 5),
            _ => false,
        };
        if right { Step::To(Progress::Counted(self.enrolment)) } else { Step::End(Outcome::InvalidCode) }
    }

    fn accept(&mut self, code: Code, enrolment: usize) -> Outcome {
        let fresh = match code {
            Code::App(secret, step) => self.last_step.is_none_or(|(of, last)| of != secret || last < step),
            Code::Sms => self.challenge.is_some(),
            Code::Recovery(..) | Code::Wrong => false,
        };
        if !fresh || enrolment != self.enrolment {
            return Outcome::InvalidCode;
        }
        if let Code::App(secret, step) = code {
            self.last_step = Some((secret, step));
        }
        self.enrolled = self.enrolled.map(|(authenticator, _)| (authenticator, true));
        self.failures = 0;
        self.challenge = None;
        Outcome::Done
    }

    fn use_recovery_code(&mut self, set: usize, nth: u32) -> Outcome {
        if self.enrolled.is_none() {
            return Outcome::Disabled;
        }
        if !self.has(set, nth) {
            return Outcome::InvalidCode;
        }
        self.recovery = self.recovery.map(|(set, used)| (set, used | 1 << nth));
        self.failures = 0;
        self.challenge = None;
        Outcome::Done
    }

    /// Whether this recovery code is good.
    fn has(&self, set: usize, nth: u32) -> bool {
        self.recovery.is_some_and(|(good, used)| good == set && used & (1 << nth) == 0)
    }

    fn send(&mut self, enrolment: usize) -> Outcome {
        if enrolment != self.enrolment {
            return Outcome::SettingsChanged;
        }
        if self.sent {
            return Outcome::TooManySends;
        }
        self.sent = true;
        self.challenge = Some(0);
        Outcome::Done
    }
}

/// The states that the user may be in after these events, from one of the states `before`; none if no order of the steps
/// explains the answers.
pub fn explain(before: &HashSet<State>, events: &[Event]) -> HashSet<State> {
    let mut after = HashSet::new();
    let mut seen: HashSet<(State, Vec<Progress>)> = HashSet::new();
    let mut open: Vec<(State, Vec<Progress>)> =
        before.iter().map(|state| (state.clone(), vec![Progress::Waiting; events.len()])).collect();
    while let Some((state, progress)) = open.pop() {
        if !seen.insert((state.clone(), progress.clone())) {
            continue;
        }
        let unfinished: Vec<usize> = (0..events.len()).filter(|nth| progress[*nth] != Progress::Ended).collect();
        let Some(first_end) = unfinished.iter().map(|nth| events[*nth].ended).min() else {
            after.insert(state);
            continue;
        };
        // A request that began after another one's end comes behind all of that one's steps.
        for nth in unfinished.into_iter().filter(|nth| events[*nth].started <= first_end) {
            let (mut state, mut progress) = (state.clone(), progress.clone());
            if events[nth].outcome == Outcome::Unavailable {
                let mut given_up = progress.clone();
                given_up[nth] = Progress::Ended;
                open.push((state.clone(), given_up));
            }
            match state.step(events[nth].request, &progress[nth]) {
                Step::To(next) => progress[nth] = next,
                Step::End(outcome) if [outcome, Outcome::Unavailable].contains(&events[nth].outcome) => {
                    progress[nth] = Progress::Ended;
                }
                Step::End(_) => continue,
            }
            open.push((state, progress));
        }
    }
    after
}
