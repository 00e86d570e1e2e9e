//! The routes of the API: the one list that all suites use.

use reqwest::Method;

/// A route and the function behind it.
pub struct Route {
    /// The operation's name in `openapi.yaml`.
    pub operation: &'static str,
    pub method: Method,
    /// The path as `openapi.yaml` and `template.yaml` write it, with `{ID}` for a user's ID.
    pub template: &'static str,
    /// The function: the name of its binary.
    pub function: &'static str,
}

/// Every route of the API. The last one leaves the caller without settings.
pub const ROUTES: [Route; 10] = [
    route("getSettings", Method::GET, "/api/two-factor", "get-settings"),
    route("updateSettings", Method::PATCH, "/api/two-factor", "update-settings"),
    route("getQrCode", Method::GET, "/api/two-factor/qr", "qr-code"),
    route("generateSecret", Method::GET, "/api/two-factor/secret", "generate-secret"),
    route("sendVerification", Method::POST, "/api/two-factor/send-verification", "send-verification"),
    route("verify", Method::POST, "/api/two-factor/verify", "verify"),
    route("createRecoveryCodes", Method::POST, "/api/two-factor/recovery-codes", "recovery-codes"),
    route("getUserSettings", Method::GET, "/api/users/{ID}/two-factor", "get-user-settings"),
    route("reset", Method::POST, "/api/users/{ID}/two-factor/reset", "reset"),
    route("resetOwn", Method::POST, "/api/two-factor/reset", "reset"),
];

const fn route(operation: &'static str, method: Method, template: &'static str, function: &'static str) -> Route {
    Route { operation, method, template, function }
}

impl Route {
    /// The path, with this user's ID in place of `{ID}`.
    pub fn path(&self, user_id: &str) -> String {
        self.template.replace("{ID}", user_id)
    }
}
