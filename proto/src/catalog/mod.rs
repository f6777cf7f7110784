//! Every interface text, in English and Russian: one catalogue for the
//! terminal client, its command line, the daemon's pages and its messages.
//!
//! A text may have placeholders, `{name}`; [`fill`] puts values in.

mod cli;
mod client;
mod errors;

use std::borrow::Cow;

use crate::error::{ErrorCode, WireError};
use crate::text::printable_line;

/// A language of the interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// English
    #[default]
    En,
    /// Russian
    Ru,
}

impl Lang {
    /// The language of a POSIX locale name such as `ru_RU.UTF-8`.
    pub fn from_locale(locale: &str) -> Self {
        if locale.starts_with("ru") {
            Self::Ru
        } else {
            Self::En
        }
    }
}

/// A text with one wording for each language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wording {
    /// English
    pub en: &'static str,
    /// Russian
    pub ru: &'static str,
}

impl Wording {
    /// The wording in a language.
    pub fn get(self, lang: Lang) -> &'static str {
        match lang {
            Lang::En => self.en,
            Lang::Ru => self.ru,
        }
    }
}

macro_rules! texts {
    ($(#[$outer:meta])* $name:ident { $($variant:ident: $en:literal, $ru:literal;)* }) => {
        $(#[$outer])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $(#[doc = $en] $variant,)*
        }

        impl $name {
            /// Every text of this table.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Both wordings.
            pub fn wording(self) -> $crate::catalog::Wording {
                match self {
                    $(Self::$variant => $crate::catalog::Wording { en: $en, ru: $ru },)*
                }
            }

            /// The wording in a language.
            pub fn get(self, lang: $crate::catalog::Lang) -> &'static str {
                self.wording().get(lang)
            }
        }
    };
}
use texts;

pub use cli::CliText;
pub use client::Text;

/// Puts values into the placeholders of a text, once: braces in a value stay
/// as they are. So does a placeholder without a value.
pub fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, tail)) = rest.split_once('{') {
        out.push_str(before);
        let value = tail.split_once('}').and_then(|(name, behind)| {
            let (_, value) = values.iter().find(|(known, _)| *known == name)?;
            Some((*value, behind))
        });
        match value {
            Some((value, behind)) => {
                out.push_str(value);
                rest = behind;
            }
            None => {
                out.push('{');
                rest = tail;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The sentence for a refusal: what is wrong and what to do. What the peer put
/// into it is made safe for a terminal line.
pub fn sentence(lang: Lang, error: &WireError) -> String {
    let template = errors::wording(&error.code).get(lang);
    let seconds = error.retry_after_ms.unwrap_or(1000).div_ceil(1000);
    let code = printable_line(error.code.as_str());
    let mut values = vec![("seconds", Cow::Owned(seconds.to_string())), ("code", code)];
    for (name, value) in &error.params {
        values.push((name, printable_line(value)));
    }
    let values: Vec<(&str, &str)> = values
        .iter()
        .map(|(name, value)| (*name, value.as_ref()))
        .collect();
    fill(template, &values)
}

/// Both wordings of the sentence for a code.
pub fn error_wording(code: &ErrorCode) -> Wording {
    errors::wording(code)
}
