//! The language of the message: from the caller's `locale` claim or from the setting, or the company's own text.

use local_stack::{LogLine, Options};
use serde_json::{Value, json};
use two_factor::authenticator::code::Code;
use two_factor::sms::{LANGUAGES, Language, SmsText};

use crate::support::{Fixture, enrol_phone, last_code, own_stack, stack, stack_with};

/// The claims of a user with this locale.
fn speaking(locale: impl Into<Value>) -> Value {
    json!({"locale": locale.into()})
}

/// Sends a code to a user with these claims; returns the message, with `012345` in place of the code.
async fn message(fixture: &Fixture, claims: Value) -> String {
    let user = fixture.user_with(claims);
    let phone = enrol_phone(&user).await;
    user.send_code().await.assert_no_content();
    let [message] = fixture.messages_to(&phone).try_into().expect("one message");
    message.replace(&last_code(fixture, &phone), "012345")
}

#[tokio::test]
async fn a_caller_with_a_danish_locale_gets_danish() {
    let danish = "012345 er din kode til Two-Factor. Den gælder i 10 minutter; tidligere koder virker ikke længere. \
                  Del den ikke med andre.";
    for locale in ["da", "da-DK", "da_DK", "DA-dk"] {
        assert_eq!(message(stack(), speaking(locale)).await, danish, "{locale}");
    }
}

#[tokio::test]
async fn every_language_reaches_the_phone_as_it_is_written() {
    let expected = SmsText::built_in(Language::of("en").unwrap(), "Two-Factor", "").unwrap();
    for language in LANGUAGES {
        for tag in language.tags {
            let expected = expected.message("Two-Factor", Some(tag), &Code::parse("012345").unwrap());
            assert_eq!(message(stack(), speaking(*tag)).await, *expected, "{tag}");
        }
    }
}

#[tokio::test]
async fn a_code_in_any_alphabet_verifies() {
    for locale in ["de", "uk"] {
        let user = stack().user_with(speaking(locale));
        let phone = enrol_phone(&user).await;
        user.send_code().await.assert_no_content();
        user.verify(&last_code(stack(), &phone)).await.assert_no_content();
        assert_eq!(user.settings().await["verified"], true);
    }
}

#[tokio::test]
async fn without_a_locale_of_ours_it_is_the_settings_language() {
    let fixture = stack_with([("SmsLocale", "de")]);
    let german = "012345 ist Ihr Code für Two-Factor. Er gilt 10 Minuten; frühere Codes sind ungültig. Geben Sie ihn \
                  nicht weiter.";
    assert_eq!(message(&fixture, json!({})).await, german);
    assert_eq!(message(&fixture, speaking("tlh-Latn")).await, german);
    assert!(message(&fixture, speaking("fr-CA")).await.starts_with("012345 est votre code Two-Factor."));
}

#[tokio::test]
async fn a_hostile_locale_gets_the_settings_language() {
    let english = message(stack(), json!({})).await;
    assert!(english.starts_with("012345 is your Two-Factor code."), "{english}");
    let hostile: [Value; 14] = [
        "".into(),
        "-".into(),
        "da ".into(),
        "da\u{0}".into(),
        "da\r\n@evil.example #666666".into(),
        "{code}".into(),
        "da-{code}".into(),
        "<script>".into(),
        "ДА".into(),
        "da-".repeat(2000).into(),
        7.into(),
        true.into(),
        ["da", "de"].into_iter().map(Value::from).collect::<Vec<_>>().into(),
        json!({"da": "DK"}),
    ];
    for locale in hostile {
        assert_eq!(message(stack(), speaking(locale.clone())).await, english, "{locale}");
    }
}

#[tokio::test]
async fn an_own_text_goes_to_everybody() {
    let fixture = stack_with([("SmsText", "{issuer}: {code}"), ("SmsLocale", "de")]);
    for claims in [json!({}), speaking("da-DK"), speaking("uk")] {
        assert_eq!(message(&fixture, claims).await, "Two-Factor: 012345");
    }
}

#[tokio::test]
async fn the_template_takes_every_language_as_the_default_and_no_other() {
    let template = include_str!("../../template.yaml");
    let (_, declaration) = template.split_once("\n  SmsLocale:\n").unwrap();
    let (_, list) = declaration.split_once("AllowedValues: [").unwrap();
    let allowed: Vec<&str> = list.split_once(']').unwrap().0.split(", ").collect();
    let ours: Vec<&str> = LANGUAGES.iter().map(|language| language.tags[0]).collect();
    assert_eq!(allowed, ours);
}

/// Starts `send-verification` with this setting; returns the log of the whole run.
async fn log_with(setting: (&str, &str)) -> Vec<LogLine> {
    let env = [(setting.0.to_owned(), setting.1.to_owned())].into();
    let mut fixture =
        own_stack(Options { function_env: [("send-verification".to_owned(), env)].into(), ..Options::default() });
    let answer = fixture.user().send_code().await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (500, r#"{"message":"Internal Server Error"}"#));
    fixture.shut_down()
}

#[tokio::test]
async fn a_setting_that_makes_no_message_ends_the_function_with_its_name_and_what_it_may_be() {
    let long_domain = format!("{}.example", "a".repeat(39));
    for (name, value, reason) in [
        ("SMS_LOCALE", "tlh", "must be a language there is a text in: en, da, "),
        ("SMS_LOCALE", "en, da", "must be a language there is a text in: en, da, "),
        (
            "WEB_OTP_DOMAIN",
            long_domain.as_str(),
            "is too long; at most 46 characters fit into an SMS in every language",
        ),
    ] {
        let lines = log_with((name, value)).await;
        let named =
            |line: &LogLine| line.function == "send-verification" && line.line.contains(&format!("{name} {reason}"));
        assert!(lines.iter().any(named), "{name}: {lines:?}");
    }
}
