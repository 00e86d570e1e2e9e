//! A page for each problem, so that the `type` of a problem document leads somewhere: what docs/problems.md says of it.

use std::collections::BTreeMap;

use super::html;
use super::markdown;

const README: &str = include_str!("../../../../docs/problems.md");

/// Every problem's name with its page.
pub(crate) fn pages() -> BTreeMap<&'static str, String> {
    names(README).map(|(name, row)| (name, page(README, name, row))).collect()
}

/// Names and rows of docs/problems.md's table of problems.
fn names(readme: &str) -> impl Iterator<Item = (&str, &str)> {
    let rows = readme.lines().filter(|line| line.starts_with('|'));
    rows.filter_map(|row| {
        let (_, name) = markdown::cells(row).next()?.split_once("`/problems/")?;
        Some((name.split_once('`')?.0, row))
    })
}

fn page(readme: &str, name: &str, row: &str) -> String {
    let mut cells = markdown::cells(row).skip(1);
    let status = markdown::inline(cells.next().unwrap_or_default());
    let to_do = markdown::inline(cells.next().unwrap_or_default());
    let section = section(readme, name).map(|text| markdown::blocks(&text)).unwrap_or_default();
    let main = format!(
        "<h1><code>/problems/{name}</code></h1>\n<section>\
         <p class=\"lead\"><span class=\"status\">{status}</span> What to do: {to_do}.</p>\n{section}</section>\n\
         <p><a href=\"/reference\">All operations and their answers</a></p>",
    );
    html::page(&format!("/problems/{name}"), &main)
}

/// The text under the heading that is the problem's type, up to the next heading.
fn section(readme: &str, name: &str) -> Option<String> {
    let heading = format!("`/problems/{name}`");
    let is_heading = |line: &&str| line.starts_with('#') && line.trim_start_matches('#').trim() == heading;
    let mut lines = readme.lines().skip_while(|line| !is_heading(line));
    lines.next()?;
    let text: Vec<&str> = lines.take_while(|line| !line.starts_with('#')).collect();
    Some(text.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = "# A\n\n| `type` | status | what to do |\n| --- | --- | --- |\n| `/problems/a-b` | 409 | wait |\n\
        | [`/problems/c`](#problemsc) | 422 | try `x` |\n\n#### `/problems/c`\n\nThe **text**.\n\n### Other\n\nNo.\n";

    #[test]
    fn the_page_has_the_section_or_at_least_the_row_of_the_table() {
        let rows: BTreeMap<&str, &str> = names(README).collect();
        assert_eq!(rows.keys().copied().collect::<Vec<_>>(), ["a-b", "c"]);
        let row_only = page(README, "a-b", rows["a-b"]);
        assert!(row_only.contains("409") && row_only.contains("What to do: wait."), "{row_only}");
        let whole = page(README, "c", rows["c"]);
        assert!(whole.contains("<code>x</code>") && whole.contains("<p>The <strong>text</strong>.</p>"), "{whole}");
        assert!(!whole.contains("No."), "{whole}");
    }
}
