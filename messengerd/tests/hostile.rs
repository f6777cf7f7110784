//! Garbage, half frames, absurd lengths, wrong versions, clients that do not
//! read: a clear error or a closed connection, and nobody else notices.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod support;

use proto::codec;
use proto::hello::{HELLO, Hello};
use proto::id::{ChatId, EntryId};
use proto::request::{Call, History, Ping, Send};
use support::{Client, Daemon, Failure, PATIENCE, Wire};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

on_every_wire! {
    garbage_ends_the_connection_and_no_other
    a_length_over_the_limit_is_refused_by_its_prefix
    a_version_of_the_future_is_told_so
    a_first_frame_that_is_no_hello_is_refused
    malformed_requests_are_refused_one_by_one
    unknown_requests_are_refused_and_unknown_notices_skipped
    a_client_that_does_not_read_is_cut_off_its_feed_not_its_log
}

/// Another client that works before, while and after.
async fn bystander(daemon: &Daemon, wire: Wire) -> (Client, ChatId) {
    let mut client = daemon.user(wire, "bystander").await;
    let chat = client.group("notes", vec![]).await.id;
    (client, chat)
}

async fn garbage_ends_the_connection_and_no_other(wire: Wire) {
    let daemon = Daemon::start().await;
    let (mut bystander, chat) = bystander(&daemon, wire).await;
    for garbage in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0; 64],
        &[0xff; 64],
        b"\0\0\0\x09\0\x01\0\0\0\0\0\0\xc1",
    ] {
        let mut client = Client::open(&daemon, wire).await;
        client.send_raw(garbage).await;
        let ended = client.end().await;
        assert!(
            matches!(ended, Failure::Goodbye(_) | Failure::Gone(_)),
            "{ended:?}"
        );
        bystander.say(chat, "still here").await.unwrap();
    }
    // Half a frame, then nothing: waiting costs nobody anything.
    let mut silent = Client::open(&daemon, wire).await;
    silent.send_raw(&[0, 0, 0]).await;
    bystander.say(chat, "still here").await.unwrap();
}

async fn a_length_over_the_limit_is_refused_by_its_prefix(wire: Wire) {
    let daemon = Daemon::start().await;
    let mut client = daemon.user(wire, "ada").await;
    match wire {
        Wire::Quic => client.send_raw(&(1u32 << 30).to_be_bytes()).await,
        _ => {
            client
                .send_raw(&vec![0; proto::limits::FRAME_BYTES + 1])
                .await
        }
    }
    let ended = client.end().await;
    match (wire, &ended) {
        (Wire::Quic, Failure::Goodbye(error)) => {
            assert_eq!(error.code.as_str(), "protocol_violation")
        }
        (Wire::WebSocket | Wire::PlainWebSocket, Failure::Goodbye(_) | Failure::Gone(_)) => {}
        _ => panic!("{ended:?}"),
    }
}

async fn a_version_of_the_future_is_told_so(wire: Wire) {
    let daemon = Daemon::start().await;
    let mut client = Client::open(&daemon, wire).await;
    let hello = Hello {
        version: 9,
        min_version: 7,
        capabilities: vec![],
        client: "future".into(),
        token: None,
        live: true,
    };
    client
        .send_frame(&codec::encode(HELLO, 0, &hello).unwrap())
        .await;
    let Failure::Goodbye(error) = client.end().await else {
        panic!()
    };
    assert_eq!(error.code.as_str(), "version_mismatch");
    assert_eq!(
        (
            error.params["theirs"].as_str(),
            error.params["ours"].as_str()
        ),
        ("9", "1")
    );
}

async fn a_first_frame_that_is_no_hello_is_refused(wire: Wire) {
    let daemon = Daemon::start().await;
    let mut client = Client::open(&daemon, wire).await;
    client.send_frame(&Ping {}.encode(1).unwrap()).await;
    assert_eq!(client.end().await.code(), "protocol_violation");
}

