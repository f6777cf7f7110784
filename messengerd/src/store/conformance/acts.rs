//! Acts on a chat: properties, roles, silence, bans, the end.

use proto::entry::{Body, account_kind, kind};
use proto::limits::PAGE_ENTRIES;
use proto::request::{ChatSettings, NewMemberHistory, Role};
use proto::text::{ChatName, Description};

use super::{AT, Bed, act, actor, message, new_group, new_private, picture};
use crate::store::groups::{Act, ChatChange, Door};
use crate::store::{ChatRecord, Committed, StoreError, UserRecord};

/// The bodies of all entries behind the first.
async fn told(bed: &Bed, chat: &ChatRecord) -> Vec<Body> {
    let page = bed.store.entries_after(chat.no, 1, PAGE_ENTRIES, 1 << 20);
    let entries = page.await.unwrap().entries;
    entries
        .iter()
        .map(|entry| Body::decode(entry.kind, &entry.body))
        .collect()
}

fn rename(name: &str) -> ChatChange {
    ChatChange {
        name: Some(ChatName::try_from(name).unwrap()),
        ..ChatChange::default()
    }
}

async fn three(bed: &Bed) -> (UserRecord, UserRecord, UserRecord) {
    (
        bed.user("ann").await,
        bed.user("bob").await,
        bed.user("carol").await,
    )
}

pub(crate) async fn an_act_on_another_revision_does_nothing(bed: Bed) {
    let (ann, bob, carol) = three(&bed).await;
    let chat = bed.group(&[&ann, &bob]).await;
    bed.store
        .change_chat(act(&chat, &ann), rename("new"))
        .await
        .unwrap();
    let before = bed.now(&chat).await;
    let stale = || act(&chat, &ann);
    let store = &bed.store;
    for refused in [
        store.add_members(stale(), vec![actor(&carol)]).await,
        store.remove_member(stale(), actor(&bob)).await,
        store.change_chat(stale(), rename("newer")).await,
        store.set_role(stale(), actor(&bob), Role::Admin).await,
        store.mute_member(stale(), actor(&bob), AT).await,
        store.ban_member(stale(), actor(&bob), true).await,
        store.delete_chat(stale()).await,
    ] {
        assert!(matches!(refused, Err(StoreError::Outdated)), "{refused:?}");
    }
    assert_eq!(bed.now(&chat).await, before);
    assert_eq!(bed.kinds(&chat).await, [kind::CREATED, kind::CHAT_CHANGED]);
}

