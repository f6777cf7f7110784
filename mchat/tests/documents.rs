//! What is generated is checked in as it is generated.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

#[path = "../examples/documents/pages/mod.rs"]
mod pages;

#[test]
fn completions_manual_and_readme_are_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let documents = pages::all(&root).unwrap();
    let stale: Vec<&String> = documents
        .iter()
        .filter(|(path, text)| {
            std::fs::read_to_string(root.join(path)).ok().as_ref() != Some(*text)
        })
        .map(|(path, _)| path)
        .collect();
    assert!(stale.is_empty(), "run `make completions man`: {stale:?}");
    let known = documents.keys().cloned().collect();
    let left: Vec<_> = pages::written(&root)
        .unwrap()
        .difference(&known)
        .cloned()
        .collect();
    assert!(left.is_empty(), "run `make completions man`: {left:?}");
}

#[test]
fn every_page_is_one_that_man_can_read() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (path, text) in pages::all(&root).unwrap() {
        if !path.contains("/man/") {
            continue;
        }
        assert!(text.contains(".TH "), "{path} has a title");
        assert!(
            text.contains(".SH NAME") || text.contains(".SH \"NAME\""),
            "{path}"
        );
        for line in text.lines().filter(|line| line.starts_with(['.', '\''])) {
            let request = line.split(' ').next().unwrap();
            let known = [
                ".ie", ".el", ".TH", ".SH", ".SS", ".PP", ".TP", ".RS", ".RE", ".nf", ".fi", ".IP",
                ".br",
            ];
            assert!(known.contains(&request), "{path}: {line}");
        }
    }
}
