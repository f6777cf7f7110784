//! Decoding by whatever a frame says it is, as a peer that knows everything.

use proto::codec::{CodecError, Frame};
use proto::error::WireError;
use proto::event::Event;
use proto::hello::{HELLO, Hello, WELCOME, Welcome};
use proto::request::{REFUSAL, Reply, Request};

/// What a frame turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Any {
    Hello(Hello),
    Welcome(Welcome),
    Request(Request),
    Reply(Reply),
    Event(Event),
    Refusal(WireError),
    Unknown,
}

pub(crate) fn decode(frame: &Frame) -> Result<Any, CodecError> {
    Ok(match frame.kind {
        HELLO => Any::Hello(frame.decode()?),
        WELCOME => Any::Welcome(frame.decode()?),
        REFUSAL => Any::Refusal(frame.decode()?),
        _ => {
            if let Some(request) = Request::decode(frame)? {
                Any::Request(request)
            } else if let Some(reply) = Reply::decode(frame)? {
                Any::Reply(reply)
            } else if let Some(event) = Event::decode(frame)? {
                Any::Event(event)
            } else {
                Any::Unknown
            }
        }
    })
}
