//! Messages for one who asks: all people, replied-to messages and cursors of a
//! page are looked up at once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use proto::Seq;
use proto::entry::Body;
use proto::id::{ChatId, UserId};
use proto::request::{ChatKind, Media};

use super::super::error::ApiResult;
use super::super::model::{Message, Reaction, Time, User};
use super::{People, called};
use crate::service::{Caller, Service};
use crate::store::CursorRecord;
use crate::store::timeline::MessageRecord;

/// How far the members of a chat are who are farthest behind.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Receipts {
    read: Slowest,
    delivered: Slowest,
}

/// The two who are farthest behind: of one's own messages one does not count.
#[derive(Debug, Clone, Copy, Default)]
struct Slowest {
    first: Option<(Seq, UserId)>,
    second: Option<Seq>,
}

impl Slowest {
    fn add(&mut self, seq: Seq, user: UserId) {
        match self.first {
            Some((least, _)) if seq >= least => {
                self.second = Some(self.second.map_or(seq, |second| second.min(seq)));
            }
            Some((least, _)) => {
                self.second = Some(least);
                self.first = Some((seq, user));
            }
            None => self.first = Some((seq, user)),
        }
    }

    /// How far all others are; none where there is nobody else.
    fn but(self, author: UserId) -> Option<Seq> {
        match self.first {
            Some((_, user)) if user == author => self.second,
            first => first.map(|(seq, _)| seq),
        }
    }
}

impl Receipts {
    /// Of all present members.
    pub(in super::super) fn new(cursors: &[CursorRecord]) -> Self {
        let mut receipts = Self::default();
        for cursor in cursors {
            receipts.read.add(cursor.shown.read, cursor.user_id);
            receipts
                .delivered
                .add(cursor.shown.delivered, cursor.user_id);
        }
        receipts
    }

    /// What everybody but the author has of a message.
    pub(super) fn status(&self, author: UserId, seq: Seq) -> &'static str {
        status(
            self.delivered.but(author).unwrap_or(0),
            self.read.but(author).unwrap_or(0),
            seq,
        )
    }
}

/// The status of a message where all others have received and read so far.
pub(super) fn status(delivered: Seq, read: Seq, seq: Seq) -> &'static str {
    if read >= seq {
        "read"
    } else if delivered >= seq {
        "delivered"
    } else {
        "sent"
    }
}

/// Messages of any chats, in the same order. Who is asked about must be able
/// to read them.
///
/// # Errors
///
/// Where the store fails.
pub(in super::super) async fn messages(
    service: &Service,
    caller: &Caller,
    records: &[MessageRecord],
) -> ApiResult<Vec<Message>> {
    let mut receipts: HashMap<ChatId, Receipts> = HashMap::new();
    for record in records {
        if let Entry::Vacant(place) = receipts.entry(record.chat) {
            let cursors = service.cursors_of(record.chat_no).await?;
            place.insert(Receipts::new(&cursors));
        }
    }
    let pages = Pages::look_up(service, caller, records).await?;
    let messages = records.iter().map(|record| {
        let author = record.entry.actor;
        let status = receipts
            .get(&record.chat)
            .map_or("sent", |receipts| receipts.status(author, record.entry.seq));
        pages.message(record, status)
    });
    Ok(messages.collect())
}

/// One message.
///
/// # Errors
///
/// Where the store fails.
pub(in super::super) async fn message(
    service: &Service,
    caller: &Caller,
    record: MessageRecord,
) -> ApiResult<Message> {
    let mut messages = messages(service, caller, std::slice::from_ref(&record)).await?;
    messages
        .pop()
        .ok_or_else(|| proto::error::ErrorCode::Internal.into())
}

/// What the messages of some pages refer to.
pub(super) struct Pages {
    people: People,
    replied: HashMap<(ChatId, Seq), MessageRecord>,
    /// The two of each private chat.
    pairs: HashMap<ChatId, Vec<UserId>>,
}

