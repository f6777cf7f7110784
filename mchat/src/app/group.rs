//! Chats as a whole: their menu, settings, invite links, the directory.

use proto::catalog::{Text, fill};
use proto::id::ChatId;
use proto::request::{
    ChangeChat, ChatKind, ChatSettings, FOREVER, NewMemberHistory, NotifyLevel, SetChatPrefs,
};
use proto::text::{ChatName, Description, printable_line};

use super::action::Action;
use super::command::Order;
use super::deed::{Deed, Door, Fetch};
use super::message::Effect;
use super::model::Model;
use super::rights;
use super::sheet::{Form, FormKind, Item, Pick, Sheet, Source};
use crate::client::model::ChatRow;

/// No change of any preference.
fn prefs(chat: ChatId) -> SetChatPrefs {
    SetChatPrefs {
        chat,
        notify: None,
        muted_until: None,
        hidden_upto: None,
    }
}

/// No change of a chat.
fn change(chat: ChatId) -> ChangeChat {
    ChangeChat {
        chat,
        name: None,
        description: None,
        settings: None,
    }
}

impl Model {
    /// The open chat, else the selected one; a sentence where there is none.
    pub(super) fn this_chat(&mut self) -> Option<ChatRow> {
        let id = self.open.as_ref().map(|open| open.id).or(self.selected);
        let chat = id.and_then(|id| self.chat(id)).cloned();
        if chat.is_none() {
            self.notify(self.text(Text::NoChatOpen));
        }
        chat
    }

    /// The chat where one is its admin; a sentence where one is not.
    fn managed_chat(&mut self) -> Option<ChatRow> {
        let chat = self.this_chat()?;
        if chat.kind == ChatKind::Private {
            self.notify(self.text(Text::NotInPrivate));
            return None;
        }
        if !rights::may_manage(&chat) {
            self.notify(self.text(Text::OnlyAdmins));
            return None;
        }
        Some(chat)
    }

    /// A group or public chat; a sentence for a private one.
    pub(super) fn this_group(&mut self) -> Option<ChatRow> {
        let chat = self.this_chat()?;
        if chat.kind == ChatKind::Private {
            self.notify(self.text(Text::NotInPrivate));
            return None;
        }
        Some(chat)
    }

    /// Carries out what is about a chat as a whole.
    pub(super) fn chat_order(&mut self, order: &Order) -> Vec<Effect> {
        match order.action {
            Action::ChatMenu => self.chat_menu(),
            Action::Rename => self.rename(order),
            Action::Describe => self.describe(order),
            Action::ChatSettings => self.chat_settings(),
            Action::Leave => self.leave_chat(),
            Action::DeleteChat => self.delete_chat(),
            Action::NotifyLevel => self.notify_level(order),
            Action::MuteChat => self.mute_chat(order),
            Action::UnmuteChat => self.set_muted(0),
            Action::HideChat => match self.this_chat() {
                Some(chat) => vec![Effect::Do(Deed::Hide(chat.id))],
                None => Vec::new(),
            },
            Action::Pins => match self.this_chat() {
                Some(chat) => self.open_asked(Text::PinsTitle, Fetch::Pins(chat.id)),
                None => Vec::new(),
            },
            Action::Invites => match self.this_group() {
                Some(chat) => self.open_asked(Text::InvitesTitle, Fetch::Invites(chat.id)),
                None => Vec::new(),
            },
            Action::Invite => self.new_invite(order),
            Action::Join => match order.text(0) {
                Some(link) => self.enter(Door::Link(link.to_owned())),
                None => {
                    let label = self.text(Text::LinkLabel);
                    self.write(FormKind::Link, Text::JoinTitle, &[(label, "")])
                }
            },
            Action::Directory => {
                let mut sheet = Sheet::of(self.text(Text::DirectoryTitle), Source::Directory);
                sheet.query.insert(order.text(0).unwrap_or_default());
                self.open_sheet(sheet)
            }
            Action::NewPublic => match order.text(0) {
                Some(name) => self.enter(Door::Public(name.to_owned())),
                None => {
                    let label = self.text(Text::ChatNameLabel);
                    self.write(FormKind::Public, Text::NewPublicTitle, &[(label, "")])
                }
            },
            _ => Vec::new(),
        }
    }

