//! Every language, with every issuer and domain that a deployment may have, gives one message that a phone can read.

use proptest::prelude::*;

use super::*;

/// Issuers up to the 40 characters that the template allows: in GSM, outside it, outside the BMP, and with what looks
/// like a placeholder.
const ISSUERS: [&str; 8] = [
    "X",
    "Two-Factor",
    "Kommunernes Landsforening",
    "An issuer of the forty characters, all40",
    "€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€€",
    "Łódzka Spółdzielnia Mieszkaniowa „Zorza”",
    "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀",
    "{code} & {issuer} @evil.example #999999",
];

/// Domains up to the maximum length.
const DOMAINS: [&str; 4] = ["", "x.dk", "login.example.com", "two-factor.logins.staging.some-company.example"];

fn code() -> Code {
    Code::parse("012345").unwrap()
}

fn built_in(issuer: &str, domain: &str) -> SmsText {
    SmsText::built_in(&LANGUAGES[0], issuer, domain).unwrap()
}

fn own(template: &str, issuer: &str, domain: &str) -> String {
    SmsText::own(template, issuer, domain).unwrap().message(issuer, Some("da"), &code()).to_string()
}

/// The host and the code in an origin-bound one-time code message, as a browser reads them: "parse an origin-bound
/// one-time code message" in the WICG's specification, §3.2, without the embedded host.
fn origin_bound_code(message: &str) -> Option<(&str, &str)> {
    // Newlines are normalised, and only the last line counts.
    let line = message.rsplit(['\n', '\r']).next()?;
    let (host, rest) = marked_token(line, '@')?;
    let (code, _trailing_text_is_ignored) = marked_token(rest.strip_prefix(' ')?, '#')?;
    Some((host, code))
}

/// "Extract a marked token": the marker, and at least one code point that is not ASCII whitespace. Also returns the
/// rest.
fn marked_token(text: &str, marker: char) -> Option<(&str, &str)> {
    let text = text.strip_prefix(marker)?;
    let (token, rest) = text.split_at(text.find(|c: char| c.is_ascii_whitespace()).unwrap_or(text.len()));
    (!token.is_empty()).then_some((token, rest))
}

/// Asserts what must hold for every message.
fn assert_good(message: &str, issuer: &str, domain: &str, what: &str) {
    assert!(gsm::is_one_message(message), "{what}: {message}");
    assert!(message.starts_with("012345") || message.contains(": 012345"), "{what}: {message}");
    let without_issuer = message.replace(issuer, "");
    assert!(!without_issuer.contains(['{', '}']), "{what}: {message}");
    assert!(!message.contains("  "), "{what}: {message}");
    let found = origin_bound_code(message);
    assert_eq!(found, (!domain.is_empty()).then_some((domain, "012345")), "{what}: {message}");
}

#[test]
fn in_every_language_with_every_issuer_and_domain_it_is_one_message_with_the_code() {
    for language in LANGUAGES {
        for tag in language.tags {
            for issuer in ISSUERS {
                for domain in DOMAINS {
                    let message = built_in(issuer, domain).message(issuer, Some(tag), &code());
                    assert_good(&message, issuer, domain, tag);
                }
            }
        }
    }
}

/// The fullest text of a language, filled in.
fn full(language: &Language, issuer: &str) -> String {
    language.texts()[0].replace("{code}", "012345").replace("{issuer}", issuer)
}

#[test]
fn every_language_says_it_all_for_an_issuer_of_ten_characters() {
    for language in LANGUAGES {
        let message = built_in("Two-Factor", "").message("Two-Factor", Some(language.tags[0]), &code());
        assert_eq!(*message, full(language, "Two-Factor"));
    }
}

#[test]
fn a_language_that_gsm_can_spell_says_it_all_beside_a_web_otp_line_too() {
    for language in LANGUAGES {
        let message =
            built_in("Two-Factor", "login.example.com").message("Two-Factor", Some(language.tags[0]), &code());
        let is_full = message.starts_with(&full(language, "Two-Factor"));
        assert_eq!(is_full, gsm::septets(&language.texts()[0]).is_ok(), "{message:?}");
    }
}

#[test]
fn no_issuer_of_the_template_is_left_out_where_there_is_no_web_otp_line() {
    for issuer in ISSUERS.into_iter().filter(|issuer| issuer.encode_utf16().count() <= 40) {
        for language in LANGUAGES {
            let message = built_in(issuer, "").message(issuer, Some(language.tags[0]), &code());
            assert!(message.contains(issuer), "{message:?}");
        }
    }
}

#[test]
fn what_does_not_fit_goes_sentence_by_sentence_and_the_issuer_last() {
    for (issuer, domain, expected) in [
        (
            "Example",
            "",
            "012345 is your Example code. It is valid for 10 minutes; earlier codes no longer work. Do not share it.",
        ),
        ("Łódź", "", "012345 is your Łódź code. Do not share it."),
        ("Łódź Bank", "login.example.com", "012345 is your Łódź Bank code.\n@login.example.com #012345"),
        ("Łódzka Spółdzielnia Mieszkaniowa", "login.example.com", "012345 is your code.\n@login.example.com #012345"),
    ] {
        assert_eq!(*built_in(issuer, domain).message(issuer, Some("en"), &code()), expected);
    }
}

