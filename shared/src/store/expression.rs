//! What every expression is made of: names of attributes, and values that stand beside it.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::attribute;

/// The one attribute whose name is among DynamoDB's reserved words; expressions say `#method`.
pub(super) const RESERVED: &str = attribute::METHOD;
pub(super) const ALIAS: &str = "#method";

/// The values that expressions name `:0`, `:1`, ….
#[derive(Debug, Clone, Default)]
pub(super) struct Values(Vec<AttributeValue>);

impl Values {
    /// Names `value` for an expression.
    pub(super) fn bind(&mut self, value: AttributeValue) -> String {
        self.0.push(value);
        format!(":{}", self.0.len() - 1)
    }

    /// All values by their names.
    pub(super) fn take(self) -> HashMap<String, AttributeValue> {
        self.0.into_iter().enumerate().map(|(index, value)| (format!(":{index}"), value)).collect()
    }
}

/// How expressions name an attribute.
pub(super) fn name(attribute: &str) -> &str {
    if attribute == RESERVED { ALIAS } else { attribute }
}
