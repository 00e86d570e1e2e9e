//! What a helpdesk may know about a user, read without a key and without the sealed attributes.

use super::item::{Item, attribute, optional_text, recovery_codes, s, throttle};
use super::{Store, StoreError, user_key};
use crate::authenticator::throttle::Throttle;
use crate::identity::user::User;

/// A user's settings as a helpdesk sees them. The default is that nothing is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Overview {
    /// The API's name of the method, if one is set.
    pub method: Option<String>,
    /// Whether a correct code has been seen since it was set.
    pub verified: bool,
    /// The last two digits of the phone number, if there is one.
    pub phone_end: Option<String>,
    /// How many recovery codes are left.
    pub recovery_codes_left: usize,
    /// Attempts since the last correct code.
    pub throttle: Throttle,
}

/// The attributes to read. `#method` stands for the method, whose name is reserved.
const READ: [&str; 6] = [
    "#method",
    attribute::VERIFIED,
    attribute::PHONE_END,
    attribute::RECOVERY_CODES,
    attribute::FAILURES,
    attribute::LAST_ATTEMPT,
];

impl Store {
    /// Reads what a helpdesk may know about `user`, in one strongly consistent read.
    ///
    /// # Errors
    /// DynamoDB cannot be reached, or the item cannot be read.
    pub async fn overview(&self, user: &User) -> Result<Overview, StoreError> {
        let output = self
            .client
            .get_item()
            .table_name(&self.table)
            .key(attribute::KEY, s(user_key(user)))
            .projection_expression(READ.join(", "))
            .expression_attribute_names("#method", attribute::METHOD)
            .consistent_read(true)
            .send()
            .await
            .map_err(|error| StoreError::from_sdk("GetItem", &error))?;
        output.item().map_or_else(|| Ok(Overview::default()), Overview::read)
    }
}

impl Overview {
    fn read(item: &Item) -> Result<Self, StoreError> {
        let verified = item.get(attribute::VERIFIED).map(|value| value.as_bool().copied());
        Ok(Self {
            method: optional_text(item, attribute::METHOD)?,
            verified: verified.transpose().map_err(|_| StoreError::unreadable(attribute::VERIFIED))?.unwrap_or(false),
            phone_end: optional_text(item, attribute::PHONE_END)?,
            recovery_codes_left: recovery_codes(item)?.len(),
            throttle: throttle(item)?,
        })
    }
}
