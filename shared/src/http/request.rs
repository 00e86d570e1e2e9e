//! One request, as a handler sees it.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::prelude::{BASE64_STANDARD as BASE64, Engine};
use zeroize::Zeroizing;

use super::gateway::Event;
use super::{Fields, MAX_BODY_BYTES};
use crate::error::{Error, FieldError};
use crate::identity::user::{User, UserIdType};
use crate::identity::{CallerClaims, Claims};
use crate::time::UnixTime;

/// The path parameter of this API.
const PATH_ID: &str = "ID";

/// A request from a known caller. It has no `Debug` form, because its body holds secrets and codes.
pub struct Request {
    /// The authenticated user.
    pub caller: User,
    /// The time of the request. All decisions about it use this one reading of the clock.
    pub now: UnixTime,
    claims: Claims,
    path_id: Option<String>,
    content_type: Option<String>,
    body: Zeroizing<Vec<u8>>,
}

impl Request {
    pub(crate) fn from_event(event: Event, caller_claims: &CallerClaims) -> Result<Self, Error> {
        let seconds = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_err(|_| Error::Internal("the clock stands before 1970".into()))?
            .as_secs();
        let Event { mut request, claims, content_type } = event;
        let caller = caller_claims.caller(&claims).ok_or(Error::CallerNotIdentified)?;
        let body = body(request.body.unwrap_or_default(), request.is_base64_encoded)?;
        let path_id = request.path_parameters.remove(PATH_ID);
        Ok(Self { caller, now: UnixTime::from_seconds(seconds), claims, path_id, content_type, body })
    }

    /// The claim `name`, in the gateway's form: an array as `[a b]`.
    pub fn claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name).map(String::as_str)
    }

    /// The values of those claims among `names` that exist.
    pub fn claims(&self, names: &[String]) -> impl Iterator<Item = &str> {
        names.iter().filter_map(|name| self.claim(name))
    }

    /// The user in the path, in the caller's tenant, on routes that have one.
    ///
    /// # Errors
    /// It does not have the form of a user ID.
    pub fn path_user(&self, form: UserIdType) -> Result<Option<User>, Error> {
        match &self.path_id {
            None => Ok(None),
            Some(id) if form.allows(id) => Ok(Some(self.caller.same_tenant(id))),
            Some(_) => {
                let detail = "in the path is not a user ID".into();
                Err(Error::InvalidFields(vec![FieldError { pointer: "#/ID", detail }]))
            }
        }
    }

    /// The body's fields, if there is a body.
    ///
    /// # Errors
    /// The body is not a JSON object.
    pub fn optional_fields(&self) -> Result<Option<Fields>, Error> {
        if self.body.iter().all(u8::is_ascii_whitespace) { Ok(None) } else { self.fields().map(Some) }
    }

    /// The body's fields.
    ///
    /// # Errors
    /// The body is not a JSON object.
    pub fn fields(&self) -> Result<Fields, Error> {
        Fields::read(&self.body, self.content_type.as_deref())
    }
}

/// The body's bytes. The gateway sends all but a few content types base64-encoded, forms too.
fn body(text: String, is_base64_encoded: bool) -> Result<Zeroizing<Vec<u8>>, Error> {
    // Checked before decoding, which makes the body a quarter shorter.
    if text.len() > MAX_BODY_BYTES.div_ceil(3) * 4 {
        return Err(Error::BodyTooLarge);
    }
    let bytes = match is_base64_encoded {
        true => BASE64.decode(text).map_err(|_| Error::MalformedBody("was cut or changed on its way"))?,
        false => text.into_bytes(),
    };
    if bytes.len() > MAX_BODY_BYTES { Err(Error::BodyTooLarge) } else { Ok(Zeroizing::new(bytes)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_may_have_4_kib_however_it_is_sent() {
        for length in [0, 1, 4095, 4096] {
            let plain = "a".repeat(length);
            assert_eq!(body(plain.clone(), false).unwrap().len(), length);
            assert_eq!(body(BASE64.encode(&plain), true).unwrap().as_slice(), plain.as_bytes());
        }
        let plain = "a".repeat(4097);
        assert_eq!(body(plain.clone(), false), Err(Error::BodyTooLarge));
        assert_eq!(body(BASE64.encode(&plain), true), Err(Error::BodyTooLarge));
    }

    #[test]
    fn a_body_that_is_not_base64_as_its_event_says_is_malformed() {
        assert!(matches!(body("not base64!".to_owned(), true), Err(Error::MalformedBody(_))));
    }
}
