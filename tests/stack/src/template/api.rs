//! The HTTP API of the template: its routes, JWT authoriser and CORS settings.

use serde_json::Value;

use super::intrinsics::{as_text as text, wrong};
use super::{Deployment, binary, wanted};
use crate::error::StartError;

/// The definition of the API, as API Gateway would get it.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) routes: Vec<Route>,
    pub(crate) cors: Option<Cors>,
}

/// One route and its function.
#[derive(Clone, Debug)]
pub(crate) struct Route {
    /// Upper case, or `ANY`.
    pub(crate) method: String,
    /// As in the template, such as `/api/users/{ID}`.
    pub(crate) path: String,
    pub(crate) binary: String,
    pub(crate) authorizer: Option<JwtAuthorizer>,
}

/// Who may call a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JwtAuthorizer {
    pub(crate) issuer: String,
    pub(crate) audience: Vec<String>,
}

/// Which web pages may call the API.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cors {
    pub(crate) allow_origins: Vec<String>,
    pub(crate) allow_methods: Vec<String>,
    pub(crate) allow_headers: Vec<String>,
    pub(crate) expose_headers: Vec<String>,
    pub(crate) allow_credentials: bool,
    pub(crate) max_age: Option<String>,
}

impl Deployment<'_> {
    /// The only HTTP API of the template.
    pub(crate) fn api(&self) -> Result<Api, StartError> {
        let apis = self.existing("AWS::Serverless::HttpApi")?;
        let [(name, api)] = apis.as_slice() else {
            return Err(StartError::new(format!("template.yaml must have one HttpApi, it has {}", apis.len())));
        };
        let place = format!("Resources.{name}.Properties");
        let properties = wanted(api, &["Auth", "CorsConfiguration"]);
        let properties = self.evaluator.evaluate(&properties, &place)?.unwrap_or_default();
        let mut routes = Vec::new();
        for (name, function) in self.existing("AWS::Serverless::Function")? {
            let events = function.pointer("/Properties/Events").and_then(Value::as_object).into_iter().flatten();
            for (event, definition) in events {
                let place = format!("Resources.{name}.Events.{event}");
                match definition.get("Type").and_then(Value::as_str) {
                    Some("HttpApi") => {}
                    Some("Api") => return Err(wrong(&place, "the local stack serves an HttpApi only")),
                    // The function's other event sources do not use HTTP.
                    _ => continue,
                }
                let event = wanted(definition, &["Method", "Path", "Auth"]);
                let event = self.evaluator.evaluate(&event, &place)?.unwrap_or_default();
                routes.push(route(&event, binary(name, function)?, properties.get("Auth"), &place)?);
            }
        }
        let cors = properties.get("CorsConfiguration");
        Ok(Api { routes, cors: cors.map(|cors| cors_of(cors, &place)).transpose()? })
    }
}

fn route(event: &Value, binary: String, api_auth: Option<&Value>, place: &str) -> Result<Route, StartError> {
    if event.pointer("/Auth/AuthorizationScopes").is_some() {
        return Err(wrong(place, "the local stack does not check AuthorizationScopes"));
    }
    let named = event.pointer("/Auth/Authorizer");
    let named = named.or_else(|| api_auth.and_then(|auth| auth.get("DefaultAuthorizer")));
    let authorizer = match named {
        None => None,
        Some(none) if none == "NONE" => None,
        Some(name) => {
            let name = text(name, place)?;
            let found = api_auth.and_then(|auth| auth.get("Authorizers")?.get(&name));
            let found = found.ok_or_else(|| wrong(place, &format!("there is no authoriser {name}")))?;
            Some(authorizer(found, &format!("authoriser {name}"))?)
        }
    };
    let property = |name: &str| {
        let value = event.get(name).ok_or_else(|| wrong(place, &format!("{name} is missing")))?;
        text(value, place)
    };
    Ok(Route { method: property("Method")?.to_uppercase(), path: property("Path")?, binary, authorizer })
}

fn authorizer(authorizer: &Value, place: &str) -> Result<JwtAuthorizer, StartError> {
    let source = authorizer.get("IdentitySource").and_then(Value::as_str);
    if !source.is_some_and(|source| source.eq_ignore_ascii_case("$request.header.Authorization")) {
        return Err(wrong(place, "its IdentitySource must be $request.header.Authorization"));
    }
    let setting = |name: &str| {
        let value = authorizer.get("JwtConfiguration").and_then(|configuration| configuration.get(name));
        value.ok_or_else(|| wrong(place, &format!("its JwtConfiguration needs {name}")))
    };
    Ok(JwtAuthorizer { issuer: text(setting("issuer")?, place)?, audience: texts(Some(setting("audience")?), place)? })
}

fn cors_of(configuration: &Value, place: &str) -> Result<Cors, StartError> {
    if !configuration.is_object() {
        return Err(wrong(place, "the local stack knows the long form of CorsConfiguration only"));
    }
    let list = |name: &str| texts(configuration.get(name), place);
    Ok(Cors {
        allow_origins: list("AllowOrigins")?,
        allow_methods: list("AllowMethods")?,
        allow_headers: list("AllowHeaders")?,
        expose_headers: list("ExposeHeaders")?,
        allow_credentials: configuration.get("AllowCredentials").is_some_and(|allowed| allowed == true),
        max_age: configuration.get("MaxAge").map(|age| text(age, place)).transpose()?,
    })
}

/// A list of strings. As in SAM, a single string counts as a list of one.
fn texts(value: Option<&Value>, place: &str) -> Result<Vec<String>, StartError> {
    match value {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => items.iter().map(|item| text(item, place)).collect(),
        Some(one) => Ok(vec![text(one, place)?]),
    }
}
