//! Away by itself: nobody has pressed a key for a while.

use proto::UnixMillis;

use super::message::Effect;
use super::model::Model;

const MINUTE: UnixMillis = 60_000;

impl Model {
    /// After how long one is away; none where that is switched off.
    fn away_after(&self) -> Option<UnixMillis> {
        let minutes: UnixMillis = self.settings.value("away_after").parse().ok()?;
        (minutes > 0).then(|| minutes.saturating_mul(MINUTE))
    }

    /// When one will be away.
    pub(super) fn away_at(&self) -> Option<UnixMillis> {
        if self.idle || self.account.is_none() {
            return None;
        }
        Some(self.last_input + self.away_after()?)
    }

    /// Somebody is here: a key or the mouse.
    pub(super) fn here(&mut self) -> Vec<Effect> {
        self.last_input = self.now;
        if std::mem::take(&mut self.idle) {
            vec![Effect::Idle(false)]
        } else {
            Vec::new()
        }
    }

    /// Away once the moment has come.
    pub(super) fn go_away(&mut self) -> Vec<Effect> {
        if self.away_at().is_some_and(|at| at <= self.now) {
            self.idle = true;
            return vec![Effect::Idle(true)];
        }
        Vec::new()
    }
}
