//! Messages: writing, paging, editing, deleting, reading, reactions.

use serde_json::{Value, json};

use crate::kit::{Person, Site};
use crate::rooms::{chat, contents, found, say, text, unknown, until};

#[tokio::test]
async fn a_message_goes_to_a_chat_or_to_somebody() {
    let site = Site::start().await;
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let body =
        json!({ "receiver_id": bob.id, "content": "hello", "chat_id": null, "type": "voice" });
    let sent = ada.post("/messages/", body).await.ok(201)["message"].clone();
    assert_eq!(sent["sender_id"], json!(ada.id));
    assert_eq!(sent["receiver_id"], json!(bob.id));
    assert_eq!(sent["receiver"]["username"], "bob");
    assert_eq!(sent["sender_name"], "ada");
    assert_eq!(sent["type"], "audio");
    assert_eq!(sent["is_edited"], false);
    let private = text(&sent, "chat_id");
    // Both find it under each other's names.
    for (by, other) in [(&ada, &bob), (&bob, &ada)] {
        let list = by
            .get(&format!("/messages/?receiver_id={}", other.id))
            .await;
        assert_eq!(contents(&list), ["hello"]);
    }
    let again = json!({ "receiver_id": ada.id, "content": "hello, Ada" });
    let back = bob.post("/messages", again).await.ok(201);
    assert_eq!(back["message"]["chat_id"], json!(private));
    assert_eq!(back["message"]["receiver_id"], json!(ada.id));
    let id = text(&sent, "id");
    for slash in ["", "/"] {
        let got = bob.get(&format!("/messages/{id}{slash}")).await.ok(200);
        assert_eq!(got["message"]["content"], "hello");
        assert_eq!(got["message"]["chat"]["id"], json!(private));
    }
    // Nothing with somebody is no error.
    let carol = site.person("carol").await;
    let none = ada
        .get(&format!("/messages?receiver_id={}", carol.id))
        .await;
    assert_eq!(contents(&none), [""; 0]);
    assert_eq!(carol.get("/chats").await.ok(200)["chats"], json!([]));
}

#[tokio::test]
async fn what_is_wrong_is_refused() {
    let site = Site::start().await;
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let id = chat(&ada, "group", &[&bob]).await;
    let long = "x".repeat(64 * 1024 + 1);
    for (body, status, code) in [
        (json!({}), 400, "bad_request"),
        (json!({ "content": "a" }), 400, "bad_request"),
        (json!({ "chat_id": id }), 400, "bad_request"),
        (json!({ "chat_id": id, "content": "" }), 400, "bad_request"),
        (
            json!({ "chat_id": id, "content": null }),
            400,
            "bad_request",
        ),
        (json!({ "chat_id": id, "content": 1 }), 400, "bad_request"),
        (
            json!({ "chat_id": id, "content": ["a"] }),
            400,
            "bad_request",
        ),
        (
            json!({ "chat_id": [id], "content": "a" }),
            400,
            "bad_request",
        ),
        (
            json!({ "chat_id": "x", "content": "a" }),
            400,
            "bad_request",
        ),
        (
            json!({ "receiver_id": "bob", "content": "a" }),
            400,
            "bad_request",
        ),
        (
            json!({ "chat_id": id, "content": "a", "id": "1" }),
            400,
            "bad_request",
        ),
        (
            json!({ "chat_id": id, "content": "a", "reply_to_id": "1" }),
            400,
            "bad_request",
        ),
        (
            json!({ "chat_id": id, "content": "a", "reply_to_id": unknown() }),
            400,
            "bad_request",
        ),
        (
            json!({ "chat_id": id, "content": "a", "type": "poll" }),
            400,
            "bad_request",
        ),
        (
            json!({ "chat_id": id, "content": "a", "type": "system" }),
            400,
            "bad_request",
        ),
        (
            json!({ "chat_id": unknown(), "content": "a" }),
            404,
            "not_found",
        ),
        (
            json!({ "receiver_id": unknown(), "content": "a" }),
            404,
            "not_found",
        ),
        (json!({ "chat_id": id, "content": long }), 413, "too_large"),
        (json!([]), 400, "bad_request"),
    ] {
        ada.post("/messages", body).await.is_refused(status, code);
    }
    let whole = json!({ "chat_id": id, "content": "x".repeat(64 * 1024) });
    ada.post("/messages", whole).await.ok(201);
    let big = vec![b' '; 1024 * 1024 + 1];
    for (method, path) in [
        ("POST", "/messages"),
        ("PUT", "/messages/1"),
        ("POST", "/messages/1/read"),
    ] {
        let refused = ada.ask(method, path).bytes(big.clone()).send().await;
        assert!(
            refused.status == 413 || refused.status == 400,
            "{refused:?}"
        );
    }
    for path in [
        "/messages",
        "/messages?chat_id=x",
        "/messages?receiver_id=bob",
        "/messages/1",
    ] {
        ada.get(path).await.is_refused(400, "bad_request");
    }
    for path in [
        format!("/messages?chat_id={}", unknown()),
        format!("/messages/{}", unknown()),
    ] {
        ada.get(&path).await.is_refused(404, "not_found");
    }
}

