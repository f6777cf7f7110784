//! Passwords: from a file, from standard input, or typed at the terminal
//! without being shown; never from the arguments.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::Path;

use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers, read};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use proto::catalog::CliText;
use proto::text::Password;

use super::context::Context;
use super::failure::{Failure, exit};
use super::output::name;
use crate::client::ClientError;

/// A password that an account has: the first line of `file` (`-`: the next line of standard input),
/// else typed after `prompt`.
pub(super) fn password(
    context: &Context,
    file: Option<&Path>,
    prompt: CliText,
) -> Result<Password, Failure> {
    let line = match file {
        Some(file) if file == Path::new("-") => {
            let mut line = String::new();
            // Line by line, and the buffer is the process's: a second password
            // may follow.
            io::stdin()
                .lock()
                .read_line(&mut line)
                .map_err(|error| unreadable(context, file, &error))?;
            line
        }
        Some(file) => {
            let mut text = String::new();
            std::fs::File::open(file)
                .and_then(|mut file| file.read_to_string(&mut text))
                .map_err(|error| unreadable(context, file, &error))?;
            text.lines().next().unwrap_or_default().to_owned()
        }
        None => typed(context, prompt)?,
    };
    let line = line.trim_end_matches(['\r', '\n']);
    Ok(Password::existing(line).map_err(ClientError::from)?)
}

/// A new password: typed ones twice.
pub(super) fn new_password(
    context: &Context,
    file: Option<&Path>,
    prompt: CliText,
) -> Result<Password, Failure> {
    let first = password(context, file, prompt)?;
    let first = Password::try_from(String::from(first)).map_err(ClientError::from)?;
    if file.is_none() && password(context, None, CliText::AskAgain)? != first {
        return Err(Failure::Usage(context.say(CliText::NotTheSame, &[])));
    }
    Ok(first)
}

fn unreadable(context: &Context, file: &Path, error: &io::Error) -> Failure {
    let (file, reason) = (file.display().to_string(), error.to_string());
    Failure::Other(context.say(
        CliText::NoFile,
        &[("file", &name(&file)), ("reason", &reason)],
    ))
}

fn typed(context: &Context, prompt: CliText) -> Result<String, Failure> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(Failure::Usage(context.say(CliText::NoPassword, &[])));
    }
    let mut talk = io::stderr().lock();
    write!(talk, "{}", context.say(prompt, &[]))?;
    talk.flush()?;
    let raw = Raw::enter()?;
    let line = keys();
    drop(raw);
    writeln!(talk)?;
    line?.ok_or(Failure::Quiet(exit::FAILED))
}

/// The terminal shows nothing while this lives.
struct Raw;

impl Raw {
    fn enter() -> io::Result<Self> {
        enable_raw_mode().map(|()| Self)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // There is no other way to restore it, and nobody to tell.
        let _ = disable_raw_mode();
    }
}

/// The keys up to Enter; `None` where the person gave up.
fn keys() -> io::Result<Option<String>> {
    let mut line = String::new();
    loop {
        let key = match read()? {
            Event::Key(key) if key.kind != KeyEventKind::Release => key,
            Event::Paste(text) => {
                line.push_str(&text);
                continue;
            }
            _ => continue,
        };
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Enter => return Ok(Some(line)),
            KeyCode::Char('j' | 'm') if control => return Ok(Some(line)),
            KeyCode::Char('c' | 'd') if control => return Ok(None),
            KeyCode::Esc => return Ok(None),
            KeyCode::Char('u') if control => line.clear(),
            KeyCode::Backspace => {
                line.pop();
            }
            KeyCode::Char(c) if !control => line.push(c),
            _ => {}
        }
    }
}
