//! The secrets of the template, generated as by Secrets Manager and kept in the data directory if there is one.
//!
//! They seal what the functions store, so a table that is kept is readable only with the secrets kept alongside it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::{Map, Value};

use crate::error::StartError;

const PUNCTUATION: &str = r##"!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~"##;

/// The secrets, by resource name.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    values: BTreeMap<String, String>,
    file: Option<PathBuf>,
}

impl Secrets {
    /// Opens the secrets kept in `directory`. If it creates the directory, only the owner can access it: anyone who has
    /// the secrets can read what they seal.
    pub(crate) fn open(directory: Option<&Path>) -> Result<Self, StartError> {
        let Some(directory) = directory else { return Ok(Self::default()) };
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(directory);
        made.map_err(|e| StartError::new(format!("{} can't be made: {e}", directory.display())))?;
        let file = directory.join("secrets.json");
        let values = match fs::read(&file) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map_err(|e| StartError::new(format!("{} is not a file of secrets: {e}", file.display())))?,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
            Err(e) => return Err(StartError::new(format!("{} can't be read: {e}", file.display()))),
        };
        Ok(Self { values, file: Some(file) })
    }

    /// The value of a secret, created on first use. `rule` is the value itself or a `GenerateSecretString`.
    pub(crate) fn value(&mut self, name: &str, rule: &Value) -> Result<String, StartError> {
        if let Some(value) = self.values.get(name) {
            return Ok(value.clone());
        }
        let value = match rule {
            Value::String(given) => given.clone(),
            Value::Object(rule) => generate(name, rule)?,
            _ => return Err(StartError::new(format!("secret {name} of template.yaml says nothing about its value"))),
        };
        self.values.insert(name.to_owned(), value.clone());
        self.keep()?;
        Ok(value)
    }

    /// Writes a temporary file and renames it over the old one, so that a crash can't leave half a key.
    fn keep(&self) -> Result<(), StartError> {
        let Some(file) = &self.file else { return Ok(()) };
        let temporary = file.with_extension("json.new");
        let write = || {
            let mut options = fs::OpenOptions::new();
            options.write(true).create(true).truncate(true).mode(0o600);
            let mut writer = options.open(&temporary)?;
            writer.write_all(serde_json::to_string_pretty(&self.values)?.as_bytes())?;
            writer.sync_all()?;
            fs::rename(&temporary, file)
        };
        write().map_err(|e| StartError::new(format!("{} can't be written: {e}", file.display())))
    }
}

fn generate(name: &str, rule: &Map<String, Value>) -> Result<String, StartError> {
    let invalid = |reason: &str| StartError::new(format!("GenerateSecretString of {name} in template.yaml {reason}"));
    let excluded = |property: &str| rule.get(property).is_some_and(|value| value == true || value == "true");
    let mut alphabet = String::new();
    for (exclusion, characters) in [
        ("ExcludeLowercase", "abcdefghijklmnopqrstuvwxyz"),
        ("ExcludeUppercase", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
        ("ExcludeNumbers", "0123456789"),
        ("ExcludePunctuation", PUNCTUATION),
    ] {
        if !excluded(exclusion) {
            alphabet.push_str(characters);
        }
    }
    if excluded("IncludeSpace") {
        alphabet.push(' ');
    }
    let unwanted = rule.get("ExcludeCharacters").and_then(Value::as_str).unwrap_or_default();
    let alphabet: Vec<char> = alphabet.chars().filter(|c| !unwanted.contains(*c)).collect();
    let length = rule.get("PasswordLength").map_or(Some(32), Value::as_u64).ok_or_else(|| invalid("has no length"))?;
    let password = password(&alphabet, length).ok_or_else(|| invalid("leaves no characters"))?;

    let (Some(template), Some(key)) = (rule.get("SecretStringTemplate"), rule.get("GenerateStringKey")) else {
        return Ok(password);
    };
    let template = template.as_str().and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok());
    let (Some(mut object), Some(key)) = (template, key.as_str()) else {
        return Err(invalid("needs a JSON object and a key"));
    };
    object.insert(key.to_owned(), password.into());
    Ok(Value::Object(object).to_string())
}

/// A random password in which every character of the alphabet is equally likely.
fn password(alphabet: &[char], length: u64) -> Option<String> {
    let size = u8::try_from(alphabet.len()).ok().filter(|size| *size > 0)?;
    let fair = u8::MAX - u8::MAX % size;
    let random = SystemRandom::new();
    let mut password = String::new();
    for _ in 0..length {
        let mut byte = [u8::MAX];
        // A byte beyond the last whole multiple of `size` would favour the first characters.
        while byte[0] >= fair {
            random.fill(&mut byte).ok()?;
        }
        password.push(*alphabet.get(usize::from(byte[0] % size))?);
    }
    Some(password)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_generated_secret_is_its_template_with_the_generated_member() {
        let rule = json!({
            "SecretStringTemplate": "{\"current\":\"k1\"}",
            "GenerateStringKey": "k1",
            "PasswordLength": 64,
            "ExcludePunctuation": true,
        });
        let secret = Secrets::default().value("S", &rule).unwrap();
        let secret: Value = serde_json::from_str(&secret).unwrap();
        assert_eq!(secret["current"], "k1");
        let key = secret["k1"].as_str().unwrap();
        assert_eq!(key.len(), 64);
        assert!(key.chars().all(|c| c.is_ascii_alphanumeric()), "{key}");
    }

    #[test]
    fn without_a_template_the_secret_is_the_password() {
        let secret = Secrets::default().value("S", &json!({"ExcludeCharacters": "a"})).unwrap();
        assert_eq!(secret.len(), 32);
        assert!(!secret.contains('a'));
    }

    #[test]
    fn excluding_everything_is_an_error() {
        let rule = json!({
            "ExcludeLowercase": true, "ExcludeUppercase": true, "ExcludeNumbers": true, "ExcludePunctuation": true,
        });
        assert!(Secrets::default().value("S", &rule).is_err());
    }

    #[test]
    fn kept_secrets_are_the_same_after_a_restart() {
        let directory = std::env::temp_dir().join(format!("secrets-{}", uuid::Uuid::new_v4()));
        let first = Secrets::open(Some(&directory)).unwrap().value("S", &json!({})).unwrap();
        let second = Secrets::open(Some(&directory)).unwrap().value("S", &json!({})).unwrap();
        fs::remove_dir_all(&directory).unwrap();
        assert_eq!(first, second);
    }
}
