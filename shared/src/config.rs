//! Reads the functions' settings from the environment into types, once, in init. An unusable setting ends the process
//! with a sentence that begins with the setting's name.

use std::fmt;

use crate::authenticator::{SecretVisibility, StepUp};
use crate::identity::CallerClaims;
use crate::identity::issuer::Issuer;
use crate::identity::user::UserIdType;
use crate::phone::countries::Countries;
use crate::qr::key_uri;
use crate::sealing::Keyring;
use crate::sms::limits::Budget;
use crate::sms::{LANGUAGES, Language, SmsText};

/// Why a function cannot start. Its `Debug` form is the sentence itself, because that is what `main` prints.
#[derive(thiserror::Error)]
#[error("{0}")]
pub struct InitError(String);

impl InitError {
    /// An error in the setting `name`.
    pub fn of(name: &str, why: impl fmt::Display) -> Self {
        Self(format!("{name} {why}"))
    }
}

impl fmt::Debug for InitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A variable that must be set and not empty.
pub(crate) fn required(name: &str) -> Result<String, InitError> {
    match optional(name)? {
        text if text.is_empty() => Err(InitError::of(name, "is not set")),
        text => Ok(text),
    }
}

/// An optional variable; a missing one counts as empty.
pub(crate) fn optional(name: &str) -> Result<String, InitError> {
    match std::env::var(name) {
        Ok(text) => Ok(text),
        Err(std::env::VarError::NotPresent) => Ok(String::new()),
        Err(std::env::VarError::NotUnicode(_)) => Err(InitError::of(name, "is not UTF-8")),
    }
}

/// What every function has besides its handler.
#[derive(Debug, Clone)]
pub struct Service {
    /// Its name in the log.
    pub function: &'static str,
    /// How it identifies its callers.
    pub caller_claims: CallerClaims,
    /// The name in its metrics; `None` for no metrics.
    pub metrics: Option<String>,
}

/// What every function has: its name, how it identifies its callers, and `METRICS_SERVICE`, the name in its metrics
/// (default: no metrics).
///
/// # Errors
/// A setting is unusable.
pub fn service(function: &'static str) -> Result<Service, InitError> {
    let metrics = Some(optional("METRICS_SERVICE")?).filter(|name| !name.is_empty());
    Ok(Service { function, caller_claims: caller_claims()?, metrics })
}

/// `USER_ID_CLAIM` (default `sub`), `USER_ID_TYPE` (`integer`, the default, or `string`), `TENANT_CLAIM` (default
/// none).
fn caller_claims() -> Result<CallerClaims, InitError> {
    let user_id_claim = match optional("USER_ID_CLAIM")? {
        claim if claim.is_empty() => "sub".to_owned(),
        claim => claim,
    };
    let user_id_type = match optional("USER_ID_TYPE")?.as_str() {
        "" | "integer" => UserIdType::Integer,
        "string" => UserIdType::String,
        _ => return Err(InitError::of("USER_ID_TYPE", "must be integer or string")),
    };
    Ok(CallerClaims {
        user_id_claim,
        user_id_type,
        tenant_claim: Some(optional("TENANT_CLAIM")?).filter(|c| !c.is_empty()),
    })
}

/// `STEP_UP`: `none` (the default) or `code`. Says whether changing or disabling verified settings requires a current
/// code.
///
/// # Errors
/// The value is neither.
pub fn step_up() -> Result<StepUp, InitError> {
    match optional("STEP_UP")?.as_str() {
        "" | "none" => Ok(StepUp::None),
        "code" => Ok(StepUp::Code),
        _ => Err(InitError::of("STEP_UP", "must be none or code")),
    }
}

/// `SECRET_VISIBILITY`: `always` (the default) or `until-verified`. Says whether a secret is shown after its first
/// verification.
///
/// # Errors
/// The value is neither.
pub fn secret_visibility() -> Result<SecretVisibility, InitError> {
    match optional("SECRET_VISIBILITY")?.as_str() {
        "" | "always" => Ok(SecretVisibility::Always),
        "until-verified" => Ok(SecretVisibility::UntilVerified),
        _ => Err(InitError::of("SECRET_VISIBILITY", "must be always or until-verified")),
    }
}

/// `PERMISSION_CLAIMS`, comma-separated; default `scope,permissions,cognito:groups`.
///
/// # Errors
/// The variable is not UTF-8.
pub fn permission_claims() -> Result<Vec<String>, InitError> {
    names("PERMISSION_CLAIMS", "scope,permissions,cognito:groups")
}

/// `TABLE_NAME`.
///
/// # Errors
/// It is not set.
pub fn table_name() -> Result<String, InitError> {
    required("TABLE_NAME")
}

/// `SEALING_KEYS`: the Secrets Manager secret, see [`crate::sealing`].
///
/// # Errors
/// It is not set or is not a keyring. The error quotes no key.
pub fn sealing_keys() -> Result<Keyring, InitError> {
    let text = zeroize::Zeroizing::new(required("SEALING_KEYS")?);
    Keyring::parse(&text).map_err(|why| InitError::of("SEALING_KEYS", why))
}

