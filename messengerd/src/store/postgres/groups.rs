//! Properties of chats, their end, and the directory of the public ones.

use deadpool_postgres::ClientWrapper;
use proto::UnixMillis;
use proto::entry::{self, Body, account_kind, kind};
use proto::id::{ChatId, UserId};
use proto::request::{ChatPrefs, ChatSettings, NewMemberHistory, NotifyLevel};
use proto::text::search_fold;
use tokio_postgres::Row;

use super::account::{self, About, Note};
use super::act::{CHANGE_HEAD, Locked};
use super::avatars;
use super::chats::search_key;
use super::entry_row::EntryRow;
use super::error::Fault;
use super::pool::Done;
use super::statements;
use super::timestamp::At;
use crate::store::groups::{Act, ChatChange, PublicRecord};
use crate::store::{Actor, ChatNo, StoreError, UserNo};

/// The bits of `chats.allowed`.
fn allowed_number(settings: &ChatSettings) -> i16 {
    [
        settings.allow_invites,
        settings.allow_members_add,
        settings.allow_file_sharing,
        settings.allow_voice_calls,
        settings.allow_video_calls,
    ]
    .into_iter()
    .enumerate()
    .map(|(bit, on)| i16::from(on) << bit)
    .sum()
}

/// Reads settings from `allowed`, `retention_days` and `since_join`, the first
/// of which is column `at`.
pub(super) fn settings(row: &Row, at: usize) -> Result<ChatSettings, Fault> {
    let allowed: i16 = row.try_get(at)?;
    let bit = |bit: i16| allowed & (1 << bit) != 0;
    let since_join: bool = row.try_get(at + 2)?;
    Ok(ChatSettings {
        allow_invites: bit(0),
        allow_members_add: bit(1),
        allow_file_sharing: bit(2),
        allow_voice_calls: bit(3),
        allow_video_calls: bit(4),
        message_retention: u32::try_from(row.try_get::<_, i32>(at + 1)?).unwrap_or(0),
        history_for_new_members: if since_join {
            NewMemberHistory::SinceJoin
        } else {
            NewMemberHistory::All
        },
    })
}

const SHOWN: &str =
    "SELECT name, description, avatar, allowed, retention_days, since_join, avatar_url
    FROM chats WHERE chat_no = $1";
const CHANGE: &str = "UPDATE chats SET name = $2, description = $3, search_key = $4, avatar = $5,
      allowed = $6, retention_days = $7, since_join = $8, updated_at = $9, avatar_url = $10
    WHERE chat_no = $1";

/// See [`Store::change_chat`](crate::store::Store::change_chat).
pub(super) async fn change(
    conn: &ClientWrapper,
    act: Act,
    change: &ChatChange,
) -> Result<Done<()>, Fault> {
    if *change == ChatChange::default() {
        return Ok(Done::quiet(()));
    }
    let Some(locked) = Locked::begin(conn, act, kind::CHAT_CHANGED, &[]).await? else {
        return Ok(Done::quiet(()));
    };
    let row = statements::row(conn, SHOWN, &[&act.chat.0]).await?;
    let row = row.ok_or(StoreError::NoAccess)?;
    let mut name: Option<String> = row.try_get(0)?;
    let mut description: String = row.try_get(1)?;
    let before = avatars::hash(&row, 2)?;
    let mut settings = settings(&row, 3)?;
    if let Some(new) = &change.name {
        name = Some(new.as_str().to_owned());
    }
    if let Some(new) = &change.description {
        description = new.as_str().to_owned();
    }
    if let Some(new) = change.settings {
        settings = new;
    }
    let pointed: String = row.try_get(6)?;
    let (avatar, url) = change.picture().unwrap_or((before, &pointed));
    if avatar != before {
        avatars::hold(conn, avatar).await?;
    }
    let body = Body::ChatChanged(entry::ChatChanged {
        name: change.name.as_ref().map(|name| name.as_str().to_owned()),
        description: change
            .description
            .as_ref()
            .map(|text| text.as_str().to_owned()),
        avatar: change.picture().is_some(),
        settings: change.settings,
    });
    let changed = locked.entry(&body)?;
    let key = search_key(name.as_deref(), &description);
    let hash = avatar.as_ref().map(|hash| hash.0.as_slice());
    let allowed = allowed_number(&settings);
    let days = settings.message_retention.cast_signed();
    let since_join = settings.history_for_new_members == NewMemberHistory::SinceJoin;
    let gone = before.filter(|before| Some(*before) != avatar);
    let gone = gone.as_ref().map(|hash| hash.0.as_slice());
    statements::finish(
        conn,
        &[
            (CHANGE_HEAD, &[&act.chat.0, &1i64]),
            (EntryRow::INSERT, &changed.params()),
            (
                CHANGE,
                &[
                    &act.chat.0,
                    &name,
                    &description,
                    &key,
                    &hash,
                    &allowed,
                    &days,
                    &since_join,
                    &At(act.at),
                    &url,
                ],
            ),
            (avatars::LOCK, &[&gone]),
            (avatars::SWEEP, &[&gone]),
        ],
    )
    .await?;
    Ok(Done {
        value: (),
        events: vec![locked.event(changed)],
    })
}

