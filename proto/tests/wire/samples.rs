//! One or more values of every frame type, with fixed contents. Their bytes
//! are in `golden.txt`. A frame that got fields later keeps its first line
//! there, in which they have their defaults, and has another one with all.

mod changes;
mod groups;
mod people;

use std::collections::BTreeMap;

use bytes::Bytes;
use proto::codec::{self, Encoded, Frame};
use proto::digest::Digest as Hash;
use proto::entry::{self, AccountEntry, Body, Entry, account_kind};
use proto::error::{ErrorCode, WireError};
use proto::event::*;
use proto::hello::{Account, HELLO, Hello, WELCOME, Welcome};
use proto::id::{ChatId, EntryId, SessionId, UserId};
use proto::request::*;
use proto::text::{ChatName, DeviceName, Email, MessageText, Password, Token, Username};
use uuid::Uuid;

/// Milliseconds of 2026-01-02 03:04:05.678 UTC.
const AT: i64 = 1_767_323_045_678;
/// The request id of all samples.
pub(crate) const REQUEST_ID: u32 = 7;

fn uuid(last: u8) -> Uuid {
    // A UUIDv7 of `AT`.
    let mut bytes = [0; 16];
    bytes[..6].copy_from_slice(&AT.to_be_bytes()[2..]);
    bytes[6] = 0x70;
    bytes[8] = 0x80;
    bytes[15] = last;
    Uuid::from_bytes(bytes)
}

fn user(last: u8) -> UserId {
    UserId(uuid(last))
}
fn chat() -> ChatId {
    ChatId(uuid(0xc1))
}
fn entry_id() -> EntryId {
    EntryId(uuid(0xe1))
}
fn session() -> SessionId {
    SessionId(uuid(0x51))
}
fn token() -> Token {
    Token::try_from("aaaa.bbbb-cccc_dddd~").unwrap()
}
fn device() -> DeviceName {
    DeviceName::try_from("mchat on desk").unwrap()
}
fn password() -> Password {
    Password::try_from("correct horse").unwrap()
}
fn account() -> Account {
    Account {
        user: user(1),
        username: "anna".into(),
        session: session(),
        admin: true,
    }
}

fn person(last: u8, name: &str) -> User {
    User::new(user(last), name)
}

fn full_person(last: u8, name: &str) -> User {
    User {
        first_name: "Иван".into(),
        last_name: "О’Нил".into(),
        avatar: Some(people::hash()),
        rev: 4,
        ..person(last, name)
    }
}

fn head() -> Head {
    Head {
        chat: chat(),
        seq: 300,
        msg_no: 290,
        floor: 10,
        acl_rev: 3,
        cursor_rev: 77,
        read: 298,
        read_no: 288,
        delivered: 300,
    }
}

fn chat_info() -> ChatInfo {
    ChatInfo {
        id: chat(),
        kind: ChatKind::Group,
        name: Some("Климат".into()),
        created_at: AT,
        acl_rev: 3,
        members: vec![
            Member {
                user: person(1, "anna"),
                role: Role::Admin,
                muted_until: None,
            },
            Member {
                user: person(2, "борис"),
                role: Role::Member,
                muted_until: None,
            },
        ],
        members_more: false,
        head: head(),
        description: String::new(),
        avatar: None,
        created_by: None,
        settings: ChatSettings::default(),
        prefs: ChatPrefs::default(),
        joined: true,
    }
}

fn full_chat_info() -> ChatInfo {
    ChatInfo {
        kind: ChatKind::Public,
        members: vec![groups::member()],
        members_more: true,
        description: "О погоде".into(),
        avatar: Some(people::hash()),
        created_by: Some(user(1)),
        settings: groups::settings(),
        prefs: groups::prefs(),
        joined: false,
        ..chat_info()
    }
}

fn message() -> Entry {
    let (kind, body) = Body::Message(entry::Message::new("Привет 👋"))
        .encode()
        .unwrap();
    Entry {
        seq: 300,
        kind,
        id: entry_id(),
        msg_no: 290,
        ref_seq: Some(299),
        actor: user(1),
        at: AT,
        body,
    }
}

fn account_entry() -> AccountEntry {
    AccountEntry {
        seq: 5,
        kind: account_kind::CHAT_JOINED,
        at: AT,
        chat: Some(chat()),
        session: None,
        user: None,
    }
}

fn refusal() -> WireError {
    WireError::new(ErrorCode::TooLarge)
        .with("what", "message")
        .with("limit", 65536)
}

