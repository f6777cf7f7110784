//! Signed-in devices.

use deadpool_postgres::ClientWrapper;
use futures_util::future::{try_join, try_join3};
use proto::UnixMillis;
use proto::entry::account_kind;
use proto::id::SessionId;
use tokio_postgres::Row;
use uuid::Uuid;

use super::account::{self, About, Note};
use super::error::Fault;
use super::pool::Done;
use super::schema::now;
use super::statements::{self, begin, commit, prepare};
use super::timestamp::At;
use super::users;
use crate::store::{Actor, Committed, NewSession, SessionRecord, UserNo, UserRecord};

const EXPIRE: &str = "DELETE FROM sessions WHERE id IN (
      SELECT id FROM sessions WHERE user_no = $1 AND expires_at <= $2 ORDER BY id FOR UPDATE)";
const INSERT: &str = "INSERT INTO sessions (id, user_no, device, created_at, last_used, expires_at)
    VALUES ($1, $2, $3, $4, $4, $5)";

/// Opens a session in a transaction that the caller has begun, and commits it.
pub(super) async fn open(
    conn: &ClientWrapper,
    user: Actor,
    session: &NewSession,
) -> Result<Vec<Committed>, Fault> {
    let [expire, insert, append] = prepare(conn, [EXPIRE, INSERT, account::APPEND]).await?;
    let users = [user];
    let note = Note::new(
        &users,
        account_kind::SESSION_OPENED,
        session.at,
        About::Session(session.id),
    );
    let (device, at) = (session.device.as_str(), At(session.at));
    let until = session.expires_at.map(At);
    let old: statements::Params<'_> = &[&user.no.0, &at];
    let params: statements::Params<'_> = &[&session.id.0, &user.no.0, &device, &at, &until];
    let (_, _, (rows, ())) = try_join3(
        conn.execute(&expire, old),
        conn.execute(&insert, params),
        try_join(conn.query(&append, &note.params()), commit(conn)),
    )
    .await?;
    note.events(&rows)
}

/// Opens a session of a user who exists.
pub(super) async fn create(
    conn: &ClientWrapper,
    user: UserNo,
    session: &NewSession,
) -> Result<Done<()>, Fault> {
    let actor = account::actor(conn, user).await?;
    begin(conn).await?;
    let events = open(conn, actor, session).await?;
    Ok(Done { value: (), events })
}

fn record(row: &Row) -> Result<SessionRecord, Fault> {
    Ok(SessionRecord {
        id: SessionId(row.try_get(0)?),
        user: UserNo(row.try_get(1)?),
        device: row.try_get(2)?,
        created_at: row.try_get::<_, At>(3)?.0,
        last_used: row.try_get::<_, At>(4)?.0,
        expires_at: row.try_get::<_, Option<At>>(5)?.map(|at| at.0),
    })
}

pub(super) async fn get(
    conn: &ClientWrapper,
    id: SessionId,
) -> Result<Option<(SessionRecord, UserRecord)>, Fault> {
    let sql = concat!(
        "SELECT s.id, s.user_no, s.device, s.created_at, s.last_used, s.expires_at, ",
        users::columns!(),
        " FROM sessions s JOIN users u ON u.user_no = s.user_no
          WHERE s.id = $1 AND NOT u.disabled AND (s.expires_at IS NULL OR s.expires_at > $2)"
    );
    match statements::row(conn, sql, &[&id.0, &now()]).await? {
        Some(row) => Ok(Some((record(&row)?, users::record(&row, 6)?))),
        None => Ok(None),
    }
}

pub(super) async fn of_user(
    conn: &ClientWrapper,
    user: UserNo,
) -> Result<Vec<SessionRecord>, Fault> {
    let rows = statements::rows(
        conn,
        "SELECT id, user_no, device, created_at, last_used, expires_at FROM sessions
         WHERE user_no = $1 AND (expires_at IS NULL OR expires_at > $2)
         ORDER BY last_used DESC, created_at DESC, id",
        &[&user.0, &now()],
    )
    .await?;
    rows.iter().map(record).collect()
}

pub(super) async fn touch(
    conn: &ClientWrapper,
    used: &[(SessionId, UnixMillis)],
) -> Result<Done<()>, Fault> {
    let ids: Vec<Uuid> = used.iter().map(|(id, _)| id.0).collect();
    let times: Vec<At> = used.iter().map(|(_, at)| At(*at)).collect();
    statements::run(
        conn,
        "WITH used AS (
           SELECT id, max(at) AS at FROM unnest($1::uuid[], $2::timestamptz[]) k(id, at)
           GROUP BY id),
         locked AS (
           SELECT s.id, k.at FROM sessions s JOIN used k ON k.id = s.id
           WHERE s.last_used < k.at ORDER BY s.id FOR NO KEY UPDATE OF s)
         UPDATE sessions s SET last_used = l.at FROM locked l WHERE s.id = l.id",
        &[&ids, &times],
    )
    .await?;
    Ok(Done::quiet(()))
}

/// Ends a session; see [`Store::end_session`](crate::store::Store::end_session).
pub(super) async fn end(
    conn: &ClientWrapper,
    user: UserNo,
    session: SessionId,
    at: UnixMillis,
) -> Result<Done<bool>, Fault> {
    let delete = "DELETE FROM sessions s USING users u
        WHERE s.id = $1 AND s.user_no = $2 AND u.user_no = s.user_no RETURNING u.id";
    let [delete, append] = prepare(conn, [delete, account::APPEND]).await?;
    let params: statements::Params<'_> = &[&session.0, &user.0];
    let (_, gone) = try_join(begin(conn), conn.query_opt(&delete, params)).await?;
    let Some(gone) = gone else {
        commit(conn).await?;
        return Ok(Done::quiet(false));
    };
    let users = [Actor {
        no: user,
        id: proto::id::UserId(gone.try_get(0)?),
    }];
    let about = About::Session(session);
    let note = Note::new(&users, account_kind::SESSION_ENDED, at, about);
    let (rows, ()) = try_join(conn.query(&append, &note.params()), commit(conn)).await?;
    Ok(Done {
        value: true,
        events: note.events(&rows)?,
    })
}
