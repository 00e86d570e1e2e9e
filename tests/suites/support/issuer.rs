//! An identity provider for the tests. They hold its key, so they can sign what no provider would: what an attacker had
//! signed by some trick, or a signature that is wrong in one byte.

use std::sync::LazyLock;

use base64::prelude::{BASE64_URL_SAFE_NO_PAD as BASE64, Engine};
use ring::digest::{SHA256, digest};
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, PrivateKey};
use serde_json::{Value, json};

use super::stack::{Fixture, on_runtime, own_stack};
use super::{User, now};

/// The prefix of the hash in an RS256 signature: the DER of `DigestInfo` (RFC 8017 §9.2).
pub const DIGEST_INFO: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20];

/// The provider that the tests share, and a stack that accepts its tokens.
pub struct Issuer {
    pub url: String,
    pub fixture: Fixture,
    key: PrivateKey,
}

static ISSUER: LazyLock<Issuer> = LazyLock::new(Issuer::start);

pub fn issuer() -> &'static Issuer {
    &ISSUER
}

impl Issuer {
    /// The `kid` of the signing key.
    pub const KID: &str = "signing";

    fn start() -> Self {
        let key = PrivateKey::new(&mut getrandom::SysRng, 2048).unwrap();
        let (modulus, exponent) = (BASE64.encode(key.n_bytes()), BASE64.encode(key.e_bytes()));
        let rsa = |more: Value| {
            let mut jwk = json!({"kty": "RSA", "n": modulus, "e": exponent});
            jwk.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            jwk
        };
        let keys = json!({"keys": [
            rsa(json!({"kid": Self::KID, "use": "sig", "alg": "RS256"})),
            rsa(json!({"kid": "encryption", "use": "enc"})),
            rsa(json!({"kid": "wrapping", "key_ops": ["wrapKey"]})),
            {"kty": "oct", "kid": "shared", "k": BASE64.encode("a secret that a careless provider shows")},
        ]});
        let url = on_runtime(async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let discovery = json!({"issuer": url, "jwks_uri": format!("{url}/keys")}).to_string();
            let router = axum::Router::new()
                .route("/.well-known/openid-configuration", axum::routing::get(|| async { discovery }))
                .route("/keys", axum::routing::get(move || async move { keys.to_string() }));
            tokio::spawn(async move { axum::serve(listener, router).await });
            url
        });
        let parameters = [("JwtIssuer".to_owned(), url.clone())].into();
        let fixture = own_stack(local_stack::Options { parameters, ..local_stack::Options::default() });
        Self { url, fixture, key }
    }

    /// The claims of a valid token for this user.
    pub fn claims(&self, sub: &str) -> Value {
        json!({"iss": self.url, "aud": "local", "sub": sub, "iat": now(), "exp": now() + 3600})
    }

    /// The header of a valid token.
    pub fn header() -> Value {
        json!({"alg": "RS256", "typ": "JWT", "kid": Self::KID})
    }

    /// A token with this header and these claims, signed with RS256.
    pub fn token(&self, header: &Value, claims: &Value) -> String {
        self.token_of(&header.to_string(), &claims.to_string())
    }

    /// A token with exactly these texts, signed with RS256.
    pub fn token_of(&self, header: &str, claims: &str) -> String {
        self.signed(&format!("{}.{}", BASE64.encode(header), BASE64.encode(claims)))
    }

    /// The message with its signature.
    pub fn signed(&self, message: &str) -> String {
        let padded = [&DIGEST_INFO[..], digest(&SHA256, message.as_bytes()).as_ref()].concat();
        format!("{message}.{}", BASE64.encode(self.sign(&padded)))
    }

    /// Signs these bytes, whatever they are, after adding the padding of PKCS #1 v1.5.
    pub fn sign(&self, padded: &[u8]) -> Vec<u8> {
        self.key.sign(Pkcs1v15Sign::new_unprefixed(), padded).unwrap()
    }

    /// The modulus of the public key, as an attacker reads it from the key set.
    pub fn public_modulus(&self) -> String {
        BASE64.encode(self.key.n_bytes())
    }

    /// A user with this token.
    pub fn user(&self, token: String) -> User {
        User { token, ..self.fixture.user() }
    }
}
