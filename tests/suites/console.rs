//! The pages for a browser: the console, the reference, the problems. `tests/console` checks what they do in one.

use std::collections::BTreeSet;

use local_stack::openapi;
use regex_lite::Regex;
use reqwest::{Client, Method, header};
use serde_json::Value;

use crate::support::{Answer, stack};

async fn get(path: &str) -> Answer {
    Answer::of(Client::new().get(format!("{}{path}", stack().stack.base_url()))).await
}

/// The paths of the pages, and of everything that they load.
async fn paths() -> Vec<String> {
    let mut paths =
        ["/", "/reference", "/openapi.yaml", "/problems", "/problems/invalid-code"].map(str::to_owned).to_vec();
    let loaded = Regex::new(r#"(?:src|href|from|import) ?="?(/local/pages/[a-z.-]+)"|"\./([a-z.]+)""#).unwrap();
    let mut next = 0;
    while next < paths.len() {
        // File names in the Swagger UI bundle do not refer to files of ours.
        let text = if paths[next].contains("swagger-ui") { String::new() } else { get(&paths[next]).await.text };
        for found in loaded.captures_iter(&text) {
            let path =
                found.get(1).map_or_else(|| format!("/local/pages/{}", &found[2]), |path| path.as_str().to_owned());
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
        next += 1;
    }
    paths
}

#[tokio::test]
async fn each_page_and_all_that_it_loads_comes_with_a_policy_that_lets_nothing_else_in() {
    let paths = paths().await;
    assert!(paths.len() >= 12, "{paths:?}");
    for path in paths {
        let answer = get(&path).await;
        assert_eq!(answer.status, 200, "{path}");
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; "), "{path}: {policy}");
        assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"), "{path}: {policy}");
        for (name, value) in [("x-content-type-options", "nosniff"), ("cache-control", "no-store")] {
            assert_eq!(answer.headers[name], value, "{path}");
        }
        let media_type = match path.rsplit_once('.') {
            Some((_, "js")) => "text/javascript; charset=utf-8",
            Some((_, "css")) => "text/css; charset=utf-8",
            Some((_, "yaml")) => "application/yaml; charset=utf-8",
            _ => "text/html; charset=utf-8",
        };
        assert_eq!(answer.headers["content-type"], media_type, "{path}");
    }
}

#[tokio::test]
async fn no_page_has_a_script_of_its_own_or_names_another_host() {
    let address = Regex::new(r#"(?:src|href|action)="([^"]*)""#).unwrap();
    let written = Regex::new(r"(?i)<script>|<style|\sstyle=|\son[a-z]+=|javascript:").unwrap();
    let host = Regex::new(r#"(?:url\(|fetch\(|import)\s*["'(]*(?:https?:)?//"#).unwrap();
    let of_others = |path: &String| path.ends_with(".yaml") || path.contains("swagger-ui");
    for path in paths().await.into_iter().filter(|path| !of_others(path)) {
        let text = get(&path).await.text;
        for found in address.captures_iter(&text) {
            let target = &found[1];
            let own = target.starts_with('/') && !target.starts_with("//");
            assert!(own || target.starts_with('#') || target.starts_with("data:"), "{path}: {target}");
        }
        assert!(!host.is_match(&text), "{path}");
        if !path.ends_with(".js") {
            assert!(!written.is_match(&text), "{path}: {:?}", written.find(&text));
        }
    }
}

#[tokio::test]
async fn the_pages_answer_under_loopback_names_only() {
    for path in ["/", "/reference", "/openapi.yaml", "/local/pages/console.js", "/problems/invalid-code"] {
        let request = || Client::new().get(format!("{}{path}", stack().stack.base_url()));
        for (host, status) in [("localhost:3000", 200), ("evil.example", 403), ("127.0.0.1.evil.example:3000", 403)] {
            let answer = Answer::of(request().header(header::HOST, host)).await;
            assert_eq!(answer.status, status, "{path} as {host}");
        }
        let foreign = Answer::of(request().header(header::ORIGIN, "https://evil.example")).await;
        assert_eq!(foreign.status, 403, "{path}");
    }
}

#[tokio::test]
async fn what_is_no_page_is_the_gateways_to_answer() {
    for (method, path) in [
        (Method::POST, "/"),
        (Method::DELETE, "/reference"),
        (Method::POST, "/problems"),
        (Method::GET, "/problems/no-such-problem"),
        (Method::GET, "/local/pages/console.html"),
        (Method::GET, "/local/pages/..%2fmod.rs"),
        (Method::GET, "/index.html"),
    ] {
        let answer =
            Answer::of(Client::new().request(method.clone(), format!("{}{path}", stack().stack.base_url()))).await;
        let got = (answer.status.as_u16(), answer.text.as_str());
        assert_eq!(got, (404, r#"{"message":"Not Found"}"#), "{method} {path}");
    }
}

#[tokio::test]
async fn the_reference_is_swagger_ui_over_the_description() {
    let page = get("/reference").await.text;
    assert!(page.contains(r#"<div id="swagger-ui">"#), "{page}");
    let bundle = get("/local/pages/swagger-ui-bundle.js").await.text;
    assert!(bundle.contains("SwaggerUIBundle") && bundle.len() > 1_000_000, "{}", bundle.len());
    let started = get("/local/pages/reference.js").await.text;
    assert!(started.contains(r#"url: "/openapi.yaml""#) && started.contains("preauthorizeApiKey"), "{started}");
}

#[tokio::test]
async fn the_description_is_served_as_it_is_written() {
    let file = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.yaml")).unwrap();
    assert_eq!(get("/openapi.yaml").await.text, file);
}

#[tokio::test]
async fn the_type_of_a_problem_leads_to_a_page_that_says_what_to_do() {
    let user = stack().user();
    let problem: Value = user.verify("12345").await.assert_problem(422, "invalid-fields");
    let page = get(problem["type"].as_str().unwrap()).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("<h1><code>/problems/invalid-fields</code></h1>"), "{}", page.text);
    assert!(page.text.contains("&quot;type&quot;: &quot;/problems/invalid-fields&quot;"), "{}", page.text);
    assert!(
        page.text.contains("POST /api/two-factor/verify") && page.text.contains("<code>errors</code>"),
        "{}",
        page.text
    );
}

#[tokio::test]
async fn every_problem_of_the_description_has_a_page_with_a_section_of_its_own() {
    let description = openapi().unwrap().to_string();
    let name = Regex::new("\"(/problems/[a-z-]+)\"").unwrap();
    let types: BTreeSet<&str> = name.captures_iter(&description).map(|found| found.get(1).unwrap().as_str()).collect();
    assert!(types.len() >= 18, "{types:?}");
    let list = get("/problems").await.text;
    for path in types {
        assert!(list.contains(&format!(r#"<a href="{path}">"#)), "{path}: {list}");
        let page = get(path).await;
        assert_eq!(page.status, 200, "{path}");
        let (_, section) = page.text.split_once("<section>").unwrap();
        let (section, rest) = section.split_once("</section>").unwrap();
        assert!(section.contains("<p>"), "{path}: {section}");
        assert!(rest.contains("<h2>Example</h2>") && rest.contains("/reference#/"), "{path}: {rest}");
    }
}
