//! The picture of a QR code: a PNG in a data URL (RFC 2397), as small as possible.

use base64::prelude::{BASE64_STANDARD, Engine};
use miniz_oxide::deflate::compress_to_vec_zlib;
use png::{BitDepth, ColorType, Encoder, EncodingError};

use crate::qr::symbol::Symbol;

/// Width of the white border around the symbol, in modules (ISO/IEC 18004 §5.3.8).
const QUIET_ZONE: usize = 4;

/// Minimum pixels per side.
const MIN_PIXELS: usize = 200;

/// High enough to find the repeated rows; a higher level does not save a byte.
const DEFLATE_LEVEL: u8 = 6;

/// `data:image/png;base64,…` of `symbol`: one bit per pixel, a whole number of pixels per module, at least 200 pixels
/// wide.
///
/// # Errors
/// The PNG encoder failed, which is a bug.
pub fn data_url(symbol: &Symbol) -> Result<String, EncodingError> {
    Ok(format!("data:image/png;base64,{}", BASE64_STANDARD.encode(png(symbol)?)))
}

fn png(symbol: &Symbol) -> Result<Vec<u8>, EncodingError> {
    let modules = symbol.width() + 2 * QUIET_ZONE;
    let scale = MIN_PIXELS.div_ceil(modules);
    let side = modules * scale;

    let white = scanline(0, modules, scale);
    let mut scanlines = white.repeat(QUIET_ZONE * scale);
    for row in symbol.rows() {
        scanlines.extend_from_slice(&scanline(row << QUIET_ZONE, modules, scale).repeat(scale));
    }
    scanlines.extend_from_slice(&white.repeat(QUIET_ZONE * scale));

    let mut file = Vec::with_capacity(1024);
    let mut encoder = Encoder::new(&mut file, side as u32, side as u32);
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::One);
    let mut writer = encoder.write_header()?;
    // Compressed here rather than by the encoder, whose buffers are sized for photographs: clearing them takes ten
    // times as long as everything else here.
    writer.write_chunk(png::chunk::IDAT, &compress_to_vec_zlib(&scanlines, DEFLATE_LEVEL))?;
    writer.finish()?;
    Ok(file)
}

/// One line of pixels in PNG's form: the filter "none", then one bit per pixel, the leftmost pixel in the highest bit,
/// 1 for white.
fn scanline(row: u128, modules: usize, scale: usize) -> Vec<u8> {
    let mut line = vec![0xFF; 1 + (modules * scale).div_ceil(8)];
    if let Some((filter, pixels)) = line.split_first_mut() {
        *filter = 0;
        for module in (0..modules).filter(|module| row >> module & 1 == 1) {
            for x in module * scale..(module + 1) * scale {
                if let Some(byte) = pixels.get_mut(x / 8) {
                    *byte &= !(0x80 >> (x % 8));
                }
            }
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Vec<u8> {
        let url = data_url(&Symbol::encode(text).unwrap()).unwrap();
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
        assert_eq!((info.color_type, info.bit_depth), (ColorType::Grayscale, BitDepth::One));
    }

    #[test]
    fn the_decoder_finds_every_module_in_its_place() {
        let symbol = Symbol::encode("a test").unwrap();
        let file = file("a test");
        let mut decoder = png::Decoder::new(std::io::Cursor::new(&file));
        decoder.set_transformations(png::Transformations::EXPAND);
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let side = reader.next_frame(&mut pixels).unwrap().width as usize;
        let scale = side / (symbol.width() + 8);
        for y in 0..side {
            for x in 0..side {
                let (row, column) = ((y / scale).wrapping_sub(4), (x / scale).wrapping_sub(4));
                let dark = column < 128 && symbol.rows().nth(row).is_some_and(|row| row >> column & 1 == 1);
                assert_eq!(pixels[y * side + x] == 0, dark, "{x},{y}");
            }
        }
    }
}
