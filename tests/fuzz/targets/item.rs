//! An item as it might be in the table: written by an older version, by another program, or by an attacker.
#![no_main]

use aws_sdk_dynamodb::types::AttributeValue;
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 20] = [
    "method",
    "secret",
    "phone",
    "verified",
    "enrolment",
    "code_hash",
    "code_expires",
    "code_tries",
    "failures",
    "last_attempt",
    "attempt",
    "accepted",
    "last_step",
    "last_step_secret",
    "sends",
    "expires_at",
    "other",
    "recovery_codes",
    "locked_attempt",
    "event",
];

/// Attributes: name, kind and length in a byte each, then the content.
fn attributes(mut bytes: &[u8]) -> Vec<(String, AttributeValue)> {
    let mut attributes = Vec::new();
    while let [name, kind, length, rest @ ..] = bytes {
        let (content, behind) = rest.split_at(usize::from(*length).min(rest.len()));
        let text = String::from_utf8_lossy(content).into_owned();
        let value = match kind % 8 {
            0 => AttributeValue::S(text),
            1 => AttributeValue::N(text),
            2 => AttributeValue::Ns(text.split(' ').map(str::to_owned).collect()),
            3 => AttributeValue::Bool(length % 2 == 0),
            4 => AttributeValue::Null(true),
            7 => AttributeValue::Ss(text.split(' ').map(str::to_owned).collect()),
            5 => AttributeValue::L(vec![AttributeValue::S(text)]),
            _ => AttributeValue::S(if length % 2 == 0 { "google" } else { "sms" }.to_owned()),
        };
        attributes.push((NAMES[usize::from(*name) % NAMES.len()].to_owned(), value));
        bytes = behind;
    }
    attributes
}

// `now` in eight bytes, a byte that says whether to seal, then attributes.
fuzz_target!(|bytes: &[u8]| {
    if let Some((now, [seal, rest @ ..])) = bytes.split_first_chunk::<8>() {
        // This is the function's own clock rather than outside input: any second that a clock may reach, and no more.
        let now = u64::from_be_bytes(*now) >> 8;
        two_factor::fuzzing::item(attributes(rest), seal % 2 == 0, now);
    }
});
