//! The sentences of the status line.

use proto::UnixMillis;
use proto::catalog::{Lang, Text, fill, sentence};
use proto::text::printable_line;

use super::action::Action;
use super::message::Effect;
use super::model::Model;
use super::wrap::{self, Spaces};
use crate::client::model::{Link, Refusal, Transport};

/// Most lines of the status.
const LINES: usize = 3;

/// The state of the connection as a sentence; `retry_in_ms` where offline.
pub fn link_text(lang: Lang, link: &Link, retry_in_ms: UnixMillis) -> String {
    match link {
        Link::Connecting => Text::LinkConnecting.get(lang).to_owned(),
        Link::Online { transport, address } | Link::SignedOut { transport, address } => {
            let text = match transport {
                Transport::Quic => Text::LinkQuic,
                Transport::WebSocket => Text::LinkWebSocket,
            };
            fill(text.get(lang), &[("address", &printable_line(address))])
        }
        Link::Offline { reason, .. } => {
            let reason = printable_line(reason);
            let reason = reason.trim_end_matches('.');
            if retry_in_ms <= 0 {
                fill(Text::LinkOfflineNow.get(lang), &[("reason", reason)])
            } else {
                let seconds = (retry_in_ms as u64).div_ceil(1000).to_string();
                fill(
                    Text::LinkOffline.get(lang),
                    &[("reason", reason), ("seconds", &seconds)],
                )
            }
        }
        Link::Refused { why } => refusal_text(lang, why),
    }
}

/// Why the client gave up, as sentences that say what to do.
pub fn refusal_text(lang: Lang, why: &Refusal) -> String {
    match why {
        Refusal::CertificateChanged { pinned, shown } => fill(
            Text::RefusedChanged.get(lang),
            &[("pinned", pinned), ("shown", shown)],
        ),
        Refusal::Untrusted { shown } => fill(Text::RefusedUntrusted.get(lang), &[("shown", shown)]),
        Refusal::OtherCommunity => Text::RefusedCommunity.get(lang).to_owned(),
        Refusal::Server(error) => sentence(lang, error),
    }
}

impl Model {
    /// The sentence of the status line: a notice, else the connection.
    pub fn status_text(&self) -> String {
        match &self.notice {
            Some(notice) => printable_line(&notice.text).into_owned(),
            None if self.was_online && self.link == Link::Connecting => {
                self.text(Text::LinkReconnecting).to_owned()
            }
            None => {
                let left = self.retry_at.map_or(0, |at| at - self.now);
                link_text(self.lang, &self.link, left)
            }
        }
    }

    /// What to press for help and commands; at the right end of the last line
    /// where there is room for it, and none elsewhere.
    pub fn status_hints(&self) -> Option<String> {
        let help = self.key_of(Action::Help);
        let palette = self.key_of(Action::Palette);
        let hints = fill(
            self.text(Text::StatusHints),
            &[("help", &help), ("palette", &palette)],
        );
        let columns = usize::from(self.size.0).saturating_sub(2);
        let lines = self.status_lines();
        let used = lines.last().map_or(0, |line| wrap::width(line));
        let fits = used + 3 + wrap::width(&hints) <= columns;
        (self.first.is_none() && fits).then_some(hints)
    }

    /// A click on the status: the hints are buttons.
    pub(super) fn click_status(&mut self, x: u16, last_line: bool) -> Vec<Effect> {
        let Some(hints) = self.status_hints().filter(|_| last_line) else {
            return Vec::new();
        };
        let right = usize::from(self.size.0).saturating_sub(1);
        let left = right - wrap::width(&hints);
        let middle = hints.find('·').map_or(0, |at| wrap::width(&hints[..at]));
        match usize::from(x) {
            x if x < left || x >= right => Vec::new(),
            x if x < left + middle => self.act(Action::Help),
            _ => self.act(Action::Palette),
        }
    }

    /// The same in lines of the screen.
    pub fn status_lines(&self) -> Vec<String> {
        let columns = usize::from(self.size.0).saturating_sub(2);
        let text = self.status_text();
        let ranges = wrap::wrap(&text, columns, Spaces::Drop);
        let mut lines: Vec<String> = ranges
            .iter()
            .take(LINES)
            .map(|range| text[range.clone()].trim_end().to_owned())
            .collect();
        if let (Some(last), true) = (lines.last_mut(), ranges.len() > LINES) {
            *last = wrap::fit(&format!("{last} …"), columns).into_owned();
        }
        lines
    }
}
