//! `GET /api/users/{ID}/two-factor`: what a helpdesk may know about a user before it resets anything. Never a secret,
//! a code or a whole phone number: the function has no key that opens one.

use lambda_runtime::Error as RuntimeError;
use serde::Serialize;
use two_factor::aws::Aws;
use two_factor::config;
use two_factor::error::Error;
use two_factor::http::{AuditEvent, Request, Response, serve};
use two_factor::identity::permission::may_view;
use two_factor::identity::user::UserIdType;
use two_factor::store::{Overview, Store};
use two_factor::time::UnixTime;

struct App {
    store: Store,
    user_id_type: UserIdType,
    permission_claims: Vec<String>,
}

#[derive(Serialize)]
struct UserSettings {
    method: Option<String>,
    verified: bool,
    /// The last two digits, after four dots.
    phone: Option<String>,
    recovery_codes_left: usize,
    /// Seconds until the next code can be tried; 0 if it can be tried now.
    locked_seconds: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), RuntimeError> {
    let service = config::service("get-user-settings")?;
    let app = App {
        user_id_type: service.caller_claims.user_id_type,
        permission_claims: config::permission_claims()?,
        store: Store::without_keys_from_env(Aws::from_env()?.dynamodb().await?)?,
    };
    serve(service, |request| get_user_settings(&app, request)).await
}

async fn get_user_settings(app: &App, request: Request) -> Result<Response, Error> {
    let Some(subject) = request.path_user(app.user_id_type)? else { return Err(Error::MayNotView) };
    if !may_view(request.claims(&app.permission_claims), &subject.id) {
        return Err(Error::MayNotView);
    }
    let overview = app.store.overview(&subject).await?;
    let response = Response::data(&UserSettings::of(overview, request.now))?;
    Ok(response.with_audit_event(AuditEvent::Viewed { subject }))
}

impl UserSettings {
    fn of(overview: Overview, now: UnixTime) -> Self {
        Self {
            locked_seconds: overview.throttle.retry_after(now).unwrap_or(0),
            method: overview.method,
            verified: overview.verified,
            phone: overview.phone_end.map(|end| format!("•••• {end}")),
            recovery_codes_left: overview.recovery_codes_left,
        }
    }
}
