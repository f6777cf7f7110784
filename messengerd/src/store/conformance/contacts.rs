//! Contacts and blocks, and who learns of them.

use proto::entry::{AccountEntry, account_kind};
use proto::request::ContactState;
use proto::text::DisplayName;

use super::{AT, Bed, actor, new_private};
use crate::store::people::{ContactChange, ContactRecord};
use crate::store::{Actor, StoreError, UserRecord};

const ADD: ContactChange = ContactChange::Add { nickname: None };

/// Two people who have nothing to do with each other.
struct Pair {
    ann: UserRecord,
    bob: UserRecord,
}

impl Pair {
    async fn new(bed: &Bed) -> Self {
        Self {
            ann: bed.user("ann").await,
            bob: bed.user("bob").await,
        }
    }

    /// What one does about the other.
    async fn does(&self, bed: &Bed, ann: bool, change: ContactChange) -> ContactRecord {
        let people = (actor(&self.ann), actor(&self.bob));
        let (owner, other) = if ann { people } else { (people.1, people.0) };
        bed.store
            .change_contact(owner, other, change, AT)
            .await
            .unwrap()
    }

    /// How each sees the other; nothing where they are on no list.
    async fn seen(&self, bed: &Bed) -> [Option<(ContactState, bool)>; 2] {
        let mut seen = [None, None];
        for (at, user) in [&self.ann, &self.bob].into_iter().enumerate() {
            let list = bed.store.contacts(user.no).await.unwrap();
            assert!(list.len() <= 1);
            seen[at] = list.first().map(|contact| (contact.state, contact.blocked));
        }
        seen
    }

    /// How often each was told that something changed about the other.
    async fn told(&self, bed: &Bed) -> [usize; 2] {
        let about = |log: Vec<AccountEntry>, other: &UserRecord| {
            let entries = log
                .iter()
                .filter(|entry| entry.kind == account_kind::CONTACT_CHANGED);
            entries
                .inspect(|entry| assert_eq!(entry.user, Some(other.id)))
                .count()
        };
        [
            about(bed.account(&self.ann).await, &self.bob),
            about(bed.account(&self.bob).await, &self.ann),
        ]
    }
}

const MUTUAL: Option<(ContactState, bool)> = Some((ContactState::Mutual, false));
const OUTGOING: Option<(ContactState, bool)> = Some((ContactState::Outgoing, false));
const INCOMING: Option<(ContactState, bool)> = Some((ContactState::Incoming, false));

pub(crate) async fn asking_and_accepting(bed: Bed) {
    let pair = Pair::new(&bed).await;
    assert_eq!(pair.seen(&bed).await, [None, None]);
    let asked = pair.does(&bed, true, ADD).await;
    assert_eq!((asked.state, asked.since), (ContactState::Outgoing, AT));
    assert_eq!(asked.user, pair.bob);
    assert_eq!(pair.seen(&bed).await, [OUTGOING, INCOMING]);
    assert_eq!(pair.told(&bed).await, [1, 1]);
    // Asking again is nothing.
    pair.does(&bed, true, ADD).await;
    assert_eq!(pair.told(&bed).await, [1, 1]);
    let accepted = pair.does(&bed, false, ADD).await;
    assert_eq!(accepted.state, ContactState::Mutual);
    assert_eq!(pair.seen(&bed).await, [MUTUAL, MUTUAL]);
    assert_eq!(pair.told(&bed).await, [2, 2]);
    let oneself = bed
        .store
        .change_contact(actor(&pair.ann), actor(&pair.ann), ADD, AT)
        .await;
    assert!(matches!(oneself, Err(StoreError::NoEntry)));
}

pub(crate) async fn declining_is_silent(bed: Bed) {
    let pair = Pair::new(&bed).await;
    pair.does(&bed, true, ADD).await;
    pair.does(&bed, false, ContactChange::Remove).await;
    assert_eq!(pair.seen(&bed).await, [OUTGOING, None]);
    assert_eq!(pair.told(&bed).await, [1, 2]);
    // Asking anew does not bring it back, accepting does.
    pair.does(&bed, true, ContactChange::Remove).await;
    pair.does(&bed, true, ADD).await;
    assert_eq!(pair.seen(&bed).await, [OUTGOING, None]);
    pair.does(&bed, false, ADD).await;
    assert_eq!(pair.seen(&bed).await, [MUTUAL, MUTUAL]);
}

