//! Everything a peer decodes from the bytes of another one. The first byte
//! chooses how the rest arrives in pieces.
//!
//! Run with `make fuzz`, which starts from the golden frames.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use proto::codec::{Frame, FrameDecoder};
use proto::entry::{Body, kind};
use proto::error::WireError;
use proto::event::Event;
use proto::hello::{HELLO, Hello, WELCOME, Welcome};
use proto::request::{REFUSAL, Reply, Request};
use proto::text::{
    Emoji, is_steering, mentions, printable_line, printable_text, search_words, username_key,
};

fuzz_target!(|data: &[u8]| {
    let Some((&pieces, data)) = data.split_first() else {
        return;
    };
    as_stream(data, usize::from(pieces) + 1);
    if let Ok(frame) = Frame::from_message(Bytes::copy_from_slice(data)) {
        read(&frame);
    }
    for (kind, _) in kind::ALL {
        body(*kind, data);
    }
    let text = String::from_utf8_lossy(data);
    assert!(!printable_line(&text).chars().any(is_steering));
    assert!(
        !printable_text(&text)
            .chars()
            .any(|c| c != '\n' && is_steering(c))
    );
    found(&text);
});

/// What is found in a text is in the form in which it is compared.
fn found(text: &str) {
    for word in search_words(text) {
        assert_eq!(search_words(&word), [word]);
    }
    for name in mentions(text) {
        assert_eq!(username_key(&name), name);
    }
    if let Ok(emoji) = Emoji::try_from(text) {
        assert!(!emoji.as_str().chars().any(is_steering));
    }
}

/// The same bytes give the same frames however they are cut.
fn as_stream(data: &[u8], piece: usize) {
    let mut whole = FrameDecoder::new();
    whole.extend(data);
    let mut pieces = FrameDecoder::new();
    for chunk in data.chunks(piece) {
        pieces.extend(chunk);
        while let Ok(Some(frame)) = pieces.next_frame() {
            assert_eq!(whole.next_frame(), Ok(Some(frame.clone())));
            read(&frame);
        }
    }
    assert_eq!(whole.next_frame(), pieces.next_frame());
}

/// What can be read can be written, and then reads as the same.
fn read(frame: &Frame) {
    match frame.kind {
        HELLO => drop(frame.decode::<Hello>()),
        WELCOME => drop(frame.decode::<Welcome>()),
        REFUSAL => drop(frame.decode::<WireError>()),
        _ => {}
    }
    if let Ok(Some(request)) = Request::decode(frame)
        && let Ok(encoded) = request.encode(frame.request_id)
        && let Ok(again) = Frame::from_message(encoded.message())
    {
        assert_eq!(Request::decode(&again), Ok(Some(request)));
    }
    if let Ok(Some(reply)) = Reply::decode(frame)
        && let Ok(encoded) = reply.encode(frame.request_id)
        && let Ok(again) = Frame::from_message(encoded.message())
    {
        assert_eq!(Reply::decode(&again), Ok(Some(reply)));
    }
    if let Ok(Some(event)) = Event::decode(frame)
        && let Ok(encoded) = event.encode()
        && let Ok(again) = Frame::from_message(encoded.message())
    {
        if let Event::Entry(entry) = &event {
            body(entry.entry.kind, &entry.entry.body);
        }
        assert_eq!(Event::decode(&again), Ok(Some(event)));
    }
}

fn body(kind: u16, bytes: &[u8]) {
    let body = Body::decode(kind, bytes);
    if let Ok((kind, again)) = body.encode() {
        assert_eq!(Body::decode(kind, &again), body);
    }
}
