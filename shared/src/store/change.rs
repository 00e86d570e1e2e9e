//! What one update writes, put together from parts: DynamoDB takes a single expression of each kind.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;

/// Sets, removals and conditions of one update.
#[derive(Debug, Default)]
pub(super) struct Change {
    set: Vec<String>,
    remove: Vec<&'static str>,
    conditions: Vec<String>,
    values: Vec<(String, AttributeValue)>,
}

impl Change {
    /// Sets `attribute` to `value`, which the expressions can name as `:attribute`.
    pub(super) fn set(mut self, attribute: &str, value: AttributeValue) -> Self {
        self.set.push(format!("#{attribute} = :{attribute}"));
        self.value(attribute, value)
    }

    /// Sets `attribute` to what `expression` makes of named values.
    pub(super) fn set_to(mut self, attribute: &str, expression: &str) -> Self {
        self.set.push(format!("#{attribute} = {expression}"));
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

    /// Writes only where `condition` holds, besides those given before.
    pub(super) fn when(mut self, condition: impl Into<String>) -> Self {
        self.conditions.push(condition.into());
        self
    }

    /// Names a value `:name` for the expressions.
    pub(super) fn value(mut self, name: &str, value: AttributeValue) -> Self {
        self.values.push((format!(":{name}"), value));
        self
    }

    /// The update with this change in it. Every `#attribute` in an expression is declared: `method` is a word that
    /// DynamoDB has reserved, and so may be the next one.
    pub(super) fn into_update(self, mut update: UpdateItemFluentBuilder) -> UpdateItemFluentBuilder {
        let mut expression = String::new();
        if !self.set.is_empty() {
            expression += &format!("SET {} ", self.set.join(", "));
        }
        if !self.remove.is_empty() {
            let names: Vec<String> = self.remove.iter().map(|attribute| format!("#{attribute}")).collect();
            expression += &format!("REMOVE {}", names.join(", "));
        }
        let conditions: Vec<String> = self.conditions.iter().map(|condition| format!("({condition})")).collect();
        let condition = conditions.join(" AND ");
        let mut names: Vec<&str> = [expression.as_str(), condition.as_str()].into_iter().flat_map(names).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            update = update.expression_attribute_names(format!("#{name}"), name);
        }
        for (name, value) in self.values {
            update = update.expression_attribute_values(name, value);
        }
        if !condition.is_empty() {
            update = update.condition_expression(condition);
        }
        update.update_expression(expression)
    }
}

/// The attributes that an expression names with `#`.
fn names(expression: &str) -> impl Iterator<Item = &str> {
    expression.split('#').skip(1).filter_map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_wherever_they_stand() {
        let expression = "SET #a_1 = if_not_exists(#b, :b) + :one REMOVE #c";
        assert_eq!(names(expression).collect::<Vec<_>>(), ["a_1", "b", "c"]);
    }
}
