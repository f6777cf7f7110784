//! Finding messages.

use proto::entry::{Body, Edited};
use proto::id::EntryId;
use proto::request::{ChatSettings, NewMemberHistory, Place};
use proto::text::search_words;

use super::{AT, Bed, act, actor};
use crate::store::changes::{Change, MessageChange, SearchFound, SearchQuery};
use crate::store::groups::{ChatChange, Door};
use crate::store::{ChatRecord, UserRecord};

fn query(user: &UserRecord, words: &str) -> SearchQuery {
    SearchQuery {
        user: user.no,
        words: search_words(words),
        chat: None,
        before: None,
        limit: 20,
    }
}

/// The places of what is found, by chat and entry.
fn places(found: &SearchFound) -> Vec<u64> {
    found.found.iter().map(|found| found.entry.seq).collect()
}

async fn find(bed: &Bed, user: &UserRecord, words: &str) -> Vec<u64> {
    let found = bed.store.search(query(user, words)).await.unwrap();
    places(&found)
}

/// One person and a chat with these messages from entry 2 on, a millisecond
/// apart, all in the index.
async fn filled(bed: &Bed, texts: &[&str]) -> (UserRecord, ChatRecord) {
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    for (number, text) in texts.iter().enumerate() {
        bed.write(&chat, &ann, text, AT + number as i64).await;
    }
    bed.index().await;
    (ann, chat)
}

pub(crate) async fn words_are_found_by_their_beginnings(bed: Bed) {
    let texts = [
        "The quick brown fox",
        "a lazy dog, quickly",
        "quick: the lazy fox!",
        "100% c12 co_op",
    ];
    let (ann, chat) = filled(&bed, &texts).await;
    for (words, wanted) in [
        ("quick", vec![4, 3, 2]),
        ("quickl", vec![3]),
        ("qui", vec![4, 3, 2]),
        ("fox quick", vec![4, 2]),
        ("fox the lazy", vec![4]),
        ("lazy brown", vec![]),
        ("uick", vec![]),
        ("c12", vec![5]),
        ("op", vec![5]),
        ("100", vec![5]),
    ] {
        assert_eq!(find(&bed, &ann, words).await, wanted, "{words}");
    }
    let found = bed.store.search(query(&ann, "quickly")).await.unwrap();
    assert_eq!((found.found[0].chat, found.more), (chat.id, false));
    let entry = bed.store.entry(chat.no, 3).await.unwrap().unwrap();
    assert_eq!(found.found, [entry]);
}

pub(crate) async fn a_frequent_word_does_not_hide_a_rare_one(bed: Bed) {
    let texts = [
        "often rare",
        "rare",
        "oftener and rarely",
        "often",
        "often",
        "often",
    ];
    let (ann, chat) = filled(&bed, &texts).await;
    for words in ["often rare", "rar of", "rare often"] {
        assert_eq!(find(&bed, &ann, words).await, [4, 2], "{words}");
    }
    assert_eq!(find(&bed, &ann, "often").await, [7, 6, 5, 4, 2]);
    let mut asked = query(&ann, "often");
    (asked.chat, asked.limit) = (Some(chat.no), 4);
    let found = bed.store.search(asked).await.unwrap();
    assert_eq!((places(&found), found.more), (vec![7, 6, 5, 4], true));
}

pub(crate) async fn case_and_accents_do_not_matter(bed: Bed) {
    let texts = ["Ёлка и Мёд", "CAFÉ Ångström", "мой йод", "straße ﬁn"];
    let (ann, _) = filled(&bed, &texts).await;
    for (words, wanted) in [
        ("елк", vec![2]),
        ("ЁЛКА мед", vec![2]),
        ("cafe angstrom", vec![3]),
        ("café", vec![3]),
        ("йод", vec![4]),
        ("иод", vec![]),
        ("fin", vec![5]),
    ] {
        assert_eq!(find(&bed, &ann, words).await, wanted, "{words}");
    }
}

pub(crate) async fn only_own_chats_are_searched(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let both = bed.group(&[&ann, &bob]).await;
    let hers = bed.group(&[&ann]).await;
    bed.write(&both, &ann, "word", AT).await;
    bed.write(&hers, &ann, "word", AT + 1).await;
    bed.index().await;
    let chats = async |user: &UserRecord| -> Vec<_> {
        let found = bed.store.search(query(user, "word")).await.unwrap();
        found.found.iter().map(|found| found.chat).collect()
    };
    assert_eq!(chats(&ann).await, [hers.id, both.id]);
    assert_eq!(chats(&bob).await, [both.id]);
    bed.store
        .remove_member(act(&both, &ann), actor(&bob))
        .await
        .unwrap();
    assert_eq!(chats(&bob).await, []);
}

pub(crate) async fn one_chat_is_searched(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let (one, two) = (bed.public(&ann).await, bed.public(&ann).await);
    bed.write(&one, &ann, "word one", AT).await;
    bed.write(&two, &ann, "word two", AT).await;
    bed.index().await;
    for user in [&ann, &bob] {
        let mut asked = query(user, "word");
        asked.chat = Some(one.no);
        let found = bed.store.search(asked).await.unwrap();
        assert_eq!(places(&found), [2]);
        assert_eq!(found.found[0].chat, one.id);
    }
    assert_eq!(find(&bed, &bob, "word").await, Vec::<u64>::new());
}

