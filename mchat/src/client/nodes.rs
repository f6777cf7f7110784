//! All addresses under which a community is known: those that a person gave
//! and those that the server named, and in which order they are tried.
//!
//! What a server names is a hint. It never replaces what a person configured,
//! it is bounded, and it does not lead to addresses that are nearer than the
//! one it came from: a server far away must not have us call our own machine.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use uuid::Uuid;

use super::address::{Node, ServerAddress};
use super::random::Random;

/// Most addresses that are taken from a server.
const LEARNED: usize = 16;

/// How far away an address is, nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// This machine.
    Loopback,
    /// A network that is not the public one.
    Private,
    /// Anywhere.
    Public,
}

impl Reach {
    /// Where an address leads; `None` where nobody can be called there.
    pub(crate) fn of(address: IpAddr) -> Option<Self> {
        let address = address.to_canonical();
        if address.is_loopback() || address.is_unspecified() {
            return Some(Self::Loopback);
        }
        if address.is_multicast() || address == IpAddr::V4(Ipv4Addr::BROADCAST) {
            return None;
        }
        let private = match address {
            IpAddr::V4(v4) => {
                let [a, b, ..] = v4.octets();
                // 100.64.0.0/10 is what providers and overlays hand out.
                v4.is_private() || v4.is_link_local() || (a == 100 && b & 0xc0 == 64)
            }
            IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
        };
        Some(if private { Self::Private } else { Self::Public })
    }
}

/// An address to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Where.
    pub(crate) node: Node,
    /// For an address that the server named: the nearest it may lead.
    pub(crate) learned: Option<Reach>,
    /// The community that is expected there; another one is as good as nobody.
    pub(crate) community: Option<Uuid>,
}

/// What a server named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Learned {
    community: Uuid,
    /// How far away the server was that named them.
    reach: Reach,
    /// In order of their text, so that the same list is the same.
    nodes: Vec<Node>,
}

/// The addresses of the community.
#[derive(Debug)]
pub(crate) struct Nodes {
    configured: Vec<Node>,
    learned: Option<Learned>,
    /// The address last connected to.
    last: Option<Node>,
    random: Random,
}

impl Nodes {
    /// What a person gave; `learned` and `last` as the profile remembers them.
    pub(crate) fn new(
        server: &ServerAddress,
        learned: Option<Learned>,
        last: Option<Node>,
        seed: u64,
    ) -> Self {
        Self {
            configured: server.nodes.clone(),
            learned,
            last,
            random: Random::new(seed),
        }
    }

    /// A person gives these addresses now. Where another server is meant, what
    /// the old one named is nothing to it.
    pub(crate) fn use_server(&mut self, server: &ServerAddress) {
        if server.nodes == self.configured {
            return;
        }
        if !server.nodes.iter().any(|node| self.has(node)) {
            self.learned = None;
        }
        self.configured.clone_from(&server.nodes);
        // Who names another address wants that one first.
        self.last = self.last.take().filter(|last| server.nodes.contains(last));
    }

    fn has(&self, node: &Node) -> bool {
        self.configured.contains(node) || self.named().contains(node)
    }

    fn named(&self) -> &[Node] {
        self.learned
            .as_ref()
            .map_or(&[], |learned| learned.nodes.as_slice())
    }

    /// How many addresses there are.
    pub(crate) fn count(&self) -> usize {
        let named = self
            .named()
            .iter()
            .filter(|node| !self.configured.contains(node));
        self.configured.len() + named.count()
    }

