//! People: profiles, statuses, pictures, contacts.

use bytes::Bytes;
use proto::digest::Digest as Hash;
use proto::request::*;
use proto::text::{Bio, DisplayName, Email, Password, StatusText};

use super::{AT, chat, full_person, password, person, user};

/// The first bytes of a PNG: what they are is looked at by the server alone.
fn image() -> Bytes {
    Bytes::from_static(b"\x89PNG\r\n\x1a\n")
}

pub(super) fn hash() -> Hash {
    Hash([0xa1; 32])
}

pub(super) fn requests() -> Vec<Request> {
    let nickname = || Some(DisplayName::try_from("Боря").unwrap());
    vec![
        Request::ChangePassword(ChangePassword {
            old: password(),
            new: Password::try_from("battery staple").unwrap(),
        }),
        Request::Profile(Profile {
            user: Some(user(2)),
        }),
        Request::SetProfile(SetProfile {
            first_name: Some(DisplayName::try_from("Анна").unwrap()),
            last_name: Some(DisplayName::try_from("Ёлкина").unwrap()),
            bio: Some(Bio::try_from("Two\nlines").unwrap()),
            email: Some(Email::try_from("anna@example.org").unwrap()),
            receipts: Some(false),
            clear: vec!["last_name".into()],
        }),
        Request::SetStatus(SetStatus {
            status: Status::Busy,
            text: Some(StatusText::try_from("в отпуске 🏖").unwrap()),
            until: Some(AT + 3_600_000),
        }),
        Request::Idle(Idle { on: true }),
        Request::SetAvatar(SetAvatar {
            chat: Some(chat()),
            image: Some(image()),
        }),
        Request::Avatar(Avatar { hash: hash() }),
        Request::Contacts(Contacts { offset: 2000 }),
        Request::AddContact(AddContact {
            user: user(2),
            nickname: nickname(),
        }),
        Request::ChangeContact(ChangeContact {
            user: user(2),
            nickname: nickname(),
            clear_nickname: true,
            blocked: Some(true),
        }),
        Request::RemoveContact(RemoveContact { user: user(2) }),
    ]
}

fn profile() -> ProfileInfo {
    ProfileInfo {
        user: full_person(1, "anna"),
        bio: "Two\nlines".into(),
        created_at: AT,
        status: Status::Busy,
        status_text: "в отпуске 🏖".into(),
        status_until: Some(AT + 3_600_000),
        own: Some(OwnSettings {
            email: Some("anna@example.org".into()),
            receipts: false,
        }),
    }
}

fn contact() -> Contact {
    Contact {
        user: full_person(2, "борис"),
        nickname: Some("Боря".into()),
        state: ContactState::Mutual,
        blocked: true,
        since: AT,
    }
}

pub(super) fn replies() -> Vec<Reply> {
    vec![
        Reply::ChangePassword(Done {}),
        Reply::Profile(profile()),
        Reply::SetProfile(profile()),
        Reply::SetStatus(profile()),
        Reply::Idle(Done {}),
        Reply::SetAvatar(Done {}),
        Reply::Avatar(AvatarImage {
            mime: "image/png".into(),
            image: image(),
        }),
        Reply::Contacts(ContactList {
            contacts: vec![contact()],
            more: true,
        }),
        Reply::AddContact(contact()),
        Reply::ChangeContact(contact()),
        Reply::RemoveContact(Done {}),
    ]
}

/// Forms with as little as may be.
pub(super) fn minimal() -> Vec<(&'static str, Request)> {
    vec![
        ("minimal Profile", Request::Profile(Profile { user: None })),
        (
            "minimal SetProfile",
            Request::SetProfile(SetProfile::default()),
        ),
        (
            "minimal SetStatus",
            Request::SetStatus(SetStatus {
                status: Status::Invisible,
                text: None,
                until: None,
            }),
        ),
        (
            "minimal SetAvatar",
            Request::SetAvatar(SetAvatar {
                chat: None,
                image: None,
            }),
        ),
        (
            "minimal AddContact",
            Request::AddContact(AddContact {
                user: user(2),
                nickname: None,
            }),
        ),
        (
            "minimal ChangeContact",
            Request::ChangeContact(ChangeContact {
                user: user(2),
                nickname: None,
                clear_nickname: false,
                blocked: None,
            }),
        ),
    ]
}

pub(super) fn minimal_replies() -> Vec<(&'static str, Reply)> {
    vec![
        (
            "minimal ProfileInfo",
            Reply::Profile(ProfileInfo {
                user: person(2, "борис"),
                bio: String::new(),
                created_at: AT,
                status: Status::Offline,
                status_text: String::new(),
                status_until: None,
                own: None,
            }),
        ),
        (
            "minimal Contact",
            Reply::AddContact(Contact {
                user: person(2, "борис"),
                nickname: None,
                state: ContactState::Outgoing,
                blocked: false,
                since: AT,
            }),
        ),
    ]
}
