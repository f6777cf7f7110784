//! What people change about their own accounts.

use deadpool_postgres::ClientWrapper;
use proto::UnixMillis;
use proto::digest::Digest;
use proto::entry::account_kind;
use proto::id::SessionId;
use proto::request::Status;
use proto::text::search_fold;
use uuid::Uuid;

use super::account::{self, About, Note};
use super::error::Fault;
use super::pool::Done;
use super::statements::{self, Params, leave};
use super::timestamp::At;
use super::{avatars, users};
use crate::store::people::{ChosenStatus, ProfileChange};
use crate::store::{Actor, StoreError, UserRecord};

const LOCK: &str = concat!(
    "SELECT ",
    users::columns!(),
    " FROM users u WHERE u.user_no = $1 FOR NO KEY UPDATE"
);
const SHOW: &str = concat!(
    "SELECT ",
    users::columns!(),
    " FROM users u WHERE u.user_no = $1"
);

/// The account, locked, in a transaction that begins with it.
async fn locked(conn: &ClientWrapper, user: Actor) -> Result<UserRecord, Fault> {
    let answers = statements::start(conn, &[(LOCK, &[&user.no.0])]).await?;
    let row = answers.first().and_then(|rows| rows.first());
    users::record(row.ok_or(StoreError::NoAccess)?, 0)
}

/// Changes an account that is locked, by one statement or two more.
async fn changed(
    conn: &ClientWrapper,
    user: Actor,
    at: UnixMillis,
    change: (&'static str, Params<'_>),
    sweep: Option<&[u8]>,
) -> Result<Done<UserRecord>, Fault> {
    let users = [user];
    let note = Note::new(&users, account_kind::PROFILE_CHANGED, at, About::Oneself);
    let answers = statements::finish(
        conn,
        &[
            change,
            (avatars::LOCK, &[&sweep]),
            (avatars::SWEEP, &[&sweep]),
            (account::APPEND, &note.params()),
            (SHOW, &[&user.no.0]),
        ],
    )
    .await?;
    let [.., noted, shown] = answers.as_slice() else {
        return Err(Fault::internal("answers were lost"));
    };
    let row = shown.first().ok_or(StoreError::NoAccess)?;
    Ok(Done {
        value: users::record(row, 0)?,
        events: note.events(noted)?,
    })
}

const SET_PROFILE: &str = "UPDATE users SET first_name = $2, last_name = $3, names_key = $4,
      bio = $5, email = $6, receipts = $7, rev = rev + $8, updated_at = $9
    WHERE user_no = $1";

/// See [`Store::set_profile`](crate::store::Store::set_profile).
pub(super) async fn set_profile(
    conn: &ClientWrapper,
    user: Actor,
    change: &ProfileChange,
    at: UnixMillis,
) -> Result<Done<UserRecord>, Fault> {
    let before = locked(conn, user).await?;
    let text = |name: &Option<proto::text::DisplayName>| {
        name.as_ref().map_or(String::new(), |name| name.to_string())
    };
    let first = change.first_name.as_ref().map(text);
    let last = change.last_name.as_ref().map(text);
    let first = first.unwrap_or_else(|| before.first_name.clone());
    let last = last.unwrap_or_else(|| before.last_name.clone());
    let bio = match &change.bio {
        Some(bio) => bio.as_str().to_owned(),
        None => before.bio.clone(),
    };
    let email = match &change.email {
        Some(email) => email.as_ref().map(|email| users::email_key(email.as_str())),
        None => before.email.clone(),
    };
    let receipts = change.receipts.unwrap_or(before.receipts);
    let names = search_fold(&format!("{first} {last}"));
    let same = (&email, receipts) == (&before.email, before.receipts);
    let news = (&first, &last, &bio) != (&before.first_name, &before.last_name, &before.bio);
    if same && !news {
        leave(conn).await?;
        return Ok(Done::quiet(before));
    }
    let by = i64::from(news);
    let params: Params<'_> = &[
        &user.no.0,
        &first,
        &last,
        &names,
        &bio,
        &email,
        &receipts,
        &by,
        &At(at),
    ];
    changed(conn, user, at, (SET_PROFILE, params), None).await
}

