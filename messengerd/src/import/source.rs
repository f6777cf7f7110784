//! The database of the earlier messenger, read in one snapshot and never
//! changed. Tables and columns that some version of it lacked read as empty.

use std::collections::{HashMap, HashSet};

use anyhow::Context;
use deadpool_postgres::ClientWrapper;
use proto::UnixMillis;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::store::postgres::{self, Settings};

/// Rows fetched at once.
const PAGE: usize = 500;
/// What makes a database one of the earlier messenger's.
const NEEDED: [(&str, &[&str]); 3] = [
    ("users", &["id", "username", "password"]),
    ("chats", &["id", "type"]),
    ("messages", &["id", "sender_id", "chat_id", "content"]),
];

/// The database, in a snapshot of its own.
pub(super) struct Source {
    conn: ClientWrapper,
    columns: HashMap<String, HashSet<String>>,
}

impl Source {
    /// Connects and begins the snapshot.
    pub(super) async fn open(settings: &Settings) -> anyhow::Result<Self> {
        let place = settings.place();
        let conn = postgres::foreign(settings)
            .await
            .with_context(|| format!("cannot read the database {place}"))?;
        conn.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            .await?;
        let rows = conn
            .query(
                "SELECT c.relname::text, a.attname::text FROM pg_catalog.pg_class c
                 JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
                 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND a.attnum > 0
                   AND NOT a.attisdropped AND pg_catalog.pg_table_is_visible(c.oid)
                   AND c.relnamespace <> 'pg_catalog'::regnamespace",
                &[],
            )
            .await?;
        let mut columns: HashMap<String, HashSet<String>> = HashMap::new();
        for row in &rows {
            let table = columns.entry(row.try_get(0)?).or_default();
            table.insert(row.try_get(1)?);
        }
        let source = Self { conn, columns };
        anyhow::ensure!(
            !source.has("users", "user_no"),
            "{place} holds a community of this program already: name the database of the earlier \
             messenger"
        );
        for (table, columns) in NEEDED {
            if let Some(missing) = columns.iter().find(|column| !source.has(table, column)) {
                anyhow::bail!(
                    "{place} is not the database of the earlier messenger: it has no \
                     {table}.{missing}"
                );
            }
        }
        Ok(source)
    }

    fn has(&self, table: &str, column: &str) -> bool {
        let columns = self.columns.get(table);
        columns.is_some_and(|columns| columns.contains(column))
    }

    /// Whether there is a table.
    pub(super) fn has_table(&self, table: &str) -> bool {
        self.columns.contains_key(table)
    }

    /// An expression for a column as text; `alias` is the table's in the query.
    pub(super) fn text(&self, table: &str, alias: &str, column: &str) -> String {
        self.cast(table, alias, column, "text")
    }

    /// The same for a flag.
    pub(super) fn flag(&self, table: &str, alias: &str, column: &str) -> String {
        self.cast(table, alias, column, "boolean")
    }

    /// The same for a number.
    pub(super) fn number(&self, table: &str, alias: &str, column: &str) -> String {
        self.cast(table, alias, column, "bigint")
    }

    /// The same for a time, in milliseconds since 1970; null where it is none
    /// that can have been meant.
    pub(super) fn time(&self, table: &str, alias: &str, column: &str) -> String {
        if !self.has(table, column) {
            return "NULL::bigint".to_owned();
        }
        let column = format!("{alias}.\"{column}\"");
        format!(
            "(CASE WHEN isfinite({column}) AND {column} >= '1970-01-02' AND {column} < '9999-01-01'
              THEN floor(extract(epoch FROM {column}) * 1000)::bigint END)"
        )
    }

    fn cast(&self, table: &str, alias: &str, column: &str, kind: &str) -> String {
        if self.has(table, column) {
            format!("{alias}.\"{column}\"::{kind}")
        } else {
            format!("NULL::{kind}")
        }
    }

    /// How many rows a table has; none where it is missing.
    pub(super) async fn count(&self, table: &str) -> anyhow::Result<u64> {
        if !self.has_table(table) {
            return Ok(0);
        }
        let row = self
            .conn
            .query_one(&format!("SELECT count(*) FROM \"{table}\""), &[])
            .await?;
        Ok(row.try_get::<_, i64>(0)? as u64)
    }

    /// When the first account was made.
    pub(super) async fn beginning(&self) -> anyhow::Result<Option<UnixMillis>> {
        let created = self.time("users", "u", "created_at");
        let sql = format!("SELECT min({created}) FROM users u");
        Ok(self.conn.query_one(&sql, &[]).await?.try_get(0)?)
    }

    /// The rows of a query, some at a time.
    pub(super) async fn rows(&self, name: &'static str, sql: &str) -> anyhow::Result<Rows<'_>> {
        self.conn
            .batch_execute(&format!("DECLARE \"{name}\" NO SCROLL CURSOR FOR {sql}"))
            .await
            .with_context(|| format!("cannot read {name} of the source"))?;
        Ok(Rows {
            conn: &self.conn,
            name,
            ended: false,
        })
    }
}

/// Rows on their way.
pub(super) struct Rows<'a> {
    conn: &'a ClientWrapper,
    name: &'static str,
    ended: bool,
}

impl Rows<'_> {
    /// The next rows; none at the end.
    pub(super) async fn next(&mut self) -> anyhow::Result<Option<Vec<Row>>> {
        if self.ended {
            return Ok(None);
        }
        let fetch = format!("FETCH FORWARD {PAGE} FROM \"{}\"", self.name);
        let rows = self
            .conn
            .query(&fetch, &[])
            .await
            .with_context(|| format!("cannot read {} of the source", self.name))?;
        if rows.len() < PAGE {
            self.ended = true;
            self.conn
                .batch_execute(&format!("CLOSE \"{}\"", self.name))
                .await?;
        }
        Ok(if rows.is_empty() { None } else { Some(rows) })
    }
}

/// A text of a row; empty where it is null.
pub(super) fn text<'a>(row: &'a Row, column: &str) -> anyhow::Result<&'a str> {
    Ok(row.try_get::<_, Option<&str>>(column)?.unwrap_or_default())
}

/// A UUID of a row, where it is one.
pub(super) fn id(row: &Row, column: &str) -> anyhow::Result<Option<Uuid>> {
    Ok(Uuid::try_parse(text(row, column)?.trim()).ok())
}

/// A time of a row.
pub(super) fn time(row: &Row, column: &str) -> anyhow::Result<Option<UnixMillis>> {
    Ok(row.try_get(column)?)
}

/// A flag of a row.
pub(super) fn flag(row: &Row, column: &str) -> anyhow::Result<Option<bool>> {
    Ok(row.try_get(column)?)
}

/// A number of a row.
pub(super) fn number(row: &Row, column: &str) -> anyhow::Result<Option<i64>> {
    Ok(row.try_get(column)?)
}
