//! Who calls: from the claims that the gateway's authoriser took from the token.

use super::gateway::Claims;
use crate::user::{User, UserIdType, is_visible_name};

/// Which claims say who the caller is.
#[derive(Debug, Clone)]
pub struct Identity {
    /// The claim with the user's ID.
    pub user_id_claim: String,
    /// The form user IDs have.
    pub user_id_type: UserIdType,
    /// The claim with the tenant, where there are tenants.
    pub tenant_claim: Option<String>,
}

impl Identity {
    /// The caller, if the claims name one in the form that IDs have.
    pub(super) fn caller(&self, claims: &Claims) -> Option<User> {
        let id = claims.get(&self.user_id_claim).filter(|id| self.user_id_type.allows(id))?;
        let tenant = match &self.tenant_claim {
            None => "",
            Some(claim) => claims.get(claim).filter(|tenant| is_visible_name(tenant))?,
        };
        Some(User { tenant: tenant.to_owned(), id: id.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(tenant_claim: Option<&str>) -> Identity {
        Identity {
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
        let caller = identity(None).caller(&claims(&[("sub", "42"), ("tenant", "acme")])).unwrap();
        assert_eq!((caller.tenant.as_str(), caller.id.as_str()), ("", "42"));
        assert_eq!(identity(None).caller(&claims(&[])), None);
        assert_eq!(identity(None).caller(&claims(&[("sub", "[42]")])), None);
    }

    #[test]
    fn with_tenants_a_token_without_one_names_nobody() {
        let identity = identity(Some("tenant"));
        assert_eq!(identity.caller(&claims(&[("sub", "42"), ("tenant", "acme")])).unwrap().tenant, "acme");
        assert_eq!(identity.caller(&claims(&[("sub", "42")])), None);
        assert_eq!(identity.caller(&claims(&[("sub", "42"), ("tenant", "")])), None);
    }
}
