//! An acknowledged message survives a power cut; a full or failing disk loses
//! none and is survived.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod disk;

use std::path::Path;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use disk::{Disk, LogState};
use messengerd::store::sqlite::{Options, SqliteStore};
use messengerd::store::{
    Actor, Admission, Append, Appended, ChatRecord, Committed, Feed, NewChat, NewSession, NewUser,
    Pending, Store, StoreError,
};
use proto::entry::kind;
use proto::id::{ChatId, EntryId, SessionId, UserId};
use proto::request::ChatKind;
use proto::text::{ChatName, DeviceName, Username};
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;
use tokio::sync::Semaphore;

const AT: i64 = 1_700_000_000_000;
/// Messages between one power cut and the next.
const WAVE: usize = 500;

struct Deaf;

impl Feed for Deaf {
    fn committed(&self, batch: Vec<Committed>) {
        drop(batch);
    }
}

/// Looks at the disk each time a batch was committed. The feed is told by the
/// thread that writes, before any caller is answered: at that moment the log
/// must hold nothing that is not synced.
struct Witness {
    disk: &'static Disk,
    seen: Mutex<Vec<LogState>>,
}

impl Feed for Witness {
    fn committed(&self, batch: Vec<Committed>) {
        assert!(!batch.is_empty());
        self.seen.lock().unwrap().push(self.disk.log());
    }
}

struct Bed {
    disk: &'static Disk,
    store: Arc<SqliteStore>,
    actor: Actor,
    chats: Vec<ChatRecord>,
    _directory: TempDir,
}

impl Bed {
    async fn new(feed: impl FnOnce(&'static Disk) -> Arc<dyn Feed>) -> Self {
        let disk = Disk::register(&format!("disk-{}", UserId::generate()));
        let directory = tempfile::tempdir().unwrap();
        let options = Options {
            vfs: Some(disk.name()),
            ..Options::default()
        };
        let path = directory.path().join("store.db");
        let store = SqliteStore::open_with(&path, feed(disk), &options).unwrap();
        let user = store.create_user(new_user(), new_session()).await.unwrap();
        let actor = Actor {
            no: user.no,
            id: user.id,
        };
        let mut chats = Vec::new();
        for _ in 0..5 {
            chats.push(store.create_chat(new_chat(actor)).await.unwrap());
        }
        Self {
            disk,
            store: Arc::new(store),
            actor,
            chats,
            _directory: directory,
        }
    }

    fn message(&self, chat: usize) -> Append {
        message(&self.chats[chat], self.actor)
    }

    fn queue(&self, count: usize) -> Vec<Pending<Appended>> {
        (0..count)
            .map(|number| self.store.append(self.message(number % 5)).unwrap())
            .collect()
    }
}

fn message(chat: &ChatRecord, actor: Actor) -> Append {
    Append {
        chat: chat.no,
        chat_id: chat.id,
        acl_rev: chat.acl_rev,
        actor,
        kind: kind::MESSAGE,
        id: EntryId::generate(),
        ref_seq: None,
        at: AT,
        body: Bytes::from_static(&[b'x'; 300]),
    }
}

fn new_user() -> NewUser {
    NewUser {
        id: UserId::generate(),
        username: Username::try_from("ann").unwrap(),
        email: None,
        password_hash: String::new(),
        admission: Admission::Open {
            first_is_admin: true,
        },
        at: AT,
    }
}

fn new_session() -> NewSession {
    NewSession {
        id: SessionId::generate(),
        device: DeviceName::try_from("test").unwrap(),
        at: AT,
        expires_at: None,
    }
}

fn new_chat(creator: Actor) -> NewChat {
    NewChat {
        id: ChatId::generate(),
        kind: ChatKind::Group,
        name: Some(ChatName::try_from("group").unwrap()),
        description: None,
        creator,
        others: Vec::new(),
        entry: EntryId::generate(),
        at: AT,
    }
}

#[tokio::test]
async fn every_acknowledgement_follows_its_sync() {
    let mut witness = None;
    let bed = Bed::new(|disk| {
        let feed = Arc::new(Witness {
            disk,
            seen: Mutex::default(),
        });
        witness = Some(Arc::clone(&feed));
        feed
    })
    .await;
    let witness = witness.unwrap();
    // One at a time: each has a sync of its own.
    for _ in 0..20 {
        let before = bed.disk.log();
        let landed = bed.store.append(bed.message(0)).unwrap().await;
        landed.unwrap();
        assert!(bed.disk.log().syncs > before.syncs);
    }
    // Many at a time.
    for landed in bed.queue(3000) {
        landed.await.unwrap();
    }
    let seen = witness.seen.lock().unwrap().clone();
    assert!(seen.len() >= 26, "{} batches", seen.len());
    for log in &seen {
        assert_eq!(log.unsynced, 0, "told of a batch before its sync: {log:?}");
    }
    for (before, after) in seen.iter().zip(&seen[1..]) {
        assert!(after.writes > before.writes, "a batch wrote nothing");
        assert!(after.syncs > before.syncs, "a batch was not synced");
    }
}

/// The disk notices what the store must never do.
#[test]
fn a_commit_without_sync_is_noticed() {
    let disk = Disk::register("disk-normal");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let name = disk.name();
    let conn = Connection::open_with_flags_and_vfs(&path, flags, name.as_str()).unwrap();
    conn.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (n INTEGER);
         INSERT INTO t VALUES (1);",
    )
    .unwrap();
    assert_eq!(disk.log().unsynced, 0);
    conn.execute_batch("PRAGMA synchronous = NORMAL; INSERT INTO t VALUES (2)")
        .unwrap();
    assert!(disk.log().unsynced > 0);
    let after = tempfile::tempdir().unwrap();
    disk.cut(0).restore(after.path());
    let restored = Connection::open(after.path().join("store.db")).unwrap();
    let rows: i64 = restored
        .query_row("SELECT count(*) FROM t", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 1, "the unsynced commit is gone");
}

