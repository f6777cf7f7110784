//! Which verb goes which way: writes to a chat through its committer, in order;
//! cursors through the mover; everything else on the pool.

use bytes::Bytes;
use proto::digest::Digest;
use proto::entry::AccountEntry;
use proto::event::Head;
use proto::id::{ChatId, EntryId, SessionId, UserId};
use proto::request::{ChatPrefs, Role};
use proto::{Seq, UnixMillis};
use uuid::Uuid;

use super::pool::Done;
use super::{
    PostgresStore, account, avatars, changes, chat_invites, chat_list, chats, contacts, cursors,
    digests, entries, expiry, farewell, groups, index, invites, members, people, revisions, search,
    sessions, timeline, users,
};
use crate::store::changes::{FoundMessage, MessageChange, SearchFound, SearchQuery};
use crate::store::groups::{
    Act, ChatChange, ChatInviteRecord, Door, NewChatInvite, PublicRecord, RaisedFloor,
};
use crate::store::people::{
    AvatarRecord, ChosenStatus, ContactChange, ContactRecord, ProfileChange,
};
use crate::store::timeline::{ListedChat, MessageRecord, Window};
use crate::store::{
    Actor, Append, Appended, ChatNo, ChatRecord, Counts, CursorMove, CursorRecord, EntryPage,
    NewChat, NewInvite, NewSession, NewUser, Pending, Revisions, SessionRecord, Store, StoreError,
    UserNo, UserRecord,
};

impl Store for PostgresStore {
    fn community(&self) -> Uuid {
        self.community
    }

    fn create_user(&self, user: NewUser, session: NewSession) -> Pending<UserRecord> {
        self.pool.write((user, session), |conn, (user, session)| {
            Box::pin(users::create(conn, user, session))
        })
    }

    fn user_by_login(&self, login: String) -> Pending<Option<UserRecord>> {
        self.pool
            .read(login, |conn, login| Box::pin(users::by_login(conn, login)))
    }

    fn users(&self, ids: Vec<UserId>, names: Vec<String>) -> Pending<Vec<UserRecord>> {
        self.pool.read((ids, names), |conn, (ids, names)| {
            Box::pin(users::find(conn, ids, names))
        })
    }

    fn search_users(&self, query: String, limit: u32) -> Pending<Vec<UserRecord>> {
        self.pool.read((query, limit), |conn, (query, limit)| {
            Box::pin(users::search(conn, query, *limit))
        })
    }

    fn list_users(
        &self,
        query: String,
        except: UserNo,
        limit: u32,
        offset: u32,
    ) -> Pending<Vec<UserRecord>> {
        self.pool.read(
            (query, except, limit, offset),
            |conn, (query, except, limit, offset)| {
                Box::pin(users::list(conn, query, *except, *limit, *offset))
            },
        )
    }

    fn is_empty(&self) -> Pending<bool> {
        self.pool
            .read((), |conn, ()| Box::pin(users::is_empty(conn)))
    }

    fn create_invite(&self, invite: NewInvite) -> Pending<()> {
        self.pool.write(invite, |conn, invite| {
            Box::pin(invites::create(conn, invite))
        })
    }

    fn has_admin_invite(&self) -> Pending<bool> {
        self.pool
            .read((), |conn, ()| Box::pin(invites::any_admin(conn)))
    }

    fn set_last_seen(&self, seen: Vec<(UserNo, UnixMillis)>) -> Pending<()> {
        self.pool.write(seen, |conn, seen| {
            Box::pin(users::set_last_seen(conn, seen))
        })
    }

    fn set_password(
        &self,
        user: Actor,
        password_hash: String,
        keep: SessionId,
        at: UnixMillis,
    ) -> Pending<()> {
        self.pool.write(
            (user, password_hash, keep, at),
            |conn, (user, hash, keep, at)| {
                Box::pin(people::set_password(conn, *user, hash, *keep, *at))
            },
        )
    }

    fn set_profile(
        &self,
        user: Actor,
        change: ProfileChange,
        at: UnixMillis,
    ) -> Pending<UserRecord> {
        self.pool
            .write((user, change, at), |conn, (user, change, at)| {
                Box::pin(people::set_profile(conn, *user, change, *at))
            })
    }

    fn set_status(&self, user: Actor, status: ChosenStatus, at: UnixMillis) -> Pending<UserRecord> {
        self.pool
            .write((user, status, at), |conn, (user, status, at)| {
                Box::pin(people::set_status(conn, *user, status, *at))
            })
    }

    fn put_avatar(&self, avatar: AvatarRecord) -> Pending<()> {
        self.pool
            .write(avatar, |conn, avatar| Box::pin(avatars::put(conn, avatar)))
    }

