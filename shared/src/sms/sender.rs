//! Sends an SMS through Amazon SNS, and tells whether it may have been sent.

use aws_sdk_sns::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sns::operation::publish::PublishError;
use aws_sdk_sns::types::MessageAttributeValue;

use crate::aws::Sns;
use crate::phone::PhoneNumber;

/// The sender of SMS.
#[derive(Debug)]
pub struct SmsSender {
    sns: Sns,
    sender_id: Option<String>,
}

/// An SMS was not sent, or the outcome is unknown. The text is for the log and contains neither number nor message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendFailure {
    /// Certainly nothing was sent: SNS refused the request, or it never left.
    #[error("nothing was sent: {0}")]
    NotSent(String),
    /// SNS sends nothing to this number, now or later: its owner has opted out, or SNS cannot send to it.
    #[error("the number is refused: {0}")]
    NumberRefused(String),
    /// The request was sent, but its outcome is unknown.
    #[error("the SMS may have been sent: {0}")]
    Unknown(String),
}

impl SmsSender {
    /// A sender that uses a client built once, in init. Phones show `sender_id` where the country allows one.
    pub fn new(sns: Sns, sender_id: Option<String>) -> Self {
        Self { sns, sender_id }
    }

    /// Makes sure that the connection to SNS is ready. Await this together with whatever comes before
    /// [`SmsSender::send`].
    pub async fn wake(&self) {
        self.sns.wake().await;
    }

    /// Sends `message` to `number` once. A failed call is not retried, so no user gets two messages.
    ///
    /// # Errors
    /// Nothing was sent, or the outcome is unknown.
    pub async fn send(&self, number: &PhoneNumber, message: &str) -> Result<(), SendFailure> {
        // https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html
        let mut request = self
            .sns
            .client
            .publish()
            .phone_number(number.e164().as_str())
            .message(message)
            .message_attributes("AWS.SNS.SMS.SMSType", text("Transactional")?);
        if let Some(id) = &self.sender_id {
            request = request.message_attributes("AWS.SNS.SMS.SenderID", text(id)?);
        }
        request.send().await.map(|_| ()).map_err(|error| failure(&error))
    }
}

fn text(value: &str) -> Result<MessageAttributeValue, SendFailure> {
    MessageAttributeValue::builder()
        .data_type("String")
        .string_value(value)
        .build()
        .map_err(|_| SendFailure::NotSent("Publish: request could not be built".to_owned()))
}

/// Whether SNS will never send to this number: `InvalidParameter` with `Invalid parameter: PhoneNumber Reason: … is not
/// valid to publish to`, or `OptedOut`. The rest of the request is the same for every number, so any other refusal is
/// not about the number. <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
fn is_refusal_of_number(code: Option<&str>, message: Option<&str>) -> bool {
    match code {
        Some("OptedOut" | "OptedOutException") => true,
        Some("InvalidParameter" | "InvalidParameterValue") => {
            message.is_some_and(|message| message.contains("PhoneNumber"))
        }
        _ => false,
    }
}

fn failure(error: &SdkError<PublishError>) -> SendFailure {
    match error {
        SdkError::ConstructionFailure(_) => SendFailure::NotSent("Publish: request could not be built".to_owned()),
        SdkError::DispatchFailure(dispatch) => {
            let never_left = std::iter::successors(
                dispatch.as_connector_error().map(|e| e as &(dyn std::error::Error + 'static)),
                |e| e.source(),
            )
            .filter_map(|e| e.downcast_ref::<hyper_util::client::legacy::Error>())
            .any(hyper_util::client::legacy::Error::is_connect);
            match never_left {
                true => SendFailure::NotSent("Publish: no connection".to_owned()),
                false => SendFailure::Unknown("Publish: connection lost".to_owned()),
            }
        }
        SdkError::ServiceError(service) => {
            let text = format!("Publish: {}", service.err().code().unwrap_or("unnamed error"));
            if is_refusal_of_number(service.err().code(), service.err().message()) {
                return SendFailure::NumberRefused(text);
            }
            // A refusal (4xx, including throttling) sent nothing. After an error inside SNS the outcome is unknown,
            // unless SNS says that it did not accept the request at all (503).
            let status = service.raw().status().as_u16();
            if (400..500).contains(&status) || status == 503 {
                SendFailure::NotSent(text)
            } else {
                SendFailure::Unknown(text)
            }
        }
        SdkError::TimeoutError(_) => SendFailure::Unknown("Publish: timed out".to_owned()),
        _ => SendFailure::Unknown("Publish: unreadable answer".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refusal_of_the_number_itself_is_for_good() {
        let reason = Some("Invalid parameter: PhoneNumber Reason: +45… is not valid to publish to");
        assert!(is_refusal_of_number(Some("InvalidParameter"), reason));
        assert!(is_refusal_of_number(Some("OptedOut"), None));
        assert!(!is_refusal_of_number(Some("InvalidParameter"), Some("Invalid parameter: Message too long")));
        assert!(!is_refusal_of_number(Some("InvalidParameter"), None));
        assert!(!is_refusal_of_number(Some("Throttled"), reason));
        assert!(!is_refusal_of_number(None, reason));
    }
}
