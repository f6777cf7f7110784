//! Running a chat: properties, roles, bans, links, the directory.

use super::*;

fn description() -> impl Strategy<Value = Description> {
    checked("[а-я\n]{0,40}")
}
fn notify() -> impl Strategy<Value = NotifyLevel> {
    prop::sample::select(NotifyLevel::ALL)
}
fn uuid() -> impl Strategy<Value = Uuid> {
    any::<[u8; 16]>().prop_map(Uuid::from_bytes)
}

prop_compose! {
    pub(super) fn settings()(
        allowed: [bool; 5], message_retention: u32,
        history_for_new_members in prop::sample::select(NewMemberHistory::ALL),
    ) -> ChatSettings {
        let [allow_invites, allow_members_add, allow_file_sharing, allow_voice_calls,
            allow_video_calls] = allowed;
        ChatSettings {
            allow_invites, allow_members_add, allow_file_sharing, allow_voice_calls,
            allow_video_calls, message_retention, history_for_new_members,
        }
    }
}
prop_compose! {
    fn prefs()(notify in notify(), muted_until: i64, hidden_upto in n()) -> ChatPrefs {
        ChatPrefs { notify, muted_until, hidden_upto }
    }
}
prop_compose! {
    fn member()(user in person(), role in role(), muted_until in of(any::<i64>())) -> Member {
        Member { user, role, muted_until }
    }
}
prop_compose! {
    pub(super) fn chat_info()(
        (id, kind, name, created_at, acl_rev) in
            (chat(), kind(), of(line()), any::<i64>(), n()),
        members in vec(member(), 0..4), members_more: bool, head in head(),
        description in line(), avatar in of(hash()), created_by in of(user()),
        // Often the default, which is not sent.
        settings in prop_oneof![Just(ChatSettings::default()), settings()],
        prefs in prop_oneof![Just(ChatPrefs::default()), prefs()], joined: bool,
    ) -> ChatInfo {
        ChatInfo {
            id, kind, name, created_at, acl_rev, members, members_more, head, description,
            avatar, created_by, settings, prefs, joined,
        }
    }
}
prop_compose! {
    fn invite()(
        id in uuid(), chat in chat(), by in user(), token in token(), created_at: i64,
        expires_at in of(any::<i64>()), max_uses in of(any::<u32>()), uses: u32,
    ) -> ChatInvite {
        ChatInvite { id, chat, by, token, created_at, expires_at, max_uses, uses }
    }
}
prop_compose! {
    fn public_chat()(
        id in chat(), name in line(), description in line(), avatar in of(hash()),
        members in n(), joined: bool,
    ) -> PublicChat {
        PublicChat { id, name, description, avatar, members, joined }
    }
}

pub(super) fn request() -> BoxedStrategy<Request> {
    let create = (
        chat(),
        kind(),
        of(chat_name()),
        of(description()),
        vec(user(), 0..4),
    )
        .prop_map(|(id, kind, name, description, members)| {
            Request::CreateChat(CreateChat {
                id,
                kind,
                name,
                description,
                members,
            })
        });
    let change = (chat(), of(chat_name()), of(description()), of(settings())).prop_map(
        |(chat, name, description, settings)| {
            Request::ChangeChat(ChangeChat {
                chat,
                name,
                description,
                settings,
            })
        },
    );
    let prefs = (chat(), of(notify()), of(any::<i64>()), of(n())).prop_map(
        |(chat, notify, muted_until, hidden_upto)| {
            Request::SetChatPrefs(SetChatPrefs {
                chat,
                notify,
                muted_until,
                hidden_upto,
            })
        },
    );
    let invite = (chat(), uuid(), of(any::<i64>()), of(any::<u32>())).prop_map(
        |(chat, id, expires_at, max_uses)| {
            Request::CreateChatInvite(CreateChatInvite {
                chat,
                id,
                expires_at,
                max_uses,
            })
        },
    );
    prop_oneof![
        create,
        change,
        prefs,
        invite,
        (chat(), user(), role()).prop_map(|(chat, user, role)| Request::SetRole(SetRole {
            chat,
            user,
            role
        })),
        (chat(), user(), any::<i64>())
            .prop_map(|(chat, user, until)| Request::MuteMember(MuteMember { chat, user, until })),
        (chat(), user(), any::<bool>())
            .prop_map(|(chat, user, on)| Request::BanMember(BanMember { chat, user, on })),
        (chat(), any::<u32>()).prop_map(|(chat, offset)| Request::Banned(Banned { chat, offset })),
        (chat(), any::<u32>())
            .prop_map(|(chat, offset)| Request::Members(Members { chat, offset })),
        chat().prop_map(|chat| Request::DeleteChat(DeleteChat { chat })),
        chat().prop_map(|chat| Request::JoinChat(JoinChat { chat })),
        (line(), any::<u32>(), any::<u32>()).prop_map(|(query, limit, offset)| {
            Request::Directory(Directory {
                query,
                limit,
                offset,
            })
        }),
        chat().prop_map(|chat| Request::ChatInvites(ChatInvites { chat })),
        (chat(), uuid())
            .prop_map(|(chat, id)| Request::RevokeChatInvite(RevokeChatInvite { chat, id })),
        token().prop_map(|token| Request::AcceptChatInvite(AcceptChatInvite { token })),
    ]
    .boxed()
}

pub(super) fn reply() -> BoxedStrategy<Reply> {
    let done = prop::sample::select(vec![
        Reply::ChangeChat(Done {}),
        Reply::SetRole(Done {}),
        Reply::MuteMember(Done {}),
        Reply::BanMember(Done {}),
        Reply::DeleteChat(Done {}),
        Reply::SetChatPrefs(Done {}),
        Reply::RevokeChatInvite(Done {}),
    ]);
    prop_oneof![
        done,
        users().prop_map(Reply::Banned),
        chat_info().prop_map(Reply::CreateChat),
        chat_info().prop_map(Reply::JoinChat),
        chat_info().prop_map(Reply::AcceptChatInvite),
        (vec(chat_info(), 0..3), any::<bool>())
            .prop_map(|(chats, more)| Reply::Chats(ChatList { chats, more })),
        (vec(public_chat(), 0..4), any::<bool>())
            .prop_map(|(chats, more)| Reply::Directory(DirectoryList { chats, more })),
        (vec(member(), 0..4), any::<bool>(), n()).prop_map(|(members, more, acl_rev)| {
            Reply::Members(MemberList {
                members,
                more,
                acl_rev,
            })
        }),
        invite().prop_map(Reply::CreateChatInvite),
        vec(invite(), 0..4).prop_map(|invites| Reply::ChatInvites(ChatInviteList { invites })),
    ]
    .boxed()
}

pub(super) fn event() -> BoxedStrategy<Event> {
    (chat(), n())
        .prop_map(|(chat, floor)| FloorRaised { chat, floor }.into())
        .boxed()
}

pub(super) fn body() -> BoxedStrategy<Body> {
    let changed = (of(line()), of(line()), any::<bool>(), of(settings())).prop_map(
        |(name, description, avatar, settings)| {
            Body::ChatChanged(ChatChanged {
                name,
                description,
                avatar,
                settings,
            })
        },
    );
    prop_oneof![
        changed,
        (user(), role()).prop_map(|(user, role)| Body::RoleChanged(RoleChanged { user, role })),
        (user(), any::<i64>())
            .prop_map(|(user, until)| Body::MemberMuted(MemberMuted { user, until })),
        (user(), any::<bool>())
            .prop_map(|(user, on)| Body::MemberBanned(MemberBanned { user, on })),
    ]
    .boxed()
}
