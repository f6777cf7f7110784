//! Chats and who is in them: making, describing, finding and joining them.

use std::collections::HashSet;
use std::time::Instant;

use proto::UnixMillis;
use proto::error::{ErrorCode, WireError};
use proto::event::Head;
use proto::id::{ChatId, EntryId, UserId};
use proto::limits;
use proto::request::{
    ChatInfo, ChatKind, ChatList, Chats, CreateChat, Directory, DirectoryList, JoinChat, Member,
    MemberList, Members, NewMemberHistory, PublicChat,
};
use proto::text::search_fold;

use super::{Caller, Service, bad_request, now, refuse, too_large};
use crate::store::groups::most_members;
use crate::store::{Actor, ChatRecord, MemberRecord, NewChat};

/// Bytes of a chat's description beside its members, encoded, at most.
const CHAT_BYTES: usize = 512 + limits::DESCRIPTION_CHARS * 4;
/// Bytes of a member beside the names, encoded, at most.
const MEMBER_BYTES: usize = 160;

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
            (ChatKind::Group | ChatKind::Public, None) => {
                return Err(bad_request("a group or public chat needs a name"));
            }
            (ChatKind::Group | ChatKind::Public, Some(_)) => {}
            (ChatKind::Unknown, _) => return Err(bad_request("unknown kind of chat")),
        }
        if request.kind == ChatKind::Private && request.description.is_some() {
            return Err(bad_request("a private chat has no description"));
        }
        self.let_write(caller)?;
        let most = most_members(request.kind);
        if others.len() >= most {
            return Err(too_large("members", most));
        }
        let others = self.actors(others).await?;
        self.check_blocks(caller, &others).await?;
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
    pub(super) async fn actors(&self, ids: Vec<UserId>) -> Result<Vec<Actor>, WireError> {
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

    /// Nobody is put into a chat with somebody whom they have blocked, nor by
    /// somebody who blocked them.
    pub(super) async fn check_blocks(
        &self,
        caller: &Caller,
        others: &[Actor],
    ) -> Result<(), WireError> {
        if others.is_empty() {
            return Ok(());
        }
        let numbers = others.iter().map(|other| other.no).collect();
        let asked = self.store.blocked_among(caller.actor.no, numbers);
        if asked.await.map_err(refuse)?.is_empty() {
            Ok(())
        } else {
            Err(ErrorCode::Forbidden.into())
        }
    }

    /// A chat as the caller sees it; none where they do not.
    pub(super) async fn chat_info(
        &self,
        caller: &Caller,
        chat: ChatRecord,
    ) -> Result<Option<ChatInfo>, WireError> {
        let user = caller.actor.no;
        let joined = chat.members.iter().any(|member| member.no == user);
        let (head, prefs) = if joined {
            let head = self.store.head(chat.no, user).await.map_err(refuse)?;
            let prefs = self.store.chat_prefs(chat.no, user).await.map_err(refuse)?;
            (head, prefs)
        } else if chat.kind == ChatKind::Public && !chat.banned.contains(&caller.actor.id) {
            (self.outside_head(&chat).await?, None)
        } else {
            (None, None)
        };
        let Some(head) = head else {
            return Ok(None);
        };
        let own = chat
            .members
            .iter()
            .find(|member| member.no == user)
            .cloned();
        let (mut members, members_more) = fitting(chat.members.into_iter(), CHAT_BYTES);
        // The caller is among those, however many are left out.
        if let Some(own) = own.filter(|_| members_more)
            && !members.iter().any(|member| member.user.id == own.user.id)
        {
            members.pop();
            members.push(shown(own, now()));
        }
        Ok(Some(ChatInfo {
            id: chat.id,
            kind: chat.kind,
            name: chat.name,
            created_at: chat.created_at,
            acl_rev: head.acl_rev,
            members,
            members_more,
            head,
            description: chat.description,
            avatar: chat.avatar,
            created_by: Some(chat.created_by),
            settings: chat.settings,
            prefs: prefs.unwrap_or_default(),
            joined,
        }))
    }

    /// Where a public chat stands for who is no member of it: nothing is read.
    async fn outside_head(&self, chat: &ChatRecord) -> Result<Option<Head>, WireError> {
        let asked = self.store.revisions(vec![chat.id], Vec::new(), Vec::new());
        let revisions = asked.await.map_err(refuse)?;
        let Some(revision) = revisions.chats.first() else {
            return Ok(None);
        };
        let latest = self.store.entries_before(chat.no, 0, None, 1, 1);
        let latest = latest.await.map_err(refuse)?;
        let history = chat.settings.history_for_new_members;
        Ok(Some(Head {
            chat: chat.id,
            seq: revision.seq,
            msg_no: latest.entries.last().map_or(0, |entry| entry.msg_no),
            floor: match history {
                NewMemberHistory::SinceJoin => revision.seq,
                NewMemberHistory::All | NewMemberHistory::Unknown => latest.floor,
            },
            acl_rev: chat.acl_rev,
            cursor_rev: revision.cursor_rev,
            read: 0,
            read_no: 0,
            delivered: 0,
        }))
    }

    /// A chat that the caller has just become a member of, or is one of.
    pub(super) async fn own_chat(
        &self,
        caller: &Caller,
        id: ChatId,
    ) -> Result<ChatInfo, WireError> {
        if let Some(record) = self.store.chat(id).await.map_err(refuse)?
            && let Some(info) = self.chat_info(caller, record).await?
        {
            return Ok(info);
        }
        Err(ErrorCode::NotFound.into())
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
        let mut seen = HashSet::new();
        for id in request.ids {
            if !seen.insert(id) {
                continue;
            }
            let Some(record) = self.store.chat(id).await.map_err(refuse)? else {
                continue;
            };
            let Some(info) = self.chat_info(caller, record).await? else {
                continue;
            };
            bytes += CHAT_BYTES + info.members.iter().map(member_bytes).sum::<usize>();
            if bytes > limits::PAGE_BYTES && !list.chats.is_empty() {
                list.more = true;
                break;
            }
            list.chats.push(info);
        }
        Ok(list)
    }

    pub(super) async fn members_of(
        &self,
        caller: &Caller,
        request: Members,
    ) -> Result<MemberList, WireError> {
        self.access.readable(request.chat, caller.actor.id).await?;
        let record = self.store.chat(request.chat).await.map_err(refuse)?;
        let record = record.ok_or(ErrorCode::NotFound)?;
        let acl_rev = record.shown_acl_rev();
        let behind = record.members.into_iter().skip(request.offset as usize);
        let (members, more) = fitting(behind, 0);
        Ok(MemberList {
            members,
            more,
            acl_rev,
        })
    }

    pub(super) async fn join_chat(
        &self,
        caller: &Caller,
        request: JoinChat,
    ) -> Result<ChatInfo, WireError> {
        self.let_write(caller)?;
        self.access.writable(request.chat, caller.actor).await?;
        self.own_chat(caller, request.chat).await
    }

    pub(super) async fn directory(
        &self,
        caller: &Caller,
        request: Directory,
    ) -> Result<DirectoryList, WireError> {
        self.search_limit.take(caller.actor.no.0, Instant::now())?;
        if request.query.chars().count() > limits::QUERY_CHARS {
            return Err(too_large("characters to search for", limits::QUERY_CHARS));
        }
        let limit = request.limit.clamp(1, limits::SEARCH_RESULTS);
        let query = search_fold(&request.query).trim().to_owned();
        let asked = self
            .store
            .directory(caller.actor.no, query, limit, request.offset);
        let (found, more) = asked.await.map_err(refuse)?;
        let chats = found.into_iter().map(|chat| PublicChat {
            id: chat.id,
            name: chat.name,
            description: chat.description,
            avatar: chat.avatar,
            members: chat.members,
            joined: chat.joined,
        });
        Ok(DirectoryList {
            chats: chats.collect(),
            more,
        })
    }
}

/// As many members as fit into a frame beside `bytes` of other things, and
/// whether that left some out.
fn fitting(records: impl Iterator<Item = MemberRecord>, mut bytes: usize) -> (Vec<Member>, bool) {
    let at = now();
    let mut members = Vec::new();
    for record in records {
        let member = shown(record, at);
        bytes += member_bytes(&member);
        if bytes > limits::PAGE_BYTES && !members.is_empty() {
            return (members, true);
        }
        members.push(member);
    }
    (members, false)
}

fn shown(record: MemberRecord, at: UnixMillis) -> Member {
    Member {
        user: record.user,
        role: record.role,
        muted_until: (record.muted_until > at).then_some(record.muted_until),
    }
}

fn member_bytes(member: &Member) -> usize {
    let user = &member.user;
    MEMBER_BYTES + user.username.len() + user.first_name.len() + user.last_name.len()
}
