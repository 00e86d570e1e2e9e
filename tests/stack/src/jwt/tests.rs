use serde_json::{Value, json};

use super::*;
use crate::identity::IssuerKey;

const NOW: u64 = 1_800_000_000;

fn rules() -> JwtAuthorizer {
    JwtAuthorizer { issuer: "https://issuer.example/".to_owned(), audience: vec!["one".to_owned(), "two".to_owned()] }
}

/// The claims of a valid token with `changes` applied; null removes a claim.
fn claims(changes: Value) -> Claims {
    let mut claims = json!({"iss": "https://issuer.example/", "aud": "one", "sub": "1", "exp": NOW + 60, "iat": NOW});
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(name);
        } else {
            claims[name] = value.clone();
        }
    }
    serde_json::from_value(claims).unwrap()
}

fn checked(token: &str) -> Result<Claims, Refusal> {
    verify(token, &IssuerKey::of_process().unwrap().verifying, &rules(), NOW)
}

fn checked_with(changes: Value) -> Result<Claims, Refusal> {
    checked(&IssuerKey::of_process().unwrap().sign(&claims(changes), Algorithm::RS256).unwrap())
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[test]
fn a_good_token_is_accepted_with_each_rsa_algorithm() {
    for algorithm in [Algorithm::RS256, Algorithm::RS384, Algorithm::RS512] {
        let token = IssuerKey::of_process().unwrap().sign(&claims(json!({})), algorithm).unwrap();
        assert_eq!(checked(&token).unwrap()["sub"].get(), "\"1\"", "{algorithm:?}");
    }
}

#[test]
fn the_token_may_stand_with_or_without_its_scheme() {
    for header in ["Bearer x.y.z", "bearer x.y.z", "BEARER  x.y.z", "x.y.z", "  x.y.z "] {
        assert_eq!(token(Some(header)), Ok("x.y.z"), "{header}");
    }
    for header in [None, Some(""), Some(" "), Some("Bearer"), Some("Bearer ")] {
        assert_eq!(token(header), Err(Refusal::Missing), "{header:?}");
    }
}

#[test]
fn the_issuer_must_be_the_same_to_the_letter() {
    for issuer in [json!("https://issuer.example"), json!(["https://issuer.example/"]), json!(null), json!(1)] {
        assert!(checked_with(json!({"iss": issuer})).is_err(), "{issuer}");
    }
}

#[test]
fn one_of_the_audiences_must_be_the_apis() {
    for accepted in [json!({"aud": "two"}), json!({"aud": ["other", "one"]}), json!({"aud": null, "client_id": "one"})]
    {
        assert!(checked_with(accepted.clone()).is_ok(), "{accepted}");
    }
    for refused in [
        json!({"aud": "other"}),
        json!({"aud": []}),
        json!({"aud": 1}),
        json!({"aud": ["other"]}),
        json!({"aud": null}),
        json!({"aud": null, "client_id": "other"}),
        // `client_id` counts only if there is no `aud`.
        json!({"aud": "other", "client_id": "one"}),
    ] {
        assert!(checked_with(refused.clone()).is_err(), "{refused}");
    }
}

#[test]
fn a_token_lives_until_the_second_of_its_expiry() {
    assert!(checked_with(json!({"exp": NOW + 1})).is_ok());
    for refused in [json!(NOW), json!(NOW - 1), json!(null), json!("4000000000"), json!(true), json!(-1)] {
        assert!(checked_with(json!({"exp": refused})).is_err(), "{refused}");
    }
}

#[test]
fn a_token_from_the_future_is_not_valid_yet() {
    for claim in ["nbf", "iat"] {
        assert!(checked_with(json!({claim: NOW})).is_ok(), "{claim}");
        assert!(checked_with(json!({claim: null})).is_ok(), "{claim}");
        assert!(checked_with(json!({claim: NOW + 1})).is_err(), "{claim}");
        assert!(checked_with(json!({claim: "now"})).is_err(), "{claim}");
    }
}

#[test]
fn a_changed_payload_or_signature_is_refused() {
    let token = IssuerKey::of_process().unwrap().sign(&claims(json!({})), Algorithm::RS256).unwrap();
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
    let other = encoded(&serde_json::to_value(claims(json!({"sub": "2"}))).unwrap());
    for forged in [
        format!("{header}.{other}.{signature}"),
        format!("{header}.{payload}."),
        format!("{header}.{payload}"),
        format!("{header}.{payload}.{}", &signature[4..]),
        String::new(),
        "..".to_owned(),
    ] {
        assert!(checked(&forged).is_err(), "{forged}");
    }
}

#[test]
fn no_other_algorithm_is_accepted_whatever_the_signature() {
    let key = IssuerKey::of_process().unwrap();
    let payload = encoded(&serde_json::to_value(claims(json!({}))).unwrap());
    for algorithm in ["none", "None", "HS256", "HS384", "HS512", "PS256", "ES256", "EdDSA", "rs256", ""] {
        let message = format!("{}.{payload}", encoded(&json!({"alg": algorithm, "typ": "JWT", "kid": key.kid})));
        // Signed with what an attacker has: the public key, used as if it were a shared secret.
        let public = key.public_modulus().as_bytes();
        let signature = ring::hmac::sign(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, public), message.as_bytes());
        for token in [format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)), format!("{message}.")] {
            assert!(key_id(&token).is_err(), "{algorithm}");
            assert!(checked(&token).is_err(), "{algorithm}");
        }
    }
}

#[test]
fn a_key_that_is_a_shared_secret_verifies_nothing() {
    let token = IssuerKey::of_process().unwrap().sign(&claims(json!({})), Algorithm::RS256).unwrap();
    assert!(verify(&token, &DecodingKey::from_secret(b"secret"), &rules(), NOW).is_err());
    assert!(verify(&token, &DecodingKey::from_rsa_der(b"secret"), &rules(), NOW).is_err());
}

#[test]
fn a_token_without_a_key_id_is_refused() {
    let payload = encoded(&json!({}));
    assert!(key_id(&format!("{}.{payload}.x", encoded(&json!({"alg": "RS256"})))).is_err());
}

#[test]
fn what_a_claim_without_a_rule_looks_like_does_not_matter() {
    for value in [json!(7), json!([7]), json!({"id": 7}), json!(true), json!("x")] {
        assert!(checked_with(json!({"sub": value})).is_ok(), "{value}");
        assert!(checked_with(json!({"other": value})).is_ok(), "{value}");
    }
}

#[test]
fn the_challenge_says_what_is_wrong() {
    assert_eq!(Refusal::Missing.challenge(), "Bearer");
    let challenge = checked_with(json!({"aud": "other"})).unwrap_err().challenge();
    assert_eq!(
        challenge,
        "Bearer scope=\"\" error=\"invalid_token\" error_description=\"the token does not have a valid audience\""
    );
}
