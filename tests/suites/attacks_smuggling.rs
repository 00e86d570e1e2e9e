//! Requests that two HTTP parsers could read differently, written byte by byte to a socket. Behind the gateway there is
//! no second HTTP parser: a function receives an event. What remains to prove is that a body never becomes another
//! request, a value never becomes a header, and two tokens count as none.

use serde_json::json;

use crate::support::{Raw, SECRET, User, enrol_app, nothing_set, stack};

/// A user whose settings a smuggled request would reset.
struct Target {
    user: User,
}

impl Target {
    async fn new() -> Self {
        let user = stack().user();
        enrol_app(&user).await;
        Self { user }
    }

    /// A reset of the user's own settings, without a token.
    fn smuggled() -> &'static str {
        "POST /api/two-factor/reset HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    }

    async fn send(&self, head: &str, body: &str) -> Raw {
        let request =
            format!("{head}\r\nHost: x\r\nAuthorization: Bearer {}\r\n", self.user.token).replace("\r\n\r\n", "\r\n");
        Raw::send(&self.user, format!("{request}{body}").as_bytes()).await
    }

    async fn assert_untouched(&self, what: &str) {
        assert_eq!(self.user.settings().await["secret_key"], SECRET, "{what}");
    }
}

#[tokio::test]
async fn no_request_is_made_of_anothers_body() {
    let target = Target::new().await;
    let smuggled = Target::smuggled();
    let length = smuggled.len();
    let chunked = format!("0\r\n\r\n{smuggled}");
    for (what, headers_and_body) in [
        ("both lengths", format!("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}")),
        ("both lengths, turned", format!("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n{chunked}")),
        (
            "the whole as one length",
            format!("Content-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}", chunked.len()),
        ),
        ("two lengths", format!("Content-Length: 0\r\nContent-Length: {length}\r\n\r\n{smuggled}")),
        ("two lengths in one", format!("Content-Length: 0, {length}\r\n\r\n{smuggled}")),
        ("a negative length", format!("Content-Length: -1\r\n\r\n{smuggled}")),
        ("a signed length", format!("Content-Length: +{length}\r\n\r\n{smuggled}")),
        ("a length in hexadecimal", format!("Content-Length: 0x0\r\n\r\n{smuggled}")),
        ("an endless length", format!("Content-Length: 99999999999999999999\r\n\r\n{smuggled}")),
        ("a coding that is not known", format!("Transfer-Encoding: xchunked\r\n\r\n{chunked}")),
        ("a coding behind chunked", format!("Transfer-Encoding: chunked, identity\r\n\r\n{chunked}")),
        ("a coding before a blank", format!("Transfer-Encoding : chunked\r\n\r\n{chunked}")),
        ("a folded coding", format!("Transfer-Encoding:\r\n chunked\r\nContent-Length: 4\r\n\r\n{chunked}")),
        (
            "a coding with a vertical tab",
            format!("Transfer-Encoding: \u{b}chunked\r\nContent-Length: 4\r\n\r\n{chunked}"),
        ),
        ("a chunk of a negative size", format!("Transfer-Encoding: chunked\r\n\r\n-1\r\n{smuggled}")),
        ("a chunk of an endless size", format!("Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n{smuggled}")),
        ("bare line feeds", format!("Content-Length: 0\n\n{smuggled}")),
        ("a body that a GET does not have", smuggled.to_owned()),
    ] {
        for head in ["POST /api/two-factor/send-verification HTTP/1.1", "GET /api/two-factor HTTP/1.1"] {
            let answer = target.send(head, &headers_and_body).await;
            // A second request on the connection stands alone, and has no token.
            let own = answer.statuses();
            assert!(own.iter().skip(1).all(|status| [400, 401].contains(status)), "{what}: {}", answer.0);
            assert!(own.iter().all(|status| *status < 500 || *status == 501), "{what}: {}", answer.0);
            target.assert_untouched(what).await;
        }
    }
}

