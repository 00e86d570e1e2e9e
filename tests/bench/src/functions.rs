//! The functions: the request to each, its environment, and what is stored about the user.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use crate::process::Launch;
use crate::tls::Tls;
use crate::{Result, totp};

/// A function: the name of its binary, the status of its response, and the enrolled method.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) status: u16,
    pub(crate) enrolled: Enrolled,
}

/// What the user has enrolled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Enrolled {
    App,
    Phone,
}

/// The functions in the order in which they are measured and shown.
pub(crate) const FUNCTIONS: [Function; 9] = [
    Function { name: "get-settings", status: 200, enrolled: Enrolled::App },
    Function { name: "update-settings", status: 204, enrolled: Enrolled::App },
    Function { name: "qr-code", status: 200, enrolled: Enrolled::App },
    Function { name: "generate-secret", status: 200, enrolled: Enrolled::App },
    Function { name: "send-verification", status: 204, enrolled: Enrolled::Phone },
    Function { name: "verify", status: 204, enrolled: Enrolled::App },
    Function { name: "recovery-codes", status: 200, enrolled: Enrolled::App },
    Function { name: "get-user-settings", status: 200, enrolled: Enrolled::App },
    Function { name: "reset", status: 204, enrolled: Enrolled::App },
];

/// The variables that Lambda and the template set. The session token is as long as a real one, because every call signs
/// it.
pub(crate) fn environment() -> Vec<(String, String)> {
    [
        ("AWS_ACCESS_KEY_ID", "ASIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("AWS_SESSION_TOKEN", &"IQoJb3JpZ2luX2VjEXAMPLETOKEN".repeat(32)),
        ("AWS_REGION", "eu-central-1"),
        ("AWS_DEFAULT_REGION", "eu-central-1"),
        ("AWS_LAMBDA_FUNCTION_NAME", "bench"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/bench"),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "2025/11/25/[$LATEST]0123456789abcdef0123456789abcdef"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("_HANDLER", "bootstrap"),
        ("LANG", "en_US.UTF-8"),
        ("PATH", "/usr/local/bin:/usr/bin:/bin"),
        ("TZ", ":UTC"),
        ("TABLE_NAME", "two-factor-Table-1ABCDEFGHIJKL"),
        ("SEALING_KEYS", r#"{"current":"k1","k1":"0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"}"#),
        ("METRICS_SERVICE", "two-factor"),
        ("ISSUER", "Two-Factor"),
        ("SMS_LOCALE", "en"),
        ("SMS_TEXT", ""),
        ("SMS_COUNTRIES", "*"),
        ("USER_ID_CLAIM", "sub"),
        ("USER_ID_TYPE", "integer"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// The event of a function's request, from `events/`. A code to verify is made anew for every event.
pub(crate) fn event(workspace: &Path, name: &str) -> Result<Arc<dyn Fn() -> Vec<u8> + Send + Sync>> {
    let path = workspace.join("events").join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let event: Value = serde_json::from_str(&text)?;
    Ok(match name {
        "verify" => Arc::new(move || with_body(&event, &json!({ "key": totp::code_of(totp::SECRET) }))),
        _ => Arc::new(move || event.to_string().into_bytes()),
    })
}

fn with_body(event: &Value, body: &Value) -> Vec<u8> {
    let mut event = event.clone();
    if let Value::Object(members) = &mut event {
        members.insert("body".to_owned(), Value::String(BASE64_STANDARD.encode(body.to_string())));
        members.insert("isBase64Encoded".to_owned(), Value::Bool(true));
    }
    event.to_string().into_bytes()
}

/// The items of a user who has enrolled an app and of one who has enrolled a phone, as `update-settings` writes them.
pub(crate) struct Items {
    app: Value,
    phone: Value,
}

impl Items {
    /// Has `update-settings` write both.
    pub(crate) fn written_by(binary: &Path, workspace: &Path, tls: &Tls, scratch: &Path) -> Result<Self> {
        let event: Value = serde_json::from_slice(&event(workspace, "update-settings")?())?;
        let write = |body: Value| -> Result<Value> {
            let event = with_body(&event, &body);
            let launch = Launch {
                command: vec![binary.into()],
                environment: environment(),
                item: json!({}),
                event: Arc::new(move || event.clone()),
                status: 204,
            };
            let update = launch.run(tls, 1, scratch)?.last_update.ok_or("update-settings wrote nothing")?;
            item(&update).ok_or_else(|| format!("an update of another form: {update}").into())
        };
        Ok(Self {
            app: write(json!({ "method": "google", "secret_key": totp::SECRET }))?,
            phone: write(json!({ "method": "sms", "phone_prefix": 45, "phone": 20_123_456 }))?,
        })
    }

    pub(crate) fn of(&self, enrolled: Enrolled) -> Value {
        match enrolled {
            Enrolled::App => self.app.clone(),
            Enrolled::Phone => self.phone.clone(),
        }
    }
}

/// The item that an update creates if there is none: its key, and what its expression sets.
fn item(update: &Value) -> Option<Value> {
    let mut item: Map<String, Value> = update.get("Key")?.as_object()?.clone();
    let expression = update.get("UpdateExpression")?.as_str()?;
    let set = expression.strip_prefix("SET ")?.split(" REMOVE ").next()?;
    for assignment in set.split(',') {
        // Values that depend on what is already stored, such as the type of an event, are left out.
        let Some((name, value)) = assignment.split_once('=') else { continue };
        let name = match update.get("ExpressionAttributeNames").and_then(|names| names.get(name.trim())) {
            Some(named) => named.as_str()?,
            None => name.trim(),
        };
        if let Some(value) = update.get("ExpressionAttributeValues")?.get(value.trim()) {
            item.insert(name.to_owned(), value.clone());
        }
    }
    Some(Value::Object(item))
}

/// How one of our functions is started.
pub(crate) fn launch(function: &Function, binary: &Path, workspace: &Path, items: &Items) -> Result<Launch> {
    Ok(Launch {
        command: vec![OsString::from(binary)],
        environment: environment(),
        item: items.of(function.enrolled),
        event: event(workspace, function.name)?,
        status: function.status,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_update_is_read_as_the_item_it_makes() {
        let update = json!({
            "Key": {"pk": {"S": "USER##42"}},
            "UpdateExpression": "SET #method = :method, verified = :v REMOVE #phone",
            "ExpressionAttributeNames": {"#method": "method", "#phone": "phone"},
            "ExpressionAttributeValues": {":method": {"S": "google"}, ":v": {"BOOL": false}},
        });
        let expected = json!({"pk": {"S": "USER##42"}, "method": {"S": "google"}, "verified": {"BOOL": false}});
        assert_eq!(item(&update), Some(expected));
    }
}
