//! The cache by itself: ranges, cursors, outbox, speed.

#![allow(clippy::unwrap_used, reason = "tests")]

mod changes;
mod people;
mod search;

use proto::Seq;
use proto::entry::{Body, Entry, Message};
use proto::event::{CursorMoved, Head};
use proto::hello::Account;
use proto::id::{ChatId, EntryId, SessionId, UserId};
use proto::request::{ChatInfo, ChatKind, ChatPrefs, ChatSettings, Member, Role, Sent, User};
use proto::text::Token;
use uuid::Uuid;

use super::{Db, DbError, Waiting};
use crate::client::Outcome;
use crate::client::core::Write;
use crate::client::model::{Anchor, OutboxRow};

const ME: UserId = UserId(Uuid::from_u128(1));
const OTHER: UserId = UserId(Uuid::from_u128(2));

fn account(user: UserId, name: &str) -> Account {
    Account {
        user,
        username: name.into(),
        session: SessionId::generate(),
        admin: false,
    }
}

fn token() -> Token {
    Token::try_from("token").unwrap()
}

fn open() -> (tempfile::TempDir, Db) {
    let dir = tempfile::tempdir().unwrap();
    let mut db = Db::open(dir.path()).unwrap();
    db.sign_in(&account(ME, "me"), Uuid::nil(), &token())
        .unwrap();
    (dir, db)
}

fn chat(n: u128) -> ChatId {
    ChatId(Uuid::from_u128(100 + n))
}

fn entry(n: u128, seq: Seq, actor: UserId) -> Entry {
    let text = format!("message {seq}");
    let (kind, body) = Body::Message(Message::new(text)).encode().unwrap();
    Entry {
        seq,
        kind,
        id: EntryId(Uuid::from_u128(n << 64 | u128::from(seq))),
        msg_no: seq,
        ref_seq: None,
        actor,
        at: seq as i64,
        body,
    }
}

fn entries(n: u128, from: Seq, to: Seq) -> Write {
    Write::Entries {
        chat: chat(n),
        entries: (from..=to).map(|seq| entry(n, seq, OTHER)).collect(),
        floor: 0,
        live: true,
        backfill: false,
    }
}

fn head(n: u128, seq: Seq) -> Head {
    Head {
        chat: chat(n),
        seq,
        msg_no: seq,
        floor: 0,
        acl_rev: 1,
        cursor_rev: 0,
        read: 0,
        read_no: 0,
        delivered: 0,
    }
}

fn info(n: u128, name: &str) -> ChatInfo {
    let member = |id, username: &str| Member {
        user: User::new(id, username),
        role: Role::Member,
        muted_until: None,
    };
    ChatInfo {
        id: chat(n),
        kind: ChatKind::Group,
        name: Some(name.into()),
        created_at: 0,
        acl_rev: 1,
        members: vec![member(ME, "me"), member(OTHER, "other")],
        members_more: false,
        head: head(n, 0),
        description: String::new(),
        avatar: None,
        created_by: None,
        settings: ChatSettings::default(),
        prefs: ChatPrefs::default(),
        joined: true,
    }
}

fn row(n: u128, id: u128) -> OutboxRow {
    OutboxRow::message(EntryId(Uuid::from_u128(id)), chat(n), "typed", 0)
}

fn seqs(db: &mut Db, n: u128) -> Vec<Seq> {
    let timeline = db.timeline(chat(n), Anchor::Latest, 1000).unwrap();
    timeline.entries.iter().map(|entry| entry.seq).collect()
}

#[test]
fn a_range_grows_only_where_it_is_touched() {
    let (_dir, mut db) = open();
    assert!(!db.apply(&[entries(0, 10, 12)]).unwrap().ranges[0].disjoint);
    let apart = db.apply(&[entries(0, 14, 15)]).unwrap().ranges[0].clone();
    assert!(apart.disjoint);
    assert_eq!((apart.lo, apart.hi), (10, 12));
    assert_eq!(seqs(&mut db, 0), [10, 11, 12]);
    db.apply(&[entries(0, 12, 15)]).unwrap();
    db.apply(&[entries(0, 8, 9)]).unwrap();
    assert_eq!(seqs(&mut db, 0), (8..=15).collect::<Vec<_>>());
    let arrived = db.arrivals(0, Some(chat(0)), 100).unwrap();
    assert_eq!(arrived.len(), 8, "each arrived once");
}

