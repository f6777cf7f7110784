//! What happened in chats, in the order in which it did: people came, wrote,
//! edited, deleted, reacted and left.

use proto::UnixMillis;
use tokio_postgres::Row;
use uuid::Uuid;

use super::Import;
use super::source::{self, Source};

const MESSAGES: &str = "messages";
const MEMBERS: &str = "chat_members";
const REACTIONS: &str = "reactions";

/// Something that happened.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) what: What,
    /// When; not before what it is about.
    pub(super) at: UnixMillis,
    /// Whether that had to be guessed.
    pub(super) undated: bool,
    /// The row, as written.
    pub(super) id: String,
    pub(super) chat: Option<Uuid>,
    /// Whether the row names a chat.
    pub(super) in_chat: bool,
    pub(super) actor: Option<Uuid>,
    /// To whom, where that is what a message has.
    pub(super) receiver: Option<Uuid>,
    /// Whether the row names a receiver.
    pub(super) to_somebody: bool,
    /// A text, an emoji, a role.
    pub(super) body: String,
    /// The type of a message.
    pub(super) word: String,
    /// The message it is about.
    pub(super) about: Option<Uuid>,
    /// Whether a message was deleted, or a member is one no more.
    pub(super) flag: bool,
    /// Rows that are one.
    pub(super) rows: u64,
}

/// What happened. Of things at the same time the first one here comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Joined,
    Wrote,
    Edited,
    Deleted,
    Reacted,
    Left,
}

impl What {
    fn of(rank: i32) -> Option<Self> {
        Some(match rank {
            0 => Self::Joined,
            1 => Self::Wrote,
            2 => Self::Edited,
            3 => Self::Deleted,
            4 => Self::Reacted,
            5 => Self::Left,
            _ => return None,
        })
    }
}

impl Event {
    fn read(row: &Row) -> anyhow::Result<Option<Self>> {
        let Some(what) = What::of(row.try_get("rank")?) else {
            return Ok(None);
        };
        let text = |column| source::text(row, column).map(str::to_owned);
        let given = |column| source::text(row, column).map(|text| !text.is_empty());
        Ok(Some(Self {
            what,
            at: row.try_get("at")?,
            undated: source::flag(row, "undated")? == Some(true),
            id: text("id")?,
            chat: source::id(row, "chat")?,
            in_chat: given("chat")?,
            actor: source::id(row, "actor")?,
            receiver: source::id(row, "receiver")?,
            to_somebody: given("receiver")?,
            body: text("body")?,
            word: text("word")?,
            about: source::id(row, "about")?,
            flag: source::flag(row, "flag")? == Some(true),
            rows: source::number(row, "n")?.unwrap_or(1) as u64,
        }))
    }
}

impl Import {
    /// Everything that happened in chats, oldest first.
    pub(super) async fn events(&mut self) -> anyhow::Result<()> {
        let source = self.source.clone();
        let sql = query(&source, self.epoch);
        let mut rows = source.rows("events", &sql).await?;
        while let Some(page) = rows.next().await? {
            self.undisturbed()?;
            let mut events = Vec::with_capacity(page.len());
            for row in &page {
                events.extend(Event::read(row)?);
            }
            drop(page);
            self.happened(events).await?;
        }
        self.farewells().await
    }
}

