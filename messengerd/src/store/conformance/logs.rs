//! Digests and account logs.

use proto::digest::{BlockDigest, Digest, LogDigest, block_of};
use proto::entry::{AccountEntry, Entry};
use proto::id::{ChatId, SessionId, UserId};
use proto::limits::DIGEST_BLOCK;

use super::{AT, Bed, message, new_session};
use crate::store::{AccountRevision, ChatRevision};

pub(super) fn of_entries(entries: &[Entry]) -> Digest {
    let mut log = LogDigest::new();
    for block in entries.chunk_by(|a, b| block_of(a.seq) == block_of(b.seq)) {
        let mut digest = BlockDigest::new();
        for entry in block {
            digest.entry(entry.seq, entry.kind, entry.id);
        }
        log.block(digest.finish().unwrap());
    }
    log.finish()
}

pub(crate) async fn a_digest_covers_the_entries(bed: Bed) {
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    for _ in 0..5 {
        bed.say(&chat, &ann, "x").await.unwrap();
    }
    let page = bed.store.entries_after(chat.no, 0, 100, 1 << 20).await;
    let entries = page.unwrap().entries;
    let digest = |upto| bed.store.digest(chat.no, 0, upto);
    for upto in 0..=6u64 {
        let wanted = of_entries(&entries[..upto as usize]);
        assert_eq!(digest(upto).await.unwrap(), (upto, 0, wanted));
    }
    assert_eq!(digest(99).await.unwrap(), (6, 0, of_entries(&entries)));
}

pub(crate) async fn a_digest_across_blocks(bed: Bed) {
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    let pending: Vec<_> = (0..2 * DIGEST_BLOCK + 50)
        .map(|_| bed.store.append(message(&chat, &ann, "x")).unwrap())
        .collect();
    for landed in pending {
        landed.await.unwrap();
    }
    let page = bed.store.entries_after(chat.no, 0, 9000, 1 << 20).await;
    let entries = page.unwrap().entries;
    let block = DIGEST_BLOCK;
    // Twice: computed, and kept.
    for _ in 0..2 {
        for upto in [block - 1, block, block + 1, 2 * block, 2 * block + 51] {
            let (cut, floor, digest) = bed.store.digest(chat.no, 0, upto).await.unwrap();
            assert_eq!((cut, floor), (upto, 0));
            assert_eq!(digest, of_entries(&entries[..upto as usize]), "{upto}");
        }
    }
}

pub(crate) async fn a_digest_from_within_a_block(bed: Bed) {
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    let pending: Vec<_> = (0..DIGEST_BLOCK + 50)
        .map(|_| bed.store.append(message(&chat, &ann, "x")).unwrap())
        .collect();
    for landed in pending {
        landed.await.unwrap();
    }
    let page = bed.store.entries_after(chat.no, 0, 9000, 1 << 20).await;
    let entries = page.unwrap().entries;
    let head = DIGEST_BLOCK + 51;
    // Twice: with the block kept, too.
    for _ in 0..2 {
        for from in [0, 1, 500, DIGEST_BLOCK, DIGEST_BLOCK + 7] {
            let wanted = of_entries(&entries[from as usize..]);
            let digest = bed.store.digest(chat.no, from, head).await.unwrap();
            assert_eq!(digest, (head, from, wanted), "{from}");
        }
    }
}

pub(crate) async fn an_account_log_is_gapless(bed: Bed) {
    let ann = bed.user("ann").await;
    let mut pending = Vec::new();
    for _ in 0..40 {
        let session = new_session();
        let id = session.id;
        bed.store.create_session(ann.no, session).await.unwrap();
        pending.push(bed.store.end_session(ann.no, id, AT));
        // Fails, and must not take a number.
        pending.push(bed.store.end_session(ann.no, SessionId::generate(), AT));
    }
    for (number, ended) in pending.into_iter().enumerate() {
        assert_eq!(ended.await.unwrap(), number % 2 == 0);
    }
    let (entries, more) = bed.store.account_entries(ann.no, 0, 1000).await.unwrap();
    assert!(!more);
    let seqs: Vec<_> = entries.iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs, (1..=81).collect::<Vec<_>>());
    let (page, more) = bed.store.account_entries(ann.no, 10, 5).await.unwrap();
    assert_eq!((page.as_slice(), more), (&entries[10..15], true));
}

pub(crate) async fn an_account_digest_covers_its_entries(bed: Bed) {
    let ann = bed.user("ann").await;
    bed.group(&[&ann]).await;
    let (entries, _) = bed.store.account_entries(ann.no, 0, 10).await.unwrap();
    assert_eq!(entries.len(), 2);
    let wanted = |entries: &[AccountEntry]| {
        let mut log = LogDigest::new();
        let mut block = BlockDigest::new();
        for entry in entries {
            block.account_entry(entry);
        }
        if let Some(digest) = block.finish() {
            log.block(digest);
        }
        log.finish()
    };
    for (upto, cut) in [(0, 0), (1, 1), (2, 2), (9, 2)] {
        let digest = bed.store.account_digest(ann.no, upto).await.unwrap();
        assert_eq!(digest, (cut, wanted(&entries[..cut as usize])));
    }
}

pub(crate) async fn revisions_tell_where_things_stand(bed: Bed) {
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    let (open, ended) = (new_session(), new_session());
    for session in [open.clone(), ended.clone()] {
        bed.store.create_session(ann.no, session).await.unwrap();
    }
    assert!(bed.store.end_session(ann.no, ended.id, AT).await.unwrap());
    let said = bed.say(&chat, &ann, "x").await.unwrap();
    let found = bed
        .store
        .revisions(
            vec![chat.id, ChatId::generate()],
            vec![UserId::generate(), ann.id],
            vec![open.id, ended.id],
        )
        .await
        .unwrap();
    let here = ChatRevision {
        chat: chat.no,
        chat_id: chat.id,
        seq: said.seq,
        acl_rev: chat.acl_rev,
        cursor_rev: 0,
        floor: 0,
    };
    assert_eq!(found.chats, [here]);
    let account = AccountRevision {
        user: ann.no,
        user_id: ann.id,
        // Signed in three times, a chat joined, a session ended.
        seq: 5,
    };
    assert_eq!(found.accounts, [account]);
    assert_eq!(found.ended, [ended.id]);
}
