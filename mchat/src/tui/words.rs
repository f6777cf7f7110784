//! What the client failed with, as sentences.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use proto::catalog::{Lang, Text, fill, sentence};
use proto::error::{ErrorCode, WireError};

use crate::app::status::refusal_text;
use crate::client::ClientError;

/// What went wrong and what to do, in a language.
pub fn sentence_of(lang: Lang, error: &ClientError) -> String {
    match error {
        ClientError::Server(refusal) => sentence(lang, refusal),
        ClientError::Offline(_) => Text::NeedsServer.get(lang).to_owned(),
        ClientError::Refused(why) => refusal_text(lang, why),
        ClientError::SignedOut => sentence(lang, &WireError::new(ErrorCode::Unauthenticated)),
        ClientError::Timeout => Text::NoAnswer.get(lang).to_owned(),
        ClientError::Invalid(what) => fill(Text::BadValue.get(lang), &[("what", what)]),
        ClientError::OtherAccount { username, unsent } => fill(
            Text::OtherAccount.get(lang),
            &[("who", username), ("count", &unsent.to_string())],
        ),
        ClientError::Cache(what) => fill(Text::CacheTrouble.get(lang), &[("what", what)]),
        ClientError::Closed => Text::ClientClosed.get(lang).to_owned(),
    }
}

/// The language of sentences, which may change while others wait for answers.
#[derive(Debug, Clone)]
pub(super) struct SharedLang(Arc<AtomicBool>);

impl SharedLang {
    pub(super) fn new(lang: Lang) -> Self {
        Self(Arc::new(AtomicBool::new(lang == Lang::Ru)))
    }

    pub(super) fn get(&self) -> Lang {
        if self.0.load(Ordering::Relaxed) {
            Lang::Ru
        } else {
            Lang::En
        }
    }

    pub(super) fn set(&self, lang: Lang) {
        self.0.store(lang == Lang::Ru, Ordering::Relaxed);
    }
}
