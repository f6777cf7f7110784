//! Bytes of somebody who is broken or malicious: refused with an error, never
//! with a panic.

use bytes::{BufMut, Bytes, BytesMut};
use proto::codec::{self, CodecError, Frame, FrameDecoder, HEADER_BYTES};
use proto::entry::{Body, kind};
use proto::event::Event;
use proto::hello::Hello;
use proto::limits::FRAME_BYTES;
use proto::request::{
    Call, ChangePassword, Changes, Ping, React, Register, Request, SearchUsers, Send, SetProfile,
};

use crate::{any, golden, samples};

fn frame(kind: u16, payload: &[u8]) -> Frame {
    Frame {
        kind,
        flags: 0,
        request_id: 1,
        payload: Bytes::copy_from_slice(payload),
    }
}

#[test]
fn a_frame_cut_short_is_waited_for_on_a_stream() {
    for sample in samples::frames() {
        let bytes = sample.frame.stream();
        for cut in 0..bytes.len() {
            let mut decoder = FrameDecoder::new();
            decoder.extend(&bytes[..cut]);
            assert_eq!(decoder.next_frame(), Ok(None), "{} at {cut}", sample.name);
            assert_eq!(decoder.pending(), cut);
            decoder.extend(&bytes[cut..]);
            let whole = decoder.next_frame().unwrap().unwrap();
            assert!(any::decode(&whole).is_ok(), "{} at {cut}", sample.name);
            assert_eq!(decoder.pending(), 0);
        }
    }
}

#[test]
fn a_message_cut_short_is_refused() {
    for sample in samples::frames() {
        let bytes = sample.frame.message();
        for cut in 0..bytes.len() {
            let part = Frame::from_message(bytes.slice(..cut));
            if cut < HEADER_BYTES {
                assert_eq!(part, Err(CodecError::TooShort(cut)));
                continue;
            }
            let refused = any::decode(&part.unwrap());
            assert!(
                matches!(refused, Err(CodecError::Payload(_))),
                "{} at {cut}: {refused:?}",
                sample.name
            );
        }
    }
}

#[test]
fn bytes_behind_the_payload_are_refused() {
    for sample in samples::frames() {
        let mut bytes = BytesMut::from(&sample.frame.message()[..]);
        bytes.put_u8(0xc0);
        let frame = Frame::from_message(bytes.freeze()).unwrap();
        assert!(any::decode(&frame).is_err(), "{}", sample.name);
    }
}

#[test]
fn bodies_cut_short_are_unknown() {
    for (name, kind, bytes) in samples::all_body_bytes() {
        for cut in 0..bytes.len() {
            assert_eq!(Body::decode(kind, &bytes[..cut]), Body::Unknown, "{name}");
        }
    }
}

#[test]
fn a_length_over_the_limit_is_refused_by_the_prefix_alone() {
    for length in [FRAME_BYTES + 1, 1 << 30, u32::MAX as usize] {
        let mut decoder = FrameDecoder::new();
        decoder.extend(&u32::try_from(length).unwrap().to_be_bytes());
        assert_eq!(decoder.next_frame(), Err(CodecError::TooLarge(length)));
        // It stays refused: nobody can find the next frame.
        decoder.extend(&[0; 64]);
        assert_eq!(decoder.next_frame(), Err(CodecError::TooLarge(length)));
    }
}

#[test]
fn a_length_below_the_header_is_refused() {
    for length in 0..HEADER_BYTES {
        let mut decoder = FrameDecoder::new();
        decoder.extend(&u32::try_from(length).unwrap().to_be_bytes());
        assert_eq!(decoder.next_frame(), Err(CodecError::TooShort(length)));
    }
}

#[test]
fn the_limit_itself_is_allowed_and_one_more_is_not() {
    // Map of one, key "query" in 6 bytes, then `str 32` with 5 bytes of head.
    let room = FRAME_BYTES - HEADER_BYTES - (1 + 6 + 5 + 6 + 1);
    let search = |length| SearchUsers {
        query: "a".repeat(length),
        limit: 1,
    };
    let full = Call::encode(&search(room), 1).unwrap();
    assert_eq!(full.message().len(), FRAME_BYTES);
    let mut decoder = FrameDecoder::new();
    decoder.extend(&full.stream());
    let frame = decoder.next_frame().unwrap().unwrap();
    assert_eq!(frame.decode::<SearchUsers>().unwrap(), search(room));
    assert_eq!(
        Call::encode(&search(room + 1), 1),
        Err(CodecError::TooLarge(FRAME_BYTES + 1))
    );
    let mut message = BytesMut::from(&full.message()[..]);
    message.put_u8(0);
    assert_eq!(
        Frame::from_message(message.freeze()),
        Err(CodecError::TooLarge(FRAME_BYTES + 1))
    );
}

