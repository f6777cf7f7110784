//! Keys and channels. All carry the community, so that several may share one
//! Redis. What stands between braces decides the place in a cluster: all keys
//! of a community are together, its channels are spread.

use proto::event::Event;
use proto::id::{ChatId, UserId};
use uuid::Uuid;

use crate::bus::Signal;

/// Channels of a community.
pub(super) const SHARDS: usize = 64;
/// Slots of a cluster.
pub(super) const SLOTS: u16 = 16_384;

/// The names of one community.
#[derive(Debug, Clone, Copy)]
pub(super) struct Names {
    community: Uuid,
}

impl Names {
    pub(super) fn new(community: Uuid) -> Self {
        Self { community }
    }

    fn key(&self, rest: std::fmt::Arguments<'_>) -> String {
        format!("messenger:{{{}}}:{rest}", self.community.simple())
    }

    pub(super) fn channel(&self, shard: usize) -> String {
        format!("messenger:{{{}:{shard}}}", self.community.simple())
    }

    /// What identifies this Redis.
    pub(super) fn bus(&self) -> String {
        self.key(format_args!("bus"))
    }

    /// A set of all nodes.
    pub(super) fn nodes(&self) -> String {
        self.key(format_args!("nodes"))
    }

    /// A node's sign of life; its value is the version of its set.
    pub(super) fn node(&self, node: Uuid) -> String {
        self.key(format_args!("node:{}", node.simple()))
    }

    /// A node's online users.
    pub(super) fn online(&self, node: Uuid) -> String {
        self.key(format_args!("online:{}", node.simple()))
    }

    /// Who declared a node dead.
    pub(super) fn buried(&self, node: Uuid) -> String {
        self.key(format_args!("buried:{}", node.simple()))
    }

    /// A bucket of tokens. Its name is hashed: it may be long, and need not be
    /// readable by whoever looks into Redis.
    pub(super) fn bucket(&self, name: &str) -> String {
        let hash = blake3::hash(name.as_bytes()).to_hex();
        self.key(format_args!("limit:{}", &hash[..32]))
    }

    /// The slot of all keys.
    pub(super) fn keys_slot(&self) -> u16 {
        slot(&self.bus())
    }
}

/// The shard of a signal: by chat where there is one, so that what concerns a
/// chat keeps its order.
pub(super) fn shard(signal: &Signal) -> usize {
    let by_user = |UserId(id): &UserId| *id;
    let by_chat = |ChatId(id): &ChatId| *id;
    let id = match signal {
        Signal::ToChat { chat, .. } | Signal::Joined { chat, .. } | Signal::Left { chat, .. } => {
            by_chat(chat)
        }
        Signal::ToUser { user, .. } | Signal::SessionEnded { user, .. } => by_user(user),
        // Whoever is told of one user's coming and going is told in this order.
        Signal::ToUsers {
            event: Event::Presence(changed),
            ..
        } => changed
            .users
            .first()
            .map_or(Uuid::nil(), |state| by_user(&state.user)),
        Signal::ToUsers {
            event: Event::Users(changed),
            ..
        } => changed
            .users
            .first()
            .map_or(Uuid::nil(), |user| by_user(&user.id)),
        Signal::ToUsers { users, .. } => users.first().map_or(Uuid::nil(), by_user),
        Signal::Presence(transition) => transition.node,
        Signal::NodeGone(node) => *node,
    };
    // The low bits of UUIDs are random in every version in use.
    (id.as_u128() % SHARDS as u128) as usize
}

/// The slot of a key in a cluster: CRC-16/XMODEM of what is between the first
/// braces.
pub(super) fn slot(key: &str) -> u16 {
    let tagged = key
        .split_once('{')
        .and_then(|(_, rest)| rest.split_once('}'))
        .map(|(tag, _)| tag)
        .filter(|tag| !tag.is_empty());
    let crc = tagged.unwrap_or(key).bytes().fold(0u16, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 {
                crc << 1
            } else {
                (crc << 1) ^ 0x1021
            }
        })
    });
    crc % SLOTS
}

#[cfg(test)]
mod tests {
    use proto::event::{Presence, PresenceChanged};

    use super::*;

    #[test]
    fn what_is_told_of_one_user_keeps_its_order_whoever_is_told() {
        let user = UserId::generate();
        let told = |online, to: usize| {
            let state = Presence::new(user, online, None);
            shard(&Signal::ToUsers {
                users: (0..to).map(|_| UserId::generate()).collect(),
                event: Event::Presence(PresenceChanged {
                    users: vec![state],
                    snapshot: false,
                }),
            })
        };
        for to in 1..20 {
            assert_eq!(told(true, 1), told(false, to));
        }
    }

    #[test]
    fn slots_are_those_of_redis() {
        // `CLUSTER KEYSLOT` says so.
        assert_eq!(slot("123456789"), 12_739);
        assert_eq!(slot("foo"), 12_182);
        assert_eq!(slot("a{foo}b"), 12_182);
        assert_eq!(slot("{}foo"), slot("{}foo"));
    }

    #[test]
    fn keys_are_together_and_channels_are_spread() {
        let names = Names::new(Uuid::now_v7());
        let node = Uuid::now_v7();
        for key in [
            names.nodes(),
            names.node(node),
            names.online(node),
            names.buried(node),
            names.bucket("address:192.0.2.1"),
        ] {
            assert_eq!(slot(&key), names.keys_slot());
        }
        let slots: std::collections::HashSet<u16> = (0..SHARDS)
            .map(|shard| slot(&names.channel(shard)))
            .collect();
        assert!(slots.len() > SHARDS / 2);
    }
}