    fn avatar(&self, hash: Digest) -> Pending<Option<(String, Bytes)>> {
        self.pool
            .read(hash, |conn, hash| Box::pin(avatars::get(conn, *hash)))
    }

    fn set_user_avatar(
        &self,
        user: Actor,
        avatar: Option<Digest>,
        url: String,
        at: UnixMillis,
    ) -> Pending<UserRecord> {
        self.pool
            .write((user, avatar, url, at), |conn, (user, avatar, url, at)| {
                Box::pin(people::set_avatar(conn, *user, *avatar, url, *at))
            })
    }

    fn delete_user(&self, user: Actor, at: UnixMillis) -> Pending<()> {
        farewell::delete(self.queue.clone(), self.pool.clone(), user, at)
    }

    fn contacts(&self, user: UserNo) -> Pending<Vec<ContactRecord>> {
        self.pool
            .read(user, |conn, user| Box::pin(contacts::list(conn, *user)))
    }

    fn change_contact(
        &self,
        owner: Actor,
        other: Actor,
        change: ContactChange,
        at: UnixMillis,
    ) -> Pending<ContactRecord> {
        self.pool.write(
            (owner, other, change, at),
            |conn, (owner, other, change, at)| {
                Box::pin(contacts::change(conn, *owner, *other, change, *at))
            },
        )
    }

    fn blocked_among(&self, user: UserNo, others: Vec<UserNo>) -> Pending<Vec<UserNo>> {
        self.pool.read((user, others), |conn, (user, others)| {
            Box::pin(contacts::blocked_among(conn, *user, others))
        })
    }

    fn create_session(&self, user: UserNo, session: NewSession) -> Pending<()> {
        self.pool.write((user, session), |conn, (user, session)| {
            Box::pin(sessions::create(conn, *user, session))
        })
    }

    fn session(&self, id: SessionId) -> Pending<Option<(SessionRecord, UserRecord)>> {
        self.pool
            .read(id, |conn, id| Box::pin(sessions::get(conn, *id)))
    }

    fn sessions(&self, user: UserNo) -> Pending<Vec<SessionRecord>> {
        self.pool
            .read(user, |conn, user| Box::pin(sessions::of_user(conn, *user)))
    }

    fn touch_sessions(&self, used: Vec<(SessionId, UnixMillis)>) -> Pending<()> {
        self.pool
            .write(used, |conn, used| Box::pin(sessions::touch(conn, used)))
    }

    fn end_session(&self, user: UserNo, session: SessionId, at: UnixMillis) -> Pending<bool> {
        self.pool
            .write((user, session, at), |conn, &(user, session, at)| {
                Box::pin(sessions::end(conn, user, session, at))
            })
    }

    fn create_chat(&self, chat: NewChat) -> Pending<ChatRecord> {
        self.queue.create(chat)
    }

    fn chat(&self, id: ChatId) -> Pending<Option<ChatRecord>> {
        self.pool
            .read(id, |conn, id| Box::pin(chats::get(conn, *id)))
    }

    fn heads(&self, user: UserNo) -> Pending<(Seq, Vec<Head>)> {
        self.pool
            .read(user, |conn, user| Box::pin(chats::heads(conn, *user)))
    }

    fn head(&self, chat: ChatNo, user: UserNo) -> Pending<Option<Head>> {
        self.pool.read((chat, user), |conn, &(chat, user)| {
            Box::pin(chats::head(conn, chat, user))
        })
    }

    fn chat_list(&self, user: UserNo, public: u32, members: u32) -> Pending<Vec<ListedChat>> {
        self.pool
            .read((user, public, members), |conn, &(user, public, members)| {
                Box::pin(chat_list::list(conn, user, public, members))
            })
    }

    fn private_chat(&self, one: UserNo, other: UserNo) -> Pending<Option<ChatId>> {
        self.pool.read((one, other), |conn, &(one, other)| {
            Box::pin(chats::private(conn, one, other))
        })
    }

    fn acquaintances(&self, user: UserNo, max_members: u32) -> Pending<Vec<UserRecord>> {
        self.pool
            .read((user, max_members), |conn, &(user, max_members)| {
                Box::pin(users::acquaintances(conn, user, max_members))
            })
    }

    fn add_members(&self, act: Act, users: Vec<Actor>) -> Pending<()> {
        self.queue
            .change(act.chat, (act, users), |conn, (act, users)| {
                Box::pin(members::add(conn, *act, users))
            })
    }

    fn remove_member(&self, act: Act, user: Actor) -> Pending<()> {
        self.queue
            .change(act.chat, (act, user), |conn, &(act, user)| {
                Box::pin(members::remove(conn, act, user))
            })
    }

    fn join(&self, act: Act, door: Door) -> Pending<()> {
        self.queue
            .change(act.chat, (act, door), |conn, (act, door)| {
                Box::pin(members::join(conn, *act, door))
            })
    }

