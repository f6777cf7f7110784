//! Rows with what was done to their messages: read where they are shown.

use std::collections::{HashMap, HashSet};

use proto::Seq;
use proto::entry::{Body, kind};
use proto::event::ReceiptCounts;
use proto::id::{ChatId, UserId};
use proto::request::Found;
use rusqlite::{Connection, OptionalExtension, params};

use super::account::{id16, own_id};
use super::chats::{chat_no, short};
use super::entries::{ENTRY_COLUMNS, entry_row};
use super::people::{known_name, name};
use super::search::edited_text;
use super::{Db, DbError};
use crate::client::model::{
    EditRow, EntryRow, MemberRow, OutboxKind, OutboxRow, OutboxState, Quote, Reaction, ReactionRow,
    Receipt, ReceiptRow, subjects,
};

/// Characters of a quoted text.
const QUOTE: usize = 200;
/// Names shown beside a reaction.
const NAMES: usize = 10;

/// Adds to neighbouring rows of a chat what was done to them.
pub(super) fn describe_page(
    conn: &Connection,
    own: Option<UserId>,
    no: i64,
    rows: &mut [EntryRow],
) -> Result<(), DbError> {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
        return Ok(());
    };
    // One question for all: to most messages nothing was done.
    let mut query = conn.prepare_cached(
        "SELECT seq FROM edits WHERE chat_no = ?1 AND seq BETWEEN ?2 AND ?3
         UNION SELECT seq FROM reactions WHERE chat_no = ?1 AND seq BETWEEN ?2 AND ?3
         UNION SELECT seq FROM pins WHERE chat_no = ?1 AND seq BETWEEN ?2 AND ?3
         UNION SELECT seq FROM mentions WHERE chat_no = ?1 AND seq BETWEEN ?2 AND ?3",
    )?;
    let touched: HashSet<Seq> = query
        .query_map(params![no, first.seq, last.seq], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for row in rows {
        let touched = touched.contains(&row.seq);
        describe(conn, own, no, row, touched)?;
    }
    Ok(())
}

/// Adds what a message refers to and, where something was, what was done to it.
fn describe(
    conn: &Connection,
    own: Option<UserId>,
    no: i64,
    row: &mut EntryRow,
    touched: bool,
) -> Result<(), DbError> {
    if let Some(seq) = row.ref_seq {
        row.quote = Some(quote(conn, no, seq)?);
    }
    let Body::Message(message) = &row.body else {
        for user in subjects(&row.body) {
            row.subjects
                .extend(known_name(conn, user)?.map(|name| (user, name)));
        }
        return Ok(());
    };
    if let Some(origin) = message.forwarded {
        row.forwarded = Some(name(conn, origin.user)?);
    }
    if row.deleted || !touched {
        return Ok(());
    }
    if let Some((text, edits)) = edited_text(conn, no, row.seq)? {
        row.edited = Some(text);
        row.edits = edits;
    }
    row.reactions = standing(conn, own, no, row.seq)?;
    row.pinned = conn
        .prepare_cached("SELECT 1 FROM pins WHERE chat_no = ?1 AND seq = ?2 AND stands")?
        .exists(params![no, row.seq])?;
    row.mention = conn
        .prepare_cached("SELECT 1 FROM mentions WHERE chat_no = ?1 AND seq = ?2")?
        .exists(params![no, row.seq])?;
    Ok(())
}

fn quote(conn: &Connection, no: i64, seq: Seq) -> Result<Quote, DbError> {
    let found = conn
        .prepare_cached(
            "SELECT e.kind, e.body, e.actor, u.name FROM entries e
             LEFT JOIN users u ON u.id = e.actor WHERE e.chat_no = ?1 AND e.seq = ?2",
        )?
        .query_row(params![no, seq], |row| {
            let actor = id16(row.get_ref(2)?.as_blob()?)?;
            let name: Option<String> = row.get(3)?;
            let body = Body::decode(row.get(0)?, row.get_ref(1)?.as_blob()?);
            Ok((body, name.unwrap_or_else(|| short(&actor))))
        })
        .optional()?;
    let mut quote = Quote {
        seq,
        author: None,
        text: String::new(),
        deleted: false,
    };
    if let Some((body, author)) = found {
        quote.author = Some(author);
        if let Body::Message(message) = body {
            quote.deleted = message.deleted;
            let text = match edited_text(conn, no, seq)? {
                Some((text, _)) if !message.deleted => text,
                _ => message.text,
            };
            quote.text = beginning(&text);
        }
    }
    Ok(quote)
}

