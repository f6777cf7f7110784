//! Ways into a chat: joining, links, the directory; own settings of a chat.

use proto::entry::{account_kind, kind};
use proto::limits::CHAT_INVITES;
use proto::request::{ChatPrefs, FOREVER, NotifyLevel};
use proto::text::{ChatName, Description};
use uuid::Uuid;

use super::{AT, Bed, act, actor, new_group};
use crate::store::groups::{Door, NewChatInvite};
use crate::store::{ChatRecord, NewChat, StoreError, UserRecord};

fn link(chat: &ChatRecord, by: &UserRecord, token: &str) -> NewChatInvite {
    NewChatInvite {
        id: Uuid::now_v7(),
        chat: chat.no,
        by: actor(by),
        token: token.to_owned(),
        expires_at: None,
        max_uses: None,
        at: AT,
    }
}

fn invite(token: &str) -> Door {
    Door::Invite(token.to_owned())
}

pub(crate) async fn anybody_joins_a_public_chat(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let chat = bed.public(&ann).await;
    bed.say(&chat, &ann, "x").await.unwrap();
    for _ in 0..2 {
        // Whatever the revision.
        bed.store
            .join(act(&chat, &bob), Door::Public)
            .await
            .unwrap();
    }
    let now = bed.now(&chat).await;
    assert_eq!((now.members.len(), now.acl_rev), (2, chat.acl_rev + 1));
    assert_eq!(
        bed.kinds(&chat).await,
        [kind::CREATED, kind::MESSAGE, kind::MEMBERS_ADDED]
    );
    let log = bed.account(&bob).await;
    assert_eq!(log.last().unwrap().kind, account_kind::CHAT_JOINED);
    let head = bed.store.head(chat.no, bob.no).await.unwrap().unwrap();
    assert_eq!(head.msg_no, head.read_no);
}

pub(crate) async fn a_group_is_not_joined_without_a_link(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let chat = bed.group(&[&ann]).await;
    let refused = bed.store.join(act(&chat, &bob), Door::Public).await;
    assert!(matches!(refused, Err(StoreError::NoAccess)));
    let refused = bed.store.join(act(&chat, &bob), invite("none")).await;
    assert!(matches!(refused, Err(StoreError::InviteInvalid)));
    assert_eq!(bed.now(&chat).await, chat);
}

pub(crate) async fn a_link_counts_its_uses(bed: Bed) {
    let (ann, bob, carol) = (
        bed.user("ann").await,
        bed.user("bob").await,
        bed.user("carol").await,
    );
    let chat = bed.group(&[&ann]).await;
    let mut once = link(&chat, &ann, "once");
    once.max_uses = Some(1);
    let made = bed.store.create_chat_invite(once.clone()).await.unwrap();
    assert_eq!((made.id, made.chat, made.by), (once.id, chat.no, ann.id));
    assert_eq!((made.chat_id, made.uses), (chat.id, 0));
    // Two at once: one gets in.
    let one = bed.store.join(act(&chat, &bob), invite("once"));
    let two = bed.store.join(act(&chat, &carol), invite("once"));
    let (one, two) = tokio::join!(one, two);
    match (&one, &two) {
        (Ok(()), Err(StoreError::InviteInvalid)) | (Err(StoreError::InviteInvalid), Ok(())) => {}
        other => panic!("{other:?}"),
    }
    let inside = if one.is_ok() { &bob } else { &carol };
    // A member is in already and takes no use.
    let mut twice = link(&chat, &ann, "twice");
    twice.max_uses = Some(2);
    bed.store.create_chat_invite(twice).await.unwrap();
    bed.store
        .join(act(&chat, inside), invite("twice"))
        .await
        .unwrap();
    let left = bed.store.chat_invite("twice".to_owned(), AT).await.unwrap();
    assert_eq!(left.unwrap().uses, 0);
    // A banned one is refused and takes none, either.
    let now = bed.now(&chat).await;
    bed.store
        .ban_member(act(&now, &ann), actor(inside), true)
        .await
        .unwrap();
    let refused = bed.store.join(act(&chat, inside), invite("twice")).await;
    assert!(matches!(refused, Err(StoreError::NoAccess)));
    let left = bed.store.chat_invite("twice".to_owned(), AT).await.unwrap();
    assert_eq!(left.unwrap().uses, 0);
}

