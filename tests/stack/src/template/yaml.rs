//! Reads YAML with CloudFormation's tags into JSON with the long form of every function.
//!
//! `!Ref Table` becomes `{"Ref": "Table"}` and `!Sub x` becomes `{"Fn::Sub": "x"}`, so that the rest of the code
//! handles only one form.

use saphyr::{LoadableYamlNode, Scalar, Tag, Yaml};
use serde_json::{Map, Value};

use crate::error::StartError;

/// Reads one YAML document.
pub(crate) fn parse(text: &str) -> Result<Value, StartError> {
    let documents = Yaml::load_from_str(text).map_err(|e| StartError::new(format!("not readable as YAML: {e}")))?;
    match documents.as_slice() {
        [document] => to_json(document),
        other => Err(StartError::new(format!("expected one YAML document, found {}", other.len()))),
    }
}

fn to_json(node: &Yaml<'_>) -> Result<Value, StartError> {
    match node {
        Yaml::Value(scalar) => Ok(scalar_to_json(scalar)),
        Yaml::Sequence(items) => items.iter().map(to_json).collect::<Result<_, _>>().map(Value::Array),
        Yaml::Mapping(entries) => {
            let mut object = Map::new();
            for (key, value) in entries {
                object.insert(key_text(key)?, to_json(value)?);
            }
            Ok(Value::Object(object))
        }
        Yaml::Tagged(tag, inner) => Ok(long_form(tag, to_json(inner)?)),
        Yaml::Representation(text, ..) => Ok(Value::String(text.to_string())),
        Yaml::Alias(_) | Yaml::BadValue => Err(StartError::new("a YAML value that is not valid for its tag")),
    }
}

fn scalar_to_json(scalar: &Scalar<'_>) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => Value::Bool(*value),
        Scalar::Integer(value) => Value::from(*value),
        Scalar::FloatingPoint(value) => Value::from(value.into_inner()),
        Scalar::String(text) => Value::String(text.to_string()),
    }
}

/// Keys are strings in CloudFormation; YAML also allows `200:` and `true:`.
fn key_text(key: &Yaml<'_>) -> Result<String, StartError> {
    match to_json(key)? {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(value) => Ok(value.to_string()),
        _ => Err(StartError::new("a YAML mapping has a key that is not text")),
    }
}

fn long_form(tag: &Tag, value: Value) -> Value {
    if tag.is_yaml_core_schema() {
        return value;
    }
    let name = match tag.suffix.as_str() {
        plain @ ("Ref" | "Condition") => plain.to_owned(),
        function => format!("Fn::{function}"),
    };
    Value::Object(Map::from_iter([(name, value)]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tags_become_the_long_form_of_their_function() {
        let text = "a: !Ref X\nb: !Sub '${X}'\nc: !GetAtt T.Arn\nd: !If [C, !Ref X, 1]\ne: !Equals\n  - 1\n  - two\n";
        let expected = json!({
            "a": {"Ref": "X"},
            "b": {"Fn::Sub": "${X}"},
            "c": {"Fn::GetAtt": "T.Arn"},
            "d": {"Fn::If": ["C", {"Ref": "X"}, 1]},
            "e": {"Fn::Equals": [1, "two"]},
        });
        assert_eq!(parse(text).unwrap(), expected);
    }

    #[test]
    fn quoted_scalars_stay_text() {
        assert_eq!(
            parse("{a: \"2012-10-17\", b: '1', c: 1, d: true, e: ~}").unwrap(),
            json!({
                "a": "2012-10-17", "b": "1", "c": 1, "d": true, "e": null,
            })
        );
    }

    #[test]
    fn a_key_given_twice_is_an_error() {
        assert!(parse("a: 1\na: 2\n").is_err());
    }

    #[test]
    fn broken_yaml_is_an_error_that_names_the_line() {
        let error = parse("a: [1, 2\nb: 3\n").unwrap_err().to_string();
        assert!(error.contains("line"), "{error}");
    }
}