fn beginning(text: &str) -> String {
    text.chars().take(QUOTE).collect()
}

fn standing(
    conn: &Connection,
    own: Option<UserId>,
    no: i64,
    seq: Seq,
) -> Result<Vec<Reaction>, DbError> {
    let mut query = conn.prepare_cached(
        "SELECT r.emoji, r.user, u.name FROM reactions r LEFT JOIN users u ON u.id = r.user
         WHERE r.chat_no = ?1 AND r.seq = ?2 AND r.stands ORDER BY r.entry_seq",
    )?;
    let rows = query.query_map(params![no, seq], |row| {
        let user = UserId::from_bytes(id16(row.get_ref(1)?.as_blob()?)?);
        Ok((
            row.get::<_, String>(0)?,
            user,
            row.get::<_, Option<String>>(2)?,
        ))
    })?;
    let mut reactions: Vec<Reaction> = Vec::new();
    for row in rows {
        let (emoji, user, name) = row?;
        let mine = Some(user) == own;
        let name = name.unwrap_or_else(|| short(user.as_bytes()));
        add_reaction(&mut reactions, &emoji, mine, (!mine).then_some(name));
    }
    Ok(reactions)
}

fn add_reaction(reactions: &mut Vec<Reaction>, emoji: &str, mine: bool, name: Option<String>) {
    let at = match reactions.iter().position(|known| known.emoji == emoji) {
        Some(at) => at,
        None => {
            reactions.push(Reaction {
                emoji: emoji.to_owned(),
                count: 0,
                mine: false,
                names: Vec::new(),
            });
            reactions.len() - 1
        }
    };
    let reaction = &mut reactions[at];
    reaction.count += 1;
    reaction.mine |= mine;
    if reaction.names.len() < NAMES {
        reaction.names.extend(name);
    }
}

/// Shows changes of the outbox as if they had come back already. Those that
/// failed are not shown.
pub(super) fn foresee(rows: &mut [EntryRow], changes: &[OutboxRow]) {
    for change in changes {
        if matches!(change.state, OutboxState::Failed(_)) {
            continue;
        }
        let Some(row) = change.kind.target().and_then(|seq| {
            let at = rows.binary_search_by_key(&seq, |row| row.seq).ok()?;
            rows.get_mut(at)
        }) else {
            continue;
        };
        if row.kind != kind::MESSAGE || row.deleted {
            continue;
        }
        row.pending = true;
        match change.kind {
            OutboxKind::Edit { .. } => {
                row.edited = Some(change.text.clone());
                row.edits += 1;
            }
            OutboxKind::Delete { .. } => {
                row.deleted = true;
                row.edited = None;
                row.edits = 0;
                row.reactions.clear();
                row.pinned = false;
                if let Body::Message(message) = &mut row.body {
                    message.text.clear();
                    message.deleted = true;
                }
            }
            OutboxKind::React { on, .. } => foresee_reaction(row, &change.text, on),
            OutboxKind::Pin { on, .. } => row.pinned = on,
            OutboxKind::Message | OutboxKind::Forward { .. } => {}
        }
    }
}

fn foresee_reaction(row: &mut EntryRow, emoji: &str, on: bool) {
    let mine = row
        .reactions
        .iter()
        .any(|known| known.emoji == emoji && known.mine);
    if on && !mine {
        add_reaction(&mut row.reactions, emoji, true, None);
    } else if !on && mine {
        for reaction in &mut row.reactions {
            if reaction.emoji == emoji {
                reaction.mine = false;
                reaction.count = reaction.count.saturating_sub(1);
            }
        }
        row.reactions.retain(|reaction| reaction.count > 0);
    }
}

