//! What a chat is called, looks like and allows; its end.

use proto::entry::{self, Body, account_kind, kind};
use proto::id::UserId;
use proto::request::{ChatSettings, NewMemberHistory};
use proto::text::search_fold;
use rusqlite::{Row, params};

use super::account::{self, About};
use super::writer::Tx;
use super::{acts, avatars, chat_invites, chats};
use crate::store::groups::{Act, ChatChange};
use crate::store::{Actor, StoreError, UserNo};

/// What is searched of a chat's name and description.
pub(super) fn search_key(name: &str, description: &str) -> String {
    search_fold(&format!("{name}\n{description}"))
}

/// The bits of `chats.allowed`.
fn allowed(settings: &ChatSettings) -> i64 {
    [
        settings.allow_invites,
        settings.allow_members_add,
        settings.allow_file_sharing,
        settings.allow_voice_calls,
        settings.allow_video_calls,
    ]
    .into_iter()
    .enumerate()
    .map(|(bit, on)| i64::from(on) << bit)
    .sum()
}

/// The columns of [`ChatSettings`]; `chats` is `c`.
macro_rules! settings_columns {
    () => {
        "c.allowed, c.retention_days, c.since_join"
    };
}
pub(super) use settings_columns;

/// Reads settings whose first column is `at`.
pub(super) fn settings(row: &Row<'_>, at: usize) -> Result<ChatSettings, rusqlite::Error> {
    let allowed: i64 = row.get(at)?;
    Ok(ChatSettings {
        allow_invites: allowed & 1 != 0,
        allow_members_add: allowed & 2 != 0,
        allow_file_sharing: allowed & 4 != 0,
        allow_voice_calls: allowed & 8 != 0,
        allow_video_calls: allowed & 16 != 0,
        message_retention: row.get(at + 1)?,
        history_for_new_members: if row.get(at + 2)? {
            NewMemberHistory::SinceJoin
        } else {
            NewMemberHistory::All
        },
    })
}

/// See [`Store::change_chat`](crate::store::Store::change_chat).
pub(super) fn change(tx: &mut Tx<'_>, act: &Act, change: &ChatChange) -> Result<(), StoreError> {
    if *change == ChatChange::default() || !acts::holds(tx, act, kind::CHAT_CHANGED)? {
        return Ok(());
    }
    let (name, description): (Option<String>, String) = tx
        .conn
        .prepare_cached("SELECT name, description FROM chats WHERE chat_no = ?1")?
        .query_row([act.chat.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let given = |text: &Option<String>| text.clone();
    let new_name = change.name.as_ref().map(|name| name.as_str().to_owned());
    let new_description = change.description.as_ref().map(|it| it.as_str().to_owned());
    let key = search_key(
        new_name.as_ref().or(name.as_ref()).map_or("", |name| name),
        new_description.as_ref().unwrap_or(&description),
    );
    tx.conn
        .prepare_cached(
            "UPDATE chats SET name = coalesce(?2, name), description = coalesce(?3, description),
                              search_key = ?4, updated_at = ?5 WHERE chat_no = ?1",
        )?
        .execute(params![act.chat.0, new_name, new_description, key, act.at])?;
    if let Some(settings) = &change.settings {
        let since_join = settings.history_for_new_members == NewMemberHistory::SinceJoin;
        tx.conn
            .prepare_cached(
                "UPDATE chats SET allowed = ?2, retention_days = ?3, since_join = ?4
                 WHERE chat_no = ?1",
            )?
            .execute(params![
                act.chat.0,
                allowed(settings),
                settings.message_retention,
                since_join,
            ])?;
    }
    if let Some((avatar, url)) = change.picture() {
        avatars::set_of_chat(tx.conn, act.chat, avatar, url, act.at)?;
    }
    let body = Body::ChatChanged(entry::ChatChanged {
        name: given(&new_name),
        description: given(&new_description),
        avatar: change.picture().is_some(),
        settings: change.settings,
    });
    acts::tell(tx, act, &body)?;
    Ok(())
}

/// See [`Store::delete_chat`](crate::store::Store::delete_chat). The texts go
/// behind it, with what is expired.
pub(super) fn delete(tx: &mut Tx<'_>, act: &Act) -> Result<(), StoreError> {
    if chats::room(tx.conn, act.chat)?.is_none() {
        return Ok(());
    }
    let state = tx
        .heads
        .get(tx.conn, act.chat)?
        .ok_or(StoreError::NoAccess)?;
    if state.acl_rev != act.acl_rev {
        return Err(StoreError::Outdated);
    }
    acts::revise(tx, act.chat)?;
    let members = tx
        .conn
        .prepare_cached(
            "SELECT m.user_no, u.id FROM members m JOIN users u ON u.user_no = m.user_no
             WHERE m.chat_no = ?1 AND m.left_at IS NULL ORDER BY m.join_no",
        )?
        .query_map([act.chat.0], |row| {
            Ok(Actor {
                no: UserNo(row.get(0)?),
                id: UserId::from_bytes(row.get(1)?),
            })
        })?
        .collect::<Result<Vec<_>, _>>()?;
    tx.conn
        .prepare_cached("UPDATE members SET left_at = ?2 WHERE chat_no = ?1 AND left_at IS NULL")?
        .execute([act.chat.0, act.at])?;
    chat_invites::revoke_all(tx.conn, act.chat)?;
    avatars::set_of_chat(tx.conn, act.chat, None, "", act.at)?;
    tx.conn
        .prepare_cached(
            "UPDATE chats SET deleted_at = ?2, members = 0, pair_low = NULL, pair_high = NULL,
                              name = NULL, description = '', search_key = '' WHERE chat_no = ?1",
        )?
        .execute([act.chat.0, act.at])?;
    for member in members {
        let about = About::Chat(act.chat_id);
        account::append(tx, member, account_kind::CHAT_LEFT, act.at, about)?;
    }
    Ok(())
}
