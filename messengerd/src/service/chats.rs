//! Chats and who is in them.

use proto::error::{ErrorCode, WireError};
use proto::id::{EntryId, UserId};
use proto::limits;
use proto::request::{
    AddMembers, ChatInfo, ChatKind, ChatList, ChatPrefs, Chats, CreateChat, Done, Member,
    RemoveMember, Role,
};

use super::{Caller, Service, bad_request, now, refuse, too_large};
use crate::store::groups::Act;
use crate::store::{Actor, ChatRecord, NewChat};

impl Service {
    pub(super) async fn create_chat(
        &self,
        caller: &Caller,
        request: CreateChat,
    ) -> Result<ChatInfo, WireError> {
        if request.id.0.is_nil() {
            return Err(bad_request("id"));
        }
        let mut others = request.members;
        others.sort_unstable();
        others.dedup();
        others.retain(|user| *user != caller.actor.id);
        match (request.kind, &request.name) {
            (ChatKind::Private, None) if others.len() <= 1 => {}
            (ChatKind::Private, None) => return Err(bad_request("a private chat has two members")),
            (ChatKind::Private, Some(_)) => return Err(bad_request("a private chat has no name")),
            (ChatKind::Group, None) => return Err(bad_request("a group needs a name")),
            (ChatKind::Group, Some(_)) => {}
            (ChatKind::Public, _) => return Err(ErrorCode::Unsupported.into()),
            (ChatKind::Unknown, _) => return Err(bad_request("unknown kind of chat")),
        }
        let others = self.actors(others).await?;
        let chat = NewChat {
            id: request.id,
            kind: request.kind,
            name: request.name,
            description: request.description,
            creator: caller.actor,
            others,
            entry: EntryId::generate(),
            at: now(),
        };
        let record = self.store.create_chat(chat).await.map_err(refuse)?;
        self.chat_info(caller, record)
            .await?
            .ok_or_else(|| ErrorCode::NotFound.into())
    }

    /// Accounts by their outside names; all have to exist and be enabled.
    async fn actors(&self, ids: Vec<UserId>) -> Result<Vec<Actor>, WireError> {
        if ids.len() > limits::BATCH {
            return Err(too_large("members", limits::BATCH));
        }
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let wanted = ids.len();
        let users = self.store.users(ids, Vec::new()).await.map_err(refuse)?;
        let actors: Vec<Actor> = users
            .iter()
            .filter(|user| !user.disabled)
            .map(|user| Actor {
                no: user.no,
                id: user.id,
            })
            .collect();
        if actors.len() == wanted {
            Ok(actors)
        } else {
            Err(ErrorCode::NotFound.into())
        }
    }

    async fn chat_info(
        &self,
        caller: &Caller,
        chat: ChatRecord,
    ) -> Result<Option<ChatInfo>, WireError> {
        let Some(head) = self
            .store
            .head(chat.no, caller.actor.no)
            .await
            .map_err(refuse)?
        else {
            return Ok(None);
        };
        let member = |member: crate::store::MemberRecord| Member {
            user: member.user,
            role: member.role,
            muted_until: (member.muted_until > 0).then_some(member.muted_until),
        };
        Ok(Some(ChatInfo {
            id: chat.id,
            kind: chat.kind,
            name: chat.name,
            created_at: chat.created_at,
            acl_rev: chat.acl_rev,
            members: chat.members.into_iter().map(member).collect(),
            head,
            description: chat.description,
            avatar: chat.avatar,
            created_by: Some(chat.created_by),
            settings: chat.settings,
            prefs: ChatPrefs::default(),
            joined: true,
        }))
    }

    pub(super) async fn chats(
        &self,
        caller: &Caller,
        request: Chats,
    ) -> Result<ChatList, WireError> {
        if request.ids.len() > limits::BATCH {
            return Err(too_large("chats", limits::BATCH));
        }
        let mut list = ChatList {
            chats: Vec::new(),
            more: false,
        };
        let mut bytes = 0;
        for id in request.ids {
            let Some(record) = self.store.chat(id).await.map_err(refuse)? else {
                continue;
            };
            if !record
                .members
                .iter()
                .any(|member| member.no == caller.actor.no)
            {
                continue;
            }
            let Some(info) = self.chat_info(caller, record).await? else {
                continue;
            };
            // About what one takes encoded: a fixed part and each member.
            bytes += 256
                + info
                    .members
                    .iter()
                    .map(|member| 80 + member.user.username.len())
                    .sum::<usize>();
            if bytes > limits::PAGE_BYTES && !list.chats.is_empty() {
                list.more = true;
                break;
            }
            list.chats.push(info);
        }
        Ok(list)
    }

    pub(super) async fn add_members(
        &self,
        caller: &Caller,
        request: AddMembers,
    ) -> Result<Done, WireError> {
        let (chat, _, role) = self.access.member(request.chat, caller.actor.id).await?;
        if chat.kind != ChatKind::Group || role != Role::Admin {
            return Err(ErrorCode::Forbidden.into());
        }
        let mut users = request.users;
        users.sort_unstable();
        users.dedup();
        if chat.members() + users.len() > limits::BATCH {
            return Err(too_large("members", limits::BATCH));
        }
        let users = self.actors(users).await?;
        let act = Act {
            chat: chat.no,
            chat_id: chat.id,
            acl_rev: chat.acl_rev,
            actor: caller.actor,
            entry: EntryId::generate(),
            at: now(),
        };
        self.store.add_members(act, users).await.map_err(refuse)?;
        Ok(Done {})
    }

    pub(super) async fn remove_member(
        &self,
        caller: &Caller,
        request: RemoveMember,
    ) -> Result<Done, WireError> {
        let (chat, _, role) = self.access.member(request.chat, caller.actor.id).await?;
        let leaving = request.user == caller.actor.id;
        if chat.kind != ChatKind::Group || (!leaving && role != Role::Admin) {
            return Err(ErrorCode::Forbidden.into());
        }
        let (user, _) = chat.member(request.user).ok_or(ErrorCode::NotFound)?;
        let act = Act {
            chat: chat.no,
            chat_id: chat.id,
            acl_rev: chat.acl_rev,
            actor: caller.actor,
            entry: EntryId::generate(),
            at: now(),
        };
        self.store.remove_member(act, user).await.map_err(refuse)?;
        Ok(Done {})
    }
}
