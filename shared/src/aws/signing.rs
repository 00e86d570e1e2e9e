//! Signature Version 4, for the one shape of request that is sent here: `POST /` without a query, its body in memory.
//!
//! The SDK has a signer for every shape, on a portable SHA-256, which derives the day's key anew for each request and took
//! a third of a warm request's instructions. This one signs with `ring`, which TLS uses anyway, and keeps the day's key.
//! What it makes is what the SDK's makes: the test holds one against the other.
//!
//! AWS Identity and Access Management User Guide, "Create a signed AWS API request".

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::{AuthScheme, AuthSchemeEndpointConfig, AuthSchemeId, Sign};
use aws_smithy_runtime_api::client::identity::{
    Identity, IdentityCacheLocation, IdentityFuture, ResolveIdentity, SharedIdentityResolver,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::{GetIdentityResolver, RuntimeComponents};
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::date_time::Format;
use data_encoding::HEXLOWER;
use ring::{digest, hmac};

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Headers that are sent but not signed, as proxies may change them.
const UNSIGNED: [&str; 4] = ["authorization", "user-agent", "x-amzn-trace-id", "transfer-encoding"];

/// Signs requests to one service in one region. It takes the place of the SDK's own scheme, whose ID it has.
pub(super) struct SigV4 {
    access_key_id: String,
    session_token: Option<String>,
    /// `AWS4` and the secret access key, which itself is not kept.
    secret: hmac::Key,
    /// Of the credential scope, behind the day: `/eu-central-1/dynamodb/aws4_request`.
    scope: String,
    region: String,
    service: &'static str,
    /// The last day a request was signed on, `YYYYMMDD`, and its key.
    day: Mutex<Option<(String, hmac::Key)>>,
    identity: SharedIdentityResolver,
}

/// Lambda's credentials are the same for as long as the process lives, so the signer has them from the start and there is
/// no identity to look for.
#[derive(Debug)]
struct Own(Identity);

impl SigV4 {
    pub(super) fn new(credentials: &Credentials, region: &str, service: &'static str) -> Self {
        let secret = format!("AWS4{}", credentials.secret_access_key());
        Self {
            access_key_id: credentials.access_key_id().to_owned(),
            session_token: credentials.session_token().map(str::to_owned),
            secret: hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()),
            scope: format!("/{region}/{service}/aws4_request"),
            region: region.to_owned(),
            service,
            day: Mutex::new(None),
            identity: SharedIdentityResolver::new(Own(Identity::new((), None))),
        }
    }

    /// Adds `x-amz-date`, `x-amz-security-token` where there is one, and `authorization`.
    fn sign(&self, request: &mut HttpRequest, now: SystemTime) -> Result<(), BoxError> {
        let whole_second = DateTime::from_secs(DateTime::from(now).secs());
        let time = whole_second.fmt(Format::DateTime)?.replace(['-', ':'], "");
        let day = time.get(..8).ok_or("a date has eight digits")?;

        request.headers_mut().try_insert("x-amz-date", time.clone())?;
        if let Some(token) = &self.session_token {
            request.headers_mut().try_insert("x-amz-security-token", token.clone())?;
        }
        let (canonical, signed_headers) = canonical(request)?;
        let scope = &self.scope;
        let to_sign = format!("{ALGORITHM}\n{time}\n{day}{scope}\n{}", hash(canonical.as_bytes()));
        let signature = HEXLOWER.encode(hmac::sign(&self.key(day), to_sign.as_bytes()).as_ref());
        let authorization = format!(
            "{ALGORITHM} Credential={}/{day}{scope}, SignedHeaders={signed_headers}, Signature={signature}",
            self.access_key_id
        );
        request.headers_mut().try_insert("authorization", authorization)?;
        Ok(())
    }

    /// The key that requests of `day` are signed with.
    fn key(&self, day: &str) -> hmac::Key {
        // A key is stored whole or not at all, whatever happened to who held the lock.
        let mut kept = self.day.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some((of, key)) if of == day => key.clone(),
            _ => {
                let parts = [day, &self.region, self.service, "aws4_request"];
                let key = parts.iter().fold(self.secret.clone(), |key, part| {
                    hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref())
                });
                *kept = Some((day.to_owned(), key.clone()));
                key
            }
        }
    }
}

/// The canonical request, and the names of its headers as the authorization lists them.
fn canonical(request: &HttpRequest) -> Result<(String, String), BoxError> {
    let host = host(request.uri()).filter(|_| request.method() == "POST").ok_or("only POST / is signed")?;
    let body = request.body().bytes().ok_or("only a body in memory is signed")?;
    let own = request.headers().iter().filter(|(name, _)| !UNSIGNED.contains(name));
    let mut headers: Vec<(&str, &str)> = own.chain([("host", host)]).collect();
    // Stable: values of one name stay in their order.
    headers.sort_by_key(|(name, _)| *name);

    let mut canonical = String::with_capacity(2048);
    let mut names = String::with_capacity(128);
    canonical.push_str("POST\n/\n\n");
    for values in headers.chunk_by(|(a, _), (b, _)| a == b) {
        for (n, (name, value)) in values.iter().enumerate() {
            if n == 0 {
                names.push_str(if names.is_empty() { "" } else { ";" });
                names.push_str(name);
                canonical.push_str(name);
            }
            canonical.push(if n == 0 { ':' } else { ',' });
            for (n, word) in value.split(' ').filter(|word| !word.is_empty()).enumerate() {
                canonical.push_str(if n == 0 { "" } else { " " });
                canonical.push_str(word);
            }
        }
        canonical.push('\n');
    }
    canonical.push('\n');
    canonical.push_str(&names);
    canonical.push('\n');
    canonical.push_str(&hash(body));
    Ok((canonical, names))
}

/// The `Host` header of a request to `url`, if its path is `/` and it has no query. A scheme's own port is not named.
fn host(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    let port = if scheme == "https" { ":443" } else { ":80" };
    let is_bare = !authority.is_empty() && !authority.contains(['/', '?', '#', '@']);
    is_bare.then(|| authority.strip_suffix(port).unwrap_or(authority))
}

fn hash(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest::digest(&digest::SHA256, bytes).as_ref())
}

impl AuthScheme for SigV4 {
    fn scheme_id(&self) -> AuthSchemeId {
        AuthSchemeId::new("sigv4")
    }

    fn identity_resolver(&self, _: &dyn GetIdentityResolver) -> Option<SharedIdentityResolver> {
        Some(self.identity.clone())
    }

    fn signer(&self) -> &dyn Sign {
        self
    }
}

impl Sign for SigV4 {
    fn sign_http_request(
        &self,
        request: &mut HttpRequest,
        _: &Identity,
        _: AuthSchemeEndpointConfig<'_>,
        _: &RuntimeComponents,
        _: &ConfigBag,
    ) -> Result<(), BoxError> {
        self.sign(request, SystemTime::now())
    }
}

impl ResolveIdentity for Own {
    fn resolve_identity<'a>(&'a self, _: &'a RuntimeComponents, _: &'a ConfigBag) -> IdentityFuture<'a> {
        IdentityFuture::ready(Ok(self.0.clone()))
    }

    fn cache_location(&self) -> IdentityCacheLocation {
        IdentityCacheLocation::IdentityResolver
    }
}

/// Without the token and the keys.
impl fmt::Debug for SigV4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigV4({})", self.scope)
    }
}

#[cfg(test)]
mod tests;
