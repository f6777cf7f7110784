//! The members of the open chat: the pane beside it and what can be done with
//! each of them.

use proto::catalog::{Text, fill};
use proto::id::ChatId;
use proto::request::{Role, Status, User};
use proto::text::printable_line;

use super::action::Action;
use super::clock;
use super::command::{Order, Person};
use super::deed::{Deed, Door, Fetch};
use super::message::Effect;
use super::model::{Model, Pane};
use super::rights;
use super::sheet::{FormKind, Item, Pick, Sheet};
use crate::client::model::{ChatRow, MemberRow};

/// What somebody can be made, and in which words.
const ROLES: [(Text, Role); 3] = [
    (Text::MakeAdmin, Role::Admin),
    (Text::MakeModerator, Role::Moderator),
    (Text::MakeMember, Role::Member),
];

impl Model {
    /// The members of the open chat.
    pub fn members(&self) -> &[MemberRow] {
        self.open.as_ref().map_or(&[], |open| &open.members)
    }

    /// Shows the members beside the chat, or no longer; where there is no room
    /// for that, as a list over it.
    pub(super) fn toggle_members(&mut self) -> Vec<Effect> {
        if self.this_group().is_none() || self.open.is_none() {
            return Vec::new();
        }
        if !self.room_for_members() {
            let items = self.members().iter().map(|row| self.member_item(row));
            let sheet = Sheet::given(self.text(Text::MembersTitle), items.collect());
            return self.open_sheet(sheet);
        }
        self.members_shown = !self.members_shown;
        self.pane = match self.members_shown {
            true => Pane::Members,
            false => Pane::Composer,
        };
        self.member_at = 0;
        self.rebuild();
        Vec::new()
    }

    /// A member as a line of a list.
    fn member_item(&self, row: &MemberRow) -> Item {
        let mut detail = self.text(role_text(row.role)).to_owned();
        if row.silenced_until > self.now {
            detail = format!("{detail}, {}", self.text(Text::Silenced));
        }
        let pick = Pick::Menu(Box::new(self.member_sheet(row)));
        let name = printable_line(&row.name).into_owned();
        let mark = presence_mark(self, row);
        Item::new(format!("{mark} {name}"), pick).detail(detail)
    }

    /// What can be done with the selected member.
    pub(super) fn member_menu(&mut self) -> Vec<Effect> {
        match self.members().get(self.member_at).cloned() {
            Some(row) => {
                let sheet = self.member_sheet(&row);
                self.open_sheet(sheet)
            }
            None => Vec::new(),
        }
    }

    /// Only what is allowed is offered.
    fn member_sheet(&self, row: &MemberRow) -> Sheet {
        let person = Person {
            name: row.username.clone(),
            user: Some(row.user),
        };
        let me = self.me() == Some(row.user);
        let mut items = Vec::new();
        let mut offer = |text: Text, pick: Pick| items.push(Item::new(self.text(text), pick));
        offer(
            Text::ShowProfile,
            Pick::Fetch(Fetch::Profile(Some(person.clone()))),
        );
        if !me {
            offer(Text::WriteTo, Pick::Enter(Door::With(person.clone())));
        }
        let chat = self.open.as_ref().and_then(|open| self.chat(open.id));
        let name = printable_line(&row.name).into_owned();
        if let Some(chat) = chat.filter(|_| !me) {
            let id = chat.id;
            if rights::may_manage(chat) {
                for (text, role) in ROLES {
                    if role != row.role {
                        offer(text, Pick::Do(Deed::SetRole(id, person.clone(), role)));
                    }
                }
            }
            if rights::may_touch(chat, row.role) {
                if row.silenced_until > self.now {
                    offer(
                        Text::Unsilence,
                        Pick::Do(Deed::Silence(id, person.clone(), 0)),
                    );
                } else {
                    let menu = Box::new(self.silence_sheet(id, &person));
                    offer(Text::Silence, Pick::Menu(menu));
                }
                let ask = |text: Text, deed: Deed| Pick::Ask(self.with_name(text, &name), deed);
                let remove = Deed::Remove(id, person.clone());
                offer(Text::RemoveMember, ask(Text::SureRemove, remove));
                let ban = Deed::Ban(id, person.clone(), true);
                offer(Text::BanMember, ask(Text::SureBan, ban));
            }
        }
        if !me {
            offer(Text::AddToContacts, Pick::Do(Deed::AddContact(person)));
        }
        Sheet::given(name, items)
    }

    /// For how long somebody may not write.
    fn silence_sheet(&self, chat: ChatId, person: &Person) -> Sheet {
        let items = self.times().into_iter().map(|(text, until)| {
            let deed = Deed::Silence(chat, person.clone(), until);
            Item::new(self.text(text), Pick::Do(deed))
        });
        let title = self.with_name(Text::SilenceTitle, &person.name);
        Sheet::given(title, items.collect())
    }

    /// Which role somebody is to have: another than theirs.
    fn role_sheet(&self, chat: ChatId, person: &Person) -> Sheet {
        let present = self.role_of(person);
        let others = ROLES.into_iter().filter(|(_, role)| Some(*role) != present);
        let items = others.map(|(text, role)| {
            let deed = Deed::SetRole(chat, person.clone(), role);
            Item::new(self.text(text), Pick::Do(deed))
        });
        let title = self.with_name(Text::RoleTitle, &person.name);
        Sheet::given(title, items.collect())
    }

    /// Who is meant: the named person, else the selected member.
    fn meant(&mut self, order: &Order) -> Option<Person> {
        if let Some(person) = order.person(0) {
            return Some(person.clone());
        }
        if self.pane == Pane::Members
            && let Some(row) = self.members().get(self.member_at)
        {
            return Some(Person {
                name: row.username.clone(),
                user: Some(row.user),
            });
        }
        self.notify(self.text(Text::NameSomebody));
        None
    }

