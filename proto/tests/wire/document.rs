//! `PROTOCOL.md` speaks of everything there is.

use std::collections::BTreeSet;
use std::fmt;

use proto::codec::{self, Frame};
use proto::entry::{account_kind, kind};
use proto::error::{ErrorCode, WireError};
use proto::event::Event;
use proto::limits;
use proto::request::{
    ChatKind, ContactState, FOREVER, Media, NewMemberHistory, NotifyLevel, Request, Role, Status,
};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::{golden, samples};

const DOCUMENT: &str = include_str!("../../PROTOCOL.md");

/// Cells of the table rows whose first cells are these.
fn row(cells: &[&str]) -> Option<Vec<&'static str>> {
    DOCUMENT
        .lines()
        .map(|line| line.split('|').skip(1).map(str::trim).collect::<Vec<_>>())
        .find(|row| row.starts_with(cells))
}

/// Whether the document names something as a word of its own.
fn names(word: &str) -> bool {
    DOCUMENT
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|known| known == word)
}

#[test]
fn every_frame_is_named_with_its_number() {
    for (kind, name) in Request::KINDS.iter().zip(Request::NAMES) {
        assert!(
            row(&[&format!("{kind:#06x}"), name]).is_some(),
            "no row for request {kind:#06x} {name}"
        );
    }
    for (kind, name) in Event::KINDS.iter().zip(Event::NAMES) {
        assert!(
            row(&[&format!("{kind:#06x}"), name]).is_some(),
            "no row for event {kind:#06x} {name}"
        );
    }
    for (kind, name) in [
        (proto::hello::HELLO, "Hello"),
        (proto::hello::WELCOME, "Welcome"),
    ] {
        assert!(DOCUMENT.contains(&format!("**{name}** {kind:#06x}")));
    }
    assert!(row(&[&format!("{:#06x}", proto::request::REFUSAL)]).is_some());
}

#[test]
fn no_row_names_a_frame_that_is_not() {
    for line in DOCUMENT.lines().filter(|line| line.starts_with("| 0x")) {
        let cells: Vec<_> = line.split('|').skip(1).map(str::trim).collect();
        let known = |kinds: &[u16], names: &[&str]| {
            kinds
                .iter()
                .zip(names)
                .any(|(kind, name)| cells[..2] == [format!("{kind:#06x}"), (*name).to_owned()])
        };
        assert!(
            cells.len() == 3
                || cells[0].contains(' ')
                || known(Request::KINDS, Request::NAMES)
                || known(Event::KINDS, Event::NAMES),
            "{line}"
        );
    }
}

#[test]
fn every_error_code_has_a_row_with_its_parameters_and_retry() {
    for code in ErrorCode::ALL {
        let row = row(&[code.as_str()]).unwrap_or_else(|| panic!("no row for {code}"));
        assert_eq!(row[1], code.params().join(", "), "{code}");
        let retry = WireError::new(code.clone()).is_retryable();
        assert_eq!(row[2] == "retry", retry, "{code}");
    }
}

#[test]
fn every_entry_kind_and_word_is_named() {
    for (kind, name) in kind::ALL.iter().chain(account_kind::ALL) {
        assert!(row(&[&kind.to_string(), name]).is_some(), "{kind} {name}");
    }
    macro_rules! check {
        ($($list:ident),*) => {$(
            assert!(names(stringify!($list)), "{}", stringify!($list));
            for word in $list::ALL.iter().map(|word| word.as_str()) {
                assert!(DOCUMENT.contains(&format!("`{word}`")), "{word}");
            }
        )*};
    }
    check!(
        ChatKind,
        ContactState,
        Media,
        NewMemberHistory,
        NotifyLevel,
        Role,
        Status
    );
}

/// What a chat's requests need which right for is in one table: none is missing.
#[test]
fn every_request_about_a_chat_has_a_place_in_the_table_of_rights() {
    let table = DOCUMENT
        .split("| | admin | moderator | member |")
        .nth(1)
        .and_then(|rest| rest.split("\n\n").next())
        .unwrap();
    // Those that are no matter of roles.
    let free = ["CreateChat", "JoinChat", "Directory", "AcceptChatInvite"];
    for (kind, name) in Request::KINDS.iter().zip(Request::NAMES) {
        if (0x0120..0x0140).contains(kind) && !free.contains(name) {
            assert!(table.contains(&format!("`{name}`")), "{name}");
        }
    }
}

/// The numbers of the headings rise by one, and every link goes to one of them.
#[test]
fn links_within_the_document_lead_somewhere() {
    let anchors: BTreeSet<String> = DOCUMENT
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .map(|heading| {
            let kept = heading.chars().filter(|c| !matches!(c, '.' | ','));
            kept.collect::<String>().to_lowercase().replace(' ', "-")
        })
        .collect();
    for link in DOCUMENT.split("](#").skip(1) {
        let anchor = link.split(')').next().unwrap();
        assert!(anchors.contains(anchor), "{anchor}");
    }
    let numbers: Vec<usize> = DOCUMENT
        .lines()
        .filter_map(|line| line.strip_prefix("## ")?.split('.').next()?.parse().ok())
        .collect();
    assert!(numbers.iter().copied().eq(1..=numbers.len()), "{numbers:?}");
}

/// All keys of the maps in a MessagePack value.
#[derive(Default)]
struct Keys(BTreeSet<String>);

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Collect)
    }
}

struct Collect;

