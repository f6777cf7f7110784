//! Who knows whom, and who wants to hear nothing of whom.
//!
//! Blocking is silent: the blocked one is told nothing but that the other went
//! offline, if they saw them online.

use proto::error::{ErrorCode, WireError};
use proto::id::UserId;
use proto::limits;
use proto::request::{
    AddContact, ChangeContact, Contact, ContactList, ContactState, Contacts, Done, RemoveContact,
};

use super::{Caller, Service, bad_request, now, refuse, too_large};
use crate::store::people::{ContactChange, ContactRecord};
use crate::store::{Actor, StoreError, UserRecord};

/// Bytes of a contact, encoded, beside names.
const CONTACT_BYTES: usize = 220;

impl Service {
    /// The caller's whole list, by name.
    ///
    /// # Errors
    ///
    /// Where the store fails.
    pub async fn contact_list(&self, caller: &Caller) -> Result<Vec<ContactRecord>, WireError> {
        self.store.contacts(caller.actor.no).await.map_err(refuse)
    }

    pub(super) async fn contacts(
        &self,
        caller: &Caller,
        request: Contacts,
    ) -> Result<ContactList, WireError> {
        let records = self.contact_list(caller).await?;
        let mut list = ContactList {
            contacts: Vec::new(),
            more: false,
        };
        let mut bytes = 0;
        for record in records.into_iter().skip(request.offset as usize) {
            let contact = contact(record);
            let user = &contact.user;
            bytes += CONTACT_BYTES
                + user.username.len()
                + user.first_name.len()
                + user.last_name.len()
                + contact.nickname.as_ref().map_or(0, String::len);
            if bytes > limits::PAGE_BYTES {
                list.more = true;
                break;
            }
            list.contacts.push(contact);
        }
        Ok(list)
    }

    pub(super) async fn add_contact(
        &self,
        caller: &Caller,
        request: AddContact,
    ) -> Result<Contact, WireError> {
        let other = self.other(caller, request.user).await?;
        self.let_change(caller)?;
        let change = ContactChange::Add {
            nickname: request.nickname,
        };
        let record = self.change_standing(caller, &other, change).await?;
        if record.state == ContactState::Mutual && self.are_acquainted(caller, &other).await? {
            let own = self.own_record(caller).await?;
            self.presence.show(&own, other.id);
            self.presence.show(&other, own.id);
        }
        Ok(contact(record))
    }

    pub(super) async fn change_contact(
        &self,
        caller: &Caller,
        request: ChangeContact,
    ) -> Result<Contact, WireError> {
        if request.nickname.is_some() && request.clear_nickname {
            return Err(bad_request("a nickname is either set or cleared"));
        }
        let other = self.other(caller, request.user).await?;
        self.let_change(caller)?;
        let mut changed = None;
        // First what may be refused.
        if request.nickname.is_some() || request.clear_nickname {
            let change = ContactChange::Nickname(request.nickname);
            changed = Some(self.change_standing(caller, &other, change).await?);
        }
        if let Some(blocked) = request.blocked {
            changed = Some(self.block(caller, &other, blocked).await?);
        }
        let record = changed.ok_or_else(|| bad_request("nothing to change"))?;
        Ok(contact(record))
    }

    async fn block(
        &self,
        caller: &Caller,
        other: &UserRecord,
        on: bool,
    ) -> Result<ContactRecord, WireError> {
        let before = self.are_acquainted(caller, other).await?;
        let record = self
            .change_standing(caller, other, ContactChange::Block(on))
            .await?;
        let after = self.are_acquainted(caller, other).await?;
        if before != after {
            let own = self.own_record(caller).await?;
            if after {
                // Who was blocked believes the other to be offline already.
                if self.presence.seen(&own).online {
                    self.presence.show(&own, other.id);
                }
                self.presence.show(other, own.id);
            } else {
                self.part(&own, other);
            }
        }
        Ok(record)
    }

    pub(super) async fn remove_contact(
        &self,
        caller: &Caller,
        request: RemoveContact,
    ) -> Result<Done, WireError> {
        let other = self.other(caller, request.user).await?;
        self.let_change(caller)?;
        let before = self.are_acquainted(caller, &other).await?;
        self.change_standing(caller, &other, ContactChange::Remove)
            .await?;
        if before && !self.are_acquainted(caller, &other).await? {
            let own = self.own_record(caller).await?;
            self.part(&own, &other);
        }
        Ok(Done {})
    }

    /// Two people see each other's presence no longer.
    fn part(&self, one: &UserRecord, other: &UserRecord) {
        self.presence.hide(one, other.id);
        self.presence.hide(other, one.id);
    }

    async fn are_acquainted(&self, caller: &Caller, other: &UserRecord) -> Result<bool, WireError> {
        self.presence.acquainted(caller.actor.no, other.no).await
    }

    /// Somebody else, who has to exist.
    async fn other(&self, caller: &Caller, user: UserId) -> Result<UserRecord, WireError> {
        if user == caller.actor.id {
            return Err(bad_request("nobody is a contact of themselves"));
        }
        let found = self.store.users(vec![user], Vec::new()).await;
        let found = found.map_err(refuse)?.into_iter().next();
        let found = found.filter(|user| !user.disabled);
        found.ok_or(ErrorCode::NotFound.into())
    }

    async fn change_standing(
        &self,
        caller: &Caller,
        other: &UserRecord,
        change: ContactChange,
    ) -> Result<ContactRecord, WireError> {
        let actor = Actor {
            no: other.no,
            id: other.id,
        };
        let changed = self
            .store
            .change_contact(caller.actor, actor, change, now());
        changed.await.map_err(|error| match error {
            StoreError::TooMany(_) => too_large("contacts", limits::CONTACTS),
            error => refuse(error),
        })
    }
}

fn contact(record: ContactRecord) -> Contact {
    Contact {
        user: record.user.shown(),
        nickname: record.nickname,
        state: record.state,
        blocked: record.blocked,
        since: record.since,
    }
}
