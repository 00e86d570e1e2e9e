//! The template's conditions, and the condition functions such as `Fn::Equals`.

use serde_json::Value;

use super::intrinsics::{Evaluator, plain_text, wrong};
use crate::error::StartError;

impl Evaluator<'_> {
    /// Whether the named condition is true.
    pub(super) fn condition(&self, name: &str, place: &str) -> Result<bool, StartError> {
        self.named_condition(name, place, 0)
    }

    pub(super) fn named_condition(&self, name: &str, place: &str, depth: usize) -> Result<bool, StartError> {
        let condition = self.root.get("Conditions").and_then(|conditions| conditions.get(name));
        let condition = condition.ok_or_else(|| wrong(place, &format!("there is no condition {name}")))?;
        self.truth(condition, &format!("Conditions.{name}"), depth + 1)
    }

    fn truth(&self, value: &Value, place: &str, depth: usize) -> Result<bool, StartError> {
        match self.at_depth(value, place, depth)? {
            Some(Value::Bool(holds)) => Ok(holds),
            Some(Value::String(text)) if text == "true" => Ok(true),
            Some(Value::String(text)) if text == "false" => Ok(false),
            _ => Err(wrong(place, "a condition is needed here")),
        }
    }

    pub(super) fn holds(&self, name: &str, argument: &Value, place: &str, depth: usize) -> Result<bool, StartError> {
        if name == "Condition" {
            return self.named_condition(plain_text(argument, place)?, place, depth);
        }
        let parts =
            argument.as_array().map(Vec::as_slice).ok_or_else(|| wrong(place, &format!("{name} needs a list")))?;
        let mut truths = parts.iter().map(|part| self.truth(part, place, depth));
        match (name, parts) {
            ("Fn::Equals", [left, right]) => {
                Ok(self.needed_text(left, place, depth)? == self.needed_text(right, place, depth)?)
            }
            ("Fn::Not", [only]) => self.truth(only, place, depth).map(|holds| !holds),
            ("Fn::And", _) => truths.try_fold(true, |all, next| next.map(|holds| all && holds)),
            ("Fn::Or", _) => truths.try_fold(false, |any, next| next.map(|holds| any || holds)),
            _ => Err(wrong(place, &format!("{name} has the wrong number of arguments"))),
        }
    }
}
