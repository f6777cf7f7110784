//! The browser pages, from the binary or, for who works on them, from a
//! directory; and what the daemon says of itself to anyone.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;
use axum::body::Body;
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use axum::{Router, body::Bytes};
use rust_embed::{EmbeddedFile, RustEmbed};
use serde::Serialize;

use super::Context;
use crate::service::accounts::Registration;

/// For pages: what they are made of comes from here and nowhere else, no script
/// or style stands in the text, and no other page may frame them.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self'; \
     connect-src 'self'; media-src 'self' blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// Asked for anew each time, answered with "unchanged" mostly: a page and its
/// scripts are always of one version.
const FRESH: HeaderValue = HeaderValue::from_static("no-cache");

/// Typefaces and pictures hardly change.
const LASTING: HeaderValue = HeaderValue::from_static("public, max-age=86400");

#[derive(RustEmbed)]
#[folder = "web/"]
struct Built;

/// Where the pages come from.
#[derive(Debug, Clone, Default)]
pub struct Pages {
    directory: Option<Arc<Path>>,
}

impl Pages {
    /// Those of the binary, or of a directory.
    ///
    /// # Errors
    ///
    /// Where there is no such directory, or it holds no pages.
    pub fn new(directory: Option<PathBuf>) -> anyhow::Result<Self> {
        if let Some(path) = &directory {
            if !path.is_dir() {
                bail!("web_dir: {} is no directory", path.display());
            }
            if !path.join("index.html").is_file() {
                bail!(
                    "web_dir: {} holds no pages, index.html is missing",
                    path.display()
                );
            }
        }
        Ok(Self {
            directory: directory.map(Into::into),
        })
    }

    /// A file by its path below the folder of the pages; none where there is no
    /// such file. The path may come from anyone.
    async fn file(&self, path: &str) -> std::io::Result<Option<Page>> {
        let plain = |part: &str| {
            !part.is_empty() && !part.starts_with('.') && !part.contains(['\\', ':', '\0'])
        };
        if !path.split('/').all(plain) {
            return Ok(None);
        }
        let Some(directory) = &self.directory else {
            return Ok(Built::get(path).map(Page::built));
        };
        match tokio::fs::read(directory.join(path)).await {
            Ok(bytes) => Ok(Some(Page::read(bytes))),
            Err(error) => match error.kind() {
                std::io::ErrorKind::NotFound
                | std::io::ErrorKind::IsADirectory
                | std::io::ErrorKind::NotADirectory
                | std::io::ErrorKind::InvalidFilename => Ok(None),
                _ => Err(error),
            },
        }
    }
}

struct Page {
    bytes: Bytes,
    tag: String,
}

impl Page {
    fn built(file: EmbeddedFile) -> Self {
        let bytes = match file.data {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => bytes.into(),
        };
        Self::tagged(bytes, &file.metadata.sha256_hash())
    }

    fn read(bytes: Vec<u8>) -> Self {
        let hash = blake3::hash(&bytes);
        Self::tagged(bytes.into(), hash.as_bytes())
    }

    fn tagged(bytes: Bytes, hash: &[u8; 32]) -> Self {
        let short: String = hash[..12]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Self {
            bytes,
            tag: format!("\"{short}\""),
        }
    }
}

/// The routes of the pages.
pub(super) fn router() -> Router<Context> {
    Router::new()
        .route("/", get(sign_in))
        .route("/index.html", get(sign_in))
        .route("/chat.html", get(chat))
        .route("/static/{*path}", get(part))
        .route("/about.json", get(about))
}

async fn sign_in(State(context): State<Context>, headers: HeaderMap) -> Response {
    serve(&context.pages, "index.html", &headers).await
}

async fn chat(State(context): State<Context>, headers: HeaderMap) -> Response {
    serve(&context.pages, "chat.html", &headers).await
}

async fn part(
    State(context): State<Context>,
    UrlPath(path): UrlPath<String>,
    headers: HeaderMap,
) -> Response {
    serve(&context.pages, &format!("static/{path}"), &headers).await
}

async fn serve(pages: &Pages, path: &str, headers: &HeaderMap) -> Response {
    let page = match pages.file(path).await {
        Ok(Some(page)) => page,
        Ok(None) => return missing().await,
        Err(error) => {
            tracing::error!(path, %error, "a page cannot be read");
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        }
    };
    let (kind, lasts) = kind_of(path);
    let unchanged = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .any(|sent| matches(sent, &page.tag));
    let mut response = match unchanged {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => Body::from(page.bytes).into_response(),
    };
    let answer = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&page.tag) {
        answer.insert(header::ETAG, tag);
    }
    answer.insert(header::CACHE_CONTROL, if lasts { LASTING } else { FRESH });
    if !unchanged {
        answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    if path.ends_with(".html") {
        answer.insert(header::CONTENT_SECURITY_POLICY, PAGE_POLICY);
    }
    response
}

/// Whether an `If-None-Match` names this tag.
fn matches(sent: &HeaderValue, tag: &str) -> bool {
    sent.to_str().is_ok_and(|sent| {
        sent.split(',')
            .map(|one| one.trim())
            .any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
    })
}

/// A file's content type by its name, and whether it hardly changes.
fn kind_of(path: &str) -> (&'static str, bool) {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    match ending {
        "html" => ("text/html; charset=utf-8", false),
        "css" => ("text/css; charset=utf-8", false),
        "js" => ("text/javascript; charset=utf-8", false),
        "json" => ("application/json", false),
        "txt" | "md" => ("text/plain; charset=utf-8", false),
        "svg" => ("image/svg+xml", true),
        "png" => ("image/png", true),
        "ico" => ("image/x-icon", true),
        "woff2" => ("font/woff2", true),
        _ => ("application/octet-stream", false),
    }
}

