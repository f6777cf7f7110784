//! Who people are: names, words about themselves, pictures.

use proto::digest::Digest;
use proto::error::{ErrorCode, WireError};
use proto::event::{Event, UsersChanged};
use proto::limits;
use proto::request::{
    Avatar, AvatarImage, Done, OwnSettings, Profile, ProfileInfo, SetProfile, Status, User,
};

use super::choices::Choice;
use super::{Caller, Service, bad_request, now, refuse};
use crate::bus::Signal;
use crate::store::people::{AvatarRecord, ProfileChange};
use crate::store::{StoreError, UserRecord};

/// How often a picture is kept again that went before anybody had it.
const TRIES: usize = 3;

impl Service {
    pub(super) async fn profile(
        &self,
        caller: &Caller,
        request: Profile,
    ) -> Result<ProfileInfo, WireError> {
        let asked = request.user.unwrap_or(caller.actor.id);
        let found = self.store.users(vec![asked], Vec::new()).await;
        let found = found.map_err(refuse)?.into_iter().next();
        let user = found.ok_or(ErrorCode::NotFound)?;
        if user.id == caller.actor.id {
            return Ok(own_profile(&user));
        }
        let visible = self.presence.acquainted(caller.actor.no, user.no).await?;
        let seen = self.presence.seen(&user);
        let shown = profile_info(&user);
        if !visible || !seen.online {
            return Ok(shown);
        }
        Ok(ProfileInfo {
            status: seen.status.unwrap_or(Status::Online),
            status_text: seen.text.unwrap_or_default(),
            status_until: Choice::of(&user).lapses(now()),
            ..shown
        })
    }

    pub(super) async fn set_profile(
        &self,
        caller: &Caller,
        request: SetProfile,
    ) -> Result<ProfileInfo, WireError> {
        let change = profile_change(request)?;
        self.let_change(caller)?;
        if change == ProfileChange::default() {
            return Ok(own_profile(&self.own_record(caller).await?));
        }
        let before = self.own_record(caller).await?;
        let changed = self.store.set_profile(caller.actor, change, now());
        let user = changed.await.map_err(refuse)?;
        self.follow_choice(caller).await?;
        if looks(&user) != looks(&before) {
            self.tell_looks(&user).await;
        }
        Ok(own_profile(&user))
    }

    pub(super) async fn set_own_avatar(
        &self,
        caller: &Caller,
        picture: Option<AvatarRecord>,
    ) -> Result<Done, WireError> {
        self.let_change(caller)?;
        let hash = picture.as_ref().map(|picture| picture.hash);
        let mut tries = 0;
        let user = loop {
            if let Some(picture) = &picture {
                let kept = self.store.put_avatar(picture.clone());
                kept.await.map_err(refuse)?;
            }
            let given = self
                .store
                .set_user_avatar(caller.actor, hash, String::new(), now());
            match given.await {
                Ok(user) => break user,
                // Somebody else's change swept it away in between.
                Err(StoreError::NoEntry) if tries < TRIES => tries += 1,
                Err(error) => return Err(refuse(error)),
            }
        };
        self.follow_choice(caller).await?;
        self.tell_looks(&user).await;
        Ok(Done {})
    }

    /// Gives the caller a picture that is kept already.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::NotFound`] where there is no such picture.
    pub async fn take_avatar(&self, caller: &Caller, hash: Digest) -> Result<(), WireError> {
        self.let_change(caller)?;
        let user = self
            .store
            .set_user_avatar(caller.actor, Some(hash), String::new(), now());
        let user = user.await.map_err(refuse)?;
        self.follow_choice(caller).await?;
        self.tell_looks(&user).await;
        Ok(())
    }

    /// Says where the caller's picture is, elsewhere. It is never looked at.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::RateLimited`], or where the store fails.
    pub async fn point_avatar(&self, caller: &Caller, url: String) -> Result<(), WireError> {
        self.let_change(caller)?;
        let user = self.store.set_user_avatar(caller.actor, None, url, now());
        let user = user.await.map_err(refuse)?;
        self.follow_choice(caller).await?;
        self.tell_looks(&user).await;
        Ok(())
    }

    /// A picture.
    ///
    /// # Errors
    ///
    /// [`ErrorCode::NotFound`].
    pub async fn picture(&self, hash: Digest) -> Result<AvatarImage, WireError> {
        self.avatar(Avatar { hash }).await
    }

