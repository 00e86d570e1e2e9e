//! The built-in texts, one entry per language. To add a language, add an entry here, and one to `SmsLocale` in
//! `template.yaml` if it may be the default. The tests take the languages from this table.
//!
//! How they are written:
//!
//! - The code comes first, where the phone's preview shows it, or right after the issuer.
//! - `{issuer}` stands where no language's grammar would inflect it.
//! - The spelling is always correct: a message without its accents is readable, but looks like fraud. So Polish and
//!   Spanish use words that the GSM alphabet can spell: `jednorazowy kod` and `anuluje` have no accent, and banks say
//!   `clave` for `código`. This gives them 160 characters, and room for all three sentences.
//! - Portuguese, Czech and Ukrainian need other letters. They say the same in 70 characters, with a short issuer.

/// The sentences in one language. `validity` and `warning` refer to the code that `code` names.
#[derive(Debug, PartialEq, Eq)]
pub struct Language {
    /// Its BCP 47 tags, the usual one first.
    pub tags: &'static [&'static str],
    /// Whose code it is, with `{code}` and `{issuer}`.
    code: &'static str,
    /// It is valid for 10 minutes ([`crate::authenticator::challenge::LIFETIME`]), and earlier codes are void.
    validity: &'static str,
    /// Nobody else should get it.
    warning: &'static str,
    /// `{code}` without the issuer, for a message that has no room for the issuer.
    alone: &'static str,
}

/// The longest language tag that is accepted (RFC 5646 §4.4.1).
const MAX_TAG_LENGTH: usize = 35;

impl Language {
    /// The language for a BCP 47 tag, by lookup (RFC 4647 §3.4): `de-AT` gives `de`. `da_DK`, as some providers write
    /// it, is accepted too (OpenID Connect Core 1.0 §5.1). `None` if the text is not a tag or its language has no
    /// texts.
    pub fn of(tag: &str) -> Option<&'static Self> {
        let is_tag = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if tag.len() > MAX_TAG_LENGTH || !tag.bytes().all(is_tag) {
            return None;
        }
        let mut range = tag;
        loop {
            let is_it = |language: &&Self| language.tags.iter().any(|tag| tag.eq_ignore_ascii_case(range));
            if let Some(language) = LANGUAGES.iter().find(is_it) {
                return Some(language);
            }
            (range, _) = range.rsplit_once(['-', '_'])?;
        }
    }

    /// Its texts, with `{code}` and `{issuer}`, the fullest first; the last one has no issuer.
    pub fn texts(&self) -> [String; 4] {
        let Self { code, validity, warning, alone, .. } = self;
        [format!("{code} {validity} {warning}"), format!("{code} {warning}"), (*code).to_owned(), (*alone).to_owned()]
    }

    /// The shortest text.
    pub fn shortest(&self) -> &'static str {
        self.alone
    }
}

