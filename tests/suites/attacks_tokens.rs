//! Tokens that an attacker can make. The stack's provider signs with a key that the test holds, so each token is valid
//! except for the one thing under test.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD as BASE64, Engine};
use ring::hmac;
use serde_json::{Value, json};

use crate::support::{Issuer, SECRET, enrol_app, issuer, now};

/// Asserts that the token gets 401 from the gateway, before any function runs.
async fn assert_refused(what: &str, token: String) {
    let user = issuer().user(token);
    for answer in
        [user.get("/api/two-factor").await, user.patch(json!({"method": "google", "secret_key": SECRET})).await]
    {
        assert_eq!(
            (answer.status.as_u16(), answer.text.as_str()),
            (401, r#"{"message":"Unauthorized"}"#),
            "{what}: {answer:?}"
        );
    }
}

/// The status of a request with the token.
async fn status(token: String) -> u16 {
    issuer().user(token).get("/api/two-factor").await.status.as_u16()
}

fn with(mut value: Value, member: &str, to: Value) -> Value {
    match to {
        Value::Null => {
            value.as_object_mut().unwrap().remove(member);
        }
        to => value[member] = to,
    }
    value
}

#[tokio::test]
async fn a_token_of_another_issuers_key_set_is_read_and_good() {
    let user = issuer().user(issuer().token(&Issuer::header(), &issuer().claims("500")));
    enrol_app(&user).await;
    assert_eq!(user.settings().await["secret_key"], SECRET);
}

#[tokio::test]
async fn no_algorithm_but_the_providers_is_taken_whoever_signs() {
    let issuer = issuer();
    let claims = issuer.claims("501");
    for algorithm in ["none", "None", "NONE", "nOnE", "", "RS256 ", "rs256", "PS256", "ES256", "EdDSA", "RS1"] {
        let header = with(Issuer::header(), "alg", json!(algorithm));
        assert_refused(algorithm, issuer.token(&header, &claims)).await;
        let message = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        assert_refused(algorithm, format!("{message}.")).await;
    }
    for algorithm in [Value::Null, json!(["RS256"]), json!({"RS256": 1}), json!(256), json!(true)] {
        let header = with(Issuer::header(), "alg", algorithm.clone());
        assert_refused(&algorithm.to_string(), issuer.token(&header, &claims)).await;
    }
}

#[tokio::test]
async fn the_public_key_taken_as_a_shared_secret_signs_nothing() {
    let issuer = issuer();
    let modulus = issuer.public_modulus();
    let secrets: [Vec<u8>; 5] = [
        modulus.clone().into_bytes(),
        BASE64.decode(&modulus).unwrap(),
        format!("-----BEGIN PUBLIC KEY-----\n{modulus}\n-----END PUBLIC KEY-----\n").into_bytes(),
        b"a secret that a careless provider shows".to_vec(),
        Vec::new(),
    ];
    for kid in [Issuer::KID, "shared"] {
        for (algorithm, hash) in
            [("HS256", hmac::HMAC_SHA256), ("HS384", hmac::HMAC_SHA384), ("HS512", hmac::HMAC_SHA512)]
        {
            for secret in &secrets {
                let header = json!({"alg": algorithm, "kid": kid});
                let claims = issuer.claims("502");
                let message = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
                let tag = hmac::sign(&hmac::Key::new(hash, secret), message.as_bytes());
                assert_refused(algorithm, format!("{message}.{}", BASE64.encode(tag))).await;
            }
        }
    }
}

#[tokio::test]
async fn a_key_that_the_token_brings_along_is_not_used() {
    let (ours, foreign) = (issuer(), crate::attacks_signatures::foreign_key());
    let jwk =
        json!({"kty": "RSA", "n": foreign.modulus(), "e": "AQAB", "kid": Issuer::KID, "use": "sig", "alg": "RS256"});
    for (member, value) in [
        ("jwk", jwk.clone()),
        ("jku", json!("http://127.0.0.1:1/keys")),
        ("x5u", json!("http://127.0.0.1:1/certificate")),
        ("x5c", json!(["MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A"])),
        ("keys", json!([jwk])),
    ] {
        let header = with(Issuer::header(), member, value);
        for kid in [json!(Issuer::KID), json!("attacker"), Value::Null] {
            let header = with(header.clone(), "kid", kid);
            let message =
                format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(ours.claims("503").to_string()));
            assert_refused(member, foreign.signed(&message)).await;
        }
    }
}

#[tokio::test]
async fn the_key_must_be_named_and_be_one_that_signs() {
    let (issuer, claims) = (issuer(), issuer().claims("504"));
    for kid in [
        Value::Null,
        json!(""),
        json!("other"),
        json!(1),
        json!([Issuer::KID]),
        json!("Signing"),
        json!("signing "),
        json!("signing\u{0}"),
        json!("../../../../dev/null"),
        json!("' OR '1'='1"),
        json!("encryption"),
        json!("wrapping"),
        json!("shared"),
    ] {
        let header = with(Issuer::header(), "kid", kid.clone());
        assert_refused(&kid.to_string(), issuer.token(&header, &claims)).await;
    }
}

