//! What a store has to go through to get this program's schema; how it is
//! applied is the back end's.

use super::StoreError;

/// One step of the schema. Steps are only ever added.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Ascending from 1.
    pub version: u32,
    /// What it is for, in a word.
    pub name: &'static str,
    /// The statements.
    pub sql: &'static str,
}

impl Migration {
    /// BLAKE3 of the statements: tells whether an applied step was edited.
    pub fn checksum(&self) -> [u8; 32] {
        *blake3::hash(self.sql.as_bytes()).as_bytes()
    }
}

/// Why a store is not opened whose contents are still being moved into it.
pub(crate) const UNFINISHED_MOVE: &str =
    "a move into this database is unfinished: run messengerd move again, or empty it";

/// The steps that a store with these applied ones (version and checksum) lacks.
///
/// # Errors
///
/// [`StoreError::NewerSchema`] where the store knows a step that this program
/// does not, [`StoreError::ChangedMigration`] where a step differs.
pub fn pending<'a>(
    known: &'a [Migration],
    applied: &[(u32, [u8; 32])],
) -> Result<Vec<&'a Migration>, StoreError> {
    let newest = known.iter().map(|step| step.version).max().unwrap_or(0);
    if let Some(found) = applied.iter().map(|(version, _)| *version).max()
        && found > newest
    {
        return Err(StoreError::NewerSchema {
            found,
            known: newest,
        });
    }
    let mut missing = Vec::new();
    for step in known {
        match applied.iter().find(|(version, _)| *version == step.version) {
            Some((_, checksum)) if *checksum == step.checksum() => {}
            Some(_) => return Err(StoreError::ChangedMigration(step.version)),
            None => missing.push(step),
        }
    }
    Ok(missing)
}
