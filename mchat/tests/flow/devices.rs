//! Two devices of one person and one of another: what is done on one is seen on
//! the others, and on one that was away.

use std::path::PathBuf;
use std::time::Duration;

use mchat::client::{Client, ClientError};
use proto::error::ErrorCode;
use proto::request::{
    ChangeChat, ChatKind, ContactState, FOREVER, NotifyLevel, Role, SetChatPrefs, SetProfile,
    Status,
};

use crate::daemon::Daemon;
use crate::device::Device;

struct Scene {
    url: String,
    home: tempfile::TempDir,
    /// Last: it is stopped after everybody has gone.
    _daemon: Daemon,
}

impl Scene {
    fn new() -> Self {
        let daemon = Daemon::start();
        Self {
            url: daemon.url(),
            home: tempfile::tempdir().unwrap(),
            _daemon: daemon,
        }
    }

    fn home(&self) -> PathBuf {
        self.home.path().to_owned()
    }

    /// One person with two devices, one with one and a second that is away.
    async fn people(&self) -> (Device, Device, Device) {
        let home = self.home();
        let one = Device::register(&home, "anna", &self.url).await;
        let two = Device::login(&home, "anna", "anna-two", &self.url).await;
        let bob = Device::register(&home, "bob", &self.url).await;
        let away = Device::login(&home, "bob", "bob-away", &self.url).await;
        away.client.sync(true).await.unwrap();
        away.close().await;
        (one, two, bob)
    }

    async fn back(&self, device: &str) -> Device {
        let device = Device::again(&self.home(), device, &self.url).await;
        device.client.sync(true).await.unwrap();
        device
    }
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
        .block_on(test);
}

#[test]
fn changes_of_messages_are_seen_everywhere() {
    let scene = Scene::new();
    run(async {
        let (one, mut two, mut bob) = scene.people().await;
        let members = vec![bob.user];
        let name = Some("Team".try_into().unwrap());
        let chat = one
            .client
            .create_chat(ChatKind::Group, name, members)
            .await
            .unwrap();
        let first = one.say(chat, "frist", None).await;
        let second = one.say(chat, "hello @bob", None).await;
        for device in [&mut two, &mut bob] {
            device
                .sees_entry("the message", chat, second, |row| row.text().is_some())
                .await;
        }
        let row = bob.client.entry(chat, second).await.unwrap().unwrap();
        assert!(row.mention);

        let edit = one.client.edit(chat, first, "first").await.unwrap();
        one.stored(chat, edit).await;
        let give = bob.client.react(chat, first, "👍", true).await.unwrap();
        bob.stored(chat, give).await;
        let give = two.client.react(chat, first, "👍", true).await.unwrap();
        two.stored(chat, give).await;
        let pin = one.client.pin(chat, second, true).await.unwrap();
        one.stored(chat, pin).await;
        for device in [&mut two, &mut bob] {
            device
                .sees_entry("edit and reactions", chat, first, |row| {
                    row.text() == Some("first")
                        && row.edits == 1
                        && row
                            .reactions
                            .iter()
                            .any(|given| given.count == 2 && given.mine)
                })
                .await;
            device
                .sees_entry("pin", chat, second, |row| row.pinned)
                .await;
        }
        let take = bob.client.react(chat, first, "👍", false).await.unwrap();
        bob.stored(chat, take).await;
        two.sees_entry("one reaction less", chat, first, |row| {
            row.reactions.len() == 1 && row.reactions[0].count == 1
        })
        .await;

        let reply = bob.say(chat, "a reply", Some(first)).await;
        two.sees_entry("reply", chat, reply, |row| {
            row.quote
                .as_ref()
                .is_some_and(|quote| quote.text == "first")
        })
        .await;
        let notes = one.client.private_chat(one.user).await.unwrap();
        let forward = one.client.forward(notes, chat, reply).await.unwrap();
        let forwarded = one.stored(notes, forward).await;
        two.sees_entry("forwarded", notes, forwarded, |row| {
            row.text() == Some("a reply") && row.forwarded.as_deref() == Some("bob")
        })
        .await;

        let refused = bob.client.edit(chat, first, "mine").await.unwrap();
        assert_eq!(bob.refused(refused).await, ErrorCode::Forbidden);
        assert!(bob.client.discard(refused).await.unwrap());
        let delete = one.client.delete(chat, second).await.unwrap();
        one.stored(chat, delete).await;
        for device in [&mut two, &mut bob] {
            device
                .sees_entry("deletion", chat, second, |row| {
                    row.deleted && row.text() == Some("") && !row.pinned
                })
                .await;
        }
        assert!(bob.client.pins(chat).await.unwrap().is_empty());
        let texts = bob.client.edit_history(chat, first).await.unwrap();
        assert_eq!(texts.len(), 2);

        // The one that was away shows the same.
        let late = scene.back("bob-away").await;
        bob.client.sync(true).await.unwrap();
        assert_eq!(late.picture(chat).await, bob.picture(chat).await);
        assert_eq!(two.picture(chat).await, bob.picture(chat).await);
        for device in [one, two, bob, late] {
            device.verified().await;
            device.close().await;
        }
    });
}

