//! The caller's contact list.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use proto::id::UserId;
use proto::request::{AddContact, ChangeContact, ContactState, RemoveContact, Request};
use proto::text::DisplayName;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::{Builder, Uuid, Variant, Version};

use super::super::Context;
use super::accounts::{DoneAnswer, valid};
use super::body::{JsonBody, NoBody, PathOf};
use super::error::{ApiError, ApiResult, ErrorBody, Refused};
use super::ids;
use super::model::{Contact, Time};
use super::signed_in::SignedIn;
use super::users::ask;
use super::view::People;
use crate::service::Caller;
use crate::store::people::ContactRecord;

/// The list.
#[derive(Serialize, ToSchema)]
pub(super) struct ContactsAnswer {
    /// By name.
    contacts: Vec<Contact>,
}

/// An entry, and what was done to it.
#[derive(Serialize, ToSchema)]
pub(super) struct ContactAnswer {
    /// In words.
    message: &'static str,
    /// As it is now.
    contact: Contact,
}

/// Somebody for the list: one of the three says who.
#[derive(Deserialize, ToSchema)]
pub(super) struct NewContact {
    #[serde(default)]
    username: String,
    #[serde(default)]
    contact_id: String,
    #[serde(default)]
    email: String,
    /// What to call them.
    #[serde(default)]
    nickname: String,
}

/// What to call somebody.
#[derive(Deserialize, ToSchema)]
pub(super) struct NewNickname {
    /// Empty for their own name.
    #[serde(default)]
    nickname: String,
}

/// The id of the entry for `other` in `owner`'s list: the same for ever.
fn entry_id(owner: UserId, other: UserId) -> Uuid {
    let mut hasher = blake3::Hasher::new_derive_key("messenger contact entry");
    hasher.update(owner.as_bytes());
    hasher.update(other.as_bytes());
    let mut bytes = [0; 16];
    hasher.finalize_xof().fill(&mut bytes);
    Builder::from_bytes(bytes)
        .with_version(Version::Custom)
        .with_variant(Variant::RFC4122)
        .into_uuid()
}

/// Entries as their owner sees them.
async fn view(
    context: &Context,
    caller: &Caller,
    records: &[ContactRecord],
) -> ApiResult<Vec<Contact>> {
    let users: Vec<_> = records.iter().map(|record| record.user.clone()).collect();
    let people = People::of(&context.service, caller, &users).await?;
    let shown = records.iter().filter_map(|record| {
        let user = people.get(record.user.id)?.clone();
        let since = Time(record.since);
        Some(Contact {
            id: entry_id(caller.actor.id, record.user.id),
            user_id: caller.actor.id.0,
            contact_id: user.id,
            nickname: record.nickname.clone().unwrap_or_default(),
            is_blocked: record.blocked,
            state: record.state.as_str().to_owned(),
            created_at: since,
            updated_at: since,
            username: user.username.clone(),
            first_name: user.first_name.clone(),
            last_name: user.last_name.clone(),
            avatar: user.avatar.clone(),
            status: user.status.clone(),
            last_seen: user.last_seen,
            contact: user,
        })
    });
    Ok(shown.collect())
}

/// What an entry is now.
async fn answer(
    context: &Context,
    caller: &Caller,
    other: UserId,
    message: &'static str,
) -> ApiResult<ContactAnswer> {
    let list = context.service.contact_list(caller).await?;
    let record = list.into_iter().find(|record| record.user.id == other);
    let record = match record {
        Some(record) => record,
        // What became empty is in the list no longer.
        None => {
            let people = context.service.people(vec![other]).await?;
            ContactRecord {
                user: people.into_iter().next().ok_or_else(ApiError::not_found)?,
                nickname: None,
                state: ContactState::None,
                blocked: false,
                since: crate::service::now(),
            }
        }
    };
    let mut shown = view(context, caller, &[record]).await?;
    let contact = shown.pop().ok_or_else(ApiError::internal)?;
    Ok(ContactAnswer { message, contact })
}

/// Whom an id in a path means: an entry's, or the other person's own.
async fn whom(context: &Context, caller: &Caller, id: &str) -> ApiResult<UserId> {
    let id = ids::id(id)?;
    let own = caller.actor.id;
    let list = context.service.contact_list(caller).await?;
    let others = list.iter().map(|record| record.user.id);
    let entry = others
        .into_iter()
        .find(|other| other.0 == id || entry_id(own, *other) == id);
    Ok(entry.unwrap_or(UserId(id)))
}

/// The caller's contacts
///
/// With those who ask to be one (`state` is `incoming`) and those whom the
/// caller has blocked.
#[utoipa::path(
    get, path = "/contacts", tag = "contacts", security(("bearer" = [])),
    responses((status = 200, body = ContactsAnswer), Refused),
)]
pub(super) async fn list(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
) -> ApiResult<Json<ContactsAnswer>> {
    let records = context.service.contact_list(&caller).await?;
    let contacts = view(&context, &caller, &records).await?;
    Ok(Json(ContactsAnswer { contacts }))
}

