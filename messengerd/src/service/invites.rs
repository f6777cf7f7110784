//! Invite links to chats.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proto::error::{ErrorCode, WireError};
use proto::id::EntryId;
use proto::limits;
use proto::request::{
    AcceptChatInvite, ChatInfo, ChatInvite, ChatInviteList, ChatInvites, CreateChatInvite, Done,
    RevokeChatInvite,
};
use proto::text::Token;

use super::access::ChatAccess;
use super::rights::Right;
use super::{Caller, Service, bad_request, check_time, now, refuse, too_large};
use crate::store::StoreError;
use crate::store::groups::{Act, ChatInviteRecord, Door, NewChatInvite};

/// Random bytes of a link's token: 128 bits are not guessed.
const TOKEN_BYTES: usize = 16;

impl Service {
    pub(super) async fn create_chat_invite(
        &self,
        caller: &Caller,
        request: CreateChatInvite,
    ) -> Result<ChatInvite, WireError> {
        let at = now();
        let (chat, _) = self.access.member(request.chat, caller.actor.id).await?;
        chat.may(caller.actor.id, Right::Invite, at)?;
        if request.id.is_nil() {
            return Err(bad_request("id"));
        }
        if let Some(until) = request.expires_at {
            check_time(until, "expires_at is no time of the years 1970 to 9999")?;
            if until <= at {
                return Err(bad_request("the link would have expired already"));
            }
        }
        if request.max_uses == Some(0) {
            return Err(bad_request("nobody could use the link"));
        }
        self.let_write(caller)?;
        let invite = NewChatInvite {
            id: request.id,
            chat: chat.no,
            by: caller.actor,
            token: fresh_token()?,
            expires_at: request.expires_at,
            max_uses: request.max_uses,
            at,
        };
        match self.store.create_chat_invite(invite).await {
            Ok(record) => shown(record),
            Err(StoreError::TooMany(_)) => {
                Err(too_large("invite links of one chat", limits::CHAT_INVITES))
            }
            Err(error) => Err(refuse(error)),
        }
    }

    pub(super) async fn chat_invites(
        &self,
        caller: &Caller,
        request: ChatInvites,
    ) -> Result<ChatInviteList, WireError> {
        let (chat, _) = self.access.member(request.chat, caller.actor.id).await?;
        let invites = self.visible_invites(caller, &chat).await?;
        Ok(ChatInviteList {
            invites: invites.into_iter().map(shown).collect::<Result<_, _>>()?,
        })
    }

    pub(super) async fn revoke_chat_invite(
        &self,
        caller: &Caller,
        request: RevokeChatInvite,
    ) -> Result<Done, WireError> {
        let (chat, _) = self.access.member(request.chat, caller.actor.id).await?;
        self.let_write(caller)?;
        let visible = self.visible_invites(caller, &chat).await?;
        if !visible.iter().any(|invite| invite.id == request.id) {
            return Err(ErrorCode::NotFound.into());
        }
        // Another device may have been quicker; it is invalid all the same.
        self.store
            .revoke_chat_invite(chat.no, request.id)
            .await
            .map_err(refuse)?;
        Ok(Done {})
    }

    /// The links that the caller may see and revoke.
    async fn visible_invites(
        &self,
        caller: &Caller,
        chat: &ChatAccess,
    ) -> Result<Vec<ChatInviteRecord>, WireError> {
        let all = chat.may(caller.actor.id, Right::Moderate, 0).is_ok();
        let asked = self.store.chat_invites(chat.no, now());
        let mut invites = asked.await.map_err(refuse)?;
        invites.retain(|invite| all || invite.by == caller.actor.id);
        Ok(invites)
    }

    pub(super) async fn accept_chat_invite(
        &self,
        caller: &Caller,
        request: AcceptChatInvite,
    ) -> Result<ChatInfo, WireError> {
        // Guesses are as dear as searches.
        self.search_limit
            .take(caller.actor.no.0, std::time::Instant::now())?;
        let at = now();
        let token: String = request.token.into();
        let asked = self.store.chat_invite(token.clone(), at);
        let invite = asked.await.map_err(refuse)?;
        let invite = invite.ok_or(ErrorCode::InviteInvalid)?;
        // As it is now: who has just been removed comes back, if not banned.
        self.access.invalidate(invite.chat_id);
        let chat = self.access.chat(invite.chat_id).await?;
        let chat = chat.ok_or(ErrorCode::InviteInvalid)?;
        if chat.standing(caller.actor.id).is_some() {
            return self.own_chat(caller, chat.id).await;
        }
        if chat.is_banned(caller.actor.id) {
            return Err(ErrorCode::InviteInvalid.into());
        }
        let act = Act {
            chat: chat.no,
            chat_id: chat.id,
            acl_rev: chat.acl_rev,
            actor: caller.actor,
            entry: EntryId::generate(),
            at,
        };
        match self.store.join(act, Door::Invite(token)).await {
            Ok(()) => {}
            // Banned, or the chat was deleted, since it was looked at.
            Err(StoreError::NoAccess) => return Err(ErrorCode::InviteInvalid.into()),
            Err(StoreError::TooMany(_)) => return Err(chat.full()),
            Err(error) => return Err(refuse(error)),
        }
        self.access.invalidate(chat.id);
        self.own_chat(caller, chat.id).await
    }
}

fn fresh_token() -> Result<String, WireError> {
    let mut bytes = [0; TOKEN_BYTES];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| {
        tracing::error!("the system gives no randomness");
        ErrorCode::Internal
    })?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn shown(record: ChatInviteRecord) -> Result<ChatInvite, WireError> {
    let token = Token::try_from(record.token).map_err(|error| {
        tracing::error!(%error, "the token of an invite link cannot be read");
        ErrorCode::Internal
    })?;
    Ok(ChatInvite {
        id: record.id,
        chat: record.chat_id,
        by: record.by,
        token,
        created_at: record.created_at,
        expires_at: record.expires_at,
        max_uses: record.max_uses,
        uses: record.uses,
    })
}
