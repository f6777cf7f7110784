//! Coming back after a long absence over a slow line: what was missed is
//! counted at once, the open chat is current first, and the screen's queries
//! never wait for the rest.
//!
//! `ABSENCE_MESSAGES` (20 000) is how much was missed. The times are printed;
//! the bounds here are generous, as a busy machine is no fault of the program.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "../../messengerd/tests/support/mod.rs"]
mod support;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mchat::client::model::Anchor;
use mchat::client::{Client, Options, Registration};
use proto::entry::kind;
use proto::id::EntryId;
use support::{Daemon, Wire, message, password};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;

const CHATS: usize = 50;
const ONE_WAY: Duration = Duration::from_millis(50);
const LIMIT: Duration = Duration::from_secs(60);

/// A line to `server` that takes [`ONE_WAY`] in each direction.
async fn slow_line(server: SocketAddr) -> SocketAddr {
    let front = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let address = front.local_addr().unwrap();
    tokio::spawn(async move {
        let mut lines: HashMap<SocketAddr, mpsc::UnboundedSender<(Instant, Vec<u8>)>> =
            HashMap::new();
        let mut buffer = vec![0; 65536];
        while let Ok((length, peer)) = front.recv_from(&mut buffer).await {
            if let std::collections::hash_map::Entry::Vacant(line) = lines.entry(peer) {
                let back = Arc::new(UdpSocket::bind("127.0.0.1:0").await.unwrap());
                back.connect(server).await.unwrap();
                line.insert(carry_to(back.clone()));
                let (front, answers) = (front.clone(), delayed());
                tokio::spawn({
                    let sender = answers.0;
                    async move {
                        let mut buffer = vec![0; 65536];
                        while let Ok(length) = back.recv(&mut buffer).await {
                            let due = Instant::now() + ONE_WAY;
                            if sender.send((due, buffer[..length].to_vec())).is_err() {
                                return;
                            }
                        }
                    }
                });
                tokio::spawn({
                    let mut packets = answers.1;
                    async move {
                        while let Some((due, packet)) = packets.recv().await {
                            tokio::time::sleep_until(due.into()).await;
                            let _ = front.send_to(&packet, peer).await;
                        }
                    }
                });
            }
            let due = Instant::now() + ONE_WAY;
            let _ = lines[&peer].send((due, buffer[..length].to_vec()));
        }
    });
    address
}

type Packets = mpsc::UnboundedReceiver<(Instant, Vec<u8>)>;

fn delayed() -> (mpsc::UnboundedSender<(Instant, Vec<u8>)>, Packets) {
    mpsc::unbounded_channel()
}

fn carry_to(socket: Arc<UdpSocket>) -> mpsc::UnboundedSender<(Instant, Vec<u8>)> {
    let (sender, mut packets) = delayed();
    tokio::spawn(async move {
        while let Some((due, packet)) = packets.recv().await {
            tokio::time::sleep_until(due.into()).await;
            let _ = socket.send(&packet).await;
        }
    });
    sender
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_long_absence_what_counts_comes_first() {
    let missed: usize = std::env::var("ABSENCE_MESSAGES")
        .ok()
        .map_or(20_000, |text| text.parse().unwrap());
    let daemon = Daemon::start_in(Arc::new(tempfile::tempdir().unwrap()), |config| {
        config.send_rate.burst = u32::MAX;
    })
    .await;
    let home = tempfile::tempdir().unwrap();
    let options = |address: SocketAddr| {
        let mut options = Options::new(home.path().join("bob"));
        options.server = Some(format!("mchat://{address}").parse().unwrap());
        options
    };
    let mut ada = daemon.user(Wire::Quic, "ada").await;
    let (client, _events) = Client::open(options(daemon.address())).await.unwrap();
    client.connected(true, false).await.unwrap();
    let bob = client
        .register(Registration {
            username: "bob".try_into().unwrap(),
            password: password(),
            email: None,
            invite: None,
        })
        .await
        .unwrap();
    let mut chats = Vec::new();
    for n in 0..CHATS {
        let chat = ada.group(&format!("group {n}"), vec![bob.user]).await.id;
        ada.say(chat, "hello").await.unwrap();
        chats.push(chat);
    }
    client.sync(false).await.unwrap();
    client.close().await;

    // Answers may overtake each other: what counts is how many are missing.
    let mut unanswered = 0;
    for n in 0..missed {
        let text = format!("message {n}, of a length that people write when they are away");
        ada.start(&message(chats[n % CHATS], EntryId::generate(), &text))
            .await;
        unanswered += 1;
        while unanswered >= if n + 1 == missed { 1 } else { 256 } {
            let frame = ada.recv().await.unwrap();
            assert_ne!(frame.kind, proto::request::REFUSAL);
            unanswered -= usize::from(frame.request_id != 0);
        }
    }
    let head = 2 + (missed / CHATS) as u64;
    let last = ada.history(chats[CHATS - 1]).await.unwrap();
    assert_eq!(last.entries.last().unwrap().seq, head);

    let line = slow_line(daemon.address()).await;
    let start = Instant::now();
    let (client, _events) = Client::open(options(line)).await.unwrap();
    let open = chats[CHATS / 2];
    client.open_chat(Some(open));
    let (mut counted, mut current, mut complete) = (None, None, None);
    let mut slowest = Duration::ZERO;
    while complete.is_none() {
        assert!(start.elapsed() < LIMIT, "{counted:?} {current:?}");
        let asked = Instant::now();
        let timeline = client.timeline(open, Anchor::Latest, 50).await.unwrap();
        slowest = slowest.max(asked.elapsed());
        let rows = client.chats().await.unwrap();
        let unread = (missed / CHATS) as u64 + 1;
        if counted.is_none() && rows.iter().filter(|row| row.unread == unread).count() == CHATS {
            counted = Some(start.elapsed());
        }
        if current.is_none()
            && timeline
                .entries
                .last()
                .is_some_and(|entry| entry.seq == head)
        {
            current = Some(start.elapsed());
        }
        let done = rows
            .iter()
            .filter(|row| row.last.as_ref().is_some_and(|last| last.seq == head))
            .count();
        if done == CHATS && counted.is_some() && current.is_some() {
            complete = Some(start.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    println!(
        "missed {missed} in {CHATS} chats at {:?} round trip: unread right after {:?}, open chat current after \
         {:?}, all after {:?}; slowest page of the screen {slowest:?}",
        ONE_WAY * 2,
        counted.unwrap(),
        current.unwrap(),
        complete.unwrap()
    );
    // The open chat did not wait for all others.
    assert!(current < complete || missed < 2_000);
    let entries = client
        .timeline(open, Anchor::Latest, 1000)
        .await
        .unwrap()
        .entries;
    let messages = entries
        .iter()
        .filter(|entry| entry.kind == kind::MESSAGE)
        .count();
    assert_eq!(messages, missed / CHATS + 1);
    client.close().await;
}
