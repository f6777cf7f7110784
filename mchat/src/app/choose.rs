//! Keys in lists, forms and questions, and what comes back from the client.

use proto::catalog::{Text, fill};

use super::action::Action;
use super::deed::{Deed, Door, Fetch, Found};
use super::message::Effect;
use super::model::Model;
use super::popup::{Page, Popup, Search};
use super::sheet::{Form, Item, Pick, Sheet, Source, Sure};

/// Fewest characters that are searched messages for.
const FEWEST: usize = 2;

impl Model {
    /// Puts a list on the screen and asks for its lines where they are to be
    /// asked for.
    pub(super) fn open_sheet(&mut self, mut sheet: Sheet) -> Vec<Effect> {
        let fetch = match &sheet.source {
            Source::Asked(fetch) => Some(fetch.clone()),
            Source::Directory => Some(Fetch::Directory(sheet.query.text().trim().to_owned())),
            _ => None,
        };
        if let Some(fetch) = &fetch {
            sheet.asked = Some(fetch.clone());
            sheet.search = Search::Running;
        }
        let searches = fetch.is_none() && sheet.source.is_search();
        self.popups.push(Popup::Sheet(Box::new(sheet)));
        match fetch {
            Some(fetch) => vec![Effect::Fetch(fetch)],
            None if searches => self.search_sheet(),
            None => {
                self.fill_emoji();
                Vec::new()
            }
        }
    }

    /// A list whose lines are an answer.
    pub(super) fn open_asked(&mut self, title: Text, fetch: Fetch) -> Vec<Effect> {
        let title = self.text(title);
        self.open_sheet(Sheet::of(title, Source::Asked(fetch)))
    }

    fn sheet_mut(&mut self) -> Option<&mut Sheet> {
        match self.popups.last_mut() {
            Some(Popup::Sheet(sheet)) => Some(sheet),
            _ => None,
        }
    }

    pub(super) fn sheet_text(&mut self, text: &str) -> Vec<Effect> {
        if let Some(sheet) = self.sheet_mut() {
            sheet.query.insert(text);
            sheet.selected = 0;
        }
        self.written()
    }

    /// What is written in a list has changed.
    fn written(&mut self) -> Vec<Effect> {
        self.fill_emoji();
        self.search_sheet()
    }

    /// Asks for what is written, one question at a time.
    fn search_sheet(&mut self) -> Vec<Effect> {
        let Some(sheet) = self.sheet_mut() else {
            return Vec::new();
        };
        let query = sheet.query.text().trim().to_owned();
        let fetch = match &sheet.source {
            Source::Directory => Fetch::Directory(query),
            Source::People => {
                let name = query.trim_start_matches('@').to_owned();
                if name.is_empty() {
                    sheet.items.clear();
                    sheet.search = Search::Idle;
                    return Vec::new();
                }
                Fetch::People(name)
            }
            Source::Messages(chat) => {
                if query.chars().count() < FEWEST {
                    sheet.items.clear();
                    sheet.search = Search::Idle;
                    return Vec::new();
                }
                Fetch::Messages {
                    query,
                    chat: *chat,
                    before: None,
                }
            }
            _ => return Vec::new(),
        };
        sheet.search = Search::Running;
        if sheet.asked.is_some() {
            return Vec::new();
        }
        sheet.asked = Some(fetch.clone());
        vec![Effect::Fetch(fetch)]
    }

    pub(super) fn sheet_action(&mut self, action: Action) -> Vec<Effect> {
        let Some(sheet) = self.sheet_mut() else {
            return Vec::new();
        };
        let last = sheet.shown().len().saturating_sub(1);
        let page = 10;
        let to = match action {
            Action::Next => sheet.selected + 1,
            Action::Previous => sheet.selected.saturating_sub(1),
            Action::PageDown => sheet.selected + page,
            Action::PageUp => sheet.selected.saturating_sub(page),
            Action::Edit(edit) => {
                sheet.query.apply(edit);
                sheet.selected = 0;
                return self.written();
            }
            Action::Confirm => {
                let pick = sheet
                    .shown()
                    .get(sheet.selected)
                    .map(|item| item.pick.clone());
                return pick.map_or_else(Vec::new, |pick| self.pick(pick));
            }
            _ => return Vec::new(),
        };
        sheet.selected = to.min(last);
        Vec::new()
    }

