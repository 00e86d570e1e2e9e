//! A JSON Schema in words: types, limits and members, as far as `openapi.yaml` uses them.

use serde_json::Value;

use super::html::escape;
use super::markdown;
use super::reference::{members, resolved};

/// The schema as a phrase, and a list of its members or alternatives below it.
pub(super) fn schema(document: &Value, node: &Value) -> String {
    let node = resolved(document, node);
    let description = markdown::inline(node["description"].as_str().unwrap_or_default());
    if let Some(alternatives) = node["oneOf"].as_array() {
        return description + &list(alternatives.iter().map(|node| alternative(document, node)));
    }
    if let Some(parts) = node["allOf"].as_array() {
        // All of them say more about the same object, of which the first is the whole.
        return parts.first().map(|part| schema(document, part)).unwrap_or_default();
    }
    let members = members(&node["properties"]).map(|(name, member)| {
        let required = node["required"].as_array().is_some_and(|names| names.iter().any(|other| other == name));
        let need = if required { "" } else { "<span class=\"note\">optional</span> " };
        format!("<code>{}</code> {need}{}", escape(name), schema(document, member))
    });
    let items = node.get("items").map(|items| format!(" of {}", schema(document, items))).unwrap_or_default();
    format!("{}{items} {description}{}", phrase(node), list(members))
}

fn alternative(document: &Value, node: &Value) -> String {
    let title = node["title"].as_str().map(|title| format!("{}: ", escape(title))).unwrap_or_default();
    format!("{title}{}", schema(document, node))
}

fn list(items: impl Iterator<Item = String>) -> String {
    let items: String = items.map(|item| format!("<li>{item}</li>")).collect();
    if items.is_empty() { items } else { format!("<ul class=\"members\">{items}</ul>") }
}

/// Type and limits.
fn phrase(node: &Value) -> String {
    let mut words: Vec<String> = Vec::new();
    match &node["type"] {
        Value::String(name) => words.push(escape(name)),
        Value::Array(names) => {
            words.push(names.iter().filter_map(Value::as_str).map(escape).collect::<Vec<_>>().join(" or "));
        }
        _ => {}
    }
    let code = |value: &Value| format!("<code>{}</code>", escape(&value.to_string()));
    if let Some(value) = node.get("const") {
        words.push(code(value));
    }
    if let Some(values) = node["enum"].as_array() {
        words.push(values.iter().map(code).collect::<Vec<_>>().join(" or "));
    }
    for (limit, phrase) in [("minimum", "at least"), ("maximum", "at most"), ("pattern", "like")] {
        if let Some(value) = node.get(limit) {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            words.push(format!("{phrase} <code>{}</code>", escape(&value)));
        }
    }
    if words.is_empty() { String::new() } else { format!("<span class=\"type\">{}</span>", words.join(", ")) }
}
