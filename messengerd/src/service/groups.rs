//! Running a group or public chat: who is in it and as what, its properties.

use proto::digest::Digest;
use proto::error::{ErrorCode, WireError};
use proto::id::{ChatId, EntryId};
use proto::limits;
use proto::request::{
    AddMembers, BanMember, Banned, ChangeChat, ChatKind, ChatSettings, DeleteChat, Done, FOREVER,
    MuteMember, NewMemberHistory, RemoveMember, Role, SetRole, UserList,
};

use super::access::{ChatAccess, TRIES};
use super::rights::Right;
use super::{Caller, Service, bad_request, check_time, now, refuse, too_large};
use crate::store::groups::{Act, ChatChange, most_members};
use crate::store::people::AvatarRecord;
use crate::store::{Pending, StoreError, UserRecord};

/// Bytes of a person beside the names, encoded, at most.
const USER_BYTES: usize = 128;

impl Service {
    /// Does something to a chat: `decide` says on what is known of it whether
    /// and what. Where the chat is another one by then it decides anew.
    pub(super) async fn act<T>(
        &self,
        caller: &Caller,
        id: ChatId,
        decide: impl Fn(&ChatAccess, Act) -> Result<Pending<T>, WireError>,
    ) -> Result<T, WireError> {
        let entry = EntryId::generate();
        let mut refused = false;
        for _ in 0..TRIES {
            let (chat, _) = self.access.member(id, caller.actor.id).await?;
            let act = Act {
                chat: chat.no,
                chat_id: chat.id,
                acl_rev: chat.acl_rev,
                actor: caller.actor,
                entry,
                at: now(),
            };
            let pending = decide(&chat, act)?;
            match pending.await {
                Ok(done) => return Ok(done),
                Err(StoreError::Outdated) => {}
                // What is known of the chat may be old: it is asked once more.
                Err(StoreError::NoAccess) if !refused => refused = true,
                Err(error) => return Err(refuse(error)),
            }
            self.access.invalidate(id);
        }
        Err(refuse(StoreError::Outdated))
    }

    pub(super) async fn add_members(
        &self,
        caller: &Caller,
        request: AddMembers,
    ) -> Result<Done, WireError> {
        let (chat, _) = self.access.member(request.chat, caller.actor.id).await?;
        chat.may(caller.actor.id, Right::Add, now())?;
        self.let_write(caller)?;
        let mut users = request.users;
        users.sort_unstable();
        users.dedup();
        users.retain(|user| chat.standing(*user).is_none());
        if users.is_empty() {
            return Ok(Done {});
        }
        let users = self.actors(users).await?;
        self.check_blocks(caller, &users).await?;
        self.act(caller, request.chat, |chat, act| {
            chat.may(caller.actor.id, Right::Add, now())?;
            if chat.members() + users.len() > most_members(chat.kind) {
                return Err(chat.full());
            }
            // A ban is lifted first, by who may do that.
            if users.iter().any(|user| chat.is_banned(user.id)) {
                return Err(ErrorCode::Forbidden.into());
            }
            Ok(self.store.add_members(act, users.clone()))
        })
        .await?;
        Ok(Done {})
    }

    pub(super) async fn remove_member(
        &self,
        caller: &Caller,
        request: RemoveMember,
    ) -> Result<Done, WireError> {
        self.let_write(caller)?;
        self.act(caller, request.chat, |chat, act| {
            let leaving = request.user == caller.actor.id;
            if !leaving {
                chat.may_moderate(caller.actor.id, request.user)?;
            } else if chat.kind == ChatKind::Private {
                return Err(ErrorCode::Forbidden.into());
            }
            let (user, _) = chat.member(request.user).ok_or(ErrorCode::NotFound)?;
            Ok(self.store.remove_member(act, user))
        })
        .await?;
        Ok(Done {})
    }

