//! Pictures of people and chats.

use bytes::Bytes;
use proto::digest::Digest;
use proto::error::WireError;
use proto::limits;
use proto::request::{Done, SetAvatar};

use super::{Caller, Service, bad_request, too_large};
use crate::store::people::AvatarRecord;

impl Service {
    pub(super) async fn set_avatar(
        &self,
        caller: &Caller,
        request: SetAvatar,
    ) -> Result<Done, WireError> {
        let picture = request.image.map(picture).transpose()?;
        match request.chat {
            Some(chat) => self.set_chat_avatar(caller, chat, picture).await,
            None => self.set_own_avatar(caller, picture).await,
        }
    }
}

/// A picture as it is kept, from bytes that somebody says are one.
pub(crate) fn picture(image: Bytes) -> Result<AvatarRecord, WireError> {
    if image.len() > limits::AVATAR_BYTES {
        return Err(too_large("bytes of a picture", limits::AVATAR_BYTES));
    }
    let mime = sniff(&image)
        .ok_or_else(|| bad_request("a picture has to be a PNG, JPEG, GIF or WebP file"))?;
    Ok(AvatarRecord {
        hash: Digest(*blake3::hash(&image).as_bytes()),
        mime,
        image,
    })
}

/// The type of a picture by how it begins: names and declared types are not
/// looked at.
fn sniff(image: &[u8]) -> Option<&'static str> {
    match image {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, _, ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, _, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', _, ..] => Some("image/gif"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            _,
            ..,
        ] => Some("image/webp"),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_known_by_their_content() {
        let mime = |bytes: &[u8]| picture(Bytes::copy_from_slice(bytes)).map(|known| known.mime);
        assert_eq!(mime(b"\x89PNG\r\n\x1a\nIHDR").unwrap(), "image/png");
        assert_eq!(mime(b"\xff\xd8\xff\xe0").unwrap(), "image/jpeg");
        assert_eq!(mime(b"GIF89a\x01").unwrap(), "image/gif");
        assert_eq!(mime(b"RIFF\x10\0\0\0WEBPVP8 ").unwrap(), "image/webp");
        for other in [
            &b""[..],
            b"\x89PNG\r\n\x1a\n",
            b"<svg>",
            b"RIFF\x10\0\0\0WAVEfmt ",
        ] {
            assert_eq!(mime(other).unwrap_err().code.as_str(), "bad_request");
        }
    }

    #[test]
    fn a_picture_has_a_limit() {
        let mut bytes = b"\xff\xd8\xff\xe0".to_vec();
        bytes.resize(limits::AVATAR_BYTES, 0);
        picture(bytes.clone().into()).unwrap();
        bytes.push(0);
        let refused = picture(bytes.into()).unwrap_err();
        assert_eq!(refused.code.as_str(), "too_large");
    }
}
