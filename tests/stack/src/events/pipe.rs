//! An EventBridge pipe: which stream records it lets through, and the event it makes from each.
//!
//! Event patterns may use values, `exists` and `anything-but`; input templates may use paths within quotes. Anything
//! else is an error, so that a pipe never behaves differently here than on AWS.

use serde_json::{Value, json};

/// The pipe of the template.
#[derive(Clone, Debug)]
pub(crate) struct Pipe {
    patterns: Vec<Value>,
    input_template: String,
}

impl Pipe {
    /// Reads the properties of an `AWS::Pipes::Pipe` whose intrinsic functions have been evaluated.
    pub(crate) fn new(properties: &Value) -> Result<Self, String> {
        let filters = properties.pointer("/SourceParameters/FilterCriteria/Filters").and_then(Value::as_array);
        let patterns = filters.into_iter().flatten().map(|filter| {
            let pattern = filter.get("Pattern").and_then(Value::as_str).ok_or("a filter without Pattern")?;
            serde_json::from_str(pattern).map_err(|_| format!("a Pattern that is not JSON: {pattern}"))
        });
        let template = properties.pointer("/TargetParameters/InputTemplate").and_then(Value::as_str);
        Ok(Self {
            patterns: patterns.collect::<Result<_, String>>()?,
            input_template: template.ok_or("no InputTemplate")?.to_owned(),
        })
    }

    /// The event made from `record`, if one of the filters lets it through.
    pub(crate) fn deliver(&self, record: &Value) -> Result<Option<Value>, String> {
        for pattern in &self.patterns {
            if matches(pattern, Some(record))? {
                return self.event(record).map(Some);
            }
        }
        Ok(None)
    }

    /// Fills in the template: `"<$.a.b>"` becomes the string at that path in the record, or empty if there is none.
    fn event(&self, record: &Value) -> Result<Value, String> {
        let mut filled = String::new();
        let mut rest = self.input_template.as_str();
        while let Some((before, after)) = rest.split_once("<$") {
            let (path, behind) = after.split_once('>').ok_or("a placeholder without its end in InputTemplate")?;
            if !before.ends_with('"') || !behind.starts_with('"') {
                return Err(format!("<${path}> stands without quotes in InputTemplate"));
            }
            filled.push_str(before);
            let text = record.pointer(&path.replace('.', "/")).and_then(Value::as_str).unwrap_or_default();
            filled.push_str(json!(text).to_string().trim_matches('"'));
            rest = behind;
        }
        filled.push_str(rest);
        serde_json::from_str(&filled).map_err(|_| "InputTemplate makes no JSON".to_owned())
    }
}

/// Whether an event pattern matches: every member of an object must match, and at least one element of an array.
fn matches(pattern: &Value, value: Option<&Value>) -> Result<bool, String> {
    match pattern {
        Value::Object(members) => {
            for (name, pattern) in members {
                if !matches(pattern, value.and_then(|value| value.get(name)))? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Value::Array(alternatives) => {
            for alternative in alternatives {
                if fits(alternative, value)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        other => Err(format!("{other} in a Pattern: an array is needed")),
    }
}

fn fits(alternative: &Value, value: Option<&Value>) -> Result<bool, String> {
    let Value::Object(operator) = alternative else { return Ok(value == Some(alternative)) };
    if let Some(exists) = operator.get("exists").and_then(Value::as_bool) {
        return Ok(exists == value.is_some());
    }
    match (operator.get("anything-but"), value) {
        (Some(Value::Array(excluded)), Some(value)) => Ok(!excluded.contains(value)),
        (Some(Value::Array(_)), None) => Ok(false),
        _ => Err(format!("{alternative} in a Pattern: the local stack does not know it")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipe(patterns: &[&str], template: &str) -> Pipe {
        let filters: Vec<Value> = patterns.iter().map(|pattern| json!({ "Pattern": pattern })).collect();
        Pipe::new(&json!({
            "SourceParameters": { "FilterCriteria": { "Filters": filters } },
            "TargetParameters": { "InputTemplate": template },
        }))
        .unwrap()
    }

    #[test]
    fn a_record_comes_through_if_one_pattern_matches_in_all_its_members() {
        let pipe = pipe(
            &[r#"{"a":{"S":["x","y"]},"b":[{"exists":true}]}"#, r#"{"a":{"S":[{"anything-but":["x","y"]}]}}"#],
            "{}",
        );
        for (record, through) in [
            (json!({"a": {"S": "x"}, "b": 1}), true),
            (json!({"a": {"S": "x"}}), false),
            (json!({"a": {"S": "z"}}), true),
            (json!({"a": {"N": "z"}}), false),
            (json!({}), false),
        ] {
            assert_eq!(pipe.deliver(&record).unwrap().is_some(), through, "{record}");
        }
    }

    #[test]
    fn the_template_is_filled_in_and_what_looks_like_json_stays_text() {
        let pipe = pipe(&["{}"], r#"{"who":"<$.a.S>","none":"<$.b.S>"}"#);
        let hostile = r#"x","who":"\y"#;
        let event = pipe.deliver(&json!({"a": {"S": hostile}})).unwrap();
        assert_eq!(event, Some(json!({"who": hostile, "none": ""})));
    }

    #[test]
    fn what_is_not_imitated_is_an_error() {
        assert!(pipe(&[r#"{"a":[{"prefix":"x"}]}"#], "{}").deliver(&json!({})).is_err());
        assert!(pipe(&["{}"], r#"{"a":<$.a>}"#).deliver(&json!({})).is_err());
        assert!(Pipe::new(&json!({})).is_err());
    }
}