/// The languages with built-in texts.
pub const LANGUAGES: &[Language] = &[
    Language {
        tags: &["en"],
        code: "{code} is your {issuer} code.",
        validity: "It is valid for 10 minutes; earlier codes no longer work.",
        warning: "Do not share it.",
        alone: "{code} is your code.",
    },
    Language {
        tags: &["da"],
        code: "{code} er din kode til {issuer}.",
        validity: "Den gælder i 10 minutter; tidligere koder virker ikke længere.",
        warning: "Del den ikke med andre.",
        alone: "{code} er din kode.",
    },
    Language {
        tags: &["de"],
        code: "{code} ist Ihr Code für {issuer}.",
        validity: "Er gilt 10 Minuten; frühere Codes sind ungültig.",
        warning: "Geben Sie ihn nicht weiter.",
        alone: "{code} ist Ihr Code.",
    },
    Language {
        tags: &["fr"],
        code: "{code} est votre code {issuer}.",
        validity: "Il est valable 10 minutes et annule les codes précédents.",
        warning: "Ne le communiquez à personne.",
        alone: "{code} est votre code.",
    },
    Language {
        tags: &["es"],
        code: "{code} es tu clave de {issuer}.",
        validity: "Caduca en 10 minutos y anula las anteriores.",
        warning: "No la compartas con nadie.",
        alone: "{code} es tu clave.",
    },
    Language {
        tags: &["it"],
        code: "{code} è il tuo codice {issuer}.",
        validity: "Scade tra 10 minuti e annulla i codici precedenti.",
        warning: "Non condividerlo con nessuno.",
        alone: "{code} è il tuo codice.",
    },
    Language {
        tags: &["nl"],
        code: "{code} is je code voor {issuer}.",
        validity: "De code is 10 minuten geldig; eerdere codes werken niet meer.",
        warning: "Deel hem met niemand.",
        alone: "{code} is je code.",
    },
    Language {
        tags: &["sv"],
        code: "{code} är din kod för {issuer}.",
        validity: "Den gäller i 10 minuter och ersätter tidigare koder.",
        warning: "Dela den inte med någon.",
        alone: "{code} är din kod.",
    },
    Language {
        // Users who ask for Nynorsk or Norwegian get Bokmål, which they can read, rather than another language.
        tags: &["nb", "nn", "no"],
        code: "{code} er koden din til {issuer}.",
        validity: "Den gjelder i 10 minutter; tidligere koder virker ikke lenger.",
        warning: "Ikke del den med noen.",
        alone: "{code} er koden din.",
    },
    Language {
        tags: &["fi"],
        code: "{code} on koodisi palveluun {issuer}.",
        validity: "Se on voimassa 10 minuuttia ja korvaa aiemmat koodit.",
        warning: "Älä kerro sitä kenellekään.",
        alone: "{code} on koodisi.",
    },
    Language {
        tags: &["pl"],
        code: "{code} to jednorazowy kod do {issuer}.",
        validity: "Wygasa po 10 minutach i anuluje poprzednie kody.",
        warning: "Nie podawaj go nikomu.",
        alone: "Jednorazowy kod: {code}",
    },
    Language {
        tags: &["pt"],
        code: "Código {issuer}: {code}.",
        validity: "Vale 10 min, anula os outros.",
        warning: "Não divulgue.",
        alone: "Código: {code}",
    },
    Language {
        tags: &["cs"],
        code: "Kód {issuer}: {code}.",
        validity: "Platí 10 minut, dřívější ne.",
        warning: "Nesdílejte ho.",
        alone: "Kód: {code}",
    },
    Language {
        tags: &["uk"],
        code: "Код {issuer}: {code}.",
        validity: "Діє 10 хв, попередні — ні.",
        warning: "Нікому не кажіть.",
        alone: "Код: {code}",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn found(tag: &str) -> Option<&'static str> {
        Language::of(tag).map(|language| language.tags[0])
    }

    #[test]
    fn a_tag_is_looked_up_from_its_end() {
        for (tag, language) in [
            ("da", "da"),
            ("da-DK", "da"),
            ("da_DK", "da"),
            ("DA-dk", "da"),
            ("de-AT", "de"),
            ("de-Latn-CH-1996-x-private", "de"),
            ("nn-NO", "nb"),
            ("no", "nb"),
            ("pt_BR", "pt"),
        ] {
            assert_eq!(found(tag), Some(language), "{tag}");
        }
    }

    #[test]
    fn what_is_no_tag_or_has_no_text_is_not_found() {
        let long = format!("da-{}", "x".repeat(33));
        for tag in [
            "",
            "-",
            "_",
            "xx",
            "x-da",
            "-da",
            "dan-DK",
            "dask",
            "da DK",
            "da\0",
            "da\n",
            "da-<b>",
            "da-DK\n",
            "da_DK.UTF-8",
            "[da en]",
            "dä",
            "d",
            &long,
        ] {
            assert_eq!(found(tag), None, "{tag:?}");
        }
    }

    #[test]
    fn every_tag_finds_its_own_entry() {
        for language in LANGUAGES {
            for tag in language.tags {
                assert_eq!(Language::of(tag), Some(language), "{tag}");
                assert_eq!(Language::of(&format!("{tag}-001")), Some(language), "{tag}");
            }
        }
    }

    #[test]
    fn every_language_says_the_ten_minutes_and_leaves_places_for_issuer_and_code() {
        for Language { tags, code, validity, warning, alone } in LANGUAGES {
            assert_eq!((code.matches("{code}").count(), code.matches("{issuer}").count()), (1, 1), "{tags:?}");
            assert_eq!((alone.matches("{code}").count(), alone.matches('{').count()), (1, 1), "{tags:?}");
            assert!(validity.contains(&(crate::authenticator::challenge::LIFETIME / 60).to_string()), "{tags:?}");
            assert!(!validity.contains('{') && !warning.contains('{') && !warning.is_empty(), "{tags:?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*", tag in "[a-zA-Z0-9_-]{0,36}") {
            let _ = Language::of(&text);
            let _ = Language::of(&tag);
        }
    }
}
