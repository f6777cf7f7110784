//! What the bus lost is found in the store.

use std::time::Duration;

use messengerd::bus::redis::Settings;
use messengerd::bus::{Bus, Signal, Sink as _};
use messengerd::service::pace::Pace;
use messengerd::store::{ChatRecord, CursorMove, Feed as _, UserRecord};
use proto::entry::account_kind;
use proto::error::ErrorCode;
use proto::event::{ChatEntry, Event};
use tokio_util::sync::CancellationToken;

use crate::kit::{Node, Shelf, act, actor, connect, one, quick, session, until};
use crate::redis_server::RedisServer;

/// Nothing is compared but when it is asked for.
fn by_hand() -> Pace {
    Pace {
        compare_down: Duration::from_secs(3600),
        ..quick()
    }
}

/// A node that tells of commits, and one that may miss them.
struct Two {
    server: RedisServer,
    shelf: Shelf,
    teller: Node,
    listener: Node,
    anna: UserRecord,
    bert: UserRecord,
    chat: ChatRecord,
}

impl Two {
    async fn start(pace: Pace) -> Self {
        let (server, shelf) = (RedisServer::start(), Shelf::new());
        let settings: Settings = one(server.url());
        let (anna, bert) = (shelf.user("anna").await, shelf.user("bert").await);
        let chat = shelf.group(&[&anna, &bert]).await;
        let teller = shelf.node(&settings, pace).await;
        let listener = shelf.node(&settings, pace).await;
        Self {
            server,
            shelf,
            teller,
            listener,
            anna,
            bert,
            chat,
        }
    }

    async fn lose_redis(&mut self) {
        self.server.kill();
        until("both nodes notice", || {
            !self.teller.bus.is_up() && !self.listener.bus.is_up()
        })
        .await;
    }
}

#[tokio::test]
async fn messages_cross_and_nothing_is_left_to_find() {
    let two = Two::start(quick()).await;
    let session = two.listener.connect(&two.bert).await;
    for text in ["one", "two", "three"] {
        two.shelf.say(&two.chat, &two.anna, text).await;
    }
    until("three arrive", || session.entries(two.chat.id) == [2, 3, 4]).await;
    until("nothing is left", || {
        two.listener.receiver.hub().watched().chats[0].seq == 4
    })
    .await;
    let found = two.listener.service.compare().await.unwrap();
    assert_eq!(found, Default::default());
}

#[tokio::test]
async fn entries_are_found_while_redis_is_gone() {
    let mut two = Two::start(quick()).await;
    let session = two.listener.connect(&two.bert).await;
    two.lose_redis().await;
    for at in 0..20 {
        two.shelf.say(&two.chat, &two.anna, &format!("{at}")).await;
    }
    let all: Vec<u64> = (2..=21).collect();
    until("all are found", || session.entries(two.chat.id) == all).await;
    two.server.restart();
    until("the bus is back", || {
        two.teller.bus.is_up() && two.listener.bus.is_up()
    })
    .await;
    two.shelf.say(&two.chat, &two.anna, "last").await;
    until("the bus carries again", || {
        session.entries(two.chat.id).last() == Some(&22)
    })
    .await;
}

#[tokio::test]
async fn of_very_many_entries_the_latest_shows_the_gap() {
    let mut two = Two::start(by_hand()).await;
    let session = two.listener.connect(&two.bert).await;
    two.lose_redis().await;
    let sends = (0..600).map(|_| two.shelf.say(&two.chat, &two.anna, "more"));
    futures_util::future::join_all(sends).await;
    let found = two.listener.service.compare().await.unwrap();
    assert_eq!(found.entries, 1);
    assert_eq!(session.entries(two.chat.id), [601]);
}

