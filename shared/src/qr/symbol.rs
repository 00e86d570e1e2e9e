//! The modules of a QR code (ISO/IEC 18004 §7), with the mask that disturbs a reader least.
//!
//! The `qrcode` crate does the encoding. It could also choose the mask, but it scores single modules, for each of eight
//! masks, which takes some forty times as long as everything else. Here whole rows of modules are scored at once, as
//! the bits of a number, by the same rules and with the same result.

use qrcode::bits::encode_auto;
use qrcode::canvas::{Canvas, MaskPattern};
use qrcode::ec::construct_codewords;
use qrcode::types::{QrError, QrResult};
use qrcode::{Color, EcLevel};

/// Widest symbol whose rows fit into a `u128` with the margin that the scoring needs: version 25, far beyond what a
/// camera reads.
const MAX_WIDTH: usize = 117;

const MASKS: [MaskPattern; 8] = [
    MaskPattern::Checkerboard,
    MaskPattern::HorizontalLines,
    MaskPattern::VerticalLines,
    MaskPattern::DiagonalLines,
    MaskPattern::LargeCheckerboard,
    MaskPattern::Fields,
    MaskPattern::Diamonds,
    MaskPattern::Meadow,
];

/// A QR code. Dark modules are ones; the leftmost module of a row is its lowest bit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    rows: Vec<u128>,
    columns: Vec<u128>,
}

impl Symbol {
    /// The QR code for `text` at error correction level M, which tolerates a tilted or dirty picture better than L.
    ///
    /// # Errors
    /// `text` is too long.
    pub fn encode(text: &str) -> QrResult<Self> {
        let bits = encode_auto(text.as_bytes(), EcLevel::M)?;
        let version = bits.version();
        if usize::try_from(version.width()).is_ok_and(|width| width > MAX_WIDTH) {
            return Err(QrError::DataTooLong);
        }
        let (data, correction) = construct_codewords(&bits.into_bytes(), version, EcLevel::M)?;
        let mut canvas = Canvas::new(version, EcLevel::M);
        canvas.draw_all_functional_patterns();
        canvas.draw_data(&data, &correction);
        let masked = MASKS.iter().map(|mask| {
            let mut masked = canvas.clone();
            masked.apply_mask(*mask);
            Self::of(masked)
        });
        masked.min_by_key(Self::penalty).ok_or(QrError::InvalidVersion)
    }

    /// Modules per side.
    pub fn width(&self) -> usize {
        self.rows.len()
    }

    /// The rows, top to bottom.
    pub fn rows(&self) -> impl Iterator<Item = u128> {
        self.rows.iter().copied()
    }

    fn of(canvas: Canvas) -> Self {
        let colors = canvas.into_colors();
        let width = colors.len().isqrt();
        let mut symbol = Self { rows: Vec::with_capacity(width), columns: vec![0; width] };
        for (y, colors) in colors.chunks(width).enumerate() {
            let mut row = 0;
            for (x, (color, column)) in colors.iter().zip(&mut symbol.columns).enumerate() {
                let dark = u128::from(*color == Color::Dark);
                row |= dark << x;
                *column |= dark << y;
            }
            symbol.rows.push(row);
        }
        symbol
    }

    /// How much this mask disturbs a reader (§7.8.3): lower is better.
    fn penalty(&self) -> u32 {
        let width = self.width();
        let lines = self.rows.iter().chain(&self.columns);
        let within_lines: u32 = lines.map(|line| runs(*line, width) + finders(*line)).sum();
        let blocks: u32 =
            self.rows.windows(2).map(|pair| if let [a, b] = pair { blocks(*a, *b, width) } else { 0 }).sum();
        let dark: u32 = self.rows.iter().map(|row| row.count_ones()).sum();
        let ratio = dark * 200 / (width * width) as u32;
        within_lines + blocks + ratio.abs_diff(100)
    }
}

/// The lowest `count` bits.
fn lowest(count: usize) -> u128 {
    (1 << count) - 1
}

/// The positions where a module equals the next one in its line.
fn alike(line: u128, width: usize) -> u128 {
    !(line ^ (line >> 1)) & lowest(width - 1)
}

/// Runs of five or more equal modules: 3 for each, and 1 for each module beyond the fifth.
fn runs(line: u128, width: usize) -> u32 {
    let alike = alike(line, width);
    let fives = alike & (alike >> 1) & (alike >> 2) & (alike >> 3);
    let starts = fives & !(fives << 1);
    fives.count_ones() + 2 * starts.count_ones()
}

/// Patterns that look like a finder, `#.###.#` with four light modules before or after: 40 for each.
fn finders(line: u128) -> u32 {
    // Makes room for four modules before the first; modules outside the symbol are light.
    let line = line << 4;
    let looks = line & !(line >> 1) & (line >> 2) & (line >> 3) & (line >> 4) & !(line >> 5) & (line >> 6);
    let light_before = !((line << 1) | (line << 2) | (line << 3) | (line << 4));
    let light_behind = !((line >> 7) | (line >> 8) | (line >> 9) | (line >> 10));
    40 * (looks & (light_before | light_behind)).count_ones()
}

/// Two-by-two blocks of equal modules in two rows: 3 for each.
fn blocks(upper: u128, lower: u128, width: usize) -> u32 {
    let alike_down = !(upper ^ lower) & lowest(width);
    3 * (alike_down & (alike_down >> 1) & alike(upper, width)).count_ones()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use qrcode::QrCode;

    #[test]
    fn a_text_too_long_is_refused() {
        assert!(Symbol::encode(&"a".repeat(900)).is_ok());
        assert!(Symbol::encode(&"a".repeat(1100)).is_err());
        assert!(Symbol::encode(&"a".repeat(5000)).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn the_symbol_is_the_one_that_the_slow_choice_gives(text in "[ -~]{0,60}|otpauth://totp/[a-z%0-9]{100,350}") {
            let slow = QrCode::with_error_correction_level(&text, EcLevel::M).unwrap();
            let width = slow.width();
            let rows: Vec<u128> = slow
                .to_colors()
                .chunks(width)
                .map(|row| row.iter().rev().fold(0, |bits, color| bits << 1 | u128::from(*color == Color::Dark)))
                .collect();
            prop_assert_eq!(Symbol::encode(&text).unwrap().rows, rows);
        }
    }
}