    /// Opens a form.
    pub(super) fn write(
        &mut self,
        kind: FormKind,
        title: Text,
        fields: &[(&str, &str)],
    ) -> Vec<Effect> {
        let form = Form::new(kind, self.text(title), fields);
        self.popups.push(super::popup::Popup::Form(Box::new(form)));
        Vec::new()
    }

    /// Everything that can be done with the chat.
    fn chat_menu(&mut self) -> Vec<Effect> {
        let Some(chat) = self.this_chat() else {
            return Vec::new();
        };
        let group = chat.kind != ChatKind::Private;
        let mut actions = vec![Action::Search, Action::Pins];
        if group {
            actions.push(Action::Members);
        }
        if rights::may_add(&chat) {
            actions.push(Action::AddMember);
        }
        if rights::may_invite(&chat) {
            actions.extend([Action::Invite, Action::Invites]);
        }
        if rights::may_manage(&chat) {
            actions.extend([Action::Rename, Action::Describe, Action::ChatSettings]);
        }
        if rights::may_moderate(&chat) {
            actions.push(Action::Banned);
        }
        actions.push(Action::NotifyLevel);
        actions.push(if chat.muted_until > self.now {
            Action::UnmuteChat
        } else {
            Action::MuteChat
        });
        actions.push(Action::HideChat);
        if group && !chat.left {
            actions.push(Action::Leave);
        }
        if group && (rights::may_manage(&chat) || chat.created_by == self.me()) {
            actions.push(Action::DeleteChat);
        }
        let mut sheet = self.action_menu(Text::ChatMenuTitle, &actions);
        sheet.foot = printable_line(&chat.description).into_owned();
        self.open_sheet(sheet)
    }

    fn rename(&mut self, order: &Order) -> Vec<Effect> {
        let Some(chat) = self.managed_chat() else {
            return Vec::new();
        };
        match order.text(0) {
            Some(name) => self.say_or(self.renamed(chat.id, name)),
            None => {
                let label = self.text(Text::ChatNameLabel);
                let fields = [(label, chat.title.as_str())];
                self.write(FormKind::Rename(chat.id), Text::RenameTitle, &fields)
            }
        }
    }

    fn renamed(&self, chat: ChatId, name: &str) -> Result<Effect, String> {
        let name =
            ChatName::try_from(name.trim()).map_err(|_| self.text(Text::BadChatName).to_owned())?;
        let change = ChangeChat {
            name: Some(name),
            ..change(chat)
        };
        Ok(Effect::Do(Deed::Change(change)))
    }

    fn describe(&mut self, order: &Order) -> Vec<Effect> {
        let Some(chat) = self.managed_chat() else {
            return Vec::new();
        };
        match order.text(0) {
            Some(text) => self.say_or(self.described(chat.id, text)),
            None => {
                let label = self.text(Text::DescriptionLabel);
                let fields = [(label, chat.description.as_str())];
                self.write(FormKind::Describe(chat.id), Text::DescribeTitle, &fields)
            }
        }
    }

    fn described(&self, chat: ChatId, text: &str) -> Result<Effect, String> {
        let text = Description::try_from(text.trim())
            .map_err(|_| self.text(Text::BadDescription).to_owned())?;
        let change = ChangeChat {
            description: Some(text),
            ..change(chat)
        };
        Ok(Effect::Do(Deed::Change(change)))
    }

    /// An effect, or the sentence that says why not.
    pub(super) fn say_or(&mut self, result: Result<Effect, String>) -> Vec<Effect> {
        match result {
            Ok(Effect::Enter(door)) => self.enter(door),
            Ok(effect) => vec![effect],
            Err(why) => {
                self.notify(why);
                Vec::new()
            }
        }
    }

