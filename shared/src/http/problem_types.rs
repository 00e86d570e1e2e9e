//! The problem types (RFC 9457), and the text that all documents of a type share.

use lambda_http::http::StatusCode;

/// What all documents of a type have in common. `detail` may contain `{why}`, what is wrong with the body, and
/// `{seconds}`, the number in Retry-After.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ProblemType {
    /// The end of `type`. Clients compare it, so it never changes.
    pub(super) name: &'static str,
    pub(super) status: StatusCode,
    pub(super) title: &'static str,
    pub(super) detail: &'static str,
}

pub(super) const MALFORMED_BODY: ProblemType = ProblemType {
    name: "malformed-body",
    status: StatusCode::BAD_REQUEST,
    title: "Malformed body",
    detail: "The request body {why}. Send a JSON object.",
};

pub(super) const BODY_TOO_LARGE: ProblemType = ProblemType {
    name: "body-too-large",
    status: StatusCode::PAYLOAD_TOO_LARGE,
    title: "Body too large",
    detail: "The request body exceeds 4096 bytes. Send only the fields that this request takes.",
};

pub(super) const CALLER_NOT_IDENTIFIED: ProblemType = ProblemType {
    name: "caller-not-identified",
    status: StatusCode::FORBIDDEN,
    title: "The token does not identify a user",
    detail: "The token is valid, but the claim that identifies the user or the tenant is missing or malformed. Get a token \
             that has this claim: the same token will fail again.",
};

pub(super) const EDIT_PERMISSION_REQUIRED: ProblemType = ProblemType {
    name: "edit-permission-required",
    status: StatusCode::FORBIDDEN,
    title: "No permission to edit this user",
    detail: "This requires the permission users:edit, or users:edit: followed by the user's ID. Ask an administrator, or \
             get a token with this permission.",
};

pub(super) const READ_PERMISSION_REQUIRED: ProblemType = ProblemType {
    name: "read-permission-required",
    status: StatusCode::FORBIDDEN,
    title: "No permission to view this user",
    detail: "This requires the permission users:read or users:edit, each alone or followed by a colon and the user's ID. \
             Ask an administrator, or get a token with this permission.",
};

pub(super) const STEP_UP_REQUIRED: ProblemType = ProblemType {
    name: "step-up-required",
    status: StatusCode::FORBIDDEN,
    title: "A current code is required",
    detail: "The token alone is not enough for this. Send a current code, or a recovery code, as key in the body of PATCH \
             /api/two-factor (which can also disable two-factor) or POST /api/two-factor/recovery-codes.",
};

pub(super) const INVALID_FIELDS: ProblemType = ProblemType {
    name: "invalid-fields",
    status: StatusCode::UNPROCESSABLE_ENTITY,
    title: "Invalid fields",
    detail: "Nothing was changed. errors lists every invalid field. Correct them and send the request again.",
};

pub(super) const INVALID_CODE: ProblemType = ProblemType {
    name: "invalid-code",
    status: StatusCode::UNPROCESSABLE_ENTITY,
    title: "Invalid code",
    detail: "The code is wrong, has expired or was already used. Enter the code that the app shows now, or the one in the \
             latest SMS. Each code works once.",
};

pub(super) const NOT_AN_AUTHENTICATOR_APP: ProblemType = ProblemType {
    name: "not-an-authenticator-app",
    status: StatusCode::CONFLICT,
    title: "No authenticator app",
    detail: "A QR code is available only for the method google. Set it with PATCH /api/two-factor and a secret from GET \
             /api/two-factor/secret.",
};

pub(super) const SECRET_HIDDEN: ProblemType = ProblemType {
    name: "secret-hidden",
    status: StatusCode::CONFLICT,
    title: "The secret is no longer shown",
    detail: "The secret is shown only until the authenticator app is verified. To enrol another app, set a new secret with \
             PATCH /api/two-factor.",
};

