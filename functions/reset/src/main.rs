//! `POST /api/users/{ID}/two-factor/reset`: removes a user's settings, if the caller may edit that user.
//! `POST /api/two-factor/reset`: removes the caller's own. The body is ignored.

use lambda_runtime::Error as RuntimeError;
use two_factor::authenticator::StepUp;
use two_factor::aws::Aws;
use two_factor::config;
use two_factor::error::Error;
use two_factor::http::{AuditEvent, Request, Response, serve};
use two_factor::identity::permission::may_edit;
use two_factor::identity::user::{User, UserIdType};
use two_factor::store::{Removed, ResetBy, Store};

struct App {
    store: Store,
    user_id_type: UserIdType,
    permission_claims: Vec<String>,
    /// Whether resetting one's own verified settings requires a code.
    step_up: StepUp,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    let service = config::service("reset")?;
    let app = App {
        user_id_type: service.caller_claims.user_id_type,
        permission_claims: config::permission_claims()?,
        step_up: config::step_up()?,
        store: Store::without_keys_from_env(Aws::from_env()?.dynamodb().await?)?,
    };
    serve(service, |request| reset(&app, request)).await
}

async fn reset(app: &App, request: Request) -> Result<Response, Error> {
    let subject = subject(app, &request)?;
    // A reset of one's own settings, by either path, is not an administrator's reset: it must not grant new guesses.
    let (by, step_up) = if subject == request.caller {
        (ResetBy::Self_, app.step_up)
    } else {
        (ResetBy::Administrator(&request.caller), StepUp::None)
    };
    match app.store.reset(&subject, by, step_up, request.now).await? {
        Removed::Done => Ok(Response::no_content().with_audit_event(AuditEvent::Reset { subject })),
        Removed::StepUpRequired => Err(Error::StepUpRequired),
    }
}

/// Whose settings to remove: those of the user in the path, whom the caller must be allowed to edit; without one, the
/// caller's own.
fn subject(app: &App, request: &Request) -> Result<User, Error> {
    match request.path_user(app.user_id_type)? {
        None => Ok(request.caller.clone()),
        Some(user) if may_edit(request.claims(&app.permission_claims), &user.id) => Ok(user),
        Some(_) => Err(Error::MayNotEdit),
    }
}
