//! Converts Markdown to HTML. HTML in the source is shown as text, and only links to pages of this server are kept.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};

/// Converts a Markdown document, including tables, to HTML.
pub(crate) fn to_html(text: &str) -> String {
    let mut leads_elsewhere = false;
    let events = Parser::new_ext(text, Options::ENABLE_TABLES).filter_map(|event| match event {
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            let page = page(&dest_url);
            leads_elsewhere = page.is_none();
            page.map(|page| Event::Start(Tag::Link { link_type, dest_url: page.into(), title, id }))
        }
        // Links cannot be nested, so one flag is enough.
        Event::End(TagEnd::Link) if leads_elsewhere => None,
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        other => Some(other),
    });
    let mut written = String::new();
    html::push_html(&mut written, events);
    written
}

/// The path on this server that a link leads to. The anchor of a heading `/problems/x` is `#problemsx`.
fn page(target: &str) -> Option<String> {
    match target.strip_prefix("#problems").filter(|name| !name.is_empty()) {
        Some(name) => Some(format!("/problems/{name}")),
        None => (target.starts_with('/') && !target.starts_with("//")).then(|| target.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read() {
        let html = to_html("| a | b |\n| --- | --- |\n| `1` | **2** |\n");
        assert!(html.contains("<td><code>1</code></td><td><strong>2</strong></td>"), "{html}");
    }

    #[test]
    fn links_stay_on_this_server() {
        assert_eq!(to_html("[`x`](#problemsnot-sms)"), "<p><a href=\"/problems/not-sms\"><code>x</code></a></p>\n");
        let links = "[a](/reference) [b](https://evil.example) [c](#d) [e](//evil.example) [f](javascript:1)";
        assert_eq!(to_html(links), "<p><a href=\"/reference\">a</a> b c e f</p>\n");
    }

    #[test]
    fn html_is_text() {
        assert_eq!(to_html("a <script>1</script>"), "<p>a &lt;script&gt;1&lt;/script&gt;</p>\n");
        assert_eq!(to_html("<style>"), "&lt;style&gt;");
    }
}
