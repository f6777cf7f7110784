//! People: contacts, profiles, the own status, sessions and password.

use proto::catalog::{Text, fill};
use proto::request::{ContactState, ProfileInfo, SessionInfo, SetProfile, SetStatus, Status, User};
use proto::text::{Bio, DisplayName, Password, StatusText, Username, printable_line};

use super::action::Action;
use super::clock;
use super::command::{Order, Person};
use super::deed::{Deed, Door, Fetch};
use super::message::{Effect, Secret};
use super::model::Model;
use super::sheet::{Form, FormKind, Item, Pick, Sheet, Source};
use crate::client::model::ContactRow;

fn person(user: &User) -> Person {
    Person {
        name: user.username.clone(),
        user: Some(user.id),
    }
}

/// First and last name, else the name they sign in with.
fn full_name(user: &User) -> String {
    let name = format!("{} {}", user.first_name, user.last_name);
    let name = name.trim();
    match name.is_empty() {
        true => printable_line(&user.username).into_owned(),
        false => printable_line(name).into_owned(),
    }
}

impl Model {
    /// Carries out what is about people.
    pub(super) fn person_order(&mut self, order: &Order) -> Vec<Effect> {
        let person = order.person(0).cloned();
        match (order.action, person) {
            (Action::Contacts, _) => self.open_asked(Text::ContactsTitle, Fetch::Contacts),
            (Action::FindPeople, _) => {
                let mut sheet = Sheet::of(self.text(Text::PeopleTitle), Source::People);
                sheet.query.insert(order.text(0).unwrap_or_default());
                self.open_sheet(sheet)
            }
            (Action::Notes, _) => match &self.account {
                Some(account) => {
                    let me = Person {
                        name: account.username.clone(),
                        user: Some(account.user),
                    };
                    self.enter(Door::With(me))
                }
                None => Vec::new(),
            },
            (Action::Profile, person) => {
                self.open_asked(Text::ProfileTitle, Fetch::Profile(person))
            }
            (Action::Sessions, _) => self.open_asked(Text::SessionsTitle, Fetch::Sessions),
            (Action::Password, _) => {
                let fields = [
                    (self.text(Text::OldPasswordLabel), ""),
                    (self.text(Text::NewPasswordLabel), ""),
                    (self.text(Text::AgainLabel), ""),
                ];
                self.write(FormKind::Password, Text::PasswordTitle, &fields)
            }
            (Action::Status, _) => self.status_order(order),
            (Action::ReadReceipts, _) => {
                let on = order.text(0) == Some("on");
                vec![Effect::Do(Deed::SetProfile(SetProfile {
                    receipts: Some(on),
                    ..SetProfile::default()
                }))]
            }
            (Action::Message, Some(person)) => self.enter(Door::With(person)),
            (Action::AddContact, Some(person)) => vec![Effect::Do(Deed::AddContact(person))],
            (Action::Nickname, Some(person)) => {
                let name = order.text(1).unwrap_or_default();
                let result = self.nicknamed(person, name);
                self.say_or(result)
            }
            (Action::RemoveContact, Some(person)) => {
                let question = self.with_name(Text::SureRemoveContact, &person.name);
                self.ask(question, Deed::RemoveContact(person));
                Vec::new()
            }
            (Action::Block, Some(person)) => {
                let question = self.with_name(Text::SureBlock, &person.name);
                self.ask(question, Deed::Block(person, true));
                Vec::new()
            }
            (Action::Unblock, Some(person)) => vec![Effect::Do(Deed::Block(person, false))],
            _ => Vec::new(),
        }
    }

    fn nicknamed(&self, person: Person, name: &str) -> Result<Effect, String> {
        let nickname = match name.trim() {
            "" => None,
            name => Some(
                DisplayName::try_from(name)
                    .map_err(|_| self.text(Text::BadDisplayName).to_owned())?,
            ),
        };
        Ok(Effect::Do(Deed::Nickname(person, nickname)))
    }