/// All events as one query; `epoch` stands for times that nobody knows.
fn query(s: &Source, epoch: UnixMillis) -> String {
    let column = |name: &str| s.text(MESSAGES, "m", name);
    let created = s.time(MESSAGES, "m", "created_at");
    let updated = s.time(MESSAGES, "m", "updated_at");
    let gone = s.time(MESSAGES, "m", "deleted_at");
    let written = format!(
        "SELECT {id} AS id, {chat} AS chat, {sender} AS sender, {receiver} AS receiver,
           {content} AS content, {kind} AS kind, coalesce({edited}, false) AS edited,
           {reply} AS reply, {gone} AS gone, {updated} AS updated, {created} IS NULL AS undated,
           coalesce({created}, {updated}, {gone}, {of_chat}, {of_sender}, {epoch}::bigint) AS at
         FROM messages m LEFT JOIN chats c ON c.id = m.chat_id
         LEFT JOIN users u ON u.id = m.sender_id",
        id = column("id"),
        chat = column("chat_id"),
        sender = column("sender_id"),
        receiver = column("receiver_id"),
        content = column("content"),
        kind = column("type"),
        edited = s.flag(MESSAGES, "m", "is_edited"),
        reply = column("reply_to_id"),
        of_chat = s.time("chats", "c", "created_at"),
        of_sender = s.time("users", "u", "created_at"),
    );
    let mut parts = vec![
        "SELECT at, 1 AS rank, id, chat, sender AS actor, receiver,
           CASE WHEN gone IS NULL THEN content END AS body, kind AS word, reply AS about,
           gone IS NOT NULL AS flag, undated, 1::bigint AS n FROM w"
            .to_owned(),
        "SELECT greatest(updated, at), 2, id, chat, sender, receiver, content, NULL, id, false,
           false, 0 FROM w WHERE edited AND gone IS NULL"
            .to_owned(),
        "SELECT greatest(gone, at), 3, id, chat, sender, receiver, NULL, NULL, id, true, false, 0
         FROM w WHERE gone IS NOT NULL"
            .to_owned(),
    ];
    if s.has_table(REACTIONS) {
        let created = s.time(REACTIONS, "r", "created_at");
        parts.push(format!(
            "SELECT greatest(coalesce({created}, w.at, {epoch}::bigint), w.at), 4, {id}, w.chat, {user},
               w.receiver, {emoji}, NULL, {message}, coalesce(w.gone IS NOT NULL, false),
               {created} IS NULL, 1
             FROM reactions r LEFT JOIN w ON w.id = {message}",
            id = s.text(REACTIONS, "r", "id"),
            user = s.text(REACTIONS, "r", "user_id"),
            emoji = s.text(REACTIONS, "r", "emoji"),
            message = s.text(REACTIONS, "r", "message_id"),
        ));
    }
    let mut people = String::new();
    if s.has_table(MEMBERS) {
        let time = |name: &str| s.time(MEMBERS, "m", name);
        // Of several rows of one person those that hold say what they are.
        people = format!(
            ", p AS (
               SELECT {chat} AS chat, {user} AS person, count(*) AS n,
                 bool_or(coalesce({active}, true)) AS active,
                 CASE min(CASE WHEN coalesce({active}, true) THEN {rank} END)
                   WHEN 1 THEN 'admin' WHEN 2 THEN 'moderator' ELSE 'member' END AS role,
                 min(coalesce({joined}, {created})) AS joined,
                 max(coalesce({left}, {updated})) AS gone, 
                 coalesce(min({of_chat}), min({of_user})) AS made
               FROM chat_members m LEFT JOIN chats c ON c.id = m.chat_id
               LEFT JOIN users u ON u.id = m.user_id GROUP BY 1, 2)",
            chat = s.text(MEMBERS, "m", "chat_id"),
            user = s.text(MEMBERS, "m", "user_id"),
            active = s.flag(MEMBERS, "m", "is_active"),
            rank = format_args!(
                "CASE {role} WHEN 'admin' THEN 1 WHEN 'owner' THEN 1
                 WHEN 'moderator' THEN 2 ELSE 3 END",
                role = s.text(MEMBERS, "m", "role")
            ),
            joined = time("joined_at"),
            created = time("created_at"),
            left = time("left_at"),
            updated = time("updated_at"),
            of_chat = s.time("chats", "c", "created_at"),
            of_user = s.time("users", "u", "created_at"),
        );
        parts.push(format!(
            "SELECT coalesce(joined, made, {epoch}::bigint), 0, person, chat, person, NULL, role,
               NULL, NULL, NOT active, joined IS NULL, n FROM p"
        ));
        parts.push(format!(
            "SELECT greatest(gone, joined, made, coalesce(gone, joined, made, {epoch}::bigint)), 5,
               person, chat, person, NULL, NULL, NULL, NULL, true, false, 0
             FROM p WHERE NOT active"
        ));
    }
    format!(
        "WITH w AS MATERIALIZED ({written}){people} {} ORDER BY 1, 2, 3",
        parts.join(" UNION ALL ")
    )
}
