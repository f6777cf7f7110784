//! What the world in memory does when features ask for something.

use mchat::app::deed::{Deed, Fetch, Found};
use mchat::app::message::Msg;
use mchat::client::model::{
    ClientEvent, ContactRow, EditRow, EntryRow, Reaction, ReactionRow, ReceiptRow, SearchPage,
};
use proto::entry::Body;
use proto::id::SessionId;
use proto::request::{
    ChatInvite, ContactState, DirectoryList, OwnSettings, ProfileInfo, PublicChat, SessionInfo,
    Status, User,
};
use proto::text::Token;
use uuid::Uuid;

use crate::world::{BORIS, CLARA, ME, NOON, World, chat};

impl World {
    /// Does it as the client would: shown at once.
    pub(crate) fn carry_out(&mut self, deed: Deed) -> Vec<Msg> {
        let mut changed = None;
        match &deed {
            Deed::Edit { chat, seq, text } => {
                let entry = self.entry_mut(*chat, *seq);
                entry.edited = Some(text.clone());
                entry.edits += 1;
                changed = Some((*chat, *seq));
            }
            Deed::Delete { chat, seq } => {
                let entry = self.entry_mut(*chat, *seq);
                entry.deleted = true;
                entry.reactions.clear();
                changed = Some((*chat, *seq));
            }
            Deed::React {
                chat,
                seq,
                emoji,
                on,
            } => {
                let entry = self.entry_mut(*chat, *seq);
                entry.reactions.retain(|other| other.emoji != *emoji);
                if *on {
                    entry.reactions.push(Reaction {
                        emoji: emoji.clone(),
                        count: 1,
                        mine: true,
                        names: Vec::new(),
                    });
                }
                changed = Some((*chat, *seq));
            }
            Deed::Pin { chat, seq, on } => {
                self.entry_mut(*chat, *seq).pinned = *on;
                changed = Some((*chat, *seq));
            }
            _ => {}
        }
        let result = Ok(());
        let mut answers = vec![Msg::DeedDone { deed, result }];
        if let Some((chat, seq)) = changed {
            let seqs = vec![seq];
            answers.push(Msg::Client(ClientEvent::Changed { chat, seqs }));
        }
        answers
    }

    pub(crate) fn entry_mut(&mut self, chat: proto::id::ChatId, seq: u64) -> &mut EntryRow {
        let entries = self.entries.get_mut(&chat).unwrap();
        entries.iter_mut().find(|entry| entry.seq == seq).unwrap()
    }

    pub(crate) fn find_out(&mut self, fetch: Fetch) -> Vec<Msg> {
        let found = match &fetch {
            Fetch::Contacts => Found::Contacts(self.contacts.clone()),
            Fetch::History(..) => Found::Texts(vec![
                EditRow {
                    seq: 2,
                    at: NOON - 60_000,
                    text: "first words".to_owned(),
                },
                EditRow {
                    seq: 5,
                    at: NOON,
                    text: "second words".to_owned(),
                },
            ]),
            Fetch::Reactions(..) => Found::Reactions(vec![ReactionRow {
                user: BORIS,
                name: "Борис".to_owned(),
                emoji: "👍".to_owned(),
                at: NOON,
            }]),
            Fetch::Receipts(..) => Found::Receipts(vec![
                ReceiptRow {
                    user: BORIS,
                    name: "Борис".to_owned(),
                    delivered: true,
                    read: true,
                },
                ReceiptRow {
                    user: CLARA,
                    name: "clara".to_owned(),
                    delivered: true,
                    read: false,
                },
            ]),
            Fetch::Pins(chat) => {
                let all = self.entries.get(chat).cloned().unwrap_or_default();
                Found::Entries(all.into_iter().filter(|entry| entry.pinned).collect())
            }
            Fetch::Invites(to) | Fetch::NewInvite { chat: to, .. } => {
                let invite = ChatInvite {
                    id: Uuid::from_u128(7),
                    chat: *to,
                    by: ME,
                    token: Token::try_from("abcdefgh".to_owned()).unwrap(),
                    created_at: NOON,
                    expires_at: None,
                    max_uses: Some(5),
                    uses: 2,
                };
                let link = "mchat://localhost:8443/?fp=00ff&chat=abcdefgh".to_owned();
                Found::Invites(vec![(invite, link)])
            }
            Fetch::Banned(_) => Found::Users(vec![User::new(CLARA, "clara")]),
            Fetch::Directory(_) => Found::Directory(DirectoryList {
                chats: vec![PublicChat {
                    id: chat(5),
                    name: "Rust".to_owned(),
                    description: "A language".to_owned(),
                    avatar: None,
                    members: 42,
                    joined: false,
                }],
                more: false,
            }),
            Fetch::People(query) => {
                let people = self.people.iter();
                let found = people.filter(|user| user.username.contains(query.as_str()));
                Found::Users(found.cloned().collect())
            }
            Fetch::Profile(who) => Found::Profile(Box::new(ProfileInfo {
                user: match who {
                    Some(_) => User::new(BORIS, "Борис"),
                    None => User::new(ME, "anna"),
                },
                bio: "Likes tents".to_owned(),
                created_at: NOON,
                status: Status::Busy,
                status_text: "writing".to_owned(),
                status_until: None,
                own: who.is_none().then_some(OwnSettings {
                    email: None,
                    receipts: true,
                }),
            })),
            Fetch::Sessions => {
                let session = |number, device: &str, current| SessionInfo {
                    id: SessionId(Uuid::from_u128(number)),
                    device: device.to_owned(),
                    created_at: NOON,
                    last_used: NOON,
                    current,
                };
                Found::Sessions(vec![session(1, "laptop", true), session(2, "phone", false)])
            }
            Fetch::Messages { query, chat, .. } => {
                let all = self.entries.values().flatten();
                let mut hits: Vec<EntryRow> = all
                    .filter(|entry| chat.is_none_or(|chat| entry.chat == chat))
                    .filter(|entry| {
                        matches!(entry.body, Body::Message(_))
                            && entry
                                .text()
                                .is_some_and(|text| text.contains(query.as_str()))
                    })
                    .cloned()
                    .collect();
                hits.sort_by_key(|hit| std::cmp::Reverse((hit.at, hit.seq)));
                Found::Page(SearchPage {
                    hits,
                    more: false,
                    next: None,
                    from: self.searched,
                    behind: 0,
                })
            }
            Fetch::Reach(chat, seq) => {
                let from = self.cached_from.entry(*chat).or_insert(1);
                *from = (*from).min(*seq);
                Found::Reached(true)
            }
        };
        let result = Ok(found);
        vec![Msg::Fetched { fetch, result }]
    }

    /// A contact of Anna's.
    pub(crate) fn contact(&mut self, user: proto::id::UserId, name: &str, state: ContactState) {
        self.contacts.push(ContactRow {
            user,
            username: name.to_owned(),
            name: name.to_owned(),
            nickname: None,
            avatar: None,
            state,
            blocked: false,
            since: NOON,
        });
    }
}