    pub(super) async fn avatar(&self, request: Avatar) -> Result<AvatarImage, WireError> {
        let found = self.store.avatar(request.hash).await.map_err(refuse)?;
        let (mime, image) = found.ok_or(ErrorCode::NotFound)?;
        Ok(AvatarImage { mime, image })
    }

    /// The caller as the store knows them.
    pub(super) async fn own_record(&self, caller: &Caller) -> Result<UserRecord, WireError> {
        let found = self.store.users(vec![caller.actor.id], Vec::new()).await;
        let found = found.map_err(refuse)?.into_iter().next();
        found.ok_or(ErrorCode::NotFound.into())
    }

    /// Tells those who see somebody's presence how they look now. Of who is
    /// invisible nothing is told: the revision that comes with their presence
    /// says so later.
    async fn tell_looks(&self, user: &UserRecord) {
        if Choice::of(user).is_hidden(now()) {
            return;
        }
        let who = self
            .store
            .acquaintances(user.no, limits::PRESENCE_MEMBERS as u32);
        let users = match who.await {
            Ok(who) => who.into_iter().map(|other| other.id),
            // Stored all the same, and found with the next presence.
            Err(error) => return tracing::warn!(%error, "new names not told"),
        };
        let users: Vec<_> = users
            .filter(|user| self.presence.is_reached(*user))
            .collect();
        if !users.is_empty() {
            let users_changed = UsersChanged {
                users: vec![user.shown()],
            };
            self.bus.publish(vec![Signal::ToUsers {
                users,
                event: Event::Users(users_changed),
            }]);
        }
    }
}

/// What others see of somebody without asking for more.
fn looks(user: &UserRecord) -> User {
    User {
        rev: 0,
        ..user.shown()
    }
}

fn profile_info(user: &UserRecord) -> ProfileInfo {
    ProfileInfo {
        user: user.shown(),
        bio: user.bio.clone(),
        created_at: user.created_at,
        status: Status::Offline,
        status_text: String::new(),
        status_until: None,
        own: None,
    }
}

/// A profile for its owner.
pub(super) fn own_profile(user: &UserRecord) -> ProfileInfo {
    let (at, choice) = (now(), Choice::of(user));
    let (status, text) = choice.at(at);
    ProfileInfo {
        status,
        status_text: text.to_owned(),
        status_until: choice.lapses(at),
        own: Some(OwnSettings {
            email: user.email.clone(),
            receipts: user.receipts,
        }),
        ..profile_info(user)
    }
}

fn profile_change(request: SetProfile) -> Result<ProfileChange, WireError> {
    let mut change = ProfileChange {
        first_name: request.first_name.map(Some),
        last_name: request.last_name.map(Some),
        bio: request.bio,
        email: request.email.map(Some),
        receipts: request.receipts,
    };
    for field in &request.clear {
        let given = match field.as_str() {
            "first_name" => change.first_name.replace(None).flatten().is_some(),
            "last_name" => change.last_name.replace(None).flatten().is_some(),
            "email" => change.email.replace(None).flatten().is_some(),
            "bio" => {
                let empty = proto::text::Bio::try_from("").map_err(|_| bad_request("bio"))?;
                change
                    .bio
                    .replace(empty)
                    .is_some_and(|bio| bio.as_str() != "")
            }
            _ => {
                return Err(bad_request(
                    "clear takes first_name, last_name, bio and email",
                ));
            }
        };
        if given {
            return Err(bad_request("a field is either set or cleared"));
        }
    }
    Ok(change)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_set_or_cleared_and_has_to_exist() {
        let clear = |fields: &[&str]| SetProfile {
            clear: fields.iter().map(|&field| field.to_owned()).collect(),
            ..SetProfile::default()
        };
        let change = profile_change(clear(&["first_name", "bio", "first_name"])).unwrap();
        assert_eq!(change.first_name, Some(None));
        assert_eq!(change.bio.unwrap().as_str(), "");
        assert_eq!(change.email, None);
        let both = SetProfile {
            first_name: Some("Ada".try_into().unwrap()),
            ..clear(&["first_name"])
        };
        for wrong in [both, clear(&["username"])] {
            let refused = profile_change(wrong).unwrap_err();
            assert_eq!(refused.code, ErrorCode::BadRequest);
        }
    }
}