pub(crate) async fn taking_off_is_told(bed: Bed) {
    let pair = Pair::new(&bed).await;
    pair.does(&bed, true, ADD).await;
    pair.does(&bed, false, ADD).await;
    let before = pair.told(&bed).await;
    pair.does(&bed, true, ContactChange::Remove).await;
    // The one who took off is not asked by what stays of the other's.
    assert_eq!(pair.seen(&bed).await, [None, OUTGOING]);
    assert_eq!(pair.told(&bed).await, [before[0] + 1, before[1] + 1]);
    pair.does(&bed, false, ContactChange::Remove).await;
    assert_eq!(pair.seen(&bed).await, [None, None]);
}

pub(crate) async fn nicknames_are_ones_own(bed: Bed) {
    let pair = Pair::new(&bed).await;
    let nick = |text: &str| Some(DisplayName::try_from(text).unwrap());
    let none = bed
        .store
        .change_contact(
            actor(&pair.ann),
            actor(&pair.bob),
            ContactChange::Nickname(nick("x")),
            AT,
        )
        .await;
    assert!(matches!(none, Err(StoreError::NoEntry)));
    let nickname = nick("Bobby");
    let asked = pair.does(&bed, true, ContactChange::Add { nickname }).await;
    assert_eq!(asked.nickname.as_deref(), Some("Bobby"));
    let told = pair.told(&bed).await;
    // Without one it stays; who is only asked may give one, too.
    let asked = pair.does(&bed, true, ADD).await;
    assert_eq!(asked.nickname.as_deref(), Some("Bobby"));
    let named = pair
        .does(&bed, false, ContactChange::Nickname(nick("Annie")))
        .await;
    assert_eq!(named.nickname.as_deref(), Some("Annie"));
    assert_eq!(named.state, ContactState::Incoming);
    assert_eq!(pair.told(&bed).await, [told[0], told[1] + 1]);
    let list = bed.store.contacts(pair.bob.no).await.unwrap();
    assert_eq!(list[0].nickname.as_deref(), Some("Annie"));
    let bare = pair.does(&bed, true, ContactChange::Nickname(None)).await;
    assert_eq!(bare.nickname, None);
}

pub(crate) async fn blocking_is_silent(bed: Bed) {
    let pair = Pair::new(&bed).await;
    // A stranger, then one who asks, then a contact.
    let before = [vec![], vec![(false, ADD)], vec![(true, ADD), (false, ADD)]];
    for steps in before {
        for (ann, step) in steps {
            pair.does(&bed, ann, step).await;
        }
        let (seen, log) = (pair.seen(&bed).await, bed.account(&pair.bob).await);
        let mine = pair.told(&bed).await[0];
        let blocked = pair.does(&bed, true, ContactChange::Block(true)).await;
        assert!(blocked.blocked);
        assert_eq!(pair.seen(&bed).await[1], seen[1]);
        let state = seen[0]
            .map(|(state, _)| state)
            .filter(|state| *state == ContactState::Mutual);
        assert_eq!(
            pair.seen(&bed).await[0],
            Some((state.unwrap_or(ContactState::None), true))
        );
        pair.does(&bed, true, ContactChange::Block(true)).await;
        pair.does(&bed, true, ContactChange::Block(false)).await;
        assert_eq!(pair.seen(&bed).await, seen);
        assert_eq!(bed.account(&pair.bob).await, log);
        assert_eq!(pair.told(&bed).await[0], mine + 2);
    }
}

pub(crate) async fn asking_who_blocked_is_silent(bed: Bed) {
    let pair = Pair::new(&bed).await;
    pair.does(&bed, true, ContactChange::Block(true)).await;
    let log = bed.account(&pair.ann).await;
    let asked = pair.does(&bed, false, ADD).await;
    assert_eq!(asked.state, ContactState::Outgoing);
    assert_eq!(bed.account(&pair.ann).await, log);
    assert_eq!(
        pair.seen(&bed).await,
        [Some((ContactState::None, true)), OUTGOING]
    );
    pair.does(&bed, true, ContactChange::Block(false)).await;
    assert_eq!(pair.seen(&bed).await, [INCOMING, OUTGOING]);
}

