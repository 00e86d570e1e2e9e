//! The AWS clients: built once, in init, over one HTTPS connector. Its connections are open before the first request,
//! and are not blindly trusted after a freeze. How long a call may take depends on when Lambda ends the request.
//!
//! Credentials and region come from the environment that Lambda sets, read once. The default chain of `aws-config` is
//! not used: it would search files and metadata services on the first request of every execution environment. Signing,
//! retries, clock correction and the user agent are the SDK's own.

mod conflict;
mod connection;
pub(crate) mod deadline;
mod endpoint;

use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{AppName, BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Connector, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};

use self::conflict::Conflict;
use self::connection::{Careful, Connection};
use self::deadline::TimeLimits;
use crate::config::{InitError, optional, required};

/// This service's name in the user agent, which AWS's logs show.
const APP_NAME: &str = "two-factor";

/// Amazon's root certificates (Amazon Root CA 1 to 4, Starfield Services G2), to which its endpoints chain. Reading
/// the system's whole store would cost more of a cold start than all the rest of TLS.
const AMAZON_ROOTS: &str = include_str!("roots.pem");

/// The longest time for opening a connection, name resolution and TCP: AWS is milliseconds away.
const CONNECT: Duration = Duration::from_secs(1);
/// How long init waits for a connection. Without one, the first request opens it.
const OPEN: Duration = Duration::from_millis(1500);

/// What the clients are built from.
#[derive(Debug)]
pub struct Aws {
    connector: SharedHttpConnector,
    base: SdkConfig,
    region: String,
}

impl Aws {
    /// Reads `AWS_REGION` and the variables with the credentials. `AWS_ENDPOINT_URL…` override AWS's endpoints.
    ///
    /// # Errors
    /// The region or the credentials are not set, the region's endpoints have certificates that are unknown here, or a
    /// variable is not UTF-8.
    pub fn from_env() -> Result<Self, InitError> {
        let region = required("AWS_REGION")?;
        let overridden = endpoint::override_of("dynamodb")?.is_some() || endpoint::override_of("sns")?.is_some();
        let connector = SharedHttpConnector::new(connector(overridden || endpoint::needs_system_roots(&region)?)?);
        let base = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .app_name(AppName::new(APP_NAME).map_err(|error| InitError::of("The application name", error))?)
            .region(Region::new(region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(credentials()?))
            .build();
        Ok(Self { connector, base, region })
    }

    /// A DynamoDB client with an open connection.
    ///
    /// # Errors
    /// The region has no endpoint, or the endpoint override is not UTF-8.
    pub async fn dynamodb(&self) -> Result<aws_sdk_dynamodb::Client, InitError> {
        let mut config = aws_sdk_dynamodb::config::Builder::from(&self.base)
            .retry_config(retries())
            .retry_classifier(Conflict)
            .interceptor(TimeLimits);
        let url = match endpoint::override_of("dynamodb")? {
            None => endpoint::dynamodb(&self.region).await?,
            Some(url) => {
                config.set_endpoint_url(Some(url.clone()));
                url
            }
        };
        let connection = self.open(url).await;
        Ok(aws_sdk_dynamodb::Client::from_conf(config.http_client(http_client(Careful(connection))).build()))
    }

    /// An SNS client with an open connection. It never retries: an SMS whose outcome is unknown may be on its way.
    ///
    /// # Errors
    /// The region has no endpoint, or the endpoint override is not UTF-8.
    pub async fn sns(&self) -> Result<Sns, InitError> {
        let mut config = aws_sdk_sns::config::Builder::from(&self.base)
            .retry_config(RetryConfig::disabled())
            .interceptor(TimeLimits);
        let url = match endpoint::override_of("sns")? {
            None => endpoint::sns(&self.region).await?,
            Some(url) => {
                config.set_endpoint_url(Some(url.clone()));
                url
            }
        };
        let connection = self.open(url).await;
        let config = config.http_client(http_client(Careful(Arc::clone(&connection)))).build();
        Ok(Sns { client: aws_sdk_sns::Client::from_conf(config), connection })
    }

    async fn open(&self, url: String) -> Arc<Connection> {
        let connection = Connection::new(self.connector.clone(), url);
        connection.open(OPEN).await;
        Arc::new(connection)
    }
}

/// An SNS client, and its connection.
#[derive(Debug)]
pub struct Sns {
    pub(crate) client: aws_sdk_sns::Client,
    connection: Arc<Connection>,
}

impl Sns {
    /// Tests whether the connection responds, if it has been silent for long. [`Sns::client`] does the same before it
    /// sends anything; doing it earlier, while something else is awaited, saves the time.
    pub(crate) async fn wake(&self) {
        self.connection.prove().await;
    }
}

fn http_client(connector: impl HttpConnector + 'static) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(connector);
    http_client_fn(move |_, _| connector.clone())
}

/// How a repeatable call is retried, within its time limit. Before the second attempt the SDK waits a random time of
/// up to 50 ms, before each further one up to twice as long. With that, five transactions that want the same item at
/// once all succeed, 999 times in a thousand (simulated with 12 ms for each).
fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(5).with_initial_backoff(Duration::from_millis(50))
}

/// The credentials in the environment. Lambda sets new ones only for a new process, so these are valid for as long as
/// this one lives.
fn credentials() -> Result<Credentials, InitError> {
    let session_token = Some(optional("AWS_SESSION_TOKEN")?).filter(|token| !token.is_empty());
    let (id, key) = (required("AWS_ACCESS_KEY_ID")?, required("AWS_SECRET_ACCESS_KEY")?);
    Ok(Credentials::new(id, key, session_token, None, "environment"))
}

/// One connector, with TLS by `ring`: the other provider tests its entropy source in the first handshake, which on a
/// small function takes longer than everything else together. With `system_roots`, the system's roots are trusted too.
///
/// It keeps one idle connection for each host, so a connection that fails leaves no older one behind.
fn connector(system_roots: bool) -> Result<Connector, InitError> {
    let roots = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS).with_native_roots(system_roots);
    let tls = TlsContext::builder()
        .with_trust_store(roots)
        .build()
        .map_err(|error| InitError::of("TLS", format!("cannot be set up: {error}")))?;
    Ok(ConnectorBuilder::default()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .tls_context(tls)
        .connector_settings(HttpConnectorSettings::builder().connect_timeout(CONNECT).build())
        .pool_max_idle_per_host(1)
        .build())
}