#[test]
fn a_group_is_run_from_any_device() {
    let scene = Scene::new();
    run(async {
        let (one, mut two, mut bob) = scene.people().await;
        let name = Some("Team".try_into().unwrap());
        let chat = one
            .client
            .create_chat(ChatKind::Group, name, vec![])
            .await
            .unwrap();
        let invite = one.client.create_invite(chat, None, Some(1)).await.unwrap();
        let link = one.client.invite_link(&invite).await.unwrap();
        let address: mchat::client::ServerAddress = link.parse().unwrap();
        assert!(address.fingerprint.is_some(), "{link}");
        let joined = bob.client.accept_invite(address.chat.unwrap()).await;
        assert_eq!(joined.unwrap(), chat);
        let row = |client: Client| async move { client.chat(chat).await };
        two.sees("a member", row, |row| {
            row.as_ref().is_some_and(|row| row.members == 2)
        })
        .await;

        one.client
            .change_chat(ChangeChat {
                chat,
                name: Some("Crew".try_into().unwrap()),
                description: Some("Who sails".try_into().unwrap()),
                settings: None,
            })
            .await
            .unwrap();
        one.client
            .set_role(chat, bob.user, Role::Moderator)
            .await
            .unwrap();
        bob.sees("name and role", row, |row| {
            row.as_ref().is_some_and(|row| {
                row.title == "Crew" && row.description == "Who sails" && row.role == Role::Moderator
            })
        })
        .await;
        two.client
            .set_chat_prefs(SetChatPrefs {
                chat,
                notify: Some(NotifyLevel::Mentions),
                muted_until: Some(FOREVER),
                hidden_upto: None,
            })
            .await
            .unwrap();
        let mut one = one;
        one.sees("own settings", row, |row| {
            row.as_ref().is_some_and(|row| {
                row.notify == NotifyLevel::Mentions && row.muted_until == FOREVER
            })
        })
        .await;
        one.client
            .mute_member(chat, bob.user, FOREVER)
            .await
            .unwrap();
        bob.sees("silence", row, |row| {
            row.as_ref()
                .is_some_and(|row| row.silenced_until == FOREVER)
        })
        .await;
        let id = bob.client.send(chat, "?", None, None).await.unwrap();
        assert_eq!(bob.refused(id).await, ErrorCode::Muted);
        bob.client.discard(id).await.unwrap();
        one.client.ban_member(chat, bob.user, true).await.unwrap();
        bob.sees("the ban", row, |row| {
            row.as_ref().is_some_and(|row| row.left)
        })
        .await;
        assert_eq!(one.client.banned(chat).await.unwrap().len(), 1);
        two.sees("one member less", row, |row| {
            row.as_ref().is_some_and(|row| row.members == 1)
        })
        .await;
        one.client.delete_chat(chat).await.unwrap();
        two.sees("the end", row, |row| {
            row.as_ref().is_some_and(|row| row.left)
        })
        .await;
        let late = scene.back("bob-away").await;
        assert!(
            late.client
                .chat(chat)
                .await
                .unwrap()
                .is_none_or(|row| row.left)
        );
        for device in [one, two, bob, late] {
            device.verified().await;
            device.close().await;
        }
    });
}

#[test]
fn a_public_chat_is_looked_at_before_it_is_joined() {
    let scene = Scene::new();
    run(async {
        let (one, _two, mut bob) = scene.people().await;
        let chat = one
            .client
            .create_described_chat(
                ChatKind::Public,
                "Harbour".try_into().unwrap(),
                Some("All about boats".try_into().unwrap()),
                vec![],
            )
            .await
            .unwrap();
        let seq = one.say(chat, "welcome", None).await;
        let found = bob.client.directory("BOAT", 0).await.unwrap();
        assert_eq!((found.chats[0].id, found.chats[0].joined), (chat, false));
        bob.client.visit(chat).await.unwrap();
        bob.client.open_chat(Some(chat));
        bob.sees_entry("what is written there", chat, seq, |row| {
            row.text() == Some("welcome")
        })
        .await;
        assert!(bob.client.chats().await.unwrap().is_empty());
        bob.client.mark_read(chat, seq).await.unwrap();
        bob.client.typing(chat, true);
        bob.client.join(chat).await.unwrap();
        let rows = |client: Client| async move { client.chats().await };
        bob.sees("a chat of its own", rows, |rows| rows.len() == 1)
            .await;
        bob.client.leave(chat).await.unwrap();
        bob.sees("it was left", rows, |rows| rows[0].left).await;
        one.verified().await;
        bob.verified().await;
    });
}