#[tokio::test]
async fn two_tokens_are_none() {
    let (user, victim) = (stack().user(), stack().user());
    enrol_app(&victim).await;
    let (own, other) = (&user.token, &victim.token);
    let cut = &other[..other.len() - 4];
    for headers in [
        format!("Authorization: Bearer {own}\r\nAuthorization: Bearer {other}"),
        format!("Authorization: Bearer {own}\r\nauthorization: Bearer {own}"),
        format!("Authorization: Bearer {own}\r\nAuthorization: Bearer {cut}"),
        format!("Authorization: Bearer {cut}\r\nAuthorization: Bearer {own}"),
        format!("Authorization: Bearer {own}, Bearer {other}"),
        format!("Authorization: Bearer {own} {other}"),
        format!("Authorization: Bearer {own},{other}"),
        format!("Authorization: Bearer Bearer {own}"),
        format!("Authorization: Basic {own}"),
        format!("Authorization: Bearer\r\nX-Authorization: Bearer {other}"),
        format!("Proxy-Authorization: Bearer {other}"),
        format!("X-Amz-Security-Token: {other}"),
        format!("Cookie: access_token={other}; Authorization=Bearer {other}"),
    ] {
        let request = format!("GET /api/two-factor HTTP/1.1\r\nHost: x\r\n{headers}\r\nConnection: close\r\n\r\n");
        let answer = Raw::send(&user, request.as_bytes()).await;
        assert_eq!(answer.statuses(), [401], "{headers}: {}", answer.0);
        assert!(!answer.0.contains(SECRET));
    }
    let in_query =
        format!("GET /api/two-factor?access_token={other}&authorization=Bearer%20{other} HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(Raw::send(&user, in_query.as_bytes()).await.statuses(), [401]);
}

#[tokio::test]
async fn no_value_becomes_a_header() {
    let user = stack().user();
    for (method, target) in [
        ("GET", "/api/two-factor?x=%0d%0aSet-Cookie:%20a=b"),
        ("POST", "/api/users/1%0d%0aSet-Cookie:%20a=b/two-factor/reset"),
        ("POST", "/api/users/1%E5%98%8D%E5%98%8ASet-Cookie:%20a=b/two-factor/reset"),
    ] {
        let request = format!(
            "{method} {target} HTTP/1.1\r\nHost: x%0d%0aSet-Cookie: a=b\r\nAuthorization: Bearer {}\r\nContent-Length: \
             0\r\nConnection: close\r\n\r\n",
            user.token
        );
        let answer = Raw::send(&user, request.as_bytes()).await;
        assert_eq!(answer.statuses().len(), 1, "{}", answer.0);
        assert!(!answer.0.to_lowercase().contains("set-cookie"), "{}", answer.0);
    }
    for bytes in [&b"X-Bad: a\0b\r\n"[..], b"X-B\0ad: a\r\n", b"X-Bad\xff: a\r\n", b": a\r\n", b"X-Bad: a\rb\r\n"] {
        let head = format!("GET /api/two-factor HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n", user.token);
        let answer = Raw::send(&user, &[head.as_bytes(), bytes, b"Connection: close\r\n\r\n"].concat()).await;
        assert_eq!(answer.statuses(), [400], "{bytes:?}: {}", answer.0);
    }
}

#[tokio::test]
async fn the_host_is_the_clients_word_and_is_not_repeated() {
    let user = stack().user();
    enrol_app(&user).await;
    for host in ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "evil.example\r\nHost: other.example", ""]
    {
        for (method, path) in
            [("GET", "/api/two-factor"), ("GET", "/api/two-factor/qr"), ("POST", "/api/two-factor/verify")]
        {
            let request = format!(
                "{method} {path} HTTP/1.1\r\nHost: {host}\r\nX-Forwarded-Host: evil.example\r\nForwarded: \
                 host=evil.example\r\nX-Original-URL: /api/two-factor/reset\r\nX-Rewrite-URL: /api/two-factor/reset\r\n\
                 X-HTTP-Method-Override: PATCH\r\nAuthorization: Bearer {}\r\nContent-Length: 0\r\nConnection: \
                 close\r\n\r\n",
                user.token
            );
            let answer = Raw::send(&user, request.as_bytes()).await;
            assert!(matches!(answer.statuses()[..], [200 | 400]), "{path}: {}", answer.0);
            assert!(!answer.0.contains("evil"), "{path}: {}", answer.0);
        }
        // The local stack's helper endpoints issue tokens, so they accept only a loopback host name.
        let request =
            format!("POST /local/token HTTP/1.1\r\nHost: {host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        let answer = Raw::send(&user, request.as_bytes()).await;
        assert!(!answer.0.contains("access_token"), "{host}: {}", answer.0);
    }
    assert_eq!(user.settings().await["secret_key"], SECRET);
}

#[tokio::test]
async fn a_method_is_what_the_request_line_says() {
    let user = stack().user();
    let body = json!({"method": "google", "secret_key": SECRET}).to_string();
    for method in ["POST", "patch", "Patch", "PATCH%20", "PUT", "TRACE", "OPTIONS", "HEAD", "CONNECT", "PROPFIND"] {
        let request = format!(
            "{method} /api/two-factor?_method=PATCH HTTP/1.1\r\nHost: x\r\nX-HTTP-Method-Override: PATCH\r\nX-HTTP-Method: \
             PATCH\r\nX-Method-Override: PATCH\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\nConnection: \
             close\r\n\r\n{body}",
            user.token,
            body.len()
        );
        let answer = Raw::send(&user, request.as_bytes()).await;
        assert!(matches!(answer.statuses()[..], [400 | 404 | 405]), "{method}: {}", answer.0);
    }
    assert_eq!(user.settings().await, nothing_set());
}