#[test]
fn pages_of_a_timeline() {
    let (_dir, mut db) = open();
    db.apply(&[entries(0, 11, 60)]).unwrap();
    let mut page = |anchor| {
        let page = db.timeline(chat(0), anchor, 10).unwrap();
        let seqs: Vec<Seq> = page.entries.iter().map(|entry| entry.seq).collect();
        assert!(page.older_remote);
        (seqs, page.older_cached, page.newer_cached)
    };
    assert_eq!(page(Anchor::Latest), ((51..=60).collect(), true, false));
    assert_eq!(page(Anchor::Before(21)), ((11..=20).collect(), false, true));
    assert_eq!(page(Anchor::After(50)), ((51..=60).collect(), true, false));
    assert_eq!(page(Anchor::Around(30)), ((25..=34).collect(), true, true));
}

#[test]
fn unread_is_counted_without_the_entries() {
    let (_dir, mut db) = open();
    db.apply(&[Write::Heads(vec![head(0, 500)])]).unwrap();
    assert_eq!(db.chat(chat(0)).unwrap().unwrap().unread, 500);
    db.apply(&[entries(0, 400, 500)]).unwrap();
    assert!(db.mark_read(chat(0), 450).unwrap());
    assert!(!db.mark_read(chat(0), 449).unwrap(), "it never goes back");
    assert_eq!(db.chat(chat(0)).unwrap().unwrap().unread, 50);
    // Not yet known to the server: later heads do not undo it.
    assert_eq!(db.chat_states().unwrap()[0].unmarked_read, 450);
    db.apply(&[Write::Heads(vec![head(0, 501)])]).unwrap();
    assert_eq!(db.chat(chat(0)).unwrap().unwrap().unread, 51);
    let moved = CursorMoved {
        chat: chat(0),
        user: ME,
        read: 501,
        read_no: 501,
        delivered: 501,
        cursor_rev: 1,
    };
    db.apply(&[Write::Cursor { moved, next: true }]).unwrap();
    assert_eq!(db.chat(chat(0)).unwrap().unwrap().unread, 0);
    assert_eq!(db.chat_states().unwrap()[0].unmarked_read, 0);
}

#[test]
fn own_messages_behind_unread_ones_are_not_unread() {
    let (_dir, mut db) = open();
    let mine = |seq| matches!(seq, 3 | 4 | 6);
    let entries = Write::Entries {
        chat: chat(0),
        entries: (1..=6)
            .map(|seq| entry(0, seq, if mine(seq) { ME } else { OTHER }))
            .collect(),
        floor: 0,
        live: true,
        backfill: false,
    };
    db.apply(&[Write::Heads(vec![head(0, 6)]), entries])
        .unwrap();
    assert_eq!(db.chat(chat(0)).unwrap().unwrap().unread, 3);
    db.mark_read(chat(0), 3).unwrap();
    assert_eq!(db.chats().unwrap()[0].unread, 1);
    db.mark_read(chat(0), 6).unwrap();
    assert_eq!(db.chats().unwrap()[0].unread, 0);
}

