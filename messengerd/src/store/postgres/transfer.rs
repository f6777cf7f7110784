//! A database as the source or the target of a move.

use std::error::Error;
use std::pin::pin;

use bytes::BytesMut;
use deadpool_postgres::ClientWrapper;
use futures_util::TryStreamExt;
use tokio::runtime::Handle;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

use super::connect::{self, Connector};
use super::error::Fault;
use super::statements::{self, begin, commit};
use super::timestamp::At;
use super::{Settings, invites, schema};
use crate::store::transfer::{
    Column, Cut, HEADS, Kind, Page, Progress, Row, Side, TABLES, Table, Value,
};
use crate::store::{StoreError, migrate};

/// The database, on a connection of its own. Calls wait for it on the thread
/// they are made on, which must be none of the runtime's.
pub(in crate::store) struct Database {
    conn: ClientWrapper,
    runtime: Handle,
}

impl Database {
    pub(in crate::store) fn open(settings: &Settings, runtime: Handle) -> Result<Self, StoreError> {
        let conn = runtime.block_on(async {
            let conn = Connector::new(settings)?.open().await?;
            connect::examine(&conn).await?;
            // A page may take long, and so may the other side's.
            conn.batch_execute(
                "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0",
            )
            .await?;
            Ok::<_, Fault>(conn)
        })?;
        Ok(Self { conn, runtime })
    }
}

impl Side for Database {
    fn prepare(&mut self, create: bool) -> Result<bool, StoreError> {
        let conn = &self.conn;
        let prepared = self.runtime.block_on(async {
            let row = conn
                .query_one("SELECT to_regclass('migrations') IS NOT NULL", &[])
                .await?;
            let made: bool = row.try_get(0)?;
            if !made && create {
                schema::apply(conn, schema::MIGRATIONS).await?;
                conn.batch_execute("SET statement_timeout = 0").await?;
            }
            Ok::<_, Fault>(made || create)
        });
        Ok(prepared?)
    }

    fn missing(&mut self) -> Result<Vec<u32>, StoreError> {
        let applied = self.runtime.block_on(schema::applied(&self.conn))?;
        let missing = migrate::pending(schema::MIGRATIONS, &applied)?;
        Ok(missing.iter().map(|step| step.version).collect())
    }

    fn setting(&mut self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.runtime.block_on(invites::setting(&self.conn, name))?)
    }

    fn set(&mut self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        self.runtime.block_on(statements::run(
            &self.conn,
            "INSERT INTO settings (name, value) VALUES ($1, $2)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            &[&name, &value],
        ))?;
        Ok(())
    }

    fn read(
        &mut self,
        table: &Table,
        after: Option<&[Value]>,
        cut: Cut,
    ) -> Result<Page, StoreError> {
        let page = read(&self.conn, table, after.unwrap_or_default(), cut);
        Ok(self.runtime.block_on(page)?)
    }

    fn progress(&mut self) -> Result<Option<Progress>, StoreError> {
        let row = self.runtime.block_on(statements::row(
            &self.conn,
            "SELECT community, table_name, after, finished_at IS NOT NULL FROM moves",
            &[],
        ))?;
        let Some(row) = row else { return Ok(None) };
        let progress = || {
            let table: Option<String> = row.try_get(1)?;
            Ok::<_, Fault>(Progress {
                community: row.try_get(0)?,
                at: table.zip(row.try_get(2)?),
                finished: row.try_get(3)?,
            })
        };
        Ok(Some(progress()?))
    }

    fn begin(&mut self, community: Uuid) -> Result<(), StoreError> {
        self.runtime.block_on(statements::run(
            &self.conn,
            "INSERT INTO moves (community, started_at) VALUES ($1, clock_timestamp())",
            &[&community],
        ))?;
        Ok(())
    }

    fn write(&mut self, table: &Table, rows: &[Row], after: &[u8]) -> Result<(), StoreError> {
        let written = self.runtime.block_on(write(&self.conn, table, rows, after));
        Ok(written?)
    }

    fn settle(&mut self) -> Result<(), StoreError> {
        // The planner knows nothing yet of tables that were just filled.
        let mut sql = String::from("ANALYZE chat_cursors;");
        for table in TABLES {
            sql += &format!("ANALYZE {};", table.name);
        }
        for (table, number) in [("users", "user_no"), ("chats", "chat_no")] {
            sql += &format!(
                "SELECT setval(pg_get_serial_sequence('{table}', '{number}'),
                   coalesce(max({number}), 1), max({number}) IS NOT NULL) FROM {table};"
            );
        }
        let settled = self.runtime.block_on(self.conn.batch_execute(&sql));
        Ok(settled.map_err(Fault::from)?)
    }

    fn finish(&mut self) -> Result<(), StoreError> {
        self.runtime.block_on(statements::run(
            &self.conn,
            "UPDATE moves SET finished_at = clock_timestamp()",
            &[],
        ))?;
        Ok(())
    }
}