/// Appends one message for each permit and notes what was acknowledged, where.
async fn write_on(
    store: Arc<SqliteStore>,
    chats: Vec<ChatRecord>,
    actor: Actor,
    acknowledged: Arc<Mutex<Vec<(usize, EntryId, u64)>>>,
    permits: Arc<Semaphore>,
) {
    for number in 0.. {
        permits.acquire().await.unwrap().forget();
        let chat = number % chats.len();
        let append = message(&chats[chat], actor);
        let id = append.id;
        match store.append(append).unwrap().await {
            Ok(landed) => acknowledged.lock().unwrap().push((chat, id, landed.seq)),
            Err(StoreError::Unavailable(_)) => return,
            Err(error) => panic!("{error}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_power_cut_loses_nothing_acknowledged() {
    let bed = Bed::new(|_| Arc::new(Deaf)).await;
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let permits = Arc::new(Semaphore::new(0));
    let writers: Vec<_> = (0..32)
        .map(|_| {
            tokio::spawn(write_on(
                Arc::clone(&bed.store),
                bed.chats.clone(),
                bed.actor,
                Arc::clone(&acknowledged),
                Arc::clone(&permits),
            ))
        })
        .collect();
    for seed in 0..20 {
        // Cut in the middle of a wave, each time at another place of it.
        let before = acknowledged.lock().unwrap().len();
        permits.add_permits(WAVE);
        while acknowledged.lock().unwrap().len() <= before + seed * WAVE / 21 {
            tokio::task::yield_now().await;
        }
        let promised = acknowledged.lock().unwrap().clone();
        let image = bed.disk.cut(seed as u64);
        let directory = tempfile::tempdir().unwrap();
        image.restore(directory.path());
        check(directory.path(), &bed, &promised, seed).await;
        while acknowledged.lock().unwrap().len() < before + WAVE {
            tokio::task::yield_now().await;
        }
    }
    bed.store.close().await.unwrap();
    for writer in writers {
        writer.abort();
    }
}

/// The files open, are sound, and hold everything promised.
async fn check(directory: &Path, bed: &Bed, promised: &[(usize, EntryId, u64)], seed: usize) {
    let path = directory.join("store.db");
    let store = SqliteStore::open(&path, Arc::new(Deaf)).unwrap();
    let mut logs = Vec::new();
    for chat in &bed.chats {
        let found = store.chat(chat.id).await.unwrap().unwrap();
        let page = store.entries_after(found.no, 0, u32::MAX, usize::MAX);
        let entries = page.await.unwrap().entries;
        let seqs: Vec<_> = entries.iter().map(|entry| entry.seq).collect();
        assert_eq!(seqs, (1..=entries.len() as u64).collect::<Vec<_>>());
        let head = store.head(found.no, bed.actor.no).await.unwrap().unwrap();
        assert_eq!(head.seq, entries.len() as u64);
        logs.push(entries);
    }
    for (chat, id, seq) in promised {
        let entry = logs[*chat].get(*seq as usize - 1);
        assert_eq!(entry.map(|entry| entry.id), Some(*id), "seed {seed}");
    }
    // And it goes on.
    let next = store.append(message(&bed.chats[0], bed.actor)).unwrap();
    assert_eq!(next.await.unwrap().seq, logs[0].len() as u64 + 1);
    store.close().await.unwrap();
    let conn = Connection::open(&path).unwrap();
    let sound: String = conn
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(sound, "ok", "seed {seed}");
}

#[tokio::test]
async fn a_full_disk_refuses_and_resumes() {
    let bed = Bed::new(|_| Arc::new(Deaf)).await;
    let chat = &bed.chats[0];
    for landed in bed.queue(50) {
        landed.await.unwrap();
    }
    let head = bed
        .store
        .head(chat.no, bed.actor.no)
        .await
        .unwrap()
        .unwrap();
    bed.disk.set_full(true);
    let refused = bed.message(0);
    for _ in 0..3 {
        let pending: Vec<_> = bed.queue(700);
        let repeat = bed.store.append(refused.clone()).unwrap();
        let write = bed.store.create_chat(new_chat(bed.actor));
        for landed in pending {
            assert!(matches!(landed.await, Err(StoreError::Full)));
        }
        assert!(matches!(repeat.await, Err(StoreError::Full)));
        assert!(matches!(write.await, Err(StoreError::Full)));
    }
    // Reading goes on.
    let still = bed.store.head(chat.no, bed.actor.no).await.unwrap();
    assert_eq!(still, Some(head.clone()));
    bed.disk.set_full(false);
    let landed = bed.store.append(refused.clone()).unwrap().await.unwrap();
    assert_eq!((landed.seq, landed.dup), (head.seq + 1, false));
    let again = bed.store.append(refused).unwrap().await.unwrap();
    assert_eq!((again.seq, again.dup), (head.seq + 1, true));
    bed.store.create_chat(new_chat(bed.actor)).await.unwrap();
}

#[tokio::test]
async fn a_failed_sync_acknowledges_nothing() {
    let bed = Bed::new(|_| Arc::new(Deaf)).await;
    bed.disk.set_broken(true);
    let lost = bed.message(0);
    for landed in bed.queue(100) {
        assert!(matches!(landed.await, Err(StoreError::Unavailable(_))));
    }
    let refused = bed.store.append(lost.clone()).unwrap().await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))));
    bed.disk.set_broken(false);
    let landed = bed.store.append(lost).unwrap().await.unwrap();
    assert_eq!((landed.seq, landed.dup), (2, false));
}
