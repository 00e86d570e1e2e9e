//! What can be chosen about a stack.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use crate::console::Output;

/// How a stack differs from the default one.
#[derive(Clone, Debug)]
pub struct Options {
    /// The port of the API; 0, the default here, picks a free one.
    pub port: u16,
    /// Where settings and secrets are kept over a restart; without it they are in memory.
    pub data_dir: Option<PathBuf>,
    /// Parameters of `template.yaml`, by name. `JwtIssuer` and `JwtAudience` are the stack's own unless given.
    pub parameters: BTreeMap<String, String>,
    /// Environment variables of single functions, by the name of the binary, set over those of the template.
    pub function_env: BTreeMap<String, BTreeMap<String, String>>,
    /// Whether a function stands still between requests, as in Lambda.
    pub freeze: bool,
    /// Where the embedded DynamoDB and SNS listen. Loopback, unless functions run in containers, which cannot reach it.
    pub engine_address: IpAddr,
    /// A DynamoDB API to use in place of the embedded engine.
    pub dynamodb_endpoint: Option<String>,
    /// An SNS API to use in place of the embedded one.
    pub sns_endpoint: Option<String>,
    /// The stack's name, with which the names of its table and functions begin.
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
