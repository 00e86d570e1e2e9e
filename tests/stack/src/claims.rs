//! Claims as an HTTP API passes them to a function: each one a string, nulls left out.
//!
//! API Gateway writes arrays and objects as Go prints them: `[a b]` for an array, `map[a:1]` for an object. Numbers
//! stay exactly as written in the token, so that an ID of 19 digits keeps every digit.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::jwt::Claims;

/// The claims as strings.
pub(crate) fn as_texts(claims: &Claims) -> BTreeMap<String, String> {
    let present = claims.iter().filter(|(_, value)| value.get() != "null");
    present.map(|(name, value)| (name.clone(), text(value))).collect()
}

fn text(value: &RawValue) -> String {
    let json = value.get();
    match json.as_bytes().first() {
        Some(b'"') => serde_json::from_str(json).unwrap_or_default(),
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(json).unwrap_or_default();
            format!("[{}]", items.into_iter().map(text).collect::<Vec<_>>().join(" "))
        }
        Some(b'{') => {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(json).unwrap_or_default();
            let members = members.into_iter().map(|(name, value)| format!("{name}:{}", text(value)));
            format!("map[{}]", members.collect::<Vec<_>>().join(" "))
        }
        _ if json == "null" => "<nil>".to_owned(),
        _ => json.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(json: &str) -> BTreeMap<String, String> {
        as_texts(&serde_json::from_str(json).unwrap())
    }

    fn one(json: &str) -> String {
        texts(&format!("{{\"c\":{json}}}")).remove("c").unwrap()
    }

    #[test]
    fn text_numbers_and_booleans_are_written_as_they_stand() {
        assert_eq!(one("\"a \\u00e6 b\""), "a æ b");
        assert_eq!(one("12"), "12");
        assert_eq!(one("9223372036854775807"), "9223372036854775807");
        assert_eq!(one("123456789012345678901234567890"), "123456789012345678901234567890");
        assert_eq!(one("1.50"), "1.50");
        assert_eq!(one("true"), "true");
    }

    #[test]
    fn an_array_is_written_in_brackets_with_spaces() {
        assert_eq!(one("[\"a\", \"b c\", 1]"), "[a b c 1]");
        assert_eq!(one("[]"), "[]");
    }

    #[test]
    fn an_object_is_written_as_a_map() {
        assert_eq!(one("{\"b\": [1], \"a\": {\"x\": null}}"), "map[a:map[x:<nil>] b:[1]]");
    }

    #[test]
    fn a_null_claim_is_left_out() {
        assert_eq!(texts("{\"a\": null, \"b\": 1}"), BTreeMap::from([("b".to_owned(), "1".to_owned())]));
    }
}
