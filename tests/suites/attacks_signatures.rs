//! Signatures and encodings with one defect each: the kinds of cases that Project Wycheproof has for JSON Web
//! Signatures with RSA, made here with the tests' own key.

use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD as BASE64, Engine};
use ring::digest::{SHA256, digest};
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, PrivateKey};
use serde_json::json;

use crate::support::{DIGEST_INFO, Issuer, Raw, issuer};

/// A key unknown to the provider.
pub(crate) struct ForeignKey(PrivateKey);

pub(crate) fn foreign_key() -> ForeignKey {
    ForeignKey(PrivateKey::new(&mut getrandom::SysRng, 2048).unwrap())
}

impl ForeignKey {
    pub(crate) fn modulus(&self) -> String {
        BASE64.encode(self.0.n_bytes())
    }

    pub(crate) fn signed(&self, message: &str) -> String {
        let padded = [&DIGEST_INFO[..], digest(&SHA256, message.as_bytes()).as_ref()].concat();
        format!("{message}.{}", BASE64.encode(self.0.sign(Pkcs1v15Sign::new_unprefixed(), &padded).unwrap()))
    }
}

async fn status(token: &str) -> u16 {
    issuer().user(token.to_owned()).get("/api/two-factor").await.status.as_u16()
}

/// The three parts of a valid token.
fn good() -> [String; 3] {
    let token = issuer().token(&Issuer::header(), &issuer().claims("600"));
    token.split('.').map(str::to_owned).collect::<Vec<_>>().try_into().unwrap()
}

/// The baseline is valid, so each token derived from it below fails only because of its own defect.
#[tokio::test]
async fn the_token_that_the_others_are_made_from_is_good() {
    assert_eq!(status(&good().join(".")).await, 200);
}

#[tokio::test]
async fn a_token_that_lost_a_part_or_gained_one_is_refused() {
    let [header, payload, signature] = &good();
    for token in [
        format!("{header}.{payload}."),
        format!("{header}.{payload}"),
        format!("{header}..{signature}"),
        format!("{header}.{signature}"),
        format!(".{payload}.{signature}"),
        format!("{payload}.{signature}"),
        format!(".{payload}."),
        payload.clone(),
        "..".to_owned(),
        ".".to_owned(),
        format!("{header}.{payload}.{signature}."),
        format!("{header}.{payload}.{signature}.AAAA"),
        format!(".{header}.{payload}.{signature}"),
        format!("{header}.{payload}.{signature}.{signature}.{signature}"),
        // JSON serialisation instead of the compact one.
        json!({"protected": header, "payload": payload, "signature": signature}).to_string(),
        json!({"payload": payload, "signatures": [{"protected": header, "signature": signature}]}).to_string(),
    ] {
        assert_eq!(status(&token).await, 401, "{token}");
    }
}

#[tokio::test]
async fn a_change_of_one_bit_anywhere_is_refused() {
    let parts = good();
    for part in 0..3 {
        let bytes = BASE64.decode(&parts[part]).unwrap();
        for at in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let mut token = parts.clone();
            token[part] = BASE64.encode(changed);
            assert_eq!(status(&token.join(".")).await, 401, "bit {at} of part {part}");
        }
    }
}

#[tokio::test]
async fn a_signature_of_another_length_or_value_is_refused() {
    let [header, payload, signature] = &good();
    let bytes = BASE64.decode(signature).unwrap();
    let longer = |zeros: usize| [vec![0; zeros], bytes.clone()].concat();
    for signature in [
        Vec::new(),
        vec![0],
        vec![0; 256],
        vec![1; 256],
        vec![0xff; 256],
        BASE64.decode(issuer().public_modulus()).unwrap(),
        bytes[..255].to_vec(),
        bytes[1..].to_vec(),
        longer(1),
        longer(256),
        [bytes.clone(), vec![0]].concat(),
        [bytes.clone(), bytes.clone()].concat(),
    ] {
        let length = signature.len();
        assert_eq!(status(&format!("{header}.{payload}.{}", BASE64.encode(signature))).await, 401, "{length} bytes");
    }
}

