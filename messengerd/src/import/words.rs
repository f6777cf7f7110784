//! The texts of the earlier messenger as they fit here. The same text always
//! becomes the same one.

use proto::limits;
use proto::request::Status;
use proto::text::{
    ChatName, Description, DisplayName, Email, Emoji, TextError, Username, is_steering,
    printable_line, printable_text,
};
use uuid::Uuid;

/// A text, and whether it had to be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fit<T> {
    pub(super) text: T,
    pub(super) changed: bool,
}

/// A user name: what may not be in one becomes `_`, what is too long is cut.
/// One of nothing that may be is made of the id.
pub(super) fn username(written: &str, id: Uuid) -> Result<Fit<Username>, TextError> {
    if let Ok(text) = Username::try_from(written) {
        return Ok(Fit {
            changed: text.as_str() != written,
            text,
        });
    }
    let plain: String = written
        .trim()
        .chars()
        .map(|c| match Username::try_from(format!("a{c}a")) {
            Ok(_) => c,
            Err(_) => '_',
        })
        .collect();
    let plain = plain.trim_start_matches(|c: char| !c.is_alphanumeric());
    let plain = plain.trim_end_matches('_');
    let short: String = plain.chars().take(limits::USERNAME_CHARS).collect();
    let text = Username::try_from(short)
        .or_else(|_| Username::try_from(format!("user-{}", id.simple())))?;
    Ok(Fit {
        text,
        changed: true,
    })
}

/// The same name with a number, for one that is taken.
pub(super) fn numbered(name: &Username, number: u32) -> Option<Username> {
    let suffix = format!("-{number}");
    let room = limits::USERNAME_CHARS - suffix.chars().count();
    let start: String = name.as_str().chars().take(room).collect();
    Username::try_from(format!("{start}{suffix}")).ok()
}

/// An address, where it is one.
pub(super) fn email(written: &str) -> Option<Email> {
    Email::try_from(written).ok()
}

/// A name of a person, or of a contact; nothing where it is empty.
pub(super) fn display_name(written: &str) -> Fit<Option<DisplayName>> {
    if written.trim().is_empty() {
        return Fit {
            text: None,
            changed: false,
        };
    }
    let (line, changed) = line(written, limits::NAME_CHARS);
    let text = DisplayName::try_from(line).ok();
    Fit {
        changed: changed || text.is_none(),
        text,
    }
}

/// A chat's name; one that has none gets one.
pub(super) fn chat_name(written: &str) -> Fit<Option<ChatName>> {
    let (line, changed) = line(written, limits::NAME_CHARS);
    let named = ChatName::try_from(line).ok();
    Fit {
        changed: changed || named.is_none(),
        text: named.or_else(|| ChatName::try_from("Chat").ok()),
    }
}

/// What a chat is about.
pub(super) fn description(written: &str) -> Fit<Option<Description>> {
    if let Ok(text) = Description::try_from(written) {
        return Fit {
            changed: false,
            text: Some(text).filter(|text| !text.as_str().is_empty()),
        };
    }
    let safe = printable_text(written);
    let short: String = safe
        .trim()
        .chars()
        .map(|c| if c == '\u{fffd}' { ' ' } else { c })
        .take(limits::DESCRIPTION_CHARS)
        .collect();
    Fit {
        text: Description::try_from(short).ok(),
        changed: true,
    }
}

/// One line without what steers a terminal, cut to a number of characters; and
/// whether that made a difference.
fn line(written: &str, chars: usize) -> (String, bool) {
    let trimmed = written.trim();
    let safe = printable_line(trimmed).replace('\u{fffd}', "");
    let short: String = safe.chars().take(chars).collect();
    let short = short.trim().to_owned();
    let changed = short != trimmed;
    (short, changed)
}

/// A reaction, where it is one.
pub(super) fn emoji(written: &str) -> Option<Emoji> {
    let plain: String = written
        .trim()
        .chars()
        .filter(|c| !is_steering(*c))
        .collect();
    Emoji::try_from(plain).ok()
}

