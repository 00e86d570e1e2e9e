//! The events of the audit log.

use crate::identity::user::User;

/// An event of the audit log (NIST SP 800-63B-4 §4.1, OWASP ASVS 5.0 §16.3). The names are fixed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditEvent {
    /// An authenticator was enrolled, not yet verified.
    Enrolled,
    /// The user disabled two-factor.
    Disabled,
    /// A one-time code was accepted.
    Verified,
    /// A recovery code was accepted.
    RecoveryCodeUsed,
    /// A new set of recovery codes was created.
    RecoveryCodesCreated,
    /// A code was sent by SMS.
    CodeSent,
    /// The actor reset the subject's settings.
    Reset {
        /// Whose settings.
        subject: User,
    },
    /// The actor viewed the subject's settings.
    Viewed {
        /// Whose settings.
        subject: User,
    },
    /// An attempt, a send or a change was refused because of earlier ones.
    Throttled,
}

impl AuditEvent {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Enrolled => "enrolled",
            Self::Disabled => "disabled",
            Self::Verified => "verified",
            Self::RecoveryCodeUsed => "recovery_code_used",
            Self::RecoveryCodesCreated => "recovery_codes_created",
            Self::CodeSent => "code_sent",
            Self::Reset { .. } => "reset",
            Self::Viewed { .. } => "viewed",
            Self::Throttled => "throttled",
        }
    }

    /// The user whose settings were reset or viewed.
    pub(super) fn subject(&self) -> Option<&User> {
        match self {
            Self::Reset { subject } | Self::Viewed { subject } => Some(subject),
            _ => None,
        }
    }
}