/// Adds how far own messages got: from the members' cursors, in large chats
/// also from the counts that were told of a later message.
pub(super) fn receipts(
    rows: &mut [EntryRow],
    members: &[MemberRow],
    own: UserId,
    counted: &ReceiptCounts,
) {
    let others = || members.iter().filter(|member| member.user != own);
    let mut read: Vec<Seq> = others().map(|member| member.read).collect();
    let mut delivered: Vec<Seq> = others()
        .map(|member| member.delivered.max(member.read))
        .collect();
    read.sort_unstable();
    delivered.sort_unstable();
    let of = read.len() as u32;
    let from = |sorted: &[Seq], seq: Seq| of - sorted.partition_point(|at| *at < seq) as u32;
    for row in rows
        .iter_mut()
        .filter(|row| row.actor == own && row.kind == kind::MESSAGE)
    {
        let mut receipt = Receipt {
            delivered: from(&delivered, row.seq),
            read: from(&read, row.seq),
            of,
        };
        if row.seq <= counted.seq {
            receipt.delivered = receipt.delivered.max((counted.delivered as u32).min(of));
            receipt.read = receipt.read.max((counted.read as u32).min(of));
        }
        row.receipt = Some(receipt);
    }
}

impl Db {
    /// Adds to rows of any chats what was done to them.
    pub(super) fn describe(&self, rows: &mut [EntryRow]) -> Result<(), DbError> {
        let own = own_id(&self.conn)?;
        let mut numbers: HashMap<ChatId, Option<i64>> = HashMap::new();
        for row in rows {
            let no = match numbers.get(&row.chat) {
                Some(no) => *no,
                None => {
                    let no = chat_no(&self.conn, row.chat)?;
                    numbers.insert(row.chat, no);
                    no
                }
            };
            if let Some(no) = no {
                describe(&self.conn, own, no, row, true)?;
            }
        }
        Ok(())
    }

    /// One cached entry.
    pub(crate) fn entry(&self, chat: ChatId, seq: Seq) -> Result<Option<EntryRow>, DbError> {
        let Some(no) = chat_no(&self.conn, chat)? else {
            return Ok(None);
        };
        let sql = format!(
            "SELECT {ENTRY_COLUMNS} FROM entries e LEFT JOIN users u ON u.id = e.actor
             WHERE e.chat_no = ?1 AND e.seq = ?2"
        );
        let found = self
            .conn
            .prepare_cached(&sql)?
            .query_row(params![no, seq], |row| entry_row(row, chat))
            .optional()?;
        let Some(row) = found else {
            return Ok(None);
        };
        let mut rows = [row];
        self.describe(&mut rows)?;
        foresee(&mut rows, &self.pending_changes(chat)?);
        let [row] = rows;
        Ok(Some(row))
    }

