//! Text that is checked once, where it is decoded, so that nothing behind the
//! codec can see a bad one.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::limits;

/// Why a text was refused. The words are for developers and logs; interfaces
/// word the error code instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but white space.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// Longer than the limit.
    #[error("{what} is longer than {limit}")]
    TooLong {
        /// Which text.
        what: &'static str,
        /// The limit, in the text's own unit.
        limit: usize,
    },
    /// Shorter than the limit.
    #[error("{what} is shorter than {limit} characters")]
    TooShort {
        /// Which text.
        what: &'static str,
        /// The limit in characters.
        limit: usize,
    },
    /// A character that does not belong there.
    #[error("{0} has a character that is not allowed")]
    Forbidden(&'static str),
}

/// True for characters that steer a terminal or reorder text instead of being
/// shown: C0 and C1 controls, bidirectional marks, overrides and isolates, the
/// deprecated format controls, line and paragraph separators, the byte-order
/// mark, interlinear annotations and the language tag. The tag characters
/// behind flags and the joiners of emoji and scripts are none.
pub fn is_steering(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}'
            | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0001}')
}

/// Remote text made safe for one line of a terminal: steering characters
/// (line breaks and tabs included) become U+FFFD or, for white space, a space.
pub fn printable_line(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_steering) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| replacement(c, false)).collect())
}

/// Remote text made safe for several lines of a terminal: as
/// [`printable_line`], but line feeds stay. `\r\n` becomes `\n`.
pub fn printable_text(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c != '\n' && is_steering(c)) {
        return Cow::Borrowed(text);
    }
    let unix = text.replace("\r\n", "\n");
    Cow::Owned(unix.chars().map(|c| replacement(c, true)).collect())
}

