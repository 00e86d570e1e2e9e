//! What all generated pages have in common.

/// The frame of a page, in which `{title}` and `{main}` are replaced.
const FRAME: &str = include_str!("assets/frame.html");

/// A whole page around its main part, which must already be HTML.
pub(crate) fn page(title: &str, main: &str) -> String {
    FRAME.replace("{title}", &escape(title)).replace("{main}", main)
}

/// Escapes text for HTML, including attribute values.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_markup_is_text() {
        assert_eq!(escape(r#"<a b="c" d='e'> & f"#), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt; &amp; f");
        assert!(page("<b>", "<p>kept</p>").contains("<title>&lt;b&gt;"));
    }
}