pub(crate) async fn a_link_expires_and_is_revoked(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let chat = bed.group(&[&ann]).await;
    let mut short = link(&chat, &ann, "short");
    short.expires_at = Some(AT + 1);
    bed.store.create_chat_invite(short).await.unwrap();
    let mut revoked = link(&chat, &ann, "revoked");
    revoked.at = AT + 1;
    bed.store.create_chat_invite(revoked.clone()).await.unwrap();
    let tokens = async |at| -> Vec<String> {
        let links = bed.store.chat_invites(chat.no, at).await.unwrap();
        links.into_iter().map(|link| link.token).collect()
    };
    assert_eq!(tokens(AT).await, ["revoked", "short"]);
    assert_eq!(tokens(AT + 1).await, ["revoked"]);
    let elsewhere = bed.group(&[&ann]).await;
    let revoke = |chat: &ChatRecord| bed.store.revoke_chat_invite(chat.no, revoked.id);
    assert!(!revoke(&elsewhere).await.unwrap());
    assert!(revoke(&chat).await.unwrap());
    assert!(!revoke(&chat).await.unwrap());
    assert_eq!(tokens(AT).await, ["short"]);
    for token in ["short", "revoked"] {
        let found = bed.store.chat_invite(token.to_owned(), AT + 1).await;
        assert_eq!(found.unwrap(), None, "{token}");
        let mut late = act(&chat, &bob);
        late.at = AT + 1;
        let refused = bed.store.join(late, invite(token)).await;
        assert!(matches!(refused, Err(StoreError::InviteInvalid)));
    }
    bed.store
        .join(act(&chat, &bob), invite("short"))
        .await
        .unwrap();
    // With the chat its links go.
    let now = bed.now(&chat).await;
    bed.store.delete_chat(act(&now, &ann)).await.unwrap();
    assert_eq!(tokens(AT).await, Vec::<String>::new());
    let found = bed.store.chat_invite("short".to_owned(), AT).await;
    assert_eq!(found.unwrap(), None);
}

pub(crate) async fn a_link_leads_to_its_own_chat(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let (chat, other) = (bed.group(&[&ann]).await, bed.group(&[&ann]).await);
    let made = bed.store.create_chat_invite(link(&chat, &ann, "token"));
    made.await.unwrap();
    let refused = bed.store.join(act(&other, &bob), invite("token")).await;
    assert!(matches!(refused, Err(StoreError::InviteInvalid)));
}

pub(crate) async fn a_link_made_twice_is_one(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let (chat, other) = (bed.group(&[&ann, &bob]).await, bed.group(&[&ann]).await);
    let first = link(&chat, &ann, "token");
    let made = bed.store.create_chat_invite(first.clone()).await.unwrap();
    let mut again = first.clone();
    again.token = "another".to_owned();
    assert_eq!(bed.store.create_chat_invite(again).await.unwrap(), made);
    let mut by_bob = link(&chat, &bob, "three");
    by_bob.id = first.id;
    let mut elsewhere = link(&other, &ann, "four");
    elsewhere.id = first.id;
    for foreign in [by_bob, elsewhere] {
        let refused = bed.store.create_chat_invite(foreign).await;
        assert!(matches!(refused, Err(StoreError::Conflict)));
    }
    let links = bed.store.chat_invites(chat.no, AT).await.unwrap();
    assert_eq!(links, [made]);
}

pub(crate) async fn links_are_counted(bed: Bed) {
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    let mut last = None;
    for number in 0..CHAT_INVITES {
        let made = bed
            .store
            .create_chat_invite(link(&chat, &ann, &format!("token {number}")));
        last = Some(made.await.unwrap());
    }
    let more = || bed.store.create_chat_invite(link(&chat, &ann, "more"));
    assert!(matches!(more().await, Err(StoreError::TooMany(_))));
    bed.store
        .revoke_chat_invite(chat.no, last.unwrap().id)
        .await
        .unwrap();
    more().await.unwrap();
}

