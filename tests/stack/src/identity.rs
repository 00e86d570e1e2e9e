//! The OIDC issuer: its RSA key, its discovery document and key set, and the tokens it mints.
//!
//! It has no users and no sign-in: anyone who can reach it on this machine gets the token they ask for.

use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use rsa::pkcs8::EncodePrivateKey as _;
use rsa::traits::PublicKeyParts as _;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::error::StartError;
use crate::jwt::{self, Claims};

/// The default lifetime of a token, in seconds, unless `exp` is given.
const LIFETIME: u64 = 3600;

/// The signing key of the issuer.
pub(crate) struct IssuerKey {
    pub(crate) kid: String,
    signing: EncodingKey,
    pub(crate) verifying: DecodingKey,
    modulus: String,
    exponent: String,
}

impl IssuerKey {
    /// The key of this process. Generating one takes so long that all stacks of a test run share it.
    pub(crate) fn of_process() -> Result<Arc<Self>, StartError> {
        static KEY: OnceLock<Result<Arc<IssuerKey>, StartError>> = OnceLock::new();
        KEY.get_or_init(|| Self::generate().map(Arc::new)).clone()
    }

    fn generate() -> Result<Self, StartError> {
        let failed = |e: &dyn std::fmt::Display| StartError::new(format!("no RSA key could be made: {e}"));
        let key = rsa::PrivateKey::new(&mut getrandom::SysRng, 2048).map_err(|e| failed(&e))?;
        let pkcs8 = key.to_pkcs8_der().map_err(|e| failed(&e))?;
        let (modulus, exponent) = (key.n_bytes(), key.e_bytes());
        Ok(Self {
            kid: uuid::Uuid::new_v4().to_string(),
            signing: EncodingKey::from_rsa_der(pkcs8.as_bytes()),
            verifying: DecodingKey::from_rsa_raw_components(&modulus, &exponent),
            modulus: URL_SAFE_NO_PAD.encode(modulus),
            exponent: URL_SAFE_NO_PAD.encode(exponent),
        })
    }

    /// The modulus as published in the key set.
    #[cfg(test)]
    pub(crate) fn public_modulus(&self) -> &str {
        &self.modulus
    }

    /// Signs the claims and returns the token.
    pub(crate) fn sign(&self, claims: &Claims, algorithm: Algorithm) -> Option<String> {
        jwt::sign(claims, &self.kid, algorithm, &self.signing).ok()
    }
}

/// The issuer of one stack.
#[derive(Clone)]
pub(crate) struct Identity {
    pub(crate) issuer: String,
    pub(crate) audience: String,
    pub(crate) key: Arc<IssuerKey>,
}

/// A token and its remaining lifetime in seconds.
pub(crate) struct Minted {
    pub(crate) token: String,
    pub(crate) expires_in: i64,
}

impl Identity {
    /// `GET /.well-known/openid-configuration`.
    pub(crate) fn discovery(&self) -> Value {
        json!({
            "issuer": self.issuer,
            "jwks_uri": format!("{}/.well-known/jwks.json", self.issuer),
            "token_endpoint": format!("{}/local/token", self.issuer),
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
        })
    }

    /// `GET /.well-known/jwks.json`.
    pub(crate) fn key_set(&self) -> Value {
        let key = &self.key;
        json!({"keys": [{"kty": "RSA", "use": "sig", "kid": key.kid, "n": key.modulus, "e": key.exponent}]})
    }

    /// Mints a token with the default claims. A given claim replaces the default; null removes it.
    pub(crate) fn mint(&self, given: Claims, now: u64) -> Option<Minted> {
        let defaults = json!({
            "iss": self.issuer,
            "aud": self.audience,
            "sub": "1",
            "email": "user@example.com",
            "iat": now,
            "exp": now.saturating_add(LIFETIME),
        });
        let mut claims = Claims::new();
        for (name, value) in defaults.as_object().into_iter().flatten() {
            claims.insert(name.clone(), to_raw_value(value).ok()?);
        }
        for (name, value) in given {
            if value.get() == "null" {
                claims.remove(&name);
            } else {
                claims.insert(name, value);
            }
        }
        let expires_in = claims.get("exp").and_then(|exp| lifetime(exp, now)).unwrap_or_default();
        Some(Minted { token: self.key.sign(&claims, Algorithm::RS256)?, expires_in })
    }
}

fn lifetime(expiry: &RawValue, now: u64) -> Option<i64> {
    let expiry: f64 = serde_json::from_str(expiry.get()).ok()?;
    Some((expiry - now as f64) as i64)
}
