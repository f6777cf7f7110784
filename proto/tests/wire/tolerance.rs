//! Peers of another version: what they add is passed over, what they leave out
//! takes its default.

use bytes::Bytes;
use proto::codec::{self, Frame};
use proto::entry::{Body, Entry};
use proto::error::{ErrorCode, WireError};
use proto::event::{Event, Presence};
use proto::id::{ChatId, EntryId, UserId};
use proto::request::{
    ChatInfo, ChatKind, ChatPrefs, ChatSettings, ContactState, CreateChat, Member,
    NewMemberHistory, NotifyLevel, Ping, Reply, Request, Role, Send, Sent, Status, User, Users,
};
use serde::Serialize;

use crate::{any, samples};

/// The payload, which is a map, with one more field at its end.
fn with_another_field(payload: &[u8], value: &[u8]) -> Vec<u8> {
    let mut out = match payload[0] {
        marker @ 0x80..=0x8e => vec![marker + 1],
        marker => panic!("a payload begins with {marker:x}, which is no small map"),
    };
    out.extend(&payload[1..]);
    out.extend(b"\xacsomethingnew");
    out.extend(value);
    out
}

#[test]
fn unknown_fields_of_any_shape_are_ignored_in_every_frame() {
    let values: [&[u8]; 6] = [
        b"\xc0",
        b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xa3new",
        b"\xc4\x03new",
        b"\x82\xa1a\x01\xa1b\x93\x01\x02\x03",
        // An extension type, which this protocol does not use.
        b"\xd5\x07\x00\x01",
    ];
    for sample in samples::frames() {
        let frame = Frame::from_message(sample.frame.message()).unwrap();
        let known = any::decode(&frame).unwrap();
        for value in values {
            let newer = Frame {
                payload: with_another_field(&frame.payload, value).into(),
                ..frame.clone()
            };
            let read = any::decode(&newer);
            assert_eq!(read.as_ref(), Ok(&known), "{} {value:x?}", sample.name);
        }
    }
}

#[test]
fn unknown_fields_are_ignored_in_every_body() {
    for (name, kind, bytes) in samples::all_body_bytes() {
        let newer = with_another_field(&bytes, b"\xa3new");
        assert_eq!(
            Body::decode(kind, &newer),
            Body::decode(kind, &bytes),
            "{name}"
        );
    }
}

#[test]
fn unknown_frame_types_are_no_error() {
    let known = |kind: u16| {
        Request::KINDS.contains(&(kind & !proto::request::REPLY))
            || Event::KINDS.contains(&kind)
            || [
                proto::hello::HELLO,
                proto::hello::WELCOME,
                proto::request::REFUSAL,
            ]
            .contains(&kind)
    };
    for kind in (0..=u16::MAX).filter(|kind| !known(*kind)) {
        let frame = Frame {
            kind,
            flags: 0xffff,
            request_id: 0,
            payload: Bytes::from_static(b"\xc1 not even MessagePack"),
        };
        assert_eq!(any::decode(&frame), Ok(any::Any::Unknown), "{kind:#06x}");
    }
}

#[test]
fn flags_are_ignored() {
    for sample in samples::frames() {
        let mut message = sample.frame.message().to_vec();
        message[2..4].copy_from_slice(&[0xff, 0xff]);
        let frame = Frame::from_message(message.into()).unwrap();
        assert!(
            !matches!(any::decode(&frame), Ok(any::Any::Unknown) | Err(_)),
            "{}",
            sample.name
        );
    }
}

#[test]
fn an_unknown_error_code_keeps_its_word() {
    let error = WireError::new(ErrorCode::Other("out_of_tea".into()));
    let bytes = codec::to_bytes(&error).unwrap();
    let read: WireError = codec::decode(&bytes).unwrap();
    assert_eq!(read, error);
    assert_eq!(read.code.as_str(), "out_of_tea");
    assert!(!read.is_retryable());
    assert!(read.retry_after(10).is_retryable());
}

#[test]
fn every_error_code_keeps_its_word() {
    for code in ErrorCode::ALL {
        assert_eq!(ErrorCode::from(code.as_str().to_owned()), *code);
        assert_eq!(String::from(code.clone()), code.as_str());
    }
}

#[test]
fn unknown_chat_kinds_and_roles_are_read_as_such() {
    #[derive(Serialize)]
    struct Raw {
        user: User,
        role: &'static str,
    }
    let raw = |role| {
        codec::to_bytes(&Raw {
            user: User::new(UserId::from_bytes([1; 16]), "anna"),
            role,
        })
        .unwrap()
    };
    let role = |word| codec::decode::<Member>(&raw(word)).unwrap().role;
    assert_eq!(role("admin"), Role::Admin);
    assert_eq!(role("member"), Role::Member);
    assert_eq!(role("guest"), Role::Unknown);
    for kind in ChatKind::ALL {
        assert_eq!(ChatKind::from(String::from(*kind)), *kind);
    }
    for role in Role::ALL {
        assert_eq!(Role::from(String::from(*role)), *role);
    }
    assert_eq!(ChatKind::from("channel".to_owned()), ChatKind::Unknown);
}