const SET_STATUS: &str = "UPDATE users SET status = $2, status_text = $3, status_until = $4,
      updated_at = $5
    WHERE user_no = $1";

pub(super) fn status_number(status: Status) -> i16 {
    match status {
        Status::Away => 2,
        Status::Busy => 3,
        Status::Invisible => 4,
        // Nobody chooses the last two.
        Status::Online | Status::Offline | Status::Unknown => 1,
    }
}

pub(super) fn status_of(number: i16) -> Status {
    match number {
        2 => Status::Away,
        3 => Status::Busy,
        4 => Status::Invisible,
        _ => Status::Online,
    }
}

/// See [`Store::set_status`](crate::store::Store::set_status).
pub(super) async fn set_status(
    conn: &ClientWrapper,
    user: Actor,
    chosen: &ChosenStatus,
    at: UnixMillis,
) -> Result<Done<UserRecord>, Fault> {
    locked(conn, user).await?;
    let text = chosen.text.as_ref().map_or("", |text| text.as_str());
    let (status, until) = (status_number(chosen.status), chosen.until.map(At));
    let params: Params<'_> = &[&user.no.0, &status, &text, &until, &At(at)];
    changed(conn, user, at, (SET_STATUS, params), None).await
}

const SET_AVATAR: &str = "UPDATE users
    SET avatar = $2, rev = rev + 1, updated_at = $3, avatar_url = $4
    WHERE user_no = $1";

/// See [`Store::set_user_avatar`](crate::store::Store::set_user_avatar).
pub(super) async fn set_avatar(
    conn: &ClientWrapper,
    user: Actor,
    avatar: Option<Digest>,
    url: &str,
    at: UnixMillis,
) -> Result<Done<UserRecord>, Fault> {
    let before = locked(conn, user).await?;
    if before.avatar == avatar && before.avatar_url == url {
        leave(conn).await?;
        return Ok(Done::quiet(before));
    }
    avatars::hold(conn, avatar).await?;
    let hash = avatar.as_ref().map(|hash| hash.0.as_slice());
    let gone = before.avatar.filter(|before| Some(*before) != avatar);
    let gone = gone.as_ref().map(|hash| hash.0.as_slice());
    let set: Params<'_> = &[&user.no.0, &hash, &At(at), &url];
    changed(conn, user, at, (SET_AVATAR, set), gone).await
}

const LOCK_SESSIONS: &str = "SELECT id FROM sessions WHERE user_no = $1 AND id <> $2
    ORDER BY id FOR UPDATE";
const SET_PASSWORD: &str = "UPDATE users SET password_hash = $2 WHERE user_no = $1 RETURNING 1";
const END_SESSIONS: &str = "DELETE FROM sessions WHERE id = ANY($1::uuid[])";

/// See [`Store::set_password`](crate::store::Store::set_password).
pub(super) async fn set_password(
    conn: &ClientWrapper,
    user: Actor,
    password_hash: &str,
    keep: SessionId,
    at: UnixMillis,
) -> Result<Done<()>, Fault> {
    let answers = statements::start(
        conn,
        &[
            (LOCK_SESSIONS, &[&user.no.0, &keep.0]),
            (SET_PASSWORD, &[&user.no.0, &password_hash]),
        ],
    )
    .await?;
    let [sessions, set] = answers.as_slice() else {
        return Err(Fault::internal("answers were lost"));
    };
    if set.is_empty() {
        return Err(StoreError::NoAccess.into());
    }
    let sessions: Vec<Uuid> = sessions
        .iter()
        .map(|row| row.try_get(0))
        .collect::<Result<_, _>>()?;
    let users = [user];
    let kind = account_kind::SESSION_ENDED;
    let mut events = Vec::with_capacity(sessions.len());
    for session in &sessions {
        let note = Note::new(&users, kind, at, About::Session(SessionId(*session)));
        let rows = statements::rows(conn, account::APPEND, &note.params()).await?;
        events.extend(note.events(&rows)?);
    }
    statements::finish(conn, &[(END_SESSIONS, &[&sessions])]).await?;
    Ok(Done { value: (), events })
}