    /// The texts that a message had, oldest first.
    pub(crate) fn edit_history(&self, chat: ChatId, seq: Seq) -> Result<Vec<EditRow>, DbError> {
        let Some(no) = chat_no(&self.conn, chat)? else {
            return Ok(Vec::new());
        };
        let mut query = self.conn.prepare_cached(
            "SELECT seq, at, kind, body FROM entries WHERE chat_no = ?1 AND (seq = ?2 OR seq IN
               (SELECT edit_seq FROM edits WHERE chat_no = ?1 AND seq = ?2)) ORDER BY seq",
        )?;
        let rows = query.query_map(params![no, seq], |row| {
            let body = Body::decode(row.get(2)?, row.get_ref(3)?.as_blob()?);
            Ok((row.get(0)?, row.get(1)?, body))
        })?;
        let mut history = Vec::new();
        for row in rows {
            let (seq, at, body) = row?;
            let text = match body {
                Body::Message(message) if !message.deleted => message.text,
                Body::Edited(edited) => edited.text,
                _ => continue,
            };
            history.push(EditRow { seq, at, text });
        }
        Ok(history)
    }

    /// Who reacted to a message, oldest first.
    pub(crate) fn reactions(&self, chat: ChatId, seq: Seq) -> Result<Vec<ReactionRow>, DbError> {
        let Some(no) = chat_no(&self.conn, chat)? else {
            return Ok(Vec::new());
        };
        let mut query = self.conn.prepare_cached(
            "SELECT r.user, u.name, r.emoji, e.at FROM reactions r
             LEFT JOIN users u ON u.id = r.user
             LEFT JOIN entries e ON e.chat_no = r.chat_no AND e.seq = r.entry_seq
             WHERE r.chat_no = ?1 AND r.seq = ?2 AND r.stands ORDER BY r.entry_seq",
        )?;
        let rows = query.query_map(params![no, seq], |row| {
            let user = UserId::from_bytes(id16(row.get_ref(0)?.as_blob()?)?);
            let name: Option<String> = row.get(1)?;
            let at: Option<proto::UnixMillis> = row.get(3)?;
            Ok(ReactionRow {
                user,
                name: name.unwrap_or_else(|| short(user.as_bytes())),
                emoji: row.get(2)?,
                at: at.unwrap_or(0),
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How far a message got with each member but oneself.
    pub(crate) fn receipts(&mut self, chat: ChatId, seq: Seq) -> Result<Vec<ReceiptRow>, DbError> {
        let own = own_id(&self.conn)?;
        let members = self.members_of(chat)?;
        Ok(members
            .into_iter()
            .filter(|member| Some(member.user) != own)
            .map(|member| ReceiptRow {
                user: member.user,
                read: member.read >= seq,
                delivered: member.delivered.max(member.read) >= seq,
                name: member.name,
            })
            .collect())
    }

    /// The pinned messages that are cached, latest pin first.
    pub(crate) fn pins(&self, chat: ChatId) -> Result<Vec<EntryRow>, DbError> {
        let Some(no) = chat_no(&self.conn, chat)? else {
            return Ok(Vec::new());
        };
        let sql = format!(
            "SELECT {ENTRY_COLUMNS} FROM pins p
             JOIN entries e ON e.chat_no = p.chat_no AND e.seq = p.seq
             LEFT JOIN users u ON u.id = e.actor
             WHERE p.chat_no = ?1 AND p.stands ORDER BY p.entry_seq DESC"
        );
        let mut query = self.conn.prepare_cached(&sql)?;
        let rows = query.query_map([no], |row| entry_row(row, chat))?;
        let mut rows: Vec<_> = rows.collect::<Result<_, _>>()?;
        self.describe(&mut rows)?;
        Ok(rows)
    }

    /// What the server found, with names and, where it is cached, its state.
    pub(crate) fn found_rows(&self, found: &[Found]) -> Result<Vec<EntryRow>, DbError> {
        let mut rows = Vec::with_capacity(found.len());
        for Found {
            chat,
            entry,
            edited,
        } in found
        {
            let body = Body::decode(entry.kind, &entry.body);
            let mut row = EntryRow::new(*chat, entry.seq, entry.actor, entry.kind, body);
            row.msg_no = entry.msg_no;
            row.id = entry.id;
            row.ref_seq = entry.ref_seq;
            row.at = entry.at;
            row.actor_name = name(&self.conn, entry.actor)?;
            if let Some(no) = chat_no(&self.conn, *chat)? {
                row.arrival = self
                    .conn
                    .prepare_cached("SELECT arrival FROM entries WHERE chat_no = ?1 AND seq = ?2")?
                    .query_row(params![no, entry.seq], |row| row.get(0))
                    .optional()?
                    .unwrap_or(0);
                describe(&self.conn, own_id(&self.conn)?, no, &mut row, true)?;
            }
            // The server's word is the latest.
            if let Some(text) = edited {
                row.edits = row.edits.max(1);
                row.edited = Some(text.clone());
            }
            rows.push(row);
        }
        Ok(rows)
    }
}
