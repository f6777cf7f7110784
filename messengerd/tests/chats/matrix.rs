//! Who may do what: every action by everybody, in every sort of chat. What is
//! hidden from somebody and what does not exist are the same to the byte.

use std::collections::HashMap;

use proto::codec;
use proto::id::{ChatId, EntryId, UserId};
use proto::request::{
    AcceptChatInvite, AddMembers, BanMember, Banned, ChangeChat, ChangeContact, Changes,
    ChatInvites, ChatKind, ChatSettings, CreateChat, Cursors, DeleteChat, Digest, FOREVER, History,
    Mark, Members, MuteMember, Origin, Pins, RemoveMember, RevokeChatInvite, Role, SearchMessages,
    SetAvatar, SetChatPrefs, SetRole, Typing,
};
use proto::text::Token;
use uuid::Uuid;

use crate::crew::{
    ban, create, delete, edit, info, invite, join, mute, pin, quiet, react, role, settings,
};
use crate::ground::On;
use crate::support::{Client, Failure, message};

on_both_stores! {
    every_right_is_as_the_table_says_in_a_group
    every_right_is_as_the_table_says_in_a_public_chat
    every_right_is_as_the_table_says_in_a_private_chat
    nobody_gets_at_who_blocked_them
}

/// How somebody stands to a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Who {
    Admin,
    Moderator,
    Member,
    Muted,
    Former,
    Banned,
    Stranger,
}

const EVERYBODY: [Who; 7] = [
    Who::Admin,
    Who::Moderator,
    Who::Member,
    Who::Muted,
    Who::Former,
    Who::Banned,
    Who::Stranger,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Send,
    Reply,
    Forward,
    Mark,
    Typing,
    Chats,
    Members,
    Changes,
    History,
    Cursors,
    Digest,
    Pins,
    Search,
    EditOwn,
    EditOther,
    DeleteOwn,
    DeleteOther,
    React,
    Pin,
    Add,
    AddWhereForbidden,
    RemoveMember,
    RemoveModerator,
    RemoveAdmin,
    Leave,
    Mute,
    MuteAdmin,
    Ban,
    BanModerator,
    Unban,
    Banned,
    SetRole,
    Change,
    Avatar,
    DeleteChat,
    Invite,
    InviteWhereForbidden,
    Invites,
    RevokeOther,
    Accept,
    Join,
    Prefs,
}

