//! A user's HTTP client.

use reqwest::{Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::Value;

/// A caller with a token.
#[derive(Clone)]
pub struct User {
    pub id: String,
    pub token: String,
    pub base_url: String,
    pub http: reqwest::Client,
}

/// A response, with its body read.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl User {
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub async fn patch(&self, body: Value) -> Answer {
        self.send(Method::PATCH, "/api/two-factor", Some((body.to_string(), "application/json"))).await
    }

    pub async fn post(&self, path: &str) -> Answer {
        self.send(Method::POST, path, None).await
    }

    pub async fn verify(&self, key: &str) -> Answer {
        let body = serde_json::json!({ "key": key }).to_string();
        self.send(Method::POST, "/api/two-factor/verify", Some((body, "application/json"))).await
    }

    pub async fn send_code(&self) -> Answer {
        self.post("/api/two-factor/send-verification").await
    }

    pub async fn settings(&self) -> Value {
        let answer = self.get("/api/two-factor").await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["data"].clone()
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<(String, &str)>) -> Answer {
        let mut request = self.request(method, path);
        if let Some((body, content_type)) = body {
            request = request.header("content-type", content_type).body(body);
        }
        Answer::of(request).await
    }

    /// A request with the user's token, for a test that adds to it.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base_url)).bearer_auth(&self.token)
    }
}

impl Answer {
    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.expect("the stack answers");
        let (status, headers) = (response.status(), response.headers().clone());
        Self { status, headers, text: response.text().await.expect("the body is text") }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Asserts a 204 without a body.
    pub fn assert_no_content(&self) {
        assert_eq!((self.status.as_u16(), self.text.as_str()), (204, ""), "{self:?}");
        assert_eq!(self.headers["cache-control"], "no-store");
    }

    /// Asserts a problem document with this status and this last part of its type; returns the document.
    pub fn assert_problem(&self, status: u16, name: &str) -> Value {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert_eq!(self.headers["cache-control"], "no-store");
        let problem = self.json();
        assert_eq!(problem["type"], format!("/problems/{name}"), "{problem}");
        assert_eq!(problem["status"], status);
        for member in ["title", "detail", "request_id"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
        }
        problem
    }

    /// The pointers of a problem's field errors.
    pub fn pointers(&self) -> Vec<String> {
        let problem = self.json();
        let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("field errors: {problem}")).clone();
        assert!(errors.iter().all(|error| error["detail"].as_str().is_some_and(|text| !text.is_empty())), "{problem}");
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    }

    /// `Retry-After` in seconds.
    pub fn retry_after(&self) -> u64 {
        self.headers["retry-after"].to_str().unwrap().parse().unwrap()
    }
}
