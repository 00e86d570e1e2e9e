//! Events for other systems, written into the user's item together with the fact they report (a transactional outbox),
//! so there is no second write that could be lost. The table's stream carries every write, and the pipe in
//! `template.yaml` picks those that have an `event_type`. A write without an event removes the previous one.
//!
//! `two-factor-event.schema.json` specifies what other systems receive.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use super::change::Change;
use super::item::{attribute, s};
use super::random_id;
use crate::identity::user::User;
use crate::random::NoRandomness;
use crate::time::UnixTime;

/// The event type of an enrolment that replaces another.
const NEXT: &str = "two-factor.changed";

/// What happened. The write itself turns [`EventType::Enrolled`] into `enabled` or `changed`, depending on whether a
/// method was set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventType {
    Enrolled,
    Disabled,
    Verified,
    Reset,
    Locked,
    RecoveryCodesCreated,
    RecoveryCodeUsed,
}

/// An enrolment without an event. The next one is reported as a change.
pub(super) fn untold_enrolment(change: Change) -> Change {
    change.set(attribute::NEXT_ENROLMENT, s(NEXT))
}

/// What proved that the actor may do this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// The token alone.
    Token,
    /// A code of the authenticator.
    Code,
    /// A recovery code instead.
    RecoveryCode,
    /// The permission to edit the subject.
    Permission,
}

impl Proof {
    fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Code => "code",
            Self::RecoveryCode => "recovery-code",
            Self::Permission => "permission",
        }
    }
}

/// An event about `subject`, caused by `actor` at `now`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event<'a> {
    pub(super) type_: EventType,
    pub(super) subject: &'a User,
    pub(super) actor: &'a User,
    /// The subject's method after the event; empty if there is none, or if it makes no difference.
    pub(super) method: &'static str,
    /// What proved that the actor may do this.
    pub(super) proof: Proof,
    pub(super) now: UnixTime,
}

impl Event<'_> {
    /// Adds this event to `change`.
    ///
    /// # Errors
    /// The operating system provides no randomness.
    pub(super) fn tell(&self, change: Change) -> Result<Change, NoRandomness> {
        let time = DateTime::from_secs(i64::try_from(self.now.seconds()).unwrap_or(i64::MAX)).fmt(Format::DateTime);
        let members = [
            ("id", s(random_id()?)),
            ("time", s(time.unwrap_or_default())),
            ("tenant", s(&self.subject.tenant)),
            ("subject", s(&self.subject.id)),
            ("actor", s(&self.actor.id)),
            ("method", s(self.method)),
            ("proof", s(self.proof.name())),
        ];
        let members: HashMap<String, AttributeValue> =
            members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let change = change.set(attribute::EVENT, AttributeValue::M(members));
        Ok(match self.type_ {
            EventType::Enrolled => change
                .set_to_other_or(attribute::EVENT_TYPE, attribute::NEXT_ENROLMENT, s("two-factor.enabled"))
                .set(attribute::NEXT_ENROLMENT, s(NEXT)),
            EventType::Disabled => change.set(attribute::EVENT_TYPE, s("two-factor.disabled")),
            EventType::Verified => change.set(attribute::EVENT_TYPE, s("two-factor.verified")),
            EventType::Reset => change.set(attribute::EVENT_TYPE, s("two-factor.reset")),
            EventType::Locked => change.set(attribute::EVENT_TYPE, s("two-factor.locked")),
            EventType::RecoveryCodesCreated => {
                change.set(attribute::EVENT_TYPE, s("two-factor.recovery-codes-created"))
            }
            EventType::RecoveryCodeUsed => change.set(attribute::EVENT_TYPE, s("two-factor.recovery-code-used")),
        })
    }
}
