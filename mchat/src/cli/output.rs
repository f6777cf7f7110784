//! Data on standard output, talk on standard error.

use std::io::{self, Write};

use proto::catalog::Lang;
use proto::text::{is_steering, printable_line, printable_text};
use serde_json::{Value, json};

use super::failure::Failure;

/// Where a command writes to.
pub(super) struct Output {
    json: bool,
    lang: Lang,
}

impl Output {
    /// Output as JSON lines or for a person.
    pub(super) fn new(json: bool, lang: Lang) -> Self {
        Self { json, lang }
    }

    /// Whether JSON is wanted.
    pub(super) fn is_json(&self) -> bool {
        self.json
    }

    /// The language of sentences.
    pub(super) fn lang(&self) -> Lang {
        self.lang
    }

    /// One result: as JSON, or as text.
    ///
    /// # Errors
    ///
    /// [`Failure::BrokenPipe`] where nobody reads.
    pub(super) fn line(&self, value: &Value, text: impl FnOnce() -> String) -> Result<(), Failure> {
        let mut line = if self.json { json_line(value) } else { text() };
        line.push('\n');
        let mut stdout = io::stdout().lock();
        stdout.write_all(line.as_bytes())?;
        Ok(stdout.flush()?)
    }

    /// A result that only scripts need: people see that nothing went wrong.
    ///
    /// # Errors
    ///
    /// [`Failure::BrokenPipe`] where nobody reads.
    pub(super) fn done(&self, value: &Value) -> Result<(), Failure> {
        if self.json {
            self.line(value, String::new)?;
        }
        Ok(())
    }

    /// Bytes as they are.
    ///
    /// # Errors
    ///
    /// [`Failure::BrokenPipe`] where nobody reads.
    pub(super) fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes)?;
        Ok(stdout.flush()?)
    }

    /// Something for the person, beside the data.
    pub(super) fn talk(&self, text: &str) {
        // Without standard error there is nowhere to say so.
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// Says why the command failed.
    pub(super) fn fail(&self, failure: &Failure) {
        let Some(sentence) = failure.sentence(self.lang) else {
            return;
        };
        if self.json {
            self.talk(&json_line(
                &json!({"error": failure.word(), "message": sentence}),
            ));
        } else {
            self.talk(&format!("mchat: {sentence}"));
        }
    }
}

/// JSON on one line that is safe for a terminal. What steers one is written as
/// `\uXXXX` (RFC 8259, 7), which a reader takes for the same text; serde_json
/// does so below U+0020 only. Such characters are found in strings alone.
pub(super) fn json_line(value: &Value) -> String {
    let line = value.to_string();
    if !line.chars().any(is_steering) {
        return line;
    }
    let mut safe = String::with_capacity(line.len() + 16);
    let mut units = [0; 2];
    for c in line.chars() {
        if is_steering(c) {
            for unit in c.encode_utf16(&mut units) {
                safe.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            safe.push(c);
        }
    }
    safe
}

/// A time of this machine's time zone.
pub(super) fn local_time(at: proto::UnixMillis) -> String {
    match jiff::Timestamp::from_millisecond(at) {
        Ok(time) => time
            .to_zoned(jiff::tz::TimeZone::system())
            .strftime("%Y-%m-%d %H:%M")
            .to_string(),
        // Outside of what calendars can say.
        Err(_) => at.to_string(),
    }
}

/// A name, safe for a terminal.
pub(super) fn name(text: &str) -> String {
    printable_line(text).into_owned()
}

/// A text of several lines, safe for a terminal, its further lines set in.
pub(super) fn paragraph(text: &str) -> String {
    printable_text(text).trim_end().replace('\n', "\n    ")
}
