//! The template's parameters: defaults, given values, and the constraints that CloudFormation checks.

use std::collections::BTreeMap;

use regex_lite::Regex;
use serde_json::{Map, Value};

use crate::error::StartError;

/// The value of every parameter: a string, or a list of strings for the list types. A parameter that has no default and
/// was not given is left out, so that only using it is an error.
pub(super) fn resolve(
    declared: &Map<String, Value>,
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Value>, StartError> {
    if let Some(unknown) = given.keys().find(|name| !declared.contains_key(*name)) {
        return Err(StartError::new(format!("template.yaml has no parameter {unknown}")));
    }
    let mut values = BTreeMap::new();
    for (name, declaration) in declared {
        let Some(text) = given.get(name).cloned().or_else(|| default(declaration)) else {
            continue;
        };
        values.insert(name.clone(), value(name, declaration, &text)?);
    }
    Ok(values)
}

fn default(declaration: &Value) -> Option<String> {
    declaration.get("Default").map(text_of)
}

fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn value(name: &str, declaration: &Value, text: &str) -> Result<Value, StartError> {
    let kind = declaration.get("Type").and_then(Value::as_str).unwrap_or("String");
    let is_list = kind == "CommaDelimitedList" || kind.starts_with("List<");
    let items: Vec<&str> = if is_list { text.split(',').map(str::trim).collect() } else { vec![text] };
    for item in &items {
        check(name, declaration, kind, item)?;
    }
    Ok(if is_list { items.into() } else { text.into() })
}

fn check(name: &str, declaration: &Value, kind: &str, item: &str) -> Result<(), StartError> {
    let refuse = |rule: String| {
        let reason = declaration.get("ConstraintDescription").map_or(rule, text_of);
        Err(StartError::new(format!("parameter {name} of template.yaml can't be {item:?}: {reason}")))
    };
    if let Some(pattern) = declaration.get("AllowedPattern").and_then(Value::as_str) {
        // CloudFormation matches the whole value.
        let regex = Regex::new(&format!("^(?:{pattern})$"))
            .map_err(|e| StartError::new(format!("AllowedPattern of parameter {name} in template.yaml: {e}")))?;
        if !regex.is_match(item) {
            return refuse(format!("it must match {pattern}"));
        }
    }
    if let Some(allowed) = declaration.get("AllowedValues").and_then(Value::as_array)
        && !allowed.iter().any(|value| text_of(value) == item)
    {
        return refuse(format!("it must be one of {}", allowed.iter().map(text_of).collect::<Vec<_>>().join(", ")));
    }
    let limit = |rule: &str| declaration.get(rule).map(text_of).and_then(|text| text.parse::<f64>().ok());
    let length = item.chars().count() as f64;
    if limit("MinLength").is_some_and(|least| length < least) || limit("MaxLength").is_some_and(|most| length > most) {
        return refuse(format!("it has {length} characters"));
    }
    if matches!(kind, "Number" | "List<Number>") {
        let Ok(number) = item.parse::<f64>() else {
            return refuse("it must be a number".to_owned());
        };
        if limit("MinValue").is_some_and(|least| number < least) || limit("MaxValue").is_some_and(|most| number > most)
        {
            return refuse("it is out of range".to_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn resolved(declaration: Value, given: &str) -> Result<Value, String> {
        let declared = Map::from_iter([("P".to_owned(), declaration)]);
        let given = BTreeMap::from([("P".to_owned(), given.to_owned())]);
        resolve(&declared, &given).map(|mut values| values.remove("P").unwrap()).map_err(|e| e.to_string())
    }

    #[test]
    fn the_given_value_replaces_the_default() {
        let declared = Map::from_iter([("P".to_owned(), json!({"Type": "String", "Default": "a"}))]);
        assert_eq!(resolve(&declared, &BTreeMap::new()).unwrap(), BTreeMap::from([("P".to_owned(), json!("a"))]));
        assert_eq!(resolved(json!({"Type": "String", "Default": "a"}), "b"), Ok(json!("b")));
    }

    #[test]
    fn a_comma_delimited_list_is_a_list_of_trimmed_texts() {
        assert_eq!(resolved(json!({"Type": "CommaDelimitedList"}), "a, b"), Ok(json!(["a", "b"])));
    }

    #[test]
    fn a_pattern_must_match_the_whole_value() {
        let declaration = json!({"Type": "String", "AllowedPattern": "[a-z]+"});
        assert_eq!(resolved(declaration.clone(), "abc"), Ok(json!("abc")));
        assert!(resolved(declaration, "abc1").unwrap_err().contains("parameter P"));
    }

    #[test]
    fn values_lengths_and_ranges_are_checked() {
        assert!(resolved(json!({"Type": "String", "AllowedValues": ["a", "b"]}), "c").is_err());
        assert!(resolved(json!({"Type": "String", "MaxLength": 2}), "abc").is_err());
        assert!(resolved(json!({"Type": "Number", "MaxValue": 2}), "3").is_err());
        assert!(resolved(json!({"Type": "Number"}), "x").is_err());
        assert_eq!(resolved(json!({"Type": "Number", "MinValue": 1}), "3"), Ok(json!("3")));
    }

    #[test]
    fn the_refusal_says_what_the_template_says() {
        let declaration = json!({"AllowedPattern": "^x$", "ConstraintDescription": "only x"});
        assert_eq!(resolved(declaration, "y").unwrap_err(), "parameter P of template.yaml can't be \"y\": only x");
    }

    #[test]
    fn a_parameter_that_the_template_does_not_have_is_an_error() {
        let given = BTreeMap::from([("Q".to_owned(), "1".to_owned())]);
        assert!(resolve(&Map::new(), &given).unwrap_err().to_string().contains('Q'));
    }
}
