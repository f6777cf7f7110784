//! How a socket begins and how it ends.

use serde_json::json;
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;

use futures_util::SinkExt;
use messengerd::config::Secret;
use messengerd::service::now;
use messengerd::service::tokens::Tokens;
use proto::request::{ChangePassword, RevokeSession};

use super::Party;
use super::page::{End, Page, address};
use crate::kit::{PASSWORD, Site};
use crate::support::{Client, Wire, password};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_token_is_refused_before_the_upgrade() {
    let site = Site::start().await;
    let ada = site.person("ada").await;
    let at = address(&site);
    for path in ["/ws", "/ws/", "/ws?token=", "/ws?token=nonsense"] {
        let (status, body) = Page::ask(at, path, &[]).await.err().unwrap();
        assert_eq!((status, &body["code"]), (401, &json!("unauthenticated")));
    }
    let header = [("authorization", format!("bEARER {}", ada.token))];
    assert!(Page::ask(at, "/ws", &header).await.is_ok());
    assert!(Page::ask(at, "/ws/", &header).await.is_ok());
    let plain = site.at("GET", &format!("/ws?token={}", ada.token));
    plain.send().await.is_refused(400, "bad_request");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cookie_is_for_our_own_pages_alone() {
    let site = Site::start().await;
    let ada = site.person("ada").await;
    let at = address(&site);
    let cookie = ("cookie", format!("messenger_session={}", ada.token));
    let from = |origin: String| [cookie.clone(), ("origin", origin)];
    assert!(
        Page::ask(at, "/ws", &from(site.door().origin()))
            .await
            .is_ok()
    );
    for headers in [
        &from("https://evil.example".to_owned())[..],
        &[cookie.clone()][..],
    ] {
        let (status, body) = Page::ask(at, "/ws", headers).await.err().unwrap();
        assert_eq!((status, &body["code"]), (403, &json!("forbidden")));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_session_has_so_many_sockets_and_no_more() {
    let site = Site::start().await;
    let ada = site.person("ada").await;
    let mut pages = Vec::new();
    for _ in 0..32 {
        let mut page = Page::open(&site, &ada.token).await;
        page.fence().await;
        pages.push(page);
    }
    let path = format!("/ws?token={}", ada.token);
    let (status, body) = Page::ask(address(&site), &path, &[]).await.err().unwrap();
    assert_eq!((status, &body["code"]), (429, &json!("rate_limited")));
    // Another session has its own.
    let again = site.sign_in("ada").await;
    Page::open(&site, &again.token).await.fence().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_signs_out_is_told_not_to_come_back() {
    let site = Site::start().await;
    let ada = site.person("ada").await;
    let other = site.sign_in("ada").await;
    let mut page = Page::open(&site, &ada.token).await;
    let mut second = Page::open(&site, &ada.token).await;
    let mut stays = Page::open(&site, &other.token).await;
    for page in [&mut page, &mut second, &mut stays] {
        page.fence().await;
    }
    ada.post("/auth/logout", json!({})).await.ok(200);
    assert_eq!(page.end().await, End::Closed(1008));
    assert_eq!(second.end().await, End::Closed(1008));
    stays.fence().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_is_revoked_ends_its_sockets() {
    let site = Site::start().await;
    let mut ada = site.daemon.user(Wire::Quic, "ada").await;
    let web = site.sign_in("ada").await;
    let mut page = Page::open(&site, &web.token).await;
    page.fence().await;
    let sessions = ada.call(proto::request::Sessions {}).await.unwrap();
    let session = sessions.sessions.iter().find(|session| !session.current);
    let session = session.unwrap().id;
    ada.call(RevokeSession { session }).await.unwrap();
    assert_eq!(page.end().await, End::Closed(1008));

    let web = site.sign_in("ada").await;
    let mut page = Page::open(&site, &web.token).await;
    page.fence().await;
    ada.call(ChangePassword {
        old: password(),
        new: format!("{PASSWORD} 2").try_into().unwrap(),
    })
    .await
    .unwrap();
    assert_eq!(page.end().await, End::Closed(1008));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_shutdown_the_connection_is_dropped_so_that_pages_come_back() {
    let site = Site::start().await;
    let ada = site.person("ada").await;
    let mut page = Page::open(&site, &ada.token).await;
    page.fence().await;
    let stopping = tokio::spawn(site.daemon.server.stop());
    assert_eq!(page.end().await, End::Dropped);
    stopping.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frame_may_be_so_large_and_no_larger() {
    let site = Site::start().await;
    let ada = site.person("ada").await;
    let mut page = Page::open(&site, &ada.token).await;
    let whole = |length: usize| {
        let frame = r#"{"type":"x","id":"large","data":""}"#;
        frame.replace(
            r#""""#,
            &format!(r#""{}""#, "y".repeat(length - frame.len())),
        )
    };
    page.send_text(&whole(256 * 1024)).await;
    assert_eq!(page.wait("error").await["data"]["id"], "large");
    page.send_text(&whole(256 * 1024 + 1)).await;
    assert_eq!(page.end().await, End::Closed(1009));
    // Also in pieces, and where far more comes than is read.
    let mut page = Page::open(&site, &ada.token).await;
    // The other end may stop taking it before all is sent.
    let _ = page
        .socket
        .send(Message::Text("z".repeat(8 * 1024 * 1024).into()))
        .await;
    assert_eq!(page.end().await, End::Closed(1009));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_is_cut_and_nobody_else_notices() {
    const MESSAGES: usize = 400;
    /// Messages that one who reads may be behind.
    const AHEAD: usize = 8;
    let mut party = Party::of(&["ada", "bob", "eve"]).await;
    let mut good = party.page(1).await;
    let mut slow = party.page(2).await;
    good.fence().await;
    slow.fence().await;
    let text = "x".repeat(60_000);
    let chat = party.chat;
    let hub = party.site.daemon.server.service().hub().clone();
    let before = hub.sessions();
    let (seen, mut progress) = watch::channel(0);
    let reading = tokio::spawn(async move {
        for number in 1..=MESSAGES {
            good.wait("new_message").await;
            seen.send(number).unwrap();
        }
        good
    });
    let ada: &mut Client = &mut party.people[0];
    for number in 0..MESSAGES {
        ada.say(chat, &format!("{number}{text}")).await.unwrap();
        // No faster than somebody can read.
        let kept_up = progress.wait_for(|seen| seen + AHEAD > number).await;
        kept_up.expect("who reads goes on reading");
    }
    let mut good = reading.await.unwrap();
    good.fence().await;
    assert_eq!(hub.sessions(), before - 1, "the slow one is gone");
    assert_eq!(slow.end().await, End::Dropped);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_expires_ends_its_socket() {
    let secret = "0123456789abcdef0123456789abcdef";
    let site = Site::with(|config| config.token_secret = Some(Secret::new(secret))).await;
    let mut ada = site.daemon.user(Wire::Quic, "ada").await;
    let session = ada.me.as_ref().unwrap().account.session;
    let tokens = Tokens::new(secret.as_bytes());
    let token = tokens.issue(ada.id(), session, now(), 3_000).unwrap();
    let mut page = Page::open(&site, token.as_str()).await;
    page.fence().await;
    assert_eq!(page.end().await, End::Closed(1008));
    // The session itself goes on.
    ada.call(proto::request::Ping {}).await.unwrap();
}
