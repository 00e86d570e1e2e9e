//! A claim and an ID, separated by the first line break.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (claim, id) = text.split_once('\n').unwrap_or((text, "42"));
    two_factor::fuzzing::permission(claim, id);
});
