//! Importing a user whom another system has enrolled.

use super::condition::Condition;
use super::item::{attribute, s};
use super::outbox::untold_enrolment;
use super::write::Written;
use super::{Store, StoreError, random_id, user_key};
use crate::authenticator::Authenticator;
use crate::identity::user::User;

/// The outcome of importing a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Imported {
    /// The settings are stored.
    Yes,
    /// There already were settings, and they stay.
    Kept,
}

impl Store {
    /// Stores the settings of `user`, and replaces existing ones only if `replace` says so. No event reports it,
    /// because the user has done nothing. Counted attempts and sends stay.
    ///
    /// Closes the race with the user's own enrolment: the write itself checks whether there are settings.
    ///
    /// # Errors
    /// DynamoDB cannot be reached.
    pub async fn import(
        &self,
        user: &User,
        authenticator: &Authenticator,
        verified: bool,
        replace: bool,
    ) -> Result<Imported, StoreError> {
        let enrolment = random_id()?;
        let change = self.enrolment(user, authenticator, verified, enrolment.clone())?;
        let change = untold_enrolment(change.remove(&[attribute::ACCEPTED_AT]));
        let change = if replace { change } else { change.when(Condition::Absent(attribute::METHOD)) };
        Ok(match self.write(&user_key(user), change).await? {
            Written::Done(_) => Imported::Yes,
            // A retried write that had already succeeded finds its own enrolment.
            Written::Refused(Some(item)) if item.get(attribute::ENROLMENT) == Some(&s(enrolment)) => Imported::Yes,
            Written::Refused(_) => Imported::Kept,
        })
    }
}