async fn malformed_requests_are_refused_one_by_one(wire: Wire) {
    #[derive(serde::Serialize)]
    struct Half {
        chat: ChatId,
    }
    #[derive(serde::Serialize)]
    struct TooLong {
        chat: ChatId,
        id: EntryId,
        text: String,
    }
    let daemon = Daemon::start().await;
    let mut ada = daemon.user(wire, "ada").await;
    let chat = ada.group("notes", vec![]).await.id;
    ada.send_frame(&codec::encode(Send::KIND, 900, &Half { chat }).unwrap())
        .await;
    assert_eq!(
        ada.finish::<Send>(900).await.unwrap_err().code(),
        "bad_request"
    );
    for text in [String::new(), "x".repeat(proto::limits::MESSAGE_BYTES + 1)] {
        let long = TooLong {
            chat,
            id: EntryId::generate(),
            text,
        };
        ada.send_frame(&codec::encode(Send::KIND, 901, &long).unwrap())
            .await;
        assert_eq!(
            ada.finish::<Send>(901).await.unwrap_err().code(),
            "bad_request"
        );
    }
    ada.say(chat, &"x".repeat(proto::limits::MESSAGE_BYTES))
        .await
        .unwrap();
    // Pages of such messages still fit into frames.
    for _ in 0..5 {
        ada.say(chat, &"ы".repeat(proto::limits::MESSAGE_BYTES / 2))
            .await
            .unwrap();
    }
    let page = ada
        .call(History {
            chat,
            before: None,
            limit: 1000,
        })
        .await
        .unwrap();
    assert!(page.more && !page.entries.is_empty());
}

async fn unknown_requests_are_refused_and_unknown_notices_skipped(wire: Wire) {
    let daemon = Daemon::start().await;
    let mut ada = daemon.user(wire, "ada").await;
    ada.send_frame(&codec::encode(0x0fff, 0, &Ping {}).unwrap())
        .await;
    ada.send_frame(&codec::encode(0x0fff, 77, &Ping {}).unwrap())
        .await;
    let refused = ada.finish::<Ping>(77).await.unwrap_err();
    assert_eq!(refused.code(), "unsupported");
    ada.call(Ping {}).await.unwrap();
}

