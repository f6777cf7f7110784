//! The screens before the chats: which server, whether to trust it, who one
//! is.

use proto::catalog::Text;
use proto::text::{Password, Username};

use super::action::Action;
use super::edit::Editor;
use super::message::{Effect, Secret};
use super::model::Model;
use super::status;
use crate::client::model::{Link, Refusal};

/// A screen that covers the chats.
#[derive(Debug)]
pub enum First {
    /// Which server.
    Server(ServerForm),
    /// Whether to trust it; its fingerprint.
    Trust(String),
    /// Who one is.
    Sign(Box<SignForm>),
}

/// Asks for the server.
#[derive(Debug)]
pub struct ServerForm {
    /// What is written.
    pub address: Editor,
    /// It is being tried.
    pub busy: bool,
    /// Why it did not work.
    pub trouble: Option<String>,
}

/// A field of [`SignForm`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// User name.
    Name,
    /// Password, shown as dots.
    Password,
    /// The same again.
    Again,
    /// Invite token.
    Invite,
}

/// Asks who one is.
#[derive(Debug)]
pub struct SignForm {
    /// A new account is wanted.
    pub register: bool,
    /// The field that keys go to.
    pub field: Field,
    /// User name.
    pub name: Editor,
    /// Password.
    pub password: Editor,
    /// The same again.
    pub again: Editor,
    /// Invite token or link.
    pub invite: Editor,
    /// The server is being asked.
    pub busy: bool,
    /// Why it did not work.
    pub trouble: Option<String>,
}

impl ServerForm {
    fn new(address: &str, busy: bool) -> Self {
        Self {
            address: Editor::line(address),
            busy,
            trouble: None,
        }
    }
}

impl SignForm {
    fn new(invite: Option<&str>) -> Self {
        Self {
            register: invite.is_some(),
            field: Field::Name,
            name: Editor::line(""),
            password: Editor::line(""),
            again: Editor::line(""),
            invite: Editor::line(invite.unwrap_or_default()),
            busy: false,
            trouble: None,
        }
    }

    /// The fields that are shown, from top to bottom.
    pub fn fields(&self) -> &'static [Field] {
        if self.register {
            &[Field::Name, Field::Password, Field::Again, Field::Invite]
        } else {
            &[Field::Name, Field::Password]
        }
    }

    /// What is written in a field.
    pub fn editor(&self, field: Field) -> &Editor {
        match field {
            Field::Name => &self.name,
            Field::Password => &self.password,
            Field::Again => &self.again,
            Field::Invite => &self.invite,
        }
    }

    fn editor_mut(&mut self) -> &mut Editor {
        match self.field {
            Field::Name => &mut self.name,
            Field::Password => &mut self.password,
            Field::Again => &mut self.again,
            Field::Invite => &mut self.invite,
        }
    }

    fn step(&mut self, forward: bool) {
        let fields = self.fields();
        let at = fields
            .iter()
            .position(|field| *field == self.field)
            .unwrap_or(0);
        let count = fields.len();
        let to = if forward { at + 1 } else { at + count - 1 } % count;
        self.field = fields[to];
    }

    /// The first field that must be filled and is not.
    fn missing(&self) -> Option<Field> {
        self.fields()
            .iter()
            .copied()
            .find(|field| *field != Field::Invite && self.editor(*field).is_empty())
    }
}

impl First {
    /// The text field that keys go to.
    pub(super) fn editor_mut(&mut self) -> Option<&mut Editor> {
        match self {
            Self::Server(form) => {
                // Who writes another address is not taken away from it when
                // the former one answers.
                form.busy = false;
                Some(&mut form.address)
            }
            Self::Trust(_) => None,
            Self::Sign(form) => Some(form.editor_mut()),
        }
    }
}

/// The invite token of an `mchat://` link.
pub fn invite_of(link: &str) -> Option<String> {
    let (_, query) = link.trim().strip_prefix("mchat://")?.split_once('?')?;
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix("invite="))
        .filter(|token| !token.is_empty())
        .map(str::to_owned)
}

impl Model {
    /// Puts up the screen that the connection calls for, or takes it away.
    pub(super) fn settle_first(&mut self) {
        if let Link::Refused {
            why: Refusal::Untrusted { shown },
        } = &self.link
        {
            self.first = Some(First::Trust(shown.clone()));
            return;
        }
        if self.account.is_some() {
            if !matches!(self.first, Some(First::Server(_))) || self.is_online() {
                self.first = None;
            }
            return;
        }
        let trouble = match &self.link {
            Link::Offline { .. } | Link::Refused { .. } => {
                Some(status::link_text(self.lang, &self.link, 0))
            }
            _ => None,
        };
        match (&mut self.first, &self.link) {
            (Some(First::Sign(_)), _) => {}
            (Some(First::Server(form)), Link::SignedOut { .. }) if !form.busy => {}
            (_, Link::SignedOut { .. }) => {
                self.first = Some(First::Sign(Box::new(SignForm::new(self.invite.as_deref()))));
            }
            (Some(First::Server(form)), _) => {
                if trouble.is_some() {
                    form.trouble = trouble;
                }
            }
            _ => {
                let mut form = ServerForm::new(&self.server, true);
                form.trouble = trouble;
                self.first = Some(First::Server(form));
            }
        }
    }