    /// The settings of a chat, each line a switch.
    fn chat_settings(&mut self) -> Vec<Effect> {
        let Some(chat) = self.managed_chat() else {
            return Vec::new();
        };
        let now = chat.settings;
        let with = |change: &dyn Fn(&mut ChatSettings)| {
            let mut settings = now;
            change(&mut settings);
            settings
        };
        let switches = [
            (
                Text::MayInvite,
                now.allow_invites,
                with(&|s| s.allow_invites ^= true),
            ),
            (
                Text::MayAdd,
                now.allow_members_add,
                with(&|s| s.allow_members_add ^= true),
            ),
            (
                Text::MayShare,
                now.allow_file_sharing,
                with(&|s| s.allow_file_sharing ^= true),
            ),
            (
                Text::MayCall,
                now.allow_voice_calls,
                with(&|s| s.allow_voice_calls ^= true),
            ),
            (
                Text::MayVideo,
                now.allow_video_calls,
                with(&|s| s.allow_video_calls ^= true),
            ),
        ];
        let deed = |settings: ChatSettings| {
            Pick::Do(Deed::Change(ChangeChat {
                settings: Some(settings),
                ..change(chat.id)
            }))
        };
        let mut items: Vec<Item> = switches
            .into_iter()
            .map(|(text, on, settings)| {
                let state = self.text(if on { Text::Yes } else { Text::No });
                Item::new(self.text(text), deed(settings)).detail(state)
            })
            .collect();
        let all = now.history_for_new_members == NewMemberHistory::All;
        let history = with(&|s| {
            s.history_for_new_members = if all {
                NewMemberHistory::SinceJoin
            } else {
                NewMemberHistory::All
            };
        });
        let state = self.text(if all { Text::Yes } else { Text::No });
        items.push(Item::new(self.text(Text::MaySeeHistory), deed(history)).detail(state));
        let days = now.message_retention.to_string();
        let label = self.text(Text::RetentionLabel);
        let form = Form::new(
            FormKind::Retention(chat.id, now),
            self.text(Text::ChatSettingsTitle),
            &[(label, &days)],
        );
        let shown = match now.message_retention {
            0 => self.text(Text::ForEver).to_owned(),
            _ => fill(self.text(Text::Days), &[("count", &days)]),
        };
        let keep = Item::new(self.text(Text::KeepMessages), Pick::Write(Box::new(form)));
        items.push(keep.detail(shown));
        self.open_sheet(Sheet::given(self.text(Text::ChatSettingsTitle), items))
    }

    fn leave_chat(&mut self) -> Vec<Effect> {
        let Some(chat) = self.this_group() else {
            return Vec::new();
        };
        let question = self.with_name(Text::SureLeave, &chat.title);
        self.ask(question, Deed::Leave(chat.id));
        Vec::new()
    }

    fn delete_chat(&mut self) -> Vec<Effect> {
        let Some(chat) = self.this_group() else {
            return Vec::new();
        };
        if !rights::may_manage(&chat) && chat.created_by != self.me() {
            self.notify(self.text(Text::OnlyAdmins));
            return Vec::new();
        }
        let question = self.with_name(Text::SureDeleteChat, &chat.title);
        self.ask(question, Deed::DeleteChat(chat.id));
        Vec::new()
    }