pub(crate) async fn nothing_of_a_blocked_one_lands_in_the_private_chat(bed: Bed) {
    let pair = Pair::new(&bed).await;
    let private = new_private(&pair.ann, Some(&pair.bob));
    let chat = bed.store.create_chat(private).await.unwrap();
    let group = bed.group(&[&pair.ann, &pair.bob]).await;
    bed.say(&chat, &pair.bob, "x").await.unwrap();
    pair.does(&bed, true, ContactChange::Block(true)).await;
    // Both allowed under the revision before.
    let refused = bed.say(&chat, &pair.bob, "x").await;
    assert!(matches!(refused, Err(StoreError::NoAccess)));
    bed.say(&chat, &pair.ann, "x").await.unwrap();
    bed.say(&group, &pair.bob, "x").await.unwrap();
    pair.does(&bed, true, ContactChange::Block(false)).await;
    bed.say(&chat, &pair.bob, "x").await.unwrap();
}

pub(crate) async fn a_block_is_a_revision_of_the_private_chat(bed: Bed) {
    let pair = Pair::new(&bed).await;
    let private = new_private(&pair.ann, Some(&pair.bob));
    let chat = bed.store.create_chat(private).await.unwrap();
    let group = bed.group(&[&pair.ann, &pair.bob]).await;
    for (on, blockers) in [(true, vec![pair.bob.id]), (false, vec![])] {
        let before = bed.now(&chat).await;
        bed.feed.take();
        pair.does(&bed, false, ContactChange::Block(on)).await;
        // Twice is once.
        pair.does(&bed, false, ContactChange::Block(on)).await;
        let now = bed.now(&chat).await;
        assert_eq!(now.acl_rev, before.acl_rev + 1);
        assert_eq!(now.blockers, blockers);
        let told = bed.feed.take();
        assert_eq!(told.len(), 1, "only the account's own: {told:?}");
    }
    assert_eq!(bed.kinds(&chat).await.len(), 1);
    assert_eq!(bed.now(&group).await, group);
}

pub(crate) async fn acquaintances_by_contacts_and_blocks(bed: Bed) {
    let pair = Pair::new(&bed).await;
    let known = async || -> [bool; 2] {
        let mut known = [false; 2];
        for (at, user) in [&pair.ann, &pair.bob].into_iter().enumerate() {
            let people = bed.store.acquaintances(user.no, 100).await.unwrap();
            known[at] = !people.is_empty();
        }
        known
    };
    pair.does(&bed, true, ADD).await;
    assert_eq!(known().await, [false, false]);
    pair.does(&bed, false, ADD).await;
    assert_eq!(known().await, [true, true]);
    pair.does(&bed, true, ContactChange::Block(true)).await;
    assert_eq!(known().await, [false, false]);
    let group = bed.group(&[&pair.ann, &pair.bob]).await;
    assert_eq!(known().await, [false, false]);
    pair.does(&bed, true, ContactChange::Block(false)).await;
    pair.does(&bed, true, ContactChange::Remove).await;
    assert_eq!(known().await, [true, true], "by the group");
    bed.store
        .delete_chat(super::act(&group, &pair.ann))
        .await
        .unwrap();
    assert_eq!(known().await, [false, false]);
    // Being in a public chat makes nobody acquainted.
    let public = bed.public(&pair.ann).await;
    let door = crate::store::groups::Door::Public;
    bed.store
        .join(super::act(&public, &pair.bob), door)
        .await
        .unwrap();
    assert_eq!(known().await, [false, false]);
}

pub(crate) async fn the_blocked_among_others(bed: Bed) {
    let pair = Pair::new(&bed).await;
    let carol = bed.user("carol").await;
    let among = |user: &UserRecord| {
        let others = [&pair.ann, &pair.bob, &carol]
            .iter()
            .filter(|other| other.no != user.no)
            .map(|other| other.no)
            .collect();
        bed.store.blocked_among(user.no, others)
    };
    assert_eq!(among(&pair.ann).await.unwrap(), []);
    pair.does(&bed, true, ContactChange::Block(true)).await;
    assert_eq!(among(&pair.ann).await.unwrap(), [pair.bob.no]);
    assert_eq!(among(&pair.bob).await.unwrap(), [pair.ann.no]);
    assert_eq!(among(&carol).await.unwrap(), []);
    let Actor { no, .. } = actor(&carol);
    assert_eq!(bed.store.blocked_among(no, vec![]).await.unwrap(), []);
}
