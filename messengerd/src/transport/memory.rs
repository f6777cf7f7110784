//! A pair of connected ends in memory, for tests.

use std::io;

use proto::codec::{Encoded, Frame};
use tokio::sync::mpsc;

use crate::session::connection::{ConnectionError, FrameReader, FrameWriter};

/// The incoming half.
pub struct MemoryReader(mpsc::Receiver<Encoded>);
/// The outgoing half; `None` once closed.
pub struct MemoryWriter(Option<mpsc::Sender<Encoded>>);

/// Two ends; each holds up to `capacity` frames in flight.
pub fn pair(capacity: usize) -> ((MemoryReader, MemoryWriter), (MemoryReader, MemoryWriter)) {
    let (to_left, from_right) = mpsc::channel(capacity);
    let (to_right, from_left) = mpsc::channel(capacity);
    let left = (MemoryReader(from_right), MemoryWriter(Some(to_right)));
    let right = (MemoryReader(from_left), MemoryWriter(Some(to_left)));
    (left, right)
}

impl FrameReader for MemoryReader {
    async fn recv(&mut self) -> Result<Option<Frame>, ConnectionError> {
        match self.0.recv().await {
            Some(encoded) => Ok(Some(Frame::from_message(encoded.message())?)),
            None => Ok(None),
        }
    }
}

impl FrameWriter for MemoryWriter {
    async fn send(&mut self, frames: &[Encoded]) -> io::Result<()> {
        let sender = self.0.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        for frame in frames {
            sender
                .send(frame.clone())
                .await
                .map_err(|_| io::ErrorKind::BrokenPipe)?;
        }
        Ok(())
    }

    async fn close(&mut self) {
        self.0 = None;
    }
}
