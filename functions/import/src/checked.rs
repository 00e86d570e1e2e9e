//! A user in the event, checked as `PATCH` checks settings: all errors are reported at once.

use std::borrow::Cow;

use serde_json::Value;
use two_factor::authenticator::Authenticator;
use two_factor::error::FieldError;
use two_factor::http::Fields;
use two_factor::http::settings_fields::{phone, secret};
use two_factor::identity::user::{User, UserIdType, is_name};
use two_factor::phone::countries::Countries;

/// The stack's rules for users.
pub(crate) struct Rules {
    pub(crate) user_id_type: UserIdType,
    pub(crate) has_tenants: bool,
    pub(crate) countries: Countries,
}

/// A user who can be imported.
pub(crate) struct Checked {
    pub(crate) user: User,
    pub(crate) authenticator: Authenticator,
    /// Whether the other system has seen a correct code.
    pub(crate) verified: bool,
}

impl Rules {
    /// The user, or all errors.
    pub(crate) fn check(&self, user: Value) -> Result<Checked, Vec<FieldError>> {
        let Value::Object(members) = user else { return Err(vec![error("#", "must be an object")]) };
        let fields = Fields::from(members);
        let (id, tenant) = (self.id(fields.get("id")), self.tenant(fields.get("tenant")));
        match (id, tenant, self.authenticator(&fields), verified(fields.get("verified"))) {
            (Ok(id), Ok(tenant), Ok(authenticator), Ok(verified)) => {
                Ok(Checked { user: User { tenant, id }, authenticator, verified })
            }
            (id, tenant, authenticator, verified) => {
                let mut errors: Vec<FieldError> = [id.err(), tenant.err()].into_iter().flatten().collect();
                errors.extend(authenticator.err().into_iter().flatten());
                errors.extend(verified.err());
                Err(errors)
            }
        }
    }

    fn id(&self, id: Option<&Value>) -> Result<String, FieldError> {
        let (text, detail) = match self.user_id_type {
            UserIdType::Integer => (
                id.and_then(|id| id.as_str().map(str::to_owned).or_else(|| id.as_u64().map(|id| id.to_string()))),
                "must be the user's ID, an integer of at most 19 digits",
            ),
            UserIdType::String => {
                (id.and_then(Value::as_str).map(str::to_owned), "must be the user's ID, a string as the tokens have it")
            }
        };
        text.filter(|id| self.user_id_type.allows(id)).ok_or_else(|| error("#/id", detail))
    }

    fn tenant(&self, tenant: Option<&Value>) -> Result<String, FieldError> {
        match tenant {
            None | Some(Value::Null) if !self.has_tenants => Ok(String::new()),
            Some(Value::String(tenant)) if !self.has_tenants && tenant.is_empty() => Ok(String::new()),
            Some(Value::String(tenant)) if self.has_tenants && is_name(tenant) => Ok(tenant.clone()),
            _ if self.has_tenants => Err(error("#/tenant", "must be the user's tenant, as the tokens have it")),
            _ => Err(error("#/tenant", "must be empty: this stack has no tenants (TenantClaim)")),
        }
    }

    fn authenticator(&self, fields: &Fields) -> Result<Authenticator, Vec<FieldError>> {
        match fields.text("method") {
            Some("google") => secret(fields).map(Authenticator::App),
            Some("sms") => phone(fields, &self.countries).map(Authenticator::Sms),
            _ => Err(vec![error("#/method", r#"must be "google" or "sms""#)]),
        }
    }
}

fn verified(value: Option<&Value>) -> Result<bool, FieldError> {
    match value {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(verified)) => Ok(*verified),
        Some(_) => Err(error("#/verified", "must be true or false")),
    }
}

pub(crate) fn error(pointer: &'static str, detail: impl Into<Cow<'static, str>>) -> FieldError {
    FieldError { pointer, detail: detail.into() }
}