#[tokio::test]
async fn an_extension_that_must_be_understood_and_is_not_ends_it() {
    let (issuer, claims) = (issuer(), issuer().claims("505"));
    for critical in [json!(["exp"]), json!(["b64"]), json!(["urn:example:unknown"]), json!([]), json!("exp")] {
        let header = with(with(Issuer::header(), "crit", critical.clone()), "b64", json!(false));
        assert_refused(&critical.to_string(), issuer.token(&header, &claims)).await;
    }
}

#[tokio::test]
async fn issuer_and_audience_are_compared_whole() {
    let issuer = issuer();
    let url = &issuer.url;
    for iss in [
        Value::Null,
        json!(""),
        json!(format!("{url}/")),
        json!(format!("{url}.evil.example")),
        json!(url.to_uppercase()),
        json!([url]),
        json!({"url": url}),
        json!(format!(" {url}")),
        json!("https://evil.example"),
    ] {
        let claims = with(issuer.claims("506"), "iss", iss.clone());
        assert_refused(&iss.to_string(), issuer.token(&Issuer::header(), &claims)).await;
    }
    for aud in [
        Value::Null,
        json!(""),
        json!("Local"),
        json!("local "),
        json!("local,other"),
        json!("local other"),
        json!(["other"]),
        json!([["local"]]),
        json!({"local": "local"}),
        json!([]),
        json!(0),
    ] {
        let claims = with(issuer.claims("506"), "aud", aud.clone());
        assert_refused(&aud.to_string(), issuer.token(&Issuer::header(), &claims)).await;
    }
}

#[tokio::test]
async fn times_are_numbers_and_are_kept() {
    let (issuer, at) = (issuer(), now());
    for (claim, value) in [
        ("exp", Value::Null),
        ("exp", json!(at)),
        ("exp", json!(at - 1)),
        ("exp", json!(0)),
        ("exp", json!(-1)),
        ("exp", json!(-1e30)),
        ("exp", json!((at + 3600).to_string())),
        ("exp", json!([at + 3600])),
        ("exp", json!(true)),
        ("nbf", json!(at + 60)),
        ("nbf", json!(1e30)),
        ("nbf", json!("0")),
        ("iat", json!(at + 60)),
        ("iat", json!({"at": 0})),
    ] {
        let claims = with(issuer.claims("507"), claim, value.clone());
        assert_refused(&format!("{claim} {value}"), issuer.token(&Issuer::header(), &claims)).await;
    }
    for (claim, value) in [
        ("exp", json!(at + 60)),
        ("exp", json!(at as f64 + 60.5)),
        ("exp", json!(1e300)),
        ("nbf", json!(at)),
        ("nbf", json!(-1)),
    ] {
        let claims = with(issuer.claims("507"), claim, value.clone());
        assert_eq!(status(issuer.token(&Issuer::header(), &claims)).await, 200, "{claim} {value}");
    }
}

#[tokio::test]
async fn of_members_written_twice_no_reading_opens_another_users_settings() {
    let issuer = issuer();
    let victim = issuer.user(issuer.token(&Issuer::header(), &issuer.claims("508")));
    enrol_app(&victim).await;
    let before = issuer.fixture.table().user("508").await;
    let (iss, later) = (&issuer.url, now() + 3600);
    // JSON parsers differ on duplicate members. The authoriser and the functions have to read the same one.
    let twice = format!(r#"{{"iss":"{iss}","aud":"local","exp":{later},"sub":"509","sub":"510"}}"#);
    let user = issuer.user(issuer.token_of(&Issuer::header().to_string(), &twice));
    enrol_app(&user).await;
    let stored = [issuer.fixture.table().user("509").await, issuer.fixture.table().user("510").await];
    assert_eq!(stored.iter().flatten().count(), 1);
    assert_eq!(issuer.fixture.table().user("508").await, before);

    let header = format!(r#"{{"alg":"none","alg":"RS256","kid":"{}"}}"#, Issuer::KID);
    assert_refused("two algorithms", issuer.token_of(&header, &twice)).await;
    let header = format!(r#"{{"alg":"RS256","kid":"other","kid":"{}"}}"#, Issuer::KID);
    assert_refused("two keys", issuer.token_of(&header, &twice)).await;
    let expired = format!(r#"{{"iss":"{iss}","aud":"local","sub":"508","exp":{later},"exp":1}}"#);
    assert_refused("two ends", issuer.token_of(&Issuer::header().to_string(), &expired)).await;
}