/// Outcomes for admins (not the creator), moderators, members and the muted;
/// in a public chat for those who are not in it and for the banned. In a group
/// these two find nothing, see [`outcome`].
const TABLE: &[(Action, [&str; 6])] = {
    use Action as A;
    const OK: &str = "ok";
    const NO: &str = "forbidden";
    const MUTED: &str = "muted";
    const NONE: &str = "not_found";
    &[
        (A::Send, [OK, OK, OK, MUTED, OK, NO]),
        (A::Reply, [OK, OK, OK, MUTED, OK, NO]),
        (A::Forward, [OK, OK, OK, OK, OK, NO]),
        (A::Mark, [OK, OK, OK, OK, OK, NO]),
        (A::Typing, [OK, OK, OK, MUTED, OK, NO]),
        (A::Chats, [OK, OK, OK, OK, OK, NONE]),
        (A::Members, [OK, OK, OK, OK, OK, NO]),
        (A::Changes, [OK, OK, OK, OK, OK, NO]),
        (A::History, [OK, OK, OK, OK, OK, NO]),
        (A::Cursors, [OK, OK, OK, OK, OK, NO]),
        (A::Digest, [OK, OK, OK, OK, OK, NO]),
        (A::Pins, [OK, OK, OK, OK, OK, NO]),
        (A::Search, [OK, OK, OK, OK, OK, NO]),
        (A::EditOwn, [OK, OK, OK, MUTED, NO, NO]),
        (A::EditOther, [NO, NO, NO, MUTED, NO, NO]),
        (A::DeleteOwn, [OK, OK, OK, MUTED, NO, NO]),
        (A::DeleteOther, [OK, OK, NO, MUTED, NO, NO]),
        (A::React, [OK, OK, OK, MUTED, NO, NO]),
        (A::Pin, [OK, OK, NO, NO, NO, NO]),
        (A::Add, [OK, OK, OK, OK, NO, NO]),
        (A::AddWhereForbidden, [OK, OK, NO, NO, NO, NO]),
        (A::RemoveMember, [OK, OK, NO, NO, NO, NO]),
        (A::RemoveModerator, [OK, NO, NO, NO, NO, NO]),
        (A::RemoveAdmin, [OK, NO, NO, NO, NO, NO]),
        (A::Leave, [OK, OK, OK, OK, NO, NO]),
        (A::Mute, [OK, OK, NO, NO, NO, NO]),
        (A::MuteAdmin, [OK, NO, NO, NO, NO, NO]),
        (A::Ban, [OK, OK, NO, NO, NO, NO]),
        (A::BanModerator, [OK, NO, NO, NO, NO, NO]),
        (A::Unban, [OK, OK, NO, NO, NO, NO]),
        (A::Banned, [OK, OK, NO, NO, NO, NO]),
        (A::SetRole, [OK, NO, NO, NO, NO, NO]),
        (A::Change, [OK, NO, NO, NO, NO, NO]),
        (A::Avatar, [OK, NO, NO, NO, NO, NO]),
        (A::DeleteChat, [NO, NO, NO, NO, NO, NO]),
        (A::Invite, [OK, OK, OK, OK, NO, NO]),
        (A::InviteWhereForbidden, [OK, OK, NO, NO, NO, NO]),
        (A::Invites, [OK, OK, OK, OK, NO, NO]),
        (A::RevokeOther, [OK, OK, NONE, NONE, NO, NO]),
        (A::Accept, [OK, OK, OK, OK, OK, "invite_invalid"]),
        (A::Join, [OK, OK, OK, OK, OK, NO]),
        (A::Prefs, [OK, OK, OK, OK, NO, NO]),
    ]
};