/// What anyone may know before signing in.
#[derive(Serialize)]
struct About {
    version: &'static str,
    fingerprint: String,
    /// Of the native protocol.
    port: u16,
    registration: &'static str,
}

async fn about(State(context): State<Context>) -> Json<About> {
    Json(About {
        version: env!("CARGO_PKG_VERSION"),
        fingerprint: context.fingerprint,
        port: context.port,
        registration: match context.registration {
            Registration::Local => "local",
            Registration::Open => "open",
            Registration::Invite => "invite",
            Registration::Closed => "closed",
        },
    })
}

pub(super) async fn missing() -> Response {
    (
        StatusCode::NOT_FOUND,
        "There is nothing here. The start page is at /\n",
    )
        .into_response()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn tag_of(response: &Response) -> HeaderValue {
        response.headers()[header::ETAG].clone()
    }

    #[tokio::test]
    async fn a_page_is_served_with_its_policy_and_once_only() {
        let pages = Pages::default();
        let first = serve(&pages, "index.html", &HeaderMap::new()).await;
        assert_eq!(first.status(), StatusCode::OK);
        assert_eq!(
            first.headers()[header::CONTENT_TYPE],
            "text/html; charset=utf-8"
        );
        let policy = first.headers()[header::CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert!(!policy.contains("unsafe"), "{policy}");
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, tag_of(&first));
        let again = serve(&pages, "index.html", &headers).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(tag_of(&again), tag_of(&first));
        let other = serve(&pages, "chat.html", &headers).await;
        assert_eq!(other.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn nothing_outside_of_the_pages_is_served() {
        let outer = tempfile::tempdir().unwrap();
        let web = outer.path().join("web");
        std::fs::create_dir_all(web.join("static/js")).unwrap();
        std::fs::write(outer.path().join("secret"), "secret").unwrap();
        std::fs::write(web.join(".hidden"), "secret").unwrap();
        std::fs::write(web.join("index.html"), "one").unwrap();
        for pages in [Pages::default(), Pages::new(Some(web)).unwrap()] {
            for path in [
                "../secret",
                "static/../../secret",
                "static//js",
                "static/js",
                "static/",
                "/etc/passwd",
                "static/..\\..\\secret",
                ".hidden",
                "static/nothing.js",
                "C:/secret",
                "",
            ] {
                assert!(pages.file(path).await.unwrap().is_none(), "{path}");
            }
        }
    }

    #[tokio::test]
    async fn a_directory_is_read_at_each_request() {
        let web = tempfile::tempdir().unwrap();
        std::fs::write(web.path().join("index.html"), "one").unwrap();
        let pages = Pages::new(Some(web.path().to_owned())).unwrap();
        let one = serve(&pages, "index.html", &HeaderMap::new()).await;
        std::fs::write(web.path().join("index.html"), "two").unwrap();
        let two = serve(&pages, "index.html", &HeaderMap::new()).await;
        assert_ne!(tag_of(&one), tag_of(&two));
    }

    #[test]
    fn a_directory_without_pages_is_told_at_the_start() {
        let web = tempfile::tempdir().unwrap();
        let missing = web.path().join("missing");
        let error = Pages::new(Some(missing)).unwrap_err().to_string();
        assert!(error.ends_with("is no directory"), "{error}");
        let error = Pages::new(Some(web.path().to_owned())).unwrap_err();
        assert!(
            error.to_string().contains("index.html is missing"),
            "{error}"
        );
    }

    #[test]
    fn what_the_pages_name_is_there_and_nothing_stands_in_them() {
        for page in ["index.html", "chat.html"] {
            let file = Built::get(page).unwrap();
            let text = std::str::from_utf8(&file.data).unwrap();
            assert!(
                !text.contains(" style=") && !text.contains("<style"),
                "{page}"
            );
            for tag in text.split('<').filter(|tag| tag.starts_with("script")) {
                let (start, inside) = tag.split_once('>').unwrap();
                assert!(start.contains(" src=") && inside.trim().is_empty(), "{tag}");
            }
            for name in text.split('"').filter(|name| name.starts_with("/static/")) {
                assert!(Built::get(&name[1..]).is_some(), "{page} names {name}");
            }
        }
    }

    #[test]
    fn scripts_never_parse_markup_and_never_leave_this_host() {
        for path in Built::iter().filter(|path| path.ends_with(".js")) {
            let file = Built::get(&path).unwrap();
            let text = std::str::from_utf8(&file.data).unwrap();
            for banned in [
                "innerHTML",
                "outerHTML",
                "insertAdjacentHTML",
                "document.write",
                "eval(",
                "new Function",
                "DOMParser",
                "setAttribute('style'",
            ] {
                assert!(!text.contains(banned), "{path} has {banned}");
            }
            // What a module brings in is there.
            let directory = path.rsplit_once('/').unwrap().0;
            for import in text.split(['\'', '"']).filter(|name| {
                name.ends_with(".js") && (name.starts_with("./") || name.starts_with("../"))
            }) {
                let mut at: Vec<&str> = directory.split('/').collect();
                for step in import.split('/') {
                    match step {
                        "." => {}
                        ".." => drop(at.pop()),
                        name => at.push(name),
                    }
                }
                let name = at.join("/");
                assert!(Built::get(&name).is_some(), "{path} brings in {import}");
            }
        }
    }
}
