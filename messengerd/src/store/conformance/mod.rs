//! What every back end has to do, as one list of small cases. A back end opens
//! a [`Bed`] for each and instantiates the list with [`conformance!`].

#![allow(clippy::unwrap_used, reason = "tests")]

pub(crate) mod accounts;
pub(crate) mod acts;
pub(crate) mod appends;
pub(crate) mod changes;
pub(crate) mod chats;
pub(crate) mod contacts;
pub(crate) mod cursors;
pub(crate) mod doors;
pub(crate) mod endings;
pub(crate) mod imports;
pub(crate) mod lists;
pub(crate) mod logs;
pub(crate) mod pages;
pub(crate) mod people;
pub(crate) mod retention;
pub(crate) mod search;
pub(crate) mod timeline;

use std::any::Any;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use proto::UnixMillis;
use proto::digest::Digest;
use proto::entry::{AccountEntry, Body, Message, kind};
use proto::id::{ChatId, EntryId, SessionId, UserId};
use proto::request::ChatKind;
use proto::text::{ChatName, DeviceName, Username};

use super::groups::Act;
use super::people::AvatarRecord;
use super::{
    Actor, Admission, Append, Appended, ChatRecord, Committed, Feed, NewChat, NewSession, NewUser,
    SharedStore, StoreError, UserRecord,
};

/// A time for rows that do not care.
pub(crate) const AT: i64 = 1_700_000_000_000;

/// Keeps what the feed was told.
#[derive(Default)]
pub(crate) struct Recorder {
    events: Mutex<Vec<Committed>>,
    unsure: AtomicBool,
}

impl Feed for Recorder {
    fn committed(&self, batch: Vec<Committed>) {
        self.events.lock().unwrap().extend(batch);
    }

    fn unsure(&self) {
        self.unsure.store(true, Ordering::SeqCst);
    }
}

impl Recorder {
    /// Everything told so far, once.
    pub(crate) fn take(&self) -> Vec<Committed> {
        std::mem::take(&mut self.events.lock().unwrap())
    }

    /// Whether it was told that something may be missing.
    pub(crate) fn is_unsure(&self) -> bool {
        self.unsure.load(Ordering::SeqCst)
    }
}

/// A fresh store and its feed.
pub(crate) struct Bed {
    pub(crate) store: SharedStore,
    pub(crate) feed: Arc<Recorder>,
    /// Removes the store behind the case.
    pub(crate) _guard: Box<dyn Any + Send + Sync>,
}

impl Bed {
    /// A new account; the first one is admin.
    pub(crate) async fn user(&self, name: &str) -> UserRecord {
        self.store
            .create_user(new_user(name), new_session())
            .await
            .unwrap()
    }

    /// A group of these, made by the first.
    pub(crate) async fn group(&self, people: &[&UserRecord]) -> ChatRecord {
        self.store.create_chat(new_group(people)).await.unwrap()
    }

    /// A public chat, made by one.
    pub(crate) async fn public(&self, creator: &UserRecord) -> ChatRecord {
        let chat = NewChat {
            kind: ChatKind::Public,
            ..new_group(&[creator])
        };
        self.store.create_chat(chat).await.unwrap()
    }

    /// A chat as it is now.
    pub(crate) async fn now(&self, chat: &ChatRecord) -> ChatRecord {
        self.store.chat(chat.id).await.unwrap().unwrap()
    }

    /// The kinds of all entries of a chat.
    pub(crate) async fn kinds(&self, chat: &ChatRecord) -> Vec<u16> {
        let page = self.store.entries_after(chat.no, 0, 1000, 1 << 20).await;
        let entries = page.unwrap().entries;
        entries.iter().map(|entry| entry.kind).collect()
    }

    /// All entries of an account's log.
    pub(crate) async fn account(&self, user: &UserRecord) -> Vec<AccountEntry> {
        let log = self.store.account_entries(user.no, 0, 1000).await;
        log.unwrap().0
    }

    /// Appends one message, encoded as one, at a time.
    pub(crate) async fn write(
        &self,
        chat: &ChatRecord,
        user: &UserRecord,
        text: &str,
        at: UnixMillis,
    ) -> Appended {
        let (_, body) = Body::Message(Message::new(text)).encode().unwrap();
        let append = Append {
            at,
            body,
            ..message(chat, user, "")
        };
        self.store.append(append).unwrap().await.unwrap()
    }

