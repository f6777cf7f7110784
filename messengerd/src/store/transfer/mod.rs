//! Moves a community from one store into another, empty one.
//!
//! Rows are copied in pages, in the order of their keys; each page is one
//! transaction of the target together with the record of how far the move has
//! come, so that it can be taken up where it broke off. At the end both sides
//! are read again and compared by hashes over every row.

mod tables;
mod value;

use std::path::Path;

use uuid::Uuid;

pub(in crate::store) use self::tables::{Column, ENTRIES, HEADS, Kind, SETTINGS, TABLES, Table};
use self::value::Tally;
pub(in crate::store) use self::value::{Row, Value, decode_key, encode_key};
use super::{StoreError, postgres, sqlite};

/// Rows of a page at most.
const PAGE_ROWS: usize = 1000;
/// Bytes of a page, up to one row more.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// Why a move ended early.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// It cannot begin or go on as things are; one sentence.
    #[error("{0}")]
    Refused(String),
    /// A store failed; the move can be taken up again.
    #[error("{side}: {error}")]
    Store {
        /// Which store.
        side: &'static str,
        /// What it answered.
        error: StoreError,
    },
    /// The caller stopped it; it can be taken up again.
    #[error("stopped")]
    Stopped,
}

/// A page of rows.
#[derive(Debug, Default)]
pub(in crate::store) struct Page {
    pub(in crate::store) rows: Vec<Row>,
    /// Whether it was cut before the table's end.
    pub(in crate::store) more: bool,
}

/// How much of a table a page takes.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Cut {
    rows: usize,
    bytes: usize,
}

impl Cut {
    /// How many rows to ask for: one more than fit, to see whether there are
    /// more.
    pub(in crate::store) fn ask(&self) -> i64 {
        i64::try_from(self.rows).map_or(i64::MAX, |rows| rows + 1)
    }

    /// Adds a row unless the page is full.
    pub(in crate::store) fn take(&mut self, page: &mut Page, row: Row) -> bool {
        if page.rows.len() >= self.rows || self.bytes == 0 {
            page.more = true;
            return false;
        }
        let size: usize = row.iter().map(Value::size).sum();
        self.bytes = self.bytes.saturating_sub(size);
        page.rows.push(row);
        true
    }
}

/// How far a move into a store has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Progress {
    pub(in crate::store) community: Uuid,
    /// The table under way and the last key that is there.
    pub(in crate::store) at: Option<(String, Vec<u8>)>,
    pub(in crate::store) finished: bool,
}

/// A store as the source or the target of a move. Calls block.
pub(in crate::store) trait Side: Send {
    /// Makes the schema where there is none; false where there is none and
    /// `create` is not set.
    fn prepare(&mut self, create: bool) -> Result<bool, StoreError>;
    /// The versions the schema lacks.
    fn missing(&mut self) -> Result<Vec<u32>, StoreError>;
    fn setting(&mut self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;
    fn set(&mut self, name: &str, value: &[u8]) -> Result<(), StoreError>;
    /// Rows behind a key, in the order of keys.
    fn read(
        &mut self,
        table: &Table,
        after: Option<&[Value]>,
        cut: Cut,
    ) -> Result<Page, StoreError>;
    fn progress(&mut self) -> Result<Option<Progress>, StoreError>;
    /// Records that a move into this store began.
    fn begin(&mut self, community: Uuid) -> Result<(), StoreError>;
    /// Writes a page and how far the move has come, in one transaction.
    fn write(&mut self, table: &Table, rows: &[Row], after: &[u8]) -> Result<(), StoreError>;
    /// After the last page: what gives new rows their numbers goes on behind
    /// those that are there.
    fn settle(&mut self) -> Result<(), StoreError>;
    /// Records that the move is complete.
    fn finish(&mut self) -> Result<(), StoreError>;
}

/// One end of a move.
pub struct End {
    name: &'static str,
    side: Box<dyn Side>,
}

impl End {
    /// A database file. What else uses it is the caller's care.
    ///
    /// # Errors
    ///
    /// Where it cannot be opened or, for a target, made; or it has another schema
    /// than this program.
    pub fn sqlite(path: &Path, role: Role) -> Result<Self, TransferError> {
        let side = sqlite::transfer::Database::open(path, role == Role::Target);
        Self::new(side.map(|side| Box::new(side) as Box<dyn Side>), role)
    }

