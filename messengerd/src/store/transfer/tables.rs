//! What a community consists of, row by row, whatever the back end.

use super::value::Value;

/// How a back end keeps a column; any may be null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Kind {
    /// Up to 16 bits in PostgreSQL.
    Short,
    /// Up to 32 bits there.
    Int,
    /// 64 bits.
    Long,
    /// Zero or one.
    Flag,
    /// Milliseconds since 1970.
    Time,
    /// UTF-8.
    Text,
    /// Bytes.
    Bytes,
    /// The bytes of a UUID.
    Id,
}

/// A column.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Column {
    pub(in crate::store) name: &'static str,
    pub(in crate::store) kind: Kind,
}

/// A table, or what is one to the outside.
#[derive(Debug)]
pub(in crate::store) struct Table {
    pub(in crate::store) name: &'static str,
    pub(in crate::store) columns: &'static [Column],
    /// The first this many columns are the key, by which rows are ordered.
    pub(in crate::store) keys: usize,
}

impl Table {
    pub(in crate::store) fn key_columns(&self) -> &'static [Column] {
        self.columns.get(..self.keys).unwrap_or_default()
    }

    /// Names of all columns with commas between.
    pub(in crate::store) fn names(&self) -> String {
        list(self.columns)
    }

    /// Names of the key's columns with commas between.
    pub(in crate::store) fn key_names(&self) -> String {
        list(self.key_columns())
    }

    pub(in crate::store) fn key<'a>(&self, row: &'a [Value]) -> &'a [Value] {
        row.get(..self.keys).unwrap_or_default()
    }
}

fn list(columns: &[Column]) -> String {
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    names.join(", ")
}

const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind }
}

/// Heads and cursor revisions of chats: two tables in PostgreSQL.
pub(in crate::store) const HEADS: &str = "chat_heads";
/// Entries of chats, whose key is one number in SQLite.
pub(in crate::store) const ENTRIES: &str = "messages";
/// Values of the community.
pub(in crate::store) const SETTINGS: &str = "settings";