    /// Brings everything into the index.
    pub(crate) async fn index(&self) {
        while self.store.index_entries(1000).await.unwrap() {}
    }

    /// Appends one message and waits for it.
    pub(crate) async fn say(
        &self,
        chat: &ChatRecord,
        user: &UserRecord,
        text: &str,
    ) -> Result<Appended, StoreError> {
        self.store.append(message(chat, user, text))?.await
    }
}

pub(crate) fn new_user(name: &str) -> NewUser {
    NewUser {
        id: UserId::generate(),
        username: Username::try_from(name).unwrap(),
        email: None,
        password_hash: "$argon2id$".to_owned(),
        admission: Admission::Open {
            first_is_admin: true,
        },
        at: AT,
    }
}

pub(crate) fn new_session() -> NewSession {
    NewSession {
        id: SessionId::generate(),
        device: DeviceName::try_from("test").unwrap(),
        at: AT,
        expires_at: None,
    }
}

pub(crate) fn actor(user: &UserRecord) -> Actor {
    Actor {
        no: user.no,
        id: user.id,
    }
}

/// A picture made of these bytes.
pub(crate) fn picture(image: &[u8]) -> AvatarRecord {
    AvatarRecord {
        hash: Digest(*blake3::hash(image).as_bytes()),
        mime: "image/png",
        image: Bytes::copy_from_slice(image),
    }
}

/// Something that one of them does to a chat as it was found.
pub(crate) fn act(chat: &ChatRecord, by: &UserRecord) -> Act {
    Act {
        chat: chat.no,
        chat_id: chat.id,
        acl_rev: chat.acl_rev,
        actor: actor(by),
        entry: EntryId::generate(),
        at: AT,
    }
}

pub(crate) fn new_group(people: &[&UserRecord]) -> NewChat {
    NewChat {
        id: ChatId::generate(),
        kind: ChatKind::Group,
        name: Some(ChatName::try_from("group").unwrap()),
        description: None,
        creator: actor(people[0]),
        others: people[1..].iter().map(|user| actor(user)).collect(),
        entry: EntryId::generate(),
        at: AT,
    }
}

pub(crate) fn new_private(creator: &UserRecord, other: Option<&UserRecord>) -> NewChat {
    NewChat {
        kind: ChatKind::Private,
        name: None,
        others: other.map(actor).into_iter().collect(),
        ..new_group(&[creator])
    }
}

pub(crate) fn message(chat: &ChatRecord, user: &UserRecord, text: &str) -> Append {
    Append {
        chat: chat.no,
        chat_id: chat.id,
        acl_rev: chat.acl_rev,
        actor: actor(user),
        kind: kind::MESSAGE,
        id: EntryId::generate(),
        ref_seq: None,
        at: AT,
        body: Bytes::copy_from_slice(text.as_bytes()),
    }
}

