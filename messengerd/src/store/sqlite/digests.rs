//! Digests of logs, see [`proto::digest`].

use std::collections::BTreeMap;

use proto::Seq;
use proto::digest::{BlockDigest, Digest, LogDigest, block_of};
use proto::id::EntryId;
use proto::limits::DIGEST_BLOCK;
use rusqlite::{Connection, OptionalExtension, params};

use super::entries::mid;
use super::readers::Reader;
use super::writer::Queue;
use crate::store::{ChatNo, StoreError};

/// Digests of blocks that were not kept.
pub(super) type Computed = Vec<(u64, Digest)>;

/// Digests the entries of one block that are above `floor` and not above
/// `upto`.
pub(super) fn block(
    conn: &Connection,
    chat: ChatNo,
    block: u64,
    upto: Seq,
    floor: Seq,
) -> Result<Option<Digest>, StoreError> {
    let first = (block * DIGEST_BLOCK).max(floor);
    let last = ((block + 1) * DIGEST_BLOCK).min(upto);
    let mut digest = BlockDigest::new();
    let mut select = conn.prepare_cached(
        "SELECT mid, kind, id FROM messages WHERE mid > ?1 AND mid <= ?2 ORDER BY mid",
    )?;
    let mut rows = select.query([mid(chat, first), mid(chat, last)])?;
    while let Some(row) = rows.next()? {
        let key: i64 = row.get(0)?;
        digest.entry(
            key as u64 & 0xffff_ffff,
            row.get(1)?,
            EntryId::from_bytes(row.get(2)?),
        );
    }
    Ok(digest.finish())
}

/// Keeps digests of full blocks. Nobody waits for it: a lost one is computed
/// again.
pub(super) fn keep(writes: &Queue, chat: ChatNo, blocks: Computed) {
    drop(writes.write(move |tx| {
        let mut insert = tx.conn.prepare_cached(
            "INSERT INTO chat_blocks (chat_no, block, hash) VALUES (?1, ?2, ?3)
             ON CONFLICT DO NOTHING",
        )?;
        for (block, digest) in &blocks {
            insert.execute(params![chat.0, *block as i64, digest.0])?;
        }
        Ok(())
    }));
}

/// The digest of a chat's log after `from` or the floor, up to `upto`: where it
/// was cut, the later of those two, the digest, and the full blocks that were not kept yet.
pub(super) fn log(
    conn: &Connection,
    chat: ChatNo,
    from: Seq,
    upto: Seq,
) -> Result<(Seq, Seq, Digest, Computed), StoreError> {
    let (head, floor): (i64, i64) = conn
        .prepare_cached("SELECT head, floor FROM chat_heads WHERE chat_no = ?1")?
        .query_row([chat.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?
        .ok_or(StoreError::NoAccess)?;
    let (upto, floor) = (upto.min(head as u64), from.max(floor as u64));
    let kept = conn
        .prepare_cached("SELECT block, hash FROM chat_blocks WHERE chat_no = ?1")?
        .query_map([chat.0], |row| {
            Ok((row.get::<_, i64>(0)? as u64, Digest(row.get(1)?)))
        })?
        .collect::<Result<BTreeMap<_, _>, _>>()?;
    let mut digest = LogDigest::new();
    let mut computed = Vec::new();
    if upto > floor {
        for number in block_of(floor + 1)..=block_of(upto) {
            let whole = number * DIGEST_BLOCK >= floor && (number + 1) * DIGEST_BLOCK <= upto;
            if whole && let Some(kept) = kept.get(&number) {
                digest.block(*kept);
            } else if let Some(fresh) = block(conn, chat, number, upto, floor)? {
                digest.block(fresh);
                if whole {
                    computed.push((number, fresh));
                }
            }
        }
    }
    Ok((upto, floor, digest.finish(), computed))
}

/// The digest of a user's account log up to `upto`. These logs are short:
/// nothing of it is kept.
pub(super) fn account(
    reader: &mut Reader,
    user: crate::store::UserNo,
    upto: Seq,
) -> Result<(Seq, Digest), StoreError> {
    let latest = super::account::latest(&reader.conn, user)?;
    let upto = upto.min(latest);
    let mut digest = LogDigest::new();
    let mut block = BlockDigest::new();
    let mut seen = 0;
    while seen < upto {
        let wanted = DIGEST_BLOCK.min(upto - seen) as u32;
        let (entries, _) = super::account::after(&reader.conn, user, seen, wanted)?;
        if entries.is_empty() {
            break;
        }
        for entry in &entries {
            block.account_entry(entry);
            seen = entry.seq;
            if seen % DIGEST_BLOCK == 0 {
                block
                    .finish()
                    .into_iter()
                    .for_each(|done| digest.block(done));
                block = BlockDigest::new();
            }
        }
    }
    block
        .finish()
        .into_iter()
        .for_each(|done| digest.block(done));
    Ok((upto, digest.finish()))
}
