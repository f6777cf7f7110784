//! A batch of signals as bytes: `version: u8 · node: 16 bytes · MessagePack`.
//! Events travel in their own encoding.

use bytes::{BufMut, Bytes, BytesMut};
use proto::codec::{self, Frame};
use proto::event::Event;
use proto::id::{ChatId, SessionId, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::bus::{Signal, Transition};

/// Version of this form. A batch of another version is skipped by its reader,
/// who then compares with the store.
const VERSION: u8 = 2;
/// Bytes in front of the MessagePack value.
const HEADER_BYTES: usize = 17;

/// Why a batch cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub(super) enum WireError {
    /// Of another version of the program.
    #[error("batch of version {0}, this program knows {VERSION}")]
    Version(u8),
    /// No batch.
    #[error("malformed batch: {0}")]
    Malformed(String),
}

/// What a node sends to the others.
#[derive(Debug, PartialEq)]
pub(super) enum Notice {
    /// Something happened.
    Signals(Vec<Signal>),
    /// Batches of this node were lost.
    Lost,
}

#[derive(Serialize, Deserialize)]
enum Packed {
    ToChat(ChatId, Bytes, Option<UserId>),
    ToUser(UserId, Bytes),
    ToUsers(Vec<UserId>, Bytes),
    Joined(UserId, ChatId),
    Left(UserId, ChatId),
    SessionEnded(UserId, SessionId),
    Presence(UserId, Uuid, bool, bool, u64, Option<Uuid>),
    NodeGone(Uuid),
}

fn pack(signal: &Signal) -> Result<Packed, WireError> {
    let packed = |event: &Event| {
        let encoded = event.encode();
        encoded
            .map(|encoded| encoded.message())
            .map_err(|error| WireError::Malformed(error.to_string()))
    };
    Ok(match signal {
        Signal::ToChat {
            chat,
            event,
            except,
        } => Packed::ToChat(*chat, packed(event)?, *except),
        Signal::ToUser { user, event } => Packed::ToUser(*user, packed(event)?),
        Signal::ToUsers { users, event } => Packed::ToUsers(users.clone(), packed(event)?),
        Signal::Joined { user, chat } => Packed::Joined(*user, *chat),
        Signal::Left { user, chat } => Packed::Left(*user, *chat),
        Signal::SessionEnded { user, session } => Packed::SessionEnded(*user, *session),
        Signal::Presence(transition) => Packed::Presence(
            transition.user,
            transition.node,
            transition.online,
            transition.idle,
            transition.version,
            transition.relied,
        ),
        Signal::NodeGone(node) => Packed::NodeGone(*node),
    })
}

/// `None` for an event of a newer version.
fn unpack(packed: Packed) -> Result<Option<Signal>, WireError> {
    let event = |bytes: Bytes| {
        Frame::from_message(bytes)
            .and_then(|frame| Event::decode(&frame))
            .map_err(|error| WireError::Malformed(error.to_string()))
    };
    Ok(match packed {
        Packed::ToChat(chat, bytes, except) => event(bytes)?.map(|event| Signal::ToChat {
            chat,
            event,
            except,
        }),
        Packed::ToUser(user, bytes) => event(bytes)?.map(|event| Signal::ToUser { user, event }),
        Packed::ToUsers(users, bytes) => {
            event(bytes)?.map(|event| Signal::ToUsers { users, event })
        }
        Packed::Joined(user, chat) => Some(Signal::Joined { user, chat }),
        Packed::Left(user, chat) => Some(Signal::Left { user, chat }),
        Packed::SessionEnded(user, session) => Some(Signal::SessionEnded { user, session }),
        Packed::Presence(user, node, online, idle, version, relied) => {
            Some(Signal::Presence(Transition {
                user,
                node,
                online,
                idle,
                version,
                relied,
            }))
        }
        Packed::NodeGone(node) => Some(Signal::NodeGone(node)),
    })
}