    /// Takes a line.
    pub(super) fn pick(&mut self, pick: Pick) -> Vec<Effect> {
        match pick {
            Pick::Nothing => Vec::new(),
            Pick::Act(order) => {
                self.popups.clear();
                self.order(order)
            }
            Pick::Do(deed) => {
                self.popups.clear();
                vec![Effect::Do(deed)]
            }
            Pick::Toggle(deed) => vec![Effect::Do(deed)],
            Pick::Ask(question, deed) => {
                self.ask(question, deed);
                Vec::new()
            }
            Pick::Enter(door) => self.enter(door),
            Pick::Open(chat) => {
                self.popups.clear();
                self.open_chat(chat)
            }
            Pick::Jump(chat, seq) => {
                self.keep_hits(chat, seq);
                self.popups.clear();
                self.jump(chat, seq)
            }
            Pick::Menu(sheet) => self.open_sheet(*sheet),
            Pick::Write(form) => {
                self.popups.push(Popup::Form(form));
                Vec::new()
            }
            Pick::Fetch(fetch) => self.open_asked(fetch_title(&fetch), fetch),
            Pick::Read(title, text) => {
                self.popups.push(Popup::Page(Page::new(title, text)));
                Vec::new()
            }
            Pick::React(chat, seq, emoji) => {
                self.popups.clear();
                self.react(chat, seq, emoji)
            }
            Pick::Copy(text) => {
                self.popups.clear();
                self.copy_text(text)
            }
            Pick::More => self.more_hits(),
        }
    }

    /// Does something only after a yes.
    pub(super) fn ask(&mut self, question: String, deed: Deed) {
        self.popups
            .push(Popup::Sure(Box::new(Sure { question, deed })));
    }

    pub(super) fn sure_action(&mut self, action: Action) -> Vec<Effect> {
        if action != Action::Confirm {
            return Vec::new();
        }
        match self.popups.pop() {
            Some(Popup::Sure(sure)) => {
                // A list that leads to it stays only where it is read anew.
                self.popups.retain(|popup| match popup {
                    Popup::Sheet(sheet) => matches!(sheet.source, Source::Asked(_)),
                    _ => false,
                });
                vec![Effect::Do(sure.deed)]
            }
            _ => Vec::new(),
        }
    }

    /// Into a chat; it is opened once the server has said yes.
    pub(super) fn enter(&mut self, door: Door) -> Vec<Effect> {
        self.popups.clear();
        if !self.is_online() {
            self.notify(self.text(Text::NeedsServer));
            return Vec::new();
        }
        vec![Effect::Enter(door)]
    }

    fn form_mut(&mut self) -> Option<&mut Form> {
        match self.popups.last_mut() {
            Some(Popup::Form(form)) => Some(form),
            _ => None,
        }
    }

    pub(super) fn form_text(&mut self, text: &str) {
        if let Some(form) = self.form_mut() {
            form.trouble = None;
            if let Some(field) = form.fields.get_mut(form.at) {
                field.editor.insert(text);
            }
        }
    }

    pub(super) fn form_action(&mut self, action: Action) -> Vec<Effect> {
        let Some(form) = self.form_mut() else {
            return Vec::new();
        };
        let count = form.fields.len();
        match action {
            Action::Next => form.at = (form.at + 1) % count,
            Action::Previous => form.at = (form.at + count - 1) % count,
            Action::Edit(edit) => {
                if let Some(field) = form.fields.get_mut(form.at) {
                    field.editor.apply(edit);
                }
            }
            Action::Confirm if form.at + 1 < count => form.at += 1,
            Action::Confirm => return self.take_form(),
            _ => {}
        }
        Vec::new()
    }

