//! Two stores on one database, as two nodes have them.

use proto::entry::kind;
use proto::id::EntryId;

use super::{gapless, server, store_on};
use crate::store::conformance::{
    Bed, act, actor, message, new_group, new_private, new_session, new_user,
};
use crate::store::{Append, Appended, ChatRecord, StoreError};

pub(super) async fn two() -> (Bed, Bed, server::Database) {
    let database = server::database().await;
    let (one, two) = (
        store_on(&database.config).await,
        store_on(&database.config).await,
    );
    assert_eq!(one.store.community(), two.store.community());
    (one, two, database)
}

/// Sends appends of which up to 50 are outstanding.
async fn send(bed: &Bed, appends: Vec<Append>) -> Vec<(EntryId, Result<Appended, StoreError>)> {
    let mut outcomes = Vec::new();
    for chunk in appends.chunks(50) {
        let pending: Vec<_> = chunk
            .iter()
            .map(|append| (append.id, bed.store.append(append.clone()).unwrap()))
            .collect();
        for (id, landed) in pending {
            outcomes.push((id, landed.await));
        }
    }
    outcomes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_sent_at_once_through_two_nodes_lands_once() {
    let (one, two, _database) = two().await;
    let ann = one.user("ann").await;
    let mut chats = Vec::new();
    for _ in 0..5 {
        chats.push(one.group(&[&ann]).await);
    }
    let appends: Vec<Append> = (0..1000)
        .map(|number| message(&chats[number % 5], &ann, "x"))
        .collect();
    let backwards: Vec<Append> = appends.iter().rev().cloned().collect();
    let turned: Vec<Append> = [&appends[500..], &appends[..500]].concat();
    let sent = tokio::join!(
        send(&one, appends.clone()),
        send(&one, turned.clone()),
        send(&two, backwards),
        send(&two, turned),
    );
    let mut firsts = std::collections::HashMap::new();
    let mut fresh = 0;
    for (id, outcome) in [sent.0, sent.1, sent.2, sent.3].into_iter().flatten() {
        let landed = outcome.unwrap();
        fresh += u32::from(!landed.dup);
        let first = *firsts.entry(id).or_insert((landed.seq, landed.msg_no));
        assert_eq!(first, (landed.seq, landed.msg_no));
    }
    assert_eq!(fresh, 1000);
    for chat in &chats {
        assert_eq!(gapless(&two, chat.no).await.len(), 201);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_id_sent_at_once_into_two_chats_lands_in_one() {
    let (one, two, _database) = two().await;
    let ann = one.user("ann").await;
    let (left, right) = (one.group(&[&ann]).await, one.group(&[&ann]).await);
    let to_left: Vec<Append> = (0..300).map(|_| message(&left, &ann, "x")).collect();
    let to_right: Vec<Append> = to_left
        .iter()
        .map(|append| Append {
            chat: right.no,
            chat_id: right.id,
            ..append.clone()
        })
        .collect();
    let (a, b) = tokio::join!(send(&one, to_left), send(&two, to_right));
    let landed = |outcome: &Result<Appended, StoreError>| match outcome {
        Ok(_) => true,
        Err(StoreError::Conflict) => false,
        Err(other) => panic!("{other}"),
    };
    for ((_, a), (_, b)) in a.iter().zip(&b) {
        assert!(landed(a) != landed(b));
    }
    let entries = gapless(&one, left.no).await.len() + gapless(&one, right.no).await.len();
    assert_eq!(entries, 302);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_member_removed_elsewhere_lands() {
    let (one, two, _database) = two().await;
    let (ann, bob) = (one.user("ann").await, one.user("bob").await);
    for _ in 0..20 {
        let chat = one.group(&[&ann, &bob]).await;
        let pending: Vec<_> = (0..64)
            .map(|_| two.store.append(message(&chat, &bob, "x")).unwrap())
            .collect();
        let late = {
            let (store, chat, bob) = (two.store.clone(), chat.clone(), bob.clone());
            tokio::spawn(async move {
                let mut outcomes = Vec::new();
                for _ in 0..64 {
                    let sent = store.append(message(&chat, &bob, "y")).unwrap();
                    outcomes.push(sent.await);
                }
                outcomes
            })
        };
        one.store
            .remove_member(act(&chat, &ann), actor(&bob))
            .await
            .unwrap();
        let mut outcomes = late.await.unwrap();
        for landed in pending {
            outcomes.push(landed.await);
        }
        let entries = gapless(&one, chat.no).await;
        assert_eq!(entries.last().unwrap().kind, kind::MEMBER_LEFT);
        let landed = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(entries.len(), landed + 2);
        for refused in outcomes.into_iter().filter_map(Result::err) {
            assert!(matches!(refused, StoreError::NoAccess));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_make_one_chat() {
    let (one, two, _database) = two().await;
    let (ann, bob) = (one.user("ann").await, one.user("bob").await);
    let same = |one: Result<ChatRecord, StoreError>, two: Result<ChatRecord, StoreError>| {
        assert_eq!(one.unwrap(), two.unwrap());
    };
    for _ in 0..10 {
        let chat = new_group(&[&ann, &bob]);
        let (a, b) = tokio::join!(
            one.store.create_chat(chat.clone()),
            two.store.create_chat(chat)
        );
        same(a, b);
    }
    let (a, b) = tokio::join!(
        one.store.create_chat(new_private(&ann, Some(&bob))),
        two.store.create_chat(new_private(&bob, Some(&ann))),
    );
    same(a, b);
    let (_, heads) = one.store.heads(bob.no).await.unwrap();
    assert_eq!(heads.len(), 11);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_have_one_first_account() {
    let (one, two, _database) = two().await;
    let (a, b, c) = tokio::join!(
        one.store.create_user(new_user("ann"), new_session()),
        two.store.create_user(new_user("bob"), new_session()),
        two.store.create_user(new_user("carol"), new_session()),
    );
    let admins = [a, b, c]
        .into_iter()
        .filter(|user| user.as_ref().unwrap().admin);
    assert_eq!(admins.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_goes_to_one_of_two_nodes() {
    let (one, two, _database) = two().await;
    one.user("admin").await;
    for number in 0..10 {
        let name = format!("name{number}");
        let (a, b) = tokio::join!(
            one.store.create_user(new_user(&name), new_session()),
            two.store.create_user(new_user(&name), new_session()),
        );
        let taken = |outcome: &Result<_, StoreError>| matches!(outcome, Err(StoreError::Taken(_)));
        assert!(a.is_ok() && taken(&b) || b.is_ok() && taken(&a));
    }
}
