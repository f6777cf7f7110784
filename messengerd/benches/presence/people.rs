//! People with a session each that counts what it is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::join_all;
use messengerd::service::Caller;
use messengerd::service::hub::{Listener, SharedListener};
use messengerd::service::news::News;
use messengerd::store::{Actor, Admission, NewChat, NewUser};
use proto::error::WireError;
use proto::id::{ChatId, EntryId, SessionId, UserId};
use proto::request::ChatKind;
use proto::text::{ChatName, Username};

use crate::kit::{self, Node, Shelf};

/// Members of a small group.
const FEW: usize = 10;
/// Small groups that each is in.
const GROUPS: usize = 3;

/// How people are acquainted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum World {
    /// One group of all.
    Large,
    /// Groups of ten, of which each is in three.
    Small,
}

impl World {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Large => "large",
            Self::Small => "small",
        }
    }
}

/// Somebody with one session.
pub(crate) struct Person {
    pub(crate) actor: Actor,
    caller: Caller,
    ear: Arc<Ear>,
}

impl Person {
    /// Connects as a client does.
    pub(crate) async fn come(&self, node: &Node) {
        let listener: SharedListener = self.ear.clone();
        let presence = node.service.presence();
        let came = presence.connected(self.actor);
        node.service.go_live(&self.caller, &listener).await.unwrap();
        presence.announce(self.actor, came).await.unwrap();
    }

    pub(crate) fn go(&self, node: &Node) {
        let listener: SharedListener = self.ear.clone();
        node.receiver.hub().detach(&listener);
        node.service.presence().disconnected(self.actor.id, false);
    }

    /// Events told so far.
    pub(crate) fn told(&self) -> u64 {
        self.ear.told.load(Ordering::Relaxed)
    }
}

struct Ear {
    user: UserId,
    session: SessionId,
    told: AtomicU64,
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
        self.told.fetch_add(1, Ordering::Relaxed);
    }

    fn end(&self, why: WireError) {
        panic!("a session was ended: {why:?}");
    }
}

/// Accounts and their groups.
pub(crate) async fn make(shelf: &Shelf, world: World, size: usize) -> Vec<Person> {
    let mut people = Vec::with_capacity(size);
    for number in 0..size {
        people.push(person(shelf, number));
    }
    let people = join_all(people).await;
    let members: Vec<Vec<Actor>> = match world {
        World::Large => vec![people.iter().map(|person| person.actor).collect()],
        // Neighbours, then those who are a stride apart: groups share no pairs.
        World::Small => (0..GROUPS)
            .flat_map(|round| {
                let stride = FEW.pow(round as u32);
                let mut order: Vec<usize> = (0..size).collect();
                order.sort_by_key(|at| (at / (stride * FEW), at % stride, at / stride % FEW));
                order
                    .chunks(FEW)
                    .map(|group| group.iter().map(|at| people[*at].actor).collect())
                    .collect::<Vec<_>>()
            })
            .collect(),
    };
    join_all(members.into_iter().map(|members| group(shelf, members))).await;
    people
}

async fn person(shelf: &Shelf, number: usize) -> Person {
    let username = Username::try_from(format!("person{number}")).unwrap();
    let session = kit::session();
    let id = session.id;
    let user = NewUser {
        id: UserId::generate(),
        username: username.clone(),
        email: None,
        password_hash: String::new(),
        admission: Admission::Open {
            first_is_admin: true,
        },
        at: 1,
    };
    let user = shelf.store.create_user(user, session).await.unwrap();
    let actor = kit::actor(&user);
    Person {
        actor,
        caller: Caller {
            actor,
            username: username.to_string(),
            session: id,
            admin: false,
        },
        ear: Arc::new(Ear {
            user: user.id,
            session: id,
            told: AtomicU64::new(0),
        }),
    }
}

async fn group(shelf: &Shelf, members: Vec<Actor>) {
    let chat = NewChat {
        id: ChatId::generate(),
        kind: ChatKind::Group,
        name: Some(ChatName::try_from("group").unwrap()),
        description: None,
        creator: members[0],
        others: members[1..].to_vec(),
        entry: EntryId::generate(),
        at: 1,
    };
    shelf.store.create_chat(chat).await.unwrap();
}
