//! Frames.
//!
//! On a byte stream a frame is `length: u32` (of all that follows) then
//! `type: u16 · flags: u16 · request id: u32 · payload`, big endian. In a
//! WebSocket binary message the same goes without the length. The payload is
//! one MessagePack value: a map with named fields.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::limits::FRAME_BYTES;

/// Bytes of the length prefix on a byte stream.
pub const PREFIX_BYTES: usize = 4;
/// Bytes of the header behind the length prefix.
pub const HEADER_BYTES: usize = 8;

/// Deepest nesting of a payload, unknown fields included: a few bytes must not
/// cost a stack.
const MAX_DEPTH: usize = 64;

/// A frame whose payload is not decoded yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// What the payload is; see [`request`](crate::request) and
    /// [`event`](crate::event).
    pub kind: u16,
    /// Reserved: sent as 0, ignored when read.
    pub flags: u16,
    /// Chosen by the asker, repeated in the answer; 0 for events.
    pub request_id: u32,
    /// One MessagePack value.
    pub payload: Bytes,
}

/// Why bytes are no frame, or a frame's payload is not what its type says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// The frame is larger than [`FRAME_BYTES`].
    #[error("frame of {0} bytes is over the limit of {FRAME_BYTES}")]
    TooLarge(usize),
    /// The frame is shorter than its header.
    #[error("frame of {0} bytes is shorter than its header")]
    TooShort(usize),
    /// The payload is not the MessagePack value that the type promises.
    #[error("malformed payload: {0}")]
    Payload(String),
}

/// A frame encoded once, to be shared by any number of connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded(Bytes);

impl Encoded {
    /// The form for a byte stream, length prefix included.
    pub fn stream(&self) -> Bytes {
        self.0.clone()
    }

    /// The form for a WebSocket binary message.
    pub fn message(&self) -> Bytes {
        self.0.slice(PREFIX_BYTES..)
    }

    /// Bytes on a stream, prefix included.
    #[expect(clippy::len_without_is_empty, reason = "a frame is never empty")]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

/// Encodes a frame.
///
/// # Errors
///
/// [`CodecError::TooLarge`] where the result would exceed the limit,
/// [`CodecError::Payload`] where a value cannot be represented.
pub fn encode<T: Serialize>(
    kind: u16,
    request_id: u32,
    payload: &T,
) -> Result<Encoded, CodecError> {
    let mut buffer = BytesMut::with_capacity(256);
    buffer.put_u32(0);
    buffer.put_u16(kind);
    buffer.put_u16(0);
    buffer.put_u32(request_id);
    let mut writer = buffer.writer();
    rmp_serde::encode::write_named(&mut writer, payload)
        .map_err(|error| CodecError::Payload(error.to_string()))?;
    let mut buffer = writer.into_inner();
    let length = buffer.len() - PREFIX_BYTES;
    if length > FRAME_BYTES {
        return Err(CodecError::TooLarge(length));
    }
    buffer[..PREFIX_BYTES].copy_from_slice(&(length as u32).to_be_bytes());
    Ok(Encoded(buffer.freeze()))
}

/// Encodes a frame whose payload is a map without fields; cannot fail.
pub fn encode_empty(kind: u16, request_id: u32) -> Encoded {
    let mut buffer = BytesMut::with_capacity(PREFIX_BYTES + HEADER_BYTES + 1);
    buffer.put_u32(HEADER_BYTES as u32 + 1);
    buffer.put_u16(kind);
    buffer.put_u16(0);
    buffer.put_u32(request_id);
    // MessagePack: fixmap of length 0.
    buffer.put_u8(0x80);
    Encoded(buffer.freeze())
}

/// Encodes a value as MessagePack with named fields, without a frame: the body
/// of a log entry.
///
/// # Errors
///
/// [`CodecError::Payload`] where a value cannot be represented.
pub fn to_bytes<T: Serialize>(value: &T) -> Result<Bytes, CodecError> {
    rmp_serde::to_vec_named(value)
        .map(Bytes::from)
        .map_err(|error| CodecError::Payload(error.to_string()))
}

/// Decodes one MessagePack value that fills `payload` exactly. Unknown fields
/// are ignored; missing optional ones take their default.
///
/// # Errors
///
/// [`CodecError::Payload`] for anything else.
pub fn decode<T: DeserializeOwned>(payload: &[u8]) -> Result<T, CodecError> {
    let mut reader = rmp_serde::Deserializer::new(payload);
    reader.set_max_depth(MAX_DEPTH);
    let value =
        T::deserialize(&mut reader).map_err(|error| CodecError::Payload(error.to_string()))?;
    match reader.get_ref().len() {
        0 => Ok(value),
        rest => Err(CodecError::Payload(format!(
            "{rest} bytes behind the value"
        ))),
    }
}

/// True for what an absent field is read as, so that it need not be sent. Such
/// a default is part of the protocol and never changes.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl Frame {
    /// Reads a frame from one WebSocket binary message.
    ///
    /// # Errors
    ///
    /// [`CodecError::TooLarge`] and [`CodecError::TooShort`].
    pub fn from_message(mut message: Bytes) -> Result<Self, CodecError> {
        if message.len() > FRAME_BYTES {
            return Err(CodecError::TooLarge(message.len()));
        }
        if message.len() < HEADER_BYTES {
            return Err(CodecError::TooShort(message.len()));
        }
        Ok(Self {
            kind: message.get_u16(),
            flags: message.get_u16(),
            request_id: message.get_u32(),
            payload: message,
        })
    }

    /// Decodes the payload.
    ///
    /// # Errors
    ///
    /// See [`decode`].
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, CodecError> {
        decode(&self.payload)
    }
}

/// Cuts frames out of a byte stream. It holds at most one frame's bytes beyond
/// what it was last given: a frame over the limit is refused by its prefix
/// alone.
#[derive(Debug, Default)]
pub struct FrameDecoder {
    buffer: BytesMut,
}

impl FrameDecoder {
    /// An empty decoder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds bytes that arrived.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Bytes that wait for the rest of their frame.
    pub fn pending(&self) -> usize {
        self.buffer.len()
    }

    /// The next whole frame, or `None` until more bytes arrive.
    ///
    /// # Errors
    ///
    /// [`CodecError::TooLarge`] and [`CodecError::TooShort`]; the stream cannot
    /// be read further after either.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, CodecError> {
        let Some(prefix) = self.buffer.first_chunk::<PREFIX_BYTES>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*prefix) as usize;
        if length > FRAME_BYTES {
            return Err(CodecError::TooLarge(length));
        }
        if length < HEADER_BYTES {
            return Err(CodecError::TooShort(length));
        }
        if self.buffer.len() < PREFIX_BYTES + length {
            return Ok(None);
        }
        self.buffer.advance(PREFIX_BYTES);
        let message = self.buffer.split_to(length).freeze();
        if self.buffer.is_empty() {
            // An idle connection keeps no buffer.
            self.buffer = BytesMut::new();
        }
        Frame::from_message(message).map(Some)
    }
}
