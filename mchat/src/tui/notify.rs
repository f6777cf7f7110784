//! Notifications by the terminal (bell, OSC 9, 99 and 777) and by the desktop,
//! the clipboard by OSC 52, the title by OSC 2: the bytes of them.

use std::io::{self, Write};
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proto::id::ChatId;

use crate::app::notice::Notification;
use crate::config::Settings;

/// Which of the sequences a terminal shows as a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Osc {
    /// None.
    Off,
    /// iTerm2, Windows Terminal, ConEmu: text only.
    Nine,
    /// kitty: title, text and an identity, so that it can be taken back.
    NinetyNine,
    /// urxvt, foot, WezTerm, Ghostty: title and text.
    SevenSevenSeven,
}

/// What the terminal is, as far as its variables tell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terminal {
    osc: Osc,
    /// Sequences must be wrapped to get through tmux.
    tmux: bool,
}

impl Terminal {
    /// The terminal of this process.
    pub(super) fn new() -> Self {
        Self::of(&|name| std::env::var(name).unwrap_or_default())
    }

    fn of(variable: &dyn Fn(&str) -> String) -> Self {
        let term = variable("TERM");
        let program = variable("TERM_PROGRAM");
        let set = |name: &str| !variable(name).is_empty();
        let osc = if term.contains("kitty") || set("KITTY_WINDOW_ID") {
            Osc::NinetyNine
        } else if term.starts_with("foot")
            || term.contains("rxvt")
            || term.contains("ghostty")
            || program == "WezTerm"
            || program == "ghostty"
            || set("WEZTERM_PANE")
            || set("GHOSTTY_RESOURCES_DIR")
        {
            Osc::SevenSevenSeven
        } else if program == "iTerm.app" || set("ITERM_SESSION_ID") || set("WT_SESSION") {
            Osc::Nine
        } else {
            Osc::Off
        };
        Self {
            osc,
            tmux: set("TMUX"),
        }
    }

    fn osc(self, settings: &Settings) -> Osc {
        match settings.value("notify.osc") {
            "9" => Osc::Nine,
            "99" => Osc::NinetyNine,
            "777" => Osc::SevenSevenSeven,
            "off" => Osc::Off,
            _ => self.osc,
        }
    }

    fn through(self, sequence: &str) -> String {
        if self.tmux {
            // tmux hands on what is inside, its escapes doubled.
            format!("\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b"))
        } else {
            sequence.to_owned()
        }
    }

    /// The bytes of a notification.
    pub(super) fn notify(self, settings: &Settings, new: &Notification) -> String {
        let mut bytes = String::new();
        if settings.on("notify.bell") {
            bytes.push('\x07');
        }
        let (title, body) = (plain(&new.title), plain(&new.body));
        match self.osc(settings) {
            Osc::Off => {}
            Osc::Nine => {
                bytes.push_str(&self.through(&format!("\x1b]9;{title}: {body}\x1b\\")));
            }
            Osc::SevenSevenSeven => {
                let title = title.replace(';', ",");
                bytes.push_str(&self.through(&format!("\x1b]777;notify;{title};{body}\x1b\\")));
            }
            Osc::NinetyNine => {
                let id = identity(new.chat);
                let (title, body) = (STANDARD.encode(title), STANDARD.encode(body));
                let first = format!("\x1b]99;i={id}:d=0:e=1;{title}\x1b\\");
                let second = format!("\x1b]99;i={id}:d=1:e=1:p=body;{body}\x1b\\");
                bytes.push_str(&self.through(&first));
                bytes.push_str(&self.through(&second));
            }
        }
        bytes
    }

    /// The bytes that take a notification back, where the terminal can.
    pub(super) fn unnotify(self, settings: &Settings, chat: ChatId) -> String {
        match self.osc(settings) {
            Osc::NinetyNine => {
                let id = identity(chat);
                self.through(&format!("\x1b]99;i={id}:p=close;\x1b\\"))
            }
            _ => String::new(),
        }
    }

    /// The bytes that put a text into the clipboard.
    pub(super) fn copy(self, text: &str) -> String {
        let text = STANDARD.encode(text);
        let sequence = format!("\x1b]52;c;{text}\x1b\\");
        if self.tmux {
            // tmux keeps it as its own buffer, and hands it on where it may;
            // wrapped it reaches the terminal also where it may not.
            format!("{sequence}{}", self.through(&sequence))
        } else {
            sequence
        }
    }

    /// The bytes that set the title of the window.
    pub(super) fn title(self, title: &str) -> String {
        format!("\x1b]2;{}\x1b\\", plain(title))
    }
}

