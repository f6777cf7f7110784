//! A database file as the source or the target of a move.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::types::{FromSql, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};
use uuid::Uuid;

use super::connection::Source;
use super::{Options, schema};
use crate::store::transfer::{Cut, ENTRIES, Page, Progress, Row, Side, Table, Value};
use crate::store::{StoreError, migrate};

/// The file, on a connection of its own.
pub(in crate::store) struct Database {
    conn: Connection,
}

impl Database {
    /// Opens the file, or makes it where it is a target.
    pub(in crate::store) fn open(path: &Path, target: bool) -> Result<Self, StoreError> {
        if !target && !path.exists() {
            return Err(StoreError::Unavailable(format!(
                "there is no {}",
                path.display()
            )));
        }
        let conn = Source::new(path, &Options::default()).writer()?;
        if !target {
            conn.execute_batch("PRAGMA query_only = ON")?;
        }
        Ok(Self { conn })
    }
}

impl Side for Database {
    fn prepare(&mut self, create: bool) -> Result<bool, StoreError> {
        let made = self
            .conn
            .prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'")?
            .exists([])?;
        if !made && create {
            schema::apply(&mut self.conn, schema::MIGRATIONS)?;
        }
        Ok(made || create)
    }

    fn missing(&mut self) -> Result<Vec<u32>, StoreError> {
        let applied = self
            .conn
            .prepare("SELECT version, checksum FROM migrations ORDER BY version")?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<Vec<(u32, [u8; 32])>, _>>()?;
        let missing = migrate::pending(schema::MIGRATIONS, &applied)?;
        Ok(missing.iter().map(|step| step.version).collect())
    }

    fn setting(&mut self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        super::invites::setting(&self.conn, name)
    }

    fn set(&mut self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        self.conn
            .prepare_cached(
                "INSERT INTO settings (name, value) VALUES (?1, ?2)
                 ON CONFLICT DO UPDATE SET value = excluded.value",
            )?
            .execute(params![name, value])?;
        Ok(())
    }

    fn read(
        &mut self,
        table: &Table,
        after: Option<&[Value]>,
        mut cut: Cut,
    ) -> Result<Page, StoreError> {
        let mut page = Page::default();
        let after = after.unwrap_or_default();
        let mut statement = self
            .conn
            .prepare_cached(&select(table, !after.is_empty()))?;
        let limit = Value::Number(cut.ask());
        let mut rows = statement.query(params_from_iter(after.iter().chain([&limit])))?;
        while let Some(row) = rows.next()? {
            let row: Row = (0..table.columns.len())
                .map(|at| row.get(at))
                .collect::<Result<_, _>>()?;
            if !cut.take(&mut page, row) {
                break;
            }
        }
        Ok(page)
    }

    fn progress(&mut self) -> Result<Option<Progress>, StoreError> {
        let row = self
            .conn
            .query_row(
                "SELECT community, table_name, after, finished_at IS NOT NULL FROM moves",
                [],
                |row| {
                    let at: (Option<String>, Option<Vec<u8>>) = (row.get(1)?, row.get(2)?);
                    Ok((row.get::<_, [u8; 16]>(0)?, at, row.get(3)?))
                },
            )
            .optional()?;
        Ok(row.map(|(community, (table, after), finished)| Progress {
            community: Uuid::from_bytes(community),
            at: table.zip(after),
            finished,
        }))
    }

    fn begin(&mut self, community: Uuid) -> Result<(), StoreError> {
        self.conn.execute(
            "INSERT INTO moves (community, started_at) VALUES (?1, ?2)",
            params![community.as_bytes(), now()],
        )?;
        Ok(())
    }

    fn write(&mut self, table: &Table, rows: &[Row], after: &[u8]) -> Result<(), StoreError> {
        let tx = self.conn.transaction()?;
        {
            let mut statement = tx.prepare_cached(&insert(table))?;
            for row in rows {
                statement.execute(params_from_iter(row))?;
            }
            tx.prepare_cached("UPDATE moves SET table_name = ?1, after = ?2")?
                .execute(params![table.name, after])?;
        }
        Ok(tx.commit()?)
    }

    /// The file gives a new row the number behind the largest.
    fn settle(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        self.conn
            .execute("UPDATE moves SET finished_at = ?1", [now()])?;
        Ok(())
    }
}

/// Rows in the order of their keys, behind one of them or from the first.
fn select(table: &Table, behind: bool) -> String {
    let limit = if behind { table.keys + 1 } else { 1 };
    let name = table.name;
    if name == ENTRIES {
        let columns = table
            .names()
            .replacen("chat_no, seq", "mid >> 32, mid & 4294967295", 1);
        let condition = if behind {
            "WHERE mid > ((?1 << 32) | ?2)"
        } else {
            ""
        };
        return format!("SELECT {columns} FROM {name} {condition} ORDER BY mid LIMIT ?{limit}");
    }
    let (columns, keys) = (table.names(), table.key_names());
    let condition = if behind {
        format!("WHERE ({keys}) > ({})", marks(1, table.keys))
    } else {
        String::new()
    };
    format!("SELECT {columns} FROM {name} {condition} ORDER BY {keys} LIMIT ?{limit}")
}

fn insert(table: &Table) -> String {
    let (name, columns) = (table.name, table.names());
    let count = table.columns.len();
    if name == ENTRIES {
        let columns = columns.replacen("chat_no, seq", "mid", 1);
        let rest = marks(3, count);
        return format!("INSERT INTO {name} ({columns}) VALUES ((?1 << 32) | ?2, {rest})");
    }
    format!(
        "INSERT INTO {name} ({columns}) VALUES ({})",
        marks(1, count)
    )
}

fn marks(first: usize, last: usize) -> String {
    let marks: Vec<String> = (first..=last).map(|number| format!("?{number}")).collect();
    marks.join(", ")
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Number(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

impl FromSql for Value {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(number) => Self::Number(number),
            ValueRef::Text(_) => Self::Text(value.as_str()?.to_owned()),
            ValueRef::Blob(bytes) => Self::Bytes(bytes.to_vec()),
            ValueRef::Real(_) => return Err(rusqlite::types::FromSqlError::InvalidType),
        })
    }
}

fn now() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as i64)
}
