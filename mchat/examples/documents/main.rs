//! Writes what is generated from the argument parsers and tables of both
//! programs: completions, manual, the table of actions in the README. Run by
//! `make completions man`; a test compares what is checked in.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

mod pages;

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let documents = pages::all(&root)?;
    for (path, text) in &documents {
        let path = root.join(path);
        if fs::read_to_string(&path).is_ok_and(|there| there == *text) {
            continue;
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, text)?;
        println!("{}", path.display());
    }
    let known: BTreeSet<_> = documents.keys().cloned().collect();
    for path in pages::written(&root)?.difference(&known) {
        fs::remove_file(root.join(path))?;
        println!("{path} removed");
    }
    Ok(())
}
