//! What one member wants to be told of a chat, the same on all devices.

use proto::error::WireError;
use proto::request::{ChatPrefs, Done, FOREVER, NotifyLevel, SetChatPrefs};

use super::{Caller, Service, bad_request, check_time, now, refuse};

impl Service {
    /// The caller's own settings of a chat, changed.
    pub(super) async fn set_chat_prefs(
        &self,
        caller: &Caller,
        request: SetChatPrefs,
    ) -> Result<Done, WireError> {
        let (chat, _) = self.access.member(request.chat, caller.actor.id).await?;
        self.let_write(caller)?;
        if request.notify == Some(NotifyLevel::Unknown) {
            return Err(bad_request("unknown notification level"));
        }
        if let Some(until) = request.muted_until.filter(|until| *until != FOREVER) {
            check_time(until, "muted_until is no time of the years 1970 to 9999")?;
        }
        let asked = self.store.chat_prefs(chat.no, caller.actor.no);
        let known = asked.await.map_err(refuse)?.ok_or_else(|| chat.refusal())?;
        let prefs = ChatPrefs {
            notify: request.notify.unwrap_or(known.notify),
            muted_until: request.muted_until.unwrap_or(known.muted_until),
            hidden_upto: request.hidden_upto.unwrap_or(known.hidden_upto),
        };
        self.store
            .set_chat_prefs(chat.no, caller.actor, prefs, now())
            .await
            .map_err(refuse)?;
        Ok(Done {})
    }
}