    /// A database of PostgreSQL. Calls on this end wait for `runtime`, and are
    /// not to be made on it.
    ///
    /// # Errors
    ///
    /// Where it cannot be reached, and see [`End::sqlite`].
    pub fn postgres(
        settings: &postgres::Settings,
        role: Role,
        runtime: tokio::runtime::Handle,
    ) -> Result<Self, TransferError> {
        let side = postgres::transfer::Database::open(settings, runtime);
        Self::new(side.map(|side| Box::new(side) as Box<dyn Side>), role)
    }

    fn new(side: Result<Box<dyn Side>, StoreError>, role: Role) -> Result<Self, TransferError> {
        let name = role.name();
        let side = side.map_err(|error| TransferError::Store { side: name, error })?;
        let mut end = Self { name, side };
        if !end.call(|side| side.prepare(role == Role::Target))? {
            return Err(TransferError::Refused(
                "the source holds no community: there is nothing to move".to_owned(),
            ));
        }
        if !end.call(|side| side.missing())?.is_empty() {
            return Err(TransferError::Refused(format!(
                "{name} has an older schema than this program: run messengerd migrate on it first"
            )));
        }
        Ok(end)
    }

    fn call<T>(
        &mut self,
        work: impl FnOnce(&mut dyn Side) -> Result<T, StoreError>,
    ) -> Result<T, TransferError> {
        work(self.side.as_mut()).map_err(|error| TransferError::Store {
            side: self.name,
            error,
        })
    }

    /// A value kept for the whole community.
    ///
    /// # Errors
    ///
    /// What the store answers.
    pub fn setting(&mut self, name: &str) -> Result<Option<Vec<u8>>, TransferError> {
        self.call(|side| side.setting(name))
    }

    /// Keeps a value, in place of an earlier one.
    ///
    /// # Errors
    ///
    /// What the store answers.
    pub fn set(&mut self, name: &str, value: &[u8]) -> Result<(), TransferError> {
        self.call(|side| side.set(name, value))
    }

    fn page(
        &mut self,
        table: &Table,
        after: Option<&[Value]>,
        rows: usize,
    ) -> Result<Page, TransferError> {
        let cut = Cut {
            rows,
            bytes: PAGE_BYTES,
        };
        self.call(|side| side.read(table, after, cut))
    }
}

/// What a store is in a move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// What is moved is here.
    Source,
    /// It is to be here.
    Target,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Source => "the source",
            Self::Target => "the target",
        }
    }
}

/// Rows and hash of one table on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// The table.
    pub table: &'static str,
    /// Rows and hash in the source.
    pub source: (u64, [u8; 32]),
    /// Rows and hash in the target.
    pub target: (u64, [u8; 32]),
}

impl Compared {
    /// Whether both sides hold the same.
    pub fn same(&self) -> bool {
        self.source == self.target
    }
}

/// A move that may begin or go on.
pub struct Transfer {
    source: End,
    target: End,
    /// Settings that are not rows to be copied: the caller takes care of them.
    apart: &'static [&'static str],
    resumes: Option<(String, Vec<u8>)>,
    taken_up: bool,
}

