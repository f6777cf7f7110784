//! Carries out what the session core decided, many changes in one transaction.

use proto::Seq;
use proto::entry::{Body, Entry, kind};
use proto::id::{ChatId, EntryId, UserId};

use super::entries::RangeNow;
use super::{Db, DbError, account, chats, entries, members, outbox, people};
use crate::client::Outcome;
use crate::client::core::Write;
use crate::client::model::{ClientEvent, subjects};

/// What a batch of changes led to.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    /// To be told.
    pub(crate) events: Vec<ClientEvent>,
    /// Where the ranges of chats stand.
    pub(crate) ranges: Vec<RangeNow>,
    /// People without a name.
    pub(crate) nameless: Vec<UserId>,
    /// People whose cached names are older than what was heard of.
    pub(crate) outdated: Vec<UserId>,
    /// Messages of the outbox that came to their end.
    pub(crate) outcomes: Vec<(EntryId, Outcome)>,
}

/// More changed messages than this are told as "all".
const CHANGED: usize = 200;

impl Applied {
    fn changed(&mut self, chat: ChatId, mut seqs: Vec<Seq>) {
        if seqs.len() > CHANGED {
            seqs.clear();
        }
        self.events.push(ClientEvent::Changed { chat, seqs });
    }
}

/// Who is named where an entry is shown.
fn people_of(entry: &Entry) -> impl Iterator<Item = UserId> + use<> {
    let of_text = matches!(
        entry.kind,
        kind::MESSAGE | kind::EDITED | kind::DELETED | kind::REACTED
    );
    let others = match of_text {
        true => Vec::new(),
        false => subjects(&Body::decode(entry.kind, &entry.body)),
    };
    std::iter::once(entry.actor).chain(others)
}

impl Db {
    /// Carries out changes in one transaction.
    pub(crate) fn apply(&mut self, writes: &[Write]) -> Result<Applied, DbError> {
        let mut applied = Applied::default();
        let mut touched: Vec<ChatId> = Vec::new();
        let tx = self.begin()?;
        for write in writes {
            match write {
                Write::Token(token) => account::set_meta(&tx, "token", Some(token.as_str()))?,
                Write::Community(id) => {
                    account::set_meta(&tx, "community", Some(&id.to_string()))?;
                }
                Write::Heads(heads) => {
                    chats::put_heads(&tx, heads)?;
                    touched.extend(heads.iter().map(|head| head.chat));
                    // Also those that were left: an empty list says all.
                    applied.events.push(ClientEvent::Chats(Vec::new()));
                }
                Write::Infos(infos) => {
                    for info in infos {
                        chats::put_info(&tx, info)?;
                        touched.push(info.id);
                    }
                }
                Write::Entries {
                    chat,
                    entries: new,
                    floor,
                    live,
                    backfill,
                } => {
                    if *floor > 0 {
                        let no = chats::ensure_chat(&tx, *chat)?;
                        if chats::raise_floor(&tx, no, *floor)? {
                            applied.changed(*chat, Vec::new());
                        }
                    }
                    let range = entries::put_entries(&tx, *chat, new, *backfill)?;
                    if let (Some(range), Some(first), Some(last)) = (range, new.first(), new.last())
                    {
                        if !range.disjoint {
                            applied.events.push(ClientEvent::Entries {
                                chat: *chat,
                                from: first.seq,
                                to: last.seq,
                                live: *live,
                            });
                            let unknown = entries::nameless(&tx, new.iter().flat_map(people_of))?;
                            applied.nameless.extend(unknown);
                            if !range.changed.is_empty() {
                                applied.changed(*chat, range.changed.clone());
                            }
                        }
                        applied.ranges.push(range);
                    }
                    touched.push(*chat);
                }
                Write::Cursor { moved, next } => {
                    if members::move_cursor(&tx, moved, *next)? {
                        applied.events.push(ClientEvent::Cursors(moved.chat));
                        touched.push(moved.chat);
                    }
                }
                Write::Cursors { chat, cursors, rev } => {
                    members::put_cursors(&tx, *chat, cursors, *rev)?;
                    applied.events.push(ClientEvent::Cursors(*chat));
                    touched.push(*chat);
                }
                Write::Account(entries) => account::put_account_entries(&tx, entries)?,
                Write::Marked { chat, read } => {
                    tx.prepare_cached(
                        "UPDATE chats SET read_dirty = 0 WHERE id = ?1 AND read <= ?2",
                    )?
                    .execute(rusqlite::params![chat.as_bytes(), read])?;
                }
                Write::Left(chat) => {
                    tx.prepare_cached("UPDATE chats SET left = 1 WHERE id = ?1")?
                        .execute([chat.as_bytes()])?;
                    touched.push(*chat);
                }
                Write::Sent { chat, id, sent } => {
                    let target = outbox::target_of(&tx, *id)?;
                    let range = outbox::sent(&tx, *chat, *id, sent)?;
                    if let Some(range) = range {
                        applied.events.push(ClientEvent::Entries {
                            chat: *chat,
                            from: sent.seq,
                            to: sent.seq,
                            live: true,
                        });
                        applied.ranges.push(range);
                    }
                    if let Some(target) = target {
                        applied.changed(*chat, vec![target]);
                    }
                    applied.events.push(ClientEvent::Outbox(*chat));
                    touched.push(*chat);
                    applied
                        .outcomes
                        .push((*id, Outcome::Stored(Some(sent.seq))));
                }
                Write::Failed { chat, id, error } => {
                    outbox::failed(&tx, *id, error)?;
                    if let Some(target) = outbox::target_of(&tx, *id)? {
                        applied.changed(*chat, vec![target]);
                    }
                    applied.events.push(ClientEvent::Outbox(*chat));
                    applied.outcomes.push((*id, Outcome::Failed(error.clone())));
                }
                Write::Users(users) => {
                    for user in users {
                        people::put_user(&tx, user)?;
                    }
                    let ids = users.iter().map(|user| user.id).collect();
                    applied.events.push(ClientEvent::People(ids));
                    applied.events.push(ClientEvent::Chats(Vec::new()));
                }
                Write::Revisions(revs) => {
                    applied.outdated.extend(people::outdated(&tx, revs)?);
                }
                Write::Contacts { contacts, at } => {
                    people::put_contacts(&tx, contacts, *at)?;
                    applied.events.push(ClientEvent::Contacts);
                    applied.events.push(ClientEvent::People(Vec::new()));
                    applied.events.push(ClientEvent::Chats(Vec::new()));
                }
                Write::Profile { info, at } => {
                    people::put_profile(&tx, info, *at)?;
                    applied.events.push(ClientEvent::Profile);
                }
                Write::Counts(counts) => {
                    tx.prepare_cached(
                        "UPDATE chats SET counted = ?2, counted_delivered = ?3, counted_read = ?4
                         WHERE id = ?1 AND counted <= ?2",
                    )?
                    .execute(rusqlite::params![
                        counts.chat.as_bytes(),
                        counts.seq,
                        counts.delivered,
                        counts.read
                    ])?;
                    applied.events.push(ClientEvent::Receipts(counts.clone()));
                }
            }
        }
        tx.commit()?;
        touched.sort_unstable();
        touched.dedup();
        if !touched.is_empty() {
            applied.events.push(ClientEvent::Chats(touched));
        }
        Ok(applied)
    }
}
