//! A whole event from the gateway.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| two_factor::fuzzing::event(bytes));
