//! The connection: where to look for the server, and what a profile remembers
//! of it.

use proto::hello::Hello;
use proto::text::Token;

use super::Driver;
use crate::client::address::{Node, ServerAddress};
use crate::client::cache::{Db, DbError};
use crate::client::conn::{self, Established, Plan};
use crate::client::core::Failure;
use crate::client::model::ClientEvent;
use crate::client::nodes::Nodes;

/// What a profile remembers of its server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Remembered {
    /// The addresses that a person gave.
    server: Option<String>,
    /// Those that the server named.
    nodes: Option<String>,
    /// The one last connected to.
    node: Option<String>,
}

impl Remembered {
    pub(super) fn read(db: &Db) -> Result<Self, DbError> {
        Ok(Self {
            server: db.meta("server")?,
            nodes: db.meta("nodes")?,
            node: db.meta("node")?,
        })
    }

    fn write(&self, old: &Self, db: &Db) -> Result<(), DbError> {
        for (key, value, was) in [
            ("server", &self.server, &old.server),
            ("nodes", &self.nodes, &old.nodes),
            ("node", &self.node, &old.node),
        ] {
            if value != was {
                db.set_meta(key, value.as_deref())?;
            }
        }
        Ok(())
    }

    /// The addresses that a person gave last.
    pub(super) fn server(&self) -> Option<ServerAddress> {
        self.server.as_deref().and_then(|text| text.parse().ok())
    }

    /// All addresses for a server that a person gives now.
    pub(super) fn nodes(&self, server: &ServerAddress, seed: u64) -> Nodes {
        let Some(known) = self.server() else {
            return Nodes::new(server, None, None, seed);
        };
        let learned = self.nodes.as_deref().and_then(|text| text.parse().ok());
        let last: Option<Node> = self.node.as_deref().and_then(|text| text.parse().ok());
        let mut nodes = Nodes::new(&known, learned, last, seed);
        nodes.use_server(server);
        nodes
    }
}

impl Driver {
    /// Begins to make a connection.
    pub(super) fn attempt(&mut self, token: Option<Token>, elsewhere: bool) {
        if token.is_some() {
            self.token.clone_from(&token);
        }
        let hello = Hello {
            version: proto::VERSION,
            min_version: proto::VERSION,
            capabilities: Vec::new(),
            client: concat!("mchat/", env!("CARGO_PKG_VERSION")).to_owned(),
            token,
            live: self.options.live,
        };
        let mut places = self.nodes.order(elsewhere);
        if self.connection.is_some() {
            // It is to take the place of the one that is up.
            let community = self.core.community();
            for place in &mut places {
                place.community = place.community.or(community);
            }
        }
        let plan = Plan {
            places,
            trust: self.trust.clone(),
        };
        self.attempt = Some(Box::pin(conn::connect(plan, hello)));
    }

    /// An attempt has ended: the one connection, or one beside it.
    pub(super) fn ended(&mut self, ended: Result<Established, Failure>) {
        let now = self.now();
        let established = match ended {
            Ok(established) => established,
            Err(_) if self.connection.is_some() => {
                self.core.handle_race_failed();
                return;
            }
            Err(failure) => {
                let out = self.core.handle_connect_failed(now, failure);
                self.carry_out(out);
                return;
            }
        };
        let Established {
            connection,
            welcome,
            transport,
            node,
            at,
        } = established;
        // One that was up until now ends with this.
        self.connection = Some(connection);
        self.heard = 0;
        // Said for this once: the key is pinned now.
        self.trust.fingerprint = None;
        let (community, named) = (welcome.community, welcome.nodes.clone());
        let address = node.to_string();
        let out = self.core.handle_connected(now, welcome, transport, address);
        if self.core.is_connected() {
            self.nodes.answered(node, at, community, &named);
            self.core.know_nodes(self.nodes.count());
            self.remember();
        }
        self.carry_out(out);
    }

    /// A server other than the profile's is not to see the session's token
    /// before it has named its community.
    pub(super) fn probe_new(&mut self) {
        if self.remembered.server.as_ref() != Some(&self.server.to_string()) {
            self.core.probe_first();
        }
    }

    /// A person names a server.
    pub(super) fn use_server(&mut self, server: ServerAddress) {
        self.trust.fingerprint = server.fingerprint;
        self.trust.given.clone_from(&server.nodes);
        self.nodes.use_server(&server);
        self.core.know_nodes(self.nodes.count());
        self.server = server;
    }

    /// The server that answered is the profile's from now on.
    fn remember(&mut self) {
        let now = Remembered {
            server: Some(self.server.to_string()),
            nodes: self.nodes.learned().map(ToString::to_string),
            node: self.nodes.last().map(ToString::to_string),
        };
        if now == self.remembered {
            return;
        }
        let old = std::mem::replace(&mut self.remembered, now.clone());
        let cache = self.cache.clone();
        let events = self.events.clone();
        tokio::spawn(async move {
            let kept = cache.write(move |db| now.write(&old, db)).await;
            if let Err(error) = kept {
                // Nobody may be listening: a command line.
                let _ = events.send(ClientEvent::CacheTrouble(error.to_string()));
            }
        });
    }
}
