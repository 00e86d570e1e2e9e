//! The AWS clients: built once, in init, over one HTTPS connector whose connections are open before the first request.
//!
//! Credentials and region come from the environment that Lambda gives a function, read once. The default chain of
//! `aws-config` is not used: it would look through files and metadata services at the first request of every execution
//! environment. Signing, retries, clock correction and the user agent are the SDK's own.

mod endpoint;

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Connector, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::byte_stream::ByteStream;

use crate::config::{InitError, optional, required};

/// Our name in the user agent that AWS's logs show.
const APP_NAME: &str = "two-factor";

/// Amazon's root certificates (Amazon Root CA 1 to 4, Starfield Services G2), which its endpoints chain to. Reading the
/// system's whole store would cost more of a cold start than all the rest of TLS.
const AMAZON_ROOTS: &str = include_str!("roots.pem");

/// Limits of one call, short enough that a function answers 503 before Lambda ends it: see template.yaml's timeouts.
const CONNECT: Duration = Duration::from_millis(1000);
const ATTEMPT: Duration = Duration::from_millis(1500);
const OPERATION: Duration = Duration::from_millis(2500);
/// Longest that init waits for a connection: without one, the first request opens it.
const OPEN: Duration = Duration::from_millis(1500);

/// What the clients are built from.
#[derive(Debug)]
pub struct Aws {
    connector: SharedHttpConnector,
    base: SdkConfig,
    region: String,
}

impl Aws {
    /// Reads `AWS_REGION` and the credentials' variables; `AWS_ENDPOINT_URL…` put another endpoint in AWS's place.
    ///
    /// # Errors
    /// The region or the credentials are not set, or a variable is not UTF-8.
    pub fn from_env() -> Result<Self, InitError> {
        let region = required("AWS_REGION")?;
        let overridden = endpoint::override_of("dynamodb")?.is_some() || endpoint::override_of("sns")?.is_some();
        let connector = SharedHttpConnector::new(connector(overridden)?);
        let shared = connector.clone();
        let base = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .app_name(AppName::new(APP_NAME).map_err(|error| InitError::of("The application name", error))?)
            .region(Region::new(region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(credentials()?))
            .http_client(http_client_fn(move |_, _| shared.clone()))
            .timeout_config(
                TimeoutConfig::builder().operation_attempt_timeout(ATTEMPT).operation_timeout(OPERATION).build(),
            )
            .retry_config(RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(50)))
            .build();
        Ok(Self { connector, base, region })
    }

    /// A client of DynamoDB, its connection open.
    ///
    /// # Errors
    /// The region has no endpoint, or the endpoint override is not UTF-8.
    pub async fn dynamodb(&self) -> Result<aws_sdk_dynamodb::Client, InitError> {
        let mut config = aws_sdk_dynamodb::config::Builder::from(&self.base);
        let url = match endpoint::override_of("dynamodb")? {
            None => endpoint::dynamodb(&self.region).await?,
            Some(url) => {
                config.set_endpoint_url(Some(url.clone()));
                url
            }
        };
        self.open(&url).await;
        Ok(aws_sdk_dynamodb::Client::from_conf(config.build()))
    }

    /// A client of SNS, its connection open. It never tries again: an SMS whose outcome is unknown may be on its way.
    ///
    /// # Errors
    /// The region has no endpoint, or the endpoint override is not UTF-8.
    pub async fn sns(&self) -> Result<aws_sdk_sns::Client, InitError> {
        let mut config = aws_sdk_sns::config::Builder::from(&self.base).retry_config(RetryConfig::disabled());
        let url = match endpoint::override_of("sns")? {
            None => endpoint::sns(&self.region).await?,
            Some(url) => {
                config.set_endpoint_url(Some(url.clone()));
                url
            }
        };
        self.open(&url).await;
        Ok(aws_sdk_sns::Client::from_conf(config.build()))
    }

    /// Opens a connection to the service at `url`, which then waits in the connector's pool. An unsigned `GET /` is
    /// enough: it needs no right and changes nothing. Whether it succeeds is of no consequence, so its outcome is not
    /// looked at.
    async fn open(&self, url: &str) {
        let Ok(request) = HttpRequest::get(url) else { return };
        let opening = async {
            if let Ok(response) = self.connector.call(request).await {
                // A connection goes back into the pool only when its answer has been read to the end.
                let _ = ByteStream::new(response.into_body()).collect().await;
            }
        };
        let _ = tokio::time::timeout(OPEN, opening).await;
    }
}

/// The credentials in the environment. Lambda gives a process new ones with a new process, so these are good for as long as
/// it lives.
fn credentials() -> Result<Credentials, InitError> {
    let session_token = Some(optional("AWS_SESSION_TOKEN")?).filter(|token| !token.is_empty());
    let (id, key) = (required("AWS_ACCESS_KEY_ID")?, required("AWS_SECRET_ACCESS_KEY")?);
    Ok(Credentials::new(id, key, session_token, None, "environment"))
}

/// One connector, TLS by `ring`: the other provider tests its entropy source in the first handshake, which on a small
/// function takes longer than everything else together. `overridden`: trust the system's roots too.
fn connector(overridden: bool) -> Result<Connector, InitError> {
    let roots = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS).with_native_roots(overridden);
    let tls = TlsContext::builder()
        .with_trust_store(roots)
        .build()
        .map_err(|error| InitError::of("TLS", format!("cannot be set up: {error}")))?;
    Ok(ConnectorBuilder::default()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(tls)
        .connector_settings(HttpConnectorSettings::builder().connect_timeout(CONNECT).read_timeout(ATTEMPT).build())
        .build())
}
