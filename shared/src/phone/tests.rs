use proptest::prelude::*;

use super::*;

fn parse(prefix: &str, national: &str) -> Result<PhoneNumber, InvalidPhoneNumber> {
    PhoneNumber::parse(prefix, national, &Countries::All)
}

fn of_integer(prefix: &str, national: u64) -> Result<PhoneNumber, InvalidPhoneNumber> {
    PhoneNumber::of(&Prefix::parse(prefix)?, &National::from_integer(national)?, &Countries::All)
}

fn e164(number: Result<PhoneNumber, InvalidPhoneNumber>) -> Result<String, InvalidPhoneNumber> {
    number.map(|number| number.e164().to_string())
}

fn why_not(prefix: &str, national: &str) -> InvalidNumber {
    match parse(prefix, national) {
        Err(InvalidPhoneNumber::Number(why)) => why,
        other => panic!("+{prefix} {national}: {other:?}"),
    }
}

#[test]
fn numbers_of_many_countries_are_read_to_their_canonical_form() {
    for (code, typed, national, country) in [
        ("45", "20123456", "20123456", "DK"),
        ("1", "2015550123", "2015550123", "US"),
        ("44", "7912345678", "7912345678", "GB"),
        ("44", "07912345678", "7912345678", "GB"),
        ("44", "07911123456", "7911123456", "GG"),
        ("225", "0701234567", "0701234567", "CI"),
        ("39", "3123456789", "3123456789", "IT"),
        ("46", "701234567", "701234567", "SE"),
        ("49", "015123456789", "15123456789", "DE"),
        ("36", "06 20 123 4567", "201234567", "HU"),
    ] {
        let number = parse(code, typed).unwrap_or_else(|error| panic!("+{code} {typed}: {error:?}"));
        assert_eq!((number.country_code(), number.national(), number.country()), (code, national, country));
        assert_eq!(*number.e164(), format!("+{code}{national}"));
    }
}

#[test]
fn an_integer_gets_the_zeros_back_that_its_number_begins_with_and_a_text_does_not() {
    for (code, integer, lost) in [
        ("225", 701_234_567, "0701234567"),
        ("992", 12_345_678, "012345678"),
        ("992", 1_234_567, "001234567"),
        ("992", 123_456, "000123456"),
    ] {
        assert_eq!(e164(of_integer(code, integer)), Ok(format!("+{code}{lost}")));
        assert_eq!(e164(parse(code, lost)), Ok(format!("+{code}{lost}")));
        assert_eq!(why_not(code, &integer.to_string()), InvalidNumber::TooShort, "+{code} {integer}");
    }
    assert_eq!(of_integer("992", 12_345), Err(InvalidNumber::TooShort.into()));
    assert_eq!(e164(of_integer("44", 7_912_345_678)), Ok("+447912345678".to_owned()));
}

#[test]
fn a_digit_that_is_missing_from_a_text_does_not_make_it_somebody_elses_number() {
    assert_eq!(why_not("992", "91712345"), InvalidNumber::TooShort);
    assert_eq!(why_not("225", "701234567"), InvalidNumber::TooShort);
}

#[test]
fn spaces_and_hyphens_do_not_matter() {
    for (prefix, national) in [
        ("45", "20 12 34 56"),
        (" 45 ", "20-12-34-56"),
        ("4 5", "20\u{a0}12\u{202f}34\u{2009}56"),
        ("45", "\u{202a}20123456\u{202c}"),
        ("45\u{200b}", "\u{feff}2012\u{2011}3456\n"),
    ] {
        assert_eq!(e164(parse(prefix, national)), Ok("+4520123456".to_owned()), "{prefix:?} {national:?}");
    }
}

#[test]
fn an_argentine_mobile_is_understood_without_its_9() {
    for typed in ["1169071234", "011 6907-1234", "91169071234", "011 15 6907-1234", "1115 6907 1234"] {
        let number = parse("54", typed).unwrap_or_else(|error| panic!("{typed}: {error:?}"));
        assert_eq!(number.national(), "91169071234", "{typed}");
    }
    assert_eq!(e164(of_integer("54", 1_169_071_234)), Ok("+5491169071234".to_owned()));
    assert!(parse("54", "116907123").is_err());
}

#[test]
fn a_prefix_may_have_the_area_code_in_it_as_country_pickers_do() {
    for (prefix, typed, e164_number, country) in [
        ("1242", "3591234", "+12423591234", "BS"),
        ("1242", "2423591234", "+12423591234", "BS"),
        ("1-242", "242 359 1234", "+12423591234", "BS"),
        ("1876", "2101234", "+18762101234", "JM"),
        ("1876", "8762101234", "+18762101234", "JM"),
        ("1787", "2345678", "+17872345678", "PR"),
        ("1787", "7872345678", "+17872345678", "PR"),
        ("1787", "9392345678", "+19392345678", "PR"),
        ("1809", "8292345678", "+18292345678", "DO"),
        ("77", "7710009998", "+77710009998", "KZ"),
        ("5999", "95181234", "+59995181234", "CW"),
    ] {
        let number = parse(prefix, typed).unwrap_or_else(|error| panic!("+{prefix} {typed}: {error:?}"));
        assert_eq!((number.e164().as_str(), number.country()), (e164_number, country), "+{prefix} {typed}");
    }
}

#[test]
fn a_prefix_with_an_area_code_takes_no_number_of_another_country() {
    // The last pair is Svalbard's prefix with a Norwegian number.
    for (prefix, typed) in [
        ("1242", "8762101234"),
        ("1242", "2015550123"),
        ("1787", "2423591234"),
        ("1242", "359123"),
        ("4779", "41234567"),
    ] {
        assert!(matches!(parse(prefix, typed), Err(InvalidPhoneNumber::Number(_))), "+{prefix} {typed}");
    }
    // A United States area code does not identify a country.
    assert_eq!(parse("1201", "5550123"), Err(InvalidPrefix::Unknown.into()));
}

