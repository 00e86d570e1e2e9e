//! Assembles the update and condition expressions of one write: the only place that does, for single updates and for
//! those of a transaction.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

use super::condition::Condition;
use super::expression::{ALIAS, RESERVED, Values, name};
use super::item::{attribute, n};

/// What one update of an item sets, adds, deletes and removes, and its conditions.
#[derive(Debug, Clone)]
pub(super) struct Change {
    /// Comma-separated lists, as they appear in the expression.
    set: String,
    add: String,
    delete: String,
    remove: Vec<&'static str>,
    /// The attributes in `set`, `add` and `delete`: an expression may name each only once.
    written: Vec<&'static str>,
    conditions: Vec<Condition>,
    values: Values,
    carries_events: bool,
}

/// The expressions of a request, with their names and values.
struct Expressions {
    update: String,
    condition: Option<String>,
    names: Option<HashMap<String, String>>,
    values: Option<HashMap<String, AttributeValue>>,
}

impl Change {
    /// A change to a user's item, which carries the event of its last write.
    pub(super) fn of_user() -> Self {
        Self {
            set: String::new(),
            add: String::new(),
            delete: String::new(),
            remove: Vec::new(),
            written: Vec::new(),
            conditions: Vec::new(),
            values: Values::default(),
            carries_events: true,
        }
    }

    /// A change to an item that counts sends. It carries no event.
    pub(super) fn of_counter() -> Self {
        Self { carries_events: false, ..Self::of_user() }
    }

    /// Sets `attribute` to `value`.
    pub(super) fn set(mut self, attribute: &'static str, value: AttributeValue) -> Self {
        let value = self.values.bind(value);
        self.set_to(attribute, &[&value])
    }

    /// Sets `attribute` to what `other` held before the write, or to `value` if `other` is absent.
    pub(super) fn set_to_other_or(
        mut self,
        attribute: &'static str,
        other: &'static str,
        value: AttributeValue,
    ) -> Self {
        let value = self.values.bind(value);
        self.set_to(attribute, &["if_not_exists(", name(other), ", ", &value, ")"])
    }

    /// Increments the number in `attribute`. If it is absent, it becomes 1.
    pub(super) fn increment(mut self, attribute: &'static str) -> Self {
        let (zero, one) = (self.values.bind(n(0)), self.values.bind(n(1)));
        self.set_to(attribute, &["if_not_exists(", name(attribute), ", ", &zero, ") + ", &one])
    }

    /// Subtracts `number` from `attribute`, which must exist.
    pub(super) fn decrement(mut self, attribute: &'static str, number: u64) -> Self {
        let number = self.values.bind(n(number));
        self.set_to(attribute, &[name(attribute), " - ", &number])
    }

    /// Adds `number` to `attribute`, which must exist.
    pub(super) fn increase(mut self, attribute: &'static str, number: u64) -> Self {
        let number = self.values.bind(n(number));
        self.set_to(attribute, &[name(attribute), " + ", &number])
    }

    /// Adds `elements` to the set `attribute`, which may be absent.
    pub(super) fn add(mut self, attribute: &'static str, elements: AttributeValue) -> Self {
        let elements = self.values.bind(elements);
        list(&mut self.add, &[name(attribute), " ", &elements]);
        self.written.push(attribute);
        self
    }

    /// Deletes `elements` from the set `attribute`. They may already be gone.
    pub(super) fn delete(mut self, attribute: &'static str, elements: AttributeValue) -> Self {
        let elements = self.values.bind(elements);
        list(&mut self.delete, &[name(attribute), " ", &elements]);
        self.written.push(attribute);
        self
    }

    /// Removes `attributes`. They may already be gone.
    pub(super) fn remove(mut self, attributes: &[&'static str]) -> Self {
        for attribute in attributes {
            if !self.remove.contains(attribute) {
                self.remove.push(attribute);
            }
        }
        self
    }

    /// Whether this change writes or removes `attribute`.
    pub(super) fn touches(&self, attribute: &str) -> bool {
        self.remove.contains(&attribute) || self.written.contains(&attribute)
    }

    /// Writes only if `condition` holds, in addition to the conditions given before.
    pub(super) fn when(mut self, condition: Condition) -> Self {
        self.conditions.push(condition);
        self
    }

    /// Adds this change to `update`. A refusal returns the current item.
    pub(super) fn into_update(self, update: UpdateItemFluentBuilder) -> UpdateItemFluentBuilder {
        let Expressions { update: expression, condition, names, values } = self.expressions();
        update
            .update_expression(expression)
            .set_condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    /// The same for an update in a transaction.
    pub(super) fn into_part(self, update: UpdateBuilder) -> UpdateBuilder {
        let Expressions { update: expression, condition, names, values } = self.expressions();
        update
            .update_expression(expression)
            .set_condition_expression(condition)
            .set_expression_attribute_names(names)
            .set_expression_attribute_values(values)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    fn expressions(self) -> Expressions {
        // A change without an event removes the last event, or the stream would carry it again.
        let mut this = match self.carries_events && !self.touches(attribute::EVENT) {
            true => self.remove(&[attribute::EVENT, attribute::EVENT_TYPE]),
            false => self,
        };
        let remove = this.remove.iter().map(|attribute| name(attribute)).collect::<Vec<_>>().join(", ");
        let mut update = String::with_capacity(512);
        for (verb, list) in [("SET ", &this.set), ("REMOVE ", &remove), ("ADD ", &this.add), ("DELETE ", &this.delete)]
        {
            if !list.is_empty() {
                update.extend([if update.is_empty() { "" } else { " " }, verb, list]);
            }
        }
        let condition = (!this.conditions.is_empty()).then(|| {
            let mut text = String::with_capacity(512);
            Condition::All(this.conditions).render(&mut this.values, &mut text);
            text
        });
        // DynamoDB rejects a name that no expression uses.
        let used = update.contains(ALIAS) || condition.as_ref().is_some_and(|condition| condition.contains(ALIAS));
        let names = used.then(|| HashMap::from([(ALIAS.to_owned(), RESERVED.to_owned())]));
        Expressions { update, condition, names, values: Some(this.values.take()).filter(|values| !values.is_empty()) }
    }

    fn set_to(mut self, attribute: &'static str, expression: &[&str]) -> Self {
        list(&mut self.set, &[name(attribute), " = "]);
        self.set.extend(expression.iter().copied());
        self.written.push(attribute);
        self
    }
}

/// Appends one element, made of `parts`, to a comma-separated list.
fn list(list: &mut String, parts: &[&str]) {
    if !list.is_empty() {
        list.push_str(", ");
    }
    list.extend(parts.iter().copied());
}
