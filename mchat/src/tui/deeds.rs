//! Carries out what features ask for, with the client.

use std::collections::HashSet;

use proto::error::{ErrorCode, WireError};
use proto::id::{ChatId, UserId};
use proto::request::{ChatKind, Place};
use proto::text::{ChatName, Password, Token};

use crate::app::command::Person;
use crate::app::deed::{Deed, Door, Fetch, Found, HITS};
use crate::client::model::SearchPage;
use crate::client::{Client, ClientError, ServerAddress};

/// Who that is; the server is asked where only a name is known.
async fn user(client: &Client, person: &Person) -> Result<UserId, ClientError> {
    match person.user {
        Some(user) => Ok(user),
        None => Ok(client.user(&person.name).await?.id),
    }
}

/// Does something.
pub(super) async fn carry_out(client: &Client, deed: Deed) -> Result<(), ClientError> {
    match deed {
        Deed::Edit { chat, seq, text } => client.edit(chat, seq, &text).await.map(|_| ()),
        Deed::Delete { chat, seq } => client.delete(chat, seq).await.map(|_| ()),
        Deed::React {
            chat,
            seq,
            emoji,
            on,
        } => client.react(chat, seq, &emoji, on).await.map(|_| ()),
        Deed::Pin { chat, seq, on } => client.pin(chat, seq, on).await.map(|_| ()),
        Deed::Forward { to, from, seq } => client.forward(to, from, seq).await.map(|_| ()),
        Deed::Add(chat, who) => {
            let user = user(client, &who).await?;
            client.add_members(chat, vec![user]).await
        }
        Deed::Remove(chat, who) => {
            let user = user(client, &who).await?;
            client.remove_member(chat, user).await
        }
        Deed::SetRole(chat, who, role) => {
            let user = user(client, &who).await?;
            client.set_role(chat, user, role).await
        }
        Deed::Silence(chat, who, until) => {
            let user = user(client, &who).await?;
            client.mute_member(chat, user, until).await
        }
        Deed::Ban(chat, who, on) => {
            let user = user(client, &who).await?;
            client.ban_member(chat, user, on).await
        }
        Deed::Leave(chat) => client.leave(chat).await,
        Deed::DeleteChat(chat) => client.delete_chat(chat).await,
        Deed::Change(change) => client.change_chat(change).await,
        Deed::Prefs(prefs) => client.set_chat_prefs(prefs).await,
        Deed::Hide(chat) => client.hide_chat(chat, true).await,
        Deed::RevokeInvite(chat, id) => client.revoke_invite(chat, id).await,
        Deed::AddContact(who) => {
            let user = user(client, &who).await?;
            client.add_contact(user, None).await
        }
        Deed::Nickname(who, nickname) => {
            let user = user(client, &who).await?;
            client.rename_contact(user, nickname).await
        }
        Deed::RemoveContact(who) => {
            let user = user(client, &who).await?;
            client.remove_contact(user).await
        }
        Deed::Block(who, on) => {
            let user = user(client, &who).await?;
            client.block(user, on).await
        }
        Deed::SetProfile(change) => client.set_profile(change).await.map(|_| ()),
        Deed::SetStatus(status) => client
            .set_status(status.status, status.text, status.until)
            .await
            .map(|_| ()),
        Deed::ChangePassword { old, new } => {
            // A password that cannot be one is a wrong one.
            let Ok(old) = Password::existing(old.0) else {
                return Err(WireError::new(ErrorCode::BadCredentials).into());
            };
            client
                .change_password(old, Password::try_from(new.0)?)
                .await
        }
        Deed::RevokeSession(session) => client.revoke_session(session).await,
    }
}

/// Goes into a chat.
pub(super) async fn enter(client: &Client, door: Door) -> Result<ChatId, ClientError> {
    match door {
        Door::Join(chat) => client.join(chat).await,
        Door::Link(text) => {
            let token = match text.parse::<ServerAddress>() {
                Ok(address) if text.trim_start().starts_with("mchat://") => address.chat,
                _ => Token::try_from(text.trim().to_owned()).ok(),
            };
            match token {
                Some(token) => client.accept_invite(token).await,
                None => Err(WireError::new(ErrorCode::InviteInvalid).into()),
            }
        }
        Door::With(who) => {
            let user = user(client, &who).await?;
            client.private_chat(user).await
        }
        Door::Public(name) => {
            let name = ChatName::try_from(name)?;
            client
                .create_described_chat(ChatKind::Public, name, None, Vec::new())
                .await
        }
    }
}

/// Finds messages. Those that the server has not indexed yet are the latest,
/// which the cache has, too.
async fn search(
    client: &Client,
    query: &str,
    chat: Option<ChatId>,
    before: Option<Place>,
) -> Result<SearchPage, ClientError> {
    let mut page = client.search(query, chat, HITS, before).await?;
    if page.behind == 0 || before.is_some() {
        return Ok(page);
    }
    let cached = client.search_cache(query, chat, HITS, None).await?;
    // What is older than this page comes with the next one.
    let oldest = page.hits.last().filter(|_| page.more);
    let oldest = oldest.map(|hit| (hit.at, hit.id));
    let known: HashSet<_> = page.hits.iter().map(|hit| hit.id).collect();
    let new = cached.hits.into_iter().filter(|hit| {
        !known.contains(&hit.id) && oldest.is_none_or(|oldest| (hit.at, hit.id) > oldest)
    });
    page.hits.extend(new);
    page.hits
        .sort_by_key(|hit| std::cmp::Reverse((hit.at, hit.id)));
    Ok(page)
}

/// Finds something out.
pub(super) async fn find_out(client: &Client, fetch: Fetch) -> Result<Found, ClientError> {
    Ok(match fetch {
        Fetch::Pins(chat) => Found::Entries(client.pins(chat).await?),
        Fetch::History(chat, seq) => Found::Texts(client.edit_history(chat, seq).await?),
        Fetch::Reactions(chat, seq) => Found::Reactions(client.reactions(chat, seq).await?),
        Fetch::Receipts(chat, seq) => Found::Receipts(client.receipts(chat, seq).await?),
        Fetch::Invites(chat) => {
            let mut rows = Vec::new();
            for invite in client.invites(chat).await? {
                let link = client.invite_link(&invite).await?;
                rows.push((invite, link));
            }
            Found::Invites(rows)
        }
        Fetch::NewInvite {
            chat,
            expires_at,
            max_uses,
        } => {
            let invite = client.create_invite(chat, expires_at, max_uses).await?;
            let link = client.invite_link(&invite).await?;
            Found::Invites(vec![(invite, link)])
        }
        Fetch::Banned(chat) => Found::Users(client.banned(chat).await?),
        Fetch::Contacts => Found::Contacts(client.contacts().await?),
        Fetch::Directory(query) => Found::Directory(client.directory(&query, 0).await?),
        Fetch::People(query) => Found::Users(client.search_users(&query).await?),
        Fetch::Profile(who) => {
            let who = match who {
                Some(who) => Some(user(client, &who).await?),
                None => None,
            };
            Found::Profile(Box::new(client.profile(who).await?))
        }
        Fetch::Sessions => Found::Sessions(client.sessions().await?),
        Fetch::Messages {
            query,
            chat,
            before,
        } => Found::Page(search(client, &query, chat, before).await?),
        Fetch::Reach(chat, seq) => Found::Reached(client.reach(chat, seq).await?),
    })
}