/// Encodes what `node` sends. No signals at all say that some were lost.
pub(super) fn encode(node: Uuid, signals: &[&Signal]) -> Result<Bytes, WireError> {
    let mut buffer = BytesMut::with_capacity(HEADER_BYTES + 256 * signals.len());
    buffer.put_u8(VERSION);
    buffer.put_slice(node.as_bytes());
    let packed: Vec<Packed> = signals
        .iter()
        .map(|signal| pack(signal))
        .collect::<Result<_, _>>()?;
    let mut writer = buffer.writer();
    rmp_serde::encode::write(&mut writer, &packed)
        .map_err(|error| WireError::Malformed(error.to_string()))?;
    Ok(writer.into_inner().freeze())
}

/// Decodes what another node sent; `None` where it was this one.
pub(super) fn decode(node: Uuid, bytes: &[u8]) -> Result<Option<Notice>, WireError> {
    let (header, body) = bytes
        .split_at_checked(HEADER_BYTES)
        .ok_or_else(|| WireError::Malformed("shorter than its header".into()))?;
    if header[1..] == *node.as_bytes() {
        return Ok(None);
    }
    if header[0] != VERSION {
        return Err(WireError::Version(header[0]));
    }
    let packed: Vec<Packed> =
        codec::decode(body).map_err(|error| WireError::Malformed(error.to_string()))?;
    if packed.is_empty() {
        return Ok(Some(Notice::Lost));
    }
    let signals: Vec<Option<Signal>> = packed.into_iter().map(unpack).collect::<Result<_, _>>()?;
    Ok(Some(Notice::Signals(
        signals.into_iter().flatten().collect(),
    )))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use proto::event::TypingChanged;

    use super::*;

    fn every_signal() -> Vec<Signal> {
        let (user, chat) = (UserId::generate(), ChatId::generate());
        let event = Event::Typing(TypingChanged {
            chat,
            user,
            on: true,
        });
        vec![
            Signal::ToChat {
                chat,
                event: event.clone(),
                except: Some(user),
            },
            Signal::ToUser {
                user,
                event: event.clone(),
            },
            Signal::ToUsers {
                users: vec![user, UserId::generate()],
                event,
            },
            Signal::Joined { user, chat },
            Signal::Left { user, chat },
            Signal::SessionEnded {
                user,
                session: SessionId::generate(),
            },
            Signal::Presence(Transition {
                user,
                node: Uuid::now_v7(),
                online: true,
                idle: true,
                version: 7,
                relied: Some(Uuid::now_v7()),
            }),
            Signal::NodeGone(Uuid::now_v7()),
        ]
    }

    #[test]
    fn every_signal_comes_back_at_another_node() {
        let signals = every_signal();
        let bytes = encode(Uuid::now_v7(), &signals.iter().collect::<Vec<_>>()).unwrap();
        let notice = decode(Uuid::now_v7(), &bytes).unwrap();
        assert_eq!(notice, Some(Notice::Signals(signals)));
    }

    #[test]
    fn ones_own_batches_are_passed_over() {
        let node = Uuid::now_v7();
        let bytes = encode(node, &[]).unwrap();
        assert_eq!(decode(node, &bytes).unwrap(), None);
        assert_eq!(decode(Uuid::now_v7(), &bytes).unwrap(), Some(Notice::Lost));
    }

    #[test]
    fn what_cannot_be_read_is_an_error_and_nothing_worse() {
        let signals = every_signal();
        let bytes = encode(Uuid::now_v7(), &signals.iter().collect::<Vec<_>>()).unwrap();
        let reader = Uuid::now_v7();
        for length in 0..bytes.len() {
            assert!(decode(reader, &bytes[..length]).is_err());
        }
        let mut newer = bytes.to_vec();
        newer[0] = VERSION + 1;
        assert!(
            matches!(decode(reader, &newer), Err(WireError::Version(version)) if version == VERSION + 1)
        );
        for at in HEADER_BYTES..bytes.len() {
            let mut damaged = bytes.to_vec();
            damaged[at] ^= 0xff;
            // Either result will do; it must not panic.
            let _ = decode(reader, &damaged);
        }
    }
}