    fn take_form(&mut self) -> Vec<Effect> {
        let Some(form) = self.form_mut().map(|form| form.clone()) else {
            return Vec::new();
        };
        match self.read_form(&form) {
            Ok(effect) => {
                self.popups.pop();
                match effect {
                    Effect::Enter(door) => self.enter(door),
                    Effect::Fetch(fetch) => self.open_asked(fetch_title(&fetch), fetch),
                    effect => vec![effect],
                }
            }
            Err(why) => {
                if let Some(form) = self.form_mut() {
                    form.trouble = Some(why);
                }
                Vec::new()
            }
        }
    }

    /// A deed was done, or was not.
    pub(super) fn deed_done(&mut self, deed: &Deed, result: Result<(), String>) -> Vec<Effect> {
        match result {
            Ok(()) => {
                if let Some(text) = done_text(deed) {
                    self.notify(self.text(text));
                }
            }
            Err(why) => {
                if let Deed::Edit { chat, text, .. } = deed {
                    // What was written is not lost with it.
                    let draft = self.drafts.entry(*chat).or_default();
                    if draft.is_empty() {
                        draft.insert(text);
                    }
                }
                self.notify(why);
                return Vec::new();
            }
        }
        let mut effects = Vec::new();
        if deed.is_queued() {
            return effects;
        }
        effects.extend(self.ask_again());
        effects.extend(self.reload_chats());
        effects
    }

    /// Lists that were asked for are asked for again.
    pub(super) fn ask_again(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        for popup in &mut self.popups {
            let Popup::Sheet(sheet) = popup else {
                continue;
            };
            // Asking for a new link again would make another one.
            let fetch = match &sheet.source {
                Source::Asked(Fetch::NewInvite { .. }) => continue,
                Source::Asked(fetch) => fetch.clone(),
                _ => continue,
            };
            if sheet.asked.is_none() {
                sheet.asked = Some(fetch.clone());
                effects.push(Effect::Fetch(fetch));
            }
        }
        effects
    }

    /// An answer.
    pub(super) fn fetched(&mut self, fetch: &Fetch, result: Result<Found, String>) -> Vec<Effect> {
        if let Fetch::Reach(chat, seq) = fetch {
            return self.reached(*chat, *seq, result);
        }
        if *fetch == Fetch::Contacts
            && let Ok(Found::Contacts(contacts)) = &result
        {
            self.take_contacts(contacts.clone());
        }
        let place = self.popups.iter().position(
            |popup| matches!(popup, Popup::Sheet(sheet) if sheet.asked.as_ref() == Some(fetch)),
        );
        let Some(place) = place else {
            return Vec::new();
        };
        let lines = result.map(|found| self.lines_of(fetch, found));
        let Some(Popup::Sheet(sheet)) = self.popups.get_mut(place) else {
            return Vec::new();
        };
        sheet.asked = None;
        match lines {
            Ok((items, foot)) => {
                let more = matches!(
                    fetch,
                    Fetch::Messages {
                        before: Some(_),
                        ..
                    }
                );
                if more {
                    sheet.items.retain(|item| !matches!(item.pick, Pick::More));
                    sheet.items.extend(items);
                } else {
                    sheet.items = items;
                    sheet.selected = sheet.selected.min(sheet.items.len().saturating_sub(1));
                }
                sheet.foot = foot;
                sheet.search = Search::Done;
            }
            Err(why) => sheet.search = Search::Failed(why),
        }
        // What was written meanwhile is asked for now.
        let written = sheet.query.text().trim().trim_start_matches('@').to_owned();
        let stale = match fetch {
            Fetch::Directory(query) | Fetch::People(query) | Fetch::Messages { query, .. } => {
                query.trim_start_matches('@') != written
            }
            _ => false,
        };
        if stale && place + 1 == self.popups.len() {
            return self.search_sheet();
        }
        Vec::new()
    }

