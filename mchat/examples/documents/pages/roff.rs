//! Writing manual pages.

/// A text as roff takes it, so that nothing of it is taken for a request.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for (at, line) in text.lines().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        if line.starts_with(['.', '\'']) {
            out.push_str("\\&");
        }
        for c in line.chars() {
            match c {
                '\\' => out.push_str("\\e"),
                '-' => out.push_str("\\-"),
                c => out.push(c),
            }
        }
    }
    out
}

/// A page in the making.
pub(super) struct Page(String);

impl Page {
    /// The beginning of a page.
    pub(super) fn new(name: &str, section: u8, source: &str, about: &str) -> Self {
        let title = escaped(&name.to_uppercase());
        let mut page = Self(format!(
            ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n.TH \"{title}\" \"{section}\" \"\" \"{source}\" \"Messenger\"\n"
        ));
        page.section("NAME");
        page.0
            .push_str(&format!("{} \\- {}\n", escaped(name), escaped(about)));
        page
    }

    /// Sections to be put behind a page that exists.
    pub(super) fn more() -> Self {
        Self(String::new())
    }

    pub(super) fn section(&mut self, title: &str) {
        self.0.push_str(&format!(".SH \"{title}\"\n"));
    }

    pub(super) fn part(&mut self, title: &str) {
        self.0.push_str(&format!(".SS \"{}\"\n", escaped(title)));
    }

    pub(super) fn text(&mut self, text: &str) {
        self.0.push_str(&format!(".PP\n{}\n", escaped(text)));
    }

    /// Something and what it is.
    pub(super) fn item(&mut self, head: &str, about: &str) {
        self.0.push_str(&format!(
            ".TP\n\\fB{}\\fR\n{}\n",
            escaped(head),
            escaped(about)
        ));
    }

    /// Something of a sort and what it is.
    pub(super) fn field(&mut self, head: &str, sort: &str, about: &str) {
        self.0.push_str(&format!(
            ".TP\n\\fB{}\\fR: {}\n{}\n",
            escaped(head),
            escaped(sort),
            escaped(about)
        ));
    }

    /// Lines as they are.
    pub(super) fn verbatim(&mut self, text: &str) {
        self.0.push_str(&format!(
            ".PP\n.nf\n.RS\n{}\n.RE\n.fi\n",
            escaped(text.trim_end())
        ));
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}
