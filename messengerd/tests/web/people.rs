//! Profiles, pictures, lists of people, contacts.

use serde_json::{Value, json};

use crate::kit::{Answer, Person, Site};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR of a test";

fn names(answer: &Value, list: &str) -> Vec<String> {
    let people = answer[list].as_array().unwrap().iter();
    people
        .map(|one| one["username"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn people_are_listed_by_part_of_a_name() {
    let site = Site::start().await;
    let ada = site.person("ada").await;
    for name in ["bob", "carol", "dave"] {
        site.person(name).await;
    }
    let carol = site.sign_in("carol").await;
    carol
        .put("/users/me", json!({ "first_name": "Каролина" }))
        .await
        .ok(200);
    let listed = async |query: &str| {
        let answer = ada.get(&format!("/users{query}")).await.ok(200);
        names(&answer, "users")
    };
    assert_eq!(listed("").await, ["bob", "carol", "dave"]);
    assert_eq!(listed("/?limit=1&offset=1").await, ["carol"]);
    assert_eq!(listed("?limit=0&offset=x").await, ["bob", "carol", "dave"]);
    assert_eq!(listed("?search=AR").await, ["carol"]);
    assert_eq!(listed("?search=%D0%BA%D0%B0%D1%80").await, ["carol"]);
    assert_eq!(listed("?search=%00").await, Vec::<String>::new());
    assert_eq!(listed("?status=offline&offset=2").await, ["dave"]);
    assert_eq!(listed("?status=online").await, Vec::<String>::new());
    ada.get("/users?status=asleep")
        .await
        .is_refused(400, "bad_request");
    let long = "x".repeat(300);
    let refused = ada.get(&format!("/users?search={long}")).await;
    refused.is_refused(413, "too_large");
}

#[tokio::test]
async fn an_address_is_shown_to_oneself_and_to_admins() {
    let site = Site::start().await;
    // The first account administers the server.
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let seen = async |by: &Person, id: &str| {
        let answer = by.get(&format!("/users/{id}/")).await.ok(200);
        answer["user"]["email"].as_str().unwrap().to_owned()
    };
    assert_eq!(seen(&bob, &bob.id).await, "bob@example.org");
    assert_eq!(seen(&ada, &bob.id).await, "bob@example.org");
    assert_eq!(seen(&bob, &ada.id).await, "");
    let spelled = ada.id.to_uppercase().replace('-', "");
    assert_eq!(seen(&bob, &spelled).await, "");
    bob.get("/users/1").await.is_refused(400, "bad_request");
    let nobody = uuid::Uuid::now_v7();
    bob.get(&format!("/users/{nobody}"))
        .await
        .is_refused(404, "not_found");
}

#[tokio::test]
async fn a_profile_changes_what_is_given() {
    let site = Site::start().await;
    let ada = site.person("ada").await;
    site.person("bob").await;
    let change = async |body: Value| ada.put("/users/me/", body).await;
    let body = json!({
        "first_name": " Ada ", "last_name": "Lovelace", "email": "", "bio": "counts", "avatar": null,
    });
    let before = ada.get("/users/me").await.ok(200);
    let user = change(body).await.ok(200)["user"].clone();
    assert_eq!(user["first_name"], "Ada");
    assert_eq!(user["last_name"], "Lovelace");
    assert_eq!(user["email"], "ada@example.org");
    assert_eq!(user["bio"], "counts");
    assert_eq!(user["created_at"], before["user"]["created_at"]);
    let user = change(json!({ "clear": ["last_name", "bio"] }))
        .await
        .ok(200)["user"]
        .clone();
    assert_eq!(
        (&user["first_name"], &user["last_name"]),
        (&json!("Ada"), &json!(""))
    );
    assert_eq!(user["bio"], "");
    change(json!({ "email": "BOB@example.org" }))
        .await
        .is_refused(409, "email_taken");
    for wrong in [
        json!({ "email": "nobody" }),
        json!({ "first_name": "x".repeat(65) }),
        json!({ "first_name": 1 }),
        json!({ "clear": ["username"] }),
        json!({ "avatar": "two\nlines" }),
        json!([]),
    ] {
        change(wrong).await.is_refused(400, "bad_request");
    }
    let long = vec![b' '; 1024 * 1024 + 1];
    let refused = ada.ask("PUT", "/users/me").bytes(long).send().await;
    refused.is_refused(413, "too_large");
}

#[tokio::test]
async fn a_picture_is_kept_and_an_address_is_only_kept() {
    let site = Site::start().await;
    let ada = site.person("ada").await;
    let upload = |file: Option<(&str, &[u8])>| {
        ada.ask("POST", "/users/me/avatar")
            .form(file, &[("more", "text")])
            .send()
    };
    let answer = upload(Some(("../../a.svg", PNG))).await.ok(200);
    let url = answer["user"]["avatar"].as_str().unwrap().to_owned();
    // No sign-in is needed: nobody guesses it.
    let picture = site.at("GET", &url).send().await;
    assert_eq!((picture.status, &picture.body[..]), (200, PNG));
    assert_eq!(picture.header("content-type"), Some("image/png"));
    assert_eq!(picture.header("x-content-type-options"), Some("nosniff"));
    assert!(
        picture
            .header("cache-control")
            .unwrap()
            .contains("immutable")
    );
    let policy = picture.header("content-security-policy").unwrap();
    assert!(policy.contains("sandbox"), "{policy}");

    upload(Some(("a.png", b"<svg onload=alert(1)>")))
        .await
        .is_refused(415, "unsupported_media_type");
    upload(Some(("a.png", &[0xff; 200_000])))
        .await
        .is_refused(413, "too_large");
    upload(None).await.is_refused(400, "bad_request");
    let plain = ada.post("/users/me/avatar/", json!({})).await;
    plain.is_refused(400, "bad_request");

    let set =
        async |avatar: &str| -> Answer { ada.put("/users/me", json!({ "avatar": avatar })).await };
    let elsewhere = "https://example.org/ada.png?<b>";
    assert_eq!(set(elsewhere).await.ok(200)["user"]["avatar"], elsewhere);
    assert_eq!(set("").await.ok(200)["user"]["avatar"], elsewhere);
    // Nobody had it any more.
    site.at("GET", &url)
        .send()
        .await
        .is_refused(404, "not_found");
    set(&url).await.is_refused(404, "not_found");
    upload(Some(("a.png", PNG))).await.ok(200);
    let bob = site.person("bob").await;
    let own = format!("{}{url}", site.door().origin());
    let taken = bob.put("/users/me", json!({ "avatar": own })).await.ok(200);
    assert_eq!(taken["user"]["avatar"], url);
    let cleared = bob.put("/users/me", json!({ "clear": ["avatar"] })).await;
    assert_eq!(cleared.ok(200)["user"]["avatar"], "");
    site.at("GET", &url).send().await.headers.get("etag");
    site.at("GET", "/api/v1/avatars/nothing")
        .send()
        .await
        .is_refused(404, "not_found");
}

#[tokio::test]
async fn a_status_is_chosen() {
    let site = Site::start().await;
    let ada = site.person("ada").await;
    let choose = |body: Value| ada.put("/users/status/", body);
    let busy = json!({ "status": "busy", "text": "counting", "until": "2999-01-01T00:00:00Z" });
    let user = choose(busy).await.ok(200)["user"].clone();
    assert_eq!(
        (&user["status"], &user["status_text"]),
        (&json!("busy"), &json!("counting"))
    );
    // One is offline without a connection, not by choice.
    let user = choose(json!({ "status": "offline" })).await.ok(200)["user"].clone();
    assert_eq!(user["status"], "busy");
    for wrong in [
        json!({}),
        json!({ "status": "asleep" }),
        json!({ "status": "busy", "until": "tomorrow" }),
        json!({ "status": "busy", "until": "2000-01-01T00:00:00Z" }),
        json!({ "status": "busy", "text": "x".repeat(1000) }),
    ] {
        choose(wrong).await.is_refused(400, "bad_request");
    }
    choose(json!({ "status": "invisible" })).await.ok(200);
    let bob = site.person("bob").await;
    let seen = bob.get(&format!("/users/{}", ada.id)).await.ok(200);
    assert_eq!(seen["user"]["status"], "offline");
}

#[tokio::test]
async fn contacts_are_added_accepted_renamed_and_removed() {
    let site = Site::start().await;
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let body = json!({ "username": "BOB", "nickname": "Bobby" });
    let added = ada.post("/contacts", body).await.ok(201);
    assert!(added["message"].is_string());
    let entry = &added["contact"];
    assert_eq!(entry["contact_id"], json!(bob.id));
    assert_eq!(entry["user_id"], json!(ada.id));
    assert_eq!(
        (&entry["nickname"], &entry["state"]),
        (&json!("Bobby"), &json!("outgoing"))
    );
    assert_eq!(entry["contact"]["username"], entry["username"]);
    assert_eq!(entry["contact"]["email"], "bob@example.org");
    let id = entry["id"].as_str().unwrap();
    for again in [
        json!({ "email": "bob@example.org" }),
        json!({ "contact_id": bob.id }),
    ] {
        ada.post("/contacts/", again)
            .await
            .is_refused(409, "conflict");
    }
    for (body, status, code) in [
        (json!({}), 400, "bad_request"),
        (json!({ "username": "ada" }), 400, "bad_request"),
        (json!({ "contact_id": ada.id }), 400, "bad_request"),
        (json!({ "contact_id": "bob" }), 400, "bad_request"),
        (json!({ "username": "nobody" }), 404, "not_found"),
        (json!({ "username": "no\u{0}body" }), 404, "not_found"),
        (
            json!({ "contact_id": uuid::Uuid::now_v7() }),
            404,
            "not_found",
        ),
    ] {
        ada.post("/contacts", body).await.is_refused(status, code);
    }
    // The other one is asked, and accepts with the same request.
    let asked = bob.get("/contacts/").await.ok(200);
    assert_eq!(asked["contacts"][0]["state"], "incoming");
    let accepted = bob
        .post("/contacts", json!({ "contact_id": ada.id }))
        .await
        .ok(201);
    assert_eq!(accepted["contact"]["state"], "mutual");
    assert_eq!(accepted["contact"]["email"], Value::Null);
    for (id, nickname) in [(id, "Robert"), (&bob.id, "")] {
        let path = format!("/contacts/{id}/");
        let renamed = ada
            .put(&path, json!({ "nickname": nickname }))
            .await
            .ok(200);
        assert_eq!(renamed["contact"]["nickname"], nickname);
        assert_eq!(renamed["contact"]["id"], entry["id"]);
    }
    // Entries are their owner's.
    let carol = site.person("carol").await;
    for (method, end) in [
        ("PUT", ""),
        ("DELETE", ""),
        ("PUT", "/block"),
        ("PUT", "/unblock"),
    ] {
        let unknown = uuid::Uuid::now_v7();
        let mut answers = Vec::new();
        for id in [id.to_owned(), unknown.to_string()] {
            let refused = carol
                .ask(method, &format!("/contacts/{id}{end}"))
                .send()
                .await;
            refused.is_refused(404, "not_found");
            answers.push(refused.body);
        }
        assert_eq!(answers[0], answers[1]);
        let refused = carol.ask(method, &format!("/contacts/x{end}")).send().await;
        refused.is_refused(400, "bad_request");
    }
    ada.delete(&format!("/contacts/{id}")).await.ok(200);
    ada.delete(&format!("/contacts/{id}"))
        .await
        .is_refused(404, "not_found");
    let left = bob.get("/contacts").await.ok(200);
    assert_eq!(left["contacts"][0]["state"], "outgoing");
}

#[tokio::test]
async fn who_is_blocked_learns_nothing() {
    let site = Site::start().await;
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    // Also somebody who is in no list.
    let block = format!("/contacts/{}/block/", bob.id);
    let unblock = format!("/contacts/{}/unblock", bob.id);
    for _ in 0..2 {
        let blocked = ada.ask("PUT", &block).send().await.ok(200);
        assert_eq!(blocked["contact"]["is_blocked"], true);
    }
    let list = ada.get("/contacts").await.ok(200);
    assert_eq!(list["contacts"][0]["is_blocked"], true);
    assert_eq!(bob.get("/contacts").await.ok(200)["contacts"], json!([]));
    for _ in 0..2 {
        let unblocked = ada.put(&unblock, json!({})).await.ok(200);
        assert_eq!(unblocked["contact"]["is_blocked"], false);
    }
    assert_eq!(ada.get("/contacts").await.ok(200)["contacts"], json!([]));
    let own = format!("/contacts/{}/block", ada.id);
    ada.put(&own, json!({}))
        .await
        .is_refused(400, "bad_request");
}
