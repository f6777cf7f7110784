//! The image.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{read, top};

/// One instruction, its continued lines joined.
pub struct Instruction {
    pub verb: String,
    pub arguments: String,
}

/// The instructions of `Dockerfile`.
pub fn instructions() -> Vec<Instruction> {
    let mut found = Vec::new();
    let mut open = String::new();
    for line in read("Dockerfile").lines() {
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        match line.strip_suffix('\\') {
            Some(line) => open += line,
            None => {
                let whole = std::mem::take(&mut open) + line;
                let (verb, arguments) = whole.split_once(' ').unwrap();
                found.push(Instruction {
                    verb: verb.to_owned(),
                    arguments: arguments.trim().to_owned(),
                });
            }
        }
    }
    assert!(open.is_empty(), "the last line is continued");
    found
}

/// The arguments of each `verb` in the last stage, which is the image.
pub fn of_the_image(verb: &str) -> Vec<String> {
    let all = instructions();
    let last = all.iter().rposition(|one| one.verb == "FROM").unwrap();
    all.into_iter()
        .skip(last)
        .filter(|one| one.verb == verb)
        .map(|one| one.arguments)
        .collect()
}

/// The sources that are copied from this tree.
fn copied() -> BTreeSet<String> {
    instructions()
        .into_iter()
        .filter(|one| one.verb == "COPY" && !one.arguments.starts_with("--"))
        .flat_map(|one| {
            let words: Vec<_> = one.arguments.split(' ').map(str::to_owned).collect();
            words[..words.len() - 1].to_vec()
        })
        .collect()
}

/// All files below a directory.
fn sources(directory: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .flat_map(|path| {
            if path.is_dir() {
                sources(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

#[test]
fn every_instruction_is_known() {
    const KNOWN: &[&str] = &[
        "ARG",
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "FROM",
        "HEALTHCHECK",
        "LABEL",
        "RUN",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
        "WORKDIR",
    ];
    for one in instructions() {
        assert!(KNOWN.contains(&one.verb.as_str()), "{}", one.verb);
        assert!(!one.arguments.is_empty(), "{} of nothing", one.verb);
    }
    assert_eq!(instructions()[0].verb, "FROM");
}

#[test]
fn what_is_copied_exists_and_reaches_the_builder() {
    let ignore = read(".dockerignore");
    let let_in: BTreeSet<String> = ignore
        .lines()
        .filter_map(|line| line.strip_prefix('!'))
        .map(str::to_owned)
        .collect();
    assert!(
        ignore.lines().any(|line| line == "*"),
        "nothing else gets in"
    );
    assert_eq!(copied(), let_in);
    for source in copied() {
        assert!(top(&source).exists(), "{source} does not exist");
    }
    for (at, one) in instructions().iter().enumerate() {
        if let Some(rest) = one.arguments.strip_prefix("--from=") {
            let (stage, _) = rest.split_once(' ').unwrap();
            assert!(
                instructions()[..at].iter().any(|earlier| {
                    earlier.verb == "FROM" && earlier.arguments.ends_with(&format!(" AS {stage}"))
                }),
                "no stage {stage}"
            );
        }
    }
}

#[test]
fn all_that_cargo_needs_is_copied() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let members = manifest["workspace"]["members"].as_array().unwrap();
    for member in members {
        assert!(copied().contains(member.as_str().unwrap()), "{member}");
    }
    for other in ["Cargo.toml", "Cargo.lock", ".cargo"] {
        assert!(copied().contains(other), "{other}");
    }
    // Schemas and examples are compiled in.
    let mut included = 0;
    for file in sources(&top("messengerd/src")) {
        let text = std::fs::read_to_string(&file).unwrap();
        for after in text.split("include_str!(\"").skip(1) {
            let (path, _) = after.split_once('"').unwrap();
            let path = file.parent().unwrap().join(path).canonicalize().unwrap();
            let path = path.strip_prefix(top("").canonicalize().unwrap()).unwrap();
            let first = path.iter().next().unwrap().to_str().unwrap();
            assert!(copied().contains(first), "{}", path.display());
            included += 1;
        }
    }
    assert!(included > 0);
}

#[test]
fn the_builder_has_a_rust_that_is_new_enough() {
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let oldest = manifest["workspace"]["package"]["rust-version"]
        .as_str()
        .unwrap();
    let oldest: Vec<u32> = oldest
        .split('.')
        .map(|part| part.parse().unwrap())
        .collect();
    let from = &instructions()[0].arguments;
    let tag = from.strip_prefix("rust:").unwrap().split('-').next();
    let tag: Vec<u32> = tag
        .unwrap()
        .split('.')
        .map(|part| part.parse().unwrap())
        .collect();
    // A shorter tag is the newest of its kind.
    assert!(tag >= oldest[..tag.len()].to_vec(), "{from}");
}

#[test]
fn the_image_runs_as_an_ordinary_user() {
    let users = of_the_image("USER");
    let user = users.last().unwrap().split(':').next().unwrap();
    assert!(user.parse::<u32>().unwrap() >= 1000);
    assert_eq!(of_the_image("ENTRYPOINT"), [r#"["/usr/bin/messengerd"]"#]);
    assert_eq!(of_the_image("CMD"), [r#"["serve"]"#]);
}

#[test]
fn its_data_is_on_a_volume() {
    let volume = of_the_image("VOLUME");
    assert_eq!(
        of_the_image("ENV"),
        [format!("MESSENGERD_DATA_DIR={}", volume[0])]
    );
}

#[test]
fn arguments_in_json_are_json() {
    for one in instructions() {
        let json = match one.verb.as_str() {
            "CMD" | "ENTRYPOINT" => one.arguments.as_str(),
            "HEALTHCHECK" => one.arguments.split_once("CMD ").unwrap().1,
            _ => continue,
        };
        let words: Vec<String> = serde_json::from_str(json).unwrap();
        assert!(!words.is_empty());
    }
}

#[test]
fn no_secret_is_built_in() {
    for one in instructions() {
        if matches!(one.verb.as_str(), "ENV" | "ARG" | "COPY") {
            let lower = one.arguments.to_lowercase();
            for word in ["password", "secret", "token"] {
                assert!(!lower.contains(word), "{} {}", one.verb, one.arguments);
            }
        }
    }
}
