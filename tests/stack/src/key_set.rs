//! The public keys of an issuer, by their `kid`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_smithy_http_client::{Connector, tls};
use aws_smithy_runtime_api::client::http::{HttpConnector as _, HttpConnectorSettings};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use axum::body::Body;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, JwkSet, KeyOperations, PublicKeyUse};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

use crate::console::Console;
use crate::identity::IssuerKey;

/// A token signed with an unknown key causes the keys to be fetched again, but no more often than this.
const FETCH_INTERVAL: Duration = Duration::from_secs(10);

/// The limit for connecting to the issuer and for reading, as in API Gateway. A document may take twice as long.
const FETCH_TIMEOUT: Duration = Duration::from_millis(1500);

/// The largest document accepted from the issuer, in bytes.
const LARGEST: usize = 1024 * 1024;

/// Where an authoriser finds the key that a token is signed with.
pub(crate) enum KeySet {
    /// The issuer is the stack's own.
    Local(Arc<IssuerKey>),
    /// The issuer is an external one, reached by its URL.
    Remote(Remote),
}

impl KeySet {
    /// The keys of an external issuer.
    pub(crate) fn remote(issuer: &str, console: Arc<Console>) -> Self {
        let (issuer, fetched) = (issuer.trim_end_matches('/').to_owned(), Mutex::default());
        Self::Remote(Remote { issuer, console, fetched })
    }

    /// The key with this ID, if the issuer has one.
    pub(crate) async fn find(&self, kid: &str) -> Option<DecodingKey> {
        match self {
            Self::Local(key) => (key.kid == kid).then(|| key.verifying.clone()),
            Self::Remote(remote) => remote.find(kid).await,
        }
    }
}

/// An external issuer and the keys fetched from it last.
pub(crate) struct Remote {
    issuer: String,
    console: Arc<Console>,
    fetched: Mutex<Fetched>,
}

#[derive(Default)]
struct Fetched {
    at: Option<Instant>,
    keys: HashMap<String, DecodingKey>,
}

/// The only field needed from the discovery document.
#[derive(Deserialize)]
struct Discovery {
    jwks_uri: String,
}

impl Remote {
    async fn find(&self, kid: &str) -> Option<DecodingKey> {
        let mut fetched = self.fetched.lock().await;
        let is_due = fetched.at.is_none_or(|at| at.elapsed() > FETCH_INTERVAL);
        if is_due && !fetched.keys.contains_key(kid) {
            fetched.at = Some(Instant::now());
            match self.fetch().await {
                Ok(keys) => fetched.keys = keys,
                Err(reason) => self.console.note(&format!("the keys of {} can't be fetched: {reason}", self.issuer)),
            }
        }
        fetched.keys.get(kid).cloned()
    }

    async fn fetch(&self) -> Result<HashMap<String, DecodingKey>, String> {
        let discovery: Discovery = get(&format!("{}/.well-known/openid-configuration", self.issuer)).await?;
        let set: JwkSet = get(&discovery.jwks_uri).await?;
        let keys = set.keys.iter().filter(|key| matches!(key.algorithm, AlgorithmParameters::RSA(_)) && signs(key));
        Ok(keys.filter_map(|key| Some((key.common.key_id.clone()?, DecodingKey::from_jwk(key).ok()?))).collect())
    }
}

/// Whether the key is for signatures or does not state its use (RFC 7517 §4.2 and §4.3).
fn signs(key: &Jwk) -> bool {
    let (usage, operations) = (&key.common.public_key_use, &key.common.key_operations);
    usage.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature)
        && operations.as_ref().is_none_or(|operations| operations.contains(&KeyOperations::Verify))
}

async fn get<T: DeserializeOwned>(url: &str) -> Result<T, String> {
    let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    let settings = HttpConnectorSettings::builder().connect_timeout(FETCH_TIMEOUT).read_timeout(FETCH_TIMEOUT).build();
    let connector = Connector::builder().tls_provider(ring).connector_settings(settings).build();
    let request = HttpRequest::get(url).map_err(|e| format!("{url}: {e}"))?;
    let answer = async {
        let response = connector.call(request).await.map_err(|e| format!("{url}: {e}"))?;
        if !response.status().is_success() {
            return Err(format!("{url} answers {}", response.status().as_u16()));
        }
        axum::body::to_bytes(Body::new(response.into_body()), LARGEST).await.map_err(|e| format!("{url}: {e}"))
    };
    let answer =
        tokio::time::timeout(2 * FETCH_TIMEOUT, answer).await.map_err(|_| format!("{url} does not answer"))??;
    serde_json::from_slice(&answer).map_err(|e| format!("{url}: {e}"))
}
