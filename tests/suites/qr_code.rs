//! `GET /api/two-factor/qr`: the picture, read by a decoder that is independent of the code that draws it.

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};

use crate::support::{Fixture, SECRET, User, code_now, enrol_app, enrol_phone, stack, stack_with};

/// The picture that the documentation prints.
const DOCUMENTED: &[u8] = include_bytes!("data/documented-qr.png");

/// White modules around the symbol (ISO/IEC 18004 §5.3.8).
const QUIET_ZONE: usize = 4;

struct Picture {
    side: usize,
    dark: Vec<bool>,
    /// Modules along one side of the symbol.
    modules: usize,
    text: String,
}

impl Picture {
    fn read(file: &[u8]) -> Self {
        let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        assert_eq!(frame.width, frame.height);
        let (side, samples) = (frame.width as usize, frame.color_type.samples());
        let grey = |x: usize, y: usize| pixels[(y * side + x) * samples];
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(side, side, grey);
        let grids = image.detect_grids();
        let [grid] = grids.as_slice() else { panic!("one QR code, not {}", grids.len()) };
        let (meta, text) = grid.decode().expect("it decodes");
        let dark = (0..side * side).map(|at| grey(at % side, at / side) < 128).collect();
        Self { side, dark, modules: meta.version.to_size(), text }
    }

    fn is_dark(&self, x: usize, y: usize) -> bool {
        self.dark[y * self.side + x]
    }
}

async fn picture(user: &User) -> Picture {
    let answer = user.get("/api/two-factor/qr").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.headers["cache-control"], "no-store");
    let document = answer.json();
    let url = document["data"]["qr_image"].as_str().unwrap();
    assert_eq!(document, json!({"data": {"qr_image": url}}));
    let base64 = url.strip_prefix("data:image/png;base64,").unwrap_or_else(|| panic!("{url}"));
    Picture::read(&BASE64_STANDARD.decode(base64).unwrap())
}

async fn enrolled(fixture: &Fixture, claims: Value) -> User {
    let user = fixture.user_with(claims);
    enrol_app(&user).await;
    user
}

#[tokio::test]
async fn the_picture_shows_the_provisioning_uri() {
    let user = enrolled(stack(), json!({"email": "ann@example.com"})).await;
    let expected = format!("otpauth://totp/Two-Factor:ann%40example.com?secret={SECRET}&issuer=Two-Factor");
    assert_eq!(picture(&user).await.text, expected);
}

#[tokio::test]
async fn the_picture_has_200_pixels_and_more_and_a_quiet_zone_of_four_modules() {
    let user = stack().user();
    for secret in [SECRET.to_owned(), "A".repeat(32), "B".repeat(103)] {
        user.patch(json!({"method": "google", "secret_key": secret})).await.assert_no_content();
        let picture = picture(&user).await;
        assert!(picture.side >= 200, "{} pixels", picture.side);
        let pixels_a_module = picture.side / (picture.modules + 2 * QUIET_ZONE);
        assert_eq!(picture.side, pixels_a_module * (picture.modules + 2 * QUIET_ZONE), "whole pixels a module");
        let symbol = QUIET_ZONE * pixels_a_module..(QUIET_ZONE + picture.modules) * pixels_a_module;
        for y in 0..picture.side {
            for x in 0..picture.side {
                assert!(!picture.is_dark(x, y) || (symbol.contains(&x) && symbol.contains(&y)), "({x}, {y}) is dark");
            }
        }
        // The finder patterns are in three corners, directly inside the quiet zone.
        let (first, last) = (symbol.start, symbol.end - 1);
        assert!(picture.is_dark(first, first) && picture.is_dark(last, first) && picture.is_dark(first, last));
    }
}

