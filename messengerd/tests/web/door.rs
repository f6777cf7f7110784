//! What holds for every route: CORS, methods, what is not there yet.

use messengerd::transport::http::settings::Origins;
use serde_json::json;

use crate::kit::Site;

#[tokio::test]
async fn pages_of_other_sites_are_let_in_as_is_set() {
    let allowed = "https://app.example";
    for (origins, from, answer) in [
        (Origins::default(), allowed, None),
        (
            Origins::These(vec![allowed.to_owned()]),
            allowed,
            Some(allowed),
        ),
        (
            Origins::These(vec![allowed.to_owned()]),
            "https://evil.example",
            None,
        ),
        (Origins::Any, "https://evil.example", Some("*")),
    ] {
        let site = Site::with(|config| config.web.cors_origins = origins).await;
        for (method, path, status) in [
            ("OPTIONS", "/api/v1/users/me", 204),
            ("OPTIONS", "/api/v1/nowhere/at/all/", 204),
            ("OPTIONS", "/ws", 204),
            ("GET", "/health", 200),
            ("GET", "/api/v1/users/me", 401),
            ("GET", "/api/v1/nowhere", 404),
            ("PATCH", "/api/v1/users/me", 405),
        ] {
            let got = site.at(method, path).header("origin", from).send().await;
            assert_eq!(got.status, status, "{method} {path}");
            assert_eq!(got.header("access-control-allow-origin"), answer);
            assert_eq!(got.header("access-control-allow-credentials"), None);
            if status == 204 {
                assert!(got.body.is_empty());
                let allowed = got.header("access-control-allow-headers").unwrap();
                assert!(allowed.contains("authorization"));
            }
        }
    }
}

#[tokio::test]
async fn calls_and_files_say_that_they_are_not_there_yet() {
    let site = Site::start().await;
    let ada = site.person("ada").await;
    let id = uuid::Uuid::now_v7();
    for (method, path) in [
        ("GET", "/calls".to_owned()),
        ("POST", "/calls".to_owned()),
        ("PUT", format!("/calls/{id}/answer")),
        ("PUT", format!("/calls/{id}/reject")),
        ("PUT", format!("/calls/{id}/end")),
        ("GET", "/calls/settings".to_owned()),
        ("PUT", "/calls/settings".to_owned()),
        ("POST", "/upload".to_owned()),
        ("GET", format!("/files/{id}")),
    ] {
        for path in [format!("{path}/"), path] {
            let refused = site.api(method, &path).send().await;
            refused.is_refused(401, "unauthenticated");
            let refused = ada.ask(method, &path).json(&json!({})).send().await;
            refused.is_refused(501, "not_implemented");
        }
    }
}

#[tokio::test]
async fn tokens_are_taken_in_any_case_and_no_other() {
    let site = Site::start().await;
    let ada = site.person("ada").await;
    for word in ["Bearer", "bearer", "BEARER"] {
        let said = format!("{word} {}", ada.token);
        let me = site.api("GET", "/users/me").header("authorization", &said);
        me.send().await.ok(200);
    }
    for said in [
        ada.token.clone(),
        format!("Basic {}", ada.token),
        "Bearer".to_owned(),
        "Bearer nonsense".to_owned(),
        format!("Bearer {}x", ada.token),
    ] {
        let me = site.api("GET", "/users/me").header("authorization", &said);
        me.send().await.is_refused(401, "unauthenticated");
    }
}