/// Every request.
pub(crate) fn requests() -> Vec<Request> {
    let mut all = vec![
        Request::Register(Register {
            username: Username::try_from("anna").unwrap(),
            password: password(),
            email: Some(Email::try_from("anna@example.org").unwrap()),
            invite: Some(token()),
            device: device(),
        }),
        Request::Login(Login {
            login: "anna".into(),
            password: password(),
            device: device(),
        }),
        Request::Logout(Logout {}),
        Request::Sessions(Sessions {}),
        Request::RevokeSession(RevokeSession { session: session() }),
        Request::SearchUsers(SearchUsers {
            query: "бор".into(),
            limit: 20,
        }),
        Request::Users(Users {
            ids: vec![user(1)],
            names: vec!["борис".into()],
        }),
        Request::CreateChat(CreateChat {
            id: chat(),
            kind: ChatKind::Group,
            name: Some(ChatName::try_from("Климат").unwrap()),
            description: None,
            members: vec![user(2)],
        }),
        Request::Chats(Chats { ids: vec![chat()] }),
        Request::AddMembers(AddMembers {
            chat: chat(),
            users: vec![user(3)],
        }),
        Request::RemoveMember(RemoveMember {
            chat: chat(),
            user: user(3),
        }),
        Request::Send(Send {
            chat: chat(),
            id: entry_id(),
            text: MessageText::try_from("Привет 👋").unwrap(),
            reply_to: Some(299),
            forward: None,
            media: None,
        }),
        Request::Changes(Changes {
            chat: chat(),
            after: 299,
            limit: 200,
        }),
        Request::History(History {
            chat: chat(),
            before: Some(300),
            limit: 50,
        }),
        Request::Mark(Mark {
            chat: chat(),
            read: Some(298),
            delivered: Some(300),
        }),
        Request::Typing(Typing {
            chat: chat(),
            on: true,
        }),
        Request::Cursors(Cursors {
            chat: chat(),
            offset: 300,
        }),
        Request::Digest(Digest {
            chat: chat(),
            upto: 300,
        }),
        Request::SyncHeads(SyncHeads {}),
        Request::AccountChanges(AccountChanges {
            after: 4,
            limit: 1000,
        }),
        Request::AccountDigest(AccountDigest { upto: 5 }),
        Request::Ping(Ping {}),
    ];
    all.extend(people::requests());
    all.extend(groups::requests());
    all.extend(changes::requests());
    all.sort_by_key(|request| kind(&request.encode(0).unwrap()));
    all
}

fn kind(encoded: &Encoded) -> u16 {
    Frame::from_message(encoded.message()).unwrap().kind
}

/// Every reply.
pub(crate) fn replies() -> Vec<Reply> {
    let signed_in = SignedIn {
        account: account(),
        token: token(),
    };
    let page = Page {
        entries: vec![message()],
        more: true,
        floor: 10,
    };
    let digest = DigestReply {
        upto: 300,
        floor: 10,
        digest: Hash([0xd1; 32]),
    };
    let people = UserList {
        users: vec![person(2, "борис")],
        more: false,
    };
    let mut all = vec![
        Reply::Register(signed_in.clone()),
        Reply::Login(signed_in),
        Reply::Logout(Done {}),
        Reply::Sessions(SessionList {
            sessions: vec![SessionInfo {
                id: session(),
                device: "mchat on desk".into(),
                created_at: AT,
                last_used: AT + 60_000,
                current: true,
            }],
        }),
        Reply::RevokeSession(Done {}),
        Reply::SearchUsers(people.clone()),
        Reply::Users(people),
        Reply::CreateChat(chat_info()),
        Reply::Chats(ChatList {
            chats: vec![chat_info()],
            more: true,
        }),
        Reply::AddMembers(Done {}),
        Reply::RemoveMember(Done {}),
        Reply::Send(Sent {
            seq: 300,
            msg_no: 290,
            at: AT,
            dup: true,
        }),
        Reply::Changes(page.clone()),
        Reply::History(page),
        Reply::Mark(Done {}),
        Reply::Typing(Done {}),
        Reply::Cursors(CursorList {
            cursors: vec![MemberCursor {
                user: user(2),
                read: 298,
                read_no: 288,
                delivered: 300,
            }],
            more: false,
            cursor_rev: 77,
        }),
        Reply::Digest(digest.clone()),
        Reply::SyncHeads(Done {}),
        Reply::AccountChanges(AccountPage {
            entries: vec![account_entry()],
            more: true,
        }),
        Reply::AccountDigest(digest),
        Reply::Ping(Done {}),
    ];
    all.extend(people::replies());
    all.extend(groups::replies());
    all.extend(changes::replies());
    all.sort_by_key(|reply| kind(&reply.encode(0).unwrap()));
    all
}