impl<'de> Visitor<'de> for Collect {
    type Value = Keys;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }
    fn visit_bool<E>(self, _: bool) -> Result<Keys, E> {
        Ok(Keys::default())
    }
    fn visit_u64<E>(self, _: u64) -> Result<Keys, E> {
        Ok(Keys::default())
    }
    fn visit_i64<E>(self, _: i64) -> Result<Keys, E> {
        Ok(Keys::default())
    }
    fn visit_str<E>(self, _: &str) -> Result<Keys, E> {
        Ok(Keys::default())
    }
    fn visit_bytes<E>(self, _: &[u8]) -> Result<Keys, E> {
        Ok(Keys::default())
    }
    fn visit_unit<E>(self) -> Result<Keys, E> {
        Ok(Keys::default())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Keys, A::Error> {
        let mut keys = Keys::default();
        while let Some(Keys(more)) = seq.next_element()? {
            keys.0.extend(more);
        }
        Ok(keys)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
        let mut keys = Keys::default();
        while let Some((key, Keys(more))) = map.next_entry::<String, Keys>()? {
            keys.0.insert(key);
            keys.0.extend(more);
        }
        Ok(keys)
    }
}

#[test]
fn every_field_is_named() {
    let mut fields = BTreeSet::new();
    for sample in samples::frames() {
        let frame = Frame::from_message(sample.frame.message()).unwrap();
        fields.extend(frame.decode::<Keys>().unwrap().0);
    }
    for (_, _, bytes) in samples::all_body_bytes() {
        fields.extend(codec::decode::<Keys>(&bytes).unwrap().0);
    }
    assert!(fields.len() > 60, "{fields:?}");
    for field in fields {
        assert!(names(&field), "the field {field} is not documented");
    }
}

#[test]
fn limits_are_those_of_the_code() {
    for (what, limit) in [
        (
            "frame, without the length prefix",
            format!("{} bytes", limits::FRAME_BYTES),
        ),
        (
            "text of a message",
            format!("{} bytes", limits::MESSAGE_BYTES),
        ),
        (
            "page of entries or heads",
            format!(
                "{} entries, {} bytes",
                limits::PAGE_ENTRIES,
                limits::PAGE_BYTES
            ),
        ),
        (
            "user name, chat name, name of a person, device name",
            format!("{} characters", limits::NAME_CHARS),
        ),
        (
            "bio, description of a chat",
            format!("{} characters", limits::BIO_CHARS),
        ),
        (
            "status text",
            format!("{} characters", limits::STATUS_CHARS),
        ),
        (
            "text to search for",
            format!("{} characters", limits::QUERY_CHARS),
        ),
        ("reaction", format!("{} bytes", limits::EMOJI_BYTES)),
        (
            "picture of a person or chat",
            format!("{} bytes", limits::AVATAR_BYTES),
        ),
        ("e-mail address", format!("{} bytes", limits::EMAIL_BYTES)),
        (
            "password",
            format!(
                "{} characters to {} bytes",
                limits::PASSWORD_MIN_CHARS,
                limits::PASSWORD_BYTES
            ),
        ),
        ("token", format!("{} bytes", limits::TOKEN_BYTES)),
        (
            "ids or names in one request, members of a group",
            limits::BATCH.to_string(),
        ),
        ("contacts of an account", limits::CONTACTS.to_string()),
        ("pinned messages of a chat", limits::PINS.to_string()),
        (
            "reactions of one person to one message",
            limits::REACTIONS_EACH.to_string(),
        ),
        (
            "invite links of a chat that hold",
            limits::CHAT_INVITES.to_string(),
        ),
        ("retention", format!("{} days", limits::RETENTION_DAYS)),
        ("results of a search", limits::SEARCH_RESULTS.to_string()),
        ("capabilities", limits::CAPABILITIES.to_string()),
        (
            "unanswered sends of a connection",
            limits::OUTSTANDING_SENDS.to_string(),
        ),
        (
            "reads of a connection at the same time",
            limits::CONCURRENT_READS.to_string(),
        ),
        (
            "cursors broadcast",
            format!(
                "chats of up to {} members",
                limits::CURSOR_BROADCAST_MEMBERS
            ),
        ),
        (
            "presence shown",
            format!("chats of up to {} members", limits::PRESENCE_MEMBERS),
        ),
        (
            "typing relayed",
            format!("chats of up to {} members", limits::TYPING_MEMBERS),
        ),
    ] {
        assert!(row(&[what, &limit]).is_some(), "{what}: {limit}");
    }
    assert_eq!(limits::NAME_CHARS, limits::USERNAME_CHARS);
    assert_eq!(limits::NAME_CHARS, limits::DEVICE_CHARS);
    assert_eq!(limits::BIO_CHARS, limits::DESCRIPTION_CHARS);
    assert!(names(&FOREVER.to_string()));
    assert!(DOCUMENT.contains(&format!("blocks of {}", limits::DIGEST_BLOCK)));
    assert!(DOCUMENT.contains(&format!("{} by default", proto::DEFAULT_PORT)));
    assert!(DOCUMENT.contains(proto::WEBSOCKET_PATH));
    assert!(DOCUMENT.contains(std::str::from_utf8(proto::ALPN).unwrap()));
}

#[test]
fn the_worked_example_is_the_golden_bytes() {
    let blocks: String = DOCUMENT
        .split("## 19. Example in hex")
        .nth(1)
        .unwrap()
        .split("```")
        .skip(1)
        .step_by(2)
        .map(|block| block.replace('\n', "") + "\n")
        .collect();
    let shown: Vec<_> = blocks.lines().collect();
    let golden = golden::read();
    let expected: Vec<_> = [
        "minimal Hello",
        "minimal Welcome",
        "minimal Send",
        "reply Send",
    ]
    .iter()
    .map(|name| {
        let (_, bytes) = golden.iter().find(|(known, _)| known == name).unwrap();
        golden::hex(bytes)
    })
    .collect();
    assert_eq!(shown, expected);
}