async fn a_client_that_does_not_read_is_cut_off_its_feed_not_its_log(wire: Wire) {
    let daemon = Daemon::start().await;
    let mut ada = daemon.user(wire, "ada").await;
    let mut bob = daemon.user(wire, "bob").await;
    let mut slow = daemon.user(wire, "slow").await;
    let chat = ada.group("busy", vec![bob.id(), slow.id()]).await.id;
    // More than the outbox, the windows and the socket buffers hold together.
    let text = "x".repeat(60_000);
    let count = 300;
    for _ in 0..count {
        ada.say(chat, &text).await.unwrap();
        bob.next_message().await;
        ada.events.clear();
        bob.events.clear();
    }
    // It reads again: it is told to sync, and the log has everything.
    let mut live = 0;
    loop {
        let event = slow.event(Some).await;
        match event {
            proto::event::Event::Resync(_) => break,
            proto::event::Event::Entry(entry) if entry.entry.msg_no > 0 => live += 1,
            _ => {}
        }
    }
    assert!(
        live < count,
        "{live} events were kept for a client that did not read"
    );
    let head = slow
        .event(|event| match event {
            proto::event::Event::Heads(heads) => {
                heads.heads.into_iter().find(|head| head.chat == chat)
            }
            _ => None,
        })
        .await;
    assert_eq!(head.msg_no, count);
    slow.say(chat, "caught up").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_garbage_and_slow_headers_harm_nobody() {
    let daemon = Daemon::start().await;
    let http = daemon.server.addresses().http.unwrap();
    let (mut bystander, chat) = bystander(&daemon, Wire::PlainWebSocket).await;
    let mut garbage = tokio::net::TcpStream::connect(http).await.unwrap();
    garbage.write_all(&[0xff; 4096]).await.unwrap();
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, garbage.read_to_end(&mut answer))
        .await
        .unwrap();
    drop(read);
    let mut slow = tokio::net::TcpStream::connect(http).await.unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nHost: ").await.unwrap();
    bystander.say(chat, "still here").await.unwrap();
    let cut = tokio::time::timeout(PATIENCE, slow.read_to_end(&mut answer)).await;
    assert!(cut.is_ok(), "a header that never ends is cut off");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_and_pages_answer_on_both_doors() {
    let daemon = Daemon::start().await;
    let addresses = daemon.server.addresses().clone();
    for path in ["/health", "/", "/about.json", "/nothing"] {
        let plain = get(
            Box::new(
                tokio::net::TcpStream::connect(addresses.http.unwrap())
                    .await
                    .unwrap(),
            ),
            path,
        )
        .await;
        let tcp = tokio::net::TcpStream::connect(addresses.listen)
            .await
            .unwrap();
        let connector =
            tokio_rustls::TlsConnector::from(std::sync::Arc::new(support::tls(b"http/1.1")));
        let tls = connector
            .connect("localhost".try_into().unwrap(), tcp)
            .await
            .unwrap();
        let secure = get(Box::new(tls), path).await;
        let body = |answer: &str| answer.split_once("\r\n\r\n").unwrap().1.to_owned();
        assert_eq!(body(&plain), body(&secure));
        let status = plain.lines().next().unwrap();
        match path {
            "/health" => assert_eq!(
                (status, body(&plain).as_str()),
                ("HTTP/1.1 200 OK", r#"{"status":"ok"}"#)
            ),
            "/" => assert!(status.contains("200") && body(&plain).contains("<!doctype html>")),
            "/about.json" => {
                assert!(status.contains("200") && body(&plain).contains(&addresses.fingerprint));
            }
            _ => assert!(status.contains("404")),
        }
        assert!(plain.contains("content-security-policy: default-src 'none'"));
    }
}

trait Duplex: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin {}
impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin> Duplex for T {}

async fn get(mut stream: Box<dyn Duplex>, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer))
        .await
        .unwrap()
        .unwrap();
    String::from_utf8(answer).unwrap()
}

/// Strangers who connect and say nothing take up places, not memory without
/// end; who has signed in does not notice, and the places come back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_before_the_door_are_bounded() {
    let home = std::sync::Arc::new(tempfile::tempdir().unwrap());
    let daemon = Daemon::start_in(home, |config| config.waiting = 16).await;
    let (mut bystander, chat) = bystander(&daemon, Wire::Quic).await;
    let http = daemon.server.addresses().http.unwrap();
    let mut strangers = Vec::new();
    let mut turned_away = 0;
    for _ in 0..40 {
        let mut stranger = tokio::net::TcpStream::connect(http).await.unwrap();
        // Half a request; whoever is turned away finds the connection closed.
        let _ = stranger.write_all(b"GET / HTTP/1.1\r\nHost: ").await;
        strangers.push(stranger);
    }
    for stranger in &mut strangers {
        let mut byte = [0];
        let read = tokio::time::timeout(
            std::time::Duration::from_millis(200),
            stranger.read(&mut byte),
        );
        turned_away += usize::from(matches!(read.await, Ok(Ok(0) | Err(_))));
    }
    assert!(
        turned_away >= 24,
        "{turned_away} of 40 turned away from 16 places"
    );
    bystander.say(chat, "still here").await.unwrap();
    drop(strangers);
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let mut stream = tokio::net::TcpStream::connect(http).await.unwrap();
        let _ = stream
            .write_all(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        if answer.starts_with(b"HTTP/1.1 200") {
            break;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "the places do not come back"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn quic_connections_that_open_nothing_are_closed() {
    let daemon = Daemon::start().await;
    let (_endpoint, connection) = support::quic_connection(daemon.address()).await;
    let closed = tokio::time::timeout(PATIENCE, connection.closed()).await;
    assert!(
        matches!(closed, Ok(quinn::ConnectionError::ApplicationClosed(_))),
        "{closed:?}"
    );
}
