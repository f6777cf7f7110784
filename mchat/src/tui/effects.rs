//! Carries effects out with the client. What must happen in the order typed
//! goes through one lane; everything else runs side by side.

use proto::Seq;
use proto::catalog::{Lang, Text, fill};
use proto::error::{ErrorCode, WireError};
use proto::id::ChatId;
use proto::request::{ChatKind, User};
use proto::text::{ChatName, Password, Token, Username, printable_line};
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::task::{JoinHandle, JoinSet};

use super::deeds;
use super::event_loop::Executor;
use super::spawn;
use super::words::{SharedLang, sentence_of};
use crate::app::message::{Effect, Msg, Secret};
use crate::app::notice;
use crate::client::{Client, ClientError, Fingerprint, Registration, ServerAddress};
use crate::config::{self, settings};

/// The client as the executor of effects.
pub(super) struct Effects {
    client: Client,
    lang: SharedLang,
    replies: UnboundedSender<Msg>,
    tasks: JoinSet<()>,
    lane: UnboundedSender<Effect>,
    laned: JoinHandle<()>,
}

impl Effects {
    pub(super) fn new(client: Client, lang: Lang, replies: UnboundedSender<Msg>) -> Self {
        let lang = SharedLang::new(lang);
        let (lane, mut waiting) = mpsc::unbounded_channel();
        let worker = Worker {
            client: client.clone(),
            lang: lang.clone(),
            replies: replies.clone(),
        };
        let laned = tokio::spawn(async move {
            while let Some(effect) = waiting.recv().await {
                worker.run(effect).await;
            }
        });
        Self {
            client,
            lang,
            replies,
            tasks: JoinSet::new(),
            lane,
            laned,
        }
    }

    /// Waits for everything in the lane; the rest is of no use any more.
    pub(super) async fn finish(self) {
        drop(self.lane);
        // A panic in the lane was reported by the hook already.
        let _ = self.laned.await;
    }
}

impl Executor for Effects {
    fn execute(&mut self, effect: Effect) {
        while self.tasks.try_join_next().is_some() {}
        match effect {
            Effect::Send { .. }
            | Effect::Retry(_)
            | Effect::Discard(_)
            | Effect::SaveSetting { .. }
            | Effect::SaveDraft { .. }
            | Effect::MarkRead { .. } => {
                // The lane lives as long as this does.
                let _ = self.lane.send(effect);
            }
            Effect::Do(ref deed) if deed.is_queued() => {
                let _ = self.lane.send(effect);
            }
            Effect::Idle(on) => self.client.idle(on),
            Effect::Opened(chat) => self.client.open_chat(Some(chat)),
            Effect::Typing { chat, on } => self.client.typing(chat, on),
            Effect::Reconnect => self.client.reconnect(),
            Effect::Speak(lang) => self.lang.set(lang),
            effect => {
                let worker = Worker {
                    client: self.client.clone(),
                    lang: self.lang.clone(),
                    replies: self.replies.clone(),
                };
                self.tasks.spawn(async move { worker.run(effect).await });
            }
        }
    }
}

struct Worker {
    client: Client,
    lang: SharedLang,
    replies: UnboundedSender<Msg>,
}

