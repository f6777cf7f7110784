//! Accounts, and how they stand to each other.

use std::collections::{HashMap, HashSet};

use anyhow::Context;
use futures_util::{StreamExt, TryStreamExt, stream};
use proto::UnixMillis;
use proto::id::UserId;
use proto::request::ContactState;
use proto::text::{Email, Username, username_key};
use tokio_postgres::Row;
use uuid::Uuid;

use super::Import;
use super::report::Reason;
use super::source::{flag, id, number, text, time};
use super::uploads::Found;
use super::words;
use crate::service::avatars::picture;
use crate::service::passwords::is_usable_bcrypt;
use crate::store::imports::ImportedUser;
use crate::store::people::{ContactChange, NO_PASSWORD};
use crate::store::{Actor, SharedStore, StoreError, Unique, UserRecord};

/// Accounts under way at the same time.
const AT_ONCE: usize = 32;
/// Numbers that are tried behind a name.
const NUMBERS: u32 = 100_000;

const NO_ID: Reason = Reason::fault("its id is no UUID");
const NO_NAME: Reason = Reason::fault("every name that would do is taken");
const REMOTE: Reason = Reason::known("the picture is a URL; nothing is fetched");
const NO_UPLOADS: Reason = Reason::known("the picture is a file, and no --uploads is given");
const NO_FILE: Reason = Reason::known("there is no such picture in the uploads");
const OUTSIDE: Reason = Reason::known("the picture's path leads out of the uploads");
const NO_PICTURE: Reason = Reason::known("no PNG, JPEG, GIF or WebP file of at most 128 KiB");
const NOBODY: Reason = Reason::fault("one of the two is not among the users");
const ONESELF: Reason = Reason::known("a contact with oneself");
const TOO_MANY: Reason = Reason::fault("more contacts than an account may have");

/// What is known of an account while the rest is imported.
#[derive(Debug, Clone, Copy)]
pub(super) struct Person {
    pub(super) actor: Actor,
    /// When the account was made.
    pub(super) since: UnixMillis,
}

impl Import {
    /// All accounts: those that still live first, so that they keep their names.
    pub(super) async fn users(&mut self) -> anyhow::Result<()> {
        let s = &self.source;
        let column = |name: &str| s.text("users", "u", name);
        let created = s.time("users", "u", "created_at");
        let sql = format!(
            "SELECT {id} AS id, {username} AS username, {email} AS email, {password} AS password,
               {first} AS first_name, {last} AS last_name, {avatar} AS avatar, {status} AS status,
               {seen} AS last_seen, {active} AS is_active,
               {deleted} IS NOT NULL AS deleted,
               coalesce({created}, {updated}, {seen}) AS created,
               {created} IS NULL AS undated
             FROM users u ORDER BY 11, {created} NULLS LAST, 1",
            id = column("id"),
            username = column("username"),
            email = column("email"),
            password = column("password"),
            first = column("first_name"),
            last = column("last_name"),
            avatar = column("avatar"),
            status = column("status"),
            seen = s.time("users", "u", "last_seen"),
            active = s.flag("users", "u", "is_active"),
            deleted = s.time("users", "u", "deleted_at"),
            updated = s.time("users", "u", "updated_at"),
        );
        let mut names = Names::default();
        let source = self.source.clone();
        let mut rows = source.rows("users", &sql).await?;
        while let Some(page) = rows.next().await? {
            self.undisturbed()?;
            let mut wanted = Vec::with_capacity(page.len());
            for row in &page {
                self.report.table("users").read += 1;
                wanted.extend(self.wanted(row, &mut names).await?);
            }
            let store = &self.store;
            let made: Vec<(Wanted, Option<(UserRecord, bool)>)> = stream::iter(wanted)
                .map(|wanted| make(store, wanted))
                .buffered(AT_ONCE)
                .try_collect()
                .await?;
            for (wanted, made) in made {
                self.made(wanted, made);
            }
        }
        Ok(())
    }

