//! Pages at two nodes: what is committed at one is told at both.

use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::{SinkExt, StreamExt};
use messengerd::service::accounts::Registration;
use messengerd::service::tokens::{NATIVE_LIFE_MS, Tokens};
use messengerd::session::ServerInfo;
use messengerd::session::door::Door;
use messengerd::store::UserRecord;
use messengerd::transport::http::pages::Pages;
use messengerd::transport::http::socket::Sockets;
use messengerd::transport::http::{Context, router, serve};
use proto::id::SessionId;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::kit::{Node, PATIENCE, Shelf, one, quick, session};
use crate::redis_server::RedisServer;

const MESSAGES: usize = 100;

/// Opens the web endpoint of a node.
async fn open(shelf: &Shelf, node: &Node, stop: &CancellationToken) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (_, nodes) = watch::channel(Vec::new());
    let (door, sessions) = (Door::new(100), TaskTracker::new());
    let routes = router(Context {
        service: node.service.clone(),
        info: Arc::new(ServerInfo {
            community: shelf.community,
            nodes,
        }),
        fingerprint: String::new(),
        port: 0,
        registration: Registration::Closed,
        pages: Pages::new(None).unwrap(),
        door: door.clone(),
        posted: Arc::default(),
        sockets: Sockets::new(node.service.clone(), Default::default()),
        sessions: sessions.clone(),
        stop: stop.clone(),
        web: Arc::default(),
    });
    tokio::spawn(serve::accept(
        listener,
        None,
        routes,
        Arc::default(),
        door,
        sessions,
        stop.clone(),
    ));
    address
}

struct Page(WebSocketStream<TcpStream>);

impl Page {
    /// Of a session of its own.
    async fn open(shelf: &Shelf, at: SocketAddr, user: &UserRecord) -> (Self, SessionId) {
        let new = session();
        let id = new.id;
        shelf.store.create_session(user.no, new).await.unwrap();
        let tokens = Tokens::new(&[1; 32]);
        let token = tokens.issue(user.id, id, messengerd::service::now(), NATIVE_LIFE_MS);
        let url = format!("ws://{at}/ws?token={}", token.unwrap().as_str());
        let stream = TcpStream::connect(at).await.unwrap();
        let (socket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
        let mut page = Self(socket);
        // It is there once it answers.
        let ask = json!({ "type": "nonsense", "id": "there" }).to_string();
        page.0.send(Message::Text(ask.into())).await.unwrap();
        while page.next().await.unwrap()["type"] != "error" {}
        (page, id)
    }

    /// The next frame, or the code of its end.
    async fn next(&mut self) -> Result<Value, Option<u16>> {
        let next = async {
            loop {
                match self.0.next().await {
                    Some(Ok(Message::Text(text))) => {
                        return Ok(serde_json::from_str(&text).unwrap());
                    }
                    Some(Ok(Message::Close(frame))) => {
                        return Err(frame.map(|frame| frame.code.into()));
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Err(None),
                }
            }
        };
        tokio::time::timeout(PATIENCE, next).await.unwrap()
    }

    async fn wait(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next().await.unwrap();
            if frame["type"] == kind {
                return frame;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_at_both_nodes_see_the_same_in_the_same_order_once() {
    let (server, shelf) = (RedisServer::start(), Shelf::new());
    let (ada, bob) = (shelf.user("ada").await, shelf.user("bob").await);
    let eve = shelf.user("eve").await;
    let chat = shelf.group(&[&ada, &bob]).await;
    let own = shelf.group(&[&eve]).await;
    let settings = one(server.url());
    let nodes = [
        shelf.node(&settings, quick()).await,
        shelf.node(&settings, quick()).await,
    ];
    let stop = CancellationToken::new();
    let mut pages = Vec::new();
    let mut sessions = Vec::new();
    let mut outside = Vec::new();
    for node in &nodes {
        let at = open(&shelf, node, &stop).await;
        for user in [&ada, &bob] {
            let (page, session) = Page::open(&shelf, at, user).await;
            pages.push(page);
            sessions.push((user, session));
        }
        outside.push(Page::open(&shelf, at, &eve).await.0);
    }
    for number in 0..MESSAGES {
        let by = [&ada, &bob][number % 2];
        shelf.say(&chat, by, &number.to_string()).await;
    }
    for page in &mut pages {
        let mut first = None;
        for number in 0..MESSAGES {
            let told = page.wait("new_message").await;
            assert_eq!(told["data"]["content"], number.to_string());
            let seq = told["data"]["log_seq"].as_u64().unwrap();
            assert_eq!(seq, *first.get_or_insert(seq) + number as u64);
        }
    }
    // Nobody else was told; what is theirs comes behind it.
    shelf.say(&own, &eve, "mine").await;
    for page in &mut outside {
        let told = page.wait("new_message").await;
        assert_eq!(told["data"]["content"], "mine");
    }
    // A session that is revoked at one node ends at the other.
    let (user, session) = sessions[2];
    let ended = shelf.store.end_session(user.no, session, 1);
    assert!(ended.await.unwrap());
    let end = loop {
        if let Err(end) = pages[2].next().await {
            break end;
        }
    };
    assert_eq!(end, Some(1008));
    shelf.say(&chat, &ada, "after").await;
    for at in [0, 1, 3] {
        let told = pages[at].wait("new_message").await;
        assert_eq!(told["data"]["content"], "after");
    }
    stop.cancel();
    for node in nodes {
        node.stop().await;
    }
}
