//! What one may do in a chat, so that only that is offered. The server has the
//! last word.

use proto::request::{ChatKind, Role};

use crate::client::model::ChatRow;

/// Whether chats of this kind have roles at all.
fn has_roles(chat: &ChatRow) -> bool {
    matches!(chat.kind, ChatKind::Group | ChatKind::Public)
}

/// Whether one may change the chat itself and give roles.
pub fn may_manage(chat: &ChatRow) -> bool {
    has_roles(chat) && !chat.left && chat.role == Role::Admin
}

/// Whether one may moderate: remove, mute and ban plain members.
pub fn may_moderate(chat: &ChatRow) -> bool {
    has_roles(chat) && !chat.left && matches!(chat.role, Role::Admin | Role::Moderator)
}

/// Whether one may remove, mute or ban a member of this role.
pub fn may_touch(chat: &ChatRow, role: Role) -> bool {
    may_manage(chat) || (may_moderate(chat) && role == Role::Member)
}

/// Whether one may add people.
pub fn may_add(chat: &ChatRow) -> bool {
    may_moderate(chat) || (is_member(chat) && chat.settings.allow_members_add)
}

/// Whether one may make invite links.
pub fn may_invite(chat: &ChatRow) -> bool {
    may_moderate(chat) || (is_member(chat) && chat.settings.allow_invites)
}

/// Whether one may pin messages.
pub fn may_pin(chat: &ChatRow) -> bool {
    !chat.left && (chat.kind == ChatKind::Private || may_moderate(chat))
}

/// Whether one may delete a message of somebody, or an own one.
pub fn may_delete(chat: &ChatRow, own: bool) -> bool {
    !chat.left && (own || may_moderate(chat))
}

fn is_member(chat: &ChatRow) -> bool {
    has_roles(chat) && !chat.left && chat.joined
}

#[cfg(test)]
mod tests {
    use proto::id::ChatId;
    use uuid::Uuid;

    use super::*;

    fn group(role: Role) -> ChatRow {
        ChatRow {
            role,
            ..ChatRow::new(ChatId(Uuid::from_u128(1)), ChatKind::Group, "g")
        }
    }

    #[test]
    fn moderators_touch_members_only_and_members_nobody() {
        for (own, other, may) in [
            (Role::Admin, Role::Admin, true),
            (Role::Moderator, Role::Member, true),
            (Role::Moderator, Role::Moderator, false),
            (Role::Moderator, Role::Admin, false),
            (Role::Member, Role::Member, false),
        ] {
            assert_eq!(may_touch(&group(own), other), may, "{own:?} {other:?}");
        }
        assert!(may_add(&group(Role::Member)));
        let mut closed = group(Role::Member);
        closed.settings.allow_members_add = false;
        assert!(!may_add(&closed));
        closed.role = Role::Moderator;
        assert!(may_add(&closed) && !may_manage(&closed));
        closed.left = true;
        assert!(!may_add(&closed) && !may_delete(&closed, true));
    }

    #[test]
    fn both_people_of_a_private_chat_pin_and_nobody_has_a_role_there() {
        let mut chat = group(Role::Admin);
        chat.kind = ChatKind::Private;
        assert!(may_pin(&chat) && !may_manage(&chat) && !may_add(&chat));
        assert!(may_delete(&chat, true) && !may_delete(&chat, false));
    }
}