#[test]
fn deep_nesting_is_refused_without_deep_recursion() {
    for marker in [0x91, 0x81, 0xdd] {
        // {"x": [[[[…: an unknown field must be skipped, but not at any cost.
        let mut payload = vec![0x81, 0xa1, b'x'];
        while payload.len() < FRAME_BYTES - 64 {
            match marker {
                0x91 => payload.push(0x91),
                0x81 => payload.extend([0x81, 0xa1, b'x']),
                _ => payload.extend([0xdd, 0, 0, 0, 1]),
            }
        }
        payload.push(0xc0);
        let refused = Request::decode(&frame(Ping::KIND, &payload));
        assert!(refused.is_err(), "{marker:x}: {refused:?}");
        assert_eq!(Body::decode(1, &payload), Body::Unknown);
    }
    // Moderate nesting in an unknown field is fine.
    let mut payload = vec![0x81, 0xa1, b'x'];
    payload.extend([0x91; 30]);
    payload.push(0xc0);
    assert_eq!(
        Request::decode(&frame(Ping::KIND, &payload)),
        Ok(Some(Request::Ping(Ping {})))
    );
}

#[test]
fn wrong_types_are_refused() {
    for sample in samples::frames() {
        let frame = Frame::from_message(sample.frame.message()).unwrap();
        for payload in [&b"\xc0"[..], b"\x01", b"\xa1x", b"\xc3", b"\xd4\x01x", b""] {
            let wrong = Frame {
                payload: Bytes::copy_from_slice(payload),
                ..frame.clone()
            };
            assert!(any::decode(&wrong).is_err(), "{} {payload:x?}", sample.name);
        }
    }
}

#[test]
fn unchecked_text_never_passes_the_codec() {
    #[derive(serde::Serialize)]
    struct Raw<'a> {
        chat: proto::id::ChatId,
        id: proto::id::EntryId,
        text: &'a str,
    }
    let raw = |text: &str| {
        codec::encode(
            Send::KIND,
            1,
            &Raw {
                chat: proto::id::ChatId::from_bytes([1; 16]),
                id: proto::id::EntryId::from_bytes([2; 16]),
                text,
            },
        )
        .unwrap()
    };
    let decode = |text: &str| {
        let frame = Frame::from_message(raw(text).message()).unwrap();
        frame.decode::<Send>()
    };
    assert!(decode("hi").is_ok());
    assert!(decode(" \n\t").is_err());
    assert!(decode(&"x".repeat(proto::limits::MESSAGE_BYTES)).is_ok());
    assert!(decode(&"x".repeat(proto::limits::MESSAGE_BYTES + 1)).is_err());
}

#[test]
fn an_error_never_repeats_a_secret() {
    // A password that is refused: too short, in an otherwise sound request.
    #[derive(serde::Serialize)]
    struct Raw {
        username: &'static str,
        password: &'static str,
        device: &'static str,
    }
    let raw = Raw {
        username: "anna",
        password: "s3cr3t!",
        device: "d",
    };
    let encoded = codec::encode(Register::KIND, 1, &raw).unwrap();
    let frame = Frame::from_message(encoded.message()).unwrap();
    let refused = frame.decode::<Register>().unwrap_err().to_string();
    assert!(!refused.contains("s3cr3t"), "{refused}");
    #[derive(serde::Serialize)]
    struct Change {
        old: &'static str,
        new: &'static str,
    }
    let change = Change {
        old: "s3cr3t and long",
        new: "s3cr3t!",
    };
    let bytes = codec::to_bytes(&change).unwrap();
    let refused = codec::decode::<ChangePassword>(&bytes)
        .unwrap_err()
        .to_string();
    assert!(!refused.contains("s3cr3t"), "{refused}");
}

#[test]
fn unchecked_words_about_people_never_pass_the_codec() {
    #[derive(serde::Serialize)]
    struct Profile<'a> {
        first_name: &'a str,
        bio: &'a str,
    }
    let profile = |first_name, bio| {
        let bytes = codec::to_bytes(&Profile { first_name, bio }).unwrap();
        codec::decode::<SetProfile>(&bytes)
    };
    assert!(profile("Анна", "").is_ok());
    assert!(profile("", "").is_err());
    assert!(profile("a\u{202e}b", "").is_err());
    assert!(profile("Анна", "\u{1b}[2J").is_err());
    assert!(profile("Анна", &"x".repeat(proto::limits::BIO_CHARS + 1)).is_err());

    #[derive(serde::Serialize)]
    struct Raw<'a> {
        chat: proto::id::ChatId,
        id: proto::id::EntryId,
        seq: u64,
        emoji: &'a str,
        on: bool,
    }
    let react = |emoji| {
        let bytes = codec::to_bytes(&Raw {
            chat: proto::id::ChatId::from_bytes([1; 16]),
            id: proto::id::EntryId::from_bytes([2; 16]),
            seq: 1,
            emoji,
            on: true,
        });
        codec::decode::<React>(&bytes.unwrap())
    };
    assert!(react("👍").is_ok());
    assert!(react("").is_err());
    assert!(react("a b").is_err());
    assert!(react(&"x".repeat(proto::limits::EMOJI_BYTES + 1)).is_err());
}