/// All of them, those that others refer to first. Digests of blocks and the
/// index of texts are left out: they are made anew.
pub(in crate::store) const TABLES: &[Table] = &[
    Table {
        name: SETTINGS,
        columns: &[column("name", Kind::Text), column("value", Kind::Bytes)],
        keys: 1,
    },
    Table {
        name: "users",
        columns: &[
            column("user_no", Kind::Long),
            column("id", Kind::Id),
            column("username", Kind::Text),
            column("username_key", Kind::Text),
            column("email", Kind::Text),
            column("password_hash", Kind::Text),
            column("admin", Kind::Flag),
            column("disabled", Kind::Flag),
            column("last_seen", Kind::Time),
            column("account_seq", Kind::Long),
            column("created_at", Kind::Time),
            column("first_name", Kind::Text),
            column("last_name", Kind::Text),
            column("names_key", Kind::Text),
            column("bio", Kind::Text),
            column("avatar", Kind::Bytes),
            column("rev", Kind::Long),
            column("status", Kind::Short),
            column("status_text", Kind::Text),
            column("status_until", Kind::Time),
            column("receipts", Kind::Flag),
            column("updated_at", Kind::Time),
            column("avatar_url", Kind::Text),
        ],
        keys: 1,
    },
    Table {
        name: "account_log",
        columns: &[
            column("user_no", Kind::Long),
            column("seq", Kind::Long),
            column("kind", Kind::Int),
            column("at", Kind::Time),
            column("chat", Kind::Id),
            column("session", Kind::Id),
            column("about", Kind::Id),
        ],
        keys: 2,
    },
    Table {
        name: "sessions",
        columns: &[
            column("id", Kind::Id),
            column("user_no", Kind::Long),
            column("device", Kind::Text),
            column("created_at", Kind::Time),
            column("last_used", Kind::Time),
            column("expires_at", Kind::Time),
        ],
        keys: 1,
    },
    Table {
        name: "invites",
        columns: &[
            column("token_hash", Kind::Bytes),
            column("admin", Kind::Flag),
            column("max_uses", Kind::Long),
            column("uses", Kind::Long),
            column("expires_at", Kind::Time),
            column("created_at", Kind::Time),
        ],
        keys: 1,
    },
    Table {
        name: "chats",
        columns: &[
            column("chat_no", Kind::Long),
            column("id", Kind::Id),
            column("kind", Kind::Short),
            column("name", Kind::Text),
            column("created_by", Kind::Long),
            column("created_at", Kind::Time),
            column("members", Kind::Long),
            column("pair_low", Kind::Long),
            column("pair_high", Kind::Long),
            column("description", Kind::Text),
            column("avatar", Kind::Bytes),
            column("deleted_at", Kind::Time),
            column("allowed", Kind::Short),
            column("retention_days", Kind::Int),
            column("since_join", Kind::Flag),
            column("search_key", Kind::Text),
            column("updated_at", Kind::Time),
            column("avatar_url", Kind::Text),
        ],
        keys: 1,
    },
    Table {
        name: HEADS,
        columns: &[
            column("chat_no", Kind::Long),
            column("head", Kind::Long),
            column("msg_no", Kind::Long),
            column("floor", Kind::Long),
            column("acl_rev", Kind::Long),
            column("cursor_rev", Kind::Long),
            column("floor_no", Kind::Long),
        ],
        keys: 1,
    },
    Table {
        name: "members",
        columns: &[
            column("chat_no", Kind::Long),
            column("user_no", Kind::Long),
            column("role", Kind::Short),
            column("join_no", Kind::Long),
            column("joined_at", Kind::Time),
            column("left_at", Kind::Time),
            column("read_seq", Kind::Long),
            column("read_no", Kind::Long),
            column("delivered_seq", Kind::Long),
            column("muted_until", Kind::Long),
            column("banned", Kind::Flag),
            column("from_seq", Kind::Long),
            column("shown_read_seq", Kind::Long),
            column("shown_read_no", Kind::Long),
            column("shown_delivered_seq", Kind::Long),
            column("notify", Kind::Short),
            column("quiet_until", Kind::Long),
            column("hidden_upto", Kind::Long),
        ],
        keys: 2,
    },
    Table {
        name: "contacts",
        columns: &[
            column("owner", Kind::Long),
            column("other", Kind::Long),
            column("added", Kind::Flag),
            column("declined", Kind::Flag),
            column("blocked", Kind::Flag),
            column("nickname", Kind::Text),
            column("created_at", Kind::Time),
        ],
        keys: 2,
    },
    Table {
        name: "chat_invites",
        columns: &[
            column("id", Kind::Id),
            column("chat_no", Kind::Long),
            column("token", Kind::Text),
            column("created_by", Kind::Long),
            column("created_at", Kind::Time),
            column("expires_at", Kind::Time),
            column("max_uses", Kind::Long),
            column("uses", Kind::Long),
            column("revoked", Kind::Flag),
        ],
        keys: 1,
    },
    Table {
        name: "avatars",
        columns: &[
            column("hash", Kind::Bytes),
            column("mime", Kind::Text),
            column("image", Kind::Bytes),
        ],
        keys: 1,
    },
    Table {
        name: "message_edits",
        columns: &[
            column("chat_no", Kind::Long),
            column("seq", Kind::Long),
            column("edit_seq", Kind::Long),
        ],
        keys: 3,
    },
    Table {
        name: "reactions",
        columns: &[
            column("chat_no", Kind::Long),
            column("seq", Kind::Long),
            column("user_no", Kind::Long),
            column("emoji", Kind::Text),
            column("entry_seq", Kind::Long),
        ],
        keys: 4,
    },
    Table {
        name: "pins",
        columns: &[
            column("chat_no", Kind::Long),
            column("seq", Kind::Long),
            column("entry_seq", Kind::Long),
        ],
        keys: 2,
    },
    Table {
        name: ENTRIES,
        columns: &[
            column("chat_no", Kind::Long),
            column("seq", Kind::Long),
            column("id", Kind::Id),
            column("sender", Kind::Long),
            column("kind", Kind::Int),
            column("msg_no", Kind::Long),
            column("ref_seq", Kind::Long),
            column("body", Kind::Bytes),
            column("created_at", Kind::Time),
        ],
        keys: 2,
    },
];

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    /// A column that a later step of the schema adds must not stay behind.
    #[test]
    fn every_column_of_the_schema_is_named_here() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("messenger.db");
        crate::store::sqlite::migrate(&path).unwrap();
        let conn = rusqlite::Connection::open(&path).unwrap();
        let names = |sql: &str| -> Vec<String> {
            let mut statement = conn.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| row.get(0)).unwrap();
            rows.collect::<Result<_, _>>().unwrap()
        };
        let elsewhere = ["chat_blocks", "migrations", "moves"];
        let index =
            |table: &str| table.starts_with("search_") || table.starts_with("message_search");
        for table in names("SELECT name FROM sqlite_schema WHERE type = 'table'") {
            if elsewhere.contains(&table.as_str()) || table.starts_with("sqlite_") || index(&table)
            {
                continue;
            }
            let known = TABLES.iter().find(|known| known.name == table).unwrap();
            let mut here: Vec<&str> = known.columns.iter().map(|column| column.name).collect();
            if table == ENTRIES {
                // Both are in `mid`.
                here.drain(..2);
                here.push("mid");
            }
            let mut there = names(&format!("SELECT name FROM pragma_table_info('{table}')"));
            here.sort_unstable();
            there.sort_unstable();
            assert_eq!(here, there, "{table}");
        }
    }
}