#[tokio::test]
async fn the_account_is_the_first_claim_that_is_there() {
    let claims = [("email", "mail"), ("preferred_username", "pref"), ("username", "name"), ("cognito:username", "cog")];
    for first in 0..=claims.len() {
        // The local stack's tokens have an email unless it is removed.
        let mut given = json!({"email": null});
        for (claim, value) in &claims[first..] {
            given[*claim] = json!(value);
        }
        let user = enrolled(stack(), given).await;
        let account = claims.get(first).map_or(user.id.as_str(), |(_, value)| value);
        let expected = format!("otpauth://totp/Two-Factor:{account}?secret={SECRET}&issuer=Two-Factor");
        assert_eq!(picture(&user).await.text, expected);
    }
}

#[tokio::test]
async fn the_picture_says_what_the_documentations_does_for_the_same_inputs() {
    let documented = Picture::read(DOCUMENTED).text;
    let fixture = stack_with([("Issuer", "Ziik")]);
    let user = enrolled(&fixture, json!({"email": "kling.lavinia@example.org"})).await;
    // The documented secret is a placeholder with digits that base32 does not have.
    assert_eq!(picture(&user).await.text, documented.replace("secret=1234567890", &format!("secret={SECRET}")));
    assert!(documented.contains("secret=1234567890"), "{documented}");
}

#[tokio::test]
async fn issuer_and_account_are_percent_encoded_by_rfc_3986() {
    let fixture = stack_with([("Issuer", "Ann & Bo's Café+")]);
    let user = enrolled(&fixture, json!({"email": "a+b c/d@example.com"})).await;
    let issuer = "Ann%20%26%20Bo%27s%20Caf%C3%A9%2B";
    let expected = format!("otpauth://totp/{issuer}:a%2Bb%20c%2Fd%40example.com?secret={SECRET}&issuer={issuer}");
    assert_eq!(picture(&user).await.text, expected);
}

#[tokio::test]
async fn no_account_breaks_the_uri_or_the_answer() {
    let accounts = [
        json!(""),
        json!(" \t\r\n"),
        json!("\u{0}\u{1}\u{7f}\u{9b}"),
        json!("a:b/c?secret=d&issuer=e#f%20 +é"),
        json!("?secret=AAAAAAAAAAAAAAAA&issuer=Other&"),
        json!("\"; DROP TABLE users; --"),
        json!("<script>alert(1)</script>"),
        json!("\u{202e}moc.elpmaxe@nna\u{2066}\u{feff}"),
        json!("日本語のとても長い名前".repeat(40)),
        json!("😀".repeat(1000)),
        json!("%".repeat(500)),
        json!("a".repeat(5000)),
        json!(["a@example.com", "b@example.com"]),
        json!({"address": "a@example.com"}),
        json!(42),
        json!(true),
    ];
    let ending = format!("?secret={SECRET}&issuer=Two-Factor");
    for account in accounts {
        let user = enrolled(stack(), json!({"email": account})).await;
        let text = picture(&user).await.text;
        let shown = text.strip_prefix("otpauth://totp/Two-Factor:").and_then(|rest| rest.strip_suffix(&ending));
        let shown = shown.unwrap_or_else(|| panic!("{account}: {text}"));
        assert!(!shown.is_empty(), "{account}");
        let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte);
        assert!(shown.bytes().all(unreserved), "{account}: {text}");
        let decoded = percent_encoding::percent_decode_str(shown).decode_utf8().expect("whole characters");
        assert!(!decoded.chars().any(char::is_control), "{account}: {text}");
    }
}

#[tokio::test]
async fn an_account_with_nothing_to_show_makes_room_for_the_next() {
    let user = enrolled(stack(), json!({"email": " \u{0} ", "preferred_username": "ann"})).await;
    assert!(picture(&user).await.text.starts_with("otpauth://totp/Two-Factor:ann?"));
    let user = enrolled(stack(), json!({"email": "\n"})).await;
    assert!(picture(&user).await.text.starts_with(&format!("otpauth://totp/Two-Factor:{}?", user.id)));
}

