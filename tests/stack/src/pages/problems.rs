//! The list of problem types and a page for each, so that the `type` of a problem document leads somewhere. A page has
//! the section of docs/problems.md, an example, and the operations that can return the problem.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::html::{self, escape};
use super::markdown;

const TEXT: &str = include_str!("../../../../docs/problems.md");

/// Every page by its path, made from docs/problems.md and an OpenAPI document.
pub(crate) fn pages(document: &Value) -> BTreeMap<String, String> {
    let mut pages = BTreeMap::from([("/problems".to_owned(), list(TEXT))]);
    for (path, text) in sections(TEXT) {
        pages.insert(path.to_owned(), page(document, path, text));
    }
    pages
}

/// The text before the first section: the table of problems.
fn list(text: &str) -> String {
    let (beginning, _) = text.split_once("\n## ").unwrap_or((text, ""));
    html::page("Problems", &format!("<section>{}</section>", markdown::to_html(beginning)))
}

/// The sections about problems, as pairs of heading and text. The heading is the problem's type.
fn sections(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let sections = text.split("\n## `").skip(1).filter_map(|section| section.split_once("`\n"));
    sections.filter(|(heading, _)| heading.starts_with("/problems/"))
}

fn page(document: &Value, path: &str, text: &str) -> String {
    let example = example(document, path).map(|example| {
        let json = escape(&serde_json::to_string_pretty(example).unwrap_or_default());
        format!("<h2>Example</h2>\n<pre><code>{json}</code></pre>\n")
    });
    let operations: String = operations(document, path).map(|operation| operation.link()).collect();
    let main = format!(
        "<h1><code>{path}</code></h1>\n<section>{}</section>\n{}<h2>Operations that answer with it</h2>\n\
         <ul>{operations}</ul>\n<p><a href=\"/problems\">All problems</a></p>",
        markdown::to_html(text),
        example.unwrap_or_default(),
    );
    html::page(path, &main)
}

/// The first example of the problem anywhere in the document.
fn example<'a>(node: &'a Value, path: &str) -> Option<&'a Value> {
    match node {
        Value::Object(members) => {
            let own = members.get("value").filter(|value| value["type"] == path);
            own.or_else(|| members.values().find_map(|member| example(member, path)))
        }
        Value::Array(items) => items.iter().find_map(|item| example(item, path)),
        _ => None,
    }
}

struct Operation<'a> {
    method: &'a str,
    route: &'a str,
    node: &'a Value,
}

impl Operation<'_> {
    /// A list item with a link that opens the operation in Swagger UI.
    fn link(&self) -> String {
        let id = self.node["operationId"].as_str().unwrap_or_default();
        let tag = self.node.pointer("/tags/0").and_then(Value::as_str).unwrap_or("default").replace(' ', "%20");
        let request = escape(&format!("{} {}", self.method.to_uppercase(), self.route));
        format!("<li><a href=\"/reference#/{}/{}\"><code>{request}</code></a></li>\n", escape(&tag), escape(id))
    }
}

/// The operations that can return the problem.
fn operations<'a>(document: &'a Value, path: &'a str) -> impl Iterator<Item = Operation<'a>> {
    let routes = document["paths"].as_object().into_iter().flat_map(Map::iter);
    let operations = routes.flat_map(|(route, methods)| {
        let methods = methods.as_object().into_iter().flat_map(Map::iter);
        methods.map(move |(method, node)| Operation { method, route, node })
    });
    operations.filter(move |operation| mentions(document, &operation.node["responses"], path))
}

/// Whether the text is anywhere below the node, following each `$ref`.
fn mentions(document: &Value, node: &Value, text: &str) -> bool {
    match node {
        Value::String(own) => own == text,
        Value::Array(items) => items.iter().any(|item| mentions(document, item, text)),
        Value::Object(members) => members.iter().any(|(name, member)| match (name.as_str(), member.as_str()) {
            ("$ref", Some(target)) => {
                let target = target.strip_prefix('#').and_then(|target| document.pointer(target));
                target.is_some_and(|target| mentions(document, target, text))
            }
            _ => mentions(document, member, text),
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TEXT: &str = "# Problems\n\n| `type` |\n| --- |\n| [`/problems/c`](#problemsc) |\n\n## `/problems/c`\n\n\
        The **text**.\n\n## `/problems/d`\n\nNo.\n";

    fn document() -> Value {
        json!({
            "paths": {
                "/a": {"get": {"operationId": "getA", "responses": {"409": {"$ref": "#/components/responses/C"}}}},
                "/b": {"get": {"operationId": "getB", "responses": {"200": {"description": "fine"}}}},
            },
            "components": {"responses": {"C": {"schema": {"const": "/problems/c"},
                "examples": {"c": {"value": {"type": "/problems/c", "title": "<C>"}}}}}},
        })
    }

    #[test]
    fn a_page_has_its_section_an_example_and_the_operations() {
        let sections: BTreeMap<&str, &str> = sections(TEXT).collect();
        assert_eq!(sections.keys().copied().collect::<Vec<_>>(), ["/problems/c", "/problems/d"]);
        let page = page(&document(), "/problems/c", sections["/problems/c"]);
        assert!(page.contains("<p>The <strong>text</strong>.</p>") && !page.contains("No."), "{page}");
        assert!(page.contains("&quot;title&quot;: &quot;&lt;C&gt;&quot;"), "{page}");
        assert!(page.contains("/reference#/default/getA\"><code>GET /a</code>") && !page.contains("GET /b"), "{page}");
    }

    #[test]
    fn the_list_has_the_table_alone() {
        let list = list(TEXT);
        assert!(list.contains("<a href=\"/problems/c\">") && !list.contains("The <strong>"), "{list}");
    }
}
