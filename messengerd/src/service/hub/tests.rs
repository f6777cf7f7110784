//! Who hears a chat, when joins and leaves come at odd moments.

use std::sync::Mutex;

use proto::entry::{AccountEntry, account_kind};
use proto::event::TypingChanged;

use super::*;

struct Ear {
    user: UserId,
    session: SessionId,
    heard: Mutex<usize>,
}

impl Listener for Ear {
    fn is_live(&self) -> bool {
        true
    }
    fn user(&self) -> UserId {
        self.user
    }
    fn session(&self) -> SessionId {
        self.session
    }
    fn push(&self, _news: &Arc<News>) {
        *self.heard.lock().unwrap() += 1;
    }
    fn end(&self, _why: WireError) {}
}

struct World {
    hub: Hub,
    user: UserId,
    chat: ChatId,
}

impl World {
    fn new() -> Self {
        Self {
            hub: Hub::new(),
            user: UserId::generate(),
            chat: ChatId::generate(),
        }
    }

    fn attach(&self) -> (Arc<Ear>, SharedListener) {
        let ear = Arc::new(Ear {
            user: self.user,
            session: SessionId::generate(),
            heard: Mutex::new(0),
        });
        let listener: SharedListener = ear.clone();
        self.hub.attach(&listener);
        (ear, listener)
    }

    fn listen(&self, listener: &SharedListener) {
        let head = Head {
            chat: self.chat,
            seq: 9,
            msg_no: 9,
            floor: 0,
            cursor_rev: 0,
            read: 0,
            read_no: 0,
            delivered: 0,
            acl_rev: 1,
        };
        self.hub.listen(listener, 4, &[head]);
    }

    fn left(&self) -> Signal {
        Signal::Left {
            user: self.user,
            chat: self.chat,
        }
    }

    fn account(&self, kind: u16, seq: Seq) -> Signal {
        let entry = AccountEntry {
            seq,
            kind,
            at: 1,
            chat: Some(self.chat),
            session: None,
            user: None,
        };
        Signal::ToUser {
            user: self.user,
            event: Event::Account(AccountChanged { entry }),
        }
    }

    /// Whether a session hears what happens in the chat.
    fn hears(&self, ear: &Ear) -> bool {
        let before = *ear.heard.lock().unwrap();
        self.hub.deliver(vec![Signal::ToChat {
            chat: self.chat,
            event: Event::Typing(TypingChanged {
                chat: self.chat,
                user: UserId::generate(),
                on: true,
            }),
            except: None,
        }]);
        *ear.heard.lock().unwrap() > before
    }
}

#[test]
fn heads_that_were_read_before_a_removal_do_not_bring_the_chat_back() {
    let world = World::new();
    let (ear, listener) = world.attach();
    // The heads are read here, the removal comes, the heads are used.
    world.hub.deliver(vec![world.left()]);
    world.listen(&listener);
    assert!(!world.hears(&ear));
    // What is read anew counts.
    world.listen(&listener);
    assert!(world.hears(&ear));
}

#[test]
fn who_left_and_joined_again_while_the_heads_were_read_hears() {
    let world = World::new();
    let (ear, listener) = world.attach();
    world.hub.deliver(vec![world.left()]);
    world.hub.deliver(vec![Signal::Joined {
        user: world.user,
        chat: world.chat,
    }]);
    world.listen(&listener);
    assert!(world.hears(&ear));
}

#[test]
fn the_accounts_entry_alone_is_enough_to_leave_and_to_join() {
    let world = World::new();
    let (ear, listener) = world.attach();
    world.listen(&listener);
    assert!(world.hears(&ear));
    world
        .hub
        .deliver(vec![world.account(account_kind::CHAT_LEFT, 5)]);
    assert!(!world.hears(&ear));
    world
        .hub
        .deliver(vec![world.account(account_kind::CHAT_JOINED, 6)]);
    assert!(world.hears(&ear));
}

#[test]
fn among_other_nodes_an_entry_is_told_once() {
    let world = World::new();
    let (ear, listener) = world.attach();
    world.listen(&listener);
    let entry = |seq| {
        let entry = proto::entry::Entry {
            seq,
            kind: proto::entry::kind::MESSAGE,
            id: proto::id::EntryId::generate(),
            msg_no: seq,
            ref_seq: None,
            actor: world.user,
            at: 0,
            body: Default::default(),
        };
        vec![Signal::ToChat {
            chat: world.chat,
            event: Event::Entry(ChatEntry {
                chat: world.chat,
                entry,
            }),
            except: None,
        }]
    };
    world.hub.expect_repeats();
    for seq in [10, 10, 11, 10, 11, 9] {
        world.hub.deliver(entry(seq));
    }
    assert_eq!(*ear.heard.lock().unwrap(), 2);
}