    pub(super) async fn change_chat(
        &self,
        caller: &Caller,
        request: ChangeChat,
    ) -> Result<Done, WireError> {
        self.let_write(caller)?;
        let change = ChatChange {
            name: request.name,
            description: request.description,
            settings: request.settings,
            avatar: None,
            avatar_url: None,
        };
        let retains = change.settings.is_some();
        self.act(caller, request.chat, |chat, act| {
            chat.may(caller.actor.id, Right::Change, now())?;
            if change == ChatChange::default() {
                return Err(bad_request("nothing to change"));
            }
            change.settings.as_ref().map_or(Ok(()), check_settings)?;
            Ok(self.store.change_chat(act, change.clone()))
        })
        .await?;
        if retains {
            self.upkeep.expire.notify_one();
        }
        Ok(Done {})
    }

    /// Changes some settings of a chat, from what they are when it is done: who
    /// changes others at the same time loses nothing.
    ///
    /// # Errors
    ///
    /// As for a change of all settings.
    pub async fn change_settings(
        &self,
        caller: &Caller,
        chat: ChatId,
        change: impl Fn(ChatSettings) -> ChatSettings,
    ) -> Result<(), WireError> {
        self.let_write(caller)?;
        self.act(caller, chat, |chat, act| {
            chat.may(caller.actor.id, Right::Change, now())?;
            let settings = change(chat.settings);
            check_settings(&settings)?;
            let change = ChatChange {
                settings: Some(settings),
                ..ChatChange::default()
            };
            Ok(self.store.change_chat(act, change))
        })
        .await?;
        self.upkeep.expire.notify_one();
        Ok(())
    }

    /// Gives a chat a picture, or takes it away.
    pub(super) async fn set_chat_avatar(
        &self,
        caller: &Caller,
        id: ChatId,
        picture: Option<AvatarRecord>,
    ) -> Result<Done, WireError> {
        let (chat, _) = self.access.member(id, caller.actor.id).await?;
        chat.may(caller.actor.id, Right::Change, now())?;
        self.let_write(caller)?;
        let hash = picture.as_ref().map(|picture| picture.hash);
        if let Some(picture) = picture {
            self.store.put_avatar(picture).await.map_err(refuse)?;
        }
        self.give_picture(caller, id, hash, "").await?;
        Ok(Done {})
    }

    /// Gives a chat a picture that is kept already, or says where one is,
    /// elsewhere, which is never looked at.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::NotFound`] where there is no such chat or picture,
    /// [`ErrorCode::Forbidden`] where the caller may not change the chat.
    pub async fn point_chat_avatar(
        &self,
        caller: &Caller,
        id: ChatId,
        kept: Option<Digest>,
        url: &str,
    ) -> Result<(), WireError> {
        let (chat, _) = self.access.member(id, caller.actor.id).await?;
        chat.may(caller.actor.id, Right::Change, now())?;
        self.let_write(caller)?;
        self.give_picture(caller, id, kept, url).await
    }

    async fn give_picture(
        &self,
        caller: &Caller,
        id: ChatId,
        kept: Option<Digest>,
        url: &str,
    ) -> Result<(), WireError> {
        self.act(caller, id, |chat, act| {
            chat.may(caller.actor.id, Right::Change, now())?;
            let change = ChatChange {
                avatar: Some(kept),
                avatar_url: Some(url.to_owned()),
                ..ChatChange::default()
            };
            Ok(self.store.change_chat(act, change))
        })
        .await
    }

    pub(super) async fn set_role(
        &self,
        caller: &Caller,
        request: SetRole,
    ) -> Result<Done, WireError> {
        self.let_write(caller)?;
        self.act(caller, request.chat, |chat, act| {
            chat.may(caller.actor.id, Right::Change, now())?;
            let (user, role) = chat.member(request.user).ok_or(ErrorCode::NotFound)?;
            if request.role == Role::Unknown {
                return Err(bad_request("unknown role"));
            }
            if role == Role::Admin && request.role != Role::Admin && chat.admins() == 1 {
                return Err(ErrorCode::Forbidden.into());
            }
            Ok(self.store.set_role(act, user, request.role))
        })
        .await?;
        Ok(Done {})
    }

