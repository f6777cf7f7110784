//! The bytes of every frame type, compared with `golden.txt`. After a wanted
//! change write it anew with `PROTO_GOLDEN=write cargo nextest run -p proto`
//! and look at the difference: what changes there breaks older peers.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use bytes::Bytes;
use proto::codec::{self, Frame, FrameDecoder};
use proto::digest::{BlockDigest, LogDigest};
use proto::entry::{self, AccountEntry, Body, account_kind};
use proto::event::Event;
use proto::hello::{HELLO, Hello, WELCOME, Welcome};
use proto::id::EntryId;
use proto::request::{REFUSAL, REPLY, Reply, Request};

use crate::samples;

const HEADING: &str = "\
# One line for each: name, then the bytes as on a stream, in hex. Frames start
# with their length; bodies are bare MessagePack. Written by the tests.
";

fn path() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden.txt")
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").unwrap();
        out
    })
}

fn unhex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2), "odd number of hex digits");
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// Digest of a chat's log of 1025 entries and of an account's log of two.
fn digests() -> Vec<(String, [u8; 32])> {
    let id = |seq: u64| EntryId::from_bytes(u128::from(seq).to_be_bytes());
    let mut log = LogDigest::new();
    let mut blocks = [BlockDigest::new(), BlockDigest::new()];
    for seq in 1..=1025 {
        let block = &mut blocks[usize::try_from(proto::digest::block_of(seq)).unwrap()];
        block.entry(seq, entry::kind::MESSAGE, id(seq));
    }
    for block in &blocks {
        log.block(block.finish().unwrap());
    }
    let mut account = BlockDigest::new();
    account.account_entry(&AccountEntry {
        seq: 1,
        kind: account_kind::SESSION_OPENED,
        at: 0,
        chat: None,
        session: Some(proto::id::SessionId::from_bytes([1; 16])),
        user: None,
    });
    account.account_entry(&AccountEntry {
        seq: 2,
        kind: account_kind::CHAT_JOINED,
        at: 0,
        chat: Some(proto::id::ChatId::from_bytes([2; 16])),
        session: None,
        // No part of the digest.
        user: Some(proto::id::UserId::from_bytes([3; 16])),
    });
    let mut account_log = LogDigest::new();
    account_log.block(account.finish().unwrap());
    vec![
        ("digest chat 1..=1025".into(), log.finish().0),
        ("digest account 1..=2".into(), account_log.finish().0),
        ("digest empty".into(), LogDigest::new().finish().0),
    ]
}

/// Name and bytes of every line.
pub(crate) fn lines() -> Vec<(String, Vec<u8>)> {
    let mut lines: Vec<(String, Vec<u8>)> = samples::frames()
        .into_iter()
        .map(|sample| (sample.name, sample.frame.stream().to_vec()))
        .collect();
    for (name, _, bytes) in samples::all_body_bytes() {
        lines.push((name, bytes.to_vec()));
    }
    for (name, digest) in digests() {
        lines.push((name, digest.to_vec()));
    }
    lines
}

pub(crate) fn read() -> Vec<(String, Vec<u8>)> {
    std::fs::read_to_string(path())
        .unwrap()
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let (name, bytes) = line.split_once(" = ").unwrap();
            (name.to_owned(), unhex(bytes))
        })
        .collect()
}

#[test]
fn bytes_are_those_of_the_golden_file() {
    let mut text = HEADING.to_owned();
    for (name, bytes) in lines() {
        writeln!(text, "{name} = {}", hex(&bytes)).unwrap();
    }
    if std::env::var_os("PROTO_GOLDEN").is_some_and(|value| value == "write") {
        std::fs::write(path(), &text).unwrap();
    }
    let golden = std::fs::read_to_string(path()).unwrap();
    for (ours, theirs) in text.lines().zip(golden.lines()) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(text, golden, "lines were added or removed");
}

#[test]
fn every_frame_type_has_a_golden_line() {
    let kinds: BTreeSet<u16> = samples::frames()
        .iter()
        .map(|sample| Frame::from_message(sample.frame.message()).unwrap().kind)
        .collect();
    let mut expected: BTreeSet<u16> = [HELLO, WELCOME, REFUSAL].into();
    expected.extend(Request::KINDS);
    expected.extend(Request::KINDS.iter().map(|kind| kind | REPLY));
    expected.extend(Event::KINDS);
    assert_eq!(kinds, expected);
    assert_eq!(
        expected.len(),
        3 + 2 * Request::KINDS.len() + Event::KINDS.len(),
        "two frame types share a number"
    );
}

