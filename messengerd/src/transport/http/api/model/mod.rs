//! The shapes of what is answered. Every key is always present: what is missing
//! is `null`, an empty list `[]`, an empty text `""`.

mod chat;
mod contact;
mod message;
mod session;
mod time;
mod user;

pub use self::chat::{Chat, ChatInvite, ChatMember, ChatSettings};
pub use self::contact::Contact;
pub use self::message::{Message, Reaction};
pub use self::session::Session;
pub use self::time::Time;
pub use self::user::{User, UserAnswer};
