//! Chats: making, listing, changing, deleting, and what they look like.

use serde_json::{Value, json};

use crate::kit::Site;
use crate::rooms::{chat, contents, found, say, text, unknown, until};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR of a test";

#[tokio::test]
async fn chats_are_made_seen_changed_and_deleted() {
    let site = Site::start().await;
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let carol = site.person("carol").await;
    let body = json!({
        "name": " Engines ", "description": "of difference", "type": "group",
        "member_ids": [bob.id], "participants": "CAROL@example.org, bob", "members": null,
        "more": 1,
    });
    let made = ada.post("/chats/", body).await.ok(201)["chat"].clone();
    let id = text(&made, "id");
    assert_eq!(made["name"], "Engines");
    assert_eq!(made["description"], "of difference");
    assert_eq!(made["type"], "group");
    assert_eq!(made["created_by"], json!(ada.id));
    assert_eq!(made["creator"]["username"], "ada");
    assert_eq!(made["avatar"], "");
    assert_eq!(made["last_message_time"], Value::Null);
    let role = |chat: &Value, user: &str| {
        let members = chat["members"].as_array().unwrap();
        let member = members.iter().find(|it| it["user_id"] == user);
        member.map(|member| text(member, "role"))
    };
    assert_eq!(made["members"].as_array().unwrap().len(), 3);
    assert_eq!(role(&made, &ada.id).as_deref(), Some("admin"));
    assert_eq!(role(&made, &carol.id).as_deref(), Some("member"));
    for slash in ["", "/"] {
        let got = bob.get(&format!("/chats/{id}{slash}")).await.ok(200);
        assert_eq!(got["chat"]["id"], json!(id));
        let list = bob.get(&format!("/chats{slash}")).await.ok(200);
        assert_eq!(list["chats"][0]["id"], json!(id));
    }
    let path = format!("/chats/{id}");
    let change = json!({ "name": "Looms", "description": "", "settings": { "allow_invites": false, "message_retention": 30 } });
    bob.put(&path, change.clone())
        .await
        .is_refused(403, "forbidden");
    let changed = ada.put(&path, change).await.ok(200)["chat"].clone();
    assert_eq!(
        (&changed["name"], &changed["description"]),
        (&json!("Looms"), &json!(""))
    );
    assert_eq!(changed["settings"]["allow_invites"], false);
    assert_eq!(changed["settings"]["allow_members_add"], true);
    assert_eq!(changed["settings"]["message_retention"], 30);
    // What is absent, empty or null stays.
    for body in [
        json!({ "name": "" }),
        json!({ "name": null, "settings": null }),
        json!({}),
    ] {
        let kept = ada.put(&format!("{path}/"), body).await.ok(200);
        assert_eq!(kept["chat"]["name"], "Looms");
        assert_eq!(kept["chat"]["settings"]["message_retention"], 30);
    }
    for wrong in [
        json!({ "name": 1 }),
        json!({ "settings": [] }),
        json!({ "settings": { "allow_invites": "yes" } }),
        json!({ "settings": { "message_retention": -1 } }),
        json!({ "settings": { "history_for_new_members": "some" } }),
    ] {
        ada.put(&path, wrong).await.is_refused(400, "bad_request");
    }
    bob.delete(&path).await.is_refused(403, "forbidden");
    let gone = ada.delete(&format!("{path}/")).await.ok(200);
    assert!(gone["message"].is_string());
    for person in [&ada, &bob] {
        person.get(&path).await.is_refused(404, "not_found");
        assert_eq!(person.get("/chats").await.ok(200)["chats"], json!([]));
    }
}

