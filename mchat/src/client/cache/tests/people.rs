//! Names, contacts, one's own settings of chats.

use proto::entry::{AccountEntry, MemberBanned, account_kind};
use proto::request::{Contact, ContactState, NotifyLevel};

use super::*;

fn contact(state: ContactState, nickname: Option<&str>) -> Contact {
    Contact {
        user: User::new(OTHER, "other"),
        nickname: nickname.map(Into::into),
        state,
        blocked: false,
        since: 5,
    }
}

fn private(n: u128) -> ChatInfo {
    ChatInfo {
        kind: ChatKind::Private,
        name: None,
        ..info(n, "")
    }
}

#[test]
fn a_person_is_shown_by_nickname_else_names_else_user_name() {
    let (_dir, mut db) = open();
    db.apply(&[Write::Infos(vec![private(0)]), entries(0, 1, 1)])
        .unwrap();
    let title = |db: &mut Db| {
        let row = db.chats().unwrap().remove(0);
        let members = db.members_of(chat(0)).unwrap();
        assert_eq!(members[1].name, row.title);
        assert_eq!(members[1].username, "other");
        assert_eq!(row.last.unwrap().actor_name, row.title);
        row.title
    };
    assert_eq!(title(&mut db), "other");
    let mut user = User::new(OTHER, "other");
    (user.first_name, user.last_name, user.rev) = ("Olga".into(), "P.".into(), 2);
    db.apply(&[Write::Users(vec![user.clone()])]).unwrap();
    assert_eq!(title(&mut db), "Olga P.");
    let contacts = vec![contact(ContactState::Mutual, Some("Olya"))];
    db.apply(&[Write::Contacts { contacts, at: 0 }]).unwrap();
    assert_eq!(title(&mut db), "Olya");
    // What is older than what is known does not undo it.
    db.apply(&[Write::Infos(vec![private(0)])]).unwrap();
    db.apply(&[Write::Contacts {
        contacts: Vec::new(),
        at: 0,
    }])
    .unwrap();
    assert_eq!(title(&mut db), "Olga P.");
    assert!(db.contacts().unwrap().is_empty());
}

#[test]
fn a_change_that_was_not_fetched_is_remembered() {
    let (dir, mut db) = open();
    let entry = |seq, kind| AccountEntry {
        seq,
        kind,
        at: 0,
        chat: Some(chat(0)),
        session: None,
        user: None,
    };
    let contacts = vec![contact(ContactState::Incoming, None)];
    db.apply(&[
        Write::Infos(vec![info(0, "g")]),
        Write::Account(vec![entry(1, account_kind::CONTACT_CHANGED)]),
        Write::Contacts { contacts, at: 1 },
    ])
    .unwrap();
    assert!(!db.stored().unwrap().contacts_stale);
    assert_eq!(db.contacts().unwrap()[0].state, ContactState::Incoming);
    db.apply(&[Write::Account(vec![
        entry(2, account_kind::CONTACT_CHANGED),
        entry(3, account_kind::CHAT_PREFS_CHANGED),
    ])])
    .unwrap();
    drop(db);
    let db = Db::open(dir.path()).unwrap();
    assert!(db.stored().unwrap().contacts_stale);
    assert_eq!(db.chat_states().unwrap()[0].info_rev, -1);
}

#[test]
fn a_chat_shows_what_is_set_for_it() {
    let (_dir, mut db) = open();
    let mut described = info(0, "g");
    described.description = "about".into();
    described.settings.message_retention = 7;
    described.members[0].role = Role::Moderator;
    described.members[0].muted_until = Some(9);
    described.prefs = ChatPrefs {
        notify: NotifyLevel::Mentions,
        muted_until: 8,
        hidden_upto: 2,
    };
    described.head = head(0, 2);
    db.apply(&[Write::Infos(vec![described])]).unwrap();
    let row = db.chat(chat(0)).unwrap().unwrap();
    assert_eq!(row.description, "about");
    assert_eq!(row.settings.message_retention, 7);
    assert_eq!((row.role, row.silenced_until), (Role::Moderator, 9));
    assert_eq!((row.notify, row.muted_until), (NotifyLevel::Mentions, 8));
    assert!(row.hidden);
    db.apply(&[entries(0, 1, 3)]).unwrap();
    assert!(
        !db.chat(chat(0)).unwrap().unwrap().hidden,
        "something new came"
    );
}

#[test]
fn a_public_chat_that_is_looked_at_is_not_in_the_list() {
    let (_dir, mut db) = open();
    let mut visited = info(0, "public");
    (visited.kind, visited.joined) = (ChatKind::Public, false);
    db.apply(&[Write::Infos(vec![visited])]).unwrap();
    assert!(db.chats().unwrap().is_empty());
    assert!(!db.chat(chat(0)).unwrap().unwrap().joined);
    assert!(!db.chat_states().unwrap()[0].joined);
    db.apply(&[Write::Heads(vec![head(0, 1)])]).unwrap();
    assert_eq!(db.chats().unwrap()[0].kind, ChatKind::Public);
}

#[test]
fn who_is_banned_and_no_member_any_more_has_a_name() {
    let (_dir, mut db) = open();
    let gone = UserId(Uuid::from_u128(77));
    let body = Body::MemberBanned(MemberBanned {
        user: gone,
        on: true,
    });
    let (kind, body) = body.encode().unwrap();
    let banned = Entry {
        kind,
        body,
        ..entry(0, 2, ME)
    };
    let entries = Write::Entries {
        chat: chat(0),
        entries: vec![entry(0, 1, ME), banned],
        floor: 0,
        live: true,
        backfill: false,
    };
    let applied = db.apply(&[entries]).unwrap();
    assert!(applied.nameless.contains(&gone));
    let subjects = |db: &mut Db| {
        let timeline = db.timeline(chat(0), Anchor::Latest, 10).unwrap();
        timeline.entries[1].subjects.clone()
    };
    assert_eq!(subjects(&mut db), []);
    db.put_users(&[User::new(gone, "dora")]).unwrap();
    assert_eq!(subjects(&mut db), [(gone, "dora".to_owned())]);
}
