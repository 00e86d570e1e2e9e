//! The options of a stack.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use crate::console::Output;

/// How a stack differs from the default one.
#[derive(Clone, Debug)]
pub struct Options {
    /// The port of the API; 0, the default here, picks a free one.
    pub port: u16,
    /// Where settings and secrets are kept across restarts. Without it they are kept in memory only.
    pub data_dir: Option<PathBuf>,
    /// Parameters of `template.yaml`, by name. `JwtIssuer` and `JwtAudience` default to the stack's own.
    pub parameters: BTreeMap<String, String>,
    /// Environment variables of individual functions, by binary name. They override those of the template.
    pub function_env: BTreeMap<String, BTreeMap<String, String>>,
    /// Whether functions are frozen between requests, as in Lambda.
    pub freeze: bool,
    /// Where the embedded DynamoDB and SNS listen. Functions in containers cannot reach the default, loopback.
    pub engine_address: IpAddr,
    /// The URL of a DynamoDB API to use instead of the embedded engine.
    pub dynamodb_endpoint: Option<String>,
    /// The URL of an SNS API to use instead of the embedded one.
    pub sns_endpoint: Option<String>,
    /// The stack's name, which is the prefix of its table and function names.
    pub stack_name: String,
    /// Where log lines go.
    pub output: Output,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            data_dir: None,
            parameters: BTreeMap::new(),
            function_env: BTreeMap::new(),
            freeze: true,
            engine_address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            dynamodb_endpoint: None,
            sns_endpoint: None,
            stack_name: "local".to_owned(),
            output: Output::default(),
        }
    }
}