    /// A row as an account.
    async fn wanted(&mut self, row: &Row, names: &mut Names) -> anyhow::Result<Option<Wanted>> {
        let Some(user) = id(row, "id")? else {
            self.report.lose("users", text(row, "id")?, NO_ID);
            return Ok(None);
        };
        let written = text(row, "username")?.to_owned();
        let mut adapted = Vec::new();
        let fit = words::username(&written, user).context("a user name")?;
        if fit.changed {
            adapted.push("a user name that is not allowed here");
        }
        let mut username = fit.text.clone();
        let mut number = 1;
        while !names.names.insert(username.key()) {
            number += 1;
            username = words::numbered(&fit.text, number).context("a user name")?;
        }
        if number > 1 {
            adapted.push("a user name that differs from another's in case only, or not at all");
        }
        let address = text(row, "email")?;
        let email = words::email(address).filter(|email| names.address(email));
        if email.is_none() && !address.trim().is_empty() {
            adapted.push("an e-mail address that is none, or another's: left out");
            self.report
                .note(format!("users {user}: the e-mail address is left out"));
        }
        let mut name = |column: &str| -> anyhow::Result<_> {
            let fit = words::display_name(text(row, column)?);
            if fit.changed {
                adapted.push("a first or last name that is not allowed here");
            }
            Ok(fit.text)
        };
        let (first_name, last_name) = (name("first_name")?, name("last_name")?);
        let mut password_hash = text(row, "password")?.trim().to_owned();
        if !is_usable_bcrypt(&password_hash) {
            adapted.push("no password that can be used: nobody can sign in");
            password_hash = NO_PASSWORD.to_owned();
        }
        if flag(row, "undated")? == Some(true) {
            adapted.push("no time of creation");
        }
        let avatar = self.picture(text(row, "avatar")?).await?;
        let disabled =
            flag(row, "deleted")? == Some(true) || flag(row, "is_active")? == Some(false);
        let admin = self.admins.contains(&username_key(&written));
        let account = ImportedUser {
            id: UserId(user),
            username,
            email,
            password_hash,
            admin: admin && !disabled,
            disabled,
            first_name,
            last_name,
            avatar,
            status: words::status(text(row, "status")?),
            last_seen: time(row, "last_seen")?,
            created_at: time(row, "created")?.unwrap_or(self.epoch),
        };
        Ok(Some(Wanted {
            account,
            written,
            adapted,
        }))
    }

    fn made(&mut self, wanted: Wanted, made: Option<(UserRecord, bool)>) {
        let id = wanted.account.id.0;
        let Some((record, fresh)) = made else {
            self.report.lose("users", &id.to_string(), NO_NAME);
            return;
        };
        let table = self.report.table("users");
        if fresh {
            table.imported += 1;
            for what in wanted.adapted {
                table.adapt(what);
            }
            if record.username != wanted.written {
                self.report.note(format!(
                    "users {id}: {:?} is called {} here",
                    wanted.written, record.username
                ));
            }
            if record.email.is_none() && wanted.account.email.is_some() {
                self.report
                    .note(format!("users {id}: the e-mail address is left out"));
            }
        } else {
            table.merged += 1;
        }
        self.admin |= record.admin && !record.disabled;
        let actor = Actor {
            no: record.no,
            id: record.id,
        };
        let since = record.created_at;
        self.people.insert(id, Person { actor, since });
    }

    /// Takes in a picture that lies in the uploads.
    pub(super) async fn picture(
        &mut self,
        written: &str,
    ) -> anyhow::Result<Option<proto::digest::Digest>> {
        let written = written.trim();
        if written.is_empty() {
            return Ok(None);
        }
        self.report.table("avatars").read += 1;
        let found = match &self.uploads {
            _ if written.contains("://") || written.starts_with("data:") => Err(REMOTE),
            None => Err(NO_UPLOADS),
            Some(uploads) => match uploads.find(written) {
                Found::File(path) => Ok(path),
                Found::Missing => Err(NO_FILE),
                Found::Outside => Err(OUTSIDE),
            },
        };
        let record = match found {
            Ok(path) => {
                let size = std::fs::metadata(&path).map_or(u64::MAX, |it| it.len());
                if size > proto::limits::AVATAR_BYTES as u64 {
                    Err(NO_PICTURE)
                } else {
                    let bytes = std::fs::read(&path)
                        .with_context(|| format!("cannot read {}", path.display()))?;
                    picture(bytes.into()).map_err(|_| NO_PICTURE)
                }
            }
            Err(reason) => Err(reason),
        };
        match record {
            Ok(record) => {
                let hash = record.hash;
                let known = self.store.avatar(hash).await?.is_some();
                self.store.put_avatar(record).await?;
                let table = self.report.table("avatars");
                if known {
                    table.merged += 1;
                } else {
                    table.imported += 1;
                }
                Ok(Some(hash))
            }
            Err(reason) => {
                self.report.table("avatars").skip(1, reason);
                Ok(None)
            }
        }
    }

    /// Whom everybody has on their list, and whom they have blocked.
    pub(super) async fn contacts(&mut self) -> anyhow::Result<()> {
        const TABLE: &str = "contacts";
        let s = &self.source;
        if !s.has_table(TABLE) {
            return Ok(());
        }
        let created = s.time(TABLE, "c", "created_at");
        let sql = format!(
            "SELECT {owner} AS owner, {other} AS other,
               coalesce(min({created}), min({updated})) AS created,
               coalesce(bool_or({blocked}), false) AS blocked,
               (array_agg({nickname} ORDER BY coalesce({nickname}, '') = '', {created}, {id}))[1]
                 AS nickname, count(*) AS rows
             FROM contacts c GROUP BY 1, 2 ORDER BY 1, 2",
            owner = s.text(TABLE, "c", "user_id"),
            other = s.text(TABLE, "c", "contact_id"),
            updated = s.time(TABLE, "c", "updated_at"),
            blocked = s.flag(TABLE, "c", "is_blocked"),
            nickname = s.text(TABLE, "c", "nickname"),
            id = s.text(TABLE, "c", "id"),
        );
        let source = self.source.clone();
        let mut rows = source.rows(TABLE, &sql).await?;
        let mut list = List::default();
        while let Some(page) = rows.next().await? {
            self.undisturbed()?;
            for row in &page {
                self.contact(row, &mut list).await?;
            }
        }
        Ok(())
    }

