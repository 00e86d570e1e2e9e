//! Events for other systems, written into the user's item together with the fact they tell of (a transactional outbox):
//! there is no second write that could be lost. The table's stream carries every write, and the pipe of `template.yaml`
//! picks those that have an `event_type`; a write that tells of nothing removes the event of the one before.
//!
//! `two-factor-event.schema.json` says what other systems get.

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

/// The type of the event that an enrolment in place of another is.
const NEXT: &str = "two-factor.changed";

/// What happened. [`EventType::Enrolled`] becomes `enabled` or `changed` in the write itself, by whether a method was set.
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

/// An enrolment that nobody is told of: the next one is a change.
pub(super) fn untold_enrolment(change: Change) -> Change {
    change.set(attribute::NEXT_ENROLMENT, s(NEXT))
}

/// What showed that the actor may bring this about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// The token alone.
    Token,
    /// A code of the authenticator.
    Code,
    /// A recovery code in its place.
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

/// An event of `subject`, brought about by `actor` at `now`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Event<'a> {
    pub(super) type_: EventType,
    pub(super) subject: &'a User,
    pub(super) actor: &'a User,
    /// The method from now on; empty for none.
    pub(super) method: &'static str,
    /// What showed that the actor may.
    pub(super) proof: Proof,
    pub(super) now: UnixTime,
}

impl Event<'_> {
    /// The change with this event in it.
    ///
    /// # Errors
    /// The operating system has no randomness to give.
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