/// Every event, with its name.
pub(crate) fn events() -> Vec<Event> {
    vec![
        Event::Heads(Heads {
            account_seq: 5,
            heads: vec![head()],
            more: true,
        }),
        Event::Entry(ChatEntry {
            chat: chat(),
            entry: message(),
        }),
        Event::Cursor(CursorMoved {
            chat: chat(),
            user: user(2),
            read: 298,
            read_no: 288,
            delivered: 300,
            cursor_rev: 77,
        }),
        Event::Receipts(ReceiptCounts {
            chat: chat(),
            seq: 300,
            delivered: 40,
            read: 30,
            members: 41,
        }),
        Event::Typing(TypingChanged {
            chat: chat(),
            user: user(2),
            on: true,
        }),
        Event::Presence(PresenceChanged {
            users: vec![
                Presence::new(user(2), false, Some(AT)),
                Presence::new(user(3), true, None),
            ],
            snapshot: true,
        }),
        Event::Account(AccountChanged {
            entry: account_entry(),
        }),
        Event::Resync(Resync {}),
        Event::Goodbye(Goodbye {
            error: WireError::new(ErrorCode::ShuttingDown).retry_after(1500),
        }),
        Event::Floor(FloorRaised {
            chat: chat(),
            floor: 10,
        }),
        Event::Users(UsersChanged {
            users: vec![full_person(2, "борис")],
        }),
    ]
}

/// Every body of a chat's entries.
pub(crate) fn bodies() -> Vec<(&'static str, Body)> {
    vec![
        ("MESSAGE", Body::Message(entry::Message::new("Привет 👋"))),
        (
            "CREATED",
            Body::Created(entry::Created {
                kind: ChatKind::Group,
                name: Some("Климат".into()),
                members: vec![user(1), user(2)],
            }),
        ),
        (
            "MEMBERS_ADDED",
            Body::MembersAdded(entry::MembersAdded {
                users: vec![user(3)],
            }),
        ),
        (
            "MEMBER_LEFT",
            Body::MemberLeft(entry::MemberLeft { user: user(3) }),
        ),
        (
            "EDITED",
            Body::Edited(entry::Edited {
                text: "Привет!".into(),
            }),
        ),
        ("DELETED", Body::Deleted(entry::Deleted {})),
        (
            "REACTED",
            Body::Reacted(entry::Reacted {
                emoji: "👍🏽".into(),
                on: true,
            }),
        ),
        ("PINNED", Body::Pinned(entry::Pinned { on: true })),
        (
            "CHAT_CHANGED",
            Body::ChatChanged(entry::ChatChanged {
                name: Some("Погода".into()),
                description: Some(String::new()),
                avatar: true,
                settings: Some(groups::settings()),
            }),
        ),
        (
            "ROLE_CHANGED",
            Body::RoleChanged(entry::RoleChanged {
                user: user(2),
                role: Role::Moderator,
            }),
        ),
        (
            "MEMBER_MUTED",
            Body::MemberMuted(entry::MemberMuted {
                user: user(2),
                until: FOREVER,
            }),
        ),
        (
            "MEMBER_BANNED",
            Body::MemberBanned(entry::MemberBanned {
                user: user(3),
                on: true,
            }),
        ),
    ]
}

/// Bodies of the same kinds with other fields.
pub(crate) fn more_bodies() -> Vec<(&'static str, Body)> {
    vec![
        (
            "body MESSAGE forwarded",
            Body::Message(entry::Message {
                forwarded: Some(entry::Forwarded {
                    user: user(2),
                    at: AT,
                }),
                ..entry::Message::new("Привет 👋")
            }),
        ),
        (
            "body MESSAGE deleted",
            Body::Message(entry::Message {
                deleted: true,
                ..entry::Message::new("")
            }),
        ),
        (
            "body MESSAGE media",
            Body::Message(entry::Message {
                media: Some(Media::Image),
                ..entry::Message::new("photo.jpg")
            }),
        ),
        (
            "body CHAT_CHANGED nothing",
            Body::ChatChanged(entry::ChatChanged::default()),
        ),
    ]
}

/// The client's first frame.
pub(crate) fn hello() -> Hello {
    Hello {
        version: proto::VERSION,
        min_version: 1,
        capabilities: vec!["example".into()],
        client: "mchat 0.1.0".into(),
        token: Some(token()),
        live: true,
    }
}

/// The answer.
pub(crate) fn welcome() -> Welcome {
    Welcome {
        version: proto::VERSION,
        capabilities: vec!["example".into()],
        server: "messengerd 0.1.0".into(),
        community: uuid(0xcc),
        nodes: vec!["chat.example.org:8443".into()],
        account: Some(account()),
        token: Some(token()),
        time: AT,
    }
}

/// A frame with its name in the golden file.
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) frame: Encoded,
}

