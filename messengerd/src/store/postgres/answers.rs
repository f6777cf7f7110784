//! What a batch of appends came to, for those who wait and for the feed.

use std::collections::{HashMap, HashSet};

use proto::entry::Entry;

use super::error::again;
use super::lanes::Landed;
use super::queue::Waiting;
use crate::store::{Append, Appended, Committed, StoreError};

/// What one append came to.
pub(super) type Outcome = Result<Landed, StoreError>;

/// The first append of each id, and those that repeat one of them.
pub(super) fn apart(waiting: Vec<Waiting>) -> (Vec<Waiting>, Vec<Waiting>) {
    let mut seen = HashSet::with_capacity(waiting.len());
    waiting
        .into_iter()
        .partition(|waiting| seen.insert(waiting.append.id))
}

/// Answers everybody but those whose id another could not use.
pub(super) fn answer(
    firsts: Vec<Waiting>,
    outcomes: Vec<Outcome>,
    repeats: Vec<Waiting>,
) -> Vec<Waiting> {
    let mut known = HashMap::with_capacity(repeats.len());
    for (waiting, outcome) in firsts.into_iter().zip(outcomes) {
        if !repeats.is_empty() {
            let copy = match &outcome {
                Ok(landed) => Some(Ok(*landed)),
                // The id is free, or whose it is has to be looked up.
                Err(StoreError::NoAccess | StoreError::Conflict) => None,
                Err(error) => Some(Err(again(error))),
            };
            let append = &waiting.append;
            known.insert(append.id, (append.actor.no, append.chat, copy));
        }
        // Nobody may be waiting any more; the write stands either way.
        let _ = waiting.answer.send(outcome.map(appended));
    }
    let mut open = Vec::new();
    for waiting in repeats {
        let append = &waiting.append;
        let result = match known.get(&append.id) {
            Some((actor, chat, Some(Ok(first)))) => {
                if (*actor, *chat) == (append.actor.no, append.chat) {
                    Ok(Appended {
                        dup: true,
                        ..appended(*first)
                    })
                } else {
                    Err(StoreError::Conflict)
                }
            }
            Some((_, _, Some(Err(error)))) => Err(again(error)),
            Some((_, _, None)) | None => {
                open.push(waiting);
                continue;
            }
        };
        let _ = waiting.answer.send(result);
    }
    open
}

fn appended(landed: Landed) -> Appended {
    Appended {
        seq: landed.seq,
        msg_no: landed.msg_no,
        at: landed.at,
        dup: landed.dup,
    }
}

pub(super) fn event(append: &Append, landed: &Landed) -> Committed {
    Committed::Entry {
        chat: append.chat,
        chat_id: append.chat_id,
        acl_rev: landed.acl_rev,
        entry: Entry {
            seq: landed.seq,
            kind: append.kind,
            id: append.id,
            msg_no: landed.msg_no,
            ref_seq: append.ref_seq,
            actor: append.actor.id,
            at: landed.at,
            body: append.body.clone(),
        },
    }
}
