//! The JWT authoriser of an HTTP API: which tokens it accepts, and why it refuses the others.
//!
//! `jsonwebtoken` reads the header and has `ring` check the signature, only for the three algorithms that API Gateway
//! accepts. The rules for the claims are API Gateway's own and are implemented here.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::signature::{self, Signer, Verifier};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind, EncodingKey, Header};
use ring::rand::SystemRandom;
use ring::rsa;
use ring::signature as ring_signature;
use serde_json::value::RawValue;

use crate::template::JwtAuthorizer;

/// The claims of a token, each exactly as written in the token, so that a number keeps every digit.
pub(crate) type Claims = BTreeMap<String, Box<RawValue>>;

/// The algorithms that API Gateway accepts.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512];

/// Why a token was refused, as stated in the `www-authenticate` header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// There was no token.
    Missing,
    /// The token is not valid for this API.
    Invalid(&'static str),
}

impl Refusal {
    /// The reason in words.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Missing => "there is no token",
            Self::Invalid(why) => why,
        }
    }

    /// The value of the `www-authenticate` header.
    pub(crate) fn challenge(&self) -> String {
        match self {
            Self::Missing => "Bearer".to_owned(),
            Self::Invalid(why) => {
                format!("Bearer scope=\"\" error=\"invalid_token\" error_description=\"{why}\"")
            }
        }
    }
}

/// The token in an `Authorization` header, with or without the `Bearer` scheme.
pub(crate) fn token(header: Option<&str>) -> Result<&str, Refusal> {
    let header = header.map(str::trim).unwrap_or_default();
    let token = match header.split_once(' ').unwrap_or((header, "")) {
        (scheme, token) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => header,
    };
    if token.is_empty() { Err(Refusal::Missing) } else { Ok(token) }
}

/// The ID of the signing key that the token names.
pub(crate) fn key_id(token: &str) -> Result<String, Refusal> {
    header(token)?.kid.ok_or(Refusal::Invalid("the token names no key"))
}

fn header(token: &str) -> Result<Header, Refusal> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| Refusal::Invalid("the token is not a JWT"))?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(Refusal::Invalid("the token is signed with an algorithm that is not supported"));
    }
    // RFC 7515 §4.1.11: a token with a critical extension that is not understood must be refused. None is understood.
    if header.crit.is_some() {
        return Err(Refusal::Invalid("the token has an extension that must be understood"));
    }
    Ok(header)
}

/// The claims of a token, if it is signed with this key and valid for this API at `now` (in Unix seconds).
pub(crate) fn verify(token: &str, key: &DecodingKey, rules: &JwtAuthorizer, now: u64) -> Result<Claims, Refusal> {
    install_provider();
    let algorithm = header(token)?.alg;
    let (message, signature) = token.rsplit_once('.').unwrap_or_default();
    if !jsonwebtoken::crypto::verify(signature, message.as_bytes(), key, algorithm).unwrap_or(false) {
        return Err(Refusal::Invalid("signature is invalid"));
    }
    let claims = claims(message).ok_or(Refusal::Invalid("the token has no claims"))?;
    if text(&claims, "iss").as_deref() != Some(&rules.issuer) {
        return Err(Refusal::Invalid("the token does not have a valid issuer"));
    }
    if !audiences(&claims).iter().any(|audience| rules.audience.contains(audience)) {
        return Err(Refusal::Invalid("the token does not have a valid audience"));
    }
    match time(&claims, "exp") {
        Time::At(expiry) if expiry > now as f64 => {}
        Time::At(_) => return Err(Refusal::Invalid("the token has expired")),
        Time::Absent | Time::Malformed => return Err(Refusal::Invalid("the token does not have a valid expiry")),
    }
    for claim in ["nbf", "iat"] {
        match time(&claims, claim) {
            Time::Absent => {}
            Time::At(start) if start <= now as f64 => {}
            Time::At(_) | Time::Malformed => return Err(Refusal::Invalid("the token is not yet valid")),
        }
    }
    Ok(claims)
}

