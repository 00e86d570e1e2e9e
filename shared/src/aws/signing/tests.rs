use std::time::Duration;

use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningParams, SigningSettings};
use aws_sigv4::sign::v4;
use aws_smithy_types::body::SdkBody;
use proptest::prelude::*;

use super::*;

const REGION: &str = "eu-central-1";

fn credentials(session_token: Option<String>) -> Credentials {
    Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", session_token, None, "test")
}

fn request(url: &str, headers: &[(String, String)], body: &[u8]) -> HttpRequest {
    let mut request = HttpRequest::new(SdkBody::from(body));
    request.set_method("POST").unwrap();
    request.set_uri(url.to_owned()).unwrap();
    for (name, value) in headers {
        request.headers_mut().try_append(name.clone(), value.clone()).unwrap();
    }
    request
}

/// The headers that AWS's own signer adds, sorted.
fn reference(
    request: &HttpRequest,
    credentials: &Credentials,
    service: &str,
    now: SystemTime,
) -> Vec<(String, String)> {
    let identity = Identity::from(credentials.clone());
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(REGION)
        .name(service)
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .unwrap();
    let body = SignableBody::Bytes(request.body().bytes().unwrap());
    let signable = SignableRequest::new(request.method(), request.uri(), request.headers().iter(), body).unwrap();
    let output = aws_sigv4::http_request::sign(signable, &SigningParams::V4(parameters)).unwrap();
    sorted(output.output().headers())
}

fn added(request: &HttpRequest) -> Vec<(String, String)> {
    let names = ["authorization", "x-amz-date", "x-amz-security-token"];
    sorted(request.headers().iter().filter(|(name, _)| names.contains(name)))
}

fn sorted<'a>(headers: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(String, String)> {
    let mut headers: Vec<_> = headers.map(|(name, value)| (name.to_lowercase(), value.to_owned())).collect();
    headers.sort();
    headers
}

/// Headers of the SDK, and others with values that need to be made canonical.
fn headers() -> impl Strategy<Value = Vec<(String, String)>> {
    let name = prop_oneof![
        Just("content-type".to_owned()),
        Just("content-length".to_owned()),
        Just("x-amz-target".to_owned()),
        Just("x-amz-user-agent".to_owned()),
        Just("amz-sdk-request".to_owned()),
        Just("amz-sdk-invocation-id".to_owned()),
        Just("user-agent".to_owned()),
        Just("x-amzn-trace-id".to_owned()),
        "x-[a-z]{1,8}(-[a-z]{1,8})?",
    ];
    proptest::collection::vec((name, "[ -~]{0,40}"), 0..8)
}

fn url() -> impl Strategy<Value = String> {
    let host = prop_oneof![
        Just("https://dynamodb.eu-central-1.amazonaws.com"),
        Just("https://sns.eu-central-1.amazonaws.com:443"),
        Just("http://localhost:80"),
        Just("http://127.0.0.1:8000"),
        Just("http://[::1]:443"),
        Just("https://localhost:80"),
    ];
    (host, prop_oneof![Just(""), Just("/")]).prop_map(|(host, path)| format!("{host}{path}"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// One signer a service, several requests each, at times before and after midnight in any order.
    #[test]
    fn requests_are_signed_as_the_sdk_signs_them(
        token in proptest::option::of("[A-Za-z0-9+/=]{1,1200}"),
        requests in proptest::collection::vec(
            (any::<bool>(), url(), headers(), proptest::collection::vec(any::<u8>(), 0..700),
             prop_oneof![0..4_102_444_800_u64, 1_700_000_000..1_700_300_000_u64], 0..1_000_000_000_u32),
            1..6,
        ),
    ) {
        let credentials = credentials(token);
        let signers = ["dynamodb", "sns"].map(|service| SigV4::new(&credentials, REGION, service));
        for (is_dynamodb, url, headers, body, seconds, nanoseconds) in requests {
            let signer = &signers[usize::from(!is_dynamodb)];
            let now = SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds);
            let mut request = request(&url, &headers, &body);
            let expected = reference(&request, &credentials, signer.service, now);
            signer.sign(&mut request, now).unwrap();
            prop_assert_eq!(added(&request), expected);
        }
    }
}

#[test]
fn each_attempt_is_signed_anew_at_its_own_time_across_midnight() {
    let credentials = credentials(Some("token".to_owned()));
    let signer = SigV4::new(&credentials, REGION, "dynamodb");
    let url = "https://dynamodb.eu-central-1.amazonaws.com/";
    let unsigned = request(url, &[("x-amz-target".to_owned(), "DynamoDB_20120810.GetItem".to_owned())], b"{}");
    let midnight = 1_700_006_400;
    let mut sent = unsigned.try_clone().unwrap();
    for seconds in [midnight - 1, midnight, midnight + 86_399, midnight + 86_400, midnight - 1] {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        // Even where the headers of the attempt before are still there.
        signer.sign(&mut sent, now).unwrap();
        assert_eq!(added(&sent), reference(&unsigned, &credentials, "dynamodb", now));
    }
}

#[test]
fn the_largest_body_is_signed_as_the_sdk_signs_it() {
    let credentials = credentials(None);
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    for length in [0, 55, 56, 63, 64, 65, 4096, 400_000] {
        let mut request = request("https://sns.eu-central-1.amazonaws.com/", &[], &vec![b'a'; length]);
        let expected = reference(&request, &credentials, "sns", now);
        SigV4::new(&credentials, REGION, "sns").sign(&mut request, now).unwrap();
        assert_eq!(added(&request), expected);
    }
}

#[test]
fn a_request_of_another_shape_is_not_signed() {
    let signer = SigV4::new(&credentials(None), REGION, "dynamodb");
    for (method, url) in [
        ("GET", "https://localhost/"),
        ("POST", "https://localhost/path"),
        ("POST", "https://localhost/?query"),
        ("POST", "https://localhost?query"),
        ("POST", "https://user@localhost/"),
        ("POST", "/"),
    ] {
        let mut request = request(url, &[], b"");
        request.set_method(method).unwrap();
        assert!(signer.sign(&mut request, SystemTime::UNIX_EPOCH).is_err(), "{method} {url}");
    }
}

#[test]
fn the_debug_form_shows_no_credential() {
    let signer = SigV4::new(&credentials(Some("a-session-token".to_owned())), REGION, "dynamodb");
    assert_eq!(format!("{signer:?}"), "SigV4(/eu-central-1/dynamodb/aws4_request)");
}