    fn change_chat(&self, act: Act, change: ChatChange) -> Pending<()> {
        self.queue
            .change(act.chat, (act, change), |conn, (act, change)| {
                Box::pin(groups::change(conn, *act, change))
            })
    }

    fn set_role(&self, act: Act, user: Actor, role: Role) -> Pending<()> {
        self.queue
            .change(act.chat, (act, user, role), |conn, &(act, user, role)| {
                Box::pin(members::set_role(conn, act, user, role))
            })
    }

    fn mute_member(&self, act: Act, user: Actor, until: UnixMillis) -> Pending<()> {
        self.queue
            .change(act.chat, (act, user, until), |conn, &(act, user, until)| {
                Box::pin(members::mute(conn, act, user, until))
            })
    }

    fn ban_member(&self, act: Act, user: Actor, on: bool) -> Pending<()> {
        self.queue
            .change(act.chat, (act, user, on), |conn, &(act, user, on)| {
                Box::pin(members::ban(conn, act, user, on))
            })
    }

    fn delete_chat(&self, act: Act) -> Pending<()> {
        self.queue.change(act.chat, act, |conn, act| {
            Box::pin(groups::delete(conn, *act))
        })
    }

    fn directory(
        &self,
        user: UserNo,
        query: String,
        limit: u32,
        offset: u32,
    ) -> Pending<(Vec<PublicRecord>, bool)> {
        self.pool.read(
            (user, query, limit, offset),
            |conn, (user, query, limit, offset)| {
                Box::pin(groups::directory(conn, *user, query, *limit, *offset))
            },
        )
    }

    fn chat_prefs(&self, chat: ChatNo, user: UserNo) -> Pending<Option<ChatPrefs>> {
        self.pool.read((chat, user), |conn, &(chat, user)| {
            Box::pin(groups::prefs(conn, chat, user))
        })
    }

    fn set_chat_prefs(
        &self,
        chat: ChatNo,
        user: Actor,
        prefs: ChatPrefs,
        at: UnixMillis,
    ) -> Pending<()> {
        self.pool
            .write((chat, user, prefs, at), |conn, (chat, user, prefs, at)| {
                Box::pin(groups::set_prefs(conn, *chat, *user, prefs, *at))
            })
    }

    fn create_chat_invite(&self, invite: NewChatInvite) -> Pending<ChatInviteRecord> {
        self.pool.write(invite, |conn, invite| {
            Box::pin(chat_invites::create(conn, invite))
        })
    }

    fn chat_invites(&self, chat: ChatNo, at: UnixMillis) -> Pending<Vec<ChatInviteRecord>> {
        self.pool.read((chat, at), |conn, &(chat, at)| {
            Box::pin(chat_invites::of_chat(conn, chat, at))
        })
    }

    fn chat_invite(&self, token: String, at: UnixMillis) -> Pending<Option<ChatInviteRecord>> {
        self.pool.read((token, at), |conn, (token, at)| {
            Box::pin(chat_invites::by_token(conn, token, *at))
        })
    }

    fn revoke_chat_invite(&self, chat: ChatNo, id: Uuid) -> Pending<bool> {
        self.pool.write((chat, id), |conn, &(chat, id)| {
            Box::pin(chat_invites::revoke(conn, chat, id))
        })
    }

    fn expire_entries(&self, now: UnixMillis, limit: u32) -> Pending<(Vec<RaisedFloor>, bool)> {
        Box::pin(expiry::expire(self.pool.clone(), now, limit))
    }

    fn append(&self, append: Append) -> Result<Pending<Appended>, StoreError> {
        self.queue.append(append)
    }

    fn change_message(&self, change: MessageChange) -> Pending<Appended> {
        self.queue.change(change.chat, change, |conn, change| {
            Box::pin(changes::change(conn, change))
        })
    }

    fn entry(&self, chat: ChatNo, seq: Seq) -> Pending<Option<FoundMessage>> {
        self.pool.read((chat, seq), |conn, &(chat, seq)| {
            Box::pin(entries::one(conn, chat, seq))
        })
    }

    fn messages(
        &self,
        chat: ChatNo,
        from: Seq,
        window: Window,
        limit: u32,
    ) -> Pending<(Vec<MessageRecord>, bool)> {
        self.pool.read(
            (chat, from, window, limit),
            |conn, &(chat, from, window, limit)| {
                Box::pin(timeline::page(conn, chat, from, window, limit))
            },
        )
    }

    fn messages_at(&self, chat: ChatNo, seqs: Vec<Seq>) -> Pending<Vec<MessageRecord>> {
        self.pool.read((chat, seqs), |conn, (chat, seqs)| {
            Box::pin(timeline::at(conn, *chat, seqs))
        })
    }