/// A chat as an identity of OSC 99.
fn identity(chat: ChatId) -> String {
    format!("mchat-{}", chat.0.simple())
}

/// Without what could end the sequence. The application made it safe already;
/// this is the last door.
fn plain(text: &str) -> String {
    text.chars()
        .filter(|c| !proto::text::is_steering(*c))
        .collect()
}

/// Shows a notification on the desktop, where there is a `notify-send`. Nobody
/// waits for it.
///
/// # Errors
///
/// Where it cannot be started.
pub(super) fn desktop(new: &Notification) -> io::Result<()> {
    // Its own option for replacing needs the number of the former one; the hint
    // does without on most desktops.
    let hint = format!(
        "string:x-canonical-private-synchronous:{}",
        identity(new.chat)
    );
    super::spawn::detached(
        Command::new("notify-send")
            .args(["--app-name=mchat", "--hint", &hint, "--"])
            .args([&plain(&new.title), &plain(&new.body)])
            .stdin(Stdio::null()),
    )
}

/// Writes bytes to the terminal.
///
/// # Errors
///
/// Those of the terminal.
pub(super) fn write(bytes: &str) -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(bytes.as_bytes())?;
    out.flush()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::config::settings;

    fn settings_with(pairs: &[(&str, &str)]) -> Settings {
        let mut settings = Settings::default();
        for (name, value) in pairs {
            settings.set(settings::find(name).unwrap(), Some((*value).to_owned()));
        }
        settings
    }

    fn new() -> Notification {
        Notification {
            chat: ChatId(Uuid::from_u128(1)),
            title: "anna; x".to_owned(),
            body: "hi\x1b\\there".to_owned(),
        }
    }

    fn terminal(variables: &'static [(&'static str, &'static str)]) -> Terminal {
        Terminal::of(&move |name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map_or_else(String::new, |(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn each_terminal_is_told_in_its_own_way() {
        let settings = settings_with(&[]);
        let xterm = terminal(&[("TERM", "xterm-256color")]);
        assert_eq!(xterm.notify(&settings, &new()), "\x07");
        let foot = terminal(&[("TERM", "foot")]);
        assert_eq!(
            foot.notify(&settings, &new()),
            "\x07\x1b]777;notify;anna, x;hi\\there\x1b\\"
        );
        let silent = settings_with(&[("notify.bell", "off"), ("notify.osc", "9")]);
        assert_eq!(
            xterm.notify(&silent, &new()),
            "\x1b]9;anna; x: hi\\there\x1b\\"
        );
        let kitty = terminal(&[("TERM", "xterm-kitty")]);
        let bytes = kitty.notify(&settings, &new());
        assert!(
            bytes.contains("p=body") && !bytes.contains("anna"),
            "{bytes:?}"
        );
        assert!(kitty.unnotify(&settings, new().chat).contains("p=close"));
        assert_eq!(foot.unnotify(&settings, new().chat), "");
    }

    #[test]
    fn tmux_hands_sequences_on() {
        let tmux = terminal(&[("TERM", "tmux-256color"), ("TMUX", "/tmp/x,1,0")]);
        let silent = settings_with(&[("notify.bell", "off"), ("notify.osc", "9")]);
        assert_eq!(
            tmux.notify(&silent, &new()),
            "\x1bPtmux;\x1b\x1b]9;anna; x: hi\\there\x1b\x1b\\\x1b\\"
        );
        assert!(
            tmux.copy("x")
                .ends_with("\x1bPtmux;\x1b\x1b]52;c;eA==\x1b\x1b\\\x1b\\")
        );
    }

    #[test]
    fn the_clipboard_gets_the_text_as_it_is() {
        let xterm = terminal(&[("TERM", "xterm")]);
        assert_eq!(xterm.copy("hi\n"), "\x1b]52;c;aGkK\x1b\\");
        assert_eq!(xterm.title("(3) a\x07"), "\x1b]2;(3) a\x1b\\");
    }
}
