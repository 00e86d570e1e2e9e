//! The parts of every expression: attribute names, and the values passed alongside it.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::attribute;

/// The one attribute whose name is a DynamoDB reserved word. Expressions say `#method` instead.
pub(super) const RESERVED: &str = attribute::METHOD;
pub(super) const ALIAS: &str = "#method";

/// The values that expressions refer to as `:0`, `:1`, ….
#[derive(Debug, Clone, Default)]
pub(super) struct Values(Vec<AttributeValue>);

impl Values {
    /// Adds `value`, and returns its name in the expression.
    pub(super) fn bind(&mut self, value: AttributeValue) -> String {
        self.0.push(value);
        format!(":{}", self.0.len() - 1)
    }

    /// All values, by name.
    pub(super) fn take(self) -> HashMap<String, AttributeValue> {
        self.0.into_iter().enumerate().map(|(index, value)| (format!(":{index}"), value)).collect()
    }
}

/// The name of `attribute` in an expression.
pub(super) fn name(attribute: &str) -> &str {
    if attribute == RESERVED { ALIAS } else { attribute }
}