#[test]
fn a_stored_message_never_vanishes_nor_doubles() {
    let (_dir, mut db) = open();
    let shown = |db: &mut Db| {
        let page = db.timeline(chat(0), Anchor::Latest, 100).unwrap();
        page.entries.len() + page.outbox.len()
    };
    db.apply(&[entries(0, 1, 3)]).unwrap();
    for id in [7, 8] {
        db.enqueue(&row(0, id)).unwrap();
        db.enqueue(&row(0, id)).unwrap();
    }
    assert_eq!(shown(&mut db), 5);
    let sent = |id: u128, seq| Write::Sent {
        chat: chat(0),
        id: EntryId(Uuid::from_u128(id)),
        sent: Sent {
            seq,
            msg_no: seq,
            at: 0,
            dup: false,
        },
    };
    // The next entry: at once part of the log.
    db.apply(&[sent(7, 4)]).unwrap();
    assert_eq!(seqs(&mut db, 0), [1, 2, 3, 4]);
    assert_eq!(shown(&mut db), 5);
    // Beyond a gap: it stays in the outbox until the gap is filled.
    db.apply(&[sent(8, 6)]).unwrap();
    assert_eq!(shown(&mut db), 5);
    // Neither of the two counts as unread: 1, 2, 3 and 5 do.
    db.apply(&[Write::Heads(vec![head(0, 6)])]).unwrap();
    assert_eq!(db.chat(chat(0)).unwrap().unwrap().unread, 4);
    let id = EntryId(Uuid::from_u128(8));
    assert_eq!(
        db.waiting(id).unwrap(),
        Waiting::Done(Outcome::Stored(Some(6)))
    );
    assert!(!db.has_outgoing().unwrap());
    let mut own = entry(0, 6, ME);
    own.id = id;
    db.apply(&[
        entries(0, 5, 5),
        Write::Entries {
            chat: chat(0),
            entries: vec![own],
            floor: 0,
            live: true,
            backfill: false,
        },
    ])
    .unwrap();
    assert_eq!(shown(&mut db), 6);
    assert!(db.outbox(None).unwrap().is_empty());
}

#[test]
fn another_account_does_not_get_what_was_typed() {
    let (_dir, mut db) = open();
    db.apply(&[entries(0, 1, 3)]).unwrap();
    db.enqueue(&row(0, 7)).unwrap();
    let profile = db.profile_id().unwrap();
    assert!(matches!(
        db.sign_in(&account(OTHER, "other"), Uuid::nil(), &token()),
        Err(DbError::OtherAccount { unsent: 1, .. })
    ));
    db.apply(&[Write::Failed {
        chat: chat(0),
        id: row(0, 7).id,
        error: proto::error::ErrorCode::Forbidden.into(),
    }])
    .unwrap();
    db.discard(row(0, 7).id).unwrap();
    db.sign_in(&account(OTHER, "other"), Uuid::nil(), &token())
        .unwrap();
    assert!(db.chats().unwrap().is_empty());
    assert_ne!(db.profile_id().unwrap(), profile);
    assert_eq!(db.last_arrival().unwrap(), 3, "ordinals are not used twice");
}

#[test]
fn other_processes_are_noticed() {
    let (dir, mut db) = open();
    assert!(db.poll_foreign().unwrap().is_none());
    db.apply(&[entries(0, 1, 3)]).unwrap();
    assert!(
        db.poll_foreign().unwrap().is_none(),
        "own changes are known"
    );
    let mut other = Db::open(dir.path()).unwrap();
    other.apply(&[entries(0, 4, 5)]).unwrap();
    other.enqueue(&row(0, 9)).unwrap();
    let foreign = db.poll_foreign().unwrap().unwrap();
    assert!(foreign.outgoing);
    assert_eq!(foreign.states[0].range, Some((1, 5)));
    assert!(db.poll_foreign().unwrap().is_none());
}

/// The first screen: open, list, latest page, with 100 000 cached messages. How
/// long it takes is for the bench.
#[test]
fn the_first_screen_is_whole() {
    let (dir, mut db) = open();
    for n in 0..50 {
        let mut writes = vec![Write::Infos(vec![info(n, "group")])];
        writes.extend((0..4).map(|page| entries(n, page * 500 + 1, page * 500 + 500)));
        db.apply(&writes).unwrap();
    }
    drop(db);
    let mut db = Db::open(dir.path()).unwrap();
    let chats = db.chats().unwrap();
    let page = db.timeline(chats[0].id, Anchor::Latest, 100).unwrap();
    assert_eq!((chats.len(), page.entries.len()), (50, 100));
    assert!(chats.iter().all(|chat| chat.last.is_some()));
}
