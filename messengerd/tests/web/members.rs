//! Who is in a chat, their roles, and invite links.

use serde_json::{Value, json};

use crate::kit::{Person, Site};
use crate::rooms::{chat, say, text, unknown};

async fn members(by: &Person, chat: &str) -> Vec<(String, String)> {
    let got = by.get(&format!("/chats/{chat}")).await.ok(200);
    let list = got["chat"]["members"].as_array().unwrap().clone();
    let mut members: Vec<_> = list
        .iter()
        .map(|it| (text(&it["user"], "username"), text(it, "role")))
        .collect();
    members.sort();
    members
}

fn pairs(of: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = |(name, role): &(&str, &str)| ((*name).to_owned(), (*role).to_owned());
    of.iter().map(own).collect()
}

#[tokio::test]
async fn members_come_rise_and_go() {
    let site = Site::start().await;
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let carol = site.person("carol").await;
    let id = chat(&ada, "group", &[]).await;
    let path = format!("/chats/{id}/members");
    let body = json!({ "username": "BOB", "role": "moderator" });
    let added = ada.post(&path, body).await.ok(200);
    assert!(added["message"].is_string());
    assert_eq!(added["member"]["user_id"], json!(bob.id));
    assert_eq!(added["member"]["role"], "moderator");
    let added = ada
        .post(&format!("{path}/"), json!({ "user_id": carol.id }))
        .await;
    assert_eq!(added.ok(200)["member"]["role"], "member");
    let present = [("ada", "admin"), ("bob", "moderator"), ("carol", "member")];
    assert_eq!(members(&ada, &id).await, pairs(&present));
    for (body, status, code) in [
        (json!({}), 400, "bad_request"),
        (
            json!({ "user_id": null, "username": "" }),
            400,
            "bad_request",
        ),
        (json!({ "user_id": "bob" }), 400, "bad_request"),
        (json!({ "user_id": 7 }), 400, "bad_request"),
        (
            json!({ "username": "bob", "role": "owner" }),
            400,
            "bad_request",
        ),
        (json!({ "user_id": unknown() }), 404, "not_found"),
        (json!({ "username": "nobody" }), 404, "not_found"),
    ] {
        ada.post(&path, body).await.is_refused(status, code);
    }
    let of = |user: &str| format!("{path}/{user}");
    for (by, status, code) in [(&bob, 403, "forbidden"), (&carol, 403, "forbidden")] {
        let refused = by.put(&of(&carol.id), json!({ "role": "admin" })).await;
        refused.is_refused(status, code);
    }
    for (user, body, status, code) in [
        (carol.id.as_str(), json!({}), 400, "bad_request"),
        (&carol.id, json!({ "role": "king" }), 400, "bad_request"),
        ("carol", json!({ "role": "admin" }), 400, "bad_request"),
        (&unknown(), json!({ "role": "admin" }), 404, "not_found"),
        // Somebody has to be left who may do everything.
        (&ada.id, json!({ "role": "member" }), 403, "forbidden"),
    ] {
        ada.put(&of(user), body).await.is_refused(status, code);
    }
    let risen = ada
        .put(&format!("{}/", of(&carol.id)), json!({ "role": "admin" }))
        .await;
    assert_eq!(risen.ok(200)["member"]["role"], "admin");
    bob.delete(&of(&carol.id))
        .await
        .is_refused(403, "forbidden");
    carol.delete(&format!("{}/", of(&bob.id))).await.ok(200);
    bob.get(&format!("/chats/{id}"))
        .await
        .is_refused(404, "not_found");
    ada.delete(&of(&bob.id)).await.is_refused(404, "not_found");
    // Leaving is removing oneself.
    carol.delete(&of(&carol.id)).await.ok(200);
    assert_eq!(members(&ada, &id).await, pairs(&[("ada", "admin")]));
}

#[tokio::test]
async fn who_may_not_give_a_role_adds_nobody_with_one() {
    let site = Site::start().await;
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let carol = site.person("carol").await;
    let id = chat(&ada, "group", &[&bob]).await;
    let path = format!("/chats/{id}/members");
    let body = json!({ "user_id": carol.id, "role": "admin" });
    bob.post(&path, body).await.is_refused(403, "forbidden");
    let present = [("ada", "admin"), ("bob", "member")];
    assert_eq!(members(&ada, &id).await, pairs(&present));
    bob.post(&path, json!({ "user_id": carol.id, "role": "member" }))
        .await
        .ok(200);
    let settings = json!({ "settings": { "allow_members_add": false } });
    ada.put(&format!("/chats/{id}"), settings).await.ok(200);
    let dave = site.person("dave").await;
    bob.post(&path, json!({ "user_id": dave.id }))
        .await
        .is_refused(403, "forbidden");
}

