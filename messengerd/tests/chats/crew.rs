//! People of tests and the requests they make most.

use proto::entry::{Body, Entry};
use proto::event::{ChatEntry, Event};
use proto::id::{ChatId, EntryId, UserId};
use proto::request::{
    BanMember, ChangeChat, Changes, ChatInfo, ChatKind, ChatSettings, Chats, CreateChat,
    CreateChatInvite, DeleteMessage, EditMessage, JoinChat, MuteMember, Page, PinMessage, React,
    Role, SetRole,
};
use proto::text::MessageText;
use uuid::Uuid;

use crate::ground::Ground;
use crate::support::{Client, Failure, Wire};

/// A client that is told of nothing, for who only asks.
pub(crate) async fn quiet(daemon: &Ground, name: &str) -> Client {
    let connected = Client::connect(daemon, Wire::Quic, None, false).await;
    let mut client = connected.unwrap();
    client.register(name).await.unwrap();
    client
}

/// Another device of somebody.
pub(crate) async fn device(daemon: &Ground, of: &Client) -> Client {
    let connected = Client::connect(daemon, Wire::Quic, Some(of.token()), true).await;
    let mut client = connected.unwrap();
    client.me = of.me.clone();
    client
}

/// The code of a refusal, or "ok".
pub(crate) fn code<T>(answer: &Result<T, Failure>) -> String {
    match answer {
        Ok(_) => "ok".to_owned(),
        Err(failure) => failure.code(),
    }
}

pub(crate) async fn create(
    by: &mut Client,
    kind: ChatKind,
    name: &str,
    members: Vec<UserId>,
) -> ChatInfo {
    let call = CreateChat {
        id: ChatId::generate(),
        kind,
        name: (kind != ChatKind::Private).then(|| name.try_into().unwrap()),
        description: None,
        members,
    };
    by.call(call).await.unwrap()
}

pub(crate) async fn role(by: &mut Client, chat: ChatId, user: UserId, role: Role) {
    by.call(SetRole { chat, user, role }).await.unwrap();
}

pub(crate) async fn mute(by: &mut Client, chat: ChatId, user: UserId, until: i64) {
    by.call(MuteMember { chat, user, until }).await.unwrap();
}

pub(crate) async fn ban(by: &mut Client, chat: ChatId, user: UserId, on: bool) {
    by.call(BanMember { chat, user, on }).await.unwrap();
}

pub(crate) async fn settings(by: &mut Client, chat: ChatId, settings: ChatSettings) {
    by.call(ChangeChat {
        chat,
        name: None,
        description: None,
        settings: Some(settings),
    })
    .await
    .unwrap();
}

/// The chat as somebody sees it.
pub(crate) async fn info(of: &mut Client, chat: ChatId) -> Option<ChatInfo> {
    let list = of.call(Chats { ids: vec![chat] }).await.unwrap();
    list.chats.into_iter().next()
}

pub(crate) fn edit(chat: ChatId, seq: u64, text: &str) -> EditMessage {
    EditMessage {
        chat,
        id: EntryId::generate(),
        seq,
        text: MessageText::try_from(text).unwrap(),
    }
}

pub(crate) fn delete(chat: ChatId, seq: u64) -> DeleteMessage {
    DeleteMessage {
        chat,
        id: EntryId::generate(),
        seq,
    }
}

pub(crate) fn react(chat: ChatId, seq: u64, emoji: &str, on: bool) -> React {
    React {
        chat,
        id: EntryId::generate(),
        seq,
        emoji: emoji.try_into().unwrap(),
        on,
    }
}

pub(crate) fn pin(chat: ChatId, seq: u64, on: bool) -> PinMessage {
    PinMessage {
        chat,
        id: EntryId::generate(),
        seq,
        on,
    }
}

pub(crate) fn invite(chat: ChatId, max_uses: Option<u32>) -> CreateChatInvite {
    CreateChatInvite {
        chat,
        id: Uuid::now_v7(),
        expires_at: None,
        max_uses,
    }
}

pub(crate) async fn join(by: &mut Client, chat: ChatId) -> Result<ChatInfo, Failure> {
    by.call(JoinChat { chat }).await
}

pub(crate) async fn changes(of: &mut Client, chat: ChatId, after: u64) -> Page {
    let limit = 1000;
    of.call(Changes { chat, after, limit }).await.unwrap()
}

/// Waits for the live entry of a chat with this number.
pub(crate) async fn entry(of: &mut Client, chat: ChatId, seq: u64) -> Entry {
    of.event(|event| match event {
        Event::Entry(ChatEntry { chat: at, entry }) if at == chat && entry.seq == seq => {
            Some(entry)
        }
        _ => None,
    })
    .await
}

pub(crate) fn body(entry: &Entry) -> Body {
    Body::decode(entry.kind, &entry.body)
}
