//! Finds messages by their words.

use deadpool_postgres::ClientWrapper;
use proto::id::EntryId;
use proto::request::Place;
use tokio_postgres::Row;
use uuid::Uuid;

use super::changes::is_deleted;
use super::entries::{found, found_columns, found_tables};
use super::error::Fault;
use super::index::{chat_word, short};
use super::statements::{self, Params};
use super::timestamp::At;
use crate::store::changes::{SearchFound, SearchQuery};

/// Up to so many messages are all looked through, chat by chat: a search of
/// somebody with few chats touches nobody else's messages, however many there
/// are.
const FEW: i64 = 20_000;
/// Of more, the latest are looked through before the index of words is asked: a
/// frequent word is found among them at once, while the index would have to
/// name all its messages.
const RECENT: i64 = 4096;
/// So few chats are named to the index, too. Each one more costs it with each
/// message that has the words.
const NAMED: usize = 4;
/// Later than any message.
const END: i64 = 253_402_300_799_999;

const OWN: &str = "SELECT m.chat_no, greatest(m.from_seq, h.floor),
           h.head - greatest(h.floor, s.indexed), h.msg_no - h.floor_no
    FROM members m JOIN chat_heads h ON h.chat_no = m.chat_no
    LEFT JOIN search_heads s ON s.chat_no = m.chat_no
    WHERE m.user_no = $1 AND m.left_at IS NULL AND $2::int8 IS NULL";
const ONE: &str = "SELECT c.chat_no, greatest(m.from_seq, h.floor),
           h.head - greatest(h.floor, s.indexed), h.msg_no - h.floor_no
    FROM chats c JOIN chat_heads h ON h.chat_no = c.chat_no
    LEFT JOIN members m ON m.chat_no = c.chat_no AND m.user_no = $1 AND m.left_at IS NULL
    LEFT JOIN search_heads s ON s.chat_no = c.chat_no
    WHERE c.chat_no = $2 AND c.deleted_at IS NULL";

/// Hits of `hits` in the chats `$1` above the entries `$2`, latest first, with
/// their messages. `$3` and `$4` are the place before which they are, `$5` is
/// the query, `$6` how many are wanted.
macro_rules! shown {
    ($hits:expr) => {
        concat!(
            "WITH hits AS MATERIALIZED (SELECT s.chat_no, s.seq, s.at, s.id FROM ",
            $hits,
            "), latest AS (
               SELECT hits.* FROM hits
               JOIN unnest($1::int8[], $2::int8[]) k(chat_no, after)
                 ON k.chat_no = hits.chat_no AND hits.seq > k.after
               ORDER BY hits.at DESC, hits.id DESC LIMIT $6)
             SELECT ",
            found_columns!(),
            " FROM latest JOIN messages e ON e.chat_no = latest.chat_no AND e.seq = latest.seq",
            found_tables!(),
            "ORDER BY latest.at DESC, latest.id DESC"
        )
    };
}

/// The fence keeps the words out of the choice of an index.
const ALL_OF_FEW: &str = shown!(
    "unnest($1::int8[]) o(chat_no)
      CROSS JOIN LATERAL (SELECT * FROM message_search r
        WHERE r.chat_no = o.chat_no AND (r.at, r.id) < ($3, $4) OFFSET 0) s
      WHERE s.words @@ $5::text::tsquery"
);
const RECENT_OF_ALL: &str = shown!(
    "(SELECT * FROM message_search r WHERE (r.at, r.id) < ($3, $4)
      ORDER BY r.at DESC, r.id DESC LIMIT $7) s WHERE s.words @@ $5::text::tsquery"
);
const RECENT_OF_ONE: &str = shown!(
    "(SELECT * FROM message_search r WHERE r.chat_no = ($1::int8[])[1] AND (r.at, r.id) < ($3, $4)
      ORDER BY r.at DESC, r.id DESC LIMIT $7) s WHERE s.words @@ $5::text::tsquery"
);
const INDEXED: &str =
    shown!("message_search s WHERE s.words @@ $5::text::tsquery AND (s.at, s.id) < ($3, $4)");

/// See [`Store::search`](crate::store::Store::search).
pub(super) async fn search(
    conn: &ClientWrapper,
    query: &SearchQuery,
) -> Result<SearchFound, Fault> {
    let chat = query.chat.map(|chat| chat.0);
    let sql = if chat.is_some() { ONE } else { OWN };
    let mut result = SearchFound::default();
    let mut scope = Scope::default();
    for row in statements::rows(conn, sql, &[&query.user.0, &chat]).await? {
        scope.chats.push(row.try_get::<_, i64>(0)?);
        scope.afters.push(row.try_get::<_, i64>(1)?);
        result.behind += u64::try_from(row.try_get::<_, i64>(2)?).unwrap_or(0);
        scope.messages += row.try_get::<_, i64>(3)?;
    }
    if scope.chats.is_empty() || query.words.is_empty() {
        return Ok(result);
    }
    let limit = i64::from(query.limit) + 1;
    let mut rows = scope.hits(conn, query, limit).await?;
    result.more = rows.len() as i64 >= limit;
    rows.truncate(query.limit as usize);
    for row in &rows {
        if !is_deleted(row.try_get(8)?) {
            result.found.push(found(row)?);
        }
    }
    Ok(result)
}

/// Where is searched: chats, what of them is not shown, and how many messages
/// they have together.
#[derive(Default)]
struct Scope {
    chats: Vec<i64>,
    afters: Vec<i64>,
    messages: i64,
}

impl Scope {
    async fn hits(
        &self,
        conn: &ClientWrapper,
        query: &SearchQuery,
        limit: i64,
    ) -> Result<Vec<Row>, Fault> {
        let before = query.before.unwrap_or(Place {
            at: END,
            id: EntryId(Uuid::max()),
        });
        let before_at = At(before.at.clamp(0, END));
        let words = tsquery(&query.words);
        let (chats, afters) = (&self.chats, &self.afters);
        if self.messages <= FEW {
            let params: Params<'_> = &[chats, afters, &before_at, &before.id.0, &words, &limit];
            return statements::rows(conn, ALL_OF_FEW, params).await;
        }
        let recent = match self.chats.as_slice() {
            [_] => RECENT_OF_ONE,
            _ => RECENT_OF_ALL,
        };
        let params: Params<'_> = &[
            chats,
            afters,
            &before_at,
            &before.id.0,
            &words,
            &limit,
            &RECENT,
        ];
        let rows = statements::rows(conn, recent, params).await?;
        if rows.len() as i64 >= limit {
            return Ok(rows);
        }
        let words = match self.chats.len() <= NAMED {
            true => format!("({}) & {words}", any_chat(&self.chats)),
            false => words,
        };
        let params: Params<'_> = &[chats, afters, &before_at, &before.id.0, &words, &limit];
        statements::rows(conn, INDEXED, params).await
    }
}

/// Each of the words, or their beginnings.
fn tsquery(words: &[String]) -> String {
    let words: Vec<String> = words
        .iter()
        .map(|word| format!("'{}':*", short(word).replace(['\'', '\\', '\0'], "")))
        .collect();
    words.join(" & ")
}

fn any_chat(chats: &[i64]) -> String {
    let words: Vec<String> = chats
        .iter()
        .map(|chat| format!("'{}'", chat_word(*chat)))
        .collect();
    words.join(" | ")
}
