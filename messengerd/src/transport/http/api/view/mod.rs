//! Making the shapes from what is stored, for one who asks.

pub(in crate::transport::http) mod chats;
pub(in crate::transport::http) mod messages;

use std::collections::HashMap;

use proto::error::WireError;
use proto::event::Presence;
use proto::id::UserId;
use proto::request::Status;
use uuid::{Builder, Uuid, Variant, Version};

use super::error::ApiResult;
use super::model::{Time, User};
use crate::service::choices::Choice;
use crate::service::{Caller, Service, now};
use crate::store::UserRecord;

/// People as one caller sees them.
pub(in crate::transport::http) struct People {
    users: HashMap<UserId, User>,
}

impl People {
    /// Looks these up, all at once.
    pub(super) async fn look_up(
        service: &Service,
        caller: &Caller,
        ids: Vec<UserId>,
    ) -> ApiResult<Self> {
        let records = service.people(ids).await?;
        Self::of(service, caller, &records).await
    }

    /// Of records that are known.
    pub(super) async fn of(
        service: &Service,
        caller: &Caller,
        records: &[UserRecord],
    ) -> ApiResult<Self> {
        let seen = service.seen_by(caller, records).await?;
        let users = records.iter().zip(seen);
        let users = users.map(|(record, seen)| (record.id, user(caller, record, &seen)));
        Ok(Self {
            users: users.collect(),
        })
    }

    /// The same for everybody who is told of them: without presence and e-mail.
    pub(in crate::transport::http) async fn shared(
        service: &Service,
        ids: Vec<UserId>,
    ) -> Result<Self, WireError> {
        let records = service.people(ids).await?;
        let users = records.iter().map(|record| (record.id, shared(record)));
        Ok(Self {
            users: users.collect(),
        })
    }

    /// All of them.
    pub(in crate::transport::http) fn iter(&self) -> impl Iterator<Item = (&UserId, &User)> {
        self.users.iter()
    }

    /// One of them.
    pub(in crate::transport::http) fn get(&self, id: UserId) -> Option<&User> {
        self.users.get(&id)
    }
}

/// A person, as the caller sees them.
pub(in crate::transport::http) fn user(
    caller: &Caller,
    record: &UserRecord,
    seen: &Presence,
) -> User {
    let own = caller.actor.id == record.id;
    let (status, text) = if own {
        let choice = Choice::of(record);
        let (status, text) = choice.at(now());
        (status, text.to_owned())
    } else if seen.online {
        (
            seen.status.unwrap_or(Status::Online),
            seen.text.clone().unwrap_or_default(),
        )
    } else {
        (Status::Offline, String::new())
    };
    let email = record.email.clone().filter(|_| own || caller.admin);
    User {
        id: record.id.0,
        username: record.username.clone(),
        email: email.unwrap_or_default(),
        first_name: record.first_name.clone(),
        last_name: record.last_name.clone(),
        avatar: picture(record.avatar, &record.avatar_url),
        status: status.as_str().to_owned(),
        last_seen: seen.last_seen.map(Time),
        is_active: !record.disabled,
        created_at: Time(record.created_at),
        updated_at: Time(record.updated_at),
        bio: record.bio.clone(),
        status_text: text,
    }
}

/// A person without what depends on who looks: presence and e-mail.
pub(in crate::transport::http) fn shared(record: &UserRecord) -> User {
    User {
        id: record.id.0,
        username: record.username.clone(),
        email: String::new(),
        first_name: record.first_name.clone(),
        last_name: record.last_name.clone(),
        avatar: picture(record.avatar, &record.avatar_url),
        status: Status::Offline.as_str().to_owned(),
        last_seen: None,
        is_active: !record.disabled,
        created_at: Time(record.created_at),
        updated_at: Time(record.updated_at),
        bio: record.bio.clone(),
        status_text: String::new(),
    }
}

/// Where the picture of a person or a chat is; empty where there is none.
pub(in crate::transport::http) fn picture(
    kept: Option<proto::digest::Digest>,
    elsewhere: &str,
) -> String {
    kept.map_or_else(|| elsewhere.to_owned(), avatar)
}

/// Where a picture that is kept here is.
pub(super) fn avatar(hash: proto::digest::Digest) -> String {
    format!(
        "{}/avatars/{}",
        super::BASE,
        blake3::Hash::from_bytes(hash.0).to_hex()
    )
}

/// How to call somebody.
pub(in crate::transport::http) fn called(user: &User) -> String {
    let full = format!("{} {}", user.first_name, user.last_name);
    match full.trim() {
        "" => user.username.clone(),
        full => full.to_owned(),
    }
}

/// The id of what the store knows by two other ids: the same for ever.
pub(super) fn derived(what: &str, one: &[u8], other: &[u8]) -> Uuid {
    let mut hasher = blake3::Hasher::new_derive_key(what);
    hasher.update(one);
    hasher.update(other);
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    Builder::from_bytes(bytes)
        .with_version(Version::Custom)
        .with_variant(Variant::RFC4122)
        .into_uuid()
}
