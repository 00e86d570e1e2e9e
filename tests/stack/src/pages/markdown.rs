//! The little of Markdown that docs/problems.md's sections and openapi.yaml's descriptions use, turned into HTML:
//! paragraphs, lists, tables, code, bold and links. Everything else, HTML too, is shown as it is written.
//!
//! A link stays one only if it leads to another page of this server.

use super::html::escape;

/// Paragraphs, lists, tables and fenced code.
pub(crate) fn blocks(text: &str) -> String {
    let mut html = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim().is_empty() {
            continue;
        }
        if line.starts_with("```") {
            let code: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
            html.push_str(&format!("<pre><code>{}</code></pre>\n", escape(&code.join("\n"))));
            continue;
        }
        let mut block = vec![line];
        while let Some(line) = lines.next_if(|line| !line.trim().is_empty() && !line.starts_with("```")) {
            block.push(line);
        }
        html.push_str(&match line {
            _ if line.starts_with("- ") => list(&block),
            _ if line.starts_with('|') => table(&block),
            _ => format!("<p>{}</p>\n", inline(&block.join(" "))),
        });
    }
    html
}

fn list(lines: &[&str]) -> String {
    let mut items: Vec<String> = Vec::new();
    for line in lines {
        match (line.strip_prefix("- "), items.last_mut()) {
            (None, Some(item)) => item.push_str(&format!(" {}", line.trim())),
            (item, _) => items.push(item.unwrap_or(line).to_owned()),
        }
    }
    let items: String = items.iter().map(|item| format!("<li>{}</li>", inline(item))).collect();
    format!("<ul>{items}</ul>\n")
}

fn table(lines: &[&str]) -> String {
    let row = |line: &str, cell: &str| {
        let cells: String = cells(line).map(|text| format!("<{cell}>{}</{cell}>", inline(text))).collect();
        format!("<tr>{cells}</tr>")
    };
    let mut lines = lines.iter();
    let head = lines.next().map(|line| row(line, "th")).unwrap_or_default();
    let body: String = lines.skip(1).map(|line| row(line, "td")).collect();
    format!("<table><thead>{head}</thead><tbody>{body}</tbody></table>\n")
}

/// The cells of a table's row.
pub(crate) fn cells(line: &str) -> impl Iterator<Item = &str> {
    line.trim().trim_start_matches('|').trim_end_matches('|').split('|').map(str::trim)
}

/// Code, bold and links inside a line.
pub(crate) fn inline(text: &str) -> String {
    let mut html = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.find(['`', '*', '[']).and_then(|at| rest.split_at_checked(at)) {
        html.push_str(&escape(before));
        let (element, behind) = code(from).or_else(|| bold(from)).or_else(|| link(from)).unwrap_or_else(|| {
            let mut characters = from.chars();
            (characters.next().map(String::from).unwrap_or_default(), characters.as_str())
        });
        html.push_str(&element);
        rest = behind;
    }
    html.push_str(&escape(rest));
    html
}

fn code(text: &str) -> Option<(String, &str)> {
    let (code, behind) = text.strip_prefix('`')?.split_once('`')?;
    Some((format!("<code>{}</code>", escape(code)), behind))
}

fn bold(text: &str) -> Option<(String, &str)> {
    let (bold, behind) = text.strip_prefix("**")?.split_once("**")?;
    Some((format!("<strong>{}</strong>", inline(bold)), behind))
}

fn link(text: &str) -> Option<(String, &str)> {
    let (label, from) = text.strip_prefix('[')?.split_once("](")?;
    let (target, behind) = from.split_once(')')?;
    let label = inline(label);
    // The anchor of a heading `/problems/x` in docs/problems.md is `#problemsx`.
    let page = match target.strip_prefix("#problems").filter(|name| !name.is_empty()) {
        Some(name) => Some(format!("/problems/{name}")),
        None => target.starts_with('/').then(|| target.to_owned()),
    };
    let html = match page {
        Some(page) => format!("<a href=\"{}\">{label}</a>", escape(&page)),
        None => label,
    };
    Some((html, behind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_lists_tables_and_code_become_elements() {
        let text = "One `a<b` and\n**two**.\n\n- x\n  y\n- z\n\n| a | b |\n| --- | --- |\n| 1 | 2 |\n\n```\n<c>\n```\n";
        let html = "<p>One <code>a&lt;b</code> and <strong>two</strong>.</p>\n<ul><li>x y</li><li>z</li></ul>\n\
            <table><thead><tr><th>a</th><th>b</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table>\n\
            <pre><code>&lt;c&gt;</code></pre>\n";
        assert_eq!(blocks(text), html);
    }

    #[test]
    fn links_stay_on_this_server() {
        assert_eq!(inline("[`x`](#problemsnot-sms)"), "<a href=\"/problems/not-sms\"><code>x</code></a>");
        assert_eq!(inline("[a](/reference) [b](https://evil.example) [c](#d)"), "<a href=\"/reference\">a</a> b c");
    }

    #[test]
    fn html_and_what_is_not_closed_are_text() {
        assert_eq!(inline("<script>1</script>"), "&lt;script&gt;1&lt;/script&gt;");
        assert_eq!(inline("[a](b *c `d <e>"), "[a](b *c `d &lt;e&gt;");
        assert_eq!(inline("[a](/\"><b>)"), "<a href=\"/&quot;&gt;&lt;b&gt;\">a</a>");
    }
}
