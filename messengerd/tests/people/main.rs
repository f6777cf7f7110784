//! What people see of each other: profiles, contacts, presence, receipts.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

mod contacts;
#[allow(dead_code, reason = "shared with other flows")]
#[path = "../ground/mod.rs"]
mod ground;
mod invisible;
mod presence;
mod profiles;
#[path = "../servers/mod.rs"]
mod servers;
#[path = "../support/mod.rs"]
mod support;

use ground::On;
use proto::event::{Event, Presence};
use proto::id::UserId;
use proto::request::{Login, Ping};
use support::{Client, Daemon, Wire, password};

/// Another device of somebody who has an account.
async fn device(daemon: &Daemon, name: &str) -> Client {
    let mut client = Client::connect(daemon, Wire::Quic, None, true)
        .await
        .unwrap();
    let signed_in = client
        .call(Login {
            login: name.to_owned(),
            password: password(),
            device: "another".try_into().unwrap(),
        })
        .await
        .unwrap();
    client.me = Some(signed_in);
    client
}

/// Waits until somebody is seen as `wanted` says.
async fn sees(client: &mut Client, user: UserId, wanted: impl Fn(&Presence) -> bool) -> Presence {
    client
        .event(|event| match event {
            Event::Presence(changed) => changed
                .users
                .into_iter()
                .find(|state| state.user == user && wanted(state)),
            _ => None,
        })
        .await
}

async fn sees_online(client: &mut Client, user: UserId) -> Presence {
    sees(client, user, |state| state.online).await
}

async fn sees_offline(client: &mut Client, user: UserId) -> Presence {
    sees(client, user, |state| !state.online).await
}

/// Everything told so far; what comes later was told later.
async fn told(client: &mut Client) -> Vec<Event> {
    client.call(Ping {}).await.unwrap();
    client.events.drain(..).collect()
}

async fn user(on: On, daemon: &Daemon, name: &str) -> Client {
    daemon.user(on.wire, name).await
}
