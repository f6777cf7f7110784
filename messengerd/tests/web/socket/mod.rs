//! `/ws`: who is told what, in which order, and how a socket ends.

mod asks;
mod ends;
mod page;
mod soak;
mod tells;

use proto::id::ChatId;
use proto::request::ChatInfo;

use crate::kit::Site;
use crate::support::{Client, Wire};
use page::Page;

/// People with a native connection each, and the chat of all of them.
struct Party {
    site: Site,
    people: Vec<Client>,
    chat: ChatId,
}

impl Party {
    /// A group of these, made by the first.
    async fn of(names: &[&str]) -> Self {
        let site = Site::start().await;
        let mut people = Vec::new();
        for name in names {
            people.push(site.daemon.user(Wire::Quic, name).await);
        }
        let others = people[1..].iter().map(Client::id).collect();
        let chat: ChatInfo = people[0].group("party", others).await;
        Self {
            site,
            people,
            chat: chat.id,
        }
    }

    /// A page with the session of one of them.
    async fn page(&self, at: usize) -> Page {
        Page::open(&self.site, self.people[at].token().as_str()).await
    }
}
