//! Pages of entries.

use super::{AT, Bed, message};
use crate::store::{ChatNo, ChatRecord, UserRecord};

async fn filled(bed: &Bed, texts: u32) -> (UserRecord, ChatRecord) {
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    for _ in 0..texts {
        bed.say(&chat, &ann, "0123456789").await.unwrap();
    }
    (ann, chat)
}

pub(crate) async fn pages_are_cut_by_count(bed: Bed) {
    let (_, chat) = filled(&bed, 9).await;
    let after = |after, limit| bed.store.entries_after(chat.no, after, limit, 1 << 20);
    let page = after(0, 4).await.unwrap();
    let seqs = |page: &crate::store::EntryPage| -> Vec<u64> {
        page.entries.iter().map(|entry| entry.seq).collect()
    };
    assert_eq!((seqs(&page), page.more), (vec![1, 2, 3, 4], true));
    let page = after(6, 4).await.unwrap();
    assert_eq!((seqs(&page), page.more), (vec![7, 8, 9, 10], false));
    let page = after(10, 4).await.unwrap();
    assert_eq!((seqs(&page), page.more), (vec![], false));
    let page = after(u64::MAX, 4).await.unwrap();
    assert_eq!((seqs(&page), page.more), (vec![], false));
}

pub(crate) async fn pages_are_cut_by_bytes(bed: Bed) {
    let (_, chat) = filled(&bed, 9).await;
    // Bodies of ten bytes each.
    let page = bed.store.entries_after(chat.no, 1, 100, 35).await.unwrap();
    assert_eq!((page.entries.len(), page.more), (3, true));
    let page = bed.store.entries_after(chat.no, 1, 100, 30).await.unwrap();
    assert_eq!((page.entries.len(), page.more), (3, true));
    let page = bed.store.entries_after(chat.no, 1, 100, 1).await.unwrap();
    assert_eq!((page.entries.len(), page.more), (1, true));
    let page = bed.store.entries_after(chat.no, 1, 100, 90).await.unwrap();
    assert_eq!((page.entries.len(), page.more), (9, false));
    let page = bed.store.entries_before(chat.no, 0, None, 100, 25).await;
    let page = page.unwrap();
    assert_eq!((page.entries.len(), page.more), (2, true));
    assert_eq!(page.entries[1].seq, 10);
}

pub(crate) async fn the_latest_come_oldest_first(bed: Bed) {
    let (_, chat) = filled(&bed, 9).await;
    let before = |before, limit| bed.store.entries_before(chat.no, 0, before, limit, 1 << 20);
    let page = before(None, 3).await.unwrap();
    let seqs: Vec<_> = page.entries.iter().map(|entry| entry.seq).collect();
    assert_eq!((seqs, page.more), (vec![8, 9, 10], true));
    let page = before(Some(3), 3).await.unwrap();
    let seqs: Vec<_> = page.entries.iter().map(|entry| entry.seq).collect();
    assert_eq!((seqs, page.more), (vec![1, 2], false));
    for nothing in [0, 1] {
        let page = before(Some(nothing), 3).await.unwrap();
        assert_eq!((page.entries.len(), page.more), (0, false));
    }
}

pub(crate) async fn entries_come_back_whole(bed: Bed) {
    let (ann, chat) = filled(&bed, 1).await;
    let mut append = message(&chat, &ann, "");
    append.body = (0..=255u8).collect::<Vec<_>>().into();
    append.ref_seq = Some(2);
    append.at = AT + 77;
    append.kind = 40_000;
    bed.store.append(append.clone()).unwrap().await.unwrap();
    let page = bed.store.entries_before(chat.no, 0, None, 1, 1000).await;
    let entry = page.unwrap().entries.remove(0);
    assert_eq!((entry.seq, entry.kind, entry.msg_no), (3, 40_000, 1));
    assert_eq!((entry.id, entry.actor), (append.id, ann.id));
    assert_eq!((entry.ref_seq, entry.at), (Some(2), AT + 77));
    assert_eq!(entry.body, append.body);
}

pub(crate) async fn an_empty_page(bed: Bed) {
    let (_, chat) = filled(&bed, 1).await;
    // The neighbours of a chat's range are not in it.
    for no in [chat.no.0 - 1, chat.no.0 + 1] {
        let page = bed
            .store
            .entries_before(ChatNo(no), 0, None, 10, 1000)
            .await;
        assert_eq!(page.unwrap(), crate::store::EntryPage::default());
    }
    let page = bed.store.entries_after(chat.no, 0, 0, 1000).await.unwrap();
    assert_eq!((page.entries.len(), page.more), (0, true));
}
