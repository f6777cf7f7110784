//! Links in messages: which may be opened, and where they really lead.

/// The schemes that are links, without their colon.
pub const SCHEMES: [&str; 4] = ["https", "http", "mailto", "mchat"];

/// Longest address, in bytes.
pub const LONGEST: usize = 2048;

/// A link that may be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The whole address.
    pub address: String,
    /// Where it leads: the host, or whom a mail goes to.
    pub host: String,
}

impl Link {
    /// Reads an address; none where its scheme is not one of [`SCHEMES`] or it
    /// leads nowhere.
    pub fn parse(address: &str) -> Option<Self> {
        let (scheme, rest) = address.split_once(':')?;
        let scheme = SCHEMES
            .iter()
            .find(|known| known.eq_ignore_ascii_case(scheme))?;
        let safe = |c: char| !c.is_whitespace() && !proto::text::is_steering(c);
        if address.len() > LONGEST || !address.chars().all(safe) {
            return None;
        }
        let host = match *scheme {
            "mailto" => rest.split('?').next()?,
            _ => {
                let rest = rest.strip_prefix("//")?;
                let authority = rest.split(['/', '?', '#', '\\']).next()?;
                // What stands before the last @ is a name, not the host.
                authority.rsplit('@').next()?
            }
        };
        let named = host.contains(char::is_alphanumeric) && !host.starts_with('-');
        named.then(|| Self {
            address: address.to_owned(),
            host: host.to_lowercase(),
        })
    }

    /// What must stand beside a label so that nobody is led elsewhere than it
    /// seems; none where the label says it itself.
    pub fn beside(&self, label: &str) -> Option<String> {
        let label = label.trim();
        let same = |address: &str| address.trim_end_matches('/') == label.trim_end_matches('/');
        if label == self.host {
            return None;
        }
        if same(&self.address) && !self.hides_host() {
            return None;
        }
        Some(format!("({})", self.host))
    }

    /// Whether the address looks like another one at first sight: there is a
    /// name in front of the host.
    fn hides_host(&self) -> bool {
        let rest = self.address.split_once("//").map_or("", |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
        authority.contains('@') || rest.starts_with(&*format!("{}\\", self.host))
    }
}

/// At most so many bytes of the beginning of a text.
pub(super) fn near(text: &str, bytes: usize) -> &str {
    let mut end = text.len().min(bytes);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn take_one(count: &mut usize) -> bool {
    let any = *count > 0;
    *count = count.saturating_sub(1);
    any
}

/// The length of the address at the beginning of a text: up to a space or what
/// cannot belong to one, without the marks at its end that belong to the
/// sentence.
pub(super) fn bare_length(text: &str) -> usize {
    let text = near(text, LONGEST + 1);
    let mut length = text
        .find(|c: char| c.is_whitespace() || "<>\"«»“”`|".contains(c))
        .unwrap_or(text.len());
    let count = |c: char| text[..length].matches(c).count();
    // Closing brackets that have no opening one.
    let mut round = count(')').saturating_sub(count('('));
    let mut square = count(']').saturating_sub(count('['));
    loop {
        let address = &text[..length];
        let Some(last) = address.chars().next_back() else {
            return 0;
        };
        let surplus = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' | '~' | '…' => true,
            ')' => take_one(&mut round),
            ']' => take_one(&mut square),
            _ => false,
        };
        if !surplus {
            return length;
        }
        length -= last.len_utf8();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn only_known_schemes_are_links_and_the_host_is_the_real_one() {
        for (address, host) in [
            ("https://example.org/a?b#c", Some("example.org")),
            ("HTTP://Example.org:80", Some("example.org:80")),
            ("https://bank.example@evil.example/x", Some("evil.example")),
            ("https://evil.example\\@bank.example", Some("evil.example")),
            ("mailto:a@b.c?subject=x", Some("a@b.c")),
            ("mchat://host:8443/?invite=x", Some("host:8443")),
            ("javascript:alert(1)", None),
            ("file:///etc/passwd", None),
            ("https:/a", None),
            ("https://", None),
            ("https://a b", None),
            ("https://a\u{202e}b", None),
        ] {
            let link = Link::parse(address).map(|link| link.host);
            assert_eq!(link.as_deref(), host, "{address}");
        }
    }

    #[test]
    fn a_label_that_says_something_else_has_the_host_beside_it() {
        let beside = |label: &str, address: &str| Link::parse(address).unwrap().beside(label);
        assert_eq!(beside("https://a.b/c", "https://a.b/c"), None);
        assert_eq!(beside("a.b", "https://a.b/"), None);
        assert_eq!(beside("here", "https://a.b"), Some("(a.b)".to_owned()));
        assert_eq!(
            beside("https://bank.example", "https://evil.example"),
            Some("(evil.example)".to_owned())
        );
        let trick = "https://bank.example@evil.example/";
        assert_eq!(beside(trick, trick), Some("(evil.example)".to_owned()));
    }

    #[test]
    fn marks_of_the_sentence_do_not_belong_to_the_address() {
        for (text, address) in [
            ("https://a.b/c). Then", "https://a.b/c"),
            ("https://a.b/c_(d) x", "https://a.b/c_(d)"),
            ("https://a.b, x", "https://a.b"),
        ] {
            assert_eq!(&text[..bare_length(text)], address);
        }
    }
}