/// A small generator (splitmix64), so that a seed repeats a run exactly.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n.max(1) as u64) as usize
    }

    fn mutate(&mut self, bytes: &mut Vec<u8>) {
        // Markers that begin something with a length, and edges.
        const MARKERS: [u8; 16] = [
            0x00, 0x7f, 0x80, 0x8f, 0x9f, 0xbf, 0xc0, 0xc1, 0xc6, 0xc9, 0xcf, 0xd9, 0xdb, 0xdd,
            0xdf, 0xff,
        ];
        let at = self.below(bytes.len());
        match self.below(6) {
            0 => bytes[at] ^= 1 << self.below(8),
            1 => bytes[at] = MARKERS[self.below(MARKERS.len())],
            2 => bytes.truncate(at.max(1)),
            3 => bytes.insert(at, self.next() as u8),
            4 => {
                bytes.remove(at);
                if bytes.is_empty() {
                    bytes.push(0);
                }
            }
            _ => {
                let to = (at + self.below(16)).min(bytes.len());
                let part = bytes[at..to].to_vec();
                bytes.splice(at..at, part);
            }
        }
    }
}

/// Mutated golden frames through the whole decoder. `FUZZ_SEED` and
/// `FUZZ_ROUNDS` make it another run or a longer one.
#[test]
fn mutated_frames_are_decoded_or_refused() {
    let number = |name: &str, default: u64| {
        std::env::var(name).map_or(default, |value| value.parse().unwrap())
    };
    let seed = number("FUZZ_SEED", 0x6d63_6861_745f_3031);
    let rounds = number("FUZZ_ROUNDS", 20_000);
    let mut random = Random(seed);
    let golden = golden::read();
    let (mut decoded, mut refused) = (0_u64, 0_u64);
    for _ in 0..rounds {
        let (_, original) = &golden[random.below(golden.len())];
        let mut bytes = original.clone();
        for _ in 0..=random.below(4) {
            random.mutate(&mut bytes);
        }
        // As a body …
        for kind in kind::ALL.iter().map(|(kind, _)| *kind).chain([0, 60_000]) {
            if let Ok((kind, again)) = Body::decode(kind, &bytes).encode() {
                assert_ne!(Body::decode(kind, &again), Body::Unknown);
            }
        }
        // … as a stream in pieces …
        let mut decoder = FrameDecoder::new();
        let mut rest = &bytes[..];
        'stream: while !rest.is_empty() {
            let (piece, behind) = rest.split_at(1 + random.below(rest.len()));
            rest = behind;
            decoder.extend(piece);
            loop {
                match decoder.next_frame() {
                    Ok(Some(frame)) => match any::decode(&frame) {
                        Ok(_) => decoded += 1,
                        Err(_) => refused += 1,
                    },
                    Ok(None) => break,
                    Err(_) => {
                        refused += 1;
                        break 'stream;
                    }
                }
            }
        }
        // … and with a sound length, so that payloads are reached.
        if let Some(message) = bytes.get(4..)
            && let Ok(frame) = Frame::from_message(Bytes::copy_from_slice(message))
        {
            match any::decode(&frame) {
                Ok(value) => {
                    decoded += 1;
                    repeats(value);
                }
                Err(_) => refused += 1,
            }
        }
    }
    // Both outcomes are common, else the mutations would test nothing.
    assert!(decoded > rounds / 100, "{decoded} decoded of {rounds}");
    assert!(refused > rounds / 100, "{refused} refused of {rounds}");
}

/// What was accepted can be sent on and means the same.
fn repeats(value: any::Any) {
    let again = match &value {
        any::Any::Request(request) => request.encode(1),
        any::Any::Reply(reply) => reply.encode(1),
        any::Any::Event(event) => event.encode(),
        _ => return,
    };
    let frame = Frame::from_message(again.unwrap().message()).unwrap();
    let same = any::decode(&frame).unwrap();
    // An unknown word is kept only where it has a place; the rest is equal.
    if !format!("{value:?}").contains("Unknown") {
        assert_eq!(same, value);
    }
}

#[test]
fn any_kind_with_any_golden_payload_is_decoded_or_refused() {
    let samples = samples::frames();
    for kind in Request::KINDS.iter().chain(Event::KINDS) {
        for sample in &samples {
            let other = Frame::from_message(sample.frame.message()).unwrap();
            for kind in [*kind, *kind | proto::request::REPLY] {
                let frame = Frame {
                    kind,
                    ..other.clone()
                };
                // Structs without fields take any map; the rest may not fit.
                let _ = any::decode(&frame);
            }
        }
    }
    assert!(
        frame(proto::hello::HELLO, b"\x80")
            .decode::<Hello>()
            .is_err()
    );
    assert!(frame(Changes::KIND, b"\x80").decode::<Changes>().is_err());
}