#[tokio::test]
async fn a_signature_whose_padding_is_not_the_one_der_is_refused() {
    let issuer = issuer();
    let [header, payload, _] = &good();
    let message = format!("{header}.{payload}");
    let hash = digest(&SHA256, message.as_bytes()).as_ref().to_vec();
    let der = |prefix: &[u8], hash: &[u8]| [prefix, hash].concat();
    let edited = |at: usize, byte: u8| {
        let mut prefix = DIGEST_INFO;
        prefix[at] = byte;
        der(&prefix, &hash)
    };
    let inserted = |at: usize, bytes: &[u8]| [&DIGEST_INFO[..at], bytes, &DIGEST_INFO[at..], &hash].concat();
    assert_eq!(status(&issuer.signed(&message)).await, 200, "the control");
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("the hash alone", hash.clone()),
        ("long form of the outer length", [&[0x30, 0x81, 0x31][..], &DIGEST_INFO[2..], &hash].concat()),
        ("leading zero in the outer length", [&[0x30, 0x82, 0x00, 0x31][..], &DIGEST_INFO[2..], &hash].concat()),
        ("outer length one more", edited(1, 0x32)),
        ("outer length one less", edited(1, 0x30)),
        ("outer length of 2^32 - 1", [&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff][..], &DIGEST_INFO[2..], &hash].concat()),
        ("indefinite outer length", [&[0x30, 0x80][..], &DIGEST_INFO[2..], &hash, &[0, 0]].concat()),
        ("outer tag of a set", edited(0, 0x31)),
        ("inner length one more", edited(3, 0x0e)),
        ("inner length one less", edited(3, 0x0c)),
        ("long form of the inner length", [&DIGEST_INFO[..3], &[0x81, 0x0d][..], &DIGEST_INFO[4..], &hash].concat()),
        ("another hash's name", edited(14, 0x02)),
        ("first byte of the name", edited(6, 0x61)),
        ("length of the name one less", edited(5, 0x08)),
        ("tag of the name", edited(4, 0x05)),
        ("parameters that are not null", edited(15, 0x04)),
        ("a null with a length", edited(16, 0x01)),
        ("without the null", [&[0x30, 0x2f, 0x30, 0x0b][..], &DIGEST_INFO[4..15], &DIGEST_INFO[17..], &hash].concat()),
        ("garbage behind the null", inserted(17, &[0, 0])),
        ("a second null", inserted(17, &[0x05, 0x00])),
        ("tag of the octet string", edited(17, 0x03)),
        ("octet string one longer", edited(18, 0x21)),
        ("octet string one shorter", edited(18, 0x1f)),
        ("long form of the hash's length", [&DIGEST_INFO[..18], &[0x81, 0x20][..], &hash].concat()),
        ("garbage behind the hash", der(&DIGEST_INFO, &[&hash[..], &[0; 16]].concat())),
        ("hash cut off", der(&DIGEST_INFO, &hash[..31])),
        ("first byte of the hash", der(&DIGEST_INFO, &[&[hash[0] ^ 0x80][..], &hash[1..]].concat())),
        ("last byte of the hash", der(&DIGEST_INFO, &[&hash[..31], &[hash[31] ^ 1]].concat())),
        ("nothing", Vec::new()),
    ];
    for (what, padded) in cases {
        let token = format!("{message}.{}", BASE64.encode(issuer.sign(&padded)));
        assert_eq!(status(&token).await, 401, "{what}");
    }
}

#[tokio::test]
async fn one_token_has_one_spelling() {
    let [header, payload, signature] = &good();
    let bytes = BASE64.decode(signature).unwrap();
    // 256 bytes leave four bits of the last character unused: any value but zero there is another spelling of the same
    // bytes.
    let last = signature.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let other = alphabet.chars().nth(alphabet.find(last).unwrap() + 1).unwrap();
    let respelled = format!("{}{other}", &signature[..signature.len() - 1]);
    for signature in [
        respelled,
        format!("{signature}="),
        BASE64_URL_SAFE.encode(&bytes),
        BASE64_STANDARD.encode(&bytes).replace('=', ""),
        format!("{signature}%3D"),
        format!("{} {}", &signature[..20], &signature[20..]),
        format!("{}\t{}", &signature[..20], &signature[20..]),
    ]
    .iter()
    .filter(|spelling| *spelling != signature)
    {
        assert_eq!(status(&format!("{header}.{payload}.{signature}")).await, 401, "{signature}");
    }
    for token in [format!("{header}=.{payload}.{signature}"), format!("{header}.{payload}=.{signature}")] {
        assert_eq!(status(&token).await, 401, "{token}");
    }
}

#[tokio::test]
async fn what_is_signed_but_no_object_of_claims_is_refused() {
    let issuer = issuer();
    let header = Issuer::header().to_string();
    for payload in ["", " ", "null", "[]", "\"claims\"", "1", "{", "{}", "{}{}", "\u{feff}{}", "{\"sub\":\"1\"} x"] {
        assert_eq!(status(&issuer.token_of(&header, payload)).await, 401, "{payload}");
    }
    let deep = format!("{}1{}", "{\"a\":".repeat(300), "}".repeat(300));
    let mut claims = issuer.claims("601").to_string();
    claims.insert_str(1, &format!("\"deep\":{deep},"));
    assert!([200, 401].contains(&status(&issuer.token_of(&header, &claims)).await));
    let not_utf8 = issuer.signed(&format!("{}.{}", BASE64.encode(&header), BASE64.encode(b"{\"sub\":\"\xff\"}")));
    assert_eq!(status(&not_utf8).await, 401);
}

#[tokio::test]
async fn an_oversized_token_is_refused_and_the_stack_goes_on() {
    let issuer = issuer();
    for size in [20_000, 100_000, 2_000_000] {
        let user = issuer.user(String::new());
        let token = "A".repeat(size);
        let request = format!("GET /api/two-factor HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n");
        let answer = Raw::send(&user, request.as_bytes()).await;
        assert!(answer.statuses().iter().all(|status| [401, 431].contains(status)), "{size}: {:?}", answer.0);
    }
    assert_eq!(status(&good().join(".")).await, 200);
}
