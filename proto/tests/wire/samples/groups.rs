//! Running a chat: properties, roles, bans, links, the directory.

use proto::request::*;
use proto::text::{ChatName, Description};

use super::people::hash;
use super::{AT, chat, chat_info, full_chat_info, full_person, token, user, uuid};

pub(super) fn settings() -> ChatSettings {
    ChatSettings {
        allow_invites: false,
        allow_members_add: false,
        allow_file_sharing: true,
        allow_voice_calls: true,
        allow_video_calls: false,
        message_retention: 30,
        history_for_new_members: NewMemberHistory::SinceJoin,
    }
}

pub(super) fn prefs() -> ChatPrefs {
    ChatPrefs {
        notify: NotifyLevel::Mentions,
        muted_until: FOREVER,
        hidden_upto: 300,
    }
}

pub(super) fn member() -> Member {
    Member {
        user: full_person(2, "борис"),
        role: Role::Moderator,
        muted_until: Some(AT),
    }
}

pub(super) fn requests() -> Vec<Request> {
    vec![
        Request::ChangeChat(ChangeChat {
            chat: chat(),
            name: Some(ChatName::try_from("Погода").unwrap()),
            description: Some(Description::try_from("").unwrap()),
            settings: Some(settings()),
        }),
        Request::SetRole(SetRole {
            chat: chat(),
            user: user(2),
            role: Role::Moderator,
        }),
        Request::MuteMember(MuteMember {
            chat: chat(),
            user: user(2),
            until: FOREVER,
        }),
        Request::BanMember(BanMember {
            chat: chat(),
            user: user(3),
            on: true,
        }),
        Request::Banned(Banned {
            chat: chat(),
            offset: 100,
        }),
        Request::DeleteChat(DeleteChat { chat: chat() }),
        Request::JoinChat(JoinChat { chat: chat() }),
        Request::Directory(Directory {
            query: "клим".into(),
            limit: 50,
            offset: 50,
        }),
        Request::SetChatPrefs(SetChatPrefs {
            chat: chat(),
            notify: Some(NotifyLevel::None),
            muted_until: Some(0),
            hidden_upto: Some(300),
        }),
        Request::CreateChatInvite(CreateChatInvite {
            chat: chat(),
            id: uuid(0x11),
            expires_at: Some(AT + 86_400_000),
            max_uses: Some(5),
        }),
        Request::ChatInvites(ChatInvites { chat: chat() }),
        Request::RevokeChatInvite(RevokeChatInvite {
            chat: chat(),
            id: uuid(0x11),
        }),
        Request::AcceptChatInvite(AcceptChatInvite { token: token() }),
        Request::Members(Members {
            chat: chat(),
            offset: 1000,
        }),
    ]
}

fn invite() -> ChatInvite {
    ChatInvite {
        id: uuid(0x11),
        chat: chat(),
        by: user(1),
        token: token(),
        created_at: AT,
        expires_at: Some(AT + 86_400_000),
        max_uses: Some(5),
        uses: 2,
    }
}

pub(super) fn replies() -> Vec<Reply> {
    vec![
        Reply::ChangeChat(Done {}),
        Reply::SetRole(Done {}),
        Reply::MuteMember(Done {}),
        Reply::BanMember(Done {}),
        Reply::Banned(UserList {
            users: vec![full_person(3, "eve")],
            more: true,
        }),
        Reply::DeleteChat(Done {}),
        Reply::JoinChat(full_chat_info()),
        Reply::Directory(DirectoryList {
            chats: vec![PublicChat {
                id: chat(),
                name: "Климат".into(),
                description: "О погоде".into(),
                avatar: Some(hash()),
                members: 41,
                joined: true,
            }],
            more: true,
        }),
        Reply::SetChatPrefs(Done {}),
        Reply::CreateChatInvite(invite()),
        Reply::ChatInvites(ChatInviteList {
            invites: vec![invite()],
        }),
        Reply::RevokeChatInvite(Done {}),
        Reply::AcceptChatInvite(chat_info()),
        Reply::Members(MemberList {
            members: vec![member()],
            more: true,
            acl_rev: 3,
        }),
    ]
}

/// Forms with as little as may be.
pub(super) fn minimal() -> Vec<(&'static str, Request)> {
    vec![
        (
            "minimal ChangeChat",
            Request::ChangeChat(ChangeChat {
                chat: chat(),
                name: None,
                description: None,
                settings: None,
            }),
        ),
        (
            "minimal SetChatPrefs",
            Request::SetChatPrefs(SetChatPrefs {
                chat: chat(),
                notify: None,
                muted_until: None,
                hidden_upto: None,
            }),
        ),
        (
            "minimal CreateChatInvite",
            Request::CreateChatInvite(CreateChatInvite {
                chat: chat(),
                id: uuid(0x11),
                expires_at: None,
                max_uses: None,
            }),
        ),
    ]
}

/// Frames of the first version with everything that came later.
pub(super) fn full() -> Vec<(&'static str, Request)> {
    vec![(
        "full CreateChat",
        Request::CreateChat(CreateChat {
            id: chat(),
            kind: ChatKind::Public,
            name: Some(ChatName::try_from("Климат").unwrap()),
            description: Some(Description::try_from("О погоде").unwrap()),
            members: vec![],
        }),
    )]
}
