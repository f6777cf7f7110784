//! Small payloads that declare huge contents must not make the decoder reserve
//! room for them: what is allocated follows what arrived.

#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(
    unsafe_code,
    reason = "a global allocator that counts can only be unsafe"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use bytes::Bytes;
use proto::codec::{Frame, FrameDecoder};
use proto::entry::{Body, kind};
use proto::event::Event;
use proto::hello::{HELLO, Hello, Welcome};
use proto::request::{REPLY, Reply, Request};

struct Counting;

thread_local! {
    static ALLOCATED: Cell<usize> = const { Cell::new(0) };
}

fn count(bytes: usize) {
    // While a thread ends its counter is gone, and nobody asks for it.
    let _ = ALLOCATED.try_with(|allocated| allocated.set(allocated.get() + bytes));
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes allocated on this thread by `work`, freed or not.
fn allocated(work: impl FnOnce()) -> usize {
    let before = ALLOCATED.get();
    work();
    ALLOCATED.get() - before
}

/// What one decode may allocate: serde reserves at most 1 MiB on a sequence's
/// word, for one sequence at a time.
const BOUND: usize = 3 << 20;

/// Containers and strings that declare about 2^32 items or bytes, or 2^16.
const HUGE: [&[u8]; 10] = [
    b"\xdd\xff\xff\xff\xff",
    b"\xdf\xff\xff\xff\xff",
    b"\xdb\xff\xff\xff\xff",
    b"\xc6\xff\xff\xff\xff",
    b"\xc9\xff\xff\xff\xff\x01",
    b"\xdc\xff\xff",
    b"\xde\xff\xff",
    b"\xda\xff\xff",
    b"\xc5\xff\xff",
    b"\xdd\x7f\xff\xff\xff",
];

/// Every field name that holds something of variable length.
const FIELDS: [&str; 53] = [
    "capabilities",
    "client",
    "server",
    "nodes",
    "community",
    "token",
    "username",
    "password",
    "ids",
    "names",
    "members",
    "users",
    "text",
    "entries",
    "body",
    "digest",
    "heads",
    "chats",
    "sessions",
    "cursors",
    "error",
    "params",
    "head",
    "user",
    "clear",
    "bio",
    "email",
    "status",
    "status_text",
    "own",
    "image",
    "mime",
    "hash",
    "avatar",
    "contacts",
    "nickname",
    "state",
    "settings",
    "prefs",
    "history_for_new_members",
    "notify",
    "description",
    "name",
    "query",
    "invites",
    "pins",
    "found",
    "entry",
    "emoji",
    "forward",
    "forwarded",
    "media",
    "unknown",
];

fn payloads() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = HUGE.iter().map(|huge| huge.to_vec()).collect();
    for field in FIELDS {
        for huge in HUGE {
            let mut payload = vec![0x81, 0xa0 | field.len() as u8];
            payload.extend(field.as_bytes());
            payload.extend(huge);
            all.push(payload);
        }
    }
    all
}

#[test]
fn declared_lengths_reserve_nothing_much() {
    let kinds: Vec<u16> = Request::KINDS
        .iter()
        .flat_map(|kind| [*kind, *kind | REPLY])
        .chain(Event::KINDS.iter().copied())
        .chain([HELLO])
        .collect();
    for payload in payloads() {
        for kind in &kinds {
            let frame = Frame {
                kind: *kind,
                flags: 0,
                request_id: 1,
                payload: Bytes::from(payload.clone()),
            };
            let bytes = allocated(|| {
                // Whether it is refused is for other tests; here it must be
                // cheap. All but structs without fields do refuse it.
                let _ = Request::decode(&frame);
                let _ = Reply::decode(&frame);
                let _ = Event::decode(&frame);
                let _ = frame.decode::<Hello>();
                let _ = frame.decode::<Welcome>();
            });
            assert!(bytes < BOUND, "{kind:#06x} {payload:x?}: {bytes} bytes");
        }
        for kind in kind::ALL.iter().map(|(kind, _)| *kind).chain([0, 60_000]) {
            let bytes = allocated(|| {
                Body::decode(kind, &payload);
            });
            assert!(bytes < BOUND, "body {kind} {payload:x?}: {bytes} bytes");
        }
    }
}

#[test]
fn a_huge_prefix_reserves_nothing() {
    let bytes = allocated(|| {
        let mut decoder = FrameDecoder::new();
        decoder.extend(&(1_u32 << 30).to_be_bytes());
        assert!(decoder.next_frame().is_err());
    });
    assert!(bytes < 1024, "{bytes} bytes");
}

#[test]
fn a_frame_that_waits_holds_what_arrived() {
    let mut decoder = FrameDecoder::new();
    let bytes = allocated(|| {
        decoder.extend(&(200_u32 << 10).to_be_bytes());
        decoder.extend(&[0; 100]);
        assert_eq!(decoder.next_frame(), Ok(None));
    });
    assert!(
        bytes < 1024,
        "{bytes} bytes for a frame of which 100 arrived"
    );
}

#[test]
fn an_idle_decoder_holds_nothing() {
    let mut decoder = FrameDecoder::new();
    let message = proto::codec::encode(HELLO, 1, &vec![0_u64; 1000]).unwrap();
    decoder.extend(&message.stream());
    assert!(decoder.next_frame().unwrap().is_some());
    assert_eq!(decoder.pending(), 0);
    // The buffer went with the frame: more bytes allocate anew.
    assert!(allocated(|| decoder.extend(b"x")) > 0);
}
