//! DynamoDB: an embedded engine with an HTTP endpoint, or an external engine that is already running.

mod table;

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

/// How often expired items are deleted. AWS takes up to two days, so nothing may rely on prompt deletion.
const SWEEP_INTERVAL: Duration = Duration::from_secs(10);

/// How long requests that are still running may take to finish when the stack stops.
const CLOSING: Duration = Duration::from_secs(2);

/// The endpoint that the functions use, and the engine behind it if that is the embedded one.
pub(crate) struct DynamoDb {
    pub(crate) endpoint: String,
    /// The embedded engine, if it is used.
    pub(crate) database: Option<Database>,
    tasks: Vec<JoinHandle<()>>,
}

impl DynamoDb {
    /// An external engine at `endpoint`.
    pub(crate) fn at(endpoint: &str) -> Self {
        Self { endpoint: endpoint.to_owned(), database: None, tasks: Vec::new() }
    }

    /// An embedded engine on `listener`, whose URL is `endpoint`. Its tables are in `directory` or else in memory.
    pub(crate) fn embedded(
        listener: TcpListener,
        endpoint: String,
        directory: Option<&Path>,
        shutdown: Shutdown,
    ) -> Result<Self, StartError> {
        let database = match directory {
            Some(directory) => {
                let file = directory.join("dynamodb.sqlite");
                Database::new(&file.to_string_lossy())
                    .map_err(|e| StartError::new(format!("{} can't be opened: {e}", file.display())))?
            }
            None => {
                Database::memory().map_err(|e| StartError::new(format!("the embedded DynamoDB did not start: {e}")))?
            }
        };
        let server = dynoxide::server::serve_with_shutdown(listener, database.clone(), shutdown.clone().stopped());
        let server = tokio::spawn(async move {
            let _ended = server.await;
        });
        let swept = database.clone();
        let sweeper = tokio::spawn(async move {
            tokio::select! {
                () = shutdown.stopped() => {}
                () = sweep(swept) => {}
            }
        });
        Ok(Self { endpoint, database: Some(database), tasks: vec![server, sweeper] })
    }

    /// Creates the tables that do not exist.
    pub(crate) async fn ensure(&self, tables: &[TableSpec]) -> Result<(), StartError> {
        let client = client(&self.endpoint);
        for table in tables {
            table::ensure(&client, table).await.map_err(|reason| {
                StartError::new(format!("the table {} could not be made at {}: {reason}", table.name, self.endpoint))
            })?;
        }
        Ok(())
    }

    /// Waits until the embedded engine has closed its files, but only for a limited time if a client stays connected.
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
        // If this fails, the next sweep deletes the items.
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

    async fn embedded(shutdown: Shutdown) -> DynamoDb {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        DynamoDb::embedded(listener, endpoint, None, shutdown).unwrap()
    }

    #[tokio::test]
    async fn the_table_has_the_keys_indexes_and_time_to_live_of_the_template() {
        let (_stop, shutdown) = crate::shutdown::signal();
        let dynamodb = embedded(shutdown).await;
        dynamodb.ensure(&[table()]).await.unwrap();
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
        let first = embedded(shutdown).await;
        first.ensure(&[table()]).await.unwrap();
        DynamoDb::at(&first.endpoint).ensure(&[table()]).await.unwrap();
    }

    #[tokio::test]
    async fn an_engine_that_does_not_answer_is_an_error_that_names_it() {
        let error = DynamoDb::at("http://127.0.0.1:1").ensure(&[table()]).await.unwrap_err();
        assert!(error.to_string().starts_with("the table Table could not be made at http://127.0.0.1:1: "), "{error}");
        assert!(!error.to_string().contains('{'), "{error}");
    }
}