impl Transfer {
    /// Looks at both sides, and notes in the target that the move began.
    /// `left_over` names what lies beside the target's rows, if anything does.
    ///
    /// # Errors
    ///
    /// [`TransferError::Refused`] where the source holds no community, or the
    /// target holds something that is not an unfinished part of this very move.
    pub fn new(
        mut source: End,
        target: End,
        apart: &'static [&'static str],
        left_over: impl FnOnce() -> Option<String>,
    ) -> Result<Self, TransferError> {
        let refused = |sentence: &str| Err(TransferError::Refused(sentence.to_owned()));
        match source.call(|side| side.progress())? {
            Some(progress) if !progress.finished => {
                return refused(
                    "the source is itself the target of a move that is not finished: finish that first",
                );
            }
            Some(_) | None => {}
        }
        let community = source.setting("community")?;
        let Some(community) = community.and_then(|bytes| Uuid::from_slice(&bytes).ok()) else {
            return refused("the source holds no community: there is nothing to move");
        };
        let mut transfer = Self {
            source,
            target,
            apart,
            resumes: None,
            taken_up: false,
        };
        match transfer.target.call(|side| side.progress())? {
            Some(progress) if progress.community != community => {
                return refused(
                    "another community was moved to the target: move to an empty database",
                );
            }
            Some(progress) if progress.finished => {
                return refused(
                    "this community was moved to the target already: start a daemon on it",
                );
            }
            Some(progress) => {
                transfer.resumes = progress.at;
                transfer.taken_up = true;
            }
            None => {
                for table in TABLES {
                    if !transfer.target.page(table, None, 1)?.rows.is_empty() {
                        return Err(TransferError::Refused(format!(
                            "the target is not empty, it has rows in {}: move to an empty database",
                            table.name
                        )));
                    }
                }
                if let Some(found) = left_over() {
                    return Err(TransferError::Refused(format!(
                        "the target is not empty, it has {found}: move to an empty place"
                    )));
                }
                transfer.target.call(|side| side.begin(community))?;
            }
        }
        Ok(transfer)
    }

    /// Whether an earlier run broke off.
    pub fn taken_up(&self) -> bool {
        self.taken_up
    }

    /// The two ends, the source first.
    pub fn ends(&mut self) -> (&mut End, &mut End) {
        (&mut self.source, &mut self.target)
    }

    /// Copies what is not there yet. `page` is told of the rows of each page
    /// that is safe and may stop the move by returning false.
    ///
    /// # Errors
    ///
    /// Where a store fails, or the caller stops it.
    pub fn copy(
        &mut self,
        mut page: impl FnMut(&'static str, usize) -> bool,
    ) -> Result<(), TransferError> {
        let done = match self.resumes.take() {
            None => None,
            Some((name, after)) => {
                let place = TABLES.iter().position(|table| table.name == name);
                let key = place.and_then(|place| decode_key(TABLES.get(place)?, &after));
                let Some(found) = place.zip(key) else {
                    return Err(TransferError::Refused(
                        "the target's record of the move is damaged: move to an empty database"
                            .to_owned(),
                    ));
                };
                Some(found)
            }
        };
        let (first, mut after) = match done {
            Some((place, key)) => (place, Some(key)),
            None => (0, None),
        };
        for table in TABLES.iter().skip(first) {
            let mut size = PAGE_ROWS;
            loop {
                let Page { mut rows, more } = self.source.page(table, after.as_deref(), size)?;
                let read = rows.len();
                let Some(last) = rows.last() else { break };
                let key = table.key(last).to_vec();
                if table.name == SETTINGS {
                    rows.retain(|row| !self.is_apart(row));
                }
                let encoded = encode_key(&key);
                self.target
                    .call(|side| side.write(table, &rows, &encoded))?;
                if !page(table.name, read) {
                    return Err(TransferError::Stopped);
                }
                after = Some(key);
                if !more {
                    break;
                }
                // Where bytes cut the page, more rows were read than fit.
                size = (read * 2).clamp(16, PAGE_ROWS);
            }
            after = None;
        }
        self.target.call(|side| side.settle())
    }

    /// Reads everything on both sides again.
    ///
    /// # Errors
    ///
    /// Where a store fails, or `go_on` returns false.
    pub fn compare(
        &mut self,
        mut go_on: impl FnMut() -> bool,
    ) -> Result<Vec<Compared>, TransferError> {
        let mut compared = Vec::new();
        for table in TABLES {
            compared.push(Compared {
                table: table.name,
                source: sum(&mut self.source, table, self.apart, &mut go_on)?,
                target: sum(&mut self.target, table, self.apart, &mut go_on)?,
            });
        }
        Ok(compared)
    }

    /// Declares the target complete: from now on a daemon may use it.
    ///
    /// # Errors
    ///
    /// What the target answers.
    pub fn finish(mut self) -> Result<(), TransferError> {
        self.target.call(|side| side.finish())
    }

    fn is_apart(&self, row: &[Value]) -> bool {
        is_apart(self.apart, row)
    }
}

fn is_apart(apart: &[&str], row: &[Value]) -> bool {
    matches!(row.first(), Some(Value::Text(name)) if apart.contains(&name.as_str()))
}

fn sum(
    end: &mut End,
    table: &Table,
    apart: &[&str],
    go_on: &mut impl FnMut() -> bool,
) -> Result<(u64, [u8; 32]), TransferError> {
    let mut tally = Tally::default();
    let (mut after, mut size) = (None, PAGE_ROWS);
    loop {
        let page = end.page(table, after.as_deref(), size)?;
        let Some(last) = page.rows.last() else { break };
        for row in &page.rows {
            if table.name != SETTINGS || !is_apart(apart, row) {
                tally.add(row);
            }
        }
        if !page.more {
            break;
        }
        size = (page.rows.len() * 2).clamp(16, PAGE_ROWS);
        after = Some(table.key(last).to_vec());
        if !go_on() {
            return Err(TransferError::Stopped);
        }
    }
    Ok(tally.sum())
}