const PRESENT: &str = "SELECT m.user_no, u.id FROM members m JOIN users u ON u.user_no = m.user_no
    WHERE m.chat_no = $1 AND m.left_at IS NULL ORDER BY m.join_no";
const ALL_LEAVE: &str = "UPDATE members SET left_at = $2 WHERE chat_no = $1 AND left_at IS NULL";
/// What it was about goes at once; its entries behind, see `expiry`.
const DELETE: &str = "UPDATE chats SET deleted_at = $2, members = 0, pair_low = NULL,
      pair_high = NULL, name = NULL, description = '', search_key = '', avatar = NULL,
      avatar_url = ''
    WHERE chat_no = $1";
const REVOKE: &str = "UPDATE chat_invites SET revoked = true WHERE chat_no = $1";
const UNPIN: &str = "DELETE FROM pins WHERE chat_no = $1";

/// See [`Store::delete_chat`](crate::store::Store::delete_chat).
pub(super) async fn delete(conn: &ClientWrapper, act: Act) -> Result<Done<()>, Fault> {
    let locked = match Locked::begin_anyhow(conn, act, &[]).await {
        // It is gone already.
        Err(Fault::Refused(StoreError::NoAccess)) => return Locked::nothing(conn).await,
        locked => locked?,
    };
    if locked.acl_rev != act.acl_rev {
        return Err(StoreError::Outdated.into());
    }
    let rows = statements::rows(conn, PRESENT, &[&act.chat.0]).await?;
    let mut users = Vec::with_capacity(rows.len());
    for row in &rows {
        users.push(Actor {
            no: UserNo(row.try_get(0)?),
            id: UserId(row.try_get(1)?),
        });
    }
    let row = statements::row(conn, SHOWN, &[&act.chat.0]).await?;
    let avatar = avatars::hash(&row.ok_or(StoreError::NoAccess)?, 2)?;
    let avatar = avatar.as_ref().map(|hash| hash.0.as_slice());
    let about = About::Chat(act.chat_id);
    let note = Note::new(&users, account_kind::CHAT_LEFT, act.at, about);
    let at = At(act.at);
    let answers = statements::finish(
        conn,
        &[
            (CHANGE_HEAD, &[&locked.act.chat.0, &0i64]),
            (ALL_LEAVE, &[&act.chat.0, &at]),
            (DELETE, &[&act.chat.0, &at]),
            (REVOKE, &[&act.chat.0]),
            (UNPIN, &[&act.chat.0]),
            (avatars::LOCK, &[&avatar]),
            (avatars::SWEEP, &[&avatar]),
            (account::APPEND, &note.params()),
        ],
    )
    .await?;
    Ok(Done {
        value: (),
        events: note.events(answers.last().map_or(&[], Vec::as_slice))?,
    })
}

