//! Every bound of the protocol. A peer that exceeds one is refused with
//! [`ErrorCode::TooLarge`](crate::error::ErrorCode::TooLarge) or, where the
//! stream can no longer be trusted, is disconnected.

/// Largest frame, header included and length prefix excluded, in bytes.
pub const FRAME_BYTES: usize = 256 * 1024;
/// A page of entries or heads is cut before it exceeds this many bytes.
pub const PAGE_BYTES: usize = 192 * 1024;
/// Most entries in one page.
pub const PAGE_ENTRIES: u32 = 1000;
/// Largest text of a message, in bytes of UTF-8.
pub const MESSAGE_BYTES: usize = 64 * 1024;
/// Longest user name, in characters.
pub const USERNAME_CHARS: usize = 64;
/// Longest name of a chat or of a person, in characters.
pub const NAME_CHARS: usize = 64;
/// Longest e-mail address, in bytes (RFC 5321, 4.5.3.1.3).
pub const EMAIL_BYTES: usize = 254;
/// Shortest password, in characters.
pub const PASSWORD_MIN_CHARS: usize = 8;
/// Longest password, in bytes: hashing cost must not be the caller's choice.
pub const PASSWORD_BYTES: usize = 1024;
/// Longest bearer token or invite token, in bytes.
pub const TOKEN_BYTES: usize = 2048;
/// Longest name of a device or client program, in characters.
pub const DEVICE_CHARS: usize = 64;
/// Most users, chats or names in one request.
pub const BATCH: usize = 2000;
/// Most results of a search for people.
pub const SEARCH_RESULTS: u32 = 50;
/// Most capabilities a peer may announce.
pub const CAPABILITIES: usize = 64;
/// Most members of a group.
pub const GROUP_MEMBERS: usize = BATCH;
/// Most members of a public chat.
pub const PUBLIC_MEMBERS: usize = 10_000;
/// Latest time that may be set, but for [`FOREVER`](crate::request::FOREVER)
/// where that is allowed: the end of the year 9999, in milliseconds since 1970.
pub const TIME_MAX: i64 = 253_402_300_799_999;
/// Chats up to this size broadcast each member's cursors.
pub const CURSOR_BROADCAST_MEMBERS: usize = 32;
/// Chats up to this size show their members' presence without being asked.
pub const PRESENCE_MEMBERS: usize = 100;
/// Chats up to this size relay typing.
pub const TYPING_MEMBERS: usize = 200;
/// A typing indicator that is not renewed lapses after this many milliseconds.
pub const TYPING_LAPSE_MS: u64 = 6_000;
/// Entries covered by one block digest.
pub const DIGEST_BLOCK: u64 = 1024;
/// Reads of one session that may run at the same time.
pub const CONCURRENT_READS: usize = 16;
/// Sends of one session that may await their commit at the same time.
pub const OUTSTANDING_SENDS: usize = 1024;

/// Longest text about oneself, in characters.
pub const BIO_CHARS: usize = 500;
/// Longest description of a chat, in characters.
pub const DESCRIPTION_CHARS: usize = 500;
/// Longest words beside a status, in characters.
pub const STATUS_CHARS: usize = 140;
/// Longest reaction, in bytes of UTF-8; a kiss of two people with skin tones
/// takes 35.
pub const EMOJI_BYTES: usize = 64;
/// Largest picture of a person or chat, in bytes.
pub const AVATAR_BYTES: usize = 128 * 1024;
/// Different reactions of one person to one message.
pub const REACTIONS_EACH: usize = 20;
/// Pinned messages of one chat.
pub const PINS: usize = 50;
/// Invite links of one chat that hold at the same time.
pub const CHAT_INVITES: usize = 100;
/// Contacts of one account, blocked people and requests included.
pub const CONTACTS: usize = 5_000;
/// Longest text to search for, in characters.
pub const QUERY_CHARS: usize = 200;
/// Longest retention, in days.
pub const RETENTION_DAYS: u32 = 36_500;