    /// The role of somebody in the open chat, as far as they are a member.
    fn role_of(&self, person: &Person) -> Option<Role> {
        let key = proto::text::username_key(&person.name);
        let row = self.members().iter().find(|row| {
            person.user == Some(row.user) || proto::text::username_key(&row.username) == key
        })?;
        Some(row.role)
    }

    /// Carries out what is about a member.
    pub(super) fn member_order(&mut self, order: &Order) -> Vec<Effect> {
        let Some(chat) = self.this_group() else {
            return Vec::new();
        };
        let id = chat.id;
        match order.action {
            Action::AddMember => {
                if !rights::may_add(&chat) {
                    self.notify(self.text(Text::OnlyModerators));
                    return Vec::new();
                }
                return match order.person(0) {
                    Some(person) => vec![Effect::Do(Deed::Add(id, person.clone()))],
                    None => {
                        let label = format!("{}:", self.text(Text::UsernameLabel));
                        self.write(FormKind::Add(id), Text::AddTitle, &[(&label, "")])
                    }
                };
            }
            Action::Banned => {
                if !rights::may_moderate(&chat) {
                    self.notify(self.text(Text::OnlyModerators));
                    return Vec::new();
                }
                return self.open_asked(Text::BannedTitle, Fetch::Banned(id));
            }
            _ => {}
        }
        let Some(person) = self.meant(order) else {
            return Vec::new();
        };
        if let Err(why) = self.check_rights(&chat, order.action, &person) {
            self.notify(self.text(why));
            return Vec::new();
        }
        match order.action {
            Action::SetRole => match order.text(1) {
                Some(word) => {
                    let role = match word {
                        "admin" => Role::Admin,
                        "moderator" => Role::Moderator,
                        _ => Role::Member,
                    };
                    vec![Effect::Do(Deed::SetRole(id, person, role))]
                }
                None => {
                    let sheet = self.role_sheet(id, &person);
                    self.open_sheet(sheet)
                }
            },
            Action::SilenceMember => match order.number(1) {
                Some(millis) => {
                    let until = self.now.saturating_add(millis);
                    vec![Effect::Do(Deed::Silence(id, person, until))]
                }
                None => {
                    let sheet = self.silence_sheet(id, &person);
                    self.open_sheet(sheet)
                }
            },
            Action::UnsilenceMember => vec![Effect::Do(Deed::Silence(id, person, 0))],
            Action::RemoveMember => {
                let question = self.with_name(Text::SureRemove, &person.name);
                self.ask(question, Deed::Remove(id, person));
                Vec::new()
            }
            Action::BanMember => {
                let question = self.with_name(Text::SureBan, &person.name);
                self.ask(question, Deed::Ban(id, person, true));
                Vec::new()
            }
            Action::UnbanMember => vec![Effect::Do(Deed::Ban(id, person, false))],
            _ => Vec::new(),
        }
    }

    fn check_rights(&self, chat: &ChatRow, action: Action, person: &Person) -> Result<(), Text> {
        if action == Action::SetRole {
            return match rights::may_manage(chat) {
                true => Ok(()),
                false => Err(Text::OnlyAdmins),
            };
        }
        // Who is no member can be banned as one of the lowest role.
        let role = self.role_of(person).unwrap_or(Role::Member);
        match (rights::may_moderate(chat), rights::may_touch(chat, role)) {
            (false, _) => Err(Text::OnlyModerators),
            (true, false) => Err(Text::OnlyAdmins),
            (true, true) => Ok(()),
        }
    }

    pub(super) fn banned_items(&self, chat: ChatId, users: &[User]) -> Vec<Item> {
        let items = users.iter().map(|user| {
            let person = Person {
                name: user.username.clone(),
                user: Some(user.id),
            };
            let pick = Pick::Toggle(Deed::Ban(chat, person, false));
            Item::new(printable_line(&user.username), pick).detail(self.text(Text::UnbanHint))
        });
        items.collect()
    }

    /// Whether somebody is there, in words.
    pub fn presence_text(&self, user: proto::id::UserId) -> String {
        let Some(presence) = self.presence.get(&user) else {
            return String::new();
        };
        let mut text = match (presence.online, presence.status, presence.last_seen) {
            (true, Some(Status::Away), _) => self.text(Text::Away).to_owned(),
            (true, Some(Status::Busy), _) => self.text(Text::Busy).to_owned(),
            (true, ..) => self.text(Text::Online).to_owned(),
            (false, _, Some(at)) => {
                let when = clock::short_text(at, self.now, &self.zone);
                fill(self.text(Text::LastSeen), &[("when", &when)])
            }
            (false, _, None) => self.text(Text::Offline).to_owned(),
        };
        if let Some(words) = presence.text.as_ref().filter(|words| !words.is_empty()) {
            text = format!("{text}: {}", printable_line(words));
        }
        text
    }
}

/// A role in words.
pub fn role_text(role: Role) -> Text {
    match role {
        Role::Admin => Text::RoleAdmin,
        Role::Moderator => Text::RoleModerator,
        Role::Member | Role::Unknown => Text::RoleMember,
    }
}

/// Whether a member is there, in one column.
pub fn presence_mark(model: &Model, row: &MemberRow) -> &'static str {
    match model.presence.get(&row.user) {
        Some(presence) if presence.online => match presence.status {
            Some(Status::Away) => "◐",
            Some(Status::Busy) => "◍",
            _ => "●",
        },
        _ => " ",
    }
}
