//! The code that an authenticator app would show (RFC 6238: SHA-1, six digits, 30 s).

use std::time::{SystemTime, UNIX_EPOCH};

use ring::hmac;

/// The secret that the benchmark's user has enrolled: 160 bits.
pub(crate) const SECRET: &str = "MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U";

/// The current code for a secret in base32; `None` if it is not in base32.
pub(crate) fn code_of(secret: &str) -> Option<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    Some(code_at(&base32(secret)?, now))
}

fn code_at(secret: &[u8], now: u64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &(now / 30).to_be_bytes());
    let offset = tag.as_ref().last().map_or(0, |last| usize::from(last & 15));
    let four = tag.as_ref().iter().skip(offset).take(4);
    let number = four.fold(0_u32, |number, byte| number << 8 | u32::from(*byte)) & 0x7FFF_FFFF;
    format!("{:06}", number % 1_000_000)
}

fn base32(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0_u32);
    for letter in text.bytes() {
        let five = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => return None,
        };
        held = (held << 5 | u32::from(five)) & 0xFFF;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_the_one_of_the_standard() {
        assert_eq!(code_at(b"12345678901234567890", 59), "287082");
    }

    #[test]
    fn a_secret_is_read_as_its_bytes() {
        assert_eq!(base32(SECRET).as_deref(), Some(&b"abcdefghijklmnopqrst"[..]));
        assert_eq!(base32("1"), None);
    }
}