#[tokio::test]
async fn who_was_removed_is_told_so_and_nothing_of_what_came_after() {
    let mut two = Two::start(by_hand()).await;
    let session = two.listener.connect(&two.bert).await;
    two.lose_redis().await;
    two.shelf.say(&two.chat, &two.anna, "before").await;
    two.shelf
        .store
        .remove_member(act(&two.chat, &two.anna), actor(&two.bert))
        .await
        .unwrap();
    two.shelf.say(&two.chat, &two.anna, "after").await;
    two.listener.service.compare().await.unwrap();
    assert!(session.entries(two.chat.id).is_empty());
    let left = session.events().iter().any(|event| {
        matches!(event, Event::Account(changed) if changed.entry.kind == account_kind::CHAT_LEFT)
    });
    assert!(left);
    let access = two.listener.receiver.access();
    let chat = access.chat(two.chat.id).await.unwrap().unwrap();
    assert!(chat.member(two.bert.id).is_none());
}

#[tokio::test]
async fn who_was_added_hears_of_it_and_what_came_after() {
    let mut two = Two::start(by_hand()).await;
    let carl = two.shelf.user("carl").await;
    let session = two.listener.connect(&carl).await;
    two.lose_redis().await;
    two.shelf
        .store
        .add_members(act(&two.chat, &two.anna), vec![actor(&carl)])
        .await
        .unwrap();
    let found = two.listener.service.compare().await.unwrap();
    assert_eq!(found.account_entries, 1);
    two.shelf.say(&two.chat, &two.anna, "welcome").await;
    two.listener.service.compare().await.unwrap();
    assert_eq!(session.entries(two.chat.id).last(), Some(&3));
}

#[tokio::test]
async fn sessions_that_were_ended_meanwhile_are_ended() {
    let mut two = Two::start(quick()).await;
    let session = two.listener.connect(&two.bert).await;
    let other = two.listener.connect(&two.bert).await;
    two.lose_redis().await;
    two.shelf
        .store
        .end_session(two.bert.no, session.id(), 1)
        .await
        .unwrap();
    until("it is ended", || session.has_ended()).await;
    assert!(!other.has_ended());
}

#[tokio::test]
async fn cursors_are_found_even_behind_later_ones() {
    let mut two = Two::start(by_hand()).await;
    two.shelf.say(&two.chat, &two.anna, "one").await;
    let session = two.listener.connect(&two.bert).await;
    let moved = |user: &UserRecord| CursorMove {
        chat: two.chat.no,
        user: user.no,
        read: 2,
        delivered: 2,
        shown: true,
    };
    let (anna, bert) = (moved(&two.anna), moved(&two.bert));
    let cursors = |user: &UserRecord| {
        let events = session.events();
        let of_user = events
            .iter()
            .filter(|event| matches!(event, Event::Cursor(moved) if moved.user == user.id));
        of_user.count()
    };
    two.server.kill();
    until("both nodes notice", || {
        !two.teller.bus.is_up() && !two.listener.bus.is_up()
    })
    .await;
    two.shelf.store.move_cursors(vec![anna]).await.unwrap();
    until("the move is told and lost", || {
        two.teller.bus.counts().dropped > 0
    })
    .await;
    two.server.restart();
    until("the bus is back", || {
        two.teller.bus.is_up() && two.listener.bus.is_up()
    })
    .await;
    two.shelf.store.move_cursors(vec![bert]).await.unwrap();
    until("both are told", || {
        cursors(&two.bert) > 0 && cursors(&two.anna) > 0
    })
    .await;
}