pub(crate) async fn of_two_acts_on_one_revision_one_is_done(bed: Bed) {
    let (ann, bob, carol) = three(&bed).await;
    let chat = bed.group(&[&ann, &bob, &carol]).await;
    for round in 0..20 {
        let now = bed.now(&chat).await;
        let until = |who: i64| AT + 10 * round + who;
        let one = bed
            .store
            .mute_member(act(&now, &ann), actor(&bob), until(1));
        let two = bed
            .store
            .mute_member(act(&now, &ann), actor(&carol), until(2));
        let (one, two) = tokio::join!(one, two);
        match (&one, &two) {
            (Ok(()), Err(StoreError::Outdated)) | (Err(StoreError::Outdated), Ok(())) => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(bed.now(&chat).await.acl_rev, now.acl_rev + 1);
    }
    assert_eq!(bed.kinds(&chat).await.len(), 21);
}

pub(crate) async fn an_act_that_is_repeated_is_done_once(bed: Bed) {
    let (ann, bob, _) = three(&bed).await;
    let chat = bed.group(&[&ann, &bob]).await;
    let removal = act(&chat, &ann);
    for _ in 0..2 {
        bed.store.remove_member(removal, actor(&bob)).await.unwrap();
    }
    assert_eq!(bed.kinds(&chat).await, [kind::CREATED, kind::MEMBER_LEFT]);
    // The same id for something else is another matter.
    let other = bed.store.change_chat(removal, rename("new")).await;
    assert!(matches!(other, Err(StoreError::Outdated)));
    let now = bed.now(&chat).await;
    let used = Act {
        entry: removal.entry,
        ..act(&now, &ann)
    };
    let conflict = bed.store.change_chat(used, rename("new")).await;
    assert!(matches!(conflict, Err(StoreError::Conflict)));
    assert_eq!(bed.now(&chat).await, now);
}

pub(crate) async fn properties_change_with_one_entry(bed: Bed) {
    let ann = bed.user("ann").await;
    let mut wanted = new_group(&[&ann]);
    wanted.description = Some(Description::try_from("about\nmany things").unwrap());
    let chat = bed.store.create_chat(wanted).await.unwrap();
    assert_eq!(chat.description, "about\nmany things");
    assert_eq!(chat.created_by, ann.id);
    assert_eq!(chat.settings, ChatSettings::default());
    let settings = ChatSettings {
        allow_invites: false,
        allow_voice_calls: false,
        message_retention: 30,
        history_for_new_members: NewMemberHistory::SinceJoin,
        ..ChatSettings::default()
    };
    let change = ChatChange {
        settings: Some(settings),
        description: Some(Description::try_from("").unwrap()),
        ..ChatChange::default()
    };
    bed.feed.take();
    bed.store
        .change_chat(act(&chat, &ann), change)
        .await
        .unwrap();
    let now = bed.now(&chat).await;
    assert_eq!((now.settings, now.description.as_str()), (settings, ""));
    assert_eq!(now.name, chat.name);
    assert_eq!(now.acl_rev, chat.acl_rev + 1);
    let events = bed.feed.take();
    assert!(matches!(
        events.as_slice(),
        [Committed::Entry { acl_rev, entry, .. }]
            if *acl_rev == now.acl_rev && entry.kind == kind::CHAT_CHANGED
    ));
    bed.store
        .change_chat(act(&now, &ann), rename("renamed"))
        .await
        .unwrap();
    let now = bed.now(&chat).await;
    assert_eq!(now.name.as_deref(), Some("renamed"));
    assert_eq!(now.settings, settings);
    let bodies = told(&bed, &chat).await;
    let [Body::ChatChanged(first), Body::ChatChanged(second)] = bodies.as_slice() else {
        panic!("{bodies:?}");
    };
    assert_eq!((first.settings, &first.name), (Some(settings), &None));
    assert_eq!(first.description.as_deref(), Some(""));
    assert_eq!(second.name.as_deref(), Some("renamed"));
    assert_eq!((second.settings, second.avatar), (None, false));
    // Nothing is nothing.
    bed.store
        .change_chat(act(&now, &ann), ChatChange::default())
        .await
        .unwrap();
    assert_eq!(bed.now(&chat).await, now);
}

pub(crate) async fn a_picture_of_a_chat_is_kept_while_it_has_one(bed: Bed) {
    let ann = bed.user("ann").await;
    let chat = bed.group(&[&ann]).await;
    let (one, two) = (picture(b"one"), picture(b"two"));
    let set = |avatar| ChatChange {
        avatar: Some(avatar),
        ..ChatChange::default()
    };
    let missing = bed
        .store
        .change_chat(act(&chat, &ann), set(Some(one.hash)))
        .await;
    assert!(matches!(missing, Err(StoreError::NoEntry)));
    for next in [&one, &two] {
        bed.store.put_avatar(next.clone()).await.unwrap();
        let now = bed.now(&chat).await;
        bed.store
            .change_chat(act(&now, &ann), set(Some(next.hash)))
            .await
            .unwrap();
        assert_eq!(bed.now(&chat).await.avatar, Some(next.hash));
    }
    assert_eq!(bed.store.avatar(one.hash).await.unwrap(), None);
    let now = bed.now(&chat).await;
    bed.store
        .change_chat(act(&now, &ann), set(None))
        .await
        .unwrap();
    assert_eq!(bed.now(&chat).await.avatar, None);
    assert_eq!(bed.store.avatar(two.hash).await.unwrap(), None);
    let bodies = told(&bed, &chat).await;
    assert!(
        bodies
            .iter()
            .all(|body| matches!(body, Body::ChatChanged(changed) if changed.avatar))
    );
}

pub(crate) async fn a_role_is_given_once(bed: Bed) {
    let (ann, bob, carol) = three(&bed).await;
    let chat = bed.group(&[&ann, &bob]).await;
    for _ in 0..2 {
        let now = bed.now(&chat).await;
        bed.store
            .set_role(act(&now, &ann), actor(&bob), Role::Moderator)
            .await
            .unwrap();
    }
    let now = bed.now(&chat).await;
    assert_eq!(now.members[1].role, Role::Moderator);
    let bodies = told(&bed, &chat).await;
    let [Body::RoleChanged(changed)] = bodies.as_slice() else {
        panic!("{bodies:?}");
    };
    assert_eq!((changed.user, changed.role), (bob.id, Role::Moderator));
    let stranger = bed
        .store
        .set_role(act(&now, &ann), actor(&carol), Role::Admin)
        .await;
    assert!(matches!(stranger, Err(StoreError::NoEntry)));
}

pub(crate) async fn a_muted_member_lands_nothing(bed: Bed) {
    let (ann, bob, _) = three(&bed).await;
    let chat = bed.group(&[&ann, &bob]).await;
    bed.store
        .mute_member(act(&chat, &ann), actor(&bob), AT + 1)
        .await
        .unwrap();
    let now = bed.now(&chat).await;
    assert_eq!(now.members[1].muted_until, AT + 1);
    // Allowed under the revision before.
    let refused = bed.say(&chat, &bob, "x").await;
    assert!(matches!(refused, Err(StoreError::NoAccess)));
    assert_eq!(bed.say(&chat, &ann, "x").await.unwrap().seq, 3);
    let mut later = message(&chat, &bob, "x");
    later.at = AT + 1;
    bed.store.append(later).unwrap().await.unwrap();
    bed.store
        .mute_member(act(&now, &ann), actor(&bob), 0)
        .await
        .unwrap();
    bed.say(&chat, &bob, "x").await.unwrap();
    let now = bed.now(&chat).await;
    assert_eq!(now.members[1].muted_until, 0);
    let bodies = told(&bed, &chat).await;
    let mutes: Vec<_> = bodies
        .iter()
        .filter_map(|body| match body {
            Body::MemberMuted(muted) => Some((muted.user, muted.until)),
            _ => None,
        })
        .collect();
    assert_eq!(mutes, [(bob.id, AT + 1), (bob.id, 0)]);
}

pub(crate) async fn leaving_lifts_no_silence(bed: Bed) {
    let (ann, bob, _) = three(&bed).await;
    let chat = bed.public(&ann).await;
    let join = || bed.store.join(act(&chat, &bob), Door::Public);
    join().await.unwrap();
    let now = bed.now(&chat).await;
    bed.store
        .mute_member(act(&now, &ann), actor(&bob), AT + 9)
        .await
        .unwrap();
    let now = bed.now(&chat).await;
    bed.store
        .remove_member(act(&now, &bob), actor(&bob))
        .await
        .unwrap();
    join().await.unwrap();
    assert_eq!(bed.now(&chat).await.members[1].muted_until, AT + 9);
}

pub(crate) async fn a_banned_one_is_out_until_the_ban_ends(bed: Bed) {
    let (ann, bob, carol) = three(&bed).await;
    let chat = bed.group(&[&ann, &bob]).await;
    for _ in 0..2 {
        let now = bed.now(&chat).await;
        bed.store
            .ban_member(act(&now, &ann), actor(&bob), true)
            .await
            .unwrap();
    }
    let now = bed.now(&chat).await;
    assert_eq!((now.members.len(), &now.banned), (1, &vec![bob.id]));
    assert_eq!(bed.kinds(&chat).await, [kind::CREATED, kind::MEMBER_BANNED]);
    assert_eq!(bed.store.head(chat.no, bob.no).await.unwrap(), None);
    assert_eq!(
        bed.account(&bob).await.last().unwrap().kind,
        account_kind::CHAT_LEFT
    );
    let added = bed
        .store
        .add_members(act(&now, &ann), vec![actor(&carol), actor(&bob)])
        .await;
    assert!(matches!(added, Err(StoreError::NoAccess)));
    assert_eq!(bed.now(&chat).await, now, "nobody came");
    bed.store
        .ban_member(act(&now, &ann), actor(&bob), false)
        .await
        .unwrap();
    let now = bed.now(&chat).await;
    assert_eq!((now.members.len(), now.banned.len()), (1, 0));
    bed.store
        .add_members(act(&now, &ann), vec![actor(&bob)])
        .await
        .unwrap();
    assert_eq!(bed.now(&chat).await.members.len(), 2);
}

pub(crate) async fn who_was_never_in_can_be_banned(bed: Bed) {
    let (ann, bob, _) = three(&bed).await;
    let chat = bed.public(&ann).await;
    let log = bed.account(&bob).await;
    bed.store
        .ban_member(act(&chat, &ann), actor(&bob), true)
        .await
        .unwrap();
    let now = bed.now(&chat).await;
    assert_eq!((now.members.len(), &now.banned), (1, &vec![bob.id]));
    assert_eq!(bed.account(&bob).await, log);
    let joined = bed.store.join(act(&now, &bob), Door::Public).await;
    assert!(matches!(joined, Err(StoreError::NoAccess)));
    let (found, _) = bed
        .store
        .directory(ann.no, String::new(), 10, 0)
        .await
        .unwrap();
    assert_eq!(found[0].members, 1);
}

pub(crate) async fn a_banned_admin_hands_over(bed: Bed) {
    let (ann, bob, _) = three(&bed).await;
    let chat = bed.group(&[&ann, &bob]).await;
    bed.store
        .ban_member(act(&chat, &ann), actor(&ann), true)
        .await
        .unwrap();
    let now = bed.now(&chat).await;
    let people: Vec<_> = now.members.iter().map(|m| (m.no, m.role)).collect();
    assert_eq!(people, [(bob.no, Role::Admin)]);
}

pub(crate) async fn a_deleted_chat_is_gone(bed: Bed) {
    let (ann, bob, _) = three(&bed).await;
    let wanted = new_group(&[&ann, &bob]);
    let chat = bed.store.create_chat(wanted.clone()).await.unwrap();
    bed.say(&chat, &ann, "x").await.unwrap();
    bed.feed.take();
    bed.store.delete_chat(act(&chat, &ann)).await.unwrap();
    let told = bed.feed.take();
    let left: Vec<_> = told
        .iter()
        .map(|event| match event {
            Committed::Account { user, entry } => (*user, entry.kind, entry.chat),
            other => panic!("{other:?}"),
        })
        .collect();
    let gone = |user: &UserRecord| (user.id, account_kind::CHAT_LEFT, Some(chat.id));
    assert_eq!(left, [gone(&ann), gone(&bob)]);
    assert_eq!(bed.store.chat(chat.id).await.unwrap(), None);
    for user in [&ann, &bob] {
        assert_eq!(bed.store.heads(user.no).await.unwrap().1, []);
        let late = bed.say(&chat, user, "late").await;
        assert!(matches!(late, Err(StoreError::NoAccess)));
    }
    let asked = bed.store.revisions(vec![chat.id], vec![], vec![]).await;
    assert_eq!(asked.unwrap().chats, []);
    // Once more is harmless; nobody comes back; its id is spent.
    bed.store.delete_chat(act(&chat, &ann)).await.unwrap();
    let joined = bed.store.join(act(&chat, &ann), Door::Public).await;
    assert!(matches!(joined, Err(StoreError::NoAccess)));
    let again = bed.store.create_chat(wanted).await;
    assert!(matches!(again, Err(StoreError::Conflict)));
    assert!(bed.feed.take().is_empty());

    // A pair may begin anew.
    let pair = bed.store.create_chat(new_private(&ann, Some(&bob))).await;
    let pair = pair.unwrap();
    bed.store.delete_chat(act(&pair, &ann)).await.unwrap();
    let next = bed.store.create_chat(new_private(&bob, Some(&ann))).await;
    assert_ne!(next.unwrap().id, pair.id);
}

pub(crate) async fn history_begins_where_the_settings_say(bed: Bed) {
    let (ann, bob, carol) = three(&bed).await;
    let chat = bed.group(&[&ann]).await;
    bed.say(&chat, &ann, "before").await.unwrap();
    bed.store
        .add_members(act(&chat, &ann), vec![actor(&bob)])
        .await
        .unwrap();
    let settings = ChatSettings {
        history_for_new_members: NewMemberHistory::SinceJoin,
        ..ChatSettings::default()
    };
    let now = bed.now(&chat).await;
    let change = ChatChange {
        settings: Some(settings),
        ..ChatChange::default()
    };
    bed.store
        .change_chat(act(&now, &ann), change)
        .await
        .unwrap();
    let now = bed.now(&chat).await;
    bed.store
        .add_members(act(&now, &ann), vec![actor(&carol)])
        .await
        .unwrap();
    let now = bed.now(&chat).await;
    let from: Vec<_> = now.members.iter().map(|m| m.from_seq).collect();
    // Created, before, bob, settings; then carol's own entry.
    assert_eq!(from, [0, 0, 4]);
    bed.say(&chat, &ann, "after").await.unwrap();
    let head = bed.store.head(chat.no, carol.no).await.unwrap().unwrap();
    assert_eq!((head.seq, head.floor, head.read), (6, 4, 5));
    assert_eq!(head.msg_no - head.read_no, 1);
    let head = bed.store.head(chat.no, bob.no).await.unwrap().unwrap();
    assert_eq!((head.floor, head.msg_no - head.read_no), (0, 1));
    let page = bed.store.entries_before(chat.no, 4, None, 10, 1000).await;
    let page = page.unwrap();
    let seqs: Vec<_> = page.entries.iter().map(|entry| entry.seq).collect();
    assert_eq!((seqs, page.more), (vec![5, 6], false));

    // Who comes back sees what came after they came back, whatever they saw.
    let now = bed.now(&chat).await;
    bed.store
        .remove_member(act(&now, &bob), actor(&bob))
        .await
        .unwrap();
    let now = bed.now(&chat).await;
    bed.store
        .add_members(act(&now, &ann), vec![actor(&bob)])
        .await
        .unwrap();
    let now = bed.now(&chat).await;
    let bob = now.members.iter().find(|m| m.no == bob.no).unwrap();
    assert_eq!(bob.from_seq, 7);
}