#[test]
fn without_a_language_of_ours_it_is_the_default() {
    let text = SmsText::built_in(Language::of("de").unwrap(), "X", "").unwrap();
    for locale in [None, Some(""), Some("tlh"), Some("de-AT"), Some("{code}"), Some("en;q=0.5")] {
        assert!(text.message("X", locale, &code()).starts_with("012345 ist Ihr Code für X."), "{locale:?}");
    }
    assert!(text.message("X", Some("en-GB"), &code()).starts_with("012345 is your X code."));
}

#[test]
fn the_longest_domain_is_the_longest_that_fits_in_every_language_whatever_the_issuer() {
    let domain = |length: usize| format!("{}.example", "a".repeat(length - ".example".len()));
    let fits = |length: usize| {
        let shortest = |language: &Language| message(language.shortest(), "", &domain(length), "012345");
        LANGUAGES.iter().all(|language| gsm::is_one_message(&shortest(language)))
    };
    assert!(fits(MAX_DOMAIN) && !fits(MAX_DOMAIN + 1));
    assert!(SmsText::built_in(&LANGUAGES[0], "X", &domain(MAX_DOMAIN)).is_ok());
    let too_long = SmsText::built_in(&LANGUAGES[0], "X", &domain(MAX_DOMAIN + 1)).unwrap_err();
    assert_eq!(too_long, InvalidSmsText::DomainTooLong);
    assert_eq!(DOMAINS.map(str::len).into_iter().max(), Some(MAX_DOMAIN));
}

#[test]
fn an_own_text_is_filled_in_and_is_the_same_for_everybody() {
    assert_eq!(own("{code} is your {issuer} code.", "Example", ""), "012345 is your Example code.");
    assert_eq!(own("Your code: {code}", "X", "example.com"), "Your code: 012345\n@example.com #012345");
}

#[test]
fn an_issuer_of_the_callers_own_is_said_where_the_message_stays_one() {
    let text = SmsText::own("{code} is your {issuer} code, which nobody else should know.", "X", "").unwrap();
    let said = |issuer: &str| text.message(issuer, None, &code()).contains(&format!("your {issuer} code"));
    assert!(said("Acme") && said("Łódź"));
    for issuer in ["a".repeat(130), "Łódzka Spółdzielnia Mieszkaniowa".to_owned()] {
        let message = text.message(&issuer, None, &code());
        assert_eq!(*message, "012345 is your X code, which nobody else should know.");
    }
    let built_in = built_in("X", "");
    assert!(built_in.message("Acme", None, &code()).starts_with("012345 is your Acme code."));
    assert_eq!(*built_in.message(&"a".repeat(160), None, &code()), "012345 is your code.");
}

#[test]
fn an_own_text_without_code_or_over_160_characters_or_outside_gsm_is_refused() {
    let refused = |template: &str, issuer: &str| SmsText::own(template, issuer, "").unwrap_err();
    assert_eq!(refused("hello", "X"), InvalidSmsText::NoCode);
    assert!(SmsText::own(&format!("{{code}}{}", "a".repeat(154)), "X", "").is_ok());
    assert_eq!(refused(&format!("{{code}}{}", "a".repeat(155)), "X"), InvalidSmsText::TooLong(161));
    assert_eq!(refused("{code} ✓", "X"), InvalidSmsText::NotGsm('✓'));
    assert_eq!(refused("{code} {issuer}", "Ünïcode"), InvalidSmsText::NotGsm('ï'));
}

#[test]
fn a_refusal_goes_on_from_the_name_of_the_setting() {
    for (error, sentence) in [
        (InvalidSmsText::NoCode, "must contain {code}"),
        (InvalidSmsText::NotGsm('✓'), "contains '✓', which is not in the GSM alphabet of SMS"),
        (InvalidSmsText::TooLong(161), "makes a message of 161 characters; at most 160 fit into one SMS"),
        (InvalidSmsText::DomainTooLong, "is too long; at most 46 characters fit into an SMS in every language"),
    ] {
        assert_eq!(error.to_string(), sentence);
    }
}

#[test]
fn the_browsers_grammar_refuses_what_is_not_bound_to_an_origin() {
    for message in [
        "",
        "012345",
        "text @example.com #012345",
        "#012345 @example.com",
        "@example.com  #012345",
        "@example.com code #012345",
        "@ #012345",
        "@example.com #",
        "@example.com #012345\nmore",
    ] {
        assert_eq!(origin_bound_code(message), None, "{message}");
    }
    assert_eq!(origin_bound_code("a\n\n@example.com #012345 %b.example"), Some(("example.com", "012345")));
}

proptest! {
    #[test]
    fn whatever_issuer_domain_and_locale_it_is_one_message_with_the_code(
        issuer in "[^:\\p{C}]{1,40}",
        domain in "([a-z0-9]{1,20}\\.[a-z0-9]{1,25})?",
        language in 0..LANGUAGES.len(),
        hostile in "\\PC*",
    ) {
        let text = built_in(&issuer, &domain);
        for locale in [LANGUAGES[language].tags[0], hostile.as_str()] {
            let message = text.message(&issuer, Some(locale), &code());
            prop_assert!(gsm::is_one_message(&message), "{}", message.as_str());
            prop_assert!(message.contains("012345"), "{}", message.as_str());
            if !domain.is_empty() {
                prop_assert_eq!(origin_bound_code(&message), Some((domain.as_str(), "012345")));
            }
        }
    }
}
