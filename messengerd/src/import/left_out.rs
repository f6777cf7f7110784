//! What this version has no place for: it is counted, and said.

use super::Import;
use super::report::Reason;
use super::source;
use super::uploads::Found;

const FILES: &str = "files";
/// Tables that stay behind as they are.
const OTHERS: [(&str, Reason); 4] = [
    ("calls", Reason::known("this version keeps no calls")),
    (
        "call_participants",
        Reason::known("this version keeps no calls"),
    ),
    (
        "call_settings",
        Reason::known("this version keeps no calls"),
    ),
    (
        "user_sessions",
        Reason::known("everybody signs in once more"),
    ),
];

const NOT_LOOKED: Reason = Reason::known("this version keeps no files");
const THERE: Reason = Reason::known("this version keeps no files; this one is in the uploads");
const MISSING: Reason =
    Reason::known("this version keeps no files; this one is not in the uploads");
const OUTSIDE: Reason =
    Reason::known("this version keeps no files; the path leads out of the uploads");

impl Import {
    /// Counts it.
    pub(super) async fn left_out(&mut self) -> anyhow::Result<()> {
        self.files().await?;
        for (name, reason) in OTHERS {
            let rows = self.source.count(name).await?;
            let table = self.report.table(name);
            table.read = rows;
            table.skip(rows, reason);
        }
        Ok(())
    }

    async fn files(&mut self) -> anyhow::Result<()> {
        let source = self.source.clone();
        if !source.has_table(FILES) {
            return Ok(());
        }
        let path = source.text(FILES, "f", "file_path");
        let sql = format!("SELECT {path} AS path FROM files f");
        let mut rows = source.rows(FILES, &sql).await?;
        while let Some(page) = rows.next().await? {
            self.undisturbed()?;
            for row in &page {
                let found = self
                    .uploads
                    .as_ref()
                    .map(|uploads| source::text(row, "path").map(|path| uploads.find(path)))
                    .transpose()?;
                let table = self.report.table(FILES);
                table.read += 1;
                table.skip(
                    1,
                    match found {
                        None => NOT_LOOKED,
                        Some(Found::File(_)) => THERE,
                        Some(Found::Missing) => MISSING,
                        Some(Found::Outside) => OUTSIDE,
                    },
                );
            }
        }
        Ok(())
    }
}
