//! Entry points for `tests/fuzz`: everything that parses input from outside, called along the path that a request or a
//! stored item takes. Built only under `cfg(fuzzing)`.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::authenticator::Authenticator;
use crate::authenticator::challenge::Binding;
use crate::authenticator::code::Code;
use crate::authenticator::totp;
use crate::http::{Event, Fields, Request};
use crate::identity::CallerClaims;
use crate::identity::permission::may_edit;
use crate::identity::user::{User, UserIdType};
use crate::qr::key_uri;
use crate::sealing::{Keyring, Place};
use crate::sms::limits::{NUMBER_LIMIT, Stamp, USER_LIMITS};
use crate::store::UserItem;
use crate::time::UnixTime;
use crate::verification::TypedCode;

/// A whole event, as Lambda delivers it.
pub fn event(json: &[u8]) {
    let Ok(event) = serde_json::from_slice::<Event>(json) else { return };
    for user_id_type in [UserIdType::Integer, UserIdType::String] {
        for tenant_claim in [None, Some("tenant".to_owned())] {
            let caller_claims = CallerClaims { user_id_claim: "sub".to_owned(), user_id_type, tenant_claim };
            let Ok(request) = Request::from_event(event.clone(), &caller_claims) else { continue };
            assert!(user_id_type.allows(&request.caller.id));
            let _ = request.fields();
            let permissions = ["scope".to_owned(), "permissions".to_owned()];
            let user = request.path_user(user_id_type).ok().flatten();
            let _ = user.map(|user| may_edit(request.claims(&permissions), &user.id));
            key_uri::account(request.claim("email").into_iter(), &request.caller.id);
        }
    }
}

/// A body, read under each content type. Reading it again gives the same fields.
pub fn body(bytes: &[u8]) {
    for content_type in [None, Some("application/json"), Some("application/x-www-form-urlencoded")] {
        let Ok(fields) = Fields::read(bytes, content_type) else { continue };
        for name in ["method", "secret_key", "phone_prefix", "phone", "key"] {
            let _ = fields.text(name).map(TypedCode::parse);
        }
        let again = Fields::read(bytes, content_type);
        assert!(again.is_ok_and(|again| again == fields));
    }
}

/// The value of a claim, and the permission read from it: none unless the value contains `users:edit`.
pub fn permission(claim: &str, id: &str) {
    if may_edit([claim], id) {
        assert!(claim.contains("users:edit"));
    }
    let nested = format!("[[{claim}]]");
    assert!(!may_edit([nested.as_str()], id));
    let _ = UserIdType::String.allows(id) && UserIdType::Integer.allows(id);
}

/// An item with these attributes. With `seal`, the texts of attributes that are stored sealed are sealed first, so that
/// their content is parsed too.
pub fn item(attributes: Vec<(String, AttributeValue)>, seal: bool, now: u64) {
    let key = "USER##42";
    let Ok(keys) = Keyring::parse(&format!(r#"{{"current":"k1","k1":"{}"}}"#, "x".repeat(43))) else { return };
    let mut item: HashMap<String, AttributeValue> = attributes.into_iter().collect();
    for (name, value) in &mut item {
        let is_sealed = name == "secret" || name == "phone";
        if let (true, true, AttributeValue::S(text)) = (seal, is_sealed, &mut *value)
            && let Ok(sealed) = keys.seal(Place { item: key, attribute: name }, text.as_bytes())
        {
            *text = sealed;
        }
    }
    let now = UnixTime::from_seconds(now);
    let Ok(read) = UserItem::read(key, Some(&item), &keys) else { return };
    let _ = read.throttle.retry_after(now);
    let user = User { tenant: String::new(), id: "42".to_owned() };
    for limits in [USER_LIMITS, &[NUMBER_LIMIT]] {
        let _ = read.sends.retry_after(limits, now);
    }
    let stamp = Stamp::new(now, [0; 8]);
    assert!(read.sends.with(stamp).stamps().len() <= read.sends.stamps().len() + 1);
    let (Some(enrolment), Some(code)) = (&read.enrolment, Code::parse("123456")) else { return };
    match (&enrolment.authenticator, &read.challenge) {
        (Authenticator::App(secret), _) => {
            let _ = totp::matching_step(secret, &code, now);
        }
        (Authenticator::Sms(number), Some(challenge)) => {
            let binding = Binding { user: &user, enrolment, number };
            // No stored bytes match a code, because whoever wrote them did not have the key.
            assert!(!binding.accepts(challenge, &code, &keys, now));
        }
        (Authenticator::Sms(_), None) => {}
    }
}
