//! Many people who talk.

use std::collections::HashMap;
use std::path::Path;

use proto::id::{ChatId, EntryId};
use proto::request::ChatKind;

use crate::community::Community;
use crate::guest::Guest;

/// People spread over the nodes, each in some groups of a dozen and in one
/// private chat.
pub(crate) struct Crowd {
    pub(crate) guests: Vec<Guest>,
    /// Each chat and who is in it, by number.
    pub(crate) chats: Vec<(ChatId, Vec<usize>)>,
}

impl Crowd {
    pub(crate) async fn gather(home: &Path, community: &Community, count: usize) -> Self {
        let mut guests = Vec::new();
        // A few at a time, as hashing passwords is bounded.
        for chunk in (0..count).collect::<Vec<_>>().chunks(6) {
            let arriving = chunk.iter().map(|n| {
                let server = community.server(n % community.nodes.len());
                async move { Guest::register(home, &format!("guest{n}"), &server).await }
            });
            guests.extend(futures_util::future::join_all(arriving).await);
        }
        let mut chats = Vec::new();
        for first in (0..count).step_by(12) {
            let members: Vec<usize> = (0..12.min(count)).map(|n| (first + n) % count).collect();
            let users = members[1..].iter().map(|n| guests[*n].user).collect();
            let name = Some(format!("group {first}").as_str().try_into().unwrap());
            let maker = &guests[members[0]].client;
            let chat = maker
                .create_chat(ChatKind::Group, name, users)
                .await
                .unwrap();
            chats.push((chat, members));
        }
        for n in (0..count - 1).step_by(2) {
            let chat = guests[n]
                .client
                .private_chat(guests[n + 1].user)
                .await
                .unwrap();
            chats.push((chat, vec![n, n + 1]));
        }
        let crowd = Self { guests, chats };
        for guest in &crowd.guests {
            guest.client.sync(false).await.unwrap();
        }
        crowd
    }

    /// Each of `who` writes `messages` messages, in turn into their chats.
    pub(crate) async fn talk(&mut self, who: &[usize], messages: usize, round: &str) {
        for m in 0..messages {
            for n in who {
                let own: Vec<ChatId> = self
                    .chats
                    .iter()
                    .filter(|(_, members)| members.contains(n))
                    .map(|(chat, _)| *chat)
                    .collect();
                let chat = own[m % own.len()];
                self.guests[*n].say(chat, &format!("{n} {round} {m}")).await;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Everything acknowledged is there once, in the same order for everybody,
    /// and nothing else.
    pub(crate) async fn agree(&mut self) {
        for guest in &mut self.guests {
            guest.drained().await;
        }
        for guest in &self.guests {
            guest.verify().await;
        }
        let mut acknowledged: HashMap<ChatId, Vec<EntryId>> = HashMap::new();
        for guest in &self.guests {
            for (chat, id) in guest.acknowledged.lock().unwrap().iter() {
                acknowledged.entry(*chat).or_default().push(*id);
            }
        }
        let mut messages = 0;
        for (chat, members) in &self.chats {
            let log = self.guests[members[0]].log(*chat).await;
            let seqs: Vec<u64> = log.iter().map(|entry| entry.0).collect();
            assert_eq!(seqs, (1..=log.len() as u64).collect::<Vec<_>>());
            for member in &members[1..] {
                assert!(self.guests[*member].log(*chat).await == log, "{chat}");
            }
            let mut there: Vec<EntryId> = log
                .iter()
                .filter(|entry| entry.2.is_some())
                .map(|entry| entry.1)
                .collect();
            there.sort_unstable();
            let mut wanted = acknowledged.remove(chat).unwrap_or_default();
            wanted.sort_unstable();
            assert!(
                there == wanted,
                "{} and {} acknowledged",
                there.len(),
                wanted.len()
            );
            messages += there.len();
        }
        println!("{messages} messages, each once, in one order");
    }
}