    fn message(&self, id: EntryId) -> Pending<Option<MessageRecord>> {
        self.pool
            .read(id, |conn, id| Box::pin(timeline::by_id(conn, *id)))
    }

    fn pins(&self, chat: ChatNo) -> Pending<Vec<FoundMessage>> {
        self.pool
            .read(chat, |conn, chat| Box::pin(entries::pins(conn, *chat)))
    }

    fn search(&self, query: SearchQuery) -> Pending<SearchFound> {
        self.pool
            .read(query, |conn, query| Box::pin(search::search(conn, query)))
    }

    fn index_entries(&self, limit: u32) -> Pending<bool> {
        Box::pin(index::advance(self.pool.clone(), self.dirty.clone(), limit))
    }

    fn entries_after(
        &self,
        chat: ChatNo,
        after: Seq,
        limit: u32,
        max_bytes: usize,
    ) -> Pending<EntryPage> {
        self.pool.read(
            (chat, after, limit, max_bytes),
            |conn, &(chat, after, limit, max_bytes)| {
                Box::pin(entries::after(conn, chat, after, limit, max_bytes))
            },
        )
    }

    fn entries_before(
        &self,
        chat: ChatNo,
        from: Seq,
        before: Option<Seq>,
        limit: u32,
        max_bytes: usize,
    ) -> Pending<EntryPage> {
        self.pool.read(
            (chat, from, before, limit, max_bytes),
            |conn, &(chat, from, before, limit, max_bytes)| {
                Box::pin(entries::before(conn, chat, from, before, limit, max_bytes))
            },
        )
    }

    fn digest(&self, chat: ChatNo, from: Seq, upto: Seq) -> Pending<(Seq, Seq, Digest)> {
        let pool = self.pool.clone();
        let read = pool.read((chat, from, upto), |conn, &(chat, from, upto)| {
            Box::pin(digests::log(conn, chat, from, upto))
        });
        Box::pin(async move {
            let (upto, floor, digest, computed) = read.await?;
            if !computed.is_empty() {
                // Goes on by itself; a lost one is computed again.
                drop(pool.write((chat, computed), |conn, (chat, computed)| {
                    Box::pin(digests::keep(conn, *chat, computed))
                }));
            }
            Ok((upto, floor, digest))
        })
    }

    fn move_cursors(&self, moves: Vec<CursorMove>) -> Pending<Vec<CursorRecord>> {
        self.mover.advance(moves)
    }

    fn cursors(&self, chat: ChatNo) -> Pending<(Vec<CursorRecord>, u64)> {
        self.pool
            .read(chat, |conn, chat| Box::pin(cursors::of_chat(conn, *chat)))
    }

    fn counts(&self, chat: ChatNo, author: UserNo, seq: Seq) -> Pending<Counts> {
        self.pool
            .read((chat, author, seq), |conn, &(chat, author, seq)| {
                Box::pin(cursors::counts(conn, chat, author, seq))
            })
    }

    fn account_entries(
        &self,
        user: UserNo,
        after: Seq,
        limit: u32,
    ) -> Pending<(Vec<AccountEntry>, bool)> {
        self.pool
            .read((user, after, limit), |conn, &(user, after, limit)| {
                Box::pin(account::after(conn, user, after, limit))
            })
    }

    fn account_digest(&self, user: UserNo, upto: Seq) -> Pending<(Seq, Digest)> {
        self.pool.read((user, upto), |conn, &(user, upto)| {
            Box::pin(digests::account(conn, user, upto))
        })
    }

    fn revisions(
        &self,
        chats: Vec<ChatId>,
        users: Vec<UserId>,
        sessions: Vec<SessionId>,
    ) -> Pending<Revisions> {
        self.pool.read(
            (chats, users, sessions),
            |conn, (chats, users, sessions)| {
                Box::pin(revisions::find(conn, chats, users, sessions))
            },
        )
    }

    fn setting(&self, name: &'static str) -> Pending<Option<Vec<u8>>> {
        self.pool
            .read(name, |conn, name| Box::pin(invites::setting(conn, name)))
    }

    fn setting_or_insert(&self, name: &'static str, value: Vec<u8>) -> Pending<Vec<u8>> {
        self.pool.write((name, value), |conn, (name, value)| {
            Box::pin(async move {
                let holds = invites::setting_or_insert(conn, name, value).await?;
                Ok(Done::quiet(holds))
            })
        })
    }

    fn close(&self) -> Pending<()> {
        let mover = self.mover.close();
        let queue = self.queue.close();
        let pool = self.pool.clone();
        Box::pin(async move {
            mover.await?;
            queue.await?;
            pool.close().await
        })
    }
}
