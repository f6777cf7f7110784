//! Letting people in and out.

use messengerd::service::accounts::Registration;
use messengerd::transport::http::settings::WebSettings;
use serde_json::json;

use crate::kit::{Ask, PASSWORD, Person, Site};

#[tokio::test]
async fn who_registers_is_known_with_and_without_a_slash() {
    let site = Site::start().await;
    let ada = site.person("ada").await;
    for path in ["/users/me", "/users/me/"] {
        let me = ada.get(path).await.ok(200);
        assert_eq!(me["user"]["username"], "ada");
        assert_eq!(me["user"]["email"], "ada@example.org");
        site.api("GET", path)
            .send()
            .await
            .is_refused(401, "unauthenticated");
    }
}

#[tokio::test]
async fn registration_says_what_is_wrong() {
    let site = Site::start().await;
    site.person("ada").await;
    let register = |body: serde_json::Value| site.api("POST", "/auth/register/").json(&body).send();
    for (body, code) in [
        (json!({}), "bad_request"),
        (
            json!({ "username": "bob", "password": "short" }),
            "bad_request",
        ),
        (
            json!({ "username": " ", "password": PASSWORD }),
            "bad_request",
        ),
        (
            json!({ "username": " ADA ", "password": PASSWORD }),
            "username_taken",
        ),
        (
            json!({ "username": "bob", "password": PASSWORD, "email": "Ada@Example.ORG" }),
            "email_taken",
        ),
        (
            json!({ "username": "bob", "password": PASSWORD, "email": "nobody" }),
            "bad_request",
        ),
        (
            json!({ "username": "bob", "password": PASSWORD, "invite": "made-up" }),
            "invite_invalid",
        ),
    ] {
        register(body).await.is_refused(400, code);
    }
    let body = json!({
        "username": " bob ", "password": PASSWORD, "first_name": "Bob", "last_name": null,
        "more": [1],
    });
    let made = register(body).await.ok(201);
    assert_eq!(made["user"]["username"], "bob");
    assert_eq!(made["user"]["first_name"], "Bob");
    let token = made["token"].as_str().unwrap();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    assert!(token.chars().all(plain));
    let closed = Site::with(|config| config.registration = Registration::Closed).await;
    let body = json!({ "username": "bob", "password": PASSWORD });
    let refused = closed
        .api("POST", "/auth/register")
        .json(&body)
        .send()
        .await;
    refused.is_refused(400, "registration_closed");
}