#[test]
fn what_is_no_countrys_code_is_told_of_the_prefix() {
    for (code, why) in [
        ("", InvalidPrefix::NotDigits),
        ("+45", InvalidPrefix::NotDigits),
        ("٤٥", InvalidPrefix::NotDigits),
        ("45.0", InvalidPrefix::NotDigits),
        ("0", InvalidPrefix::Unknown),
        ("045", InvalidPrefix::Unknown),
        ("0045", InvalidPrefix::Unknown),
        ("999", InvalidPrefix::Unknown),
        ("210", InvalidPrefix::Unknown),
        ("4545", InvalidPrefix::Unknown),
        ("12424242", InvalidPrefix::Unknown),
        ("10", InvalidPrefix::Unknown),
    ] {
        assert_eq!(parse(code, "20123456"), Err(why.into()), "{code}");
    }
}

#[test]
fn a_number_of_no_country_is_refused_whatever_countries_are_served() {
    for code in ["800", "808", "870", "878", "881", "882", "883", "888", "979"] {
        assert_eq!(parse(code, "12345678"), Err(InvalidPrefix::NoCountry.into()), "{code}");
    }
}

#[test]
fn the_true_reason_is_told_of_a_number_that_cannot_be() {
    for (national, why) in [
        ("", InvalidNumber::NotDigits),
        ("+4520123456", InvalidNumber::NotDigits),
        ("２０１２３４５６", InvalidNumber::NotDigits),
        ("2012345a", InvalidNumber::NotDigits),
        ("20.12.34.56", InvalidNumber::NotDigits),
        ("1", InvalidNumber::TooShort),
        ("2012345", InvalidNumber::TooShort),
        ("201234567", InvalidNumber::TooLong),
        ("4520123456", InvalidNumber::TooLong),
        ("2012345678901234", InvalidNumber::TooLong),
        ("00000000", InvalidNumber::Unknown),
    ] {
        assert_eq!(why_not("45", national), why, "{national}");
    }
    assert_eq!(of_integer("45", u64::MAX), Err(InvalidNumber::TooLong.into()));
    assert_eq!(of_integer("45", 0), Err(InvalidNumber::TooShort.into()));
    assert_eq!(why_not("1", "5550123"), InvalidNumber::TooShort, "an area code is missing");
}

#[test]
fn a_landline_is_told_that_it_is_one_and_other_numbers_that_they_are_no_mobiles() {
    for (code, national, why) in [
        ("39", "0612345678", InvalidNumber::Landline),
        ("44", "2079460000", InvalidNumber::Landline),
        ("45", "90123456", InvalidNumber::NotMobile),
        ("1", "8005550123", InvalidNumber::NotMobile),
    ] {
        assert_eq!(why_not(code, national), why, "+{code} {national}");
    }
    assert_eq!(of_integer("44", 2_079_460_000), Err(InvalidNumber::Landline.into()));
}

#[test]
fn a_country_off_the_list_is_told_of_the_half_that_says_the_country() {
    let only = |list: &str, code: &str, national: &str| {
        PhoneNumber::parse(code, national, &Countries::parse(list).unwrap()).map(|number| number.country().to_owned())
    };
    assert_eq!(only("SE", "45", "20123456"), Err(InvalidPrefix::NotServed.into()));
    assert_eq!(only("SE", "46", "701234567"), Ok("SE".to_owned()));
    assert_eq!(only("GB", "44", "7797712345"), Err(InvalidNumber::NotServed.into()), "Jersey");
    assert_eq!(only("GB,JE", "44", "7797712345"), Ok("JE".to_owned()));
    assert_eq!(only("CA", "1", "6135550123"), Ok("CA".to_owned()));
    assert_eq!(only("CA", "1", "2015550123"), Err(InvalidNumber::NotServed.into()));
    assert_eq!(only("US", "1242", "3591234"), Err(InvalidPrefix::NotServed.into()));
}

#[test]
fn gabons_obsolete_forms_are_what_libphonenumber_says() {
    assert_eq!(e164(parse("241", "02474849")), Ok("+24102474849".to_owned()));
    assert_eq!(e164(parse("241", "2474849")), Ok("+2412474849".to_owned()));
    assert_eq!(e164(parse("241", "062474849")), Ok("+24162474849".to_owned()));
}

#[test]
fn what_is_stored_reads_back_and_anything_else_does_not() {
    let number = parse("225", "0701234567").unwrap();
    assert_eq!(PhoneNumber::from_stored(&number.to_stored()), Some(number));
    for text in ["", "45", "45 20123456", "45 20123456 DK x", "+45 20123456 DK", "45  DK"] {
        assert_eq!(PhoneNumber::from_stored(text), None, "{text}");
    }
}

#[test]
fn the_debug_form_shows_no_digit() {
    assert_eq!(format!("{:?}", parse("45", "20123456").unwrap()), "PhoneNumber(DK)");
    assert_eq!(format!("{:?}", National::parse("20123456").unwrap()), "National(…)");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_text_makes_it_panic(code in ".{0,4}|[0-9]{0,8}", national in ".{0,20}|[0-9]{0,20}") {
        let _ = parse(&code, &national);
    }

    #[test]
    fn what_is_read_reads_as_the_same_again(code in "1|7|44|45|54|225|241|992|1242", national in "[0-9]{4,11}", integer: bool) {
        let number = if integer { of_integer(&code, national.parse().unwrap()) } else { parse(&code, &national) };
        if let Ok(number) = number {
            prop_assert_eq!(parse(number.country_code(), number.national()), Ok(number));
        }
    }
}