/// `ITEMS_PER_SECOND`: how many items to process per second in a segment.
///
/// # Errors
/// It is not set, or not a whole number above 0.
pub fn items_per_second() -> Result<u32, InitError> {
    let number = required("ITEMS_PER_SECOND")?.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| InitError::of("ITEMS_PER_SECOND", "must be a whole number above 0"))
}

/// `ISSUER`, the service's name as users see it, and `ISSUER_CLAIM` (default none), the claim with a name to use for
/// the caller instead.
///
/// # Errors
/// `ISSUER` is not set, contains a colon (which would end it in a key URI's label) or a control character, or is too
/// long for a QR code.
pub fn issuer() -> Result<Issuer, InitError> {
    let issuer = required("ISSUER")?;
    if issuer.contains(':') || issuer.chars().any(char::is_control) {
        return Err(InitError::of("ISSUER", "must have no colon and no control character"));
    }
    if key_uri::encode(&issuer).len() > key_uri::MAX_ISSUER_BYTES {
        return Err(InitError::of("ISSUER", "is too long for a QR code"));
    }
    Ok(Issuer { default: issuer, claim: Some(optional("ISSUER_CLAIM")?).filter(|claim| !claim.is_empty()) })
}

/// `ACCOUNT_CLAIMS`, comma-separated: the first claim with a visible value is the account's name in the app. Default
/// `email,preferred_username,username,cognito:username`.
///
/// # Errors
/// The variable is not UTF-8.
pub fn account_claims() -> Result<Vec<String>, InitError> {
    names("ACCOUNT_CLAIMS", "email,preferred_username,username,cognito:username")
}

/// A comma-separated list of names.
fn names(variable: &str, default: &str) -> Result<Vec<String>, InitError> {
    let text = match optional(variable)? {
        text if text.is_empty() => default.to_owned(),
        text => text,
    };
    Ok(text.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect())
}

/// `SMS_COUNTRIES`: ISO 3166-1 codes, comma-separated, or `*`, the default.
///
/// # Errors
/// The value is not such a list.
pub fn sms_countries() -> Result<Countries, InitError> {
    match optional("SMS_COUNTRIES")? {
        text if text.is_empty() => Ok(Countries::All),
        text => Countries::parse(&text).map_err(|why| InitError::of("SMS_COUNTRIES", why)),
    }
}

/// `SMS_TEXT` with `{code}` and `{issuer}`, the same for everybody. Without it the built-in texts are used, and
/// `SMS_LOCALE` (default `en`) is the language for callers without one. `WEB_OTP_DOMAIN` (default none) adds a line for
/// browsers.
///
/// # Errors
/// The text does not make one SMS, there are no texts in the language, or the domain is malformed or too long.
pub fn sms_text(issuer: &str) -> Result<SmsText, InitError> {
    let domain = web_otp_domain()?;
    let default = sms_locale()?;
    match optional("SMS_TEXT")? {
        text if text.is_empty() => {
            SmsText::built_in(default, issuer, &domain).map_err(|why| InitError::of("WEB_OTP_DOMAIN", why))
        }
        text => SmsText::own(&text, issuer, &domain).map_err(|why| InitError::of("SMS_TEXT", why)),
    }
}

fn sms_locale() -> Result<&'static Language, InitError> {
    let locale = match optional("SMS_LOCALE")? {
        text if text.is_empty() => "en".to_owned(),
        text => text,
    };
    Language::of(&locale).ok_or_else(|| {
        let tags: Vec<&str> = LANGUAGES.iter().flat_map(|language| language.tags).copied().collect();
        InitError::of("SMS_LOCALE", format!("must be a language there is a text in: {}", tags.join(", ")))
    })
}

fn web_otp_domain() -> Result<String, InitError> {
    let domain = optional("WEB_OTP_DOMAIN")?;
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if !domain.is_empty() && (!domain.contains('.') || !domain.split('.').all(is_label)) {
        return Err(InitError::of("WEB_OTP_DOMAIN", "must be a domain in lower case such as example.com"));
    }
    Ok(domain)
}

/// `SMS_PER_HOUR`: how many SMS the whole stack may send in one hour of the clock; default 1000. At most half of them
/// may be for unverified enrolments.
///
/// # Errors
/// It is not a whole number from 2 to 1,000,000.
pub fn sms_budget() -> Result<Budget, InitError> {
    match optional("SMS_PER_HOUR")? {
        text if text.is_empty() => Ok(Budget { per_hour: 1000 }),
        text => match text.parse() {
            Ok(per_hour @ 2..=1_000_000) => Ok(Budget { per_hour }),
            _ => Err(InitError::of("SMS_PER_HOUR", "must be a whole number from 2 to 1000000")),
        },
    }
}

/// `SMS_SENDER_ID`: the sender that phones show where the country allows one; default none.
///
/// # Errors
/// It is not 1 to 11 letters and digits with at least one letter.
pub fn sms_sender_id() -> Result<Option<String>, InitError> {
    let id = optional("SMS_SENDER_ID")?;
    let valid = id.len() <= 11
        && id.bytes().all(|b| b.is_ascii_alphanumeric())
        && (id.is_empty() || id.bytes().any(|b| b.is_ascii_alphabetic()));
    if !valid {
        return Err(InitError::of("SMS_SENDER_ID", "must be 1 to 11 letters and digits, with a letter among them"));
    }
    Ok(Some(id).filter(|id| !id.is_empty()))
}
