//! `openapi.yaml` as a page: every operation with its parameters, bodies and answers.

use serde_json::{Map, Value};

use super::html::{self, escape};
use super::markdown;
use super::schema::schema;

/// The page of an OpenAPI document.
pub(crate) fn page(document: &Value) -> String {
    let operations: Vec<Operation<'_>> = operations(document);
    let contents: String = operations
        .iter()
        .map(|operation| {
            format!(
                "<li><a href=\"#{}\">{}</a> <span class=\"note\">{}</span></li>",
                operation.id,
                operation.request_line(),
                text(operation.node, "summary")
            )
        })
        .collect();
    let sections: String = operations.iter().map(|operation| operation.section(document)).collect();
    let info = &document["info"];
    let main = format!(
        "<h1>{} <span class=\"version\">{}</span></h1>\n<p class=\"lead\">{}</p>\n{}\
         <nav class=\"contents\" aria-label=\"Operations\"><ul>{contents}</ul></nav>\n\
         <section id=\"security\"><h2>Security</h2>{}</section>\n{sections}",
        text(info, "title"),
        text(info, "version"),
        text(info, "summary"),
        blocks(info),
        security(document),
    );
    html::page("Reference", &main)
}

struct Operation<'a> {
    method: String,
    path: &'a str,
    id: String,
    node: &'a Value,
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let mut operations = Vec::new();
    for (path, methods) in members(&document["paths"]) {
        for (method, node) in members(methods).filter(|(_, node)| node.get("operationId").is_some()) {
            operations.push(Operation { method: method.to_uppercase(), path, id: text(node, "operationId"), node });
        }
    }
    operations
}

impl Operation<'_> {
    fn request_line(&self) -> String {
        let method = escape(&self.method);
        format!("<span class=\"method {method}\">{method}</span> <code>{}</code>", escape(self.path))
    }

    fn section(&self, document: &Value) -> String {
        let mut html = format!(
            "<section id=\"{id}\" class=\"operation\"><h2>{}</h2>\n<p class=\"lead\">{}</p>\n{}",
            self.request_line(),
            text(self.node, "summary"),
            blocks(self.node),
            id = self.id,
        );
        if let Some(parameters) = self.node.get("parameters").and_then(Value::as_array) {
            let rows: String = parameters.iter().map(|node| parameter(document, resolved(document, node))).collect();
            html.push_str(&format!("<h3>Parameters</h3><ul class=\"members\">{rows}</ul>\n"));
        }
        if let Some(body) = self.node.get("requestBody").map(|node| resolved(document, node)) {
            let need = if body["required"] == true { "required" } else { "optional" };
            let content = content(document, body);
            html.push_str(&format!("<h3>Request body <span class=\"note\">{need}</span></h3>\n{content}"));
        }
        html.push_str("<h3>Answers</h3>\n");
        for (status, node) in members(&self.node["responses"]) {
            html.push_str(&response(document, status, resolved(document, node)));
        }
        html.push_str("</section>\n");
        html
    }
}

fn parameter(document: &Value, node: &Value) -> String {
    format!(
        "<li><code>{}</code> <span class=\"note\">in the {}, {}</span> {}{}</li>",
        text(node, "name"),
        text(node, "in"),
        if node["required"] == true { "required" } else { "optional" },
        schema(document, &node["schema"]),
        blocks(node),
    )
}

fn response(document: &Value, status: &str, node: &Value) -> String {
    let status = escape(status);
    let class = status.chars().next().unwrap_or_default();
    let headers: String = members(&node["headers"])
        .map(|(name, header)| {
            let header = resolved(document, header);
            format!("<li><code>{}</code> {}{}</li>", escape(name), schema(document, &header["schema"]), blocks(header))
        })
        .collect();
    let headers =
        if headers.is_empty() { headers } else { format!("<h4>Headers</h4><ul class=\"members\">{headers}</ul>") };
    let types: Vec<String> = problem_types(document, &node["content"]);
    let links: String =
        types.iter().map(|name| format!("<li><a href=\"{0}\"><code>{0}</code></a></li>", escape(name))).collect();
    let problems =
        if links.is_empty() { links } else { format!("<h4>Problem types</h4><ul class=\"plain\">{links}</ul>") };
    let open = if class == '2' { " open" } else { "" };
    format!(
        "<details{open}><summary><span class=\"status s{class}\">{status}</span> {}</summary>\n{problems}{headers}{}</details>\n",
        markdown::inline(node["description"].as_str().unwrap_or_default()),
        content(document, node),
    )
}

/// What `type` can be in the problem documents among these contents.
fn problem_types(document: &Value, contents: &Value) -> Vec<String> {
    let all = members(contents).filter_map(|(_, media)| resolved(document, &media["schema"])["allOf"].as_array());
    let types = all.flatten().filter_map(|part| part.pointer("/properties/type"));
    let names = types.flat_map(|node| match node["enum"].as_array() {
        Some(several) => several.iter().collect(),
        None => vec![&node["const"]],
    });
    names.filter_map(|name| name.as_str().map(str::to_owned)).collect()
}

/// Each media type of a body, with its schema and examples.
fn content(document: &Value, body: &Value) -> String {
    let media_types = members(&body["content"]).map(|(name, media)| {
        let examples: String = examples(document, media).iter().map(|(name, value)| example(name, value)).collect();
        format!(
            "<h4><code>{}</code></h4><div>{}</div><div class=\"examples\">{examples}</div>\n",
            escape(name),
            schema(document, &media["schema"]),
        )
    });
    media_types.collect()
}

/// The examples, each with what stands behind the word "Example" above it.
fn examples<'a>(document: &'a Value, media: &'a Value) -> Vec<(String, &'a Value)> {
    let named = members(&media["examples"]);
    let named = named.map(|(name, node)| (format!(": {name}"), &resolved(document, node)["value"]));
    named.chain(media.get("example").map(|value| (String::new(), value))).collect()
}

fn example(name: &str, value: &Value) -> String {
    let json = escape(&serde_json::to_string_pretty(value).unwrap_or_default());
    format!("<figure><figcaption>Example{}</figcaption><pre><code>{json}</code></pre></figure>", escape(name))
}

fn security(document: &Value) -> String {
    let schemes = document.pointer("/components/securitySchemes").unwrap_or(&Value::Null);
    let schemes = members(schemes).map(|(name, scheme)| {
        format!(
            "<p><code>{}</code>: {} {}, {}</p>{}",
            escape(name),
            text(scheme, "type"),
            text(scheme, "scheme"),
            text(scheme, "bearerFormat"),
            blocks(scheme),
        )
    });
    schemes.collect()
}

/// What a `$ref` stands for.
pub(super) fn resolved<'a>(document: &'a Value, node: &'a Value) -> &'a Value {
    let target = node.get("$ref").and_then(Value::as_str).and_then(|path| document.pointer(path.strip_prefix('#')?));
    target.unwrap_or(node)
}

/// The members of an object; none of what is no object.
pub(super) fn members(node: &Value) -> impl Iterator<Item = (&str, &Value)> {
    node.as_object().into_iter().flat_map(Map::iter).map(|(name, value)| (name.as_str(), value))
}

/// A member that is text, escaped.
fn text(node: &Value, name: &str) -> String {
    escape(node[name].as_str().unwrap_or_default())
}

/// The description, if there is one.
pub(super) fn blocks(node: &Value) -> String {
    markdown::blocks(node["description"].as_str().unwrap_or_default())
}