fn replacement(c: char, keep_line_feed: bool) -> char {
    match c {
        '\n' if keep_line_feed => '\n',
        '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' => ' ',
        c if is_steering(c) => '\u{fffd}',
        c => c,
    }
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = TextError;

            fn try_from(text: String) -> Result<Self, TextError> {
                let check: fn(String) -> Result<String, TextError> = $check;
                check(text).map(Self)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = TextError;

            fn try_from(text: &str) -> Result<Self, TextError> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> String {
                text.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

macro_rules! shown {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

macro_rules! redacted {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}

text! {
    /// The name one signs in with: 1 to 64 letters, digits, `.`, `_`, `-`, the
    /// first one a letter or digit; kept in NFC. Two names are the same when
    /// their [`Username::key`] is.
    Username, check_username
}
text! {
    /// A chat's name: 1 to 64 characters, one line, trimmed.
    ChatName, |text| check_line("chat name", text, limits::NAME_CHARS)
}
text! {
    /// A person's name as shown: 1 to 64 characters, one line, trimmed.
    DisplayName, |text| check_line("name", text, limits::NAME_CHARS)
}
text! {
    /// What a signed-in device calls itself: one line, trimmed.
    DeviceName, |text| check_line("device name", text, limits::DEVICE_CHARS)
}
text! {
    /// An e-mail address: something, `@`, something; whether it works only a
    /// letter can tell.
    Email, check_email
}
text! {
    /// A password, 8 characters to 1 KiB. Never shown by `Debug`.
    Password, check_password
}
text! {
    /// A bearer token; `A-Za-z0-9-._~` only. Never shown by `Debug`.
    Token, check_token
}
text! {
    /// What a person writes: 1 byte to 64 KiB, not only white space. It is kept
    /// as written; whoever shows it makes it safe.
    MessageText, check_message
}

text! {
    /// What a person says of themselves: up to 500 characters, several lines,
    /// trimmed; may be empty.
    Bio, |text| check_lines("bio", text, limits::BIO_CHARS)
}
text! {
    /// What a chat is about: up to 500 characters, several lines, trimmed; may
    /// be empty.
    Description, |text| check_lines("description", text, limits::DESCRIPTION_CHARS)
}
text! {
    /// Words beside a status: up to 140 characters, one line, trimmed.
    StatusText, |text| check_line("status text", text, limits::STATUS_CHARS)
}
text! {
    /// A reaction: 1 to 64 bytes without white space or steering characters;
    /// by custom one emoji.
    Emoji, check_emoji
}

shown!(
    Bio,
    Description,
    StatusText,
    Emoji,
    Username,
    ChatName,
    DisplayName,
    DeviceName,
    Email
);
redacted!(Password, Token, MessageText);

impl Password {
    /// One that somebody says an account has. Accounts that come from another
    /// messenger may have a shorter one than may be chosen here: only the upper
    /// limit holds.
    ///
    /// # Errors
    ///
    /// Where it is empty or longer than any can be.
    pub fn existing(text: impl Into<String>) -> Result<Self, TextError> {
        const WHAT: &str = "password";
        let text = text.into();
        if text.is_empty() {
            return Err(TextError::Empty(WHAT));
        }
        if text.len() > limits::PASSWORD_BYTES {
            return Err(TextError::TooLong {
                what: WHAT,
                limit: limits::PASSWORD_BYTES,
            });
        }
        Ok(Self(text))
    }

    /// Reads [`Password::existing`].
    ///
    /// # Errors
    ///
    /// The deserializer's, and where it is no such password.
    pub fn deserialize_existing<'de, D: serde::Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Self, D::Error> {
        Self::existing(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl Username {
    /// The form in which names are compared: NFKC, lower case.
    pub fn key(&self) -> String {
        username_key(&self.0)
    }
}

/// The form in which user names are compared: NFKC, lower case.
pub fn username_key(name: &str) -> String {
    name.trim()
        .nfkc()
        .flat_map(char::to_lowercase)
        .nfkc()
        .collect()
}

/// The form in which texts are searched: letters without case and accents,
/// anything else a space. `ё` is `е`, but `й` stays itself, as it is a letter
/// of its own.
pub fn search_fold(text: &str) -> String {
    // Most text, and long text above all: nothing in it is composed.
    if text.is_ascii() {
        let plain = |byte: u8| match byte {
            letter if letter.is_ascii_alphanumeric() => letter.to_ascii_lowercase() as char,
            _ => ' ',
        };
        return text.bytes().map(plain).collect();
    }
    let mut folded = String::with_capacity(text.len());
    // The short i is a letter with a mark in NFKD: kept whole.
    for c in text.nfkc().flat_map(char::to_lowercase) {
        if c == 'й' || c == 'ў' {
            folded.push(c);
        } else {
            let plain = std::iter::once(c).nfkd();
            folded.extend(
                plain
                    .filter(|c| !is_combining_mark(*c))
                    .map(|c| if c.is_alphanumeric() { c } else { ' ' }),
            );
        }
    }
    folded
}

/// The words of a search, folded, without repeats.
pub fn search_words(query: &str) -> Vec<String> {
    let mut known = HashSet::new();
    search_fold(query)
        .split_whitespace()
        .filter(|word| known.insert(*word))
        .map(str::to_owned)
        .collect()
}

/// The user names that a message speaks to, as `@name`, in their compared form
/// and without repeats. What stands behind a letter or digit, as in an e-mail
/// address, is no mention.
pub fn mentions(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    // A long message can name thousands.
    let mut known = HashSet::new();
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        if c == '@' && !before.is_alphanumeric() {
            let rest = &text[at + 1..];
            let end = rest
                .find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '_' | '-')))
                .unwrap_or(rest.len());
            // A full stop behind a name ends the sentence.
            let name = rest[..end].trim_end_matches(['.', '-', '_']);
            if let Ok(name) = Username::try_from(name).map(|name| name.key())
                && known.insert(name.clone())
            {
                names.push(name);
            }
        }
        before = c;
    }
    names
}

fn check_username(text: String) -> Result<String, TextError> {
    const WHAT: &str = "user name";
    let text: String = text.trim().nfc().collect();
    let first = text.chars().next().ok_or(TextError::Empty(WHAT))?;
    if text.chars().count() > limits::USERNAME_CHARS {
        return Err(TextError::TooLong {
            what: WHAT,
            limit: limits::USERNAME_CHARS,
        });
    }
    // Letters by their category, but drawn as nothing: names made of them would
    // look empty or like somebody else's.
    let blank = |c: char| matches!(c, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}');
    let allowed = |c: char| (c.is_alphanumeric() && !blank(c)) || matches!(c, '.' | '_' | '-');
    // The form that is compared must be as plain as the one that is kept: some
    // letters are a space and a mark in NFKC.
    if !first.is_alphanumeric() || !text.chars().all(allowed) || !text.nfkc().all(allowed) {
        return Err(TextError::Forbidden(WHAT));
    }
    Ok(text)
}

fn check_line(what: &'static str, text: String, limit: usize) -> Result<String, TextError> {
    let text: String = text.trim().nfc().collect();
    if text.is_empty() {
        return Err(TextError::Empty(what));
    }
    if text.chars().count() > limit {
        return Err(TextError::TooLong { what, limit });
    }
    if text.chars().any(is_steering) {
        return Err(TextError::Forbidden(what));
    }
    Ok(text)
}

fn check_lines(what: &'static str, text: String, limit: usize) -> Result<String, TextError> {
    let text: String = text.trim().replace("\r\n", "\n").nfc().collect();
    if text.chars().count() > limit {
        return Err(TextError::TooLong { what, limit });
    }
    if text.chars().any(|c| c != '\n' && is_steering(c)) {
        return Err(TextError::Forbidden(what));
    }
    Ok(text)
}

fn check_emoji(text: String) -> Result<String, TextError> {
    const WHAT: &str = "emoji";
    if text.is_empty() {
        return Err(TextError::Empty(WHAT));
    }
    if text.len() > limits::EMOJI_BYTES {
        return Err(TextError::TooLong {
            what: WHAT,
            limit: limits::EMOJI_BYTES,
        });
    }
    if text.chars().any(|c| c.is_whitespace() || is_steering(c)) {
        return Err(TextError::Forbidden(WHAT));
    }
    Ok(text)
}

fn check_email(text: String) -> Result<String, TextError> {
    const WHAT: &str = "e-mail address";
    let text = text.trim().to_owned();
    if text.is_empty() {
        return Err(TextError::Empty(WHAT));
    }
    if text.len() > limits::EMAIL_BYTES {
        return Err(TextError::TooLong {
            what: WHAT,
            limit: limits::EMAIL_BYTES,
        });
    }
    let sound = text
        .rsplit_once('@')
        .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty());
    if !sound || text.chars().any(|c| c.is_whitespace() || is_steering(c)) {
        return Err(TextError::Forbidden(WHAT));
    }
    Ok(text)
}

fn check_password(text: String) -> Result<String, TextError> {
    const WHAT: &str = "password";
    if text.len() > limits::PASSWORD_BYTES {
        return Err(TextError::TooLong {
            what: WHAT,
            limit: limits::PASSWORD_BYTES,
        });
    }
    if text.chars().count() < limits::PASSWORD_MIN_CHARS {
        return Err(TextError::TooShort {
            what: WHAT,
            limit: limits::PASSWORD_MIN_CHARS,
        });
    }
    Ok(text)
}

fn check_token(text: String) -> Result<String, TextError> {
    const WHAT: &str = "token";
    if text.is_empty() {
        return Err(TextError::Empty(WHAT));
    }
    if text.len() > limits::TOKEN_BYTES {
        return Err(TextError::TooLong {
            what: WHAT,
            limit: limits::TOKEN_BYTES,
        });
    }
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~');
    if !text.bytes().all(allowed) {
        return Err(TextError::Forbidden(WHAT));
    }
    Ok(text)
}

fn check_message(text: String) -> Result<String, TextError> {
    const WHAT: &str = "message";
    if text.len() > limits::MESSAGE_BYTES {
        return Err(TextError::TooLong {
            what: WHAT,
            limit: limits::MESSAGE_BYTES,
        });
    }
    if text.trim().is_empty() {
        return Err(TextError::Empty(WHAT));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn search_knows_neither_case_nor_accents() {
        assert_eq!(
            search_words("Ёжик, ЁЖИК! Café-crème"),
            ["ежик", "cafe", "creme"]
        );
        assert_eq!(search_words("Мой чай"), ["мой", "чай"]);
        assert_eq!(search_words("İstanbul"), ["istanbul"]);
        assert_eq!(search_words("A_b-C9"), ["a", "b", "c9"]);
        assert_eq!(search_words("A_b-C9 é"), ["a", "b", "c9", "e"]);
        assert!(search_words(" ,. ").is_empty());
    }

    #[test]
    fn a_password_of_old_may_be_short() {
        assert!(Password::try_from("secret").is_err());
        assert!(Password::existing("secret").is_ok());
        assert!(Password::existing("").is_err());
        assert!(Password::existing("x".repeat(limits::PASSWORD_BYTES + 1)).is_err());
    }

    #[test]
    fn mentions_are_names_behind_an_at_sign() {
        assert_eq!(mentions("@Bob, see a@b.c and (@eve.)"), ["bob", "eve"]);
        assert_eq!(mentions("@анна @Анна"), ["анна"]);
        assert!(mentions("@ nobody").is_empty());
        // A mark that is a space and a mark once compared: nobody's name.
        assert!(mentions("@\u{fe72}").is_empty());
        // A message full of names costs no more than its length.
        let many: String = (0..10_000).map(|n| format!("@{n} @{n} ")).collect();
        assert_eq!(mentions(&many).len(), 10_000);
    }
}
