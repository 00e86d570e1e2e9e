//! Conditions of a write, as data. They are rendered into an expression, together with the values they compare with.

use aws_sdk_dynamodb::types::AttributeValue;

use super::expression::{Values, name};

/// When a write may be done. An absent attribute fulfils no comparison. For `Differs`, nothing relies on that.
///
/// Amazon DynamoDB Developer Guide, "Condition and filter expressions, operators, and functions".
#[derive(Debug, Clone)]
pub(super) enum Condition {
    Exists(&'static str),
    Absent(&'static str),
    Equals(&'static str, AttributeValue),
    Differs(&'static str, AttributeValue),
    Below(&'static str, AttributeValue),
    AtMost(&'static str, AttributeValue),
    Above(&'static str, AttributeValue),
    /// A set has this element.
    Contains(&'static str, AttributeValue),
    /// A set has fewer elements than this number.
    Fewer(&'static str, AttributeValue),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

impl Condition {
    /// Renders the condition into `text`, and its values into `values`.
    pub(super) fn render(self, values: &mut Values, text: &mut String) {
        let mut compare = |attribute: &str, operator: &str, value| {
            text.extend([name(attribute), operator, &values.bind(value)]);
        };
        match self {
            Self::Equals(attribute, value) => compare(attribute, " = ", value),
            Self::Differs(attribute, value) => compare(attribute, " <> ", value),
            Self::Below(attribute, value) => compare(attribute, " < ", value),
            Self::AtMost(attribute, value) => compare(attribute, " <= ", value),
            Self::Above(attribute, value) => compare(attribute, " > ", value),
            Self::Exists(attribute) => text.extend(["attribute_exists(", name(attribute), ")"]),
            Self::Absent(attribute) => text.extend(["attribute_not_exists(", name(attribute), ")"]),
            Self::Contains(attribute, value) => {
                text.extend(["contains(", name(attribute), ", ", &values.bind(value), ")"]);
            }
            Self::Fewer(attribute, value) => text.extend(["size(", name(attribute), ") < ", &values.bind(value)]),
            Self::All(conditions) => join(conditions, " AND ", values, text),
            Self::Any(conditions) => join(conditions, " OR ", values, text),
        }
    }
}

fn join(conditions: Vec<Condition>, operator: &str, values: &mut Values, text: &mut String) {
    for (index, condition) in conditions.into_iter().enumerate() {
        if index > 0 {
            text.push_str(operator);
        }
        let is_list = matches!(condition, Condition::All(_) | Condition::Any(_));
        text.push_str(if is_list { "(" } else { "" });
        condition.render(values, text);
        text.push_str(if is_list { ")" } else { "" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::item::{attribute, n};

    #[test]
    fn lists_within_lists_stand_in_parentheses() {
        let condition = Condition::All(vec![
            Condition::Exists(attribute::METHOD),
            Condition::Any(vec![
                Condition::Absent(attribute::FAILURES),
                Condition::Below(attribute::FAILURES, n(5)),
                Condition::All(vec![
                    Condition::AtMost(attribute::LAST_ATTEMPT, n(60)),
                    Condition::Fewer(attribute::SENDS, n(10)),
                ]),
            ]),
        ]);
        let (mut values, mut text) = (Values::default(), String::new());
        condition.render(&mut values, &mut text);
        assert_eq!(
            text,
            "attribute_exists(#method) AND (attribute_not_exists(failures) OR failures < :0 OR \
             (last_attempt <= :1 AND size(sends) < :2))"
        );
        assert_eq!(values.take().len(), 3);
    }
}