#[tokio::test]
async fn a_change_at_another_node_is_seen_by_the_cache() {
    let two = Two::start(quick()).await;
    let carl = two.shelf.user("carl").await;
    let access = two.listener.receiver.access();
    let before = access.chat(two.chat.id).await.unwrap().unwrap();
    assert!(before.member(carl.id).is_none());
    two.shelf
        .store
        .add_members(act(&two.chat, &two.anna), vec![actor(&carl)])
        .await
        .unwrap();
    let start = std::time::Instant::now();
    loop {
        let chat = access.chat(two.chat.id).await.unwrap().unwrap();
        if chat.member(carl.id).is_some() {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(20));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn told(chat: &ChatRecord, entry: proto::entry::Entry) -> Vec<Signal> {
    let event = Event::Entry(ChatEntry {
        chat: chat.id,
        entry,
    });
    vec![Signal::ToChat {
        chat: chat.id,
        event,
        except: None,
    }]
}

#[tokio::test]
async fn whom_a_node_removed_that_died_before_it_told_hears_nothing_more() {
    let two = Two::start(quick()).await;
    let (shelf, chat, listener) = (&two.shelf, &two.chat, &two.listener);
    let session = listener.connect(&two.bert).await;
    two.teller.kill().await;
    listener.service.compare().await.unwrap();
    shelf
        .store
        .remove_member(act(chat, &two.anna), actor(&two.bert))
        .await
        .unwrap();
    shelf.say(chat, &two.anna, "after").await;
    // A third node has written last, and tells.
    let page = shelf.store.entries_after(chat.no, 2, 10, usize::MAX).await;
    for entry in page.unwrap().entries {
        assert_eq!(entry.seq, 3);
        listener.receiver.arrived(told(chat, entry));
    }
    until("the removal is found", || {
        session.events().iter().any(|event| {
            matches!(event, Event::Account(changed) if changed.entry.kind == account_kind::CHAT_LEFT)
        })
    })
    .await;
    assert!(session.entries(chat.id).is_empty());
}

#[tokio::test]
async fn entries_that_come_in_another_order_are_told_in_theirs() {
    let two = Two::start(quick()).await;
    let (shelf, chat, listener) = (&two.shelf, &two.chat, &two.listener);
    let session = listener.connect(&two.bert).await;
    two.teller.kill().await;
    listener.service.compare().await.unwrap();
    for text in ["one", "two", "three", "four"] {
        shelf.say(chat, &two.anna, text).await;
    }
    let page = shelf.store.entries_after(chat.no, 1, 10, usize::MAX).await;
    let entries = page.unwrap().entries;
    for at in [2, 1, 0, 3] {
        listener.receiver.arrived(told(chat, entries[at].clone()));
    }
    assert_eq!(session.entries(chat.id), [2, 3, 4, 5]);
    // One that never comes is found.
    shelf.say(chat, &two.anna, "five").await;
    shelf.say(chat, &two.anna, "six").await;
    let page = shelf.store.entries_after(chat.no, 6, 10, usize::MAX).await;
    let last = page.unwrap().entries.remove(0);
    listener.receiver.arrived(told(chat, last));
    until("the lost one is found", || {
        session.entries(chat.id) == [2, 3, 4, 5, 6, 7]
    })
    .await;
}

#[tokio::test]
async fn a_session_that_ended_while_it_connected_is_not_let_in() {
    let two = Two::start(quick()).await;
    let new = session();
    let id = new.id;
    let store = &two.shelf.store;
    store.create_session(two.bert.no, new).await.unwrap();
    store.end_session(two.bert.no, id, 2).await.unwrap();
    let refused = two.listener.enter(&two.bert, id).await.map(|_| ());
    assert_eq!(refused.unwrap_err().code, ErrorCode::Unauthenticated);
}

#[tokio::test]
async fn a_node_alone_looks_for_what_its_store_could_not_say() {
    let shelf = Shelf::new();
    let (anna, bert) = (shelf.user("anna").await, shelf.user("bert").await);
    let chat = shelf.group(&[&anna, &bert]).await;
    let (service, feed) = shelf.alone(Pace {
        compare: (Duration::from_millis(500), Duration::from_millis(600)),
        ..quick()
    });
    let session = connect(&shelf.store, &service, &bert).await;
    let stop = CancellationToken::new();
    let comparing = tokio::spawn({
        let (service, stop) = (service.clone(), stop.clone());
        async move { service.reconcile(stop).await }
    });
    shelf.say(&chat, &anna, "one").await;
    feed.unsure();
    until("it is found", || session.entries(chat.id) == [2]).await;
    // Committed after that: found by the look that follows it.
    shelf.say(&chat, &anna, "two").await;
    let end = shelf.store.end_session(bert.no, session.id(), 1);
    assert!(end.await.unwrap());
    until("that, too", || {
        session.entries(chat.id) == [2, 3] && session.has_ended()
    })
    .await;
    stop.cancel();
    comparing.await.unwrap();
}