/// Adds somebody
///
/// Whoever asks to be a contact is accepted with this.
#[utoipa::path(
    post, path = "/contacts", tag = "contacts", security(("bearer" = [])), request_body = NewContact,
    responses(
        (status = 201, body = ContactAnswer),
        (status = 404, body = ErrorBody, description = "Nobody is called so"),
        (status = 409, body = ErrorBody, description = "In the list already"),
        Refused,
    ),
)]
pub(super) async fn add(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    JsonBody(body): JsonBody<NewContact>,
) -> ApiResult<Response> {
    let nickname = nickname(&body.nickname)?;
    let said = [&body.contact_id, &body.username, &body.email];
    let Some(said) = said.into_iter().find(|said| !said.trim().is_empty()) else {
        return Err(ApiError::bad_request(
            "username, contact_id or email has to say who.",
        ));
    };
    let other = if body.contact_id.trim().is_empty() {
        let found = context.service.find_person(said.trim()).await?;
        found.ok_or_else(ApiError::not_found)?.id
    } else {
        UserId(ids::id(said)?)
    };
    let list = context.service.contact_list(&caller).await?;
    let has = |state| matches!(state, ContactState::Mutual | ContactState::Outgoing);
    if list
        .iter()
        .any(|record| record.user.id == other && has(record.state))
    {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "conflict",
            "This person is in your contacts already.",
        ));
    }
    let request = AddContact {
        user: other,
        nickname,
    };
    ask(&context, &caller, Request::AddContact(request)).await?;
    let answer = answer(&context, &caller, other, "Added to your contacts.").await?;
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

fn nickname(text: &str) -> ApiResult<Option<DisplayName>> {
    match text.trim() {
        "" => Ok(None),
        text => valid(DisplayName::try_from(text)).map(Some),
    }
}

/// Calls somebody something else
#[utoipa::path(
    put, path = "/contacts/{id}", tag = "contacts", security(("bearer" = [])), request_body = NewNickname,
    params(("id" = Uuid, Path, description = "Of the entry, or of the other person")),
    responses((status = 200, body = ContactAnswer), (status = 404, body = ErrorBody), Refused),
)]
pub(super) async fn rename(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<NewNickname>,
) -> ApiResult<Json<ContactAnswer>> {
    let nickname = nickname(&body.nickname)?;
    let user = whom(&context, &caller, &id).await?;
    let request = ChangeContact {
        user,
        clear_nickname: nickname.is_none(),
        nickname,
        blocked: None,
    };
    ask(&context, &caller, Request::ChangeContact(request)).await?;
    let answer = answer(&context, &caller, user, "The contact is changed.").await?;
    Ok(Json(answer))
}

/// Takes somebody off the list, or declines
#[utoipa::path(
    delete, path = "/contacts/{id}", tag = "contacts", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Of the entry, or of the other person")),
    responses((status = 200, body = DoneAnswer), (status = 404, body = ErrorBody), Refused),
)]
pub(super) async fn remove(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf(id): PathOf<String>,
    _: NoBody,
) -> ApiResult<Json<DoneAnswer>> {
    let user = whom(&context, &caller, &id).await?;
    let list = context.service.contact_list(&caller).await?;
    let listed =
        |record: &ContactRecord| record.user.id == user && record.state != ContactState::None;
    if !list.iter().any(listed) {
        return Err(ApiError::not_found());
    }
    ask(
        &context,
        &caller,
        Request::RemoveContact(RemoveContact { user }),
    )
    .await?;
    Ok(Json(DoneAnswer {
        message: "Taken off your contacts.",
    }))
}

/// Blocks somebody
///
/// They cannot write to the caller nor see whether they are there, and are told
/// nothing.
#[utoipa::path(
    put, path = "/contacts/{id}/block", tag = "contacts", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Of the entry, or of the other person")),
    responses((status = 200, body = ContactAnswer), (status = 404, body = ErrorBody), Refused),
)]
pub(super) async fn block(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf(id): PathOf<String>,
    _: NoBody,
) -> ApiResult<Json<ContactAnswer>> {
    set_blocked(&context, &caller, &id, true).await
}

/// Unblocks somebody
#[utoipa::path(
    put, path = "/contacts/{id}/unblock", tag = "contacts", security(("bearer" = [])),
    params(("id" = Uuid, Path, description = "Of the entry, or of the other person")),
    responses((status = 200, body = ContactAnswer), (status = 404, body = ErrorBody), Refused),
)]
pub(super) async fn unblock(
    State(context): State<Context>,
    SignedIn { caller, .. }: SignedIn,
    PathOf(id): PathOf<String>,
    _: NoBody,
) -> ApiResult<Json<ContactAnswer>> {
    set_blocked(&context, &caller, &id, false).await
}

async fn set_blocked(
    context: &Context,
    caller: &Caller,
    id: &str,
    on: bool,
) -> ApiResult<Json<ContactAnswer>> {
    let user = whom(context, caller, id).await?;
    let request = ChangeContact {
        user,
        nickname: None,
        clear_nickname: false,
        blocked: Some(on),
    };
    ask(context, caller, Request::ChangeContact(request)).await?;
    let message = if on { "Blocked." } else { "Unblocked." };
    Ok(Json(answer(context, caller, user, message).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_has_one_id_for_ever() {
        let (one, other) = (UserId::from_bytes([1; 16]), UserId::from_bytes([2; 16]));
        assert_eq!(entry_id(one, other), entry_id(one, other));
        assert_ne!(entry_id(one, other), entry_id(other, one));
        assert_eq!(entry_id(one, other).get_version_num(), 8);
    }
}
