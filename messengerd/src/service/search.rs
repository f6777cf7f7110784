//! Finding messages, and the pinned ones.

use std::time::Instant;

use proto::error::WireError;
use proto::limits;
use proto::request::{Found, PinList, Pins, SearchMessages, SearchResults};
use proto::text::search_words;

use super::{Caller, Service, bad_request, refuse, too_large};
use crate::store::changes::{FoundMessage, SearchQuery};

/// Bytes of a result beside its texts, encoded, at most.
const FOUND_BYTES: usize = 200;

impl Service {
    pub(super) async fn search_messages(
        &self,
        caller: &Caller,
        request: SearchMessages,
    ) -> Result<SearchResults, WireError> {
        self.search_limit.take(caller.actor.no.0, Instant::now())?;
        let words = query_words(&request.query)?;
        let reader = match request.chat {
            Some(chat) => Some(self.access.readable(chat, caller.actor.id).await?),
            None => None,
        };
        let query = SearchQuery {
            user: caller.actor.no,
            words,
            chat: reader.as_ref().map(|reader| reader.chat.no),
            before: request.before,
            limit: request.limit.clamp(1, limits::SEARCH_RESULTS),
        };
        let mut result = self.store.search(query).await.map_err(refuse)?;
        let mut more = result.more;
        // The store knows what members do not see; who reads a public chat from
        // outside is none.
        let from = reader.map_or(0, |reader| reader.from);
        if result.found.iter().any(|found| found.entry.seq <= from) {
            result.found.retain(|found| found.entry.seq > from);
            more = false;
        }
        let (found, cut) = cut(result.found);
        Ok(SearchResults {
            found,
            more: more || cut,
            behind: result.behind,
        })
    }

    pub(super) async fn pins(&self, caller: &Caller, request: Pins) -> Result<PinList, WireError> {
        let reader = self.access.readable(request.chat, caller.actor.id).await?;
        let pins = self.store.pins(reader.chat.no).await.map_err(refuse)?;
        let pins = pins.into_iter().filter(|pin| pin.entry.seq > reader.from);
        let (pins, more) = cut(pins.skip(request.offset as usize).collect());
        Ok(PinList { pins, more })
    }
}

fn query_words(query: &str) -> Result<Vec<String>, WireError> {
    if query.chars().count() > limits::QUERY_CHARS {
        return Err(too_large("characters to search for", limits::QUERY_CHARS));
    }
    let words = search_words(query);
    if words.is_empty() {
        return Err(bad_request("a search needs a letter or a digit"));
    }
    Ok(words)
}

/// As many as fit into a frame, and whether that left some out.
fn cut(found: Vec<FoundMessage>) -> (Vec<Found>, bool) {
    let all = found.len();
    let mut bytes = 0;
    let mut fitting = Vec::with_capacity(all);
    for found in found {
        bytes +=
            FOUND_BYTES + found.entry.body.len() + found.edited.as_ref().map_or(0, String::len);
        if bytes > limits::PAGE_BYTES && !fitting.is_empty() {
            break;
        }
        fitting.push(Found {
            chat: found.chat,
            entry: found.entry,
            edited: found.edited,
        });
    }
    let cut = fitting.len() < all;
    (fitting, cut)
}
