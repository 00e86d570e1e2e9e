//! `GET /api/two-factor` with everything at its default.

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use lambda_http::request::RequestContext;
use lambda_http::{Body, Error, Request, RequestExt, Response, run, service_fn};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let config = aws_config::defaults(BehaviorVersion::latest()).load().await;
    let (client, table) = (Client::new(&config), std::env::var("TABLE_NAME")?);
    run(service_fn(|request| settings(&client, &table, request))).await
}

async fn settings(client: &Client, table: &str, request: Request) -> Result<Response<Body>, Error> {
    let RequestContext::ApiGatewayV2(context) = request.request_context() else { return Err("no HTTP API".into()) };
    let claims = context.authorizer.and_then(|authorizer| authorizer.jwt).map(|jwt| jwt.claims).unwrap_or_default();
    let user = claims.get("sub").ok_or("no user")?;
    let key = AttributeValue::S(format!("USER#{user}"));
    let answer = client.get_item().table_name(table).key("pk", key).consistent_read(true).send().await?;
    let item = answer.item.unwrap_or_default();
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
    let number = |name: &str| item.get(name).and_then(|value| value.as_n().ok()).and_then(|n| n.parse::<u64>().ok());
    let data = json!({
        "method": text("method"),
        "secret_key": text("secret"),
        "phone_prefix": number("phone_prefix"),
        "phone": number("phone"),
        "verified": item.get("verified").and_then(|value| value.as_bool().ok()).unwrap_or(&false),
    });
    let response = Response::builder().header("content-type", "application/json").header("cache-control", "no-store");
    Ok(response.body(json!({ "data": data }).to_string().into())?)
}