pub(crate) async fn edits_are_found_and_deletions_are_not(bed: Bed) {
    let (ann, chat) = filled(&bed, &["first", "kept"]).await;
    let change = |what| MessageChange {
        chat: chat.no,
        chat_id: chat.id,
        acl_rev: chat.acl_rev,
        actor: actor(&ann),
        id: EntryId::generate(),
        seq: 2,
        at: AT,
        what,
    };
    for (text, before) in [("second", "first"), ("third", "second")] {
        let (_, body) = Body::Edited(Edited { text: text.into() }).encode().unwrap();
        bed.store
            .change_message(change(Change::Edit(body)))
            .await
            .unwrap();
        bed.index().await;
        assert_eq!(find(&bed, &ann, before).await, Vec::<u64>::new());
        assert_eq!(find(&bed, &ann, text).await, [2]);
    }
    let found = bed.store.search(query(&ann, "third")).await.unwrap();
    assert_eq!(found.found[0].edited.as_deref(), Some("third"));
    // Gone at once, and not back with what is still to be indexed.
    bed.write(&chat, &ann, "gone", AT + 9).await;
    bed.store
        .change_message(change(Change::Delete))
        .await
        .unwrap();
    let mut other = change(Change::Delete);
    other.seq = 6;
    bed.store.change_message(other).await.unwrap();
    for _ in 0..2 {
        for word in ["first", "second", "third", "gone"] {
            assert_eq!(find(&bed, &ann, word).await, Vec::<u64>::new(), "{word}");
        }
        bed.index().await;
    }
    assert_eq!(find(&bed, &ann, "kept").await, [3]);
}

/// Pages through everything by twos.
async fn paged(bed: &Bed, user: &UserRecord) -> Vec<(i64, EntryId)> {
    let mut seen = Vec::new();
    let mut asked = query(user, "word");
    asked.limit = 2;
    loop {
        let found = bed.store.search(asked.clone()).await.unwrap();
        assert!(found.found.len() <= 2);
        for found in &found.found {
            seen.push((found.entry.at, found.entry.id));
        }
        assert_eq!(found.more, found.found.len() == 2 && seen.len() < 9);
        if !found.more {
            return seen;
        }
        let (at, id) = *seen.last().unwrap();
        asked.before = Some(Place { at, id });
    }
}

pub(crate) async fn pages_of_results_lose_nothing(bed: Bed) {
    let ann = bed.user("ann").await;
    let chats = [bed.group(&[&ann]).await, bed.group(&[&ann]).await];
    for number in 0..9 {
        // Written in another order than their times.
        let at = AT + (number * 4) % 9;
        bed.write(&chats[number as usize % 2], &ann, "word", at)
            .await;
        if number % 3 == 0 {
            bed.index().await;
        }
    }
    bed.index().await;
    let seen = paged(&bed, &ann).await;
    let times: Vec<_> = seen.iter().map(|(at, _)| at - AT).collect();
    assert_eq!(times, (0..9).rev().collect::<Vec<_>>());
}

pub(crate) async fn results_of_one_moment_are_paged(bed: Bed) {
    let ann = bed.user("ann").await;
    let chats = [bed.group(&[&ann]).await, bed.group(&[&ann]).await];
    for number in 0..9 {
        bed.write(&chats[number % 2], &ann, "word", AT).await;
    }
    bed.index().await;
    let seen = paged(&bed, &ann).await;
    assert_eq!(seen.len(), 9);
    assert!(seen.is_sorted_by(|a, b| a > b), "{seen:?}");
}

pub(crate) async fn what_a_member_may_not_see_is_not_found(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let chat = bed.public(&ann).await;
    bed.write(&chat, &ann, "word before", AT).await;
    let change = ChatChange {
        settings: Some(ChatSettings {
            history_for_new_members: NewMemberHistory::SinceJoin,
            ..ChatSettings::default()
        }),
        ..ChatChange::default()
    };
    bed.store
        .change_chat(act(&chat, &ann), change)
        .await
        .unwrap();
    bed.store
        .join(act(&chat, &bob), Door::Public)
        .await
        .unwrap();
    bed.write(&chat, &ann, "word after", AT + 1).await;
    bed.index().await;
    assert_eq!(find(&bed, &ann, "word").await, [5, 2]);
    assert_eq!(find(&bed, &bob, "word").await, [5]);
    let mut asked = query(&bob, "word");
    asked.chat = Some(chat.no);
    let found = bed.store.search(asked).await.unwrap();
    assert_eq!(places(&found), [5]);
}

pub(crate) async fn what_is_not_indexed_yet_is_counted(bed: Bed) {
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    let pending: Vec<_> = (0..300)
        .map(|_| bed.store.append(super::message(&chat, &ann, "no message")))
        .collect();
    for landed in pending {
        landed.unwrap().await.unwrap();
    }
    bed.write(&chat, &ann, "word", AT).await;
    let found = bed.store.search(query(&ann, "word")).await.unwrap();
    assert_eq!((found.found.len(), found.behind), (0, 302));
    assert!(bed.store.index_entries(100).await.unwrap());
    let found = bed.store.search(query(&ann, "word")).await.unwrap();
    assert_eq!((found.found.len(), found.behind), (0, 202));
    bed.index().await;
    let found = bed.store.search(query(&ann, "word")).await.unwrap();
    assert_eq!((found.found.len(), found.behind), (1, 0));
    assert!(!bed.store.index_entries(100).await.unwrap());
}

pub(crate) async fn a_deleted_chat_is_not_found(bed: Bed) {
    let (ann, chat) = filled(&bed, &["word"]).await;
    bed.store.delete_chat(act(&chat, &ann)).await.unwrap();
    assert_eq!(find(&bed, &ann, "word").await, Vec::<u64>::new());
    let mut asked = query(&ann, "word");
    asked.chat = Some(chat.no);
    let found = bed.store.search(asked).await.unwrap();
    assert_eq!(places(&found), Vec::<u64>::new());
}