/// See [`Store::directory`](crate::store::Store::directory).
pub(super) async fn directory(
    conn: &ClientWrapper,
    user: UserNo,
    query: &str,
    limit: u32,
    offset: u32,
) -> Result<(Vec<PublicRecord>, bool), Fault> {
    let rows = statements::rows(
        conn,
        "SELECT c.id, c.name, c.description, c.avatar, c.members,
                EXISTS (SELECT 1 FROM members m WHERE m.chat_no = c.chat_no AND m.user_no = $1
                        AND m.left_at IS NULL)
         FROM chats c
         WHERE c.kind = 3 AND c.deleted_at IS NULL AND strpos(c.search_key, $2) > 0
         ORDER BY c.members DESC, c.chat_no LIMIT $3 OFFSET $4",
        &[
            &user.0,
            &search_fold(query).trim(),
            &(i64::from(limit) + 1),
            &i64::from(offset),
        ],
    )
    .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        found.push(PublicRecord {
            id: ChatId(row.try_get(0)?),
            name: row.try_get::<_, Option<String>>(1)?.unwrap_or_default(),
            description: row.try_get(2)?,
            avatar: avatars::hash(row, 3)?,
            members: row.try_get::<_, i64>(4)? as u64,
            joined: row.try_get(5)?,
        });
    }
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    Ok((found, more))
}

fn notify_number(notify: NotifyLevel) -> i16 {
    match notify {
        NotifyLevel::Mentions => 2,
        NotifyLevel::None => 3,
        NotifyLevel::All | NotifyLevel::Unknown => 1,
    }
}

/// See [`Store::chat_prefs`](crate::store::Store::chat_prefs).
pub(super) async fn prefs(
    conn: &ClientWrapper,
    chat: ChatNo,
    user: UserNo,
) -> Result<Option<ChatPrefs>, Fault> {
    let row = statements::row(
        conn,
        "SELECT notify, quiet_until, hidden_upto FROM members
         WHERE chat_no = $1 AND user_no = $2 AND left_at IS NULL",
        &[&chat.0, &user.0],
    )
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(prefs_record(&row, 0)?))
}

/// Reads settings from `notify`, `quiet_until` and `hidden_upto`, the first of
/// which is column `at`.
pub(super) fn prefs_record(row: &Row, at: usize) -> Result<ChatPrefs, Fault> {
    Ok(ChatPrefs {
        notify: match row.try_get::<_, i16>(at)? {
            2 => NotifyLevel::Mentions,
            3 => NotifyLevel::None,
            _ => NotifyLevel::All,
        },
        muted_until: row.try_get(at + 1)?,
        hidden_upto: row.try_get::<_, i64>(at + 2)? as u64,
    })
}

const SET_PREFS: &str = "UPDATE members SET notify = $3, quiet_until = $4, hidden_upto = $5
    WHERE chat_no = $1 AND user_no = $2 AND left_at IS NULL RETURNING 1";
const ID: &str = "SELECT id FROM chats WHERE chat_no = $1";

/// See [`Store::set_chat_prefs`](crate::store::Store::set_chat_prefs).
pub(super) async fn set_prefs(
    conn: &ClientWrapper,
    chat: ChatNo,
    user: Actor,
    prefs: &ChatPrefs,
    at: UnixMillis,
) -> Result<Done<()>, Fault> {
    let notify = notify_number(prefs.notify);
    let hidden = account::clamped(prefs.hidden_upto);
    let answers = statements::start(
        conn,
        &[
            (
                SET_PREFS,
                &[&chat.0, &user.no.0, &notify, &prefs.muted_until, &hidden],
            ),
            (ID, &[&chat.0]),
        ],
    )
    .await?;
    let [set, id] = answers.as_slice() else {
        return Err(Fault::internal("answers were lost"));
    };
    let (_, id) = (set.first().zip(id.first())).ok_or(StoreError::NoAccess)?;
    let users = [user];
    let about = About::Chat(ChatId(id.try_get(0)?));
    let note = Note::new(&users, account_kind::CHAT_PREFS_CHANGED, at, about);
    let answers = statements::finish(conn, &[(account::APPEND, &note.params())]).await?;
    Ok(Done {
        value: (),
        events: note.events(answers.last().map_or(&[], Vec::as_slice))?,
    })
}