pub(crate) async fn the_directory_lists_public_chats(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let named = |name: &str, about: &str| NewChat {
        kind: proto::request::ChatKind::Public,
        name: Some(ChatName::try_from(name).unwrap()),
        description: Some(Description::try_from(about).unwrap()),
        ..new_group(&[&ann])
    };
    let make = |chat| bed.store.create_chat(chat);
    let cafe = make(named("Café", "Everything about Ёлки")).await.unwrap();
    let rust = make(named("Rust", "100% safe")).await.unwrap();
    bed.group(&[&ann]).await;
    bed.store
        .join(act(&rust, &bob), Door::Public)
        .await
        .unwrap();
    let list = async |query: &str, limit, offset| {
        let found = bed
            .store
            .directory(bob.no, query.to_owned(), limit, offset)
            .await;
        let (found, more) = found.unwrap();
        let ids: Vec<_> = found.iter().map(|chat| chat.id).collect();
        (ids, more)
    };
    assert_eq!(list("", 10, 0).await, (vec![rust.id, cafe.id], false));
    assert_eq!(list("", 1, 0).await, (vec![rust.id], true));
    assert_eq!(list("", 1, 1).await, (vec![cafe.id], false));
    for query in ["CAFE", "елк", "everything"] {
        assert_eq!(list(query, 10, 0).await, (vec![cafe.id], false), "{query}");
    }
    assert_eq!(list("nothing", 10, 0).await, (vec![], false));
    let (found, _) = bed
        .store
        .directory(bob.no, "rust".to_owned(), 10, 0)
        .await
        .unwrap();
    assert_eq!((found[0].members, found[0].joined), (2, true));
    assert_eq!(
        (found[0].name.as_str(), found[0].description.as_str()),
        ("Rust", "100% safe")
    );
    // A new name is found, the old one is not; a deleted chat is not listed.
    let now = bed.now(&rust).await;
    let change = crate::store::groups::ChatChange {
        name: Some(ChatName::try_from("Zinc").unwrap()),
        ..Default::default()
    };
    bed.store
        .change_chat(act(&now, &ann), change)
        .await
        .unwrap();
    assert_eq!(list("rust", 10, 0).await, (vec![], false));
    assert_eq!(list("zinc", 10, 0).await, (vec![rust.id], false));
    assert_eq!(list("safe", 10, 0).await, (vec![rust.id], false));
    bed.store.delete_chat(act(&cafe, &ann)).await.unwrap();
    assert_eq!(list("", 10, 0).await, (vec![rust.id], false));
}

pub(crate) async fn own_settings_of_a_chat(bed: Bed) {
    let (ann, bob) = (bed.user("ann").await, bed.user("bob").await);
    let chat = bed.group(&[&ann]).await;
    let get = |user: &UserRecord| bed.store.chat_prefs(chat.no, user.no);
    assert_eq!(get(&ann).await.unwrap(), Some(ChatPrefs::default()));
    assert_eq!(get(&bob).await.unwrap(), None);
    for notify in [NotifyLevel::Mentions, NotifyLevel::None, NotifyLevel::All] {
        let prefs = ChatPrefs {
            notify,
            muted_until: FOREVER,
            hidden_upto: 7,
        };
        bed.store
            .set_chat_prefs(chat.no, actor(&ann), prefs, AT)
            .await
            .unwrap();
        assert_eq!(get(&ann).await.unwrap(), Some(prefs));
    }
    let log = bed.account(&ann).await;
    let last = log.last().unwrap();
    assert_eq!(
        (last.kind, last.chat),
        (account_kind::CHAT_PREFS_CHANGED, Some(chat.id))
    );
    let refused = bed
        .store
        .set_chat_prefs(chat.no, actor(&bob), ChatPrefs::default(), AT)
        .await;
    assert!(matches!(refused, Err(StoreError::NoAccess)));
    assert_eq!(bed.now(&chat).await, chat, "nobody else's business");
}
