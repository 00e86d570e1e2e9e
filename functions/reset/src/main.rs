//! `POST /api/users/{ID}/two-factor/reset`: removes a user's settings, for whoever may edit that user.
//! `POST /api/two-factor/reset`: removes the caller's own. The body is not looked at.

use lambda_http::Error as RuntimeError;
use two_factor::aws::Aws;
use two_factor::config;
use two_factor::error::{Error, FieldError};
use two_factor::http::{Answer, Call, Event, serve};
use two_factor::permission::may_edit;
use two_factor::store::{Replace, ResetBy, Store};
use two_factor::user::{User, UserIdType};

struct App {
    store: Store,
    user_id_type: UserIdType,
    permission_claims: Vec<String>,
    own: Replace,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    let service = config::service("reset")?;
    let app = App {
        user_id_type: service.identity.user_id_type,
        permission_claims: config::permission_claims()?,
        own: config::step_up()?,
        store: Store::new(Aws::from_env()?.dynamodb().await?, config::table_name()?),
    };
    serve(service, |call| reset(&app, call)).await
}

async fn reset(app: &App, call: Call) -> Result<Answer, Error> {
    let subject = subject(app, &call)?;
    // Resetting oneself, by whichever path, is no administrator's reset: it must not refill one's own guesses.
    let (by, replace) = if subject == call.caller {
        (ResetBy::Self_, app.own)
    } else {
        (ResetBy::Administrator(&call.caller), Replace::Any)
    };
    if !app.store.reset(&subject, by, replace, call.now).await? {
        return Err(Error::StepUpRequired);
    }
    Ok(Answer::no_content().with_event(Event::Reset { subject }))
}

/// Whose settings to remove: the path's user, if the caller may edit that one, else the caller's own.
fn subject(app: &App, call: &Call) -> Result<User, Error> {
    let Some(id) = call.path_id() else { return Ok(call.caller.clone()) };
    if !app.user_id_type.allows(id) {
        return Err(Error::InvalidFields(vec![FieldError {
            pointer: "#/ID",
            detail: "in the path is not a user ID".into(),
        }]));
    }
    let claims = app.permission_claims.iter().filter_map(|name| call.claim(name));
    if may_edit(claims, id) { Ok(call.caller.neighbour(id)) } else { Err(Error::MayNotEdit) }
}
