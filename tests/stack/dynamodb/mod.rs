//! DynamoDB: an embedded engine with an HTTP endpoint, or another engine that is already running.

mod table;

use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region};
use aws_smithy_http_client::{Builder, tls};
use dynoxide::Database;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::error::StartError;
use crate::shutdown::Shutdown;
use crate::template::{REGION, TableSpec};

/// How often expired items are deleted. AWS takes up to two days, so nothing may rely on it.
const SWEEP_INTERVAL: Duration = Duration::from_secs(10);

/// How long a request that is still running may take to end when the stack stops.
const CLOSING: Duration = Duration::from_secs(2);

/// The endpoint that the functions use, and the embedded engine behind it if it is one.
pub(crate) struct DynamoDb {
    pub(crate) endpoint: String,
    tasks: Vec<JoinHandle<()>>,
}

impl DynamoDb {
    /// Opens the engine at `endpoint`, or else an embedded one (in `directory`, or in memory), and sees to it that the
    /// tables are there.
    pub(crate) async fn open(
        endpoint: Option<&str>,
        directory: Option<&Path>,
        tables: &[TableSpec],
        shutdown: Shutdown,
    ) -> Result<Self, StartError> {
        let dynamodb = match endpoint {
            Some(endpoint) => Self { endpoint: endpoint.to_owned(), tasks: Vec::new() },
            None => Self::embedded(directory, shutdown).await?,
        };
        let client = client(&dynamodb.endpoint);
        for table in tables {
            table::ensure(&client, table).await.map_err(|reason| {
                let endpoint = &dynamodb.endpoint;
                StartError::new(format!("the table {} could not be made at {endpoint}: {reason}", table.name))
            })?;
        }
        Ok(dynamodb)
    }

    async fn embedded(directory: Option<&Path>, shutdown: Shutdown) -> Result<Self, StartError> {
        let failed = |e: &dyn std::fmt::Display| StartError::new(format!("the embedded DynamoDB did not start: {e}"));
        let database = match directory {
            Some(directory) => {
                let file = directory.join("dynamodb.sqlite");
                Database::new(&file.to_string_lossy())
                    .map_err(|e| StartError::new(format!("{} can't be opened: {e}", file.display())))?
            }
            None => Database::memory().map_err(|e| failed(&e))?,
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(|e| failed(&e))?;
        let endpoint = format!("http://{}", listener.local_addr().map_err(|e| failed(&e))?);
        let server = dynoxide::server::serve_with_shutdown(listener, database.clone(), shutdown.clone().stopped());
        let server = tokio::spawn(async move {
            let _ended = server.await;
        });
        let sweeper = tokio::spawn(async move {
            tokio::select! {
                () = shutdown.stopped() => {}
                () = sweep(database) => {}
            }
        });
        Ok(Self { endpoint, tasks: vec![server, sweeper] })
    }

    /// Waits until the embedded engine has closed its files, but not for ever for a client that holds on to it.
    pub(crate) async fn closed(self) {
        for task in self.tasks {
            let _ended = tokio::time::timeout(CLOSING, task).await;
        }
    }
}

async fn sweep(database: Database) {
    let mut interval = tokio::time::interval(SWEEP_INTERVAL);
    loop {
        interval.tick().await;
        let database = database.clone();
        // What could not be deleted now is deleted the next time.
        let _swept = tokio::task::spawn_blocking(move || database.sweep_ttl()).await;
    }
}

/// A client of the engine at `endpoint`.
fn client(endpoint: &str) -> Client {
    let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new("local", "local", None, None, "local"))
        .http_client(Builder::new().tls_provider(ring).build_https())
        .endpoint_url(endpoint)
        .retry_config(RetryConfig::disabled())
        .build();
    Client::from_conf(config)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn table() -> TableSpec {
        let properties = json!({
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "gk", "AttributeType": "N"},
            ],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
            "GlobalSecondaryIndexes": [{
                "IndexName": "by-gk",
                "KeySchema": [{"AttributeName": "gk", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }],
            "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": true},
        });
        TableSpec { name: "Table".to_owned(), properties }
    }

    #[tokio::test]
    async fn the_table_has_the_keys_indexes_and_time_to_live_of_the_template() {
        let (_stop, shutdown) = crate::shutdown::signal();
        let dynamodb = DynamoDb::open(None, None, &[table()], shutdown).await.unwrap();
        let client = client(&dynamodb.endpoint);
        let made = client.describe_table().table_name("Table").send().await.unwrap().table.unwrap();
        assert_eq!(made.key_schema()[0].attribute_name(), "pk");
        assert_eq!(made.global_secondary_indexes()[0].index_name(), Some("by-gk"));
        let ttl = client.describe_time_to_live().table_name("Table").send().await.unwrap();
        assert_eq!(ttl.time_to_live_description().unwrap().attribute_name(), Some("expires_at"));
    }

    #[tokio::test]
    async fn a_table_that_is_there_already_is_left_as_it_is() {
        let (_stop, shutdown) = crate::shutdown::signal();
        let first = DynamoDb::open(None, None, &[table()], shutdown.clone()).await.unwrap();
        let second = DynamoDb::open(Some(&first.endpoint), None, &[table()], shutdown).await.unwrap();
        assert_eq!(second.endpoint, first.endpoint);
    }

    #[tokio::test]
    async fn an_engine_that_does_not_answer_is_an_error_that_names_it() {
        let (_stop, shutdown) = crate::shutdown::signal();
        let error = DynamoDb::open(Some("http://127.0.0.1:1"), None, &[table()], shutdown).await.err().unwrap();
        assert!(error.to_string().starts_with("the table Table could not be made at http://127.0.0.1:1: "), "{error}");
        assert!(!error.to_string().contains('{'), "{error}");
    }
}