    fn status_order(&mut self, order: &Order) -> Vec<Effect> {
        let status = match order.text(0) {
            Some("away") => Status::Away,
            Some("busy") => Status::Busy,
            Some("invisible") => Status::Invisible,
            Some(_) => Status::Online,
            None => {
                let sheet = self.status_sheet();
                return self.open_sheet(sheet);
            }
        };
        let result = self.status_set(status, order.text(1).unwrap_or_default(), "");
        self.say_or(result)
    }

    fn status_set(&self, status: Status, text: &str, time: &str) -> Result<Effect, String> {
        let text = match text.trim() {
            "" => None,
            text => Some(
                StatusText::try_from(text)
                    .map_err(|_| self.text(Text::BadStatusText).to_owned())?,
            ),
        };
        let until = match time.trim() {
            "" => None,
            time => Some(self.moment(time)?),
        };
        let status = SetStatus {
            status,
            text,
            until,
        };
        Ok(Effect::Do(Deed::SetStatus(status)))
    }

    fn status_sheet(&self) -> Sheet {
        let all = [
            (Text::Online, Status::Online),
            (Text::Away, Status::Away),
            (Text::Busy, Status::Busy),
            (Text::Invisible, Status::Invisible),
        ];
        let items = all.into_iter().map(|(text, status)| {
            let fields = [
                (self.text(Text::StatusTextLabel), ""),
                (self.text(Text::StatusForLabel), ""),
            ];
            let form = Form::new(FormKind::Status(status), self.text(text), &fields);
            Item::new(self.text(text), Pick::Write(Box::new(form)))
        });
        Sheet::given(self.text(Text::StatusTitle), items.collect())
    }

    /// Reads a form.
    pub(super) fn read_form(&mut self, form: &Form) -> Result<Effect, String> {
        match &form.kind {
            FormKind::Nickname(person) => self.nicknamed(person.clone(), form.text(0)),
            FormKind::Status(status) => self.status_set(*status, form.text(0), form.text(1)),
            FormKind::Profile => self.profile_set(form),
            FormKind::Password => self.password_set(form),
            FormKind::Add(chat) => {
                let name = form.text(0).trim_start_matches('@').to_owned();
                if Username::try_from(name.as_str()).is_err() {
                    return Err(self.text(Text::BadUsername).to_owned());
                }
                let person = Person { name, user: None };
                Ok(Effect::Do(Deed::Add(*chat, person)))
            }
            _ => self.read_chat_form(form),
        }
    }

    fn profile_set(&self, form: &Form) -> Result<Effect, String> {
        let mut change = SetProfile::default();
        for (at, field) in [(0, "first_name"), (1, "last_name"), (2, "bio")] {
            let text = form.text(at);
            if text.is_empty() {
                change.clear.push(field.to_owned());
                continue;
            }
            let name = || DisplayName::try_from(text).map_err(|_| Text::BadDisplayName);
            let result = match at {
                0 => name().map(|name| change.first_name = Some(name)),
                1 => name().map(|name| change.last_name = Some(name)),
                _ => Bio::try_from(text)
                    .map(|bio| change.bio = Some(bio))
                    .map_err(|_| Text::BadBio),
            };
            result.map_err(|why| self.text(why).to_owned())?;
        }
        Ok(Effect::Do(Deed::SetProfile(change)))
    }

    fn password_set(&self, form: &Form) -> Result<Effect, String> {
        // Blanks at the ends are part of a password.
        let raw = |at: usize| form.fields.get(at).map_or("", |field| field.editor.text());
        let (old, new) = (raw(0), raw(1));
        if Password::try_from(new).is_err() {
            return Err(self.text(Text::BadPassword).to_owned());
        }
        if new != raw(2) {
            return Err(self.text(Text::PasswordsDiffer).to_owned());
        }
        Ok(Effect::Do(Deed::ChangePassword {
            old: Secret(old.to_owned()),
            new: Secret(new.to_owned()),
        }))
    }

