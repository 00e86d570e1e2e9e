//! The caller, from the claims that the gateway's authoriser took from the token, and whom the caller may edit.

pub mod issuer;
pub mod permission;
pub mod user;

use std::collections::BTreeMap;

use self::user::{User, UserIdType, is_name};

/// Claims by name, each as the gateway gives it: an array as `[a b]`.
pub type Claims = BTreeMap<String, String>;

/// Which claims identify the caller.
#[derive(Debug, Clone)]
pub struct CallerClaims {
    /// The claim with the user's ID.
    pub user_id_claim: String,
    /// The form of user IDs.
    pub user_id_type: UserIdType,
    /// The claim with the tenant, if there are tenants.
    pub tenant_claim: Option<String>,
}

impl CallerClaims {
    /// The caller, if the claims name one in the right form.
    pub(crate) fn caller(&self, claims: &Claims) -> Option<User> {
        let id = claims.get(&self.user_id_claim).filter(|id| self.user_id_type.allows(id))?;
        let tenant = match &self.tenant_claim {
            None => "",
            Some(claim) => claims.get(claim).filter(|tenant| is_name(tenant))?,
        };
        Some(User { tenant: tenant.to_owned(), id: id.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller_claims(tenant_claim: Option<&str>) -> CallerClaims {
        CallerClaims {
            user_id_claim: "sub".to_owned(),
            user_id_type: UserIdType::Integer,
            tenant_claim: tenant_claim.map(str::to_owned),
        }
    }

    fn claims(pairs: &[(&str, &str)]) -> Claims {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_caller_is_the_claim_of_the_right_form() {
        let caller = caller_claims(None).caller(&claims(&[("sub", "42"), ("tenant", "acme")])).unwrap();
        assert_eq!((caller.tenant.as_str(), caller.id.as_str()), ("", "42"));
        assert_eq!(caller_claims(None).caller(&claims(&[])), None);
        assert_eq!(caller_claims(None).caller(&claims(&[("sub", "[42]")])), None);
    }

    #[test]
    fn with_tenants_a_token_without_one_names_nobody() {
        let caller_claims = caller_claims(Some("tenant"));
        assert_eq!(caller_claims.caller(&claims(&[("sub", "42"), ("tenant", "acme")])).unwrap().tenant, "acme");
        assert_eq!(caller_claims.caller(&claims(&[("sub", "42")])), None);
        assert_eq!(caller_claims.caller(&claims(&[("sub", "42"), ("tenant", "")])), None);
    }
}
