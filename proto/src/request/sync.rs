//! Keeping up: heads, the account's log, digests.

use serde::{Deserialize, Serialize};

use crate::Seq;
use crate::digest::Digest as Hash;
use crate::entry::AccountEntry;

/// Answer to [`Digest`](struct@super::Digest) and [`AccountDigest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DigestReply {
    /// The entry the digest goes up to.
    pub upto: Seq,
    /// Entries up to this one are gone and not covered.
    #[serde(default)]
    pub floor: Seq,
    /// The digest.
    pub digest: Hash,
}

/// Asks for [`Heads`](crate::event::Heads): they are sent as events, the
/// reply behind them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncHeads {}

/// The account log after a known entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountChanges {
    /// The last entry the caller has.
    pub after: Seq,
    /// Most entries, up to 1000.
    pub limit: u32,
}

/// Answer to [`AccountChanges`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountPage {
    /// The entries, oldest first.
    pub entries: Vec<AccountEntry>,
    /// Whether there are more.
    #[serde(default)]
    pub more: bool,
}

/// The digest of the caller's account log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountDigest {
    /// Up to and including this entry; cut to the latest.
    pub upto: Seq,
}

/// Asks whether the other side is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ping {}