pub(super) const NOT_SMS: ProblemType = ProblemType {
    name: "not-sms",
    status: StatusCode::CONFLICT,
    title: "No phone number",
    detail: "A code can be sent only with the method sms. Set it and a phone number with PATCH /api/two-factor. An \
             authenticator app needs no message.",
};

pub(super) const COUNTRY_NOT_SERVED: ProblemType = ProblemType {
    name: "country-not-served",
    status: StatusCode::CONFLICT,
    title: "Country not supported",
    detail: "Codes are no longer sent to the country of this phone number. Set another number or an authenticator app with \
             PATCH /api/two-factor.",
};

pub(super) const NOT_VERIFIED: ProblemType = ProblemType {
    name: "not-verified",
    status: StatusCode::CONFLICT,
    title: "Settings not verified",
    detail: "Recovery codes require verified settings. Send a code to POST /api/two-factor/verify first, then try again.",
};

pub(super) const TWO_FACTOR_DISABLED: ProblemType = ProblemType {
    name: "two-factor-disabled",
    status: StatusCode::CONFLICT,
    title: "Two-factor authentication is disabled",
    detail: "No method is set, so there is no code to verify. Set a method with PATCH /api/two-factor first.",
};

pub(super) const SETTINGS_CHANGED: ProblemType = ProblemType {
    name: "settings-changed",
    status: StatusCode::CONFLICT,
    title: "The settings have changed",
    detail: "Another request changed the settings at the same time, and this one did nothing. Read the settings, and repeat \
             the request if it still applies.",
};

pub(super) const TOO_MANY_ATTEMPTS: ProblemType = ProblemType {
    name: "too-many-attempts",
    status: StatusCode::TOO_MANY_REQUESTS,
    title: "Too many wrong codes",
    detail: "Too many codes in a row were wrong. Until the wait is over no code is accepted, not even a correct one. Try \
             again in {seconds} s.",
};

pub(super) const TOO_MANY_SENDS: ProblemType = ProblemType {
    name: "too-many-sends",
    status: StatusCode::TOO_MANY_REQUESTS,
    title: "Sending limit reached",
    detail: "You have reached the sending limit. If you received a code in the last 10 minutes, use it. Another one can be sent in \
             {seconds} s.",
};

pub(super) const TOO_MANY_CHANGES: ProblemType = ProblemType {
    name: "too-many-changes",
    status: StatusCode::TOO_MANY_REQUESTS,
    title: "Too many changes",
    detail: "The settings were changed too often in the last hour. Nothing was changed. Try again in {seconds} s.",
};

pub(super) const NUMBER_REFUSED: ProblemType = ProblemType {
    name: "number-refused",
    status: StatusCode::CONFLICT,
    title: "No SMS to this number",
    detail: "The phone number cannot receive codes: its owner has opted out of messages, or the network rejects it. Set \
             another number or an authenticator app with PATCH /api/two-factor.",
};

pub(super) const SMS_BUDGET_SPENT: ProblemType = ProblemType {
    name: "sms-budget-spent",
    status: StatusCode::SERVICE_UNAVAILABLE,
    title: "No more SMS this hour",
    detail: "The service has sent as many SMS as it may in one hour. No code was sent, and this request does not count. Try \
             again in {seconds} s, or sign in with a recovery code.",
};

pub(super) const UNAVAILABLE: ProblemType = ProblemType {
    name: "unavailable",
    status: StatusCode::SERVICE_UNAVAILABLE,
    title: "Service unavailable",
    detail: "A dependency is not responding. Try again in {seconds} s.",
};

/// Has the same type, because a client treats both alike.
pub(super) const SMS_OUTCOME_UNKNOWN: ProblemType = ProblemType {
    detail: "The SMS may or may not have been sent. If it arrives, its code is valid. If not, another one can be sent in \
             {seconds} s.",
    ..UNAVAILABLE
};

pub(super) const INTERNAL: ProblemType = ProblemType {
    name: "internal",
    status: StatusCode::INTERNAL_SERVER_ERROR,
    title: "Internal error",
    detail: "The service failed, and trying again may not help. Report the request_id to the operator of the service.",
};