#[tokio::test]
async fn wrong_name_and_wrong_password_get_the_same_answer() {
    let site = Site::start().await;
    site.person("ada").await;
    let login = |name: &str, password: &str| {
        let body = json!({ "username": name, "password": password });
        site.api("POST", "/auth/login").json(&body).send()
    };
    let mut answers = Vec::new();
    for (name, password) in [
        ("ada", "not her password"),
        ("nobody", PASSWORD),
        ("ada", "short"),
        ("a\0da", PASSWORD),
    ] {
        let refused = login(name, password).await;
        refused.is_refused(401, "bad_credentials");
        answers.push(refused.body);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    login("", PASSWORD).await.is_refused(400, "bad_request");
    for name in ["ADA", "ada@example.org"] {
        login(name, PASSWORD).await.ok(200);
    }
    // Failures are limited; the answer says until when.
    let mut last = login("ada", "not her password").await;
    for _ in 0..20 {
        if last.status == 429 {
            break;
        }
        last = login("ada", "not her password").await;
    }
    last.is_refused(429, "rate_limited");
    assert!(last.header("retry-after").is_some());
}

#[tokio::test]
async fn sessions_are_listed_and_ended() {
    let site = Site::start().await;
    let ada = site.person("ada").await;
    let body = json!({ "username": "ada", "password": PASSWORD });
    let firefox = site
        .api("POST", "/auth/login")
        .header(
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        )
        .json(&body)
        .send()
        .await;
    let other = Person::of(site.door(), &firefox.ok(200));
    let list = ada.get("/auth/sessions/").await.ok(200);
    let sessions = list["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    let find = |current: bool| {
        let mut sessions = sessions.iter();
        sessions.find(|one| one["current"] == current).unwrap()
    };
    assert_eq!(find(false)["device"], "Firefox on Linux");
    let id = find(false)["id"].as_str().unwrap();
    let path = format!("/auth/sessions/{id}/");
    // Of somebody else it is as unknown as one that does not exist.
    let bob = site.person("bob").await;
    bob.delete(&path).await.is_refused(404, "not_found");
    bob.delete("/auth/sessions/1")
        .await
        .is_refused(400, "bad_request");
    ada.delete(&path).await.ok(200);
    other
        .get("/users/me")
        .await
        .is_refused(401, "unauthenticated");
    ada.delete(&path).await.is_refused(404, "not_found");
    ada.ask("POST", "/auth/logout").send().await.ok(200);
    ada.get("/users/me")
        .await
        .is_refused(401, "unauthenticated");
}

#[tokio::test]
async fn a_new_password_ends_other_sessions() {
    let site = Site::start().await;
    let ada = site.person("ada").await;
    let other = site.sign_in("ada").await;
    let change =
        |old: &str, new: &str| ada.put("/auth/password", json!({ "old": old, "new": new }));
    change("not her password", "battery staple")
        .await
        .is_refused(403, "bad_credentials");
    change(PASSWORD, "short")
        .await
        .is_refused(400, "bad_request");
    ada.put("/auth/password", json!({}))
        .await
        .is_refused(400, "bad_request");
    change(PASSWORD, "battery staple").await.ok(200);
    other
        .get("/users/me")
        .await
        .is_refused(401, "unauthenticated");
    ada.get("/users/me").await.ok(200);
}

#[tokio::test]
async fn a_token_lives_as_long_as_is_set() {
    let site = Site::with(|config| config.web.token_hours = 2).await;
    let body = json!({ "username": "ada", "password": PASSWORD, "cookie": true });
    let answer = site.api("POST", "/auth/register").json(&body).send().await;
    assert!(answer.ok(201)["token"].is_null());
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.contains("Max-Age=7200"), "{cookie}");
    let ada = site.sign_in("ada").await;
    let claims = ada.token.split('.').nth(1).unwrap();
    let claims = base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, claims).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    let life = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(life, 2 * 60 * 60);
}

#[tokio::test]
async fn an_account_ends_with_its_password() {
    let site = Site::start().await;
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    bob.post("/contacts", json!({ "username": "ada" }))
        .await
        .ok(201);
    let delete = |body: serde_json::Value| ada.ask("DELETE", "/users/me/").json(&body).send();
    delete(json!({})).await.is_refused(400, "bad_request");
    delete(json!({ "password": "not her password" }))
        .await
        .is_refused(403, "bad_credentials");
    delete(json!({ "password": PASSWORD })).await.ok(200);
    ada.get("/users/me")
        .await
        .is_refused(401, "unauthenticated");
    let body = json!({ "username": "ada", "password": PASSWORD });
    let login = site.api("POST", "/auth/login").json(&body).send().await;
    login.is_refused(401, "bad_credentials");
    let taken = site.api("POST", "/auth/register").json(&body).send().await;
    taken.is_refused(400, "username_taken");
    let list = bob.get("/contacts").await.ok(200);
    assert_eq!(list["contacts"], json!([]));
    let gone = bob.get(&format!("/users/{}", ada.id)).await.ok(200);
    assert_eq!(gone["user"]["is_active"], false);
}

/// Signs in with a cookie and gives back `NAME=VALUE`.
async fn cookie(ask: Ask, name: &str) -> (String, String) {
    let body = json!({ "username": name, "password": PASSWORD, "cookie": true });
    let answer = ask.json(&body).send().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.json()["token"].is_null());
    let set = answer.header("set-cookie").unwrap().to_owned();
    (set.split(';').next().unwrap().to_owned(), set)
}

