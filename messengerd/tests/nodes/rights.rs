//! What is changed at one node holds at the other at once, before the bus has
//! told of it: the store is asked again where it matters.

use std::time::Instant;

use messengerd::bus::Bus as _;
use messengerd::store::people::ContactChange;
use messengerd::store::{ChatRecord, UserRecord};
use proto::entry::kind;
use proto::error::WireError;
use proto::event::{Event, FloorRaised};
use proto::id::EntryId;
use proto::request::{
    BanMember, ChangeChat, ChatKind, ChatSettings, CreateChat, DeleteChat, DeleteMessage,
    EditMessage, FOREVER, MuteMember, PinMessage, RemoveMember, Reply, Request, Role, Send,
    SetRole,
};

use crate::kit::{Node, PATIENCE, Shelf, one, quick, until};
use crate::redis_server::RedisServer;

/// Two nodes; anna runs the group of both at the first, bert is at the second,
/// where his rights were looked at before.
struct Two {
    server: RedisServer,
    shelf: Shelf,
    first: Node,
    second: Node,
    anna: UserRecord,
    bert: UserRecord,
    chat: ChatRecord,
}

impl Two {
    async fn start() -> Self {
        let (server, shelf) = (RedisServer::start(), Shelf::new());
        let settings = one(server.url());
        let (anna, bert) = (shelf.user("anna").await, shelf.user("bert").await);
        let chat = shelf.group(&[&anna, &bert]).await;
        let first = shelf.node(&settings, quick()).await;
        let second = shelf.node(&settings, quick()).await;
        let two = Self {
            server,
            shelf,
            first,
            second,
            anna,
            bert,
            chat,
        };
        two.first.ask(&two.anna, two.say()).await.unwrap();
        two.second.ask(&two.bert, two.say()).await.unwrap();
        two
    }

    async fn at_first(&self, request: Request) {
        self.first.ask(&self.anna, request).await.unwrap();
    }

    async fn at_second(&self, request: Request) -> String {
        match self.second.ask(&self.bert, request).await {
            Ok(_) => "ok".to_owned(),
            Err(WireError { code, .. }) => code.to_string(),
        }
    }

    fn say(&self) -> Request {
        Request::Send(Send {
            chat: self.chat.id,
            id: EntryId::generate(),
            text: "words".try_into().unwrap(),
            reply_to: None,
            forward: None,
            media: None,
        })
    }

    /// Anna's first message.
    fn pin(&self, on: bool) -> Request {
        Request::PinMessage(PinMessage {
            chat: self.chat.id,
            id: EntryId::generate(),
            seq: 2,
            on,
        })
    }

    fn role(&self, role: Role) -> Request {
        Request::SetRole(SetRole {
            chat: self.chat.id,
            user: self.bert.id,
            role,
        })
    }

    fn mute(&self, until: i64) -> Request {
        Request::MuteMember(MuteMember {
            chat: self.chat.id,
            user: self.bert.id,
            until,
        })
    }
}

#[tokio::test]
async fn a_role_that_was_taken_away_gives_no_right_at_the_other_node() {
    let two = Two::start().await;
    let rename = || {
        Request::ChangeChat(ChangeChat {
            chat: two.chat.id,
            name: Some("renamed".try_into().unwrap()),
            description: None,
            settings: None,
        })
    };
    for at in 0..10 {
        two.at_first(two.role(Role::Moderator)).await;
        until_ok(&two, || two.pin(at % 2 == 0)).await;
        two.at_first(two.role(Role::Member)).await;
        assert_eq!(two.at_second(two.pin(true)).await, "forbidden");
        let delete = Request::DeleteMessage(DeleteMessage {
            chat: two.chat.id,
            id: EntryId::generate(),
            seq: 2,
        });
        assert_eq!(two.at_second(delete).await, "forbidden");
        two.at_first(two.role(Role::Admin)).await;
        until_ok(&two, rename).await;
        two.at_first(two.role(Role::Member)).await;
        assert_eq!(two.at_second(rename()).await, "forbidden");
    }
}

#[tokio::test]
async fn who_is_muted_or_banned_at_one_node_writes_at_none() {
    let two = Two::start().await;
    for _ in 0..10 {
        two.at_first(two.mute(FOREVER)).await;
        assert_eq!(two.at_second(two.say()).await, "muted");
        two.at_first(two.mute(0)).await;
        until_ok(&two, || two.say()).await;
    }
    let ban = |on| {
        Request::BanMember(BanMember {
            chat: two.chat.id,
            user: two.bert.id,
            on,
        })
    };
    two.at_first(ban(true)).await;
    assert_eq!(two.at_second(two.say()).await, "not_found");
}