    /// The lines an answer makes, and a sentence below them.
    fn lines_of(&mut self, fetch: &Fetch, found: Found) -> (Vec<Item>, String) {
        let none = String::new();
        match found {
            Found::Entries(entries) => (self.pin_items(&entries), none),
            Found::Texts(texts) => (self.text_items(&texts), none),
            Found::Reactions(rows) => (self.reaction_items(&rows), none),
            Found::Receipts(rows) => (self.receipt_items(&rows), none),
            Found::Invites(invites) => {
                let foot = self.text(Text::InvitesFoot).to_owned();
                (self.invite_items(&invites), foot)
            }
            Found::Users(users) => match fetch {
                Fetch::Banned(chat) => (self.banned_items(*chat, &users), none),
                _ => (self.people_items(&users), none),
            },
            Found::Contacts(contacts) => (self.contact_items(&contacts), none),
            Found::Directory(list) => {
                let foot = if list.more {
                    Text::MoreMatches
                } else {
                    Text::DirectoryFoot
                };
                (self.directory_items(&list), self.text(foot).to_owned())
            }
            Found::Profile(profile) => (self.profile_items(&profile), none),
            Found::Sessions(sessions) => (self.session_items(&sessions), none),
            Found::Page(page) => self.hit_items(fetch, &page),
            Found::Reached(_) => (Vec::new(), none),
        }
    }

    /// A sentence with a name in it.
    pub(super) fn with_name(&self, text: Text, name: &str) -> String {
        let name = proto::text::printable_line(name);
        fill(self.text(text), &[("who", &name)])
    }
}

fn fetch_title(fetch: &Fetch) -> Text {
    match fetch {
        Fetch::Pins(_) => Text::PinsTitle,
        Fetch::History(..) => Text::HistoryTitle,
        Fetch::Reactions(..) => Text::ReactionsTitle,
        Fetch::Receipts(..) => Text::ReceiptsTitle,
        Fetch::Invites(_) => Text::InvitesTitle,
        Fetch::NewInvite { .. } => Text::NewInviteTitle,
        Fetch::Banned(_) => Text::BannedTitle,
        Fetch::Contacts => Text::ContactsTitle,
        Fetch::Directory(_) => Text::DirectoryTitle,
        Fetch::People(_) => Text::PeopleTitle,
        Fetch::Profile(_) => Text::ProfileTitle,
        Fetch::Sessions => Text::SessionsTitle,
        Fetch::Messages { .. } | Fetch::Reach(..) => Text::SearchTitle,
    }
}

/// What is said once a deed is done; nothing where the screen shows it.
fn done_text(deed: &Deed) -> Option<Text> {
    Some(match deed {
        Deed::Forward { .. } => Text::DoneForward,
        Deed::AddContact(_) => Text::DoneAddContact,
        Deed::Block(_, true) => Text::DoneBlocked,
        Deed::Block(_, false) => Text::DoneUnblocked,
        Deed::SetProfile(_) => Text::DoneProfile,
        Deed::SetStatus(_) => Text::DoneStatus,
        Deed::ChangePassword { .. } => Text::DonePassword,
        Deed::RevokeSession(_) => Text::DoneSession,
        Deed::RevokeInvite(..) => Text::DoneInvite,
        Deed::Prefs(_) => Text::DonePrefs,
        Deed::Change(_) => Text::DoneChat,
        Deed::Hide(_) => Text::DoneHidden,
        Deed::Leave(_) => Text::DoneLeft,
        Deed::DeleteChat(_) => Text::DoneDeleted,
        Deed::Nickname(..) | Deed::RemoveContact(_) => Text::DoneContact,
        Deed::Add(..)
        | Deed::Remove(..)
        | Deed::SetRole(..)
        | Deed::Silence(..)
        | Deed::Ban(..) => Text::DoneMembers,
        Deed::Edit { .. } | Deed::Delete { .. } | Deed::React { .. } | Deed::Pin { .. } => {
            return None;
        }
    })
}