#[tokio::test]
async fn a_chat_that_cannot_be_is_not_made() {
    let site = Site::start().await;
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    for wrong in [
        json!({}),
        json!({ "name": " " }),
        json!({ "name": "a", "type": "channel" }),
        json!({ "name": "a", "type": 1 }),
        json!({ "name": ["a"] }),
        json!({ "name": "a", "member_ids": 7 }),
        json!({ "name": "a", "member_ids": [7] }),
        json!({ "name": "a", "member_ids": [null] }),
        json!({ "name": "a", "id": "7" }),
        json!({ "name": "a", "member_ids": [unknown()] }),
        json!({ "name": "a", "participants": [bob.id, "nobody"] }),
        json!({ "name": "a", "members": "bob,nobody@example.org" }),
        json!({ "name": "a", "members": "b\u{0}b" }),
        json!({ "type": "private", "members": "bob,nobody" }),
        json!({ "type": "private", "members": [unknown()] }),
        json!([]),
        json!("text"),
    ] {
        let refused = ada.post("/chats", wrong).await;
        refused.is_refused(400, "bad_request");
    }
    for broken in ["{", "nonsense", "[{}]", "{\"name\":\"a\",}", "\u{feff}{}"] {
        let refused = ada.ask("POST", "/chats").bytes(broken).send().await;
        refused.is_refused(400, "bad_request");
    }
    assert_eq!(ada.get("/chats").await.ok(200)["chats"], json!([]));
    assert_eq!(bob.get("/chats").await.ok(200)["chats"], json!([]));
    let big = vec![b' '; 1024 * 1024 + 1];
    let refused = ada.ask("POST", "/chats").bytes(big).send().await;
    refused.is_refused(413, "too_large");
    // The type of the content does not matter, and public is the default.
    let made = ada
        .ask("POST", "/chats")
        .header("content-type", "text/plain; charset=latin1")
        .bytes(r#"{"name":"a"}"#)
        .send()
        .await;
    assert_eq!(made.ok(201)["chat"]["type"], "public");
}

#[tokio::test]
async fn two_people_have_one_private_chat() {
    let site = Site::start().await;
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let body = |name: &str| json!({ "type": "private", "name": "", "participants": [name] });
    let made = ada.post("/chats", body("bob")).await.ok(201);
    for (by, other) in [(&ada, "bob"), (&bob, "ada")] {
        let again = by.post("/chats/", body(other)).await.ok(200);
        assert_eq!(again["chat"]["id"], made["chat"]["id"]);
    }
    // A name that some programs give it does not hinder.
    let named = json!({ "type": "private", "name": "Ada and Bob", "members": [bob.id] });
    let again = ada.post("/chats", named).await.ok(200);
    assert_eq!(again["chat"]["id"], made["chat"]["id"]);
}

#[tokio::test]
async fn who_is_blocked_opens_nothing() {
    let site = Site::start().await;
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let carol = site.person("carol").await;
    let old = chat(&bob, "private", &[&carol]).await;
    for by in [&ada, &carol] {
        let block = format!("/contacts/{}/block", bob.id);
        by.put(&block, json!({})).await.ok(200);
    }
    for body in [
        json!({ "type": "private", "members": [ada.id] }),
        json!({ "type": "group", "name": "a", "members": [ada.id] }),
        json!({ "type": "public", "name": "a", "members": "ada" }),
    ] {
        bob.post("/chats", body).await.is_refused(403, "forbidden");
    }
    for body in [
        json!({ "receiver_id": ada.id, "content": "a" }),
        json!({ "receiver_id": carol.id, "content": "a" }),
        json!({ "chat_id": old, "content": "a" }),
    ] {
        bob.post("/messages", body)
            .await
            .is_refused(403, "forbidden");
    }
    assert_eq!(ada.get("/chats").await.ok(200)["chats"], json!([]));
}

#[tokio::test]
async fn the_list_is_in_the_order_of_what_happened() {
    let site = Site::start().await;
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let one = chat(&ada, "group", &[&bob]).await;
    let other = chat(&ada, "private", &[&bob]).await;
    let open = chat(&bob, "public", &[]).await;
    say(&bob, &open, "three").await;
    say(&bob, &other, "two").await;
    say(&bob, &one, "first").await;
    say(&bob, &one, "last").await;
    let list = ada.get("/chats").await.ok(200)["chats"].clone();
    let ids: Vec<&Value> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["id"])
        .collect();
    assert_eq!(ids, [&json!(one), &json!(other), &json!(open)]);
    assert_eq!(list[0]["last_message"], "last");
    assert_eq!(list[0]["messages"].as_array().unwrap().len(), 1);
    assert_eq!(
        list[0]["last_message_time"],
        list[0]["messages"][0]["created_at"]
    );
    assert_eq!(list[0]["unread_count"], 2);
    assert_eq!(list[2]["unread_count"], 0);
    assert_eq!(list[2]["joined"], false);
    let whole = ada.get(&format!("/chats/{one}")).await.ok(200);
    assert_eq!(whole["chat"]["messages"].as_array().unwrap().len(), 2);
    assert_eq!(whole["chat"]["seq"], list[0]["seq"]);
    // With a body, with an empty one, with a place.
    for (id, body) in [(&one, "{}"), (&other, ""), (&one, r#"{"seq":1}"#)] {
        let path = format!("/chats/{id}/read/");
        ada.ask("PUT", &path).bytes(body).send().await.ok(200);
    }
    until("nothing is unread", || async {
        let list = ada.get("/chats/").await.ok(200);
        let mut chats = list["chats"].as_array().unwrap().iter();
        chats.all(|chat| chat["unread_count"] == 0)
    })
    .await;
    for wrong in [
        json!({ "seq": "1" }),
        json!({ "seq": -1 }),
        json!({ "seq": 1.5 }),
    ] {
        let path = format!("/chats/{one}/read");
        ada.put(&path, wrong).await.is_refused(400, "bad_request");
    }
}

#[tokio::test]
async fn a_public_chat_is_read_by_anybody_and_joined_by_writing_or_marking() {
    let site = Site::start().await;
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let carol = site.person("carol").await;
    let id = chat(&ada, "public", &[]).await;
    say(&ada, &id, "hello").await;
    let path = format!("/chats/{id}");
    let members = async || {
        let got = ada.get(&path).await.ok(200);
        got["chat"]["members"].as_array().unwrap().len()
    };
    assert_eq!(bob.get(&path).await.ok(200)["chat"]["joined"], false);
    let list = bob.get(&format!("/messages?chat_id={id}")).await;
    assert_eq!(contents(&list), ["hello"]);
    assert_eq!(members().await, 1);
    bob.put(&path, json!({ "name": "b" }))
        .await
        .is_refused(403, "forbidden");
    say(&bob, &id, "hello, Ada").await;
    assert_eq!(members().await, 2);
    carol.put(&format!("{path}/read"), json!({})).await.ok(200);
    assert_eq!(members().await, 3);
    assert_eq!(carol.get(&path).await.ok(200)["chat"]["joined"], true);
    let found = bob.get("/chats/directory?search=eng").await.ok(200);
    assert_eq!(found["chats"][0]["member_count"], 3);
}

#[tokio::test]
async fn new_members_see_what_the_settings_say() {
    let site = Site::start().await;
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let id = chat(&ada, "group", &[]).await;
    let path = format!("/chats/{id}");
    let settings = json!({ "settings": { "history_for_new_members": "since_join" } });
    ada.put(&path, settings).await.ok(200);
    let old = say(&ada, &id, "before steam").await;
    ada.post(&format!("{path}/members"), json!({ "user_id": bob.id }))
        .await
        .ok(200);
    say(&ada, &id, "after steam").await;
    let list = bob.get(&format!("/messages?chat_id={id}")).await;
    assert_eq!(contents(&list), ["after steam"]);
    let both = found(&ada, "?q=steam", 2).await;
    assert_eq!(contents(&both), ["after steam", "before steam"]);
    let found = bob.get("/messages/search?q=steam").await;
    assert_eq!(contents(&found), ["after steam"]);
    let whole = bob.get(&path).await.ok(200);
    assert_eq!(whole["chat"]["messages"].as_array().unwrap().len(), 1);
    let old = text(&old, "id");
    bob.get(&format!("/messages/{old}"))
        .await
        .is_refused(404, "not_found");
    let reply = json!({ "chat_id": id, "content": "a", "reply_to_id": old });
    bob.post("/messages", reply)
        .await
        .is_refused(400, "bad_request");
    assert_eq!(
        contents(&ada.get(&format!("/messages?chat_id={id}")).await).len(),
        2
    );
}

#[tokio::test]
async fn a_chat_has_a_picture() {
    let site = Site::start().await;
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let id = chat(&ada, "group", &[&bob]).await;
    let path = format!("/chats/{id}/avatar");
    let upload = |by: &crate::kit::Person, file: Option<(&str, &[u8])>| {
        by.ask("POST", &path).form(file, &[]).send()
    };
    let made = upload(&ada, Some(("a.png", PNG))).await.ok(200);
    let url = text(&made["chat"], "avatar");
    assert_eq!(site.at("GET", &url).send().await.body, PNG);
    upload(&bob, Some(("a.png", PNG)))
        .await
        .is_refused(403, "forbidden");
    upload(&ada, None).await.is_refused(400, "bad_request");
    upload(&ada, Some(("a.png", b"<svg onload=alert(1)>")))
        .await
        .is_refused(415, "unsupported_media_type");
    let elsewhere = "https://example.org/a.png?\"<b>";
    let set = json!({ "avatar": elsewhere });
    let changed = ada.put(&format!("/chats/{id}"), set).await.ok(200);
    assert_eq!(changed["chat"]["avatar"], elsewhere);
    let list = bob.get("/chats").await.ok(200);
    assert_eq!(list["chats"][0]["avatar"], elsewhere);
}

#[tokio::test]
async fn settings_that_are_changed_at_the_same_time_are_all_kept() {
    let site = Site::start().await;
    let ada = site.person("ada").await;
    let made = ada
        .post("/chats", json!({ "name": "All", "type": "group" }))
        .await
        .ok(201);
    let path = format!("/chats/{}", made["chat"]["id"].as_str().unwrap());
    for days in 1..=5 {
        let (one, other) = tokio::join!(
            ada.put(
                &path,
                json!({ "settings": { "allow_voice_calls": days % 2 == 0 } })
            ),
            ada.put(&path, json!({ "settings": { "message_retention": days } })),
        );
        one.ok(200);
        other.ok(200);
        let settings = ada.get(&path).await.ok(200)["chat"]["settings"].clone();
        assert_eq!(
            (
                &settings["allow_voice_calls"],
                &settings["message_retention"]
            ),
            (&json!(days % 2 == 0), &json!(days))
        );
    }
}
