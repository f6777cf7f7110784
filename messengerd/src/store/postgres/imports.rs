//! What comes from another messenger.

use deadpool_postgres::ClientWrapper;
use proto::id::EntryId;
use proto::text::search_fold;
use uuid::Uuid;

use super::error::Fault;
use super::pool::Done;
use super::statements::{self, begin, commit};
use super::timestamp::At;
use super::{avatars, people, users};
use crate::store::imports::{EntryPlace, ImportedUser};
use crate::store::{ChatNo, UserRecord};

/// See [`Store::import_user`](crate::store::Store::import_user).
pub(super) async fn user(
    conn: &ClientWrapper,
    user: &ImportedUser,
) -> Result<Done<(UserRecord, bool)>, Fault> {
    if let Some(known) = users::find(conn, &[user.id], &[]).await?.pop() {
        return Ok(Done::quiet((known, false)));
    }
    begin(conn).await?;
    let key = user.username.key();
    let email = user
        .email
        .as_ref()
        .map(|email| users::email_key(email.as_str()));
    users::free(conn, &key, email.as_deref()).await?;
    avatars::hold(conn, user.avatar).await?;
    let (first, last) = (shown(&user.first_name), shown(&user.last_name));
    let names = search_fold(&format!("{first} {last}"));
    let sql = concat!(
        "INSERT INTO users AS u
           (id, username, username_key, email, password_hash, admin, disabled, first_name,
            last_name, names_key, avatar, status, last_seen, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)
         RETURNING ",
        users::columns!()
    );
    let row = statements::row(
        conn,
        sql,
        &[
            &user.id.0,
            &user.username.as_str(),
            &key,
            &email,
            &user.password_hash,
            &user.admin,
            &user.disabled,
            &first,
            &last,
            &names.trim(),
            &user.avatar.as_ref().map(|avatar| avatar.0.as_slice()),
            &people::status_number(user.status),
            &user.last_seen.map(At),
            &At(user.created_at),
        ],
    )
    .await?
    .ok_or_else(|| Fault::internal("no number"))?;
    let value = users::record(&row, 0)?;
    commit(conn).await?;
    Ok(Done::quiet((value, true)))
}

fn shown<T: AsRef<str>>(name: &Option<T>) -> &str {
    name.as_ref().map_or("", AsRef::as_ref)
}

/// See [`Store::places`](crate::store::Store::places).
pub(super) async fn places(
    conn: &ClientWrapper,
    ids: &[EntryId],
) -> Result<Vec<EntryPlace>, Fault> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = statements::rows(
        conn,
        "SELECT m.id, m.chat_no, m.seq FROM unnest($1::uuid[]) k(id)
         JOIN messages m ON m.id = k.id",
        &[&ids],
    )
    .await?;
    let place = |row: &tokio_postgres::Row| {
        Ok(EntryPlace {
            id: EntryId(row.try_get(0)?),
            chat: ChatNo(row.try_get(1)?),
            seq: row.try_get::<_, i64>(2)? as u64,
        })
    };
    rows.iter().map(place).collect()
}