fn outcome(kind: ChatKind, who: Who, action: Action, row: &[&'static str; 6]) -> &'static str {
    let column = match who {
        Who::Admin => 0,
        Who::Moderator => 1,
        Who::Member => 2,
        Who::Muted => 3,
        Who::Former | Who::Stranger => 4,
        Who::Banned => 5,
    };
    // A link is for those who see nothing yet.
    if column >= 4 && kind != ChatKind::Public && action != Action::Accept {
        return "not_found";
    }
    row[column]
}

/// People for all cases, each in one part only.
struct Crew {
    /// Creator of every chat.
    ada: Client,
    actors: HashMap<Who, Client>,
    victim: UserId,
    moderator: UserId,
    newcomer: UserId,
    /// One of whom a ban can be lifted.
    outlaw: UserId,
}

impl Crew {
    async fn new(daemon: &crate::ground::Ground) -> Self {
        let mut actors = HashMap::new();
        let ada = quiet(daemon, "ada").await;
        for who in EVERYBODY {
            actors.insert(who, quiet(daemon, &format!("{who:?}")).await);
        }
        Self {
            ada,
            actors,
            victim: quiet(daemon, "victim").await.id(),
            moderator: quiet(daemon, "another-moderator").await.id(),
            newcomer: quiet(daemon, "newcomer").await.id(),
            outlaw: quiet(daemon, "outlaw").await.id(),
        }
    }
}

/// A chat that is ready for one action.
#[derive(Clone)]
struct Case {
    chat: ChatId,
    /// What the acting one wrote before; nothing of a stranger's.
    own: u64,
    /// What the creator wrote.
    other: u64,
    invite: Uuid,
    token: Token,
}

async fn prepare(crew: &mut Crew, kind: ChatKind, who: Who, action: Action) -> Case {
    let ada = &mut crew.ada;
    let actor = crew.actors.get_mut(&who).unwrap();
    let mut members = vec![crew.victim, crew.moderator];
    if who != Who::Stranger {
        members.push(actor.id());
    }
    let chat = create(ada, kind, "case", members).await.id;
    role(ada, chat, crew.moderator, Role::Moderator).await;
    let other = ada.say(chat, "of ada").await.unwrap().seq;
    let own = match who {
        Who::Stranger => other,
        _ => actor.say(chat, "of the acting one").await.unwrap().seq,
    };
    let link = ada.call(invite(chat, None)).await.unwrap();
    match action {
        Action::AddWhereForbidden | Action::InviteWhereForbidden => {
            let strict = ChatSettings {
                allow_invites: false,
                allow_members_add: false,
                ..ChatSettings::default()
            };
            settings(ada, chat, strict).await;
        }
        Action::Unban => ban(ada, chat, crew.outlaw, true).await,
        _ => {}
    }
    let user = actor.id();
    match who {
        Who::Admin => role(ada, chat, user, Role::Admin).await,
        Who::Moderator => role(ada, chat, user, Role::Moderator).await,
        Who::Muted => mute(ada, chat, user, FOREVER).await,
        Who::Banned => ban(ada, chat, user, true).await,
        Who::Former => drop(ada.call(RemoveMember { chat, user }).await.unwrap()),
        Who::Member | Who::Stranger => {}
    }
    Case {
        chat,
        own,
        other,
        invite: link.id,
        token: link.token,
    }
}

/// Does it. What is found or not found in a list counts as the answer.
async fn act(crew: &mut Crew, who: Who, action: Action, case: Case) -> Result<(), Failure> {
    let (victim, moderator, newcomer, outlaw) =
        (crew.victim, crew.moderator, crew.newcomer, crew.outlaw);
    let admin = crew.ada.id();
    let by = crew.actors.get_mut(&who).unwrap();
    let me = by.id();
    let Case {
        chat, own, other, ..
    } = case;
    macro_rules! call {
        ($call:expr) => {
            by.call($call).await.map(|_| ())
        };
    }
    let said = || message(chat, EntryId::generate(), "said");
    match action {
        Action::Send => call!(said()),
        Action::Reply => call!(proto::request::Send {
            reply_to: Some(other),
            ..said()
        }),
        Action::Forward => {
            let notes = create(by, ChatKind::Private, "", Vec::new()).await.id;
            call!(proto::request::Send {
                forward: Some(Origin { chat, seq: other }),
                ..message(notes, EntryId::generate(), "any")
            })
        }
        Action::Mark => call!(Mark {
            chat,
            read: Some(1),
            delivered: None
        }),
        Action::Typing => call!(Typing { chat, on: true }),
        Action::Chats => match info(by, chat).await {
            Some(_) => Ok(()),
            None => Err(Failure::Refused(proto::error::ErrorCode::NotFound.into())),
        },
        Action::Members => call!(Members { chat, offset: 0 }),
        Action::Changes => call!(Changes {
            chat,
            after: 0,
            limit: 10
        }),
        Action::History => call!(History {
            chat,
            before: None,
            limit: 10
        }),
        Action::Cursors => call!(Cursors { chat, offset: 0 }),
        Action::Digest => call!(Digest { chat, upto: 9 }),
        Action::Pins => call!(Pins { chat, offset: 0 }),
        Action::Search => call!(SearchMessages {
            query: "of".to_owned(),
            chat: Some(chat),
            limit: 10,
            before: None,
        }),
        Action::EditOwn => call!(edit(chat, own, "edited")),
        Action::EditOther => call!(edit(chat, other, "edited")),
        Action::DeleteOwn => call!(delete(chat, own)),
        Action::DeleteOther => call!(delete(chat, other)),
        Action::React => call!(react(chat, other, "👍", true)),
        Action::Pin => call!(pin(chat, other, true)),
        Action::Add | Action::AddWhereForbidden => call!(AddMembers {
            chat,
            users: vec![newcomer]
        }),
        Action::RemoveMember => call!(RemoveMember { chat, user: victim }),
        Action::RemoveModerator => call!(RemoveMember {
            chat,
            user: moderator
        }),
        Action::RemoveAdmin => call!(RemoveMember { chat, user: admin }),
        Action::Leave => call!(RemoveMember { chat, user: me }),
        Action::Mute => call!(MuteMember {
            chat,
            user: victim,
            until: FOREVER
        }),
        Action::MuteAdmin => call!(MuteMember {
            chat,
            user: admin,
            until: FOREVER
        }),
        Action::Ban => call!(BanMember {
            chat,
            user: victim,
            on: true
        }),
        Action::BanModerator => call!(BanMember {
            chat,
            user: moderator,
            on: true
        }),
        Action::Unban => call!(BanMember {
            chat,
            user: outlaw,
            on: false
        }),
        Action::Banned => call!(Banned { chat, offset: 0 }),
        Action::SetRole => call!(SetRole {
            chat,
            user: victim,
            role: Role::Moderator
        }),
        Action::Change => call!(ChangeChat {
            chat,
            name: Some("renamed".try_into().unwrap()),
            description: None,
            settings: None,
        }),
        Action::Avatar => call!(SetAvatar {
            chat: Some(chat),
            image: Some(b"GIF89a picture"[..].into())
        }),
        Action::DeleteChat => call!(DeleteChat { chat }),
        Action::Invite | Action::InviteWhereForbidden => call!(invite(chat, None)),
        Action::Invites => call!(ChatInvites { chat }),
        Action::RevokeOther => call!(RevokeChatInvite {
            chat,
            id: case.invite
        }),
        Action::Accept => call!(AcceptChatInvite { token: case.token }),
        Action::Join => join(by, chat).await.map(|_| ()),
        Action::Prefs => call!(SetChatPrefs {
            chat,
            notify: None,
            muted_until: Some(FOREVER),
            hidden_upto: None,
        }),
    }
}

fn bytes(failure: &Failure) -> Vec<u8> {
    match failure {
        Failure::Refused(error) => codec::to_bytes(error).unwrap().to_vec(),
        other => panic!("{other:?}"),
    }
}

async fn every_right(on: On, kind: ChatKind) {
    let daemon = on.daemon().await;
    let mut crew = Crew::new(&daemon).await;
    let mut wrong = Vec::new();
    for (action, row) in TABLE {
        for who in EVERYBODY {
            let case = prepare(&mut crew, kind, who, *action).await;
            let answer = act(&mut crew, who, *action, case.clone()).await;
            let (found, expected) = (crate::crew::code(&answer), outcome(kind, who, *action, row));
            if found != expected {
                wrong.push(format!("{action:?} by {who:?}: {found}, not {expected}"));
            }
            let hidden = kind != ChatKind::Public
                && matches!(who, Who::Former | Who::Banned | Who::Stranger);
            if hidden && *action != Action::Accept {
                let missing = Case {
                    chat: ChatId::generate(),
                    ..case
                };
                let missing = act(&mut crew, who, *action, missing).await;
                let (Err(hidden), Err(missing)) = (&answer, &missing) else {
                    panic!("{action:?} by {who:?}: {answer:?}, {missing:?}");
                };
                if bytes(hidden) != bytes(missing) {
                    wrong.push(format!("{action:?} by {who:?}: {hidden:?}, {missing:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

async fn every_right_is_as_the_table_says_in_a_group(on: On) {
    every_right(on, ChatKind::Group).await;
}

async fn every_right_is_as_the_table_says_in_a_public_chat(on: On) {
    every_right(on, ChatKind::Public).await;
}

/// Outcomes for one of the two people of a private chat; for one whom the other
/// has blocked, too.
fn between_two(action: Action, blocked: bool) -> &'static str {
    use Action as A;
    match action {
        A::Send | A::Reply | A::EditOwn | A::DeleteOwn | A::React | A::Pin if blocked => {
            "forbidden"
        }
        A::Send | A::Reply | A::EditOwn | A::DeleteOwn | A::React | A::Pin => "ok",
        A::Forward | A::Mark | A::Typing | A::Join | A::Prefs | A::Invites => "ok",
        A::Chats | A::Members | A::Changes | A::History | A::Cursors => "ok",
        A::Digest | A::Pins | A::Search => "ok",
        A::Accept => "invite_invalid",
        A::RevokeOther => "not_found",
        _ => "forbidden",
    }
}

async fn every_right_is_as_the_table_says_in_a_private_chat(on: On) {
    let daemon = on.daemon().await;
    let mut crew = Crew::new(&daemon).await;
    let peer = crew.actors[&Who::Member].id();
    let chat = create(&mut crew.ada, ChatKind::Private, "", vec![peer])
        .await
        .id;
    let mut wrong = Vec::new();
    for (action, _) in TABLE {
        let other = crew.ada.say(chat, "of ada").await.unwrap().seq;
        let peer = crew.actors.get_mut(&Who::Member).unwrap();
        let own = peer.say(chat, "of the peer").await.unwrap().seq;
        let case = Case {
            chat,
            own,
            other,
            invite: Uuid::now_v7(),
            token: Token::try_from("none").unwrap(),
        };
        for blocked in [true, false] {
            block(&mut crew, blocked).await;
            let expected = between_two(*action, blocked);
            let found = act(&mut crew, Who::Member, *action, case.clone()).await;
            let found = crate::crew::code(&found);
            if found != expected {
                wrong.push(format!(
                    "{action:?}, blocked {blocked}: {found}, not {expected}"
                ));
            }
        }
        let missing = Case {
            chat: ChatId::generate(),
            ..case.clone()
        };
        let hidden = act(&mut crew, Who::Stranger, *action, case).await;
        let missing = act(&mut crew, Who::Stranger, *action, missing).await;
        let (hidden, missing) = (hidden.unwrap_err(), missing.unwrap_err());
        let expected = if *action == Action::Accept {
            "invite_invalid"
        } else {
            "not_found"
        };
        if hidden.code() != expected || bytes(&hidden) != bytes(&missing) {
            wrong.push(format!("{action:?} by a stranger: {hidden:?}, {missing:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The creator blocks the other one, or no longer.
async fn block(crew: &mut Crew, on: bool) {
    let call = ChangeContact {
        user: crew.actors[&Who::Member].id(),
        nickname: None,
        clear_nickname: false,
        blocked: Some(on),
    };
    crew.ada.call(call).await.unwrap();
}

async fn nobody_gets_at_who_blocked_them(on: On) {
    let daemon = on.daemon().await;
    let mut crew = Crew::new(&daemon).await;
    block(&mut crew, true).await;
    let ada = crew.ada.id();
    let peer = crew.actors.get_mut(&Who::Member).unwrap();
    let group = create(peer, ChatKind::Group, "g", Vec::new()).await.id;
    let add = AddMembers {
        chat: group,
        users: vec![ada],
    };
    let open = |kind, name: Option<&str>| CreateChat {
        id: ChatId::generate(),
        kind,
        name: name.map(|name| name.try_into().unwrap()),
        description: None,
        members: vec![ada],
    };
    for refused in [
        crate::crew::code(&peer.call(add.clone()).await),
        crate::crew::code(&peer.call(open(ChatKind::Private, None)).await),
        crate::crew::code(&peer.call(open(ChatKind::Group, Some("g"))).await),
    ] {
        assert_eq!(refused, "forbidden");
    }
    block(&mut crew, false).await;
    let peer = crew.actors.get_mut(&Who::Member).unwrap();
    peer.call(add).await.unwrap();
}
