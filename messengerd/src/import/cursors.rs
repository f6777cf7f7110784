//! How far everybody has read.

use std::collections::HashMap;

use anyhow::Context;
use proto::id::EntryId;
use tokio_postgres::Row;
use uuid::Uuid;

use super::Import;
use super::report::Reason;
use super::rooms::CLOSED;
use super::source::{self, Source};
use crate::store::{CursorMove, UserNo};

const READS: &str = "message_reads";

const DANGLING: Reason = Reason::fault("the message or the user is not among those read");

impl Import {
    /// The newest message that each member has read or written, in each chat.
    /// Reading is kept as one cursor here: whatever is before it is read, too.
    pub(super) async fn cursors(&mut self) -> anyhow::Result<()> {
        let source = self.source.clone();
        let (dangling, closed) = source.lost_reads().await?;
        let all = source.count(READS).await?;
        let table = self.report.table(READS);
        table.read = all;
        table.skip(dangling, DANGLING);
        table.skip(closed, CLOSED);
        let mut rows = source.rows("cursors", &query(&source)).await?;
        let mut moved = 0;
        while let Some(page) = rows.next().await? {
            self.undisturbed()?;
            moved += self.advance(&page).await?;
        }
        // A row of the source is a step on a cursor's way here.
        let table = self.report.table(READS);
        let kept = all.saturating_sub(dangling + closed);
        table.imported = moved.min(kept);
        table.merged = kept - table.imported;
        Ok(())
    }

    /// Moves cursors; how many of them did.
    async fn advance(&mut self, page: &[Row]) -> anyhow::Result<u64> {
        let mut wanted: Vec<(UserNo, EntryId, bool)> = Vec::with_capacity(page.len());
        for row in page {
            let user = source::id(row, "person")?.and_then(|id| self.people.get(&id));
            let message = source::id(row, "message")?;
            if let (Some(user), Some(message)) = (user, message) {
                let read = source::flag(row, "seen")? == Some(true);
                wanted.push((user.actor.no, EntryId(message), read));
            }
        }
        let ids: Vec<EntryId> = wanted.iter().map(|(_, id, _)| *id).collect();
        let places: HashMap<Uuid, _> = self
            .store
            .places(ids)
            .await?
            .into_iter()
            .map(|place| (place.id.0, place))
            .collect();
        let moves: Vec<CursorMove> = wanted
            .into_iter()
            .filter_map(|(user, message, read)| {
                let place = places.get(&message.0)?;
                Some(CursorMove {
                    chat: place.chat,
                    user,
                    read: if read { place.seq } else { 0 },
                    delivered: place.seq,
                    shown: true,
                })
            })
            .collect();
        if moves.is_empty() {
            return Ok(0);
        }
        let moved = self.store.move_cursors(moves).await;
        Ok(moved.context("cannot move cursors")?.len() as u64)
    }
}

impl Source {
    /// How many rows are about messages or users that are not there, and how
    /// many about chats that stay behind.
    async fn lost_reads(&self) -> anyhow::Result<(u64, u64)> {
        if !self.has_table(READS) {
            return Ok((0, 0));
        }
        let sql = format!(
            "SELECT count(*) FILTER (WHERE m.id IS NULL OR u.id IS NULL) AS dangling,
               count(*) FILTER (WHERE m.id IS NOT NULL AND u.id IS NOT NULL
                 AND (NOT {active} OR {deleted} IS NOT NULL)) AS closed
             FROM message_reads r
             LEFT JOIN messages m ON m.id::text = {message}
             LEFT JOIN users u ON u.id::text = {user}
             LEFT JOIN chats c ON c.id = m.chat_id",
            active = self.flag("chats", "c", "is_active"),
            deleted = self.time("chats", "c", "deleted_at"),
            message = self.text(READS, "r", "message_id"),
            user = self.text(READS, "r", "user_id"),
        );
        let mut rows = self.rows("lost", &sql).await?;
        let row = rows.next().await?.unwrap_or_default();
        let Some(row) = row.first() else {
            return Ok((0, 0));
        };
        let count = |column| -> anyhow::Result<u64> {
            Ok(source::number(row, column)?.unwrap_or(0) as u64)
        };
        Ok((count("dangling")?, count("closed")?))
    }
}

/// The newest message of each person and chat that they have read (written
/// counts as read), and the newest that reached them.
fn query(s: &Source) -> String {
    const MESSAGES: &str = "messages";
    let column = |name: &str| s.text(MESSAGES, "m", name);
    let (sender, receiver) = (column("sender_id"), column("receiver_id"));
    let messages = format!(
        "SELECT {id} AS id, {sender} AS sender, {receiver} AS receiver, {status} AS status,
           coalesce({chat}, least({sender}, {receiver}) || greatest({sender}, {receiver}))
             AS place,
           coalesce({created}, {updated}, 0) AS at
         FROM messages m",
        id = column("id"),
        status = column("status"),
        chat = column("chat_id"),
        created = s.time(MESSAGES, "m", "created_at"),
        updated = s.time(MESSAGES, "m", "updated_at"),
    );
    let mut parts = vec![
        "SELECT sender AS person, place, true AS seen, id AS message, at FROM w".to_owned(),
        "SELECT receiver, place, status = 'read', id, at FROM w
         WHERE receiver IS NOT NULL AND status IN ('read', 'delivered')"
            .to_owned(),
    ];
    if s.has_table(READS) {
        parts.push(format!(
            "SELECT {user}, w.place, true, w.id, w.at FROM message_reads r
             JOIN w ON w.id = {message}",
            user = s.text(READS, "r", "user_id"),
            message = s.text(READS, "r", "message_id"),
        ));
    }
    format!(
        "WITH w AS MATERIALIZED ({messages})
         SELECT DISTINCT ON (person, place, seen) person, seen, message
         FROM ({}) d WHERE person IS NOT NULL AND place IS NOT NULL
         ORDER BY person, place, seen, at DESC, message DESC",
        parts.join(" UNION ALL ")
    )
}
