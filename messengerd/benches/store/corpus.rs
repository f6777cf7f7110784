//! A million messages of one account to search in, the same for both back ends,
//! and the searches.
//!
//! Words are made of syllables, every other one in Cyrillic; how often a word
//! comes falls with its rank, as in any language, and so does how much is
//! written in a chat.

use std::time::{Duration, Instant};

use messengerd::store::changes::{SearchFound, SearchQuery};
use messengerd::store::{Actor, Append, ChatNo, ChatRecord, NewChat, SharedStore, UserNo};
use proto::entry::{Body, Message, kind};
use proto::id::{ChatId, EntryId};
use proto::request::{ChatKind, Place};
use proto::text::{ChatName, search_words};
use tokio::runtime::Runtime;

use crate::load::{Ours, histogram, millis};

const CHATS: usize = 500;
const WORDS: usize = 50_000;
/// Appends that wait at a time.
const OUTSTANDING: usize = 1024;
/// Entries brought into the index by one call.
const INDEXED: u32 = 200;
/// How often each search is made.
const RUNS: u32 = 30;
const LIMIT: u32 = 50;
const AT: i64 = 1_700_000_000_000;

/// Numbers without a pattern, the same each time (xorshift64*).
struct Chance(u64);

impl Chance {
    /// From 0 up to 1.
    fn part(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// One of so many, the first ones most often.
    fn rank(&mut self, of: usize) -> usize {
        (of as f64).powf(self.part()) as usize - 1
    }
}

/// The word of a rank.
fn word(rank: usize) -> String {
    const LATIN: [&str; 16] = [
        "ka", "lo", "mi", "ne", "ru", "sa", "te", "vi", "bo", "da", "fe", "gi", "ho", "ju", "pa",
        "zu",
    ];
    const CYRILLIC: [&str; 16] = [
        "ка", "ло", "ми", "не", "ру", "са", "те", "ви", "бо", "да", "фе", "ги", "хо", "ю", "па",
        "зу",
    ];
    let syllables = if rank.is_multiple_of(2) {
        LATIN
    } else {
        CYRILLIC
    };
    let mut left = rank + 16;
    let mut text = String::new();
    while left > 0 {
        text.push_str(syllables[left % 16]);
        left /= 16;
    }
    text
}

fn body(chance: &mut Chance) -> Vec<u8> {
    let words = 2 + chance.rank(30);
    let text: Vec<String> = (0..words).map(|_| word(chance.rank(WORDS))).collect();
    let body = Body::Message(Message::new(text.join(" ")));
    body.encode().unwrap().1.to_vec()
}

/// How many messages there are: `BENCH_MESSAGES`, a million unless told.
pub(crate) fn size() -> usize {
    let wanted = std::env::var("BENCH_MESSAGES").ok();
    wanted.map_or(1_000_000, |size| size.parse().unwrap())
}

/// Fills a store, unless this was done before, brings it into the index and
/// searches it.
pub(crate) fn measure(runtime: &Runtime, name: &str, store: &SharedStore) {
    let messages = size();
    // The account and the chat that are the first of a store.
    let (user, hot) = (UserNo(1), Some(ChatNo(1)));
    if runtime.block_on(store.is_empty()).unwrap() {
        let ours = runtime.block_on(Ours::account(store));
        let chats = runtime.block_on(fill(store, ours, messages));
        assert_eq!((ours.no, Some(chats[0].no)), (user, hot));
    }
    let started = Instant::now();
    while runtime.block_on(store.index_entries(INDEXED)).unwrap() {}
    let rate = messages as f64 / started.elapsed().as_secs_f64();
    println!(
        "{}",
        serde_json::json!({"bench": format!("{name}.index"), "messages": messages, "per_s": rate.round()})
    );
    eprintln!("index {messages} messages: {rate:.0}/s");
    let middle = Place {
        at: AT + messages as i64 / 2,
        id: EntryId::generate(),
    };
    let frequent = word(0);
    let few = word(WORDS - 10);
    let pair = format!("{} {}", word(3), word(40));
    let three = format!("{} {} {}", word(1), word(20), word(300));
    let rare_and_frequent = format!("{few} {frequent}");
    let beginning = word(7)[..2].to_owned();
    let searches: [(&str, &str, Option<ChatNo>, Option<Place>); 11] = [
        ("frequent", &frequent, None, None),
        ("frequent_before", &frequent, None, Some(middle)),
        ("middling", &word(2_000), None, None),
        ("rare", &few, None, None),
        ("two_words", &pair, None, None),
        ("three_words", &three, None, None),
        ("rare_and_frequent", &rare_and_frequent, None, None),
        ("beginning", &beginning, None, None),
        ("frequent_in_a_chat", &frequent, hot, None),
        ("rare_in_a_chat", &few, hot, None),
        ("nothing", "nosuchword", None, None),
    ];
    for (case, text, chat, before) in searches {
        let query = SearchQuery {
            user,
            words: search_words(text),
            chat,
            before,
            limit: LIMIT,
        };
        let mut latency = histogram();
        let mut found = SearchFound::default();
        for _ in 0..RUNS {
            let started = Instant::now();
            found = runtime.block_on(store.search(query.clone())).unwrap();
            record(&mut latency, started.elapsed());
        }
        assert_eq!(found.behind, 0);
        let (p50, p99) = (millis(&latency, 0.5), millis(&latency, 0.99));
        println!(
            "{}",
            serde_json::json!({
                "bench": format!("{name}.{case}"), "messages": messages,
                "found": found.found.len(), "more": found.more, "p50_ms": p50, "p99_ms": p99,
            })
        );
        eprintln!(
            "search {case:<20} found {:>3}{}  p50 {p50:>7.2} ms  p99 {p99:>7.2} ms",
            found.found.len(),
            if found.more { "+" } else { " " },
        );
    }
}

fn record(latency: &mut hdrhistogram::Histogram<u64>, took: Duration) {
    latency.record(took.as_micros() as u64).unwrap();
}

async fn fill(store: &SharedStore, actor: Actor, messages: usize) -> Vec<ChatRecord> {
    let mut chats = Vec::with_capacity(CHATS);
    for number in 0..CHATS {
        let chat = NewChat {
            id: ChatId::generate(),
            kind: ChatKind::Group,
            name: Some(ChatName::try_from(format!("chat {number}")).unwrap()),
            description: None,
            creator: actor,
            others: Vec::new(),
            entry: EntryId::generate(),
            at: AT,
        };
        chats.push(store.create_chat(chat).await.unwrap());
    }
    let mut chance = Chance(4711);
    let mut sent = std::collections::VecDeque::with_capacity(OUTSTANDING);
    for number in 0..messages {
        let chat = &chats[chance.rank(CHATS)];
        let append = Append {
            chat: chat.no,
            chat_id: chat.id,
            acl_rev: chat.acl_rev,
            actor,
            kind: kind::MESSAGE,
            id: EntryId::generate(),
            ref_seq: None,
            at: AT + number as i64,
            body: body(&mut chance).into(),
        };
        sent.push_back(store.append(append).unwrap());
        if sent.len() >= OUTSTANDING
            && let Some(oldest) = sent.pop_front()
        {
            oldest.await.unwrap();
        }
    }
    for landed in sent {
        landed.await.unwrap();
    }
    chats
}