#[tokio::test]
async fn nobody_is_added_to_a_private_chat_and_the_banned_stay_out() {
    let site = Site::start().await;
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let carol = site.person("carol").await;
    let private = chat(&ada, "private", &[&bob]).await;
    ada.post(
        &format!("/chats/{private}/members"),
        json!({ "user_id": carol.id }),
    )
    .await
    .is_refused(403, "forbidden");
    let open = chat(&ada, "public", &[&bob]).await;
    let ban = format!("/chats/{open}/members/{}/ban/", bob.id);
    bob.put(&ban, json!({})).await.is_refused(403, "forbidden");
    ada.put(&ban, json!({})).await.ok(200);
    let body = json!({ "chat_id": open, "content": "a" });
    let refused = bob.post("/messages", body).await;
    assert!([403, 404].contains(&refused.status), "{refused:?}");
    let listed = bob.get("/chats").await.ok(200);
    let mut chats = listed["chats"].as_array().unwrap().iter();
    assert!(chats.all(|chat| chat["id"] != json!(open)));
    ada.delete(&ban).await.ok(200);
    say(&bob, &open, "back").await;
}

#[tokio::test]
async fn links_let_people_in_while_they_hold() {
    let site = Site::start().await;
    let (ada, bob) = (site.person("ada").await, site.person("bob").await);
    let carol = site.person("carol").await;
    let id = chat(&ada, "group", &[]).await;
    let path = format!("/chats/{id}/invites");
    let body = json!({ "max_uses": 1, "expires_at": "2999-01-01T00:00:00Z" });
    let made = ada.post(&format!("{path}/"), body).await.ok(201);
    let invite = &made["invite"];
    assert_eq!(invite["chat_id"], json!(id));
    assert_eq!(invite["invited_by"], json!(ada.id));
    assert_eq!(
        (&invite["max_uses"], &invite["uses"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(invite["expires_at"], "2999-01-01T00:00:00.000Z");
    let accept = |token: &str| format!("/invites/{token}/accept/");
    let token = text(invite, "token");
    let joined = bob.post(&accept(&token), json!({})).await.ok(200);
    assert_eq!(joined["chat"]["id"], json!(id));
    // Used up; for a member it is no matter.
    carol
        .post(&accept(&token), json!({}))
        .await
        .is_refused(404, "invite_invalid");
    let plain = ada.ask("POST", &path).send().await.ok(201)["invite"].clone();
    assert_eq!(
        (&plain["max_uses"], &plain["expires_at"]),
        (&Value::Null, &Value::Null)
    );
    let listed = ada.get(&path).await.ok(200);
    assert_eq!(listed["invites"][0]["id"], plain["id"]);
    let revoke = format!("{path}/{}", text(&plain, "id"));
    bob.delete(&revoke).await.is_refused(404, "not_found");
    ada.delete(&revoke).await.ok(200);
    ada.delete(&revoke).await.is_refused(404, "not_found");
    ada.delete(&format!("{path}/x"))
        .await
        .is_refused(400, "bad_request");
    let mut answers = Vec::new();
    for token in [&text(&plain, "token"), "made-up", "%00", "a%2Fb"] {
        let refused = carol.post(&accept(token), json!({})).await;
        refused.is_refused(404, "invite_invalid");
        answers.push(refused.body);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    for wrong in [
        json!({ "max_uses": 0 }),
        json!({ "max_uses": "1" }),
        json!({ "expires_at": "tomorrow" }),
        json!({ "expires_at": "2000-01-01T00:00:00Z" }),
        json!({ "expires_at": 7 }),
        json!({ "id": "7" }),
    ] {
        ada.post(&path, wrong).await.is_refused(400, "bad_request");
    }
    let settings = json!({ "settings": { "allow_invites": false } });
    ada.put(&format!("/chats/{id}"), settings).await.ok(200);
    bob.post(&path, json!({}))
        .await
        .is_refused(403, "forbidden");
}