    /// The addresses in the order in which to try them: the one last connected
    /// to, those that a person gave, the others in any order. `elsewhere`: that
    /// one last, and all others in any order, so that the clients of a dead node
    /// spread, also where all were given the same addresses.
    pub(crate) fn order(&mut self, elsewhere: bool) -> Vec<Place> {
        let mut places: Vec<Place> = self
            .configured
            .iter()
            .map(|node| Place {
                node: node.clone(),
                learned: None,
                community: None,
            })
            .collect();
        if let Some(learned) = &self.learned {
            let mut named: Vec<Place> = learned
                .nodes
                .iter()
                .filter(|node| !self.configured.contains(node))
                .map(|node| Place {
                    node: node.clone(),
                    learned: Some(learned.reach),
                    community: Some(learned.community),
                })
                .collect();
            self.random.shuffle(&mut named);
            places.append(&mut named);
        }
        if elsewhere {
            self.random.shuffle(&mut places);
        }
        // Stable: the order of the others stays.
        places.sort_by_key(|place| (self.last.as_ref() == Some(&place.node)) == elsewhere);
        places
    }

    /// A node answered, and names the nodes of its community; none where it does
    /// not know how they are reached, which says nothing of those that are known.
    pub(crate) fn answered(&mut self, node: Node, at: IpAddr, community: Uuid, named: &[String]) {
        self.last = Some(node);
        if self
            .learned
            .as_ref()
            .is_some_and(|learned| learned.community != community)
        {
            self.learned = None;
        }
        let Some(reach) = Reach::of(at).filter(|_| !named.is_empty()) else {
            return;
        };
        let mut nodes: Vec<Node> = named
            .iter()
            .take(LEARNED)
            .filter_map(|text| text.parse().ok())
            .filter(|node: &Node| match node.host.parse() {
                Ok(address) => Reach::of(address).is_some_and(|there| there >= reach),
                // A name is judged when it is looked up.
                Err(_) => true,
            })
            .collect();
        nodes.sort_by_key(ToString::to_string);
        nodes.dedup();
        self.learned = (!nodes.is_empty()).then_some(Learned {
            community,
            reach,
            nodes,
        });
    }

    /// What the server named, to be remembered.
    pub(crate) fn learned(&self) -> Option<&Learned> {
        self.learned.as_ref()
    }

    /// The address last connected to.
    pub(crate) fn last(&self) -> Option<&Node> {
        self.last.as_ref()
    }
}

impl fmt::Display for Learned {
    /// As it is remembered: community, reach, addresses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reach = match self.reach {
            Reach::Loopback => "loopback",
            Reach::Private => "private",
            Reach::Public => "public",
        };
        write!(f, "{} {reach}", self.community)?;
        self.nodes.iter().try_for_each(|node| write!(f, " {node}"))
    }
}

/// The text is nothing that was remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a list of nodes")]
pub(crate) struct LearnedError;

impl FromStr for Learned {
    type Err = LearnedError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut words = text.split(' ');
        let community = words
            .next()
            .and_then(|word| word.parse().ok())
            .ok_or(LearnedError)?;
        let reach = match words.next() {
            Some("loopback") => Reach::Loopback,
            Some("private") => Reach::Private,
            Some("public") => Reach::Public,
            _ => return Err(LearnedError),
        };
        let nodes = words
            .map(|word| word.parse().map_err(|_| LearnedError))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            community,
            reach,
            nodes,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    const COMMUNITY: Uuid = Uuid::from_u128(9);

    fn nodes(configured: &str, seed: u64) -> Nodes {
        Nodes::new(&configured.parse().unwrap(), None, None, seed)
    }

    fn answered(nodes: &mut Nodes, node: &str, at: &str, named: &[&str]) {
        let named: Vec<String> = named.iter().map(ToString::to_string).collect();
        nodes.answered(
            node.parse().unwrap(),
            at.parse().unwrap(),
            COMMUNITY,
            &named,
        );
    }

    fn order(nodes: &mut Nodes, elsewhere: bool) -> Vec<String> {
        nodes
            .order(elsewhere)
            .iter()
            .map(|place| place.node.to_string())
            .collect()
    }

