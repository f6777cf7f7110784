//! An event on its way to the sessions of this node: each of its forms is made
//! once for all who get it.

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use proto::Seq;
use proto::codec::{CodecError, Encoded};
use proto::event::Event;
use tokio::sync::OnceCell;

/// See the module.
pub struct News {
    event: Event,
    encoded: Encoded,
    pages: OnceCell<Vec<PageFrame>>,
}

/// One text frame that an event becomes for pages.
#[derive(Debug, Clone)]
pub struct PageFrame {
    /// Its type.
    pub kind: &'static str,
    /// JSON.
    pub text: Bytes,
    /// The lowest entry whose words are in it: not for those who may not see
    /// that one. The highest number where there is none.
    pub shows: Seq,
    /// The same without those words, where that makes sense.
    pub bare: Option<Bytes>,
}

impl PageFrame {
    /// A frame that shows the words of no entry.
    pub fn new(kind: &'static str, text: Bytes) -> Self {
        Self {
            kind,
            text,
            shows: Seq::MAX,
            bare: None,
        }
    }
}

impl News {
    /// An event, encoded.
    ///
    /// # Errors
    ///
    /// [`CodecError::TooLarge`].
    pub fn new(event: &Event) -> Result<Arc<Self>, CodecError> {
        Ok(Arc::new(Self {
            encoded: event.encode()?,
            event: event.clone(),
            pages: OnceCell::new(),
        }))
    }

    /// What happened.
    pub fn event(&self) -> &Event {
        &self.event
    }

    /// The native form.
    pub fn encoded(&self) -> &Encoded {
        &self.encoded
    }

    /// The form for pages, made by the first who asks.
    ///
    /// # Errors
    ///
    /// Where it cannot be made; the next one tries anew.
    pub async fn frames<E, F>(&self, make: impl FnOnce() -> F) -> Result<&[PageFrame], E>
    where
        F: Future<Output = Result<Vec<PageFrame>, E>>,
    {
        self.pages.get_or_try_init(make).await.map(Vec::as_slice)
    }
}
