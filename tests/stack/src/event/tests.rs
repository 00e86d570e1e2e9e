use axum::http::{HeaderName, HeaderValue};

use super::*;

/// The event for a request on the route `POST /api/users/{ID}/two-factor/reset`.
fn event_of(uri: &str, headers: &[(&str, &str)], body: &[u8]) -> Value {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap());
    }
    event(Request {
        method: &Method::POST,
        uri: &uri.parse().unwrap(),
        headers: &map,
        body,
        client: "127.0.0.1:5000".parse().unwrap(),
        received: OffsetDateTime::from_unix_timestamp(1_583_348_638).unwrap(),
        request_id: "id=",
        trace_id: "Root=1-2-3",
        route_key: "POST /api/users/{ID}/two-factor/reset",
        path_parameters: [("ID".to_owned(), "42".to_owned())].into(),
        claims: Some([("sub".to_owned(), "1".to_owned())].into()),
    })
}

#[test]
fn an_event_is_what_the_developer_guide_says() {
    let headers = [("host", "127.0.0.1:3000"), ("user-agent", "curl"), ("content-type", "application/json")];
    let event = event_of("/api/users/42/two-factor/reset?a=1&a=2&b=%20", &headers, b"{}");
    let expected = json!({
        "version": "2.0",
        "routeKey": "POST /api/users/{ID}/two-factor/reset",
        "rawPath": "/api/users/42/two-factor/reset",
        "rawQueryString": "a=1&a=2&b=%20",
        "headers": {
            "host": "127.0.0.1:3000",
            "user-agent": "curl",
            "content-type": "application/json",
            "content-length": "2",
            "x-amzn-trace-id": "Root=1-2-3",
            "x-forwarded-for": "127.0.0.1",
            "x-forwarded-port": "3000",
            "x-forwarded-proto": "http",
        },
        "queryStringParameters": {"a": "1,2", "b": " "},
        "pathParameters": {"ID": "42"},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "local",
            "authorizer": {"jwt": {"claims": {"sub": "1"}, "scopes": null}},
            "domainName": "127.0.0.1:3000",
            "domainPrefix": "127",
            "http": {
                "method": "POST",
                "path": "/api/users/42/two-factor/reset",
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "curl",
            },
            "requestId": "id=",
            "routeKey": "POST /api/users/{ID}/two-factor/reset",
            "stage": "$default",
            "time": "04/Mar/2020:19:03:58 +0000",
            "timeEpoch": 1_583_348_638_000_u64,
        },
        "body": "{}",
        "isBase64Encoded": false,
    });
    assert_eq!(event, expected);
}

#[test]
fn what_a_request_does_not_have_is_absent() {
    let event = event_of("/", &[], b"");
    for absent in ["body", "cookies", "queryStringParameters", "stageVariables"] {
        assert!(event.get(absent).is_none(), "{absent}");
    }
    assert_eq!(event["rawQueryString"], "");
    assert_eq!(event["isBase64Encoded"], false);
}

#[test]
fn duplicate_headers_are_joined_and_cookies_stand_apart() {
    let event = event_of("/", &[("X-A", "1"), ("x-a", "2"), ("Cookie", "a=1; b=2"), ("cookie", "c=3")], b"");
    assert_eq!(event["headers"]["x-a"], "1,2");
    assert!(event["headers"].get("cookie").is_none());
    assert_eq!(event["cookies"], json!(["a=1", "b=2", "c=3"]));
}

#[test]
fn headers_of_the_connection_and_forged_forwarding_do_not_pass() {
    let forged =
        [("connection", "close"), ("te", "trailers"), ("x-forwarded-proto", "a b"), ("x-forwarded-for", "1.2.3.4")];
    let event = event_of("/", &forged, b"");
    assert!(event["headers"].get("connection").is_none());
    assert!(event["headers"].get("te").is_none());
    assert_eq!(event["headers"]["x-forwarded-proto"], "http");
    assert_eq!(event["headers"]["x-forwarded-for"], "1.2.3.4, 127.0.0.1");
}

#[test]
fn a_body_is_text_only_for_the_types_that_api_gateway_takes_for_text() {
    for content_type in ["application/json", "Application/JSON; charset=utf-8", "text/plain", "application/xml"] {
        let event = event_of("/", &[("content-type", content_type)], b"{}");
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("{}"), &json!(false)), "{content_type}");
    }
    for content_type in ["application/x-www-form-urlencoded", "application/problem+json", "image/png", ""] {
        let event = event_of("/", &[("content-type", content_type)], b"{}");
        assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("e30="), &json!(true)), "{content_type}");
    }
}

#[test]
fn text_that_is_not_utf8_is_base64_whatever_it_says_it_is() {
    let event = event_of("/", &[("content-type", "text/plain")], &[0xff]);
    assert_eq!((&event["body"], &event["isBase64Encoded"]), (&json!("/w=="), &json!(true)));
}

#[test]
fn the_path_is_decoded_and_the_query_is_not() {
    let event = event_of("/api/a%20b%C3%A6?x=%26", &[], b"");
    assert_eq!(event["rawPath"], "/api/a bæ");
    assert_eq!(event["requestContext"]["http"]["path"], "/api/a bæ");
    assert_eq!(event["rawQueryString"], "x=%26");
    assert_eq!(event["queryStringParameters"], json!({"x": "&"}));
}
