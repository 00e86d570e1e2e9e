//! What the command prints once the stack is running: a token, and requests to paste into a shell.

use std::io::Write as _;

use local_stack::Stack;

/// Not `print!`, which would panic when the reader of a pipe (`| head`) has gone.
pub(crate) fn show(text: &str) {
    let mut out = std::io::stdout().lock();
    let _gone = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// The text, for a POSIX shell.
pub(crate) fn text(stack: &Stack) -> String {
    let url = stack.base_url();
    let token = stack.mint_token(r#"{"scope":"users:edit"}"#).unwrap_or_default();
    format!(
        r#"
Open {url} in a browser: the console, where everything can be tried, and the API's reference.

The API is at {url}. Ctrl-C ends it.

A token for user 1, who may edit every user, good for an hour:

  TOKEN={token}

Settings, an authenticator app, and its QR code:

  curl -i "{url}/api/two-factor" -H "Authorization: Bearer $TOKEN"
  curl -i "{url}/api/two-factor/secret" -H "Authorization: Bearer $TOKEN"
  curl -i -X PATCH "{url}/api/two-factor" -H "Authorization: Bearer $TOKEN" -d '{{"method":"google","secret_key":"T42NQXFCPWEJMGJY"}}'
  curl -i "{url}/api/two-factor/qr" -H "Authorization: Bearer $TOKEN"

The same by SMS, which is shown here and at {url}/local/messages:

  curl -i -X PATCH "{url}/api/two-factor" -H "Authorization: Bearer $TOKEN" -d '{{"method":"sms","phone_prefix":45,"phone":20123456}}'
  curl -i -X POST "{url}/api/two-factor/send-verification" -H "Authorization: Bearer $TOKEN"
  CODE=$(curl -s "{url}/local/messages" | sed 's/.*"message":"\([0-9]*\).*/\1/')
  curl -i -X POST "{url}/api/two-factor/verify" -H "Authorization: Bearer $TOKEN" -d "{{\"key\":\"$CODE\"}}"

The end of it, for oneself and for another user:

  curl -i -X POST "{url}/api/two-factor/reset" -H "Authorization: Bearer $TOKEN"
  curl -i -X POST "{url}/api/users/2/two-factor/reset" -H "Authorization: Bearer $TOKEN"

A token with other claims:

  curl -s "{url}/local/token" -d '{{"sub":"2","email":"other@example.com"}}'

"#
    )
}