    /// The contact list as it is now; blocked people's messages are hidden.
    pub(super) fn take_contacts(&mut self, contacts: Vec<ContactRow>) {
        let blocked = contacts.iter().filter(|row| row.blocked);
        let blocked = blocked.map(|row| row.user).collect();
        if self.blocked != blocked {
            self.blocked = blocked;
            self.rebuild();
        }
    }

    /// The contact list is to be read anew.
    pub(super) fn contacts_changed(&mut self) -> Vec<Effect> {
        let mut effects = self.reload_chats();
        let again = self.ask_again();
        // Where nobody looks at it, it tells who is blocked.
        if !again.contains(&Effect::Fetch(Fetch::Contacts)) {
            effects.push(Effect::Fetch(Fetch::Contacts));
        }
        effects.extend(again);
        effects
    }

    pub(super) fn contact_items(&self, contacts: &[ContactRow]) -> Vec<Item> {
        let asking = |row: &&ContactRow| row.state == ContactState::Incoming && !row.blocked;
        let first = contacts.iter().filter(asking);
        let rest = contacts.iter().filter(|row| !asking(row));
        let items = first.chain(rest).map(|row| {
            let state = match row.state {
                _ if row.blocked => self.text(Text::Blocked).to_owned(),
                ContactState::Incoming => self.text(Text::AsksYou).to_owned(),
                ContactState::Outgoing => self.text(Text::Asked).to_owned(),
                _ => self.presence_text(row.user),
            };
            let name = printable_line(&row.name);
            let text = match row.name == row.username {
                true => name.into_owned(),
                false => format!("{name} (@{})", printable_line(&row.username)),
            };
            let menu = Pick::Menu(Box::new(self.contact_sheet(row)));
            let mut item = Item::new(text, menu).detail(state);
            item.strong = asking(&row);
            item
        });
        items.collect()
    }

    fn contact_sheet(&self, row: &ContactRow) -> Sheet {
        let person = Person {
            name: row.username.clone(),
            user: Some(row.user),
        };
        let mut items = Vec::new();
        let mut offer = |text: Text, pick: Pick| items.push(Item::new(self.text(text), pick));
        let name = printable_line(&row.name).into_owned();
        match row.state {
            ContactState::Incoming => {
                offer(Text::Accept, Pick::Do(Deed::AddContact(person.clone())));
                offer(Text::Decline, Pick::Do(Deed::RemoveContact(person.clone())));
            }
            ContactState::None => {
                offer(
                    Text::AddToContacts,
                    Pick::Do(Deed::AddContact(person.clone())),
                );
            }
            _ => {}
        }
        offer(Text::WriteTo, Pick::Enter(Door::With(person.clone())));
        offer(
            Text::ShowProfile,
            Pick::Fetch(Fetch::Profile(Some(person.clone()))),
        );
        if matches!(row.state, ContactState::Mutual | ContactState::Outgoing) {
            let nickname = row.nickname.as_deref().unwrap_or_default();
            let form = Form::new(
                FormKind::Nickname(person.clone()),
                self.text(Text::NicknameTitle),
                &[(self.text(Text::NicknameLabel), nickname)],
            );
            offer(Text::ChangeNickname, Pick::Write(Box::new(form)));
            let question = self.with_name(Text::SureRemoveContact, &name);
            let deed = Deed::RemoveContact(person.clone());
            offer(Text::RemoveFromContacts, Pick::Ask(question, deed));
        }
        if row.blocked {
            offer(Text::Unblock, Pick::Do(Deed::Block(person, false)));
        } else {
            let question = self.with_name(Text::SureBlock, &name);
            offer(Text::Block, Pick::Ask(question, Deed::Block(person, true)));
        }
        Sheet::given(name, items)
    }