#[tokio::test]
async fn an_account_of_invisible_characters_counts_as_absent() {
    let user = enrolled(stack(), json!({"email": "\u{200b}\u{202e}", "username": "ann"})).await;
    assert!(picture(&user).await.text.starts_with("otpauth://totp/Two-Factor:ann?"));
}

#[tokio::test]
async fn which_claims_name_the_account_is_a_setting() {
    let fixture = stack_with([("AccountClaims", "upn,unique_name")]);
    for (claims, account) in [
        (json!({"email": "a@example.com", "upn": "ann@corp.example", "unique_name": "x"}), "ann%40corp.example"),
        (json!({"email": "a@example.com", "upn": "\u{200b}", "unique_name": "ann"}), "ann"),
    ] {
        let text = picture(&enrolled(&fixture, claims).await).await.text;
        assert!(text.starts_with(&format!("otpauth://totp/Two-Factor:{account}?")), "{text}");
    }
    let user = enrolled(&fixture, json!({"email": "a@example.com"})).await;
    assert!(picture(&user).await.text.starts_with(&format!("otpauth://totp/Two-Factor:{}?", user.id)));
}

#[tokio::test]
async fn a_company_of_the_callers_own_is_the_issuer_in_the_picture_and_in_the_sms() {
    let fixture = stack_with([("IssuerClaim", "https://example.com/company")]);
    for (company, encoded, said) in [
        (json!("Acme Ltd"), "Acme%20Ltd", "Acme Ltd"),
        (json!("Acme: Europe\r\n"), "Acme%20Europe", "Acme Europe"),
        (json!("\u{200b}"), "Two-Factor", "Two-Factor"),
        (Value::Null, "Two-Factor", "Two-Factor"),
    ] {
        let claims = json!({"email": "a@example.com", "https://example.com/company": company});
        let user = enrolled(&fixture, claims).await;
        let expected = format!("otpauth://totp/{encoded}:a%40example.com?secret={SECRET}&issuer={encoded}");
        assert_eq!(picture(&user).await.text, expected);
        let phone = enrol_phone(&user).await;
        user.send_code().await.assert_no_content();
        let messages = fixture.messages_to(&phone);
        assert!(messages[0].contains(&format!("is your {said} code.")), "{messages:?}");
    }
    let user = enrolled(&fixture, json!({"https://example.com/company": "日本".repeat(500)})).await;
    assert!(picture(&user).await.text.contains("%E2%80%A6:"), "a name that is too long is cut");
    let phone = enrol_phone(&user).await;
    user.send_code().await.assert_no_content();
    assert!(fixture.messages_to(&phone)[0].chars().count() <= 70);
}

#[tokio::test]
async fn the_app_that_scans_the_picture_shows_codes_that_verify() {
    let user = stack().user();
    let secret = user.get("/api/two-factor/secret").await.json()["data"]["secret_key"].as_str().unwrap().to_owned();
    user.patch(json!({"method": "google", "secret_key": secret})).await.assert_no_content();
    let text = picture(&user).await.text;
    let scanned = text.split_once("?secret=").unwrap().1.split_once('&').unwrap().0;
    assert_eq!(scanned, secret);
    user.verify(&code_now(scanned)).await.assert_no_content();
    assert_eq!(user.settings().await["verified"], true);
}

#[tokio::test]
async fn without_an_app_there_is_no_picture() {
    let user = stack().user();
    user.get("/api/two-factor/qr").await.assert_problem(409, "not-an-authenticator-app");
    assert_eq!(stack().table().user(&user.id).await, None);
    enrol_phone(&user).await;
    user.get("/api/two-factor/qr").await.assert_problem(409, "not-an-authenticator-app");
    enrol_app(&user).await;
    user.patch(json!({"method": ""})).await.assert_no_content();
    user.get("/api/two-factor/qr").await.assert_problem(409, "not-an-authenticator-app");
}
