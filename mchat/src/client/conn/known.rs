//! The pinned keys of servers: a text file in the profile, one line for each
//! `host:port fingerprint`; the last line for an address counts.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::Fingerprint;

/// The file of known servers.
#[derive(Debug, Clone)]
pub struct KnownServers {
    path: PathBuf,
}

impl KnownServers {
    /// The known servers of a profile; there may be none yet.
    pub fn of(profile: &Path) -> Self {
        Self {
            path: profile.join("known_servers"),
        }
    }

    /// The pinned key of an address.
    ///
    /// # Errors
    ///
    /// Where the file is there and cannot be read: an unreadable pin must not
    /// look like none.
    pub fn pinned(&self, address: &str) -> io::Result<Option<Fingerprint>> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(text
            .lines()
            .rev()
            .filter_map(|line| line.split_once(' '))
            .filter(|(name, _)| *name == address)
            .find_map(|(_, fingerprint)| fingerprint.parse().ok()))
    }

    /// Pins a key.
    ///
    /// # Errors
    ///
    /// Where the file cannot be written.
    pub fn pin(&self, address: &str, fingerprint: Fingerprint) -> io::Result<()> {
        // One write, appended: several processes may do it at once.
        let line = format!("{address} {fingerprint}\n");
        OpenOptions::new()
            .append(true)
            .create(true)
            .open(&self.path)?
            .write_all(line.as_bytes())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn the_last_pin_counts() {
        let dir = tempfile::tempdir().unwrap();
        let known = KnownServers::of(dir.path());
        let one: Fingerprint = "11".repeat(32).parse().unwrap();
        let two: Fingerprint = "22".repeat(32).parse().unwrap();
        assert_eq!(known.pinned("a:1").unwrap(), None);
        known.pin("a:1", one).unwrap();
        known.pin("a:12", two).unwrap();
        assert_eq!(known.pinned("a:1").unwrap(), Some(one));
        known.pin("a:1", two).unwrap();
        assert_eq!(known.pinned("a:1").unwrap(), Some(two));
    }
}
