//! What `sam local invoke` needs from a running stack: the functions' variables in a file, and the user of `events/`.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::AUTHORIZATION;

use crate::error::StartError;
use crate::template::FunctionSpec;

/// Each function's variables, by its name in the template, as `sam local invoke --env-vars` expects them.
pub(crate) type Environments = BTreeMap<String, BTreeMap<String, String>>;

/// The claims of the user of `events/`.
pub(crate) const USER: &str = r#"{"sub":"42"}"#;

/// That user's enrolment, with the secret from the API's documentation.
const ENROLMENT: &str = r#"{"method":"google","secret_key":"T42NQXFCPWEJMGJY"}"#;

pub(crate) fn environments(specs: &[FunctionSpec], endpoints: &[(&str, String)]) -> Environments {
    let endpoints = || endpoints.iter().map(|(name, url)| ((*name).to_owned(), url.clone()));
    specs
        .iter()
        .map(|spec| (spec.logical_id.clone(), spec.environment.clone().into_iter().chain(endpoints()).collect()))
        .collect()
}

pub(crate) fn write(file: &Path, environments: &Environments) -> Result<(), StartError> {
    let json = serde_json::to_string_pretty(environments).unwrap_or_default();
    // An existing file would keep its mode, so it is removed first.
    let _absent = std::fs::remove_file(file);
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .and_then(|mut opened| opened.write_all(json.as_bytes()))
        .map_err(|e| StartError::new(format!("{} can't be written: {e}", file.display())))
}

/// The request that enrols that user, with the user's token.
pub(crate) fn enrolment(token: &str) -> Result<Request, StartError> {
    Request::patch("/api/two-factor")
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .body(Body::from(ENROLMENT))
        .map_err(|e| StartError::new(format!("the user of events/ can't be made: {e}")))
}
