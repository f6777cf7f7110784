//! Compares the cache with the server.

use proto::Seq;
use proto::digest::{BlockDigest, Digest, LogDigest, block_of};
use proto::entry::AccountEntry;
use proto::error::ErrorCode;
use proto::id::EntryId;
use proto::request;

use crate::client::{Client, ClientError, Verified};

/// Digests the entries of a chat's log that are given, in order.
fn chat_digest(rows: &[(Seq, u16, EntryId)]) -> Digest {
    let mut log = LogDigest::new();
    for block in rows.chunk_by(|one, other| block_of(one.0) == block_of(other.0)) {
        let mut digest = BlockDigest::new();
        for (seq, kind, id) in block {
            digest.entry(*seq, *kind, *id);
        }
        if let Some(digest) = digest.finish() {
            log.block(digest);
        }
    }
    log.finish()
}

fn account_digest(entries: &[AccountEntry]) -> Digest {
    let mut log = LogDigest::new();
    for block in entries.chunk_by(|one, other| block_of(one.seq) == block_of(other.seq)) {
        let mut digest = BlockDigest::new();
        for entry in block {
            digest.account_entry(entry);
        }
        if let Some(digest) = digest.finish() {
            log.block(digest);
        }
    }
    log.finish()
}

pub(in crate::client) async fn run(client: &Client) -> Result<Verified, ClientError> {
    let mut verified = Verified::default();
    for chat in client.chats().await?.into_iter().filter(|chat| !chat.left) {
        let id = chat.id;
        let asked = client
            .call(request::Digest {
                chat: id,
                upto: chat.head,
            })
            .await;
        let reply = match asked {
            Ok(reply) => reply,
            Err(ClientError::Server(error)) if error.code == ErrorCode::NotFound => {
                verified
                    .differences
                    .push(format!("chat {id}: not on the server"));
                continue;
            }
            Err(error) => return Err(error),
        };
        let (from, to) = (reply.floor + 1, reply.upto);
        let rows = client
            .cache
            .read(move |db| db.digest_rows(id, from, to))
            .await?;
        verified.chats += 1;
        verified.entries += rows.len() as u64;
        let wanted = to.saturating_sub(reply.floor);
        if rows.len() as u64 != wanted {
            verified.differences.push(format!(
                "chat {id}: {} of {wanted} entries are cached",
                rows.len()
            ));
        } else if chat_digest(&rows) != reply.digest {
            verified
                .differences
                .push(format!("chat {id}: the log differs up to entry {to}"));
        }
        cursors(client, id, &mut verified).await?;
    }
    account(client, &mut verified).await?;
    Ok(verified)
}

/// Cursors that the cache shows must be ones that the server has; the server's
/// may be ahead where they were not asked for yet.
async fn cursors(
    client: &Client,
    chat: proto::id::ChatId,
    verified: &mut Verified,
) -> Result<(), ClientError> {
    let list = client.cursors(chat).await?;
    let (members, rev) = client
        .cache
        .read(move |db| Ok((db.members_of(chat)?, db.cursor_rev(chat)?)))
        .await?;
    if members.len() != list.cursors.len() {
        verified.differences.push(format!(
            "chat {chat}: {} members are cached, the server has {}",
            members.len(),
            list.cursors.len()
        ));
    }
    for cursor in &list.cursors {
        let Some(member) = members.iter().find(|member| member.user == cursor.user) else {
            continue;
        };
        let same = member.read == cursor.read && member.delivered == cursor.delivered;
        let ahead = member.read > cursor.read || member.delivered > cursor.delivered;
        if ahead || (!same && rev >= list.cursor_rev) {
            verified.differences.push(format!(
                "chat {chat}: cursors of {} are {}/{}, the server has {}/{}",
                cursor.user, member.read, member.delivered, cursor.read, cursor.delivered
            ));
        }
    }
    Ok(())
}

async fn account(client: &Client, verified: &mut Verified) -> Result<(), ClientError> {
    let have = client.cache.read(|db| db.account_seq()).await?;
    let reply = client.call(request::AccountDigest { upto: have }).await?;
    let upto = reply.upto;
    let entries = client.cache.read(move |db| db.account_log(upto)).await?;
    if reply.upto != have || account_digest(&entries) != reply.digest {
        verified
            .differences
            .push(format!("account log: differs up to entry {have}"));
    }
    Ok(())
}
