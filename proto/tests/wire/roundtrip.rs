//! Whatever value a type can hold comes back from its bytes as it was.

mod changes;
mod groups;
mod people;

use bytes::Bytes;
use proptest::collection::{btree_map, vec};
use proptest::option::of;
use proptest::prelude::*;
use proto::codec::{self, Frame, FrameDecoder};
use proto::digest::Digest as Hash;
use proto::entry::*;
use proto::error::{ErrorCode, WireError};
use proto::event::*;
use proto::hello::{Account, HELLO, Hello, WELCOME, Welcome};
use proto::id::{ChatId, EntryId, SessionId, UserId};
use proto::request::*;
use proto::text::{
    ChatName, Description, DeviceName, DisplayName, Email, Emoji, MessageText, Password, Token,
    Username,
};
use uuid::Uuid;

use crate::any::{self, Any};

fn user() -> impl Strategy<Value = UserId> + Clone {
    any::<[u8; 16]>().prop_map(UserId::from_bytes)
}
fn chat() -> impl Strategy<Value = ChatId> + Clone {
    any::<[u8; 16]>().prop_map(ChatId::from_bytes)
}
fn entry_id() -> impl Strategy<Value = EntryId> {
    any::<[u8; 16]>().prop_map(EntryId::from_bytes)
}
fn session() -> impl Strategy<Value = SessionId> {
    any::<[u8; 16]>().prop_map(SessionId::from_bytes)
}
fn n() -> impl Strategy<Value = u64> + Clone {
    prop_oneof![0..300_u64, any::<u64>()]
}
fn line() -> impl Strategy<Value = String> + Clone {
    vec(any::<char>(), 0..12).prop_map(String::from_iter)
}
fn checked<T, E>(pattern: &'static str) -> impl Strategy<Value = T>
where
    T: TryFrom<String, Error = E> + std::fmt::Debug,
    E: std::fmt::Debug,
{
    pattern.prop_map(|text| T::try_from(text).unwrap())
}
fn username() -> impl Strategy<Value = Username> {
    checked("[a-zа-я0-9][a-zA-Zа-я0-9._-]{0,20}")
}
fn password() -> impl Strategy<Value = Password> {
    checked("\\PC{8,40}")
}
fn token() -> impl Strategy<Value = Token> {
    checked("[A-Za-z0-9._~-]{1,60}")
}
fn device() -> impl Strategy<Value = DeviceName> {
    checked("[a-z][a-zа-я 👋]{0,20}[a-z]")
}
fn email() -> impl Strategy<Value = Email> {
    checked("[a-z.+]{1,10}@[a-z.]{1,10}")
}
fn chat_name() -> impl Strategy<Value = ChatName> {
    checked("[а-я][a-zа-я 👋]{0,20}[a-z]")
}
fn message_text() -> impl Strategy<Value = MessageText> {
    vec(any::<char>(), 0..60)
        .prop_map(|chars| MessageText::try_from(String::from_iter(chars) + "x").unwrap())
}
fn kind() -> impl Strategy<Value = ChatKind> {
    prop::sample::select(ChatKind::ALL)
}
fn role() -> impl Strategy<Value = Role> {
    prop::sample::select(Role::ALL)
}
fn hash() -> impl Strategy<Value = Hash> {
    any::<[u8; 32]>().prop_map(Hash)
}

prop_compose! {
    fn account()(user in user(), username in line(), session in session(), admin: bool) -> Account {
        Account { user, username, session, admin }
    }
}
prop_compose! {
    fn person()(
        id in user(), username in line(), first_name in line(), last_name in line(),
        avatar in of(hash()), rev in n(),
    ) -> User {
        User { id, username, first_name, last_name, avatar, rev }
    }
}
prop_compose! {
    fn head()(
        chat in chat(), seq in n(), msg_no in n(), floor in n(), acl_rev in n(),
        cursor_rev in n(), read in n(), read_no in n(), delivered in n(),
    ) -> Head {
        Head { chat, seq, msg_no, floor, acl_rev, cursor_rev, read, read_no, delivered }
    }
}
prop_compose! {
    fn entry()(
        seq in n(), kind: u16, id in entry_id(), msg_no in n(), ref_seq in of(n()),
        actor in user(), at: i64, body in vec(any::<u8>(), 0..300),
    ) -> Entry {
        Entry { seq, kind, id, msg_no, ref_seq, actor, at, body: Bytes::from(body) }
    }
}
prop_compose! {
    fn account_entry()(
        seq in n(), kind: u16, at: i64, chat in of(chat()), session in of(session()),
        user in of(user()),
    ) -> AccountEntry {
        AccountEntry { seq, kind, at, chat, session, user }
    }
}
prop_compose! {
    fn wire_error()(
        code in prop_oneof![
            prop::sample::select(ErrorCode::ALL),
            "[a-z_]{1,20}".prop_map(ErrorCode::from),
        ],
        params in btree_map(line(), line(), 0..3),
        retry_after_ms in of(n()),
    ) -> WireError {
        WireError { code, params, retry_after_ms }
    }
}

fn handshake() -> impl Strategy<Value = Any> {
    let hello = (
        any::<(u16, u16, bool)>(),
        vec(line(), 0..3),
        line(),
        of(token()),
    )
        .prop_map(
            |((version, min_version, live), capabilities, client, token)| {
                Any::Hello(Hello {
                    version,
                    min_version,
                    capabilities,
                    client,
                    token,
                    live,
                })
            },
        );
    let welcome = (
        any::<(u16, [u8; 16], i64)>(),
        vec(line(), 0..3),
        line(),
        vec(line(), 0..3),
        of(account()),
        of(token()),
    )
        .prop_map(
            |((version, community, time), capabilities, server, nodes, account, token)| {
                Any::Welcome(Welcome {
                    version,
                    capabilities,
                    server,
                    community: Uuid::from_bytes(community),
                    nodes,
                    account,
                    token,
                    time,
                })
            },
        );
    prop_oneof![hello, welcome, wire_error().prop_map(Any::Refusal)]
}

fn request() -> BoxedStrategy<Request> {
    let users = || vec(user(), 0..4);
    let accounts = prop_oneof![
        (username(), password(), of(email()), of(token()), device()).prop_map(
            |(username, password, email, invite, device)| Request::Register(Register {
                username,
                password,
                email,
                invite,
                device
            })
        ),
        (line(), password(), device()).prop_map(|(login, password, device)| {
            Request::Login(Login {
                login,
                password,
                device,
            })
        }),
        Just(Request::Logout(Logout {})),
        Just(Request::Sessions(Sessions {})),
        session().prop_map(|session| Request::RevokeSession(RevokeSession { session })),
        (line(), any::<u32>())
            .prop_map(|(query, limit)| Request::SearchUsers(SearchUsers { query, limit })),
        (users(), vec(line(), 0..3)).prop_map(|(ids, names)| Request::Users(Users { ids, names })),
        n().prop_map(|upto| Request::AccountDigest(AccountDigest { upto })),
        (n(), any::<u32>())
            .prop_map(|(after, limit)| Request::AccountChanges(AccountChanges { after, limit })),
        Just(Request::SyncHeads(SyncHeads {})),
        Just(Request::Ping(Ping {})),
    ];
    let chats =
        prop_oneof![
            vec(chat(), 0..4).prop_map(|ids| Request::Chats(Chats { ids })),
            (chat(), users())
                .prop_map(|(chat, users)| Request::AddMembers(AddMembers { chat, users })),
            (chat(), user())
                .prop_map(|(chat, user)| Request::RemoveMember(RemoveMember { chat, user })),
            (chat(), n(), any::<u32>())
                .prop_map(|(chat, after, limit)| Request::Changes(Changes { chat, after, limit })),
            (chat(), of(n()), any::<u32>()).prop_map(|(chat, before, limit)| {
                Request::History(History {
                    chat,
                    before,
                    limit,
                })
            }),
            (chat(), of(n()), of(n())).prop_map(|(chat, read, delivered)| Request::Mark(Mark {
                chat,
                read,
                delivered
            })),
            (chat(), any::<bool>()).prop_map(|(chat, on)| Request::Typing(Typing { chat, on })),
            (chat(), any::<u32>())
                .prop_map(|(chat, offset)| Request::Cursors(Cursors { chat, offset })),
            (chat(), n()).prop_map(|(chat, upto)| Request::Digest(Digest { chat, upto })),
        ];
    prop_oneof![
        accounts,
        chats,
        people::request(),
        groups::request(),
        changes::request(),
    ]
    .boxed()
}

fn users() -> impl Strategy<Value = UserList> {
    (vec(person(), 0..4), any::<bool>()).prop_map(|(users, more)| UserList { users, more })
}

fn reply() -> BoxedStrategy<Reply> {
    let page = || {
        (vec(entry(), 0..4), any::<bool>(), n()).prop_map(|(entries, more, floor)| Page {
            entries,
            more,
            floor,
        })
    };
    let signed_in =
        || (account(), token()).prop_map(|(account, token)| SignedIn { account, token });
    let digest = || {
        (n(), n(), hash()).prop_map(|(upto, floor, digest)| DigestReply {
            upto,
            floor,
            digest,
        })
    };
    let info = (session(), line(), any::<(i64, i64, bool)>()).prop_map(
        |(id, device, (created_at, last_used, current))| SessionInfo {
            id,
            device,
            created_at,
            last_used,
            current,
        },
    );
    let cursor =
        (user(), n(), n(), n()).prop_map(|(user, read, read_no, delivered)| MemberCursor {
            user,
            read,
            read_no,
            delivered,
        });
    let done = prop::sample::select(vec![
        Reply::Logout(Done {}),
        Reply::RevokeSession(Done {}),
        Reply::AddMembers(Done {}),
        Reply::RemoveMember(Done {}),
        Reply::Mark(Done {}),
        Reply::Typing(Done {}),
        Reply::SyncHeads(Done {}),
        Reply::Ping(Done {}),
    ]);
    prop_oneof![
        done,
        signed_in().prop_map(Reply::Register),
        signed_in().prop_map(Reply::Login),
        vec(info, 0..3).prop_map(|sessions| Reply::Sessions(SessionList { sessions })),
        users().prop_map(Reply::SearchUsers),
        users().prop_map(Reply::Users),
        people::reply(),
        groups::reply(),
        changes::reply(),
        page().prop_map(Reply::Changes),
        page().prop_map(Reply::History),
        (vec(cursor, 0..3), any::<bool>(), n()).prop_map(|(cursors, more, cursor_rev)| {
            Reply::Cursors(CursorList {
                cursors,
                more,
                cursor_rev,
            })
        }),
        digest().prop_map(Reply::Digest),
        digest().prop_map(Reply::AccountDigest),
        (vec(account_entry(), 0..4), any::<bool>())
            .prop_map(|(entries, more)| Reply::AccountChanges(AccountPage { entries, more })),
    ]
    .boxed()
}

fn event() -> BoxedStrategy<Event> {
    prop_oneof![
        (n(), vec(head(), 0..4), any::<bool>()).prop_map(|(account_seq, heads, more)| Heads {
            account_seq,
            heads,
            more
        }
        .into()),
        (chat(), entry()).prop_map(|(chat, entry)| ChatEntry { chat, entry }.into()),
        (chat(), user(), n(), n(), n(), n()).prop_map(
            |(chat, user, read, read_no, delivered, cursor_rev)| CursorMoved {
                chat,
                user,
                read,
                read_no,
                delivered,
                cursor_rev
            }
            .into()
        ),
        (chat(), n(), n(), n(), n()).prop_map(|(chat, seq, delivered, read, members)| {
            ReceiptCounts {
                chat,
                seq,
                delivered,
                read,
                members,
            }
            .into()
        }),
        (chat(), user(), any::<bool>()).prop_map(|(chat, user, on)| TypingChanged {
            chat,
            user,
            on
        }
        .into()),
        people::event(),
        groups::event(),
        account_entry().prop_map(|entry| AccountChanged { entry }.into()),
        Just(Resync {}.into()),
        wire_error().prop_map(|error| Goodbye { error }.into()),
    ]
    .boxed()
}

fn body() -> impl Strategy<Value = Body> {
    prop_oneof![
        (kind(), of(line()), vec(user(), 0..4)).prop_map(|(kind, name, members)| {
            Body::Created(Created {
                kind,
                name,
                members,
            })
        }),
        vec(user(), 0..4).prop_map(|users| Body::MembersAdded(MembersAdded { users })),
        user().prop_map(|user| Body::MemberLeft(MemberLeft { user })),
        groups::body(),
        changes::body(),
    ]
}

fn anything() -> impl Strategy<Value = Any> {
    prop_oneof![
        1 => handshake(),
        4 => request().prop_map(Any::Request),
        3 => reply().prop_map(Any::Reply),
        2 => event().prop_map(Any::Event),
    ]
}

fn encode(value: &Any, id: u32) -> codec::Encoded {
    match value {
        Any::Hello(hello) => codec::encode(HELLO, id, hello),
        Any::Welcome(welcome) => codec::encode(WELCOME, id, welcome),
        Any::Refusal(error) => codec::encode(REFUSAL, id, error),
        Any::Request(request) => request.encode(id),
        Any::Reply(reply) => reply.encode(id),
        Any::Event(event) => event.encode(),
        Any::Unknown => unreachable!("no strategy makes one"),
    }
    .unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn any_frame_comes_back(value in anything(), id: u32) {
        let frame = Frame::from_message(encode(&value, id).message()).unwrap();
        let event = matches!(value, Any::Event(_));
        prop_assert_eq!(frame.request_id, if event { 0 } else { id });
        prop_assert_eq!(frame.flags, 0);
        prop_assert_eq!(any::decode(&frame).unwrap(), value);
    }

    #[test]
    fn any_body_comes_back(body in body()) {
        let (kind, bytes) = body.encode().unwrap();
        prop_assert_eq!(Body::decode(kind, &bytes), body);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn a_stream_in_any_pieces_gives_the_same_frames(
        values in vec(anything(), 1..6),
        pieces in vec(1_usize..80, 1..40),
    ) {
        let stream: Vec<u8> = values.iter().flat_map(|v| encode(v, 9).stream()).collect();
        let mut decoder = FrameDecoder::new();
        let mut decoded = Vec::new();
        let mut rest = &stream[..];
        let mut pieces = pieces.into_iter().cycle();
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(pieces.next().unwrap().min(rest.len()));
            decoder.extend(piece);
            rest = behind;
            while let Some(frame) = decoder.next_frame().unwrap() {
                decoded.push(any::decode(&frame).unwrap());
            }
        }
        prop_assert_eq!(decoder.pending(), 0);
        prop_assert_eq!(decoded, values);
    }
}
