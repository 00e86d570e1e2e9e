//! One request, as a handler sees it.

use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use lambda_http::http::header::CONTENT_TYPE;
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt};

use super::{Fields, Identity, MAX_BODY_BYTES};
use crate::error::Error;
use crate::user::User;

/// A request of a known caller.
#[derive(Debug)]
pub struct Call {
    /// Who calls.
    pub caller: User,
    /// When, in seconds since 1970: the one clock that the request is decided by.
    pub now: u64,
    claims: HashMap<String, String>,
    path_id: Option<String>,
    content_type: Option<String>,
    body: Body,
}

impl Call {
    pub(super) fn from_request(request: Request, identity: &Identity) -> Result<Self, Error> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_err(|_| Error::Internal("the clock stands before 1970".into()))?
            .as_secs();
        let claims = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => {
                context.authorizer.as_ref().and_then(|authorizer| authorizer.jwt.as_ref()).map(|jwt| jwt.claims.clone())
            }
            _ => None,
        }
        .unwrap_or_default();
        let caller = identity.caller(&claims).ok_or(Error::CallerNotIdentified)?;
        if request.body().len() > MAX_BODY_BYTES {
            return Err(Error::BodyTooLarge);
        }
        let path_id = request.path_parameters_ref().and_then(|path| path.first("ID")).map(str::to_owned);
        let (parts, body) = request.into_parts();
        let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Ok(Self { caller, now, claims, path_id, content_type, body })
    }

    /// The claim `name`, as the gateway gives it: an array as `[a b]`.
    pub fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name).map(String::as_str)
    }

    /// The user ID in the path, on routes that have one.
    pub fn path_id(&self) -> Option<&str> {
        self.path_id.as_deref()
    }

    /// The body's fields.
    ///
    /// # Errors
    /// The body is not a JSON object.
    pub fn fields(&self) -> Result<Fields, Error> {
        Fields::read(&self.body, self.content_type.as_deref())
    }
}
