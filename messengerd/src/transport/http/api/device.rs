//! What to call the device in the list of sessions.

use axum::http::{HeaderMap, header};
use proto::limits;
use proto::text::DeviceName;

use super::accounts::valid;
use super::error::ApiResult;

/// By what they say of themselves, the more special before what it imitates.
const BROWSERS: [(&str, &str); 8] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("YaBrowser/", "Yandex Browser"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

/// A short name from `User-Agent`, such as `Firefox on Linux` or `curl`.
pub(super) fn name(headers: &HeaderMap) -> ApiResult<DeviceName> {
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|agent| agent.to_str().ok())
        .unwrap_or_default();
    valid(DeviceName::try_from(of(agent)))
}

fn of(agent: &str) -> String {
    let find = |known: &[(&str, &'static str)]| {
        let mut known = known.iter();
        known
            .find(|(said, _)| agent.contains(said))
            .map(|(_, name)| *name)
    };
    if agent.starts_with("Mozilla/") {
        let browser = find(&BROWSERS).unwrap_or("Browser");
        return match find(&SYSTEMS) {
            Some(system) => format!("{browser} on {system}"),
            None => browser.to_owned(),
        };
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ');
    let program = agent.split('/').next().unwrap_or_default();
    let program: String = program.chars().filter(|c| plain(*c)).collect();
    let program: String = program.trim().chars().take(limits::DEVICE_CHARS).collect();
    if program.is_empty() {
        "web".to_owned()
    } else {
        program.trim_end().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_have_short_names() {
        for (agent, name) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 \
                 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            ("Mozilla/5.0 (nothing known)", "Browser"),
            ("curl/8.14.1", "curl"),
            ("python-requests/2.32", "python-requests"),
            ("<b>/1", "b"),
            ("", "web"),
            ("///", "web"),
        ] {
            assert_eq!(of(agent), name);
        }
        assert_eq!(of(&"x".repeat(1000)).len(), limits::DEVICE_CHARS);
    }
}