    async fn contact(&mut self, row: &Row, list: &mut List) -> anyhow::Result<()> {
        const TABLE: &str = "contacts";
        let count = number(row, "rows")?.unwrap_or(1) as u64;
        self.report.table(TABLE).read += count;
        let (owner, other) = (id(row, "owner")?, id(row, "other")?);
        let both = owner.and_then(|id| self.people.get(&id).copied());
        let both = both.zip(other.and_then(|id| self.people.get(&id).copied()));
        let Some((owner, other)) = both else {
            self.report.table(TABLE).skip(count - 1, NOBODY);
            let which = format!("{} of {}", text(row, "other")?, text(row, "owner")?);
            self.report.lose(TABLE, &which, NOBODY);
            return Ok(());
        };
        if owner.actor == other.actor {
            self.report.table(TABLE).skip(count, ONESELF);
            return Ok(());
        }
        if list.owner != Some(owner.actor.id) {
            let known = self.store.contacts(owner.actor.no).await?;
            list.owner = Some(owner.actor.id);
            list.known = known
                .into_iter()
                .map(|it| (it.user.id, (it.state, it.blocked)))
                .collect();
        }
        let (state, blocked) = list
            .known
            .get(&other.actor.id)
            .copied()
            .unwrap_or((ContactState::None, false));
        if matches!(state, ContactState::Mutual | ContactState::Outgoing) {
            self.report.table(TABLE).merged += count;
            return Ok(());
        }
        let at = time(row, "created")?.unwrap_or(owner.since.max(other.since));
        let nickname = words::display_name(text(row, "nickname")?);
        if nickname.changed {
            self.report
                .table(TABLE)
                .adapt("a nickname that is not allowed here");
        }
        // The block first: what is listed counts as done in a later run.
        let mut changes = Vec::with_capacity(2);
        if flag(row, "blocked")? == Some(true) && !blocked {
            changes.push(ContactChange::Block(true));
        }
        changes.push(ContactChange::Add {
            nickname: nickname.text,
        });
        for change in changes {
            let (store, owner, other) = (&self.store, owner.actor, other.actor);
            match store.change_contact(owner, other, change, at).await {
                Ok(_) => {}
                Err(StoreError::TooMany(_)) => {
                    self.report.table(TABLE).skip(count - 1, TOO_MANY);
                    self.report.lose(TABLE, &owner.id.0.to_string(), TOO_MANY);
                    return Ok(());
                }
                Err(error) => return Err(error.into()),
            }
        }
        let table = self.report.table(TABLE);
        table.imported += 1;
        table.merged += count - 1;
        Ok(())
    }
}

/// An account to be made, and what had to be changed of it.
struct Wanted {
    account: ImportedUser,
    /// The name as it was.
    written: String,
    adapted: Vec<&'static str>,
}

/// Names and addresses that this run has given away.
#[derive(Default)]
struct Names {
    names: HashSet<String>,
    addresses: HashSet<String>,
}

impl Names {
    fn address(&mut self, email: &Email) -> bool {
        self.addresses.insert(email.as_str().trim().to_lowercase())
    }
}

/// The contacts that one account has here.
#[derive(Default)]
struct List {
    owner: Option<UserId>,
    known: HashMap<UserId, (ContactState, bool)>,
}

/// Makes an account; with a number behind its name, or without its address,
/// where somebody here has that. `None` where no name would do.
async fn make(
    store: &SharedStore,
    wanted: Wanted,
) -> anyhow::Result<(Wanted, Option<(UserRecord, bool)>)> {
    let mut account = wanted.account.clone();
    let mut number = 1;
    loop {
        match store.import_user(account.clone()).await {
            Ok(made) => return Ok((wanted, Some(made))),
            Err(StoreError::Taken(Unique::Email)) => account.email = None,
            Err(StoreError::Taken(Unique::Username)) if number < NUMBERS => {
                number += 1;
                let next: Option<Username> = words::numbered(&wanted.account.username, number);
                account.username = next.context("a user name")?;
            }
            Err(StoreError::Taken(Unique::Username)) => return Ok((wanted, None)),
            Err(error) => return Err(error).context("cannot keep an account"),
        }
    }
}

impl Person {
    /// The outside's name.
    pub(super) fn id(&self) -> Uuid {
        self.actor.id.0
    }
}
