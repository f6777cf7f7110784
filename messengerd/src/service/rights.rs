//! Who may do what in a chat: one table, used by every request.

use proto::UnixMillis;
use proto::error::{ErrorCode, WireError};
use proto::id::UserId;
use proto::request::{ChatKind, ChatSettings, Role};

use super::access::{ChatAccess, Standing};

/// What somebody wants to do in a chat that they can see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Write, react, type; edit and delete one's own.
    Write,
    /// Delete what others wrote.
    DeleteAny,
    /// Pin messages and take pins away.
    Pin,
    /// Add people.
    Add,
    /// Make invite links.
    Invite,
    /// Remove, mute and ban, of whom [`outranks`] tells; see who is banned and
    /// everybody's invite links.
    Moderate,
    /// Change name, description, picture, settings and roles.
    Change,
}

/// Whether a role has a right.
#[derive(Debug, Clone, Copy)]
enum Grant {
    No,
    Yes,
    /// Where the chat's settings say so.
    If(fn(&ChatSettings) -> bool),
}

/// The rights, and who has them: both people of a private chat; admins,
/// moderators and members of any other.
const TABLE: [(Right, [Grant; 4]); 7] = {
    use Grant::{If, No, Yes};
    [
        (Right::Write, [Yes, Yes, Yes, Yes]),
        (Right::DeleteAny, [No, Yes, Yes, No]),
        (Right::Pin, [Yes, Yes, Yes, No]),
        (
            Right::Add,
            [No, Yes, Yes, If(|settings| settings.allow_members_add)],
        ),
        (
            Right::Invite,
            [No, Yes, Yes, If(|settings| settings.allow_invites)],
        ),
        (Right::Moderate, [No, Yes, Yes, No]),
        (Right::Change, [No, Yes, No, No]),
    ]
};

impl Right {
    /// Whether somebody with this role has it in such a chat.
    fn is_given(self, kind: ChatKind, role: Role, settings: &ChatSettings) -> bool {
        let column = match (kind, role) {
            (ChatKind::Private, _) => 0,
            (_, Role::Admin) => 1,
            (_, Role::Moderator) => 2,
            // Only these give rights.
            (_, Role::Member | Role::Unknown) => 3,
        };
        TABLE
            .iter()
            .find(|(right, _)| *right == self)
            .is_some_and(|(_, grants)| match grants[column] {
                Grant::No => false,
                Grant::Yes => true,
                Grant::If(allowed) => allowed(settings),
            })
    }

    /// Whether it is used by adding to what is written, which the muted and the
    /// blocked may not.
    fn writes(self) -> bool {
        matches!(self, Self::Write | Self::DeleteAny | Self::Pin)
    }
}

/// Whether somebody who may moderate has power over somebody with this role;
/// none: over one who is no member.
pub fn outranks(role: Role, over: Option<Role>) -> bool {
    match role {
        Role::Admin => true,
        Role::Moderator => !matches!(over, Some(Role::Admin | Role::Moderator)),
        Role::Member | Role::Unknown => false,
    }
}

impl ChatAccess {
    /// The standing of somebody who wants to do something here.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::NotFound`] for who may not know of the chat;
    /// [`ErrorCode::Forbidden`] for who has no such right, and for who was
    /// blocked by the other of a private chat; [`ErrorCode::Muted`].
    pub fn may(&self, user: UserId, right: Right, at: UnixMillis) -> Result<Standing, WireError> {
        let standing = self.standing(user).ok_or_else(|| self.refusal())?;
        if !right.is_given(self.kind, standing.role, &self.settings) {
            return Err(ErrorCode::Forbidden.into());
        }
        if right.writes() {
            if self.is_blocked(user) {
                return Err(ErrorCode::Forbidden.into());
            }
            if standing.muted_until > at {
                return Err(ErrorCode::Muted.into());
            }
        }
        Ok(standing)
    }

    /// As [`may`](Self::may) for [`Right::Moderate`], about one person.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn may_moderate(&self, user: UserId, whom: UserId) -> Result<Standing, WireError> {
        let standing = self.may(user, Right::Moderate, 0)?;
        let role = self.standing(whom).map(|standing| standing.role);
        if outranks(standing.role, role) {
            Ok(standing)
        } else {
            Err(ErrorCode::Forbidden.into())
        }
    }

    /// Whether somebody may delete the chat: its creator, or its admins once
    /// the creator is none of them any more.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::NotFound`], [`ErrorCode::Forbidden`].
    pub fn may_delete(&self, user: UserId) -> Result<(), WireError> {
        let standing = self.standing(user).ok_or_else(|| self.refusal())?;
        let is_admin = |standing: Standing| standing.role == Role::Admin;
        let others = !self.standing(self.created_by).is_some_and(is_admin);
        let owns = user == self.created_by || others;
        if owns && is_admin(standing) && self.kind != ChatKind::Private {
            Ok(())
        } else {
            Err(ErrorCode::Forbidden.into())
        }
    }

    /// What somebody who is no member is told: a public chat is known to
    /// everybody, any other to nobody else.
    pub fn refusal(&self) -> WireError {
        match self.kind {
            ChatKind::Public => ErrorCode::Forbidden.into(),
            ChatKind::Private | ChatKind::Group | ChatKind::Unknown => ErrorCode::NotFound.into(),
        }
    }
}