/// The claims of a verified message. `jsonwebtoken::decode` is not used: it refuses a token whose `sub` is not a string
/// and accepts one whose `aud` is malformed.
fn claims(message: &str) -> Option<Claims> {
    let (_, payload) = message.split_once('.')?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

/// The audiences of the token: `aud`, or `client_id` if there is no `aud`.
fn audiences(claims: &Claims) -> Vec<String> {
    let Some(audience) = claims.get("aud").filter(|audience| audience.get() != "null") else {
        return text(claims, "client_id").into_iter().collect();
    };
    serde_json::from_str::<Vec<String>>(audience.get()).unwrap_or_else(|_| text(claims, "aud").into_iter().collect())
}

fn text(claims: &Claims, name: &str) -> Option<String> {
    serde_json::from_str(claims.get(name)?.get()).ok()
}

enum Time {
    Absent,
    Malformed,
    At(f64),
}

/// A NumericDate (RFC 7519), which may have a fraction.
fn time(claims: &Claims, name: &str) -> Time {
    match claims.get(name).map(|value| value.get()) {
        None | Some("null") => Time::Absent,
        Some(value) => serde_json::from_str(value).map_or(Time::Malformed, Time::At),
    }
}

/// Signs the claims and returns the token.
pub(crate) fn sign(claims: &Claims, kid: &str, algorithm: Algorithm, key: &EncodingKey) -> Result<String, Error> {
    install_provider();
    let mut header = Header::new(algorithm);
    header.kid = Some(kid.to_owned());
    jsonwebtoken::encode(&header, claims, key)
}

fn install_provider() {
    static PROVIDER: CryptoProvider = CryptoProvider {
        signer_factory: |algorithm, key| {
            Ok(Box::new(RingSigner {
                algorithm: *algorithm,
                scheme: schemes(*algorithm)?.0,
                key: rsa::KeyPair::from_pkcs8(key.as_bytes()).map_err(|_| ErrorKind::InvalidKeyFormat)?,
            }))
        },
        verifier_factory: |algorithm, key| {
            let scheme = schemes(*algorithm)?.1;
            // Accepting another kind of key for an RSA algorithm would allow algorithm confusion.
            match key.kind() {
                DecodingKeyKind::RsaModulusExponent { n, e } => {
                    let key = rsa::PublicKeyComponents { n: n.clone(), e: e.clone() };
                    Ok(Box::new(RingVerifier { algorithm: *algorithm, scheme, key }))
                }
                DecodingKeyKind::SecretOrDer(_) => Err(ErrorKind::InvalidKeyFormat.into()),
            }
        },
        key_utils: KeyUtils::new_unimplemented(),
    };
    // An error only means that an earlier call has installed it.
    let _installed = PROVIDER.install_default();
}

type Schemes = (&'static dyn ring_signature::RsaEncoding, &'static ring_signature::RsaParameters);

fn schemes(algorithm: Algorithm) -> Result<Schemes, Error> {
    match algorithm {
        Algorithm::RS256 => Ok((&ring_signature::RSA_PKCS1_SHA256, &ring_signature::RSA_PKCS1_2048_8192_SHA256)),
        Algorithm::RS384 => Ok((&ring_signature::RSA_PKCS1_SHA384, &ring_signature::RSA_PKCS1_2048_8192_SHA384)),
        Algorithm::RS512 => Ok((&ring_signature::RSA_PKCS1_SHA512, &ring_signature::RSA_PKCS1_2048_8192_SHA512)),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

struct RingSigner {
    algorithm: Algorithm,
    scheme: &'static dyn ring_signature::RsaEncoding,
    key: rsa::KeyPair,
}

impl Signer<Vec<u8>> for RingSigner {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        let mut signature = vec![0; self.key.public().modulus_len()];
        let signed = self.key.sign(self.scheme, &SystemRandom::new(), message, &mut signature);
        signed.map(|()| signature).map_err(|_| signature::Error::new())
    }
}

impl JwtSigner for RingSigner {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

struct RingVerifier {
    algorithm: Algorithm,
    scheme: &'static ring_signature::RsaParameters,
    key: rsa::PublicKeyComponents<Vec<u8>>,
}

impl Verifier<Vec<u8>> for RingVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        self.key.verify(self.scheme, message, signature).map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for RingVerifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

#[cfg(test)]
mod tests;