impl Pages {
    /// Looks everything up that these refer to.
    pub(super) async fn look_up(
        service: &Service,
        caller: &Caller,
        records: &[MessageRecord],
    ) -> ApiResult<Self> {
        let mut wanted: HashMap<ChatId, Vec<Seq>> = HashMap::new();
        let mut pairs = HashMap::new();
        for record in records {
            let seqs = wanted.entry(record.chat).or_default();
            seqs.extend(record.entry.ref_seq);
        }
        let mut replied = HashMap::new();
        for (chat, seqs) in wanted {
            let access: Option<Arc<_>> = service.chat_known(chat).await?;
            if let Some(access) = access.filter(|access| access.kind == ChatKind::Private) {
                pairs.insert(chat, access.users().collect::<Vec<_>>());
            }
            if !seqs.is_empty() {
                let found = service.messages_seen(caller, chat, seqs).await?;
                replied.extend(
                    found
                        .into_iter()
                        .map(|found| ((chat, found.entry.seq), found)),
                );
            }
        }
        let mut ids: Vec<UserId> = pairs.values().flatten().copied().collect();
        for record in records.iter().chain(replied.values()) {
            ids.push(record.entry.actor);
            ids.extend(record.reactions.iter().map(|reaction| reaction.user));
        }
        let people = People::look_up(service, caller, ids).await?;
        Ok(Self {
            people,
            replied,
            pairs,
        })
    }

    /// One of them.
    pub(super) fn message(&self, record: &MessageRecord, status: &'static str) -> Message {
        let mut message = self.plain(record, status);
        let others = self.pairs.get(&record.chat).into_iter().flatten();
        let mut others = others.filter(|user| **user != record.entry.actor);
        if let Some(other) = others.next() {
            message.receiver_id = Some(other.0);
            message.receiver = self.people.get(*other).cloned();
        }
        let replied = record
            .entry
            .ref_seq
            .and_then(|seq| self.replied.get(&(record.chat, seq)));
        if let Some(replied) = replied {
            message.reply_to_id = Some(replied.entry.id.0);
            message.reply_to = Some(Box::new(self.plain(replied, "sent")));
        }
        message
    }

    fn person(&self, id: UserId) -> User {
        self.people
            .get(id)
            .cloned()
            .unwrap_or_else(|| User::nobody(id))
    }

    fn plain(&self, record: &MessageRecord, status: &'static str) -> Message {
        let entry = &record.entry;
        let written = match Body::decode(entry.kind, &entry.body) {
            Body::Message(message) => message,
            // Kept by the store as a message, so it is one of a newer version.
            _ => proto::entry::Message::new(""),
        };
        let sender = self.person(entry.actor);
        let edited = record.edited.as_ref().filter(|_| !written.deleted);
        let content = match edited {
            Some(edit) => edit.text.clone(),
            None => written.text,
        };
        let reactions = record.reactions.iter().map(|reaction| Reaction {
            id: reaction.id.0,
            message_id: entry.id.0,
            user_id: reaction.user.0,
            emoji: reaction.emoji.clone(),
            created_at: Time(reaction.at),
            user: self.person(reaction.user),
        });
        Message {
            id: entry.id.0,
            seq: entry.seq,
            sender_id: entry.actor.0,
            receiver_id: None,
            chat_id: record.chat.0,
            content,
            kind: kind(written.media).to_owned(),
            status: status.to_owned(),
            is_edited: edited.is_some(),
            reply_to_id: None,
            created_at: Time(entry.at),
            updated_at: Time(edited.map_or(entry.at, |edit| edit.at)),
            sender_name: called(&sender),
            sender,
            receiver: None,
            chat: None,
            reply_to: None,
            replies: Vec::new(),
            files: Vec::new(),
            reactions: reactions.collect(),
            deleted: written.deleted,
            edited_at: edited.map(|edit| Time(edit.at)),
            pinned: record.pinned,
            forwarded_from: written.forwarded.map(|forwarded| forwarded.user.0),
            highlight: None,
        }
    }
}

/// The word for what a message is.
pub(in super::super) fn kind(media: Option<Media>) -> &'static str {
    match media {
        None | Some(Media::Unknown) => "text",
        Some(media) => media.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_but_the_author_has_to_have_it() {
        let users: Vec<UserId> = (0..3).map(|_| UserId::generate()).collect();
        let mut slowest = Slowest::default();
        assert_eq!(slowest.but(users[0]), None);
        for (user, seq) in users.iter().zip([5, 3, 7]) {
            slowest.add(seq, *user);
        }
        assert_eq!(slowest.but(users[0]), Some(3));
        assert_eq!(slowest.but(users[1]), Some(5));
        assert_eq!(slowest.but(users[2]), Some(3));
        assert_eq!(
            [(0, 0), (4, 3), (4, 4)].map(|(delivered, read)| status(delivered, read, 4)),
            ["sent", "delivered", "read"]
        );
    }
}
