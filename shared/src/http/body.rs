//! The body's fields: JSON whatever the Content-Type says, or a form that is labelled as one.

use std::fmt;

use serde_json::{Map, Value};

use crate::error::Error;

/// The longest body, in bytes: 4 KiB hold all fields many times over.
pub const MAX_BODY_BYTES: usize = 4096;

/// Content type of a form, and of every `curl -d` without another one.
const FORM: &str = "application/x-www-form-urlencoded";

/// Some editors and libraries write it before the text.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The named members of a body. Unknown members are ignored. Its `Debug` form shows none of them.
#[derive(Clone, PartialEq)]
pub struct Fields(Map<String, Value>);

impl Fields {
    /// Reads a body sent with `content_type`. Skips a byte order mark at its start (RFC 8259 §8.1).
    ///
    /// # Errors
    /// The body is empty, not UTF-8, not JSON or not an object.
    pub(crate) fn read(body: &[u8], content_type: Option<&str>) -> Result<Self, Error> {
        let text = std::str::from_utf8(body).map_err(|_| Error::MalformedBody("is not UTF-8"))?;
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text).trim_matches([' ', '\t', '\r', '\n']);
        if text.is_empty() {
            return Err(Error::MalformedBody("is empty"));
        }
        match serde_json::from_str(text) {
            Ok(Value::Object(members)) => Ok(Self(members)),
            Ok(_) => Err(Error::MalformedBody("is JSON, but not an object")),
            Err(_) if is_form(text, content_type) => {
                let pairs = form_urlencoded::parse(text.as_bytes());
                Ok(Self(pairs.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned()))).collect()))
            }
            Err(_) => Err(Error::MalformedBody("is not JSON")),
        }
    }

    /// The member `name`, if it is present; it may be null.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The member `name` as text, if it is a string.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }
}

impl From<Map<String, Value>> for Fields {
    fn from(members: Map<String, Value>) -> Self {
        Self(members)
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fields({} members)", self.0.len())
    }
}

/// A form contains `name=value`. A text that starts like JSON is malformed JSON.
fn is_form(text: &str, content_type: Option<&str>) -> bool {
    let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case(FORM) && !text.starts_with(['{', '[', '"']) && text.contains('=')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str, content_type: Option<&str>) -> Result<Fields, Error> {
        Fields::read(text.as_bytes(), content_type)
    }

    #[test]
    fn json_is_read_whatever_the_content_type_says() {
        for content_type in [None, Some("application/json"), Some(FORM), Some("text/plain"), Some("nonsense")] {
            let fields = read(r#" {"key":"123456","other":1} "#, content_type).unwrap();
            assert_eq!(fields.text("key"), Some("123456"));
        }
    }

    #[test]
    fn a_form_is_read_under_its_content_type_alone() {
        let form = "method=sms&phone_prefix=45&phone=20+12";
        let fields = read(form, Some("Application/X-WWW-Form-Urlencoded; charset=utf-8")).unwrap();
        assert_eq!((fields.text("method"), fields.text("phone")), (Some("sms"), Some("20 12")));
        assert!(read(form, Some("application/json")).is_err());
        assert!(read(form, None).is_err());
    }

    #[test]
    fn what_is_not_an_object_is_malformed() {
        let deep = format!("{}1{}", "[".repeat(2000), "]".repeat(2000));
        for text in [
            "",
            " \n",
            "{",
            "null",
            "[]",
            "\"a\"",
            "12",
            "{ [...] }",
            "{\"a\":1}x",
            "{'a':1}",
            &deep,
            "\u{feff}",
            "{\u{feff}}",
        ] {
            for content_type in [None, Some(FORM)] {
                assert!(matches!(read(text, content_type), Err(Error::MalformedBody(_))), "{text:?}");
            }
        }
        assert!(matches!(Fields::read(&[0xFF, 0xFE], None), Err(Error::MalformedBody(_))));
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        for text in ["\u{feff}{\"key\":\"123456\"}", "\u{feff} {\"key\":\"123456\"}\n"] {
            assert_eq!(read(text, None).unwrap().text("key"), Some("123456"), "{text:?}");
        }
        assert_eq!(read("\u{feff}key=123456", Some(FORM)).unwrap().text("key"), Some("123456"));
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), form: bool) {
            let _ = Fields::read(&bytes, form.then_some(FORM));
        }
    }
}
