//! What a request that went well is answered with.

use lambda_http::http::StatusCode;
use serde::Serialize;

use super::Event;
use super::gateway::Response;
use crate::error::Error;

/// 200 with a JSON document, or 204 without one; and what the audit log should say of it.
#[derive(Debug)]
pub struct Answer {
    json: Option<String>,
    pub(super) event: Option<Event>,
}

impl Answer {
    /// 200 and `{"data": …}`.
    ///
    /// # Errors
    /// `data` has no JSON form: a bug.
    pub fn data<T: Serialize>(data: &T) -> Result<Self, Error> {
        #[derive(Serialize)]
        struct Document<'a, T> {
            data: &'a T,
        }
        let json =
            serde_json::to_string(&Document { data }).map_err(|_| Error::Internal("answer has no JSON form".into()))?;
        Ok(Self { json: Some(json), event: None })
    }

    /// 204.
    pub fn no_content() -> Self {
        Self { json: None, event: None }
    }

    /// The same answer, with an event for the audit log.
    pub fn with_event(self, event: Event) -> Self {
        Self { event: Some(event), ..self }
    }

    pub(super) fn status(&self) -> StatusCode {
        if self.json.is_some() { StatusCode::OK } else { StatusCode::NO_CONTENT }
    }

    pub(super) fn into_response(self) -> Response {
        Response::new(self.status(), "application/json", self.json)
    }
}
