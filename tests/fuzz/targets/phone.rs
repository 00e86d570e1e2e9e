//! A country code and a number, separated by the first space. What is read is a number in the network's form, which
//! reads as the same number again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use two_factor::phone::PhoneNumber;
use two_factor::phone::countries::Countries;

fuzz_target!(|text: &str| {
    let (country_code, national) = text.split_once(' ').unwrap_or(("45", text));
    if let Ok(number) = PhoneNumber::parse(country_code, national, &Countries::All) {
        let e164 = number.e164();
        assert!((6..=16).contains(&e164.len()) && e164[1..].bytes().all(|b| b.is_ascii_digit()), "{}", *e164);
        let again = PhoneNumber::parse(number.country_code(), number.national(), &Countries::All);
        assert_eq!(again, Ok(number));
    }
});
