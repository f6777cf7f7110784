//! Work behind the committers: digests blocks of entries that became full.

use tokio::sync::mpsc;

use super::digests;
use super::pool::Pool;
use crate::store::{ChatNo, StoreError};

/// Full blocks that may wait to be digested. One that does not fit is digested
/// when somebody asks for it.
const BLOCKS: usize = 1024;

/// The way to the task, which ends when nobody has it any more.
#[derive(Clone)]
pub(super) struct Upkeep {
    blocks: mpsc::Sender<(ChatNo, u64)>,
}

impl Upkeep {
    pub(super) fn new() -> (Self, mpsc::Receiver<(ChatNo, u64)>) {
        let (blocks, full) = mpsc::channel(BLOCKS);
        (Self { blocks }, full)
    }

    /// Notes that a block is full.
    pub(super) fn block_full(&self, chat: ChatNo, block: u64) {
        // See BLOCKS for what becomes of one that does not fit.
        let _ = self.blocks.try_send((chat, block));
    }
}

/// Digests full blocks as they come.
pub(super) async fn run(pool: Pool, mut full: mpsc::Receiver<(ChatNo, u64)>) {
    while let Some((chat, block)) = full.recv().await {
        if let Err(error) = digest(&pool, chat, block).await {
            tracing::debug!(%error, "digest of a block");
        }
    }
}

async fn digest(pool: &Pool, chat: ChatNo, block: u64) -> Result<(), StoreError> {
    let digest = pool
        .read((chat, block), |conn, &(chat, block)| {
            Box::pin(digests::block(conn, chat, block, u64::MAX, 0))
        })
        .await?;
    match digest {
        Some(digest) => keep(pool, chat, vec![(block, digest)]).await,
        None => Ok(()),
    }
}

/// Keeps digests of full blocks.
pub(super) async fn keep(
    pool: &Pool,
    chat: ChatNo,
    computed: digests::Computed,
) -> Result<(), StoreError> {
    pool.write((chat, computed), |conn, (chat, computed)| {
        Box::pin(digests::keep(conn, *chat, computed))
    })
    .await
}