async fn read(
    conn: &ClientWrapper,
    table: &Table,
    after: &[Value],
    mut cut: Cut,
) -> Result<Page, Fault> {
    let mut page = Page::default();
    let statement = conn
        .prepare_cached(&select(table, !after.is_empty()))
        .await?;
    let limit = Value::Number(cut.ask());
    let params: Vec<&Value> = after.iter().chain([&limit]).collect();
    let rows = conn.query_raw(&statement, params).await?;
    let mut rows = pin!(rows);
    while let Some(row) = rows.try_next().await? {
        let row: Row = (0..table.columns.len())
            .map(|at| row.try_get(at))
            .collect::<Result<_, _>>()?;
        // What is left of the answer is thrown away as it comes in.
        if !cut.take(&mut page, row) {
            break;
        }
    }
    Ok(page)
}

async fn write(
    conn: &ClientWrapper,
    table: &Table,
    rows: &[Row],
    after: &[u8],
) -> Result<(), Fault> {
    begin(conn).await?;
    let places = |wanted: &dyn Fn(&str) -> bool| -> Vec<usize> {
        let columns = table.columns.iter().enumerate();
        columns
            .filter(|(_, column)| wanted(column.name))
            .map(|(place, _)| place)
            .collect()
    };
    if table.name == HEADS {
        let heads = places(&|name| name != "cursor_rev");
        let revisions = places(&|name| matches!(name, "chat_no" | "cursor_rev"));
        copy(conn, HEADS, table.columns, &heads, rows).await?;
        copy(conn, "chat_cursors", table.columns, &revisions, rows).await?;
    } else {
        let all = places(&|_| true);
        copy(conn, table.name, table.columns, &all, rows).await?;
    }
    statements::run(
        conn,
        "UPDATE moves SET table_name = $1, after = $2",
        &[&table.name, &after],
    )
    .await?;
    Ok(commit(conn).await?)
}

/// Copies the columns at `places` of all rows into a table.
async fn copy(
    conn: &ClientWrapper,
    table: &str,
    columns: &[Column],
    places: &[usize],
    rows: &[Row],
) -> Result<(), Fault> {
    let chosen: Vec<Column> = places
        .iter()
        .filter_map(|place| columns.get(*place).copied())
        .collect();
    let names: Vec<&str> = chosen.iter().map(|column| column.name).collect();
    let types: Vec<Type> = chosen.iter().map(|column| type_of(column.kind)).collect();
    let sql = format!(
        "COPY {table} ({}) FROM STDIN (FORMAT binary)",
        names.join(", ")
    );
    let mut writer = pin!(BinaryCopyInWriter::new(conn.copy_in(&sql).await?, &types));
    for row in rows {
        let values: Vec<&Value> = places.iter().filter_map(|place| row.get(*place)).collect();
        writer.as_mut().write_raw(values).await?;
    }
    writer.finish().await?;
    Ok(())
}

/// Rows in the order of their keys, behind one of them or from the first.
fn select(table: &Table, behind: bool) -> String {
    let (columns, keys) = (table.names(), table.key_names());
    let from = if table.name == HEADS {
        "chat_heads JOIN chat_cursors USING (chat_no)"
    } else {
        table.name
    };
    let (condition, limit) = if behind {
        let marks: Vec<String> = (1..=table.keys)
            .map(|number| format!("${number}"))
            .collect();
        (
            format!("WHERE ({keys}) > ({})", marks.join(", ")),
            table.keys + 1,
        )
    } else {
        (String::new(), 1)
    };
    format!("SELECT {columns} FROM {from} {condition} ORDER BY {keys} LIMIT ${limit}")
}

fn type_of(kind: Kind) -> Type {
    match kind {
        Kind::Short => Type::INT2,
        Kind::Int => Type::INT4,
        Kind::Long => Type::INT8,
        Kind::Flag => Type::BOOL,
        Kind::Time => Type::TIMESTAMPTZ,
        Kind::Text => Type::TEXT,
        Kind::Bytes => Type::BYTEA,
        Kind::Id => Type::UUID,
    }
}

impl ToSql for Value {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Number(number) => match *kind {
                Type::INT2 => i16::try_from(*number)?.to_sql(kind, out),
                Type::INT4 => i32::try_from(*number)?.to_sql(kind, out),
                Type::INT8 => number.to_sql(kind, out),
                Type::BOOL => (*number != 0).to_sql(kind, out),
                Type::TIMESTAMPTZ => At(*number).to_sql(kind, out),
                _ => Err(format!("a number does not fit into {kind}").into()),
            },
            Self::Text(text) => text.as_str().to_sql(kind, out),
            Self::Bytes(bytes) if *kind == Type::UUID => Uuid::from_slice(bytes)?.to_sql(kind, out),
            Self::Bytes(bytes) => bytes.as_slice().to_sql(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(match *kind {
            Type::INT2 => Self::Number(i16::from_sql(kind, raw)?.into()),
            Type::INT4 => Self::Number(i32::from_sql(kind, raw)?.into()),
            Type::INT8 => Self::Number(i64::from_sql(kind, raw)?),
            Type::BOOL => Self::Number(bool::from_sql(kind, raw)?.into()),
            Type::TIMESTAMPTZ => Self::Number(At::from_sql(kind, raw)?.0),
            Type::TEXT => Self::Text(String::from_sql(kind, raw)?),
            Type::BYTEA => Self::Bytes(Vec::from_sql(kind, raw)?),
            Type::UUID => Self::Bytes(Uuid::from_sql(kind, raw)?.as_bytes().to_vec()),
            _ => return Err(format!("no value is made of {kind}").into()),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
