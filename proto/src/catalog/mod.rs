//! Every interface text, in English and Russian: one catalogue for the
//! terminal client, its command line, the daemon's pages and its messages.
//!
//! A text may have placeholders, `{name}`; [`fill`] puts values in.

mod client;
mod errors;

use crate::error::{ErrorCode, WireError};

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

pub use client::Text;

/// Puts values into the placeholders of a text. A placeholder without a value
/// stays as it is.
pub fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut out = template.to_owned();
    for (name, value) in values {
        out = out.replace(&format!("{{{name}}}"), value);
    }
    out
}

/// The sentence for a refusal: what is wrong and what to do.
pub fn sentence(lang: Lang, error: &WireError) -> String {
    let template = errors::wording(&error.code).get(lang);
    let seconds = error
        .retry_after_ms
        .unwrap_or(1000)
        .div_ceil(1000)
        .to_string();
    let mut values: Vec<(&str, &str)> = error
        .params
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    values.push(("seconds", &seconds));
    values.push(("code", error.code.as_str()));
    fill(template, &values)
}

/// Both wordings of the sentence for a code.
pub fn error_wording(code: &ErrorCode) -> Wording {
    errors::wording(code)
}
