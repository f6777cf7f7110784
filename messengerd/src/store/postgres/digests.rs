//! Digests of logs, see [`proto::digest`].

use std::collections::BTreeMap;

use deadpool_postgres::ClientWrapper;
use proto::Seq;
use proto::digest::{BlockDigest, Digest, LogDigest, block_of};
use proto::id::EntryId;
use proto::limits::DIGEST_BLOCK;

use super::account::{self, clamped, kind_of};
use super::error::Fault;
use super::pool::Done;
use super::statements::{self, commit};
use crate::store::{ChatNo, StoreError, UserNo};

/// Digests of blocks that were not kept.
pub(super) type Computed = Vec<(u64, Digest)>;

/// Several reads of one state of the store.
pub(super) async fn begin_snapshot(conn: &ClientWrapper) -> Result<(), Fault> {
    Ok(conn
        .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?)
}

/// Digests the entries of one block that are above `floor` and not above
/// `upto`.
pub(super) async fn block(
    conn: &ClientWrapper,
    chat: ChatNo,
    block: u64,
    upto: Seq,
    floor: Seq,
) -> Result<Option<Digest>, Fault> {
    let first = (block * DIGEST_BLOCK).max(floor);
    let last = ((block + 1) * DIGEST_BLOCK).min(upto);
    let rows = statements::rows(
        conn,
        "SELECT seq, kind, id FROM messages WHERE chat_no = $1 AND seq > $2 AND seq <= $3
         ORDER BY seq",
        &[&chat.0, &clamped(first), &clamped(last)],
    )
    .await?;
    let mut digest = BlockDigest::new();
    for row in &rows {
        digest.entry(
            row.try_get::<_, i64>(0)? as u64,
            kind_of(row.try_get(1)?)?,
            EntryId(row.try_get(2)?),
        );
    }
    Ok(digest.finish())
}

/// Keeps digests of full blocks. A lost one is computed again.
pub(super) async fn keep(
    conn: &ClientWrapper,
    chat: ChatNo,
    computed: &Computed,
) -> Result<Done<()>, Fault> {
    let blocks: Vec<i64> = computed.iter().map(|(block, _)| *block as i64).collect();
    let hashes: Vec<&[u8]> = computed.iter().map(|(_, digest)| &digest.0[..]).collect();
    statements::run(
        conn,
        "INSERT INTO chat_blocks (chat_no, block, hash)
         SELECT $1, block, hash FROM unnest($2::int8[], $3::bytea[]) k(block, hash)
         ON CONFLICT DO NOTHING",
        &[&chat.0, &blocks, &hashes],
    )
    .await?;
    Ok(Done::quiet(()))
}

/// The digest of a chat's log after `from` or the floor, up to `upto`: where it
/// was cut, the later of the first two, the digest, and the full blocks that
/// were not kept yet.
pub(super) async fn log(
    conn: &ClientWrapper,
    chat: ChatNo,
    from: Seq,
    upto: Seq,
) -> Result<(Seq, Seq, Digest, Computed), Fault> {
    begin_snapshot(conn).await?;
    let head = statements::row(
        conn,
        "SELECT head, floor FROM chat_heads WHERE chat_no = $1",
        &[&chat.0],
    )
    .await?
    .ok_or(StoreError::NoAccess)?;
    let upto = upto.min(head.try_get::<_, i64>(0)? as u64);
    let floor = from.max(head.try_get::<_, i64>(1)? as u64);
    let kept = kept(conn, chat).await?;
    let mut digest = LogDigest::new();
    let mut computed = Vec::new();
    if upto > floor {
        for number in block_of(floor + 1)..=block_of(upto) {
            let whole = number * DIGEST_BLOCK >= floor && (number + 1) * DIGEST_BLOCK <= upto;
            if whole && let Some(kept) = kept.get(&number) {
                digest.block(*kept);
            } else if let Some(fresh) = block(conn, chat, number, upto, floor).await? {
                digest.block(fresh);
                if whole {
                    computed.push((number, fresh));
                }
            }
        }
    }
    commit(conn).await?;
    Ok((upto, floor, digest.finish(), computed))
}

async fn kept(conn: &ClientWrapper, chat: ChatNo) -> Result<BTreeMap<u64, Digest>, Fault> {
    let sql = "SELECT block, hash FROM chat_blocks WHERE chat_no = $1";
    let mut kept = BTreeMap::new();
    for row in statements::rows(conn, sql, &[&chat.0]).await? {
        let hash: &[u8] = row.try_get(1)?;
        let hash = hash
            .try_into()
            .map_err(|_| Fault::internal("a digest of another length"))?;
        kept.insert(row.try_get::<_, i64>(0)? as u64, Digest(hash));
    }
    Ok(kept)
}

/// The digest of a user's account log up to `upto`. These logs are short:
/// nothing of it is kept.
pub(super) async fn account(
    conn: &ClientWrapper,
    user: UserNo,
    upto: Seq,
) -> Result<(Seq, Digest), Fault> {
    begin_snapshot(conn).await?;
    let sql = "SELECT account_seq FROM users WHERE user_no = $1";
    let latest = match statements::row(conn, sql, &[&user.0]).await? {
        Some(row) => row.try_get::<_, i64>(0)? as u64,
        None => 0,
    };
    let upto = upto.min(latest);
    let mut digest = LogDigest::new();
    let mut seen = 0;
    while seen < upto {
        // A block at a time: as many as are left of it.
        let wanted = (DIGEST_BLOCK - seen % DIGEST_BLOCK).min(upto - seen) as u32;
        let (entries, _) = account::after(conn, user, seen, wanted).await?;
        let Some(last) = entries.last() else {
            break;
        };
        seen = last.seq;
        let mut block = BlockDigest::new();
        for entry in &entries {
            block.account_entry(entry);
        }
        block
            .finish()
            .into_iter()
            .for_each(|done| digest.block(done));
    }
    commit(conn).await?;
    Ok((upto, digest.finish()))
}
