//! Files that the earlier messenger kept in a directory, by the paths that its
//! database has for them.

use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::Context;

/// The directory.
#[derive(Debug)]
pub struct Uploads {
    root: PathBuf,
    name: Option<String>,
}

/// Where a path leads.
#[derive(Debug, PartialEq, Eq)]
pub enum Found {
    /// To a file below the directory.
    File(PathBuf),
    /// To nothing.
    Missing,
    /// Out of the directory: not looked at.
    Outside,
}

impl Uploads {
    /// A directory that is there.
    ///
    /// # Errors
    ///
    /// Where it is not.
    pub fn open(directory: &Path) -> anyhow::Result<Self> {
        let root = fs::canonicalize(directory)
            .with_context(|| format!("cannot use the uploads in {}", directory.display()))?;
        anyhow::ensure!(
            root.is_dir(),
            "{} is no directory: name the one that the uploads are in",
            directory.display()
        );
        let name = root.file_name().map(|name| name.to_string_lossy().into());
        Ok(Self { root, name })
    }

    /// Finds the file of a path as the database has it: relative to the
    /// directory, to the one above it (`./uploads/a.png`), or with the whole
    /// way to it. Nothing outside is ever touched: neither by `..` nor by a
    /// link.
    pub fn find(&self, written: &str) -> Found {
        if written.contains('\0') {
            return Found::Missing;
        }
        let plain = written.trim().replace('\\', "/");
        let path = Path::new(&plain);
        let relative = match path.strip_prefix(&self.root) {
            Ok(below) => below,
            Err(_) => path,
        };
        let mut parts = Vec::new();
        for component in relative.components() {
            match component {
                Component::Normal(part) => parts.push(part),
                Component::RootDir | Component::CurDir => {}
                Component::ParentDir | Component::Prefix(_) => return Found::Outside,
            }
        }
        let whole: PathBuf = parts.iter().collect();
        let mut tries = vec![whole];
        if let Some((first, rest)) = parts.split_first()
            && !rest.is_empty()
            && (*first == "uploads" || self.name.as_deref().is_some_and(|name| *first == name))
        {
            tries.push(rest.iter().collect());
        }
        for below in tries.iter().filter(|below| !below.as_os_str().is_empty()) {
            match fs::canonicalize(self.root.join(below)) {
                Ok(real) if !real.starts_with(&self.root) => return Found::Outside,
                Ok(real) if real.is_file() => return Found::File(real),
                Ok(_) | Err(_) => {}
            }
        }
        Found::Missing
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_below_is_found() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("files");
        fs::create_dir_all(root.join("2024")).unwrap();
        fs::write(root.join("2024/a b.png"), "a").unwrap();
        fs::write(root.join("c.png"), "c").unwrap();
        fs::write(home.path().join("secret"), "s").unwrap();
        std::os::unix::fs::symlink(home.path().join("secret"), root.join("link")).unwrap();
        std::os::unix::fs::symlink(home.path(), root.join("door")).unwrap();
        std::os::unix::fs::symlink(root.join("c.png"), root.join("inner")).unwrap();
        let uploads = Uploads::open(&root).unwrap();
        let real = fs::canonicalize(&root).unwrap();
        let at = |below: &str| Found::File(real.join(below));

        let whole = format!("{}/c.png", real.display());
        for (written, found) in [
            ("2024/a b.png", at("2024/a b.png")),
            ("./uploads/2024/a b.png", at("2024/a b.png")),
            ("/uploads/c.png", at("c.png")),
            ("files/c.png", at("c.png")),
            ("uploads\\2024\\a b.png", at("2024/a b.png")),
            (whole.as_str(), at("c.png")),
            ("inner", at("c.png")),
            ("other/c.png", Found::Missing),
            ("2024", Found::Missing),
            ("", Found::Missing),
            ("uploads", Found::Missing),
            ("c.png\0", Found::Missing),
            ("/etc/passwd", Found::Missing),
            ("../secret", Found::Outside),
            ("uploads/../../secret", Found::Outside),
            ("2024/../c.png", Found::Outside),
            ("..\\secret", Found::Outside),
            ("link", Found::Outside),
            ("door/secret", Found::Outside),
        ] {
            assert_eq!(uploads.find(written), found, "{written}");
        }
        assert!(Uploads::open(&root.join("c.png")).is_err());
        assert!(Uploads::open(&root.join("nowhere")).is_err());
    }
}
