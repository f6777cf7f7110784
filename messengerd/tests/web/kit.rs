//! A daemon in this process and a small HTTP client that shows everything of an
//! answer.
//!
//! ```ignore
//! let site = Site::start().await;
//! let ada = site.person("ada").await;
//! let me = ada.get("/users/me").await;
//! assert_eq!(me.status, 200);
//! let refused = site.api("GET", "/users/me").header("authorization", "nonsense").send().await;
//! refused.is_refused(401, "unauthenticated");
//! ```
#![allow(dead_code, reason = "shared by all tests of the web endpoint")]

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use hyper::client::conn::http1;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use messengerd::config::Config;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::support::{Daemon, PATIENCE, tls};

/// Where all routes of REST are.
pub(crate) const BASE: &str = "/api/v1";
/// Everybody's.
pub(crate) const PASSWORD: &str = "correct horse";

/// A running daemon.
pub(crate) struct Site {
    pub(crate) daemon: Daemon,
    door: Door,
}

/// How requests get in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Door {
    address: SocketAddr,
    tls: bool,
}

impl Site {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// With other settings.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let home = Arc::new(tempfile::tempdir().unwrap());
        Self::of(Daemon::start_in(home, change).await)
    }

    pub(crate) fn of(daemon: Daemon) -> Self {
        let address = daemon.server.addresses().http.unwrap();
        let door = Door {
            address,
            tls: false,
        };
        Self { daemon, door }
    }

    /// The plain door on loopback.
    pub(crate) fn door(&self) -> Door {
        self.door
    }

    /// The encrypted door.
    pub(crate) fn secure(&self) -> Door {
        Door {
            address: self.daemon.address(),
            tls: true,
        }
    }

    /// A request to a route below `/api/v1` by nobody.
    pub(crate) fn api(&self, method: &str, path: &str) -> Ask {
        self.door.api(method, path)
    }

    /// A request to any path by nobody.
    pub(crate) fn at(&self, method: &str, path: &str) -> Ask {
        self.door.at(method, path)
    }

    /// Registers somebody.
    pub(crate) async fn person(&self, name: &str) -> Person {
        let body = json!({
            "username": name,
            "email": format!("{name}@example.org"),
            "password": PASSWORD,
        });
        let answer = self.api("POST", "/auth/register").json(&body).send().await;
        assert_eq!(answer.status, 201, "{answer:?}");
        Person::of(self.door, &answer.json())
    }

    /// Signs somebody in once more.
    pub(crate) async fn sign_in(&self, name: &str) -> Person {
        let body = json!({ "username": name, "password": PASSWORD });
        let answer = self.api("POST", "/auth/login").json(&body).send().await;
        assert_eq!(answer.status, 200, "{answer:?}");
        Person::of(self.door, &answer.json())
    }
}

impl Door {
    /// `HOST:PORT`, as `Host` and origins have it.
    pub(crate) fn host(&self) -> String {
        self.address.to_string()
    }

    /// The origin of pages that this door serves.
    pub(crate) fn origin(&self) -> String {
        let scheme = if self.tls { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }

    pub(crate) fn api(&self, method: &str, path: &str) -> Ask {
        self.at(method, &format!("{BASE}{path}"))
    }

    pub(crate) fn at(&self, method: &str, path: &str) -> Ask {
        Ask {
            door: *self,
            method: method.parse().unwrap(),
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        }
    }
}

/// Somebody who is signed in with a token.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) token: String,
    door: Door,
}

impl Person {
    /// From `{user, token}`.
    pub(crate) fn of(door: Door, signed_in: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            id: text(&signed_in["user"]["id"]),
            name: text(&signed_in["user"]["username"]),
            token: text(&signed_in["token"]),
            door,
        }
    }

    /// A request to a route below `/api/v1`.
    pub(crate) fn ask(&self, method: &str, path: &str) -> Ask {
        self.door.api(method, path).bearer(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path).send().await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask("POST", path).json(&body).send().await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask("PUT", path).json(&body).send().await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.ask("DELETE", path).send().await
    }
}

/// A request in the making.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    door: Door,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl Ask {
    /// Adds a header; one of the same name stays.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().unwrap();
        self.headers.append(name, value.parse().unwrap());
        self
    }

    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json")
            .bytes(body.to_string())
    }

    pub(crate) fn bytes(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// A form of one file and texts.
    pub(crate) fn form(self, file: Option<(&str, &[u8])>, texts: &[(&str, &str)]) -> Self {
        const BOUNDARY: &str = "----a-boundary-of-tests";
        let mut body = Vec::new();
        for (name, value) in texts {
            let part = format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
            body.extend_from_slice(part.as_bytes());
        }
        if let Some((name, bytes)) = file {
            let head = format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
                 Content-Type: application/octet-stream\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        self.header("content-type", &kind).bytes(body)
    }

    /// Sends it on a connection of its own and takes the whole answer.
    pub(crate) async fn send(self) -> Answer {
        let what = format!("{} {}", self.method, self.path);
        tokio::time::timeout(PATIENCE, self.sent())
            .await
            .unwrap_or_else(|_| panic!("no answer to {what}"))
    }

    async fn sent(self) -> Answer {
        let tcp = TcpStream::connect(self.door.address).await.unwrap();
        if !self.door.tls {
            return self.over(tcp).await;
        }
        let connector = tokio_rustls::TlsConnector::from(Arc::new(tls(b"http/1.1")));
        let name = "localhost".try_into().unwrap();
        let stream = connector.connect(name, tcp).await.unwrap();
        self.over(stream).await
    }

    async fn over<S>(self, stream: S) -> Answer
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        let running = tokio::spawn(connection);
        let mut request = Request::new(Body::from(self.body));
        *request.method_mut() = self.method;
        *request.uri_mut() = self.path.parse().unwrap();
        let host = HeaderValue::from_str(&self.door.host()).unwrap();
        request.headers_mut().insert("host", host);
        request.headers_mut().extend(self.headers);
        let response = sender.send_request(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(Body::new(body), usize::MAX).await;
        drop(sender);
        running.abort();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: body.unwrap(),
        }
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("{error} in {self:?}"),
        }
    }

    /// The body where the status is this one.
    #[track_caller]
    pub(crate) fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        self.json()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Whether it is a refusal of the usual shape with this status and word.
    #[track_caller]
    pub(crate) fn is_refused(&self, status: u16, code: &str) {
        let body = self.json();
        assert_eq!(
            (self.status, body["code"].as_str()),
            (status, Some(code)),
            "{body}"
        );
        assert!(body["error"].as_str().is_some_and(|said| !said.is_empty()));
        assert_eq!(self.header("content-type"), Some("application/json"));
    }
}
