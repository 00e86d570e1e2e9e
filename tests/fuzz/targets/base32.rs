//! The secret of an authenticator app, and a recovery code, as somebody types them. What is read is written in one
//! form, which reads as the same value.
#![no_main]

use libfuzzer_sys::fuzz_target;
use two_factor::authenticator::recovery_code::RecoveryCode;
use two_factor::authenticator::secret::Secret;

fuzz_target!(|text: &str| {
    if let Ok(secret) = Secret::parse(text) {
        let canonical = secret.to_base32();
        assert!((80..=512).contains(&(secret.as_bytes().len() * 8)));
        assert!(canonical.bytes().all(|b| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b)));
        assert_eq!(Secret::parse(&canonical), Ok(secret));
    }
    if let Some(code) = RecoveryCode::parse(text) {
        assert_eq!(RecoveryCode::parse(&code.to_text()), Some(code));
    }
});