#[test]
fn contacts_and_profiles_are_the_same_on_all_devices() {
    let scene = Scene::new();
    run(async {
        let (one, mut two, mut bob) = scene.people().await;
        let nickname = Some("Bobby".try_into().unwrap());
        one.client.add_contact(bob.user, nickname).await.unwrap();
        let contacts = |client: Client| async move { client.contacts().await };
        two.sees("a contact", contacts, |rows| {
            rows.len() == 1 && rows[0].name == "Bobby" && rows[0].state == ContactState::Outgoing
        })
        .await;
        bob.sees("a request", contacts, |rows| {
            rows.len() == 1 && rows[0].state == ContactState::Incoming
        })
        .await;
        bob.client.add_contact(one.user, None).await.unwrap();
        two.sees("mutual", contacts, |rows| {
            rows.len() == 1 && rows[0].state == ContactState::Mutual
        })
        .await;

        one.client
            .set_profile(SetProfile {
                first_name: Some("Анна".try_into().unwrap()),
                ..SetProfile::default()
            })
            .await
            .unwrap();
        bob.sees("a name", contacts, |rows| rows[0].name == "Анна")
            .await;
        let profile = |client: Client| async move { client.own_profile().await };
        two.sees("the own name", profile, |info| {
            info.as_ref()
                .is_some_and(|info| info.user.first_name == "Анна")
        })
        .await;
        let words = Some("sailing".try_into().unwrap());
        two.client
            .set_status(Status::Busy, words, None)
            .await
            .unwrap();
        let anna = one.user;
        let presence = |client: Client| async move { Ok(client.presence().remove(&anna)) };
        bob.sees("busy", presence, |seen| {
            seen.as_ref().is_some_and(|seen| {
                seen.status == Some(Status::Busy) && seen.text.as_deref() == Some("sailing")
            })
        })
        .await;
        one.client.block(bob.user, true).await.unwrap();
        two.sees("blocked", contacts, |rows| rows[0].blocked).await;
        one.client.rename_contact(bob.user, None).await.unwrap();
        one.client.remove_contact(bob.user).await.unwrap();
        one.client.block(bob.user, false).await.unwrap();
        two.sees("nobody", contacts, Vec::is_empty).await;
        let late = scene.back("bob-away").await;
        let rows = late.client.contacts().await.unwrap();
        assert_eq!(rows.len(), 1, "asked, and not accepted any more: {rows:?}");
        for device in [one, two, bob, late] {
            device.verified().await;
            device.close().await;
        }
    });
}

#[test]
fn messages_are_found_on_the_server_and_without_it() {
    let scene = Scene::new();
    run(async {
        let (one, two, bob) = scene.people().await;
        let chat = one.client.private_chat(bob.user).await.unwrap();
        for n in 0..30 {
            one.say(chat, &format!("Ёлка number {n}"), None).await;
        }
        let target = one.say(chat, "needle", None).await;
        two.client.sync(true).await.unwrap();
        let mut two = two;
        // Indexed behind what is stored; nobody searches as often as the limit lets.
        let found = async |words: &str, chat| {
            loop {
                match two.client.search(words, chat, 10, None).await {
                    Ok(page) if page.behind == 0 => return page,
                    Ok(_) => tokio::task::yield_now().await,
                    Err(ClientError::Server(refused)) if refused.code == ErrorCode::RateLimited => {
                        let wait = Duration::from_millis(refused.retry_after_ms.unwrap());
                        tokio::time::sleep(wait).await;
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        };
        let page = found("елк", None).await;
        assert_eq!((page.hits.len(), page.more), (10, true));
        let page = found("needle", Some(chat)).await;
        assert_eq!(page.hits[0].seq, target);
        assert!(two.client.reach(chat, 2).await.unwrap());
        let there =
            |client: Client| async move { client.search_cache("ёлка 7", None, 10, None).await };
        let cached = two
            .sees("in the cache", there, |page| page.behind == 0)
            .await;
        assert_eq!(cached.hits.len(), 1);
        one.verified().await;
    });
}
