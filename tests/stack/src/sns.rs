//! SNS: an endpoint that supports `Publish` in the query protocol, for SMS.
//!
//! Messages go to the console and are kept in the order in which they arrive. Not imitated: topics, spending limits,
//! opt-outs and delivery. Signatures are not checked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use crate::console::Console;

/// The longest message that SNS accepts, in characters.
const LONGEST: usize = 1600;

/// An SMS that a function sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// The recipient, in E.164 format.
    pub phone_number: String,
    /// The text.
    pub message: String,
    /// When it was sent, in RFC 3339 format.
    pub sent_at: String,
    /// The message attributes, such as `AWS.SNS.SMS.SenderID`.
    #[serde(skip)]
    pub attributes: BTreeMap<String, String>,
}

/// The messages sent so far.
pub(crate) struct Sns {
    console: Arc<Console>,
    messages: Mutex<Vec<Message>>,
}

impl Sns {
    pub(crate) fn new(console: Arc<Console>) -> Arc<Self> {
        Arc::new(Self { console, messages: Mutex::default() })
    }

    /// Every message, oldest first.
    pub(crate) fn messages(&self) -> Vec<Message> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The endpoint.
    pub(crate) fn router(self: Arc<Self>) -> Router {
        Router::new().route("/", post(query)).with_state(self)
    }

    fn publish(&self, parameters: &BTreeMap<String, String>) -> Result<(), Invalid> {
        let phone_number = parameters.get("PhoneNumber").cloned().unwrap_or_default();
        let digits = phone_number.strip_prefix('+').unwrap_or_default();
        if !(5..=15).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Invalid(format!("PhoneNumber Reason: {phone_number} is not valid to publish to")));
        }
        let message = parameters.get("Message").cloned().unwrap_or_default();
        if message.is_empty() {
            return Err(Invalid("Empty message".to_owned()));
        }
        if message.chars().count() > LONGEST {
            return Err(Invalid("Message too long".to_owned()));
        }
        self.console.sms(&phone_number, &message);
        let sent_at = OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default();
        let message = Message { phone_number, message, sent_at, attributes: attributes(parameters) };
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).push(message);
        Ok(())
    }
}

/// The reason given in an `InvalidParameter` error.
struct Invalid(String);

/// `MessageAttributes.entry.1.Name` and `.Value.StringValue`, numbered from 1 without gaps.
fn attributes(parameters: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let entry = |number: usize, member: &str| parameters.get(&format!("MessageAttributes.entry.{number}.{member}"));
    let entries = (1..).map_while(|number| {
        Some((entry(number, "Name")?.clone(), entry(number, "Value.StringValue").cloned().unwrap_or_default()))
    });
    entries.collect()
}

async fn query(State(sns): State<Arc<Sns>>, body: Bytes) -> Response {
    let parameters: BTreeMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    let request_id = Uuid::new_v4();
    match parameters.get("Action").map(String::as_str) {
        Some("Publish") => match sns.publish(&parameters) {
            Ok(()) => xml(
                StatusCode::OK,
                "PublishResponse",
                &format!(
                    "<PublishResult><MessageId>{}</MessageId></PublishResult>\
                     <ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>",
                    Uuid::new_v4()
                ),
            ),
            Err(Invalid(reason)) => error("InvalidParameter", &format!("Invalid parameter: {reason}"), request_id),
        },
        Some(action) => error("InvalidAction", &format!("The local stack does not speak {action}"), request_id),
        None => error("MissingAction", "The request must contain the parameter Action", request_id),
    }
}

fn error(code: &str, message: &str, request_id: Uuid) -> Response {
    let message = message.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let body = format!(
        "<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
         <RequestId>{request_id}</RequestId>"
    );
    xml(StatusCode::BAD_REQUEST, "ErrorResponse", &body)
}

fn xml(status: StatusCode, element: &str, body: &str) -> Response {
    let namespace = "http://sns.amazonaws.com/doc/2010-03-31/";
    let body = format!("<{element} xmlns=\"{namespace}\">{body}</{element}>");
    (status, [(header::CONTENT_TYPE, "text/xml")], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Output;

    async fn send(form: &[(&str, &str)]) -> (StatusCode, String, Vec<Message>) {
        let sns = Sns::new(Arc::new(Console::new(Output::Captured)));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let response = query(State(Arc::clone(&sns)), Bytes::from(body)).await;
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, String::from_utf8(body.to_vec()).unwrap(), sns.messages())
    }

    #[tokio::test]
    async fn a_published_message_is_kept_with_its_attributes() {
        let (status, body, messages) = send(&[
            ("Action", "Publish"),
            ("PhoneNumber", "+4520123456"),
            ("Message", "hello & æ"),
            ("MessageAttributes.entry.1.Name", "AWS.SNS.SMS.SenderID"),
            ("MessageAttributes.entry.1.Value.DataType", "String"),
            ("MessageAttributes.entry.1.Value.StringValue", "Example"),
        ])
        .await;
        assert_eq!(status, StatusCode::OK);
        assert!(body.contains("<MessageId>"), "{body}");
        let [message] = messages.as_slice() else { panic!("{messages:?}") };
        assert_eq!((message.phone_number.as_str(), message.message.as_str()), ("+4520123456", "hello & æ"));
        assert_eq!(message.attributes, BTreeMap::from([("AWS.SNS.SMS.SenderID".to_owned(), "Example".to_owned())]));
    }

    #[tokio::test]
    async fn a_number_that_is_not_e164_and_an_empty_message_are_invalid() {
        for form in [[("PhoneNumber", "20123456"), ("Message", "x")], [("PhoneNumber", "+4520123456"), ("Message", "")]]
        {
            let form: Vec<_> = [("Action", "Publish")].into_iter().chain(form).collect();
            let (status, body, messages) = send(&form).await;
            assert_eq!(status, StatusCode::BAD_REQUEST);
            assert!(body.contains("<Code>InvalidParameter</Code>"), "{body}");
            assert!(messages.is_empty());
        }
    }

    #[tokio::test]
    async fn another_action_is_refused() {
        let (status, body, _) = send(&[("Action", "Subscribe")]).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
        assert!(body.contains("<Code>InvalidAction</Code>"), "{body}");
    }
}
