//! What an import came to, table by table.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// Notes of one kind that are kept; more are only counted.
const NOTES: usize = 1_000;

/// Why a row stayed behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    sentence: &'static str,
    expected: bool,
}

impl Reason {
    /// One that is documented: it is no failure.
    pub const fn known(sentence: &'static str) -> Self {
        Self {
            sentence,
            expected: true,
        }
    }

    /// One that somebody should look at.
    pub const fn fault(sentence: &'static str) -> Self {
        Self {
            sentence,
            expected: false,
        }
    }
}

/// Rows that stayed behind for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// How many.
    pub rows: u64,
    /// Why.
    pub reason: &'static str,
    /// Whether that is documented.
    pub expected: bool,
}

/// What became of one table of the source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Table {
    /// Its name.
    pub table: &'static str,
    /// Rows read.
    pub read: u64,
    /// Rows that are here now and were not before.
    pub imported: u64,
    /// Rows that were here, or are one with another row.
    pub merged: u64,
    /// Rows that stayed behind.
    pub skipped: Vec<Skipped>,
    /// What had to be changed so that it fits, and how often.
    pub adapted: BTreeMap<&'static str, u64>,
}

impl Table {
    /// Counts rows that stay behind.
    pub(super) fn skip(&mut self, rows: u64, reason: Reason) {
        if rows == 0 {
            return;
        }
        let known = self
            .skipped
            .iter_mut()
            .find(|known| known.reason == reason.sentence);
        match known {
            Some(known) => known.rows += rows,
            None => self.skipped.push(Skipped {
                rows,
                reason: reason.sentence,
                expected: reason.expected,
            }),
        }
    }

    /// Counts something that had to be changed.
    pub(super) fn adapt(&mut self, what: &'static str) {
        *self.adapted.entry(what).or_default() += 1;
    }
}

/// What an import came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Whether nothing was kept.
    pub dry_run: bool,
    /// Each table of the source.
    pub tables: Vec<Table>,
    /// What somebody should know, a sentence each.
    pub notes: Vec<String>,
    /// Sentences that were too many.
    pub more_notes: u64,
}

impl Report {
    /// The counts of a table.
    pub(super) fn table(&mut self, name: &'static str) -> &mut Table {
        let at = match self.tables.iter().position(|table| table.table == name) {
            Some(at) => at,
            None => {
                self.tables.push(Table {
                    table: name,
                    ..Table::default()
                });
                self.tables.len() - 1
            }
        };
        &mut self.tables[at]
    }

    /// Adds a sentence.
    pub(super) fn note(&mut self, sentence: String) {
        if self.notes.len() < NOTES {
            self.notes.push(sentence);
        } else {
            self.more_notes += 1;
        }
    }

    /// Skips one row that nobody expected to be skipped, and says which.
    pub(super) fn lose(&mut self, table: &'static str, id: &str, reason: Reason) {
        self.table(table).skip(1, reason);
        if !reason.expected {
            self.note(format!("{table} {id}: {}", reason.sentence));
        }
    }

    /// Whether nothing stayed behind but what is documented.
    pub fn is_complete(&self) -> bool {
        let mut skipped = self.tables.iter().flat_map(|table| &table.skipped);
        skipped.all(|skipped| skipped.expected)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<18} {:>10} {:>10} {:>10} {:>10}",
            "table", "read", "imported", "merged", "skipped"
        )?;
        for table in &self.tables {
            let skipped: u64 = table.skipped.iter().map(|skipped| skipped.rows).sum();
            writeln!(
                f,
                "{:<18} {:>10} {:>10} {:>10} {skipped:>10}",
                table.table, table.read, table.imported, table.merged
            )?;
            for skipped in &table.skipped {
                let mark = if skipped.expected { "" } else { "UNEXPECTED: " };
                writeln!(
                    f,
                    "  {:>10} skipped: {mark}{}",
                    skipped.rows, skipped.reason
                )?;
            }
            for (what, rows) in &table.adapted {
                writeln!(f, "  {rows:>10} adapted: {what}")?;
            }
        }
        if !self.notes.is_empty() {
            writeln!(f)?;
        }
        for note in &self.notes {
            writeln!(f, "{note}")?;
        }
        if self.more_notes > 0 {
            writeln!(f, "and {} more", self.more_notes)?;
        }
        if self.dry_run {
            writeln!(f, "\nThis was a dry run: nothing was kept.")?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn only_what_nobody_expects_makes_it_incomplete() {
        let mut report = Report::default();
        report.table("users").read = 3;
        report.table("users").imported = 2;
        report.table("files").skip(2, Reason::known("no files yet"));
        report.table("files").skip(1, Reason::known("no files yet"));
        report.table("users").adapt("another name");
        assert!(report.is_complete());
        report.lose("users", "17", Reason::fault("it has no id"));
        assert!(!report.is_complete());
        let text = report.to_string();
        assert!(
            text.contains("\nfiles                       0          0          0          3\n")
        );
        assert!(
            text.contains("         1 skipped: UNEXPECTED: it has no id\n"),
            "{text}"
        );
        assert!(text.contains("\nusers 17: it has no id\n"));
        let json: serde_json::Value = serde_json::to_value(&report).unwrap();
        assert_eq!(json["tables"][1]["skipped"][0]["rows"], 3);
        assert_eq!(json["tables"][0]["adapted"]["another name"], 1);
    }

    #[test]
    fn notes_have_an_end() {
        let mut report = Report::default();
        for number in 0..NOTES + 2 {
            report.note(number.to_string());
        }
        assert_eq!((report.notes.len(), report.more_notes), (NOTES, 2));
        assert!(report.to_string().ends_with("\nand 2 more\n"));
    }
}
