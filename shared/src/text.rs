//! Characters that are invisible, or that only separate what people type.

/// Whether `c` is invisible: a space of any kind, or a character that only joins, separates or reorders others.
///
/// Unicode's `White_Space` and `Default_Ignorable_Code_Point` (UAX #44), and the empty Braille cell. Other control
/// characters do not count: nobody types or copies them by accident.
pub fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fff8}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Whether `c` only separates the groups of a number or a secret: a blank or a hyphen, including the no-break hyphen.
pub fn is_separator(c: char) -> bool {
    is_blank(c) || matches!(c, '-' | '\u{2010}' | '\u{2011}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_and_what_is_not_drawn_are_blank_and_nothing_that_is_seen() {
        let blank = " \t\n\u{a0}\u{202f}\u{2009}\u{3000}\u{200b}\u{200d}\u{2060}\u{feff}\u{202e}\u{2066}\u{ad}\u{3164}\u{2800}\u{e0001}";
        assert!(blank.chars().all(is_blank));
        assert!(!"a0-_.,+é字😀\u{301}\0\u{1b}".chars().any(is_blank));
    }

    #[test]
    fn a_hyphen_separates_and_a_dash_does_not() {
        assert!("- \u{2010}\u{2011}\u{a0}".chars().all(is_separator));
        assert!(!"\u{2013}\u{2014}_.+(/0a\0".chars().any(is_separator));
    }
}