#[test]
fn unknown_words_of_every_list_are_read_as_such() {
    macro_rules! check {
        ($($list:ident),*) => {$(
            for known in $list::ALL {
                assert_eq!($list::from(String::from(*known)), *known);
                let bytes = codec::to_bytes(known).unwrap();
                assert_eq!(codec::decode::<$list>(&bytes).as_ref(), Ok(known));
            }
            let newer = codec::to_bytes(&"newer").unwrap();
            assert_eq!(codec::decode::<$list>(&newer), Ok($list::Unknown));
        )*};
    }
    check!(
        ChatKind,
        ContactState,
        NewMemberHistory,
        NotifyLevel,
        Role,
        Status
    );
}

/// What a server of the first release says of a chat and of people.
#[test]
fn frames_of_the_first_release_have_the_defaults() {
    #[derive(Serialize)]
    struct OldUser {
        id: UserId,
        username: &'static str,
    }
    #[derive(Serialize)]
    struct OldMember {
        user: OldUser,
        role: &'static str,
    }
    #[derive(Serialize)]
    struct OldInfo {
        id: ChatId,
        kind: &'static str,
        created_at: i64,
        acl_rev: u64,
        members: Vec<OldMember>,
        head: proto::event::Head,
    }
    #[derive(Serialize)]
    struct OldPresence {
        user: UserId,
        online: bool,
    }
    let head = samples::events()
        .into_iter()
        .find_map(|event| match event {
            Event::Heads(heads) => heads.heads.into_iter().next(),
            _ => None,
        })
        .unwrap();
    let id = UserId::from_bytes([1; 16]);
    let old = OldInfo {
        id: head.chat,
        kind: "group",
        created_at: 1,
        acl_rev: 1,
        members: vec![OldMember {
            user: OldUser {
                id,
                username: "anna",
            },
            role: "admin",
        }],
        head,
    };
    let info: ChatInfo = codec::decode(&codec::to_bytes(&old).unwrap()).unwrap();
    assert_eq!(info.members[0].user, User::new(id, "anna"));
    assert_eq!(info.members[0].muted_until, None);
    assert_eq!(info.settings, ChatSettings::default());
    assert_eq!(info.prefs, ChatPrefs::default());
    assert!(info.joined && !info.members_more);
    let old = OldPresence {
        user: id,
        online: true,
    };
    let presence: Presence = codec::decode(&codec::to_bytes(&old).unwrap()).unwrap();
    assert_eq!(presence, Presence::new(id, true, None));
}

#[test]
fn unknown_entry_kinds_are_kept_as_they_are() {
    let entry = Entry {
        seq: 1,
        kind: 60_000,
        id: EntryId::from_bytes([1; 16]),
        msg_no: 0,
        ref_seq: None,
        actor: UserId::from_bytes([2; 16]),
        at: 0,
        body: Bytes::from_static(b"\xc1whatever"),
    };
    let bytes = codec::to_bytes(&entry).unwrap();
    let read: Entry = codec::decode(&bytes).unwrap();
    assert_eq!(read, entry);
    assert_eq!(Body::decode(read.kind, &read.body), Body::Unknown);
    assert!(Body::Unknown.encode().is_err());
}

#[test]
fn optional_fields_may_be_missing() {
    #[derive(Serialize)]
    struct OldSent {
        seq: u64,
        msg_no: u64,
        at: i64,
    }
    let old = OldSent {
        seq: 1,
        msg_no: 1,
        at: 2,
    };
    let read: Sent = codec::decode(&codec::to_bytes(&old).unwrap()).unwrap();
    assert_eq!(
        read,
        Sent {
            seq: 1,
            msg_no: 1,
            at: 2,
            dup: false
        }
    );
    let nothing: Users = codec::decode(b"\x80").unwrap();
    assert!(nothing.ids.is_empty() && nothing.names.is_empty());
}

#[test]
fn absent_optional_fields_are_not_sent() {
    let send = samples::requests()
        .into_iter()
        .find_map(|request| match request {
            Request::Send(send) => Some(Send {
                reply_to: None,
                ..send
            }),
            _ => None,
        })
        .unwrap();
    let bytes = codec::to_bytes(&send).unwrap();
    assert_eq!(bytes[0], 0x83, "a map of chat, id and text");
}

#[test]
fn fields_may_come_in_any_order() {
    #[derive(Serialize)]
    struct Backwards {
        members: Vec<UserId>,
        name: Option<&'static str>,
        kind: &'static str,
        id: ChatId,
    }
    let bytes = codec::to_bytes(&Backwards {
        members: vec![UserId::from_bytes([3; 16])],
        name: None,
        kind: "private",
        id: ChatId::from_bytes([4; 16]),
    })
    .unwrap();
    let read: CreateChat = codec::decode(&bytes).unwrap();
    assert_eq!(read.kind, ChatKind::Private);
    assert_eq!(read.name, None, "nil stands for an absent field");
}

#[test]
fn requests_replies_and_events_do_not_overlap() {
    let ping = Request::Ping(Ping {}).encode(1).unwrap();
    let frame = Frame::from_message(ping.message()).unwrap();
    assert_eq!(Reply::decode(&frame), Ok(None));
    assert_eq!(Event::decode(&frame), Ok(None));
}