impl Worker {
    async fn run(&self, effect: Effect) {
        let client = &self.client;
        let reply = match effect {
            Effect::LoadChats => Msg::Chats(self.words(client.chats().await)),
            Effect::Load(load) => {
                let result = client.timeline(load.chat, load.anchor, load.limit).await;
                let result = self.words(result);
                Msg::Loaded { load, result }
            }
            Effect::FetchOlder(chat) => {
                let result = self.words(client.load_older(chat).await);
                Msg::FetchedOlder { chat, result }
            }
            Effect::Send {
                chat,
                id,
                text,
                reply_to,
            } => {
                let result = client.send(chat, &text, reply_to, Some(id)).await;
                let result = self.words(result.map(|_| ()));
                Msg::Queued {
                    chat,
                    id,
                    text,
                    result,
                }
            }
            Effect::ReadNew { chat, from, to } => {
                let count = u32::try_from(to.saturating_sub(from) + 1).unwrap_or(u32::MAX);
                let count = count.min(notice::MOST);
                let part = client.entries(chat, to - Seq::from(count), count);
                let result = self.words(part.await);
                Msg::NewRead { chat, to, result }
            }
            Effect::SaveDraft { chat, text } => {
                Msg::Done(self.words(client.save_draft(chat, text).await))
            }
            Effect::LoadDrafts => Msg::Drafts(self.words(client.drafts().await)),
            Effect::OpenLink(address) => {
                // Starting a program may wait for the disk.
                let opened = tokio::task::spawn_blocking(move || spawn::open_link(&address));
                let why = match opened.await {
                    Ok(Ok(())) => return,
                    Ok(Err(error)) => error.to_string(),
                    Err(error) => error.to_string(),
                };
                let sentence = Text::NotOpened.get(self.lang.get());
                Msg::Done(Err(fill(sentence, &[("why", &why)])))
            }
            Effect::Retry(id) => Msg::Done(self.words(client.retry(id).await)),
            Effect::Discard(id) => Msg::Done(self.words(client.discard(id).await.map(|_| ()))),
            Effect::MarkRead { chat, upto } => {
                Msg::Done(self.words(client.mark_read(chat, upto).await))
            }
            Effect::Do(deed) => {
                let result = self.words(deeds::carry_out(client, deed.clone()).await);
                Msg::DeedDone { deed, result }
            }
            Effect::Fetch(fetch) => {
                let result = self.words(deeds::find_out(client, fetch.clone()).await);
                Msg::Fetched { fetch, result }
            }
            Effect::Enter(door) => Msg::ChatMade(self.words(deeds::enter(client, door).await)),
            Effect::Search(query) => {
                let result = self.words(client.search_users(&query).await);
                Msg::Found { query, result }
            }
            Effect::CreateChat { name, members } => {
                Msg::ChatMade(self.words(self.create(name, members).await))
            }
            Effect::Register {
                username,
                password,
                invite,
            } => {
                let result = self.register(username, password, invite).await;
                Msg::Signed(self.words(result))
            }
            Effect::Login { login, password } => {
                let result = self.login(&login, password).await;
                Msg::Signed(self.words(result))
            }
            Effect::Logout => Msg::Done(self.words(client.logout().await)),
            Effect::SetServer(address) => Msg::ServerSet(self.set_server(&address)),
            Effect::Trust(shown) => Msg::ServerSet(self.trust(&shown)),
            Effect::SaveSetting { name, value } => Msg::Done(self.save(name, value).await),
            Effect::Opened(_)
            | Effect::Idle(_)
            | Effect::Speak(_)
            | Effect::Ask(_)
            | Effect::Typing { .. }
            | Effect::Reconnect
            | Effect::Suspend
            | Effect::Redraw
            | Effect::Quit => return,
        };
        // Nobody listens any more once the screen is gone.
        let _ = self.replies.send(reply);
    }

    fn words<T>(&self, result: Result<T, ClientError>) -> Result<T, String> {
        result.map_err(|error| sentence_of(self.lang.get(), &error))
    }

    async fn save(&self, name: &'static str, value: Option<String>) -> Result<(), String> {
        let written = tokio::task::spawn_blocking(move || {
            let path = config::path()?;
            match settings::find(name) {
                Some(setting) => config::file::write(&path, setting, value.as_deref()),
                None => Ok(()),
            }
        });
        let why = match written.await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(error)) => error.to_string().replace('\n', " "),
            Err(error) => error.to_string(),
        };
        let sentence = Text::SettingNotKept.get(self.lang.get());
        Err(fill(sentence, &[("why", &printable_line(&why))]))
    }

    async fn create(
        &self,
        name: Option<String>,
        members: Vec<User>,
    ) -> Result<ChatId, ClientError> {
        match (name, members.as_slice()) {
            (None, [user]) => self.client.private_chat(user.id).await,
            (name, members) => {
                let name = name.map(ChatName::try_from).transpose()?;
                let members = members.iter().map(|user| user.id).collect();
                self.client
                    .create_chat(ChatKind::Group, name, members)
                    .await
            }
        }
    }

    async fn register(
        &self,
        username: String,
        password: Secret,
        invite: Option<Secret>,
    ) -> Result<(), ClientError> {
        let invite = match invite.map(|invite| Token::try_from(invite.0)).transpose() {
            Ok(invite) => invite,
            Err(_) => return Err(WireError::new(ErrorCode::InviteInvalid).into()),
        };
        let new = Registration {
            username: Username::try_from(username)?,
            password: Password::try_from(password.0)?,
            email: None,
            invite,
        };
        self.client.register(new).await.map(|_| ())
    }

    async fn login(&self, login: &str, password: Secret) -> Result<(), ClientError> {
        // A password that cannot be one is a wrong one.
        let Ok(password) = Password::existing(password.0) else {
            return Err(WireError::new(ErrorCode::BadCredentials).into());
        };
        self.client.login(login, password).await.map(|_| ())
    }

    fn set_server(&self, address: &str) -> Result<(), String> {
        match address.parse::<ServerAddress>() {
            Ok(server) => {
                self.client.use_server(server);
                Ok(())
            }
            Err(_) => Err(fill(
                Text::BadAddress.get(self.lang.get()),
                &[("what", address)],
            )),
        }
    }

    fn trust(&self, shown: &str) -> Result<(), String> {
        match shown.parse::<Fingerprint>() {
            Ok(fingerprint) => {
                self.client.trust(fingerprint);
                Ok(())
            }
            Err(_) => Err(fill(
                Text::BadValue.get(self.lang.get()),
                &[("what", shown)],
            )),
        }
    }
}