/// What is allowed again may be known a moment later; what is forbidden may not.
async fn until_ok(two: &Two, request: impl Fn() -> Request) {
    let start = Instant::now();
    loop {
        match two.at_second(request()).await.as_str() {
            "ok" => return,
            other => assert!(matches!(other, "muted" | "forbidden"), "{other}"),
        }
        assert!(start.elapsed() < PATIENCE, "allowed in time");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn who_is_removed_at_one_node_hears_nothing_more_at_the_other() {
    let two = Two::start().await;
    let session = two.second.connect(&two.bert).await;
    let removal = Request::RemoveMember(RemoveMember {
        chat: two.chat.id,
        user: two.bert.id,
    });
    two.at_first(removal).await;
    assert_eq!(two.at_second(two.say()).await, "not_found");
    let after = two.first.ask(&two.anna, two.say()).await.unwrap();
    let Reply::Send(after) = after else {
        panic!("{after:?}")
    };
    until("bert is told that he left", || {
        session.events().iter().any(|event| match event {
            Event::Account(changed) => changed.entry.chat == Some(two.chat.id),
            _ => false,
        })
    })
    .await;
    assert!(!session.entries(two.chat.id).contains(&after.seq));
}

#[tokio::test]
async fn an_edit_made_at_one_node_is_told_at_the_other() {
    let two = Two::start().await;
    let session = two.second.connect(&two.bert).await;
    let edit = Request::EditMessage(EditMessage {
        chat: two.chat.id,
        id: EntryId::generate(),
        seq: 2,
        text: "other words".try_into().unwrap(),
    });
    two.at_first(edit).await;
    two.at_first(two.pin(true)).await;
    until("both arrive", || session.entries(two.chat.id).len() >= 2).await;
    let kinds: Vec<u16> = session
        .events()
        .iter()
        .filter_map(|event| match event {
            Event::Entry(told) => Some(told.entry.kind),
            _ => None,
        })
        .collect();
    assert_eq!(kinds, [kind::EDITED, kind::PINNED]);
}

#[tokio::test]
async fn a_chat_that_is_deleted_at_one_node_is_gone_at_the_other() {
    let two = Two::start().await;
    let _session = two.second.connect(&two.bert).await;
    let chat = two.chat.id;
    two.at_first(Request::DeleteChat(DeleteChat { chat })).await;
    assert_eq!(two.at_second(two.say()).await, "not_found");
    until("nobody listens to it any more", || {
        two.second.receiver.hub().told(chat).is_none()
    })
    .await;
}

#[tokio::test]
async fn who_blocks_at_one_node_gets_nothing_from_the_other() {
    let two = Two::start().await;
    let call = CreateChat {
        id: proto::id::ChatId::generate(),
        kind: ChatKind::Private,
        name: None,
        description: None,
        members: vec![two.anna.id],
    };
    let chat = call.id;
    assert_eq!(two.at_second(Request::CreateChat(call)).await, "ok");
    let say = || {
        Request::Send(Send {
            chat,
            id: EntryId::generate(),
            text: "words".try_into().unwrap(),
            reply_to: None,
            forward: None,
            media: None,
        })
    };
    assert_eq!(two.at_second(say()).await, "ok");
    let (anna, bert) = (crate::kit::actor(&two.anna), crate::kit::actor(&two.bert));
    let block = |on| {
        let store = &two.shelf.store;
        store.change_contact(anna, bert, ContactChange::Block(on), 1)
    };
    block(true).await.unwrap();
    assert_eq!(two.at_second(say()).await, "forbidden");
    block(false).await.unwrap();
    until_ok(&two, say).await;
}

#[tokio::test]
async fn a_floor_is_told_at_every_node_and_found_where_the_bus_lost_it() {
    let mut two = Two::start().await;
    let session = two.second.connect(&two.bert).await;
    let settings = ChatSettings {
        message_retention: 1,
        ..ChatSettings::default()
    };
    let change = ChangeChat {
        chat: two.chat.id,
        name: None,
        description: None,
        settings: Some(settings),
    };
    two.at_first(Request::ChangeChat(change)).await;
    let floors = || {
        let events = session.events();
        let floors = events.iter().filter_map(|event| match event {
            Event::Floor(FloorRaised { floor, .. }) => Some(*floor),
            _ => None,
        });
        floors.collect::<Vec<_>>()
    };
    let day = 24 * 60 * 60 * 1000;
    let later = messengerd::service::now() + 2 * day;
    two.first.service.expire_once(later).await.unwrap();
    until("the floor is told", || floors() == [4]).await;
    two.first.ask(&two.anna, two.say()).await.unwrap();
    two.server.kill();
    until("both nodes notice", || {
        !two.first.bus.is_up() && !two.second.bus.is_up()
    })
    .await;
    two.first.service.expire_once(later).await.unwrap();
    until("the floor is found", || floors() == [4, 5]).await;
    let found = two.second.service.compare().await.unwrap();
    assert_eq!(found.floors, 0);
}
