//! The QR code of a provisioning URI as a PNG (ISO/IEC 18004; RFC 2397 for the data URL).

use base64::prelude::{BASE64_STANDARD, Engine};
use qrcode::{Color, EcLevel, QrCode};

/// Modules of white around the symbol (ISO/IEC 18004 §5.3.8).
const QUIET_ZONE: usize = 4;

/// Fewest pixels of a side.
const MIN_PIXELS: usize = 200;

/// Why a text has no picture: too long for a QR code, or the PNG encoder failed.
#[derive(Debug)]
pub struct NoPicture(String);

impl std::fmt::Display for NoPicture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// `data:image/png;base64,…` of the QR code of `text`: one bit a pixel, whole pixels a module, error correction level M,
/// which survives a turned or dirty picture better than L.
///
/// # Errors
/// `text` is too long for a QR code.
pub fn data_url(text: &str) -> Result<String, NoPicture> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(|e| NoPicture(e.to_string()))?;
    let png = png(&code).map_err(|e| NoPicture(e.to_string()))?;
    Ok(format!("data:image/png;base64,{}", BASE64_STANDARD.encode(png)))
}

fn png(code: &QrCode) -> Result<Vec<u8>, png::EncodingError> {
    let modules = code.width() + 2 * QUIET_ZONE;
    let scale = MIN_PIXELS.div_ceil(modules);
    let side = modules * scale;
    let row_bytes = side.div_ceil(8);

    let white_row = vec![0xFF; row_bytes];
    let mut pixels = white_row.repeat(QUIET_ZONE * scale);
    for module_row in code.to_colors().chunks(code.width()) {
        let mut row = white_row.clone();
        for (x, _) in module_row.iter().enumerate().filter(|(_, color)| **color == Color::Dark) {
            for pixel in (x + QUIET_ZONE) * scale..(x + QUIET_ZONE + 1) * scale {
                if let Some(byte) = row.get_mut(pixel / 8) {
                    *byte &= !(0x80 >> (pixel % 8));
                }
            }
        }
        pixels.extend_from_slice(&row.repeat(scale));
    }
    pixels.extend_from_slice(&white_row.repeat(QUIET_ZONE * scale));

    let mut file = Vec::with_capacity(1024);
    let mut encoder = png::Encoder::new(&mut file, side as u32, side as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    // Rows repeat as modules are several pixels high: the Up filter turns all but the first of each into zeros.
    encoder.set_filter(png::Filter::Up);
    encoder.set_deflate_compression(png::DeflateCompression::Level(9));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Vec<u8> {
        let url = data_url(text).unwrap();
        BASE64_STANDARD.decode(url.strip_prefix("data:image/png;base64,").unwrap()).unwrap()
    }

    #[test]
    fn the_picture_is_at_least_200_pixels_wide_of_one_bit_and_under_a_kilobyte() {
        let uri =
            format!("otpauth://totp/Example%20App:ann%40example.com?secret={}&issuer=Example%20App", "A".repeat(32));
        let file = file(&uri);
        assert!(file.len() <= 1024, "{}", file.len());
        let reader = png::Decoder::new(std::io::Cursor::new(&file)).read_info().unwrap();
        let info = reader.info();
        assert!(info.width >= 200 && info.width == info.height);
        assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Grayscale, png::BitDepth::One));
    }

    #[test]
    fn the_longest_uri_still_has_a_picture_and_a_longer_text_is_an_error() {
        assert!(data_url(&"a".repeat(crate::provisioning::MAX_URI_BYTES)).is_ok());
        assert!(data_url(&"a".repeat(3000)).is_err());
    }
}
