//! Making the shapes from what is stored, for one who asks.

use std::collections::HashMap;

use proto::event::Presence;
use proto::id::UserId;
use proto::request::Status;

use super::error::ApiResult;
use super::model::{Time, User};
use crate::service::choices::Choice;
use crate::service::{Caller, Service, now};
use crate::store::UserRecord;

/// People as one caller sees them.
pub(super) struct People {
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

    /// One of them.
    pub(super) fn get(&self, id: UserId) -> Option<&User> {
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
        avatar: record.avatar.map(avatar).unwrap_or_default(),
        status: status.as_str().to_owned(),
        last_seen: seen.last_seen.map(Time),
        is_active: !record.disabled,
        created_at: Time(record.created_at),
        updated_at: Time(record.created_at),
        bio: record.bio.clone(),
        status_text: text,
    }
}

/// Where a picture is.
pub(in crate::transport::http) fn avatar(hash: proto::digest::Digest) -> String {
    format!(
        "{}/avatars/{}",
        super::BASE,
        blake3::Hash::from_bytes(hash.0).to_hex()
    )
}
