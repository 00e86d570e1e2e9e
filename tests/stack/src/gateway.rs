//! API Gateway: receives a request, checks its token, invokes the route's function and returns the response.
//!
//! Not imitated: throttling, access logs, custom domains, stages other than `$default`, and the limits on headers.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use axum::body::{Body, Bytes, HttpBody as _};
use axum::http::{HeaderValue, StatusCode, header, request};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::claims;
use crate::console::Console;
use crate::cors;
use crate::error::StartError;
use crate::event::{self, event};
use crate::jwt::{self, Claims, Refusal};
use crate::key_set::KeySet;
use crate::lambda::{Function, InvokeError};
use crate::response::response;
use crate::routes::Routes;
use crate::template::{Cors, JwtAuthorizer};

/// The largest body that API Gateway accepts, in bytes.
const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// What a route leads to.
pub(crate) struct Target {
    /// Method and path, such as `GET /api/users/{ID}`.
    pub(crate) route_key: String,
    pub(crate) authorizer: Option<(JwtAuthorizer, Arc<KeySet>)>,
    pub(crate) function: Arc<Function>,
}

/// The gateway of one API.
pub(crate) struct Gateway {
    routes: Routes<Target>,
    cors: Option<Cors>,
    console: Arc<Console>,
}

impl Gateway {
    /// A gateway for routes given as (method, path, target).
    pub(crate) fn new(
        routes: impl IntoIterator<Item = (String, String, Target)>,
        cors: Option<Cors>,
        console: Arc<Console>,
    ) -> Result<Self, StartError> {
        Ok(Self { routes: Routes::new(routes)?, cors, console })
    }

    /// Answers a request to the API.
    pub(crate) async fn handle(&self, request: axum::extract::Request, client: SocketAddr) -> Response {
        let request_id = request_id();
        let (parts, body) = request.into_parts();
        let preflight = self.cors.as_ref().and_then(|cors| cors::preflight(cors, &parts.method, &parts.headers));
        let mut response = match preflight {
            Some(response) => response,
            None => {
                let mut response = self.answer(&parts, body, client, &request_id).await;
                if let Some(cors) = &self.cors {
                    cors::add_headers(cors, &parts.headers, &mut response);
                }
                response
            }
        };
        if let Ok(value) = HeaderValue::try_from(request_id) {
            response.headers_mut().insert("apigw-requestid", value);
        }
        response
    }

    async fn answer(&self, parts: &request::Parts, body: Body, client: SocketAddr, request_id: &str) -> Response {
        let received = OffsetDateTime::now_utc();
        // Read first, whatever the response is: a client that is still sending would never see it.
        let body = read(body).await;
        let Some(found) = self.routes.find(parts.method.as_str(), parts.uri.path()) else {
            return not_found();
        };
        let target = found.target;
        let claims = match &target.authorizer {
            None => None,
            Some((rules, keys)) => match authorize(parts, rules, keys, received).await {
                Ok(claims) => Some(claims::as_texts(&claims)),
                Err(refusal) => {
                    self.console.note(&format!("{} refused: {}", target.route_key, refusal.reason()));
                    return unauthorized(&refusal);
                }
            },
        };
        let body = match body {
            Ok(body) => body,
            Err(ReadError::TooLong) => return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long"),
            Err(ReadError::Broken) => return message(StatusCode::BAD_REQUEST, "Bad Request"),
        };
        let trace_id = trace_id(received);
        let event = event(event::Request {
            method: &parts.method,
            uri: &parts.uri,
            headers: &parts.headers,
            body: &body,
            client,
            received,
            request_id,
            trace_id: &trace_id,
            route_key: &target.route_key,
            path_parameters: found.path_parameters,
            claims,
        });
        let event = Bytes::from(event.to_string());
        let function = Arc::clone(&target.function);
        // In a separate task: as on AWS, a function that has started continues when its client disconnects.
        let invocation = tokio::spawn(async move { function.invoke(event, &trace_id).await });
        match invocation.await.unwrap_or(Err(InvokeError::Function)) {
            Ok(answer) => response(&answer).unwrap_or_else(|| {
                self.console.note(&format!("{} got an answer that is no response", target.route_key));
                message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }),
            Err(InvokeError::Function | InvokeError::Reported(_)) => {
                message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
            }
            Err(InvokeError::Throttled) => message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
            Err(InvokeError::TooLarge) => message(StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long"),
        }
    }
}

async fn authorize(
    parts: &request::Parts,
    rules: &JwtAuthorizer,
    keys: &KeySet,
    now: OffsetDateTime,
) -> Result<Claims, Refusal> {
    let mut headers = parts.headers.get_all(header::AUTHORIZATION).iter();
    let header = headers.next().and_then(|value| value.to_str().ok());
    if headers.next().is_some() {
        return Err(Refusal::Invalid("there is more than one token"));
    }
    let token = jwt::token(header)?;
    let key =
        keys.find(&jwt::key_id(token)?).await.ok_or(Refusal::Invalid("the token is signed with an unknown key"))?;
    jwt::verify(token, &key, rules, u64::try_from(now.unix_timestamp()).unwrap_or_default())
}

fn unauthorized(refusal: &Refusal) -> Response {
    let mut response = message(StatusCode::UNAUTHORIZED, "Unauthorized");
    if let Ok(challenge) = HeaderValue::try_from(refusal.challenge()) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// The gateway's response when no route matches.
pub(crate) fn not_found() -> Response {
    message(StatusCode::NOT_FOUND, "Not Found")
}

/// A response from the gateway itself.
fn message(status: StatusCode, message: &str) -> Response {
    let json = [(header::CONTENT_TYPE, "application/json")];
    (status, json, format!("{{\"message\":\"{message}\"}}")).into_response()
}

enum ReadError {
    TooLong,
    Broken,
}

async fn read(mut body: Body) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    let mut length = 0_usize;
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        if let Ok(data) = frame.map_err(|_| ReadError::Broken)?.into_data() {
            length = length.saturating_add(data.len());
            if length <= BODY_LIMIT {
                bytes.extend_from_slice(&data);
            } else if length > 8 * BODY_LIMIT {
                break;
            } else {
                bytes = Vec::new();
            }
        }
    }
    if length > BODY_LIMIT { Err(ReadError::TooLong) } else { Ok(bytes) }
}

/// Fifteen characters and a `=`, like API Gateway's own request IDs.
fn request_id() -> String {
    let random = Uuid::new_v4();
    STANDARD.encode(random.as_bytes().first_chunk::<11>().unwrap_or(&[0; 11]))
}

fn trace_id(now: OffsetDateTime) -> String {
    let random = Uuid::new_v4().simple().to_string();
    format!("Root=1-{:08x}-{}", now.unix_timestamp(), random.get(..24).unwrap_or_default())
}
