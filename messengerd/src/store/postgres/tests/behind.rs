//! What is done behind the appends, by nodes that share it: the search index
//! and retention. And blocks among nodes.

use bytes::Bytes;
use proto::entry::{Body, Message};
use proto::id::ChatId;
use proto::request::ChatSettings;
use proto::text::search_words;
use tokio_postgres::NoTls;

use super::nodes::two;
use super::{server, store_on};
use crate::store::changes::{SearchFound, SearchQuery};
use crate::store::conformance::{AT, Bed, act, actor, message, new_private};
use crate::store::groups::ChatChange;
use crate::store::people::ContactChange;
use crate::store::{Append, ChatRecord, UserRecord};

const DAY: i64 = 86_400_000;

fn text(chat: &ChatRecord, user: &UserRecord, text: &str) -> Append {
    let (_, body) = Body::Message(Message::new(text)).encode().unwrap();
    Append {
        body: Bytes::copy_from_slice(&body),
        ..message(chat, user, "")
    }
}

async fn search(bed: &Bed, user: &UserRecord, words: &str) -> SearchFound {
    let query = SearchQuery {
        user: user.no,
        words: search_words(words),
        chat: None,
        before: None,
        limit: 1000,
    };
    bed.store.search(query).await.unwrap()
}

async fn index(bed: &Bed) {
    while bed.store.index_entries(50).await.unwrap() {}
}

async fn number(database: &server::Database, sql: &str) -> i64 {
    let (client, connection) = database.config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client.query_one(sql, &[]).await.unwrap().get(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_share_the_indexing() {
    let (one, two, database) = two().await;
    let ann = one.user("ann").await;
    let mut chats = Vec::new();
    for _ in 0..10 {
        chats.push(one.group(&[&ann]).await);
    }
    for (bed, round) in [(&one, 0), (&two, 1), (&one, 2)] {
        let sent: Vec<_> = (0..300)
            .map(|number| {
                let words = format!("Слово round{round} n{number}");
                let append = text(&chats[number % 10], &ann, &words);
                bed.store.append(append).unwrap()
            })
            .collect();
        for landed in sent {
            landed.await.unwrap();
        }
        tokio::join!(index(&one), index(&two));
        // What one passed over was under the other's hands.
        tokio::join!(index(&one), index(&two));
        let found = search(&two, &ann, &format!("слов round{round}")).await;
        assert_eq!((found.found.len(), found.more), (300, false));
        assert_eq!(found.behind, 0);
    }
    let kept = number(&database, "SELECT count(*) FROM message_search").await;
    assert_eq!(kept, 900);
}

#[tokio::test]
async fn what_a_node_left_is_indexed_by_the_next() {
    let database = server::database().await;
    let bed = store_on(&database.config).await;
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    let landed = bed.store.append(text(&chat, &ann, "left behind"));
    landed.unwrap().await.unwrap();
    assert_eq!(search(&bed, &ann, "left").await.behind, 2);
    bed.store.close().await.unwrap();
    let next = store_on(&database.config).await;
    index(&next).await;
    let found = search(&next, &ann, "beh").await;
    assert_eq!((found.found.len(), found.behind), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_expires_leaves_nothing() {
    let (one, two, database) = two().await;
    let ann = one.user("ann").await;
    let settings = ChatSettings {
        message_retention: 1,
        ..ChatSettings::default()
    };
    let mut chats = Vec::new();
    for _ in 0..3 {
        let chat = one.group(&[&ann]).await;
        let change = ChatChange {
            settings: Some(settings),
            ..ChatChange::default()
        };
        one.store
            .change_chat(act(&chat, &ann), change)
            .await
            .unwrap();
        let chat = one.now(&chat).await;
        for _ in 0..400 {
            let append = text(&chat, &ann, "old words");
            one.store.append(append).unwrap().await.unwrap();
        }
        let mut fresh = text(&chat, &ann, "fresh words");
        fresh.at = AT + DAY;
        one.store.append(fresh).unwrap().await.unwrap();
        chats.push(chat);
    }
    // While the texts come into the index, from both nodes.
    let expire = async |bed: &Bed| {
        let mut floors = Vec::new();
        loop {
            let now = AT + DAY + 1;
            let (raised, more) = bed.store.expire_entries(now, 100).await.unwrap();
            floors.extend(raised);
            if !more {
                return floors;
            }
        }
    };
    let (mut floors, others, (), ()) =
        tokio::join!(expire(&one), expire(&two), index(&one), index(&two));
    floors.extend(others);
    // One that found the other at it has left it the rest.
    floors.extend(expire(&one).await);
    tokio::join!(index(&one), index(&two));
    index(&one).await;
    for chat in &chats {
        let last = floors
            .iter()
            .filter(|raised| raised.chat == chat.id)
            .map(|raised| raised.floor)
            .max();
        assert_eq!(last, Some(402));
        let head = two.store.head(chat.no, ann.no).await.unwrap().unwrap();
        assert_eq!((head.floor, head.msg_no - head.read_no), (402, 1));
        let page = two.store.entries_after(chat.no, 0, 10, 1000).await.unwrap();
        assert_eq!((page.floor, page.entries.len()), (402, 1));
    }
    let found = search(&two, &ann, "words").await;
    assert_eq!(found.found.len(), 3);
    for (table, left) in [("messages", 3), ("message_search", 3)] {
        let sql = format!("SELECT count(*) FROM {table}");
        assert_eq!(number(&database, &sql).await, left, "{table}");
    }
}

#[tokio::test]
async fn of_a_deleted_chat_nothing_is_left() {
    let database = server::database().await;
    let bed = store_on(&database.config).await;
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    for _ in 0..300 {
        let append = text(&chat, &ann, "words");
        bed.store.append(append).unwrap().await.unwrap();
    }
    index(&bed).await;
    bed.store.delete_chat(act(&chat, &ann)).await.unwrap();
    assert_eq!(search(&bed, &ann, "words").await.found, []);
    while bed.store.expire_entries(AT, 100).await.unwrap().1 {}
    for table in ["messages", "message_search"] {
        let sql = format!("SELECT count(*) FROM {table}");
        assert_eq!(number(&database, &sql).await, 0, "{table}");
    }
}

/// Whoever reads the chat learns of the block, or that there is a newer
/// revision.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_block_and_a_new_private_chat_find_each_other() {
    let (one, two, _database) = two().await;
    let ann = one.user("ann").await;
    for number in 0..30 {
        let bob = one.user(&format!("bob{number}")).await;
        let wanted = new_private(&ann, Some(&bob));
        let id: ChatId = wanted.id;
        let block = ContactChange::Block(true);
        let (made, blocked) = tokio::join!(
            one.store.create_chat(wanted),
            two.store
                .change_contact(actor(&bob), actor(&ann), block, AT),
        );
        assert!(blocked.unwrap().blocked);
        let (made, now) = (made.unwrap(), one.store.chat(id).await.unwrap().unwrap());
        assert_eq!(now.blockers, [bob.id]);
        assert!(made.blockers == now.blockers || made.acl_rev < now.acl_rev);
    }
}