/// A minimal form of the frames whose fields are mostly optional.
fn minimal() -> Vec<(&'static str, Encoded)> {
    let hello = Hello {
        capabilities: vec![],
        token: None,
        live: false,
        ..hello()
    };
    let welcome = Welcome {
        capabilities: vec![],
        nodes: vec![],
        account: None,
        token: None,
        ..welcome()
    };
    let send = Send {
        chat: chat(),
        id: entry_id(),
        text: MessageText::try_from("hi").unwrap(),
        reply_to: None,
        forward: None,
        media: None,
    };
    let mut all = vec![
        (
            "minimal Hello",
            codec::encode(HELLO, REQUEST_ID, &hello).unwrap(),
        ),
        (
            "minimal Welcome",
            codec::encode(WELCOME, REQUEST_ID, &welcome).unwrap(),
        ),
        ("minimal Send", Call::encode(&send, REQUEST_ID).unwrap()),
        (
            "minimal refusal",
            codec::encode(REFUSAL, REQUEST_ID, &WireError::new(ErrorCode::NotFound)).unwrap(),
        ),
    ];
    let requests = [people::minimal(), groups::minimal(), changes::minimal()];
    for (name, request) in requests.into_iter().flatten() {
        all.push((name, request.encode(REQUEST_ID).unwrap()));
    }
    for (name, reply) in people::minimal_replies() {
        all.push((name, reply.encode(REQUEST_ID).unwrap()));
    }
    all
}

/// Frames of the first version with every field that came later.
fn full() -> Vec<(&'static str, Encoded)> {
    let mut all = Vec::new();
    for (name, request) in [groups::full(), changes::full()].into_iter().flatten() {
        all.push((name, request.encode(REQUEST_ID).unwrap()));
    }
    let users = Reply::Users(UserList {
        users: vec![full_person(2, "борис")],
        more: true,
    });
    all.push(("full UserList", users.encode(REQUEST_ID).unwrap()));
    let chats = Reply::Chats(ChatList {
        chats: vec![full_chat_info()],
        more: false,
    });
    all.push(("full ChatList", chats.encode(REQUEST_ID).unwrap()));
    let presence = Event::Presence(PresenceChanged {
        users: vec![Presence {
            status: Some(Status::Away),
            text: Some("в отпуске 🏖".into()),
            rev: 4,
            ..Presence::new(user(2), true, None)
        }],
        snapshot: false,
    });
    all.push(("full PresenceChanged", presence.encode().unwrap()));
    let account = Event::Account(AccountChanged {
        entry: AccountEntry {
            kind: account_kind::CONTACT_CHANGED,
            chat: None,
            user: Some(user(2)),
            ..account_entry()
        },
    });
    all.push(("full AccountChanged", account.encode().unwrap()));
    all
}

/// All frames, in the order of the golden file.
pub(crate) fn frames() -> Vec<Sample> {
    let mut all = Vec::new();
    let mut add = |name: String, frame: Encoded| all.push(Sample { name, frame });
    add(
        "handshake Hello".into(),
        codec::encode(HELLO, REQUEST_ID, &hello()).unwrap(),
    );
    add(
        "handshake Welcome".into(),
        codec::encode(WELCOME, REQUEST_ID, &welcome()).unwrap(),
    );
    for request in requests() {
        add(
            format!("request {}", request.name()),
            request.encode(REQUEST_ID).unwrap(),
        );
    }
    for (reply, name) in replies().into_iter().zip(Request::NAMES) {
        add(format!("reply {name}"), reply.encode(REQUEST_ID).unwrap());
    }
    add(
        "refusal WireError".into(),
        codec::encode(REFUSAL, REQUEST_ID, &refusal()).unwrap(),
    );
    for (event, name) in events().into_iter().zip(Event::NAMES) {
        add(format!("event {name}"), event.encode().unwrap());
    }
    for (name, frame) in minimal().into_iter().chain(full()) {
        add(name.into(), frame);
    }
    all
}

/// One body of every kind: name and bytes.
pub(crate) fn body_bytes() -> Vec<(String, u16, Bytes)> {
    bodies()
        .into_iter()
        .map(|(name, body)| {
            let (kind, bytes) = body.encode().unwrap();
            (format!("body {name}"), kind, bytes)
        })
        .collect()
}

/// All bodies: name and bytes.
pub(crate) fn all_body_bytes() -> Vec<(String, u16, Bytes)> {
    let mut all = body_bytes();
    for (name, body) in more_bodies() {
        let (kind, bytes) = body.encode().unwrap();
        all.push((name.into(), kind, bytes));
    }
    all
}

/// Parameters for every placeholder there is.
pub(crate) fn params(code: &ErrorCode) -> BTreeMap<String, String> {
    code.params()
        .iter()
        .map(|name| ((*name).to_owned(), format!("<{name}>")))
        .collect()
}
