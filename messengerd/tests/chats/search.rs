//! Finding messages: what is one's own to see, and nothing else.

use std::time::{Duration, Instant};

use proto::id::{ChatId, EntryId};
use proto::request::{
    AddMembers, ChatKind, ChatSettings, NewMemberHistory, Place, RemoveMember, SearchMessages,
    SearchResults,
};

use crate::crew::{changes, code, create, delete, edit, entry, quiet, settings};
use crate::ground::On;
use crate::support::{Client, PATIENCE, message};

on_both_stores! {
    words_are_found_whatever_their_case_and_accents
    nobody_finds_what_is_not_theirs_to_see
    results_come_in_pages_latest_first
    edits_are_found_and_deleted_messages_are_not
    what_retention_or_leaving_took_is_not_found
    a_search_while_messages_are_indexed_finds_all_in_the_end
    an_empty_or_endless_search_is_refused
}

fn query(words: &str, chat: Option<ChatId>) -> SearchMessages {
    SearchMessages {
        query: words.to_owned(),
        chat,
        limit: 50,
        before: None,
    }
}

/// What is found once everything that was written is in the index.
async fn search(by: &mut Client, call: SearchMessages) -> SearchResults {
    let start = Instant::now();
    loop {
        match by.call(call.clone()).await {
            Ok(found) if found.behind == 0 => return found,
            Ok(_) => {}
            Err(failure) => assert_eq!(failure.code(), "rate_limited"),
        }
        assert!(start.elapsed() < PATIENCE, "indexed in time");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn places(found: &SearchResults) -> Vec<(ChatId, u64)> {
    let places = found.found.iter().map(|hit| (hit.chat, hit.entry.seq));
    places.collect()
}

async fn words_are_found_whatever_their_case_and_accents(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let chat = create(&mut ada, ChatKind::Private, "", Vec::new()).await.id;
    let ru = ada.say(chat, "Ёжик пьёт чай, ёлки!").await.unwrap().seq;
    let en = ada.say(chat, "A café in Málaga").await.unwrap().seq;
    for words in ["ежик", "ЧАЙ ежик", "пье", "ёлк чай"] {
        let found = search(&mut ada, query(words, None)).await;
        assert_eq!(places(&found), [(chat, ru)], "{words}");
    }
    for words in ["cafe", "MALAGA cafe", "mal"] {
        let found = search(&mut ada, query(words, Some(chat))).await;
        assert_eq!(places(&found), [(chat, en)], "{words}");
    }
    // Every word, from its beginning.
    for words in ["cafe tea", "afe", "жик"] {
        let found = search(&mut ada, query(words, None)).await;
        assert!(found.found.is_empty(), "{words}");
    }
}

async fn nobody_finds_what_is_not_theirs_to_see(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let mut bob = quiet(&daemon, "bob").await;
    let mut eve = quiet(&daemon, "eve").await;
    let pair = create(&mut ada, ChatKind::Private, "", vec![bob.id()])
        .await
        .id;
    let group = create(&mut ada, ChatKind::Group, "g", vec![eve.id()])
        .await
        .id;
    let public = create(&mut ada, ChatKind::Public, "p", Vec::new()).await.id;
    let mut at = Vec::new();
    for chat in [pair, group, public] {
        at.push((chat, ada.say(chat, "keyword").await.unwrap().seq));
    }
    at.reverse();
    let found = search(&mut ada, query("keyword", None)).await;
    assert_eq!(places(&found), at);
    let found = search(&mut bob, query("keyword", None)).await;
    assert_eq!(places(&found), [(pair, 2)]);
    let found = search(&mut eve, query("keyword", None)).await;
    assert_eq!(places(&found), [(group, 2)]);
    // A public chat is searched by who names it.
    let found = search(&mut eve, query("keyword", Some(public))).await;
    assert_eq!(places(&found), [(public, 2)]);
    let hidden = eve.call(query("keyword", Some(pair))).await;
    assert_eq!(code(&hidden), "not_found");
    // Not what was there before one joined, where that is how it is set.
    let strict = ChatSettings {
        history_for_new_members: NewMemberHistory::SinceJoin,
        ..ChatSettings::default()
    };
    settings(&mut ada, group, strict).await;
    let add = AddMembers {
        chat: group,
        users: vec![bob.id()],
    };
    ada.call(add).await.unwrap();
    let new = ada.say(group, "keyword again").await.unwrap().seq;
    let found = search(&mut bob, query("keyword", Some(group))).await;
    assert_eq!(places(&found), [(group, new)]);
    settings(&mut ada, public, strict).await;
    let found = search(&mut bob, query("keyword", Some(public))).await;
    assert!(found.found.is_empty() && !found.more);
}

async fn results_come_in_pages_latest_first(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let one = create(&mut ada, ChatKind::Group, "one", Vec::new())
        .await
        .id;
    let two = create(&mut ada, ChatKind::Group, "two", Vec::new())
        .await
        .id;
    let mut written = Vec::new();
    for n in 0..25 {
        let chat = if n % 3 == 0 { one } else { two };
        let sent = ada.say(chat, &format!("word {n}")).await.unwrap();
        written.push((chat, sent.seq));
    }
    written.reverse();
    search(&mut ada, query("word", None)).await;
    let (mut found, mut before) = (Vec::new(), None);
    loop {
        let call = SearchMessages {
            limit: 4,
            before,
            ..query("word", None)
        };
        let page = search(&mut ada, call).await;
        found.extend(places(&page));
        before = page.found.last().map(|last| Place {
            at: last.entry.at,
            id: last.entry.id,
        });
        if !page.more {
            break;
        }
    }
    // Those of one millisecond are in the order of their ids.
    assert_eq!(found.len(), 25);
    found.sort_unstable();
    written.sort_unstable();
    assert_eq!(found, written);
    // Large ones are cut to a frame and the rest asked for.
    for _ in 0..5 {
        let text = format!("bulk {}", "x".repeat(60_000));
        ada.call(message(one, EntryId::generate(), &text))
            .await
            .unwrap();
    }
    let first = search(&mut ada, query("bulk", None)).await;
    assert!(first.more && first.found.len() < 5);
}

async fn edits_are_found_and_deleted_messages_are_not(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let chat = create(&mut ada, ChatKind::Private, "", Vec::new()).await.id;
    let said = ada.say(chat, "before").await.unwrap().seq;
    search(&mut ada, query("before", None)).await;
    ada.call(edit(chat, said, "after")).await.unwrap();
    let found = search(&mut ada, query("after", None)).await;
    assert_eq!(places(&found), [(chat, said)]);
    assert_eq!(found.found[0].edited.as_deref(), Some("after"));
    let found = search(&mut ada, query("before", None)).await;
    assert!(found.found.is_empty());
    ada.call(delete(chat, said)).await.unwrap();
    let found = search(&mut ada, query("after", None)).await;
    assert!(found.found.is_empty());
}

async fn what_retention_or_leaving_took_is_not_found(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let mut bob = quiet(&daemon, "bob").await;
    let chat = create(&mut ada, ChatKind::Group, "g", vec![bob.id()])
        .await
        .id;
    ada.say(chat, "passing words").await.unwrap();
    let found = search(&mut bob, query("passing", None)).await;
    assert_eq!(found.found.len(), 1);
    let short = ChatSettings {
        message_retention: 1,
        ..ChatSettings::default()
    };
    settings(&mut ada, chat, short).await;
    let later = messengerd::service::now() + 2 * 24 * 60 * 60 * 1000;
    daemon.server.service().expire_once(later).await.unwrap();
    for by in [&mut ada, &mut bob] {
        let found = search(by, query("passing", None)).await;
        assert!(found.found.is_empty());
    }
    ada.say(chat, "parting words").await.unwrap();
    let found = search(&mut bob, query("parting", None)).await;
    assert_eq!(found.found.len(), 1);
    let user = bob.id();
    bob.call(RemoveMember { chat, user }).await.unwrap();
    let found = search(&mut bob, query("parting", None)).await;
    assert!(found.found.is_empty());
}

async fn a_search_while_messages_are_indexed_finds_all_in_the_end(on: On) {
    let daemon = on.daemon().await;
    let mut ada = daemon.user(crate::support::Wire::Quic, "ada").await;
    let mut bob = quiet(&daemon, "bob").await;
    let chat = create(&mut ada, ChatKind::Group, "g", vec![bob.id()])
        .await
        .id;
    for n in 0..1000 {
        let text = format!("rush {n}");
        let call = message(chat, EntryId::generate(), &text);
        ada.start(&call).await;
        if n % 100 == 0 {
            // Something of it, and never more than there is.
            let found = bob.call(query("rush", None)).await.unwrap();
            assert!(found.found.len() <= n);
        }
    }
    entry(&mut ada, chat, 1001).await;
    search(&mut bob, query("rush", None)).await;
    for n in [0, 499, 999] {
        let found = search(&mut bob, query(&format!("rush {n}"), Some(chat))).await;
        let found = places(&found);
        assert!(found.contains(&(chat, n + 2)), "{n}: {found:?}");
    }
    assert_eq!(changes(&mut bob, chat, 0).await.entries.len(), 1000);
}

async fn an_empty_or_endless_search_is_refused(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    for nothing in ["", "  ", "?!"] {
        let answer = ada.call(query(nothing, None)).await;
        assert_eq!(code(&answer), "bad_request");
    }
    let long = "x".repeat(proto::limits::QUERY_CHARS + 1);
    assert_eq!(code(&ada.call(query(&long, None)).await), "too_large");
    let mut refused = String::new();
    for _ in 0..1000 {
        refused = code(&ada.call(query("x", None)).await);
        if refused != "ok" {
            break;
        }
    }
    assert_eq!(refused, "rate_limited");
}
