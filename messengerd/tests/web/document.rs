//! The OpenAPI document: what it says is there, and what is there it says.

use messengerd::transport::http::api;
use serde_json::Value;

use crate::kit::{BASE, Site};

/// Every route of the contract.
const CONTRACT: &[&str] = &[
    "POST /auth/register",
    "POST /auth/login",
    "POST /auth/logout",
    "GET /auth/sessions",
    "DELETE /auth/sessions/{id}",
    "PUT /auth/password",
    "GET /users/me",
    "GET /users",
    "GET /users/{id}",
    "PUT /users/me",
    "PUT /users/status",
    "DELETE /users/me",
    "POST /users/me/avatar",
    "POST /chats/{id}/avatar",
    "GET /chats",
    "POST /chats",
    "GET /chats/{id}",
    "PUT /chats/{id}",
    "DELETE /chats/{id}",
    "POST /chats/{id}/members",
    "PUT /chats/{id}/members/{user_id}",
    "DELETE /chats/{id}/members/{user_id}",
    "POST /chats/{id}/invites",
    "POST /invites/{token}/accept",
    "PUT /chats/{id}/read",
    "GET /messages",
    "GET /messages/search",
    "POST /messages",
    "GET /messages/{id}",
    "PUT /messages/{id}",
    "DELETE /messages/{id}",
    "POST /messages/{id}/read",
    "PUT /messages/{id}/reactions/{emoji}",
    "DELETE /messages/{id}/reactions/{emoji}",
    "GET /contacts",
    "POST /contacts",
    "PUT /contacts/{id}",
    "DELETE /contacts/{id}",
    "PUT /contacts/{id}/block",
    "PUT /contacts/{id}/unblock",
    "GET /calls",
    "POST /calls",
    "PUT /calls/{id}/answer",
    "PUT /calls/{id}/reject",
    "PUT /calls/{id}/end",
    "GET /calls/settings",
    "PUT /calls/settings",
    "POST /upload",
    "GET /files/{id}",
];

/// Routes for which one does not sign in, with what they answer to nothing.
const OPEN: &[(&str, u16)] = &[
    ("POST /auth/register", 400),
    ("POST /auth/login", 400),
    ("GET /avatars/{hash}", 404),
];

/// `METHOD /path` of all routes.
fn routes() -> Vec<String> {
    let document: Value = serde_json::from_str(&api::document_text()).unwrap();
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        let path = path.strip_prefix(BASE).unwrap();
        for method in methods.as_object().unwrap().keys() {
            routes.push(format!("{} {path}", method.to_uppercase()));
        }
    }
    routes
}

#[test]
fn every_route_of_the_contract_is_described() {
    let routes = routes();
    let missing: Vec<_> = CONTRACT
        .iter()
        .filter(|wanted| !routes.iter().any(|route| route == *wanted))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[tokio::test]
async fn every_route_that_is_described_is_there_and_asks_who_calls() {
    let site = Site::start().await;
    for route in routes() {
        let (method, path) = route.split_once(' ').unwrap();
        let mut parts = Vec::new();
        for part in path.split('/') {
            let id = uuid::Uuid::now_v7().to_string();
            parts.push(if part.starts_with('{') {
                id
            } else {
                part.to_owned()
            });
        }
        let path = parts.join("/");
        let open = OPEN.iter().find(|(known, _)| *known == route);
        for path in [path.clone(), format!("{path}/")] {
            let answer = site.api(method, &path).send().await;
            let expected = open.map_or(401, |(_, status)| *status);
            assert_eq!(answer.status, expected, "{route}: {answer:?}");
            let said = answer.json()["error"].as_str().unwrap().to_owned();
            assert!(!said.contains("no such route"), "{route}");
        }
    }
}

#[test]
fn the_kept_document_is_up_to_date() {
    let kept = include_str!("../../openapi.json");
    assert!(
        kept == api::document_text(),
        "messengerd/openapi.json is stale: make swagger writes it anew"
    );
}

#[tokio::test]
async fn the_api_page_runs_by_itself() {
    let site = Site::start().await;
    let page = site.at("GET", "/swagger/index.html").send().await;
    assert_eq!(page.status, 200);
    let text = String::from_utf8(page.body.to_vec()).unwrap();
    assert!(!text.contains("<script>"), "an inline script would not run");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self';"), "{policy}");
    for file in [
        "swagger-ui.css",
        "swagger-ui-bundle.js",
        "swagger-initializer.js",
    ] {
        let got = site.at("GET", &format!("/swagger/{file}")).send().await;
        assert_eq!(got.status, 200, "{file}");
    }
    let start = site
        .at("GET", "/swagger/swagger-initializer.js")
        .send()
        .await;
    let text = String::from_utf8(start.body.to_vec()).unwrap();
    assert!(text.contains("/api/v1/openapi.json"), "{text}");
    let served = site.api("GET", "/openapi.json").send().await.ok(200);
    assert!(served["openapi"].as_str().unwrap().starts_with("3.1"));
}

#[tokio::test]
async fn a_daemon_that_can_serve_says_so() {
    let site = Site::start().await;
    assert_eq!(
        site.at("GET", "/health").send().await.ok(200)["status"],
        "ok"
    );
    assert_eq!(
        site.at("GET", "/ready").send().await.ok(200)["status"],
        "ready"
    );
}