#[tokio::test]
async fn no_script_reads_the_cookie_and_no_other_site_uses_it() {
    let site = Site::start().await;
    site.person("ada").await;
    for door in [site.door(), site.secure()] {
        let (pair, set) = cookie(door.api("POST", "/auth/login"), "ada").await;
        for part in ["; HttpOnly", "; SameSite=Strict", "; Path=/"] {
            assert!(set.contains(part), "{set}");
        }
        let secure = door.origin().starts_with("https");
        assert_eq!(set.starts_with("__Host-"), secure);
        assert_eq!(set.contains("; Secure"), secure);
        let with = |method: &str, path: &str| door.api(method, path).header("cookie", &pair);
        with("GET", "/users/me").send().await.ok(200);
        let change = || with("PUT", "/users/me").json(&json!({ "first_name": "Ada" }));
        for (name, value) in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("x-anything", ""),
        ] {
            let refused = change().header(name, value).send().await;
            refused.is_refused(403, "forbidden");
        }
        change()
            .header("origin", &door.origin())
            .send()
            .await
            .ok(200);
        change()
            .header("sec-fetch-site", "same-origin")
            .send()
            .await
            .ok(200);
        let out = with("POST", "/auth/logout")
            .header("origin", &door.origin())
            .send()
            .await;
        out.ok(200);
        assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
        with("GET", "/users/me")
            .send()
            .await
            .is_refused(401, "unauthenticated");
    }
}

#[tokio::test]
async fn nobody_becomes_local_through_a_proxy_or_another_sites_page() {
    let trusting = Site::with(|config| {
        config.web = WebSettings {
            trusted_proxies: vec!["127.0.0.1".parse().unwrap()],
            ..WebSettings::default()
        };
    })
    .await;
    let direct = Site::start().await;
    let body = json!({ "username": "eve", "password": PASSWORD });
    for (site, name, value) in [
        (&trusting, "x-forwarded-for", "127.0.0.1"),
        (&trusting, "x-anything", ""),
        (&direct, "x-forwarded-for", "203.0.113.9"),
        (&direct, "origin", "https://evil.example"),
        (&direct, "sec-fetch-site", "cross-site"),
    ] {
        let register = site.api("POST", "/auth/register").json(&body);
        let refused = register.header(name, value).send().await;
        refused.is_refused(400, "invite_required");
    }
    direct.person("ada").await;
}

#[tokio::test]
async fn a_trusted_proxy_makes_the_way_encrypted() {
    let site = Site::with(|config| {
        config.registration = Registration::Open;
        config.web.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    // The first account is made on the machine itself.
    let mut ada =
        crate::support::Client::connect(&site.daemon, crate::support::Wire::Quic, None, false)
            .await
            .unwrap();
    ada.register("ada").await.unwrap();
    let body = json!({ "username": "bob", "password": PASSWORD, "cookie": true });
    let through = |ask: Ask| {
        ask.header("x-forwarded-for", "203.0.113.9")
            .header("x-forwarded-proto", "https")
            .header("x-forwarded-host", "chat.example")
    };
    let answer = through(site.api("POST", "/auth/register"))
        .json(&body)
        .send()
        .await;
    answer.ok(201);
    let set = answer.header("set-cookie").unwrap();
    assert!(
        set.starts_with("__Host-") && set.contains("; Secure"),
        "{set}"
    );
    let pair = set.split(';').next().unwrap();
    let change = |origin: &str| {
        through(site.api("PUT", "/users/me"))
            .header("cookie", pair)
            .header("origin", origin)
            .json(&json!({ "first_name": "Bob" }))
            .send()
    };
    change("https://chat.example").await.ok(200);
    change("http://chat.example")
        .await
        .is_refused(403, "forbidden");
    change(&site.door().origin())
        .await
        .is_refused(403, "forbidden");
}