    /// A key on one of these screens.
    pub(super) fn first_action(&mut self, action: Action) -> Vec<Effect> {
        match &mut self.first {
            Some(First::Server(form)) => match action {
                Action::Confirm if !form.address.text().trim().is_empty() => {
                    form.busy = true;
                    form.trouble = None;
                    let address = form.address.text().trim().to_owned();
                    if let Some(token) = invite_of(&address) {
                        self.invite = Some(token);
                    }
                    self.server = address.clone();
                    vec![Effect::SetServer(address)]
                }
                Action::Cancel if self.account.is_some() => {
                    self.first = None;
                    Vec::new()
                }
                _ => Vec::new(),
            },
            Some(First::Trust(_)) => {
                if action == Action::Cancel {
                    self.first = Some(First::Server(ServerForm::new(&self.server, false)));
                }
                Vec::new()
            }
            Some(First::Sign(_)) => self.sign_action(action),
            None => Vec::new(),
        }
    }

    /// Yes to the question whether to trust the server.
    pub(super) fn trust(&mut self) -> Vec<Effect> {
        let Some(First::Trust(shown)) = &self.first else {
            return Vec::new();
        };
        let shown = shown.clone();
        self.first = match self.account {
            Some(_) => None,
            None => Some(First::Server(ServerForm::new(&self.server, true))),
        };
        vec![Effect::Trust(shown)]
    }

    fn sign_action(&mut self, action: Action) -> Vec<Effect> {
        let Some(First::Sign(form)) = &mut self.first else {
            return Vec::new();
        };
        match action {
            Action::Next => form.step(true),
            Action::Previous => form.step(false),
            Action::SwitchMode => {
                form.register = !form.register;
                form.trouble = None;
                if !form.fields().contains(&form.field) {
                    form.field = Field::Name;
                }
            }
            Action::Cancel => {
                self.first = Some(First::Server(ServerForm::new(&self.server, false)));
            }
            Action::Confirm if !form.busy => match form.missing() {
                Some(field) => form.field = field,
                None => return self.submit(),
            },
            _ => {}
        }
        Vec::new()
    }

    fn submit(&mut self) -> Vec<Effect> {
        let lang = self.lang;
        let Some(First::Sign(form)) = &mut self.first else {
            return Vec::new();
        };
        let name = form.name.text().trim().to_owned();
        let password = form.password.text().to_owned();
        let wrong = if form.register && Username::try_from(name.as_str()).is_err() {
            Some((Text::BadName, Field::Name))
        } else if form.register && Password::try_from(password.as_str()).is_err() {
            Some((Text::BadPassword, Field::Password))
        } else if form.register && form.password.text() != form.again.text() {
            Some((Text::PasswordsDiffer, Field::Again))
        } else {
            None
        };
        if let Some((text, field)) = wrong {
            form.trouble = Some(text.get(lang).to_owned());
            form.field = field;
            return Vec::new();
        }
        form.busy = true;
        form.trouble = None;
        let password = Secret(password);
        if !form.register {
            return vec![Effect::Login {
                login: name,
                password,
            }];
        }
        let invite = form.invite.text().trim();
        let invite = invite_of(invite).unwrap_or_else(|| invite.to_owned());
        let invite = (!invite.is_empty()).then_some(Secret(invite));
        vec![Effect::Register {
            username: name,
            password,
            invite,
        }]
    }

    /// The server's answer to a sign-in or registration.
    pub(super) fn signed(&mut self, result: Result<(), String>) {
        let Some(First::Sign(form)) = &mut self.first else {
            return;
        };
        form.busy = false;
        match result {
            Ok(()) if self.account.is_some() => self.first = None,
            Ok(()) => {}
            Err(why) => form.trouble = Some(why),
        }
    }

    /// Whether the server's address was accepted.
    pub(super) fn server_set(&mut self, result: Result<(), String>) {
        if let (Some(First::Server(form)), Err(why)) = (&mut self.first, result) {
            form.busy = false;
            form.trouble = Some(why);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_invite_is_found_in_a_link() {
        let token = |link| invite_of(link);
        assert_eq!(
            token("mchat://host:8443/?fp=ab&invite=T0ken").as_deref(),
            Some("T0ken")
        );
        assert_eq!(token("mchat://host:8443/?fp=ab"), None);
        assert_eq!(token("host:8443"), None);
    }
}
