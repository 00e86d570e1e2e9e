//! One user's two-factor on a page: the sequential model that a recorded history is checked against, and the search for
//! an order of its steps in which every response is correct.
//!
//! A request is not one step. It reads or writes the user's item once or twice, and another request may come in
//! between. The responses are correct if the steps of all requests can be put in one order that explains every response
//! and leaves each request between its start and its end (linearisability, on the item's reads and writes).

use std::collections::HashSet;
use std::time::Instant;

/// What is enrolled: an app with the secret of this number, or the phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Authenticator {
    App(usize),
    Phone,
}

/// A code that is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The code of this secret for this time step.
    App(usize, u64),
    /// The code of the only SMS.
    Sms,
    /// A recovery code: the number of its set, and its index among the ten.
    Recovery(usize, u32),
    Wrong,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    Enrol(Authenticator),
    Disable,
    Verify(Code),
    /// Requests the set of recovery codes with this number.
    NewCodes(usize),
    Send,
    OwnReset,
    AdminReset,
    Get,
}

/// The outcome of a request.
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
    /// 503 from a machine that is too busy: all, part or none of the request may have been done.
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

/// How many changes of the settings are allowed within an hour.
const MAX_CHANGES: usize = 20;

/// Everything that the model knows about a user. While a history lasts, no wait ends, no second send is due and no
/// change is forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    enrolled: Option<(Authenticator, bool)>,
    /// Counts the enrolments. The count identifies the current one.
    enrolment: usize,
    /// The number of changes that the user made; a reset does not lower it.
    changes: usize,
    /// Attempts at the SMS code that was sent and is still open.
    challenge: Option<usize>,
    failures: usize,
    last_step: Option<(usize, u64)>,
    sent: bool,
    /// The valid set of recovery codes, and a bit for each code that was used.
    recovery: Option<(usize, u32)>,
}

/// How far a request has got.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Progress {
    Waiting,
    /// The attempt is counted and the code found correct, for this enrolment.
    Counted(usize),
    /// A send has read that it is allowed, for this enrolment.
    MaySend(usize),
    Ended,
}

/// The result of a step: further progress, or the end of the request with this outcome.
enum Step {
    To(Progress),
    End(Outcome),
}

impl State {
    /// The valid set of recovery codes.
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
            // A single write, which no wait delays and no counter counts.
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

    /// Whether this recovery code is valid and unused.
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

/// The states that the user may be in after these events, from one of the states `before`. Empty if no order of the
/// steps explains the responses.
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
        // A request that started after another one ended comes after all of that one's steps.
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
