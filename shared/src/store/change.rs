//! What one update writes, put together from parts: DynamoDB takes a single expression of each kind.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;

use super::item::attribute;

/// The one attribute whose name is among DynamoDB's reserved words; expressions say `#method`.
const RESERVED: &str = "method";

/// Sets, removals and conditions of one update.
#[derive(Debug, Default)]
pub(super) struct Change {
    /// As they stand in the expression: a list parted by commas.
    set: String,
    remove: Vec<&'static str>,
    delete: String,
    conditions: Vec<String>,
    values: HashMap<String, AttributeValue>,
}

impl Change {
    /// Sets `attribute` to `value`, which the expressions can name as `:attribute`.
    pub(super) fn set(mut self, attribute: &str, value: AttributeValue) -> Self {
        add(&mut self.set, ", ", &[name(attribute), " = :", attribute]);
        self.value(attribute, value)
    }

    /// Sets `attribute` to what `expression` makes of named values.
    pub(super) fn set_to(mut self, attribute: &str, expression: &str) -> Self {
        add(&mut self.set, ", ", &[attribute, " = ", expression]);
        self
    }

    /// Removes `attributes`, which may be removed already.
    pub(super) fn remove(mut self, attributes: &[&'static str]) -> Self {
        for attribute in attributes {
            if !self.remove.contains(attribute) {
                self.remove.push(attribute);
            }
        }
        self
    }

    /// Takes the element named `:value` out of the set `attribute`.
    pub(super) fn delete(mut self, attribute: &str, value: &str) -> Self {
        add(&mut self.delete, ", ", &[attribute, " :", value]);
        self
    }

    /// Whether it removes `attribute`, or sets it to a value named after it.
    pub(super) fn touches(&self, attribute: &str) -> bool {
        self.remove.contains(&attribute) || self.values.keys().any(|name| name.strip_prefix(':') == Some(attribute))
    }

    /// Writes only where `condition` holds, besides those given before.
    pub(super) fn when(mut self, condition: impl Into<String>) -> Self {
        self.conditions.push(condition.into());
        self
    }

    /// Names a value `:name` for the expressions.
    pub(super) fn value(mut self, name: &str, value: AttributeValue) -> Self {
        self.values.insert([":", name].concat(), value);
        self
    }

    /// The update with this change in it.
    pub(super) fn into_update(self, update: UpdateItemFluentBuilder) -> UpdateItemFluentBuilder {
        // A change that tells of nothing takes the last event away, or the stream would carry it again.
        let this = match self.touches(attribute::EVENT) {
            true => self,
            false => self.remove(&[attribute::EVENT, attribute::EVENT_TYPE]),
        };
        let remove = this.remove.iter().map(|attribute| name(attribute)).collect::<Vec<_>>().join(", ");
        let mut expression = String::with_capacity(512);
        for (verb, list) in [("SET ", &this.set), ("REMOVE ", &remove), ("DELETE ", &this.delete)] {
            if !list.is_empty() {
                add(&mut expression, " ", &[verb, list]);
            }
        }
        let condition = match this.conditions.as_slice() {
            [] => None,
            [only] => Some(only.clone()),
            several => Some(["(", &several.join(") AND ("), ")"].concat()),
        };
        // A name that no expression uses is an error.
        let used = expression.contains('#') || condition.as_ref().is_some_and(|condition| condition.contains('#'));
        let update = if used { update.expression_attribute_names("#method", RESERVED) } else { update };
        update
            .update_expression(expression)
            .set_condition_expression(condition)
            .set_expression_attribute_values(Some(this.values).filter(|values| !values.is_empty()))
    }
}

/// Adds to a list what `parts` make together.
fn add(list: &mut String, separator: &str, parts: &[&str]) {
    if !list.is_empty() {
        list.push_str(separator);
    }
    parts.iter().for_each(|part| list.push_str(part));
}

/// How expressions name an attribute.
fn name(attribute: &str) -> &str {
    if attribute == RESERVED { "#method" } else { attribute }
}
