//! Finding messages, and going to them.

use proto::Seq;
use proto::id::{ChatId, UserId};
use proto::limits;
use proto::request::{self, Found, Place};
use tokio::sync::oneshot;

use super::driver::Command;
use super::model::{ClientEvent, EntryRow, HitSource, SearchPage};
use super::{Client, ClientError};

/// Batches that an offline search has indexed before it answers.
const BATCHES: u32 = 16;

impl Client {
    /// Finds messages by words, latest first, in one chat or in all: on the
    /// server; while it is not reached, and in a chat that was left, in the
    /// cache. `before`:
    /// [`SearchPage::next`] of the page before.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn search(
        &self,
        query: &str,
        chat: Option<ChatId>,
        limit: u32,
        before: Option<Place>,
    ) -> Result<SearchPage, ClientError> {
        let asked = self
            .call(request::SearchMessages {
                query: query.to_owned(),
                chat,
                limit: limit.clamp(1, limits::SEARCH_RESULTS),
                before,
            })
            .await;
        let results = match asked {
            Ok(results) => results,
            Err(error) if error.leaves_it_to_the_cache() => {
                return self.search_cache(query, chat, limit, before).await;
            }
            Err(error) => return Err(error),
        };
        let next = results.found.last().map(|found| Place {
            at: found.entry.at,
            id: found.entry.id,
        });
        Ok(SearchPage {
            hits: self.rows(results.found).await?,
            more: results.more,
            next,
            from: HitSource::Server,
            behind: results.behind,
        })
    }

    /// The same in the cache alone.
    ///
    /// # Errors
    ///
    /// [`ClientError::Cache`].
    pub async fn search_cache(
        &self,
        query: &str,
        chat: Option<ChatId>,
        limit: u32,
        before: Option<Place>,
    ) -> Result<SearchPage, ClientError> {
        for _ in 0..BATCHES {
            if !self.cache.write(|db| db.index_some()).await? {
                break;
            }
        }
        let query = query.to_owned();
        self.cache
            .read(move |db| db.search(&query, chat, limit, before))
            .await
    }

    /// Loads older entries of a chat until this one is cached, to jump to it;
    /// false where the server has it no more.
    /// [`ClientEvent::Reaching`] tells how far it got.
    ///
    /// # Errors
    ///
    /// As for [`call`](Self::call).
    pub async fn reach(&self, chat: ChatId, seq: Seq) -> Result<bool, ClientError> {
        loop {
            let range = self.cache.read(move |db| db.range(chat)).await?;
            if let Some((lo, hi)) = range {
                if seq >= lo {
                    return Ok(seq <= hi);
                }
                self.tell(Command::Told(ClientEvent::Reaching { chat, seq, lo }));
            }
            let (reply, done) = oneshot::channel();
            self.tell(Command::LoadOlder {
                chat,
                limit: limits::PAGE_ENTRIES,
                reply,
            });
            let more = done.await.map_err(|_| ClientError::Closed)??;
            let after = self.cache.read(move |db| db.range(chat)).await?;
            if after.is_some_and(|(lo, _)| seq >= lo) {
                return Ok(true);
            }
            if !more || after == range {
                return Ok(false);
            }
        }
    }

    /// What the server found, as rows with names.
    pub(super) async fn rows(&self, found: Vec<Found>) -> Result<Vec<EntryRow>, ClientError> {
        // Somebody who left, or a chat that was never opened here.
        let authors: Vec<UserId> = found.iter().map(|found| found.entry.actor).collect();
        let ids = self.cache.read(move |db| db.nameless(&authors)).await?;
        if !ids.is_empty() {
            let names = Vec::new();
            let known = self.call(request::Users { ids, names }).await?;
            self.cache
                .write(move |db| db.put_users(&known.users))
                .await?;
        }
        self.cache.read(move |db| db.found_rows(&found)).await
    }
}
