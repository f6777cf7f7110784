//! Ids of what has none in the earlier messenger, and is to be the same one in
//! each run.

use proto::UnixMillis;
use proto::id::{ChatId, EntryId};
use uuid::{Builder, Uuid};

/// A UUID that stands for some parts, in this order.
fn derived(what: &str, parts: &[&[u8]]) -> Uuid {
    let mut hasher = blake3::Hasher::new_derive_key("messengerd import 1");
    for part in std::iter::once(&what.as_bytes()).chain(parts) {
        hasher.update(&(part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    Builder::from_custom_bytes(bytes).into_uuid()
}

/// The `Created` entry of a chat.
pub(super) fn created(chat: Uuid) -> EntryId {
    EntryId(derived("created", &[chat.as_bytes()]))
}

/// The private chat of two people who had none, in either order.
pub(super) fn pair(one: Uuid, other: Uuid) -> ChatId {
    let (low, high) = (one.min(other), one.max(other));
    ChatId(derived("pair", &[low.as_bytes(), high.as_bytes()]))
}

/// Somebody came into a chat.
pub(super) fn joined(chat: Uuid, user: Uuid, at: UnixMillis) -> EntryId {
    let at = at.to_be_bytes();
    EntryId(derived("joined", &[chat.as_bytes(), user.as_bytes(), &at]))
}

/// Somebody has a role.
pub(super) fn role(chat: Uuid, user: Uuid, role: &str) -> EntryId {
    let parts: [&[u8]; 3] = [chat.as_bytes(), user.as_bytes(), role.as_bytes()];
    EntryId(derived("role", &parts))
}

/// Somebody left a chat.
pub(super) fn left(chat: Uuid, user: Uuid, at: UnixMillis) -> EntryId {
    let at = at.to_be_bytes();
    EntryId(derived("left", &[chat.as_bytes(), user.as_bytes(), &at]))
}

/// A part of a message behind its first one.
pub(super) fn part(message: Uuid, number: usize) -> EntryId {
    let number = (number as u64).to_be_bytes();
    EntryId(derived("part", &[message.as_bytes(), &number]))
}

/// A message has a text that is not its first one.
pub(super) fn edited(message: Uuid, text: &str) -> EntryId {
    EntryId(derived("edited", &[message.as_bytes(), text.as_bytes()]))
}

/// A message was deleted.
pub(super) fn deleted(message: Uuid) -> EntryId {
    EntryId(derived("deleted", &[message.as_bytes()]))
}

/// A property of a chat has a value.
pub(super) fn property(chat: Uuid, name: &str, value: &[u8]) -> EntryId {
    EntryId(derived(
        "property",
        &[chat.as_bytes(), name.as_bytes(), value],
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_the_same_again_and_no_others() {
        let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(pair(one, two), pair(two, one));
        assert_eq!(edited(one, "x"), edited(one, "x"));
        assert_ne!(edited(one, "x"), edited(one, "y"));
        assert_ne!(edited(one, "x"), edited(two, "x"));
        assert_ne!(deleted(one).0, created(one).0);
        assert_ne!(role(one, two, "admin"), role(two, one, "admin"));
        assert_ne!(property(one, "ab", b"c"), property(one, "a", b"bc"));
        assert_ne!(joined(one, two, 5), left(one, two, 5));
        assert_ne!(part(one, 1), part(one, 2));
    }
}