    #[test]
    fn the_last_one_then_the_configured_then_the_named() {
        let mut nodes = nodes("a:1,b:1", 3);
        assert_eq!(order(&mut nodes, false), ["a:1", "b:1"]);
        answered(&mut nodes, "b:1", "192.0.2.7", &["c:1", "b:1", "c:1"]);
        assert_eq!(nodes.count(), 3);
        assert_eq!(order(&mut nodes, false), ["b:1", "a:1", "c:1"]);
        assert_eq!(order(&mut nodes, true).pop().as_deref(), Some("b:1"));
        answered(&mut nodes, "c:1", "192.0.2.7", &["c:1", "b:1"]);
        assert_eq!(order(&mut nodes, false), ["c:1", "a:1", "b:1"]);
        // What vanished from the list is dropped, what is configured stays.
        answered(&mut nodes, "a:1", "192.0.2.7", &["d:1"]);
        assert_eq!(order(&mut nodes, false), ["a:1", "b:1", "d:1"]);
        // No list is not an empty one.
        answered(&mut nodes, "a:1", "192.0.2.7", &[]);
        assert_eq!(order(&mut nodes, false), ["a:1", "b:1", "d:1"]);
    }

    #[test]
    fn clients_of_a_dead_node_spread() {
        let firsts: std::collections::HashSet<String> = (0..40)
            .map(|seed| {
                let mut nodes = nodes("a:1", seed);
                answered(
                    &mut nodes,
                    "a:1",
                    "192.0.2.7",
                    &["a:1", "b:1", "c:1", "d:1"],
                );
                order(&mut nodes, true).remove(0)
            })
            .collect();
        assert_eq!(firsts.len(), 3, "{firsts:?}");
    }

    #[test]
    fn clients_that_were_given_the_same_addresses_spread_too() {
        let firsts: std::collections::HashSet<String> = (0..40)
            .map(|seed| {
                let mut nodes = nodes("a:1,b:1,c:1", seed);
                answered(&mut nodes, "a:1", "192.0.2.7", &["a:1", "b:1", "c:1"]);
                order(&mut nodes, true).remove(0)
            })
            .collect();
        assert_eq!(firsts.len(), 2, "{firsts:?}");
    }

    #[test]
    fn a_list_leads_no_nearer_than_where_it_came_from() {
        let near = [
            "127.0.0.1:1",
            "[::1]:1",
            "0.0.0.0:1",
            "[::ffff:127.0.0.1]:1",
        ];
        let private = ["10.0.0.1:1", "192.168.1.1:1", "[fd00::1]:1", "100.64.0.1:1"];
        let far = ["192.0.2.1:1", "name:1", "[2001:db8::1]:1"];
        let never = ["224.0.0.1:1", "255.255.255.255:1", "bad host:1", "a:0", ""];
        let all: Vec<&str> = [&near[..], &private, &far, &never].concat();
        for (at, count) in [("127.0.0.1", 11), ("10.1.2.3", 7), ("192.0.2.9", 3)] {
            let mut nodes = nodes("h:1", 1);
            answered(&mut nodes, "h:1", at, &all);
            assert_eq!(nodes.count() - 1, count, "{at}: {nodes:?}");
        }
    }

    #[test]
    fn a_list_is_bounded_and_remembered_as_it_is() {
        let many: Vec<String> = (1..1000).map(|port| format!("h:{port}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let mut nodes = nodes("h:1", 1);
        answered(&mut nodes, "h:1", "192.0.2.9", &many);
        let learned = nodes.learned().unwrap();
        assert_eq!(learned.nodes.len(), LEARNED);
        assert_eq!(learned.to_string().parse(), Ok(learned.clone()));
        for wrong in ["", "x", "x public a:1"] {
            assert!(wrong.parse::<Learned>().is_err());
        }
    }

    #[test]
    fn another_server_does_not_get_the_list() {
        let mut nodes = nodes("a:1", 1);
        answered(&mut nodes, "a:1", "192.0.2.7", &["a:1", "b:1"]);
        nodes.use_server(&"b:1".parse().unwrap());
        assert_eq!(order(&mut nodes, false), ["b:1", "a:1"]);
        nodes.use_server(&"z:1".parse().unwrap());
        assert_eq!(order(&mut nodes, false), ["z:1"]);
    }
}