#[tokio::test]
async fn the_same_id_again_is_the_first_message() {
    let site = Site::start().await;
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let id = chat(&ada, "group", &[&bob]).await;
    let own = unknown().to_uppercase();
    let body = |content: &str| json!({ "chat_id": id, "content": content, "id": own });
    let first = ada.post("/messages", body("one")).await.ok(201);
    assert_eq!(first["message"]["id"], json!(own.to_lowercase()));
    let again = ada.post("/messages", body("two")).await.ok(200);
    assert_eq!(again["message"], first["message"]);
    // Of somebody else's there is no second one.
    bob.post("/messages", body("three"))
        .await
        .is_refused(409, "conflict");
    let list = ada.get(&format!("/messages?chat_id={id}")).await;
    assert_eq!(contents(&list), ["one"]);
    // Also to somebody with whom there was no chat before.
    let own = unknown();
    let body = json!({ "receiver_id": bob.id, "content": "a", "id": own });
    ada.post("/messages", body.clone()).await.ok(201);
    ada.post("/messages", body).await.ok(200);
}

#[tokio::test]
async fn pages_are_counted_from_the_newest_and_oldest_first() {
    let site = Site::start().await;
    let ada = site.person("ada").await;
    let id = chat(&ada, "group", &[]).await;
    let mut seqs = Vec::new();
    for number in 1..=60 {
        let sent = say(&ada, &id, &number.to_string()).await;
        seqs.push(sent["seq"].as_u64().unwrap());
    }
    let page = async |query: &str| {
        let path = format!("/messages?chat_id={id}{query}");
        contents(&ada.get(&path).await)
    };
    let range = |from: u32, to: u32| (from..=to).map(|n| n.to_string()).collect::<Vec<_>>();
    for (query, from, to) in [
        ("", 11, 60),
        ("&limit=3", 58, 60),
        ("&limit=3&offset=3", 55, 57),
        ("&limit=100&offset=0", 1, 60),
        ("&limit=1000", 1, 60),
        ("&limit=100&offset=58", 1, 2),
        ("&limit=0", 11, 60),
        ("&limit=-3&offset=-3", 11, 60),
        ("&limit=x&offset=y", 11, 60),
        ("&limit=3&offset=99999999999999999999", 58, 60),
        ("&limit=3&before_seq=x", 58, 60),
        ("&limit=3&after_seq=-1", 58, 60),
        ("&limit=3&after_seq=0", 1, 3),
    ] {
        assert_eq!(page(query).await, range(from, to), "{query}");
    }
    assert_eq!(page("&offset=60").await, range(1, 0));
    let seq = |number: usize| seqs[number - 1];
    let before = format!("&limit=3&before_seq={}", seq(50));
    assert_eq!(page(&before).await, range(47, 49));
    let after = format!("&limit=3&after_seq={}", seq(50));
    assert_eq!(page(&after).await, range(51, 53));
    assert_eq!(page(&format!("&after_seq={}", seq(60))).await, range(1, 0));
    assert_eq!(page(&format!("&before_seq={}", seq(1))).await, range(1, 0));
    assert_eq!(
        page("&before_seq=18446744073709551615&limit=2").await,
        range(59, 60)
    );
    assert_eq!(page("&after_seq=18446744073709551615").await, range(1, 0));
    // A chat comes with its newest 100.
    let whole = ada.get(&format!("/chats/{id}")).await.ok(200);
    let messages = whole["chat"]["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 60);
    assert_eq!(messages[0]["content"], "1");
}

#[tokio::test]
async fn texts_are_changed_and_deleted() {
    let site = Site::start().await;
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let id = chat(&ada, "group", &[&bob]).await;
    let message = say(&bob, &id, "helo").await;
    let path = format!("/messages/{}", text(&message, "id"));
    ada.put(&path, json!({ "content": "hello" }))
        .await
        .is_refused(403, "forbidden");
    for wrong in [
        json!({}),
        json!({ "content": "" }),
        json!({ "content": " " }),
        json!({ "content": 1 }),
    ] {
        bob.put(&path, wrong).await.is_refused(400, "bad_request");
    }
    let long = json!({ "content": "x".repeat(64 * 1024 + 1) });
    bob.put(&path, long).await.is_refused(413, "too_large");
    let edited = bob
        .put(&format!("{path}/"), json!({ "content": "hello" }))
        .await
        .ok(200)["message"]
        .clone();
    assert_eq!(
        (&edited["content"], &edited["is_edited"]),
        (&json!("hello"), &json!(true))
    );
    assert_eq!(edited["created_at"], message["created_at"]);
    let reply = json!({ "chat_id": id, "content": "yes", "reply_to_id": message["id"] });
    let reply = ada.post("/messages", reply).await.ok(201)["message"].clone();
    assert_eq!(reply["reply_to_id"], message["id"]);
    assert_eq!(reply["reply_to"]["content"], "hello");
    // Its sender, or an admin.
    let carol = site.person("carol").await;
    ada.post(
        &format!("/chats/{id}/members"),
        json!({ "user_id": carol.id }),
    )
    .await
    .ok(200);
    carol.delete(&path).await.is_refused(403, "forbidden");
    let gone = ada.delete(&format!("{path}/")).await.ok(200);
    assert!(gone["message"].is_string());
    let got = bob.get(&path).await.ok(200)["message"].clone();
    assert_eq!(
        (&got["content"], &got["deleted"]),
        (&json!(""), &json!(true))
    );
    let list = bob.get(&format!("/messages?chat_id={id}")).await;
    assert_eq!(contents(&list), ["", "yes"]);
    assert_eq!(
        contents(&bob.get("/messages/search?q=hello").await),
        [""; 0]
    );
    bob.put(&path, json!({ "content": "again" }))
        .await
        .is_refused(404, "not_found");
    let own = format!("/messages/{}", text(&reply, "id"));
    ada.delete(&own).await.ok(200);
    for method in ["PUT", "DELETE"] {
        let body = json!({ "content": "a" });
        let unknown = format!("/messages/{}", unknown());
        let refused = ada.ask(method, &unknown).json(&body).send().await;
        refused.is_refused(404, "not_found");
        let refused = ada.ask(method, "/messages/x").json(&body).send().await;
        refused.is_refused(400, "bad_request");
    }
}

#[tokio::test]
async fn a_status_is_what_every_other_has() {
    let site = Site::start().await;
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let carol = site.person("carol").await;
    let id = chat(&ada, "group", &[&bob, &carol]).await;
    let sent = say(&ada, &id, "hello").await;
    assert_eq!(sent["status"], "sent");
    let path = format!("/messages/{}", text(&sent, "id"));
    let status = async |by: &Person| text(&by.get(&path).await.ok(200)["message"], "status");
    let cursor = async |user: &str| -> u64 {
        let got = ada.get(&format!("/chats/{id}")).await.ok(200);
        let members = got["chat"]["members"].as_array().unwrap().clone();
        let member = members.iter().find(|it| it["user_id"] == user).unwrap();
        member["read_seq"].as_u64().unwrap()
    };
    let seq = sent["seq"].as_u64().unwrap();
    bob.ask("POST", &format!("{path}/read/"))
        .send()
        .await
        .ok(200);
    until("bob has read", || async { cursor(&bob.id).await >= seq }).await;
    // One of two.
    assert_eq!(status(&ada).await, "sent");
    carol.post(&format!("{path}/read"), json!({})).await.ok(200);
    until("all have read", || async { status(&ada).await == "read" }).await;
    let list = ada.get("/chats").await.ok(200);
    assert_eq!(list["chats"][0]["messages"][0]["status"], "read");
    for (path, status, code) in [
        (format!("/messages/{}/read", unknown()), 404, "not_found"),
        ("/messages/x/read".to_owned(), 400, "bad_request"),
    ] {
        ada.post(&path, json!({})).await.is_refused(status, code);
    }
}

#[tokio::test]
async fn reactions_come_and_go() {
    let site = Site::start().await;
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let id = chat(&ada, "group", &[&bob]).await;
    let message = text(&say(&ada, &id, "hello").await, "id");
    let path = |emoji: &str| format!("/messages/{message}/reactions/{emoji}");
    // 👍, 👩‍🔬 with its joiner, and a slash at the end.
    let thumb = "%F0%9F%91%8D";
    let scientist = "%F0%9F%91%A9%E2%80%8D%F0%9F%94%AC";
    for (emoji, shown) in [(thumb, "👍"), (scientist, "👩‍🔬")] {
        for slash in ["", "/"] {
            let path = path(&format!("{emoji}{slash}"));
            let made = bob.ask("PUT", &path).send().await.ok(200);
            let reaction = &made["reaction"];
            assert_eq!(reaction["emoji"], shown);
            assert_eq!(reaction["user_id"], json!(bob.id));
            assert_eq!(reaction["message_id"], json!(message));
            assert_eq!(reaction["user"]["username"], "bob");
        }
    }
    let reactions = async || -> Value {
        let got = ada.get(&format!("/messages/{message}")).await.ok(200);
        got["message"]["reactions"].clone()
    };
    assert_eq!(reactions().await.as_array().unwrap().len(), 2);
    for _ in 0..2 {
        bob.delete(&path(thumb)).await.ok(200);
    }
    assert_eq!(reactions().await.as_array().unwrap().len(), 1);
    for wrong in ["%FF", "%20", &"x".repeat(100)] {
        for method in ["PUT", "DELETE"] {
            let refused = bob.ask(method, &path(wrong)).send().await;
            refused.is_refused(400, "bad_request");
        }
    }
    let nowhere = format!("/messages/{}/reactions/{thumb}", unknown());
    bob.put(&nowhere, json!({}))
        .await
        .is_refused(404, "not_found");
}

#[tokio::test]
async fn what_was_written_is_found_by_words() {
    let site = Site::start().await;
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let (one, other) = (
        chat(&ada, "group", &[&bob]).await,
        chat(&ada, "group", &[]).await,
    );
    say(&ada, &one, "Crème brûlée <b>").await;
    say(&bob, &one, "no cream").await;
    say(&ada, &other, "creme again").await;
    found(&ada, "?q=cre", 3).await;
    let found = async |by: &Person, query: &str| {
        contents(&by.get(&format!("/messages/search{query}")).await)
    };
    assert_eq!(
        found(&ada, "?q=CREME").await,
        ["creme again", "Crème brûlée <b>"]
    );
    assert_eq!(found(&ada, "/?q=cre&limit=1").await, ["creme again"]);
    assert_eq!(found(&bob, "?q=creme").await, ["Crème brûlée <b>"]);
    assert_eq!(
        found(&ada, &format!("?q=cre&chat_id={one}")).await,
        ["no cream", "Crème brûlée <b>"]
    );
    assert_eq!(found(&ada, "?q=nothing").await, [""; 0]);
    let answer = ada.get("/messages/search?q=brul").await.ok(200);
    assert_eq!(answer["messages"][0]["highlight"], "Crème **brûlée** <b>");
    for (query, status, code) in [
        ("".to_owned(), 400, "bad_request"),
        ("?q=".to_owned(), 400, "bad_request"),
        ("?q=%20-".to_owned(), 400, "bad_request"),
        ("?q=a&chat_id=x".to_owned(), 400, "bad_request"),
        (format!("?q=a&chat_id={}", unknown()), 404, "not_found"),
        (format!("?q=a&chat_id={other}"), 404, "not_found"),
    ] {
        let refused = bob.get(&format!("/messages/search{query}")).await;
        refused.is_refused(status, code);
    }
}

#[tokio::test]
async fn messages_are_pinned_and_repeated_elsewhere() {
    let site = Site::start().await;
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let (one, other) = (
        chat(&ada, "group", &[&bob]).await,
        chat(&ada, "group", &[]).await,
    );
    let message = text(&say(&bob, &one, "hello").await, "id");
    let pin = format!("/messages/{message}/pin");
    bob.put(&pin, json!({})).await.is_refused(403, "forbidden");
    let pinned = ada.put(&format!("{pin}/"), json!({})).await.ok(200);
    assert_eq!(pinned["message"]["pinned"], true);
    let pins = bob.get(&format!("/chats/{one}/pins")).await;
    assert_eq!(contents(&pins), ["hello"]);
    assert_eq!(ada.delete(&pin).await.ok(200)["message"]["pinned"], false);
    let forward = json!({ "chat_id": other, "forward_id": message });
    let forwarded = ada.post("/messages", forward).await.ok(201);
    assert_eq!(forwarded["message"]["content"], "hello");
    assert_eq!(forwarded["message"]["forwarded_from"], json!(bob.id));
}