/// Instantiates every case for the back end that `$bed` opens: an async
/// function without arguments that returns a [`Bed`].
macro_rules! conformance {
    ($bed:path) => {
        $crate::store::conformance::conformance!(@cases $bed,
            accounts: [
                the_first_account_is_admin
                an_empty_store_refuses_others
                names_are_unique_by_key
                addresses_are_unique_without_case
                login_by_name_and_address
                an_invite_counts_its_uses
                an_invite_expires
                sessions_open_and_end
                an_ended_session_is_none
                people_are_found
                last_seen_never_moves_back
                a_setting_is_kept_once
            ]
            chats: [
                a_group_has_its_members_in_order
                creating_twice_returns_the_first
                anothers_chat_id_is_a_conflict
                a_pair_has_one_private_chat
                notes_to_oneself
                members_are_added_once
                who_leaves_is_out
                the_last_admin_hands_over
                heads_show_present_chats_only
                acquaintances_by_size
            ]
            acts: [
                an_act_on_another_revision_does_nothing
                of_two_acts_on_one_revision_one_is_done
                an_act_that_is_repeated_is_done_once
                properties_change_with_one_entry
                a_picture_of_a_chat_is_kept_while_it_has_one
                a_role_is_given_once
                a_muted_member_lands_nothing
                leaving_lifts_no_silence
                a_banned_one_is_out_until_the_ban_ends
                who_was_never_in_can_be_banned
                a_banned_admin_hands_over
                a_deleted_chat_is_gone
                history_begins_where_the_settings_say
            ]
            doors: [
                anybody_joins_a_public_chat
                a_group_is_not_joined_without_a_link
                a_link_counts_its_uses
                a_link_expires_and_is_revoked
                a_link_leads_to_its_own_chat
                a_link_made_twice_is_one
                links_are_counted
                the_directory_lists_public_chats
                own_settings_of_a_chat
            ]
            people: [
                a_profile_changes_what_is_given
                an_address_of_anothers_profile_is_taken
                a_status_is_as_chosen
                a_picture_elsewhere_takes_the_place_of_one_that_is_kept
                a_picture_goes_with_the_last_who_has_it
                a_new_password_ends_the_other_sessions
                people_are_found_by_their_names
            ]
            contacts: [
                asking_and_accepting
                declining_is_silent
                taking_off_is_told
                nicknames_are_ones_own
                blocking_is_silent
                asking_who_blocked_is_silent
                nothing_of_a_blocked_one_lands_in_the_private_chat
                a_block_is_a_revision_of_the_private_chat
                acquaintances_by_contacts_and_blocks
                the_blocked_among_others
            ]
            changes: [
                an_edit_is_the_text_from_then_on
                only_its_author_edits_a_message
                a_change_that_is_repeated_is_one
                what_is_no_message_is_not_changed
                a_deletion_takes_every_text
                a_reaction_stands_once
                reactions_of_one_person_are_counted
                pins_are_listed_latest_first
                pins_are_counted
                nothing_is_changed_by_who_left
                the_feed_hears_of_a_change
            ]
            retention: [
                old_entries_go_with_all_that_hangs_on_them
                a_floor_is_raised_in_slices
                a_digest_above_the_floor
                a_chat_without_retention_keeps_everything
                what_a_deleted_chat_held_goes
            ]
            search: [
                words_are_found_by_their_beginnings
                a_frequent_word_does_not_hide_a_rare_one
                case_and_accents_do_not_matter
                only_own_chats_are_searched
                one_chat_is_searched
                edits_are_found_and_deletions_are_not
                pages_of_results_lose_nothing
                results_of_one_moment_are_paged
                what_a_member_may_not_see_is_not_found
                what_is_not_indexed_yet_is_counted
                a_deleted_chat_is_not_found
            ]
            timeline: [
                messages_come_in_pages
                a_message_has_what_hangs_on_it
                messages_are_found_by_place_and_id
            ]
            lists: [
                own_chats_are_listed_by_activity
                the_list_knows_who_has_read
                public_chats_are_listed_to_outsiders
                the_list_has_the_latest_message_behind_much_else
                the_list_knows_of_blocks_and_bans
                people_are_listed_by_name
            ]
            endings: [
                a_deleted_account_leaves_everything
                a_session_expires
                changes_are_dated
            ]
            appends: [
                numbers_are_gapless
                concurrent_appends_are_gapless
                other_kinds_count_no_message
                a_repeat_returns_the_first
                equal_ids_in_one_batch
                a_foreign_id_is_a_conflict
                a_stale_revision_of_a_member_lands
                nothing_of_a_removed_member_lands
                an_unknown_chat_has_no_access
                a_failing_write_harms_no_neighbour
                the_feed_hears_in_order_before_the_answer
                a_closed_store_refuses
            ]
            pages: [
                pages_are_cut_by_count
                pages_are_cut_by_bytes
                the_latest_come_oldest_first
                entries_come_back_whole
                an_empty_page
            ]
            cursors: [
                cursors_are_cut_and_never_go_back
                reading_implies_receiving
                a_cursor_counts_messages
                a_stranger_has_no_cursor
                counts_leave_out_the_author
                history_is_no_news
                a_hidden_cursor_stands_still_for_others
                a_shown_cursor_catches_up
                counts_are_of_what_is_shown
            ]
            imports: [
                an_account_comes_as_it_was_and_only_once
                an_account_takes_nobodys_name
                entries_are_found_by_their_ids
                a_hash_is_replaced_and_no_session_ends
            ]
            logs: [
                a_digest_covers_the_entries
                a_digest_across_blocks
                a_digest_from_within_a_block
                an_account_log_is_gapless
                an_account_digest_covers_its_entries
                revisions_tell_where_things_stand
            ]
        );
    };
    (@cases $bed:path, $($noun:ident: [$($case:ident)*])*) => {
        $(mod $noun {
            $(#[tokio::test]
            async fn $case() {
                $crate::store::conformance::$noun::$case($bed().await).await;
            })*
        })*
    };
}
pub(crate) use conformance;