    fn notify_level(&mut self, order: &Order) -> Vec<Effect> {
        let Some(chat) = self.this_chat() else {
            return Vec::new();
        };
        let deed = |level: NotifyLevel| {
            Deed::Prefs(SetChatPrefs {
                notify: Some(level),
                ..prefs(chat.id)
            })
        };
        let level = match order.text(0) {
            Some("all") => NotifyLevel::All,
            Some("mentions") => NotifyLevel::Mentions,
            Some(_) => NotifyLevel::None,
            None => {
                let levels = [
                    (Text::NotifyAll, NotifyLevel::All),
                    (Text::NotifyMentions, NotifyLevel::Mentions),
                    (Text::NotifyNone, NotifyLevel::None),
                ];
                let items = levels.into_iter().map(|(text, level)| {
                    let mut item = Item::new(self.text(text), Pick::Do(deed(level)));
                    item.strong = chat.notify == level;
                    item
                });
                let items = items.collect();
                return self.open_sheet(Sheet::given(self.text(Text::NotifyTitle), items));
            }
        };
        vec![Effect::Do(deed(level))]
    }

    fn mute_chat(&mut self, order: &Order) -> Vec<Effect> {
        if let Some(millis) = order.number(0) {
            return self.set_muted(self.now.saturating_add(millis));
        }
        let Some(chat) = self.this_chat() else {
            return Vec::new();
        };
        let items = self.times().into_iter().map(|(text, until)| {
            let deed = Deed::Prefs(SetChatPrefs {
                muted_until: Some(until),
                ..prefs(chat.id)
            });
            Item::new(self.text(text), Pick::Do(deed))
        });
        let items = items.collect();
        self.open_sheet(Sheet::given(self.text(Text::MuteChatTitle), items))
    }

    /// Lengths of time to choose from, and when they end.
    pub(super) fn times(&self) -> [(Text, i64); 5] {
        const HOUR: i64 = 3_600_000;
        [
            (Text::OneHour, self.now + HOUR),
            (Text::EightHours, self.now + 8 * HOUR),
            (Text::OneDay, self.now + 24 * HOUR),
            (Text::OneWeek, self.now + 7 * 24 * HOUR),
            (Text::ForEver, FOREVER),
        ]
    }

    fn set_muted(&mut self, until: i64) -> Vec<Effect> {
        let Some(chat) = self.this_chat() else {
            return Vec::new();
        };
        vec![Effect::Do(Deed::Prefs(SetChatPrefs {
            muted_until: Some(until),
            ..prefs(chat.id)
        }))]
    }

    /// Reads a form about a chat.
    pub(super) fn read_chat_form(&mut self, form: &Form) -> Result<Effect, String> {
        match &form.kind {
            FormKind::Rename(chat) => self.renamed(*chat, form.text(0)),
            FormKind::Describe(chat) => self.described(*chat, form.text(0)),
            FormKind::Retention(chat, settings) => {
                let days = form
                    .text(0)
                    .parse()
                    .map_err(|_| self.text(Text::BadDays).to_owned())?;
                let settings = ChatSettings {
                    message_retention: days,
                    ..*settings
                };
                Ok(Effect::Do(Deed::Change(ChangeChat {
                    settings: Some(settings),
                    ..change(*chat)
                })))
            }
            FormKind::Public => {
                let name = form.text(0).to_owned();
                ChatName::try_from(name.as_str())
                    .map_err(|_| self.text(Text::BadChatName).to_owned())?;
                Ok(Effect::Enter(Door::Public(name)))
            }
            FormKind::Invite(chat) => {
                let expires_at = match form.text(0) {
                    "" => None,
                    time => Some(self.moment(time)?),
                };
                let max_uses = match form.text(1) {
                    "" => None,
                    uses => Some(
                        uses.parse()
                            .ok()
                            .filter(|uses| *uses > 0)
                            .ok_or_else(|| self.text(Text::BadUses).to_owned())?,
                    ),
                };
                Ok(Effect::Fetch(Fetch::NewInvite {
                    chat: *chat,
                    expires_at,
                    max_uses,
                }))
            }
            _ => Ok(Effect::Enter(Door::Link(form.text(0).to_owned()))),
        }
    }

    /// The moment so long from now.
    pub(super) fn moment(&self, time: &str) -> Result<i64, String> {
        super::command::duration(time)
            .map(|millis| self.now.saturating_add(millis))
            .ok_or_else(|| self.text(Text::BadTime).to_owned())
    }
}