/// A message in parts that fit: nearly always one. Cut behind a line where
/// there is one in the last quarter.
pub(super) fn parts(content: &str) -> Vec<&str> {
    let (mut parts, mut rest) = (Vec::new(), content);
    while rest.len() > limits::MESSAGE_BYTES {
        let most = rest.floor_char_boundary(limits::MESSAGE_BYTES);
        let start = rest.floor_char_boundary(limits::MESSAGE_BYTES / 4 * 3);
        let cut = match rest[start..most].rfind('\n') {
            Some(line) => start + line + 1,
            None => most,
        };
        let (part, behind) = rest.split_at(cut);
        parts.push(part);
        rest = behind;
    }
    parts.push(rest);
    parts
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    File,
    Image,
    Video,
    Audio,
    System,
}

/// The kind of a message by the earlier messenger's word; anything unknown is
/// text, and changed.
pub(super) fn kind(word: &str) -> Fit<Kind> {
    let known = match word.trim().to_ascii_lowercase().as_str() {
        "" | "text" => Some(Kind::Text),
        "file" => Some(Kind::File),
        "image" => Some(Kind::Image),
        "video" => Some(Kind::Video),
        "audio" | "voice" => Some(Kind::Audio),
        "system" => Some(Kind::System),
        _ => None,
    };
    Fit {
        text: known.unwrap_or(Kind::Text),
        changed: known.is_none(),
    }
}

/// The chosen status by its word: who was offline has chosen nothing.
pub(super) fn status(word: &str) -> Status {
    match word.trim().to_ascii_lowercase().as_str() {
        "away" => Status::Away,
        "busy" => Status::Busy,
        "invisible" => Status::Invisible,
        _ => Status::Online,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn user_names_fit_and_stay_where_they_do() {
        let id = Uuid::from_u128(7);
        for (written, here, changed) in [
            ("ada", "ada", false),
            ("Ада.1_x-y", "Ада.1_x-y", false),
            (" ada ", "ada", true),
            ("ada lovelace", "ada_lovelace", true),
            ("@ada!", "ada", true),
            ("..ada", "ada", true),
            ("a\u{202e}b", "a_b", true),
            ("", "user-00000000000000000000000000000007", true),
            ("!!!", "user-00000000000000000000000000000007", true),
        ] {
            let fit = username(written, id).unwrap();
            assert_eq!(
                (fit.text.as_str(), fit.changed),
                (here, changed),
                "{written:?}"
            );
        }
        let long = username(&"я".repeat(100), id).unwrap();
        assert_eq!(long.text.as_str(), "я".repeat(64));
        assert_eq!(
            numbered(&long.text, 12).unwrap().as_str(),
            format!("{}-12", "я".repeat(61))
        );
    }

    #[test]
    fn names_are_one_safe_line() {
        let name = |written: &str| display_name(written).text.map(String::from);
        assert_eq!(name(" Ada\tL\u{202e} "), Some("Ada L".to_owned()));
        assert_eq!(name("  "), None);
        assert!(!display_name("  ").changed);
        assert!(display_name("\u{7}").changed);
        assert_eq!(name("\u{7}"), None);
        assert_eq!(name(&"x".repeat(70)), Some("x".repeat(64)));
        let chat = chat_name("");
        assert_eq!((chat.text.unwrap().as_str(), chat.changed), ("Chat", true));
        let about = description("one\r\ntwo\u{0}");
        assert_eq!(
            (about.text.unwrap().as_str(), about.changed),
            ("one\ntwo", true)
        );
        assert!(description("").text.is_none());
    }

    #[test]
    fn long_messages_lose_nothing() {
        let long: String = (0..30_000).map(|n| format!("строка {n}\n")).collect();
        let cut = parts(&long);
        assert!(cut.len() > 1);
        assert!(
            cut.iter()
                .all(|part| part.len() <= limits::MESSAGE_BYTES && !part.is_empty())
        );
        assert_eq!(cut.concat(), long);
        assert!(cut[0].ends_with('\n'));
        let solid = "я".repeat(limits::MESSAGE_BYTES);
        assert_eq!(parts(&solid).concat(), solid);
        assert_eq!(parts(""), [""]);
    }

    #[test]
    fn unknown_words_have_a_meaning() {
        assert_eq!(kind("voice").text, Kind::Audio);
        assert_eq!(
            kind("sticker"),
            Fit {
                text: Kind::Text,
                changed: true
            }
        );
        assert_eq!(status("busy"), Status::Busy);
        assert_eq!(status("offline"), Status::Online);
        assert_eq!(emoji(" 👍\u{200f} ").unwrap().as_str(), "👍");
        assert!(emoji("two words").is_none());
        assert!(email("nobody").is_none());
    }
}