    pub(super) fn people_items(&self, users: &[User]) -> Vec<Item> {
        let items = users.iter().map(|user| {
            let who = person(user);
            let name = full_name(user);
            let mut lines = vec![
                Item::new(
                    self.text(Text::WriteTo),
                    Pick::Enter(Door::With(who.clone())),
                ),
                Item::new(
                    self.text(Text::ShowProfile),
                    Pick::Fetch(Fetch::Profile(Some(who.clone()))),
                ),
            ];
            if self.me() != Some(user.id) {
                let deed = Deed::AddContact(who);
                lines.push(Item::new(self.text(Text::AddToContacts), Pick::Do(deed)));
            }
            let menu = Sheet::given(name.clone(), lines);
            let item = Item::new(name, Pick::Menu(Box::new(menu)));
            item.detail(format!("@{}", printable_line(&user.username)))
        });
        items.collect()
    }

    pub(super) fn profile_items(&self, profile: &ProfileInfo) -> Vec<Item> {
        let user = &profile.user;
        let read = |label: Text, text: &str| {
            Item::new(self.text(label), Pick::Nothing).detail(printable_line(text))
        };
        let mut items = vec![
            read(Text::UsernameLabel, &format!("@{}", user.username)),
            read(Text::NameLabel, &full_name(user)),
        ];
        if !profile.bio.is_empty() {
            let text = proto::text::printable_text(&profile.bio).into_owned();
            let pick = Pick::Read(self.text(Text::BioLabel).to_owned(), text);
            let item = Item::new(self.text(Text::BioLabel), pick);
            items.push(item.detail(super::select::one_line(&profile.bio)));
        }
        let mut status = match profile.status {
            Status::Away => self.text(Text::Away),
            Status::Busy => self.text(Text::Busy),
            Status::Invisible => self.text(Text::Invisible),
            Status::Online => self.text(Text::Online),
            Status::Offline | Status::Unknown => self.text(Text::Offline),
        }
        .to_owned();
        if !profile.status_text.is_empty() {
            status = format!("{status}: {}", printable_line(&profile.status_text));
        }
        if let Some(at) = profile.status_until {
            let when = clock::short_text(at, self.now, &self.zone);
            status = format!(
                "{status} ({})",
                fill(self.text(Text::Until), &[("when", &when)])
            );
        }
        items.push(read(Text::StatusTitle, &status));
        let since = clock::short_text(profile.created_at, self.now, &self.zone);
        items.push(read(Text::HereSince, &since));
        match &profile.own {
            Some(own) => {
                if let Some(email) = &own.email {
                    items.push(read(Text::EmailLabel, email));
                }
                let on = self.text(if own.receipts { Text::Yes } else { Text::No });
                let change = SetProfile {
                    receipts: Some(!own.receipts),
                    ..SetProfile::default()
                };
                let pick = Pick::Toggle(Deed::SetProfile(change));
                items.push(Item::new(self.text(Text::SendsReceipts), pick).detail(on));
                let fields = [
                    (self.text(Text::FirstNameLabel), user.first_name.as_str()),
                    (self.text(Text::LastNameLabel), user.last_name.as_str()),
                    (self.text(Text::BioLabel), profile.bio.as_str()),
                ];
                let form = Form::new(FormKind::Profile, self.text(Text::ProfileTitle), &fields);
                let write = Pick::Write(Box::new(form));
                items.push(Item::new(self.text(Text::ChangeProfile), write));
                let status = Pick::Menu(Box::new(self.status_sheet()));
                items.push(Item::new(self.text(Text::ChangeStatus), status));
            }
            None => {
                let write = Pick::Enter(Door::With(person(user)));
                items.push(Item::new(self.text(Text::WriteTo), write));
            }
        }
        items
    }

    pub(super) fn session_items(&self, sessions: &[SessionInfo]) -> Vec<Item> {
        let items = sessions.iter().map(|session| {
            let device = printable_line(&session.device).into_owned();
            if session.current {
                let item = Item::new(device, Pick::Nothing);
                return item.detail(self.text(Text::ThisSession));
            }
            let when = clock::short_text(session.last_used, self.now, &self.zone);
            let question = self.with_name(Text::SureRevokeSession, &session.device);
            let pick = Pick::Ask(question, Deed::RevokeSession(session.id));
            Item::new(device, pick).detail(fill(self.text(Text::LastUsed), &[("when", &when)]))
        });
        items.collect()
    }
}