    pub(super) async fn mute_member(
        &self,
        caller: &Caller,
        request: MuteMember,
    ) -> Result<Done, WireError> {
        self.let_write(caller)?;
        self.act(caller, request.chat, |chat, act| {
            chat.may_moderate(caller.actor.id, request.user)?;
            let (user, _) = chat.member(request.user).ok_or(ErrorCode::NotFound)?;
            if request.until != FOREVER {
                check_time(request.until, "until is no time of the years 1970 to 9999")?;
            }
            // A time that has passed lets them write.
            let until = if request.until > act.at {
                request.until
            } else {
                0
            };
            Ok(self.store.mute_member(act, user, until))
        })
        .await?;
        Ok(Done {})
    }

    pub(super) async fn ban_member(
        &self,
        caller: &Caller,
        request: BanMember,
    ) -> Result<Done, WireError> {
        let (chat, _) = self.access.member(request.chat, caller.actor.id).await?;
        chat.may_moderate(caller.actor.id, request.user)?;
        // Who bans themselves could leave a chat that nobody can run.
        if request.user == caller.actor.id {
            return Err(bad_request(
                "nobody bans themselves; leave the chat instead",
            ));
        }
        self.let_write(caller)?;
        let users = self.actors(vec![request.user]).await?;
        let user = *users.first().ok_or(ErrorCode::NotFound)?;
        self.act(caller, request.chat, |chat, act| {
            chat.may_moderate(caller.actor.id, request.user)?;
            Ok(self.store.ban_member(act, user, request.on))
        })
        .await?;
        Ok(Done {})
    }

    pub(super) async fn banned(
        &self,
        caller: &Caller,
        request: Banned,
    ) -> Result<UserList, WireError> {
        let (chat, _) = self.access.member(request.chat, caller.actor.id).await?;
        chat.may(caller.actor.id, Right::Moderate, now())?;
        let record = self.store.chat(chat.id).await.map_err(refuse)?;
        let mut ids = record.ok_or(ErrorCode::NotFound)?.banned;
        ids.drain(..ids.len().min(request.offset as usize));
        let mut more = ids.len() > limits::BATCH;
        ids.truncate(limits::BATCH);
        let asked = self.store.users(ids.clone(), Vec::new());
        let mut known: Vec<UserRecord> = asked.await.map_err(refuse)?;
        known.sort_by_key(|user| ids.iter().position(|id| *id == user.id));
        let mut bytes = 0;
        let mut users = Vec::with_capacity(known.len());
        for user in known.iter().map(UserRecord::shown) {
            bytes +=
                USER_BYTES + user.username.len() + user.first_name.len() + user.last_name.len();
            if bytes > limits::PAGE_BYTES {
                more = true;
                break;
            }
            users.push(user);
        }
        Ok(UserList { users, more })
    }

    pub(super) async fn delete_chat(
        &self,
        caller: &Caller,
        request: DeleteChat,
    ) -> Result<Done, WireError> {
        self.let_write(caller)?;
        self.act(caller, request.chat, |chat, act| {
            chat.may_delete(caller.actor.id)?;
            Ok(self.store.delete_chat(act))
        })
        .await?;
        self.access.invalidate(request.chat);
        // The texts go behind this.
        self.upkeep.expire.notify_one();
        Ok(Done {})
    }
}

fn check_settings(settings: &ChatSettings) -> Result<(), WireError> {
    if settings.message_retention > limits::RETENTION_DAYS {
        return Err(too_large(
            "days of retention",
            limits::RETENTION_DAYS as usize,
        ));
    }
    if settings.history_for_new_members == NewMemberHistory::Unknown {
        return Err(bad_request("history_for_new_members"));
    }
    Ok(())
}
