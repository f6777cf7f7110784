//! How both sides prove that they hold the same log.
//!
//! A chat's log is cut into blocks of 1024 entries by `seq` (block 0 is
//! 1..=1024). A block's digest is BLAKE3 over its entries in order, each as
//! `seq: u64 · kind: u16 · id: 16 bytes`, big endian. The digest of a log up to
//! `n` is BLAKE3 over the block digests in order, the last block cut at `n`.
//! Entries at or below the floor are left out; a block without entries adds
//! nothing. An account's log is digested the same way, each entry as
//! `seq: u64 · kind: u16 · chat or 16 zero bytes · session or 16 zero bytes`.

use serde::{Deserialize, Serialize};

use crate::Seq;
use crate::entry::AccountEntry;
use crate::id::EntryId;
use crate::limits::DIGEST_BLOCK;

/// A BLAKE3 hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(#[serde(with = "serde_bytes")] pub [u8; 32]);

/// The block an entry belongs to.
pub fn block_of(seq: Seq) -> u64 {
    seq.saturating_sub(1) / DIGEST_BLOCK
}

/// Digests one block.
#[derive(Debug, Clone, Default)]
pub struct BlockDigest {
    hasher: blake3::Hasher,
    entries: u64,
}

impl BlockDigest {
    /// An empty block.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next entry of a chat's log.
    pub fn entry(&mut self, seq: Seq, kind: u16, id: EntryId) {
        self.hasher.update(&seq.to_be_bytes());
        self.hasher.update(&kind.to_be_bytes());
        self.hasher.update(id.as_bytes());
        self.entries += 1;
    }

    /// Adds the next entry of an account's log.
    pub fn account_entry(&mut self, entry: &AccountEntry) {
        self.hasher.update(&entry.seq.to_be_bytes());
        self.hasher.update(&entry.kind.to_be_bytes());
        self.hasher
            .update(entry.chat.as_ref().map_or(&[0; 16], |id| id.as_bytes()));
        self.hasher
            .update(entry.session.as_ref().map_or(&[0; 16], |id| id.as_bytes()));
        self.entries += 1;
    }

    /// The block's digest, or `None` where it had no entry.
    pub fn finish(&self) -> Option<Digest> {
        (self.entries > 0).then(|| Digest(*self.hasher.finalize().as_bytes()))
    }
}

/// Digests a log from its blocks.
#[derive(Debug, Clone, Default)]
pub struct LogDigest {
    hasher: blake3::Hasher,
}

impl LogDigest {
    /// An empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the digest of the next block that has entries.
    pub fn block(&mut self, digest: Digest) {
        self.hasher.update(&digest.0);
    }

    /// The log's digest.
    pub fn finish(&self) -> Digest {
        Digest(*self.hasher.finalize().as_bytes())
    }
}