#[test]
fn samples_come_in_the_order_of_the_protocol() {
    let numbers = |frames: Vec<Frame>| frames.iter().map(|f| f.kind).collect::<Vec<_>>();
    let parse = |e: codec::Encoded| Frame::from_message(e.message()).unwrap();
    let requests = samples::requests();
    let names: Vec<_> = requests.iter().map(Request::name).collect();
    assert_eq!(names, Request::NAMES);
    let frames = requests.iter().map(|r| parse(r.encode(1).unwrap()));
    assert_eq!(numbers(frames.collect()), Request::KINDS);
    let frames = samples::events()
        .into_iter()
        .map(|e| parse(e.encode().unwrap()));
    assert_eq!(numbers(frames.collect()), Event::KINDS);
    let replies = samples::replies();
    assert_eq!(replies.len(), Request::KINDS.len());
    for (reply, kind) in replies.iter().zip(Request::KINDS) {
        assert_eq!(parse(reply.encode(1).unwrap()).kind, kind | REPLY);
    }
}

#[test]
fn every_entry_kind_has_a_golden_line() {
    let bodies: Vec<_> = samples::body_bytes()
        .into_iter()
        .map(|(name, kind, _)| (kind, name))
        .collect();
    let expected: Vec<_> = entry::kind::ALL
        .iter()
        .map(|(kind, name)| (*kind, format!("body {name}")))
        .collect();
    assert_eq!(bodies, expected);
}

#[test]
fn golden_frames_decode_to_the_samples() {
    let mut requests = samples::requests().into_iter();
    let mut replies = samples::replies().into_iter();
    let mut events = samples::events().into_iter();
    for (name, bytes) in read() {
        let Some((sort, _)) = name.split_once(' ') else {
            panic!("{name} has no sort")
        };
        if matches!(sort, "body" | "digest" | "minimal" | "full") {
            continue;
        }
        let mut decoder = FrameDecoder::new();
        decoder.extend(&bytes);
        let frame = decoder.next_frame().unwrap().unwrap();
        assert_eq!(decoder.pending(), 0, "{name}");
        match sort {
            "request" => assert_eq!(Request::decode(&frame).unwrap(), requests.next(), "{name}"),
            "reply" => assert_eq!(Reply::decode(&frame).unwrap(), replies.next(), "{name}"),
            "event" => assert_eq!(Event::decode(&frame).unwrap(), events.next(), "{name}"),
            "handshake" if frame.kind == HELLO => {
                assert_eq!(frame.decode::<Hello>().unwrap(), samples::hello());
            }
            "handshake" => assert_eq!(frame.decode::<Welcome>().unwrap(), samples::welcome()),
            "refusal" => assert_eq!(frame.kind, REFUSAL),
            other => panic!("a line of an unknown sort: {other}"),
        }
    }
    assert!(requests.next().is_none() && replies.next().is_none() && events.next().is_none());
    let bodies = samples::bodies().into_iter().chain(samples::more_bodies());
    for ((name, body), (_, kind, bytes)) in bodies.zip(samples::all_body_bytes()) {
        assert_eq!(Body::decode(kind, &bytes), body, "{name}");
    }
}

#[test]
fn ids_bodies_and_digests_are_binary() {
    let frame = |name: &str| {
        let (_, bytes) = read().into_iter().find(|(known, _)| known == name).unwrap();
        bytes
    };
    let contains = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).any(|w| w == part);
    // Key, then MessagePack `bin 8` (0xc4) with its length.
    assert!(contains(
        &frame("request Send"),
        b"\xa4chat\xc4\x10\x01\x9b"
    ));
    assert!(contains(&frame("event ChatEntry"), b"\xa4body\xc4"));
    assert!(contains(
        &frame("reply Digest"),
        b"\xa6digest\xc4\x20\xd1\xd1"
    ));
    assert!(contains(
        &frame("handshake Welcome"),
        b"\xa9community\xc4\x10"
    ));
}

#[test]
fn a_message_is_a_frame_without_its_length() {
    for sample in samples::frames() {
        let stream = sample.frame.stream();
        let length = u32::from_be_bytes(*stream.first_chunk().unwrap()) as usize;
        assert_eq!(length, stream.len() - codec::PREFIX_BYTES);
        assert_eq!(
            sample.frame.message(),
            Bytes::copy_from_slice(&stream[codec::PREFIX_BYTES..])
        );
        assert_eq!(sample.frame.len(), stream.len());
    }
}
