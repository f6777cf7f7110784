//! One chat as the core sees it: what is cached, what is known to be missing.

use std::collections::BTreeMap;

use proto::Seq;
use proto::entry::Entry;
use proto::event::Head;

use super::{ChatState, Millis};

/// Most entries kept while those before them are awaited; more are fetched.
const AHEAD: usize = 512;

/// One chat.
#[derive(Debug, Default)]
pub(super) struct Chat {
    /// As in [`ChatState`], running ahead of the disk by what is being stored.
    pub(super) range: Option<(Seq, Seq)>,
    pub(super) floor: Seq,
    pub(super) head: Seq,
    pub(super) info_rev: i64,
    pub(super) acl_rev: i64,
    pub(super) cursor_rev: u64,
    pub(super) cursor_head: u64,
    pub(super) delivered: Seq,
    /// Latest stored entry of somebody else.
    pub(super) foreign: Seq,
    /// To be marked as read.
    pub(super) read_due: Seq,
    pub(super) mark_at: Millis,
    pub(super) marking: bool,
    /// Live entries beyond a gap.
    ahead: BTreeMap<Seq, Entry>,
    /// A gap is left to fill itself until then.
    pub(super) gap_until: Option<Millis>,
    pub(super) fetching: bool,
    pub(super) asking_cursors: bool,
    /// Not to be asked for before this.
    pub(super) not_before: Millis,
    pub(super) left: bool,
    /// A public chat that is only looked at: marking it as read would join it.
    pub(super) visiting: bool,
    /// Entries of a gap may have changed members or properties unseen.
    pub(super) info_doubt: bool,
    /// How often members, properties or settings were heard to have changed: an
    /// answer to what was asked before the latest of it is not the last word.
    pub(super) news: u64,
}

impl Chat {
    pub(super) fn unknown() -> Self {
        Self {
            info_rev: -1,
            ..Self::default()
        }
    }

    pub(super) fn cached(state: &ChatState) -> Self {
        Self {
            range: state.range,
            floor: state.floor,
            head: state.head,
            info_rev: state.info_rev,
            acl_rev: state.info_rev,
            cursor_rev: state.cursor_rev,
            cursor_head: state.cursor_rev,
            delivered: state.delivered,
            read_due: if state.joined { state.unmarked_read } else { 0 },
            visiting: !state.joined,
            ..Self::default()
        }
    }

    /// Members, properties or own settings changed.
    pub(super) fn changed(&mut self) {
        self.info_rev = -1;
        self.news += 1;
    }

    /// Takes over the server's word.
    pub(super) fn hear(&mut self, head: &Head) {
        self.head = self.head.max(head.seq);
        self.acl_rev = self.acl_rev.max(head.acl_rev as i64);
        self.cursor_head = self.cursor_head.max(head.cursor_rev);
        self.delivered = self.delivered.max(head.delivered);
        if head.read >= self.read_due {
            self.read_due = 0;
        }
        self.left = false;
        self.raise_floor(head.floor);
    }

    pub(super) fn raise_floor(&mut self, floor: Seq) {
        if floor > self.floor {
            self.floor = floor;
            if let Some((lo, hi)) = &mut self.range {
                *lo = (*lo).max(floor + 1);
                *hi = (*hi).max(floor);
            }
        }
    }

    /// Whether the server has newer entries than the cache.
    pub(super) fn lags(&self) -> bool {
        !self.left
            && match self.range {
                None => self.head > self.floor,
                Some((_, hi)) => self.head > hi,
            }
    }

    /// Whether the server has older entries than the cache.
    pub(super) fn has_older(&self) -> bool {
        !self.left
            && match self.range {
                None => false,
                Some((lo, _)) => lo > self.floor + 1,
            }
    }

    pub(super) fn wants_info(&self) -> bool {
        !self.left && (self.info_rev < 0 || self.info_rev < self.acl_rev)
    }

    /// What the delivered cursor is to be moved to.
    pub(super) fn delivered_due(&self) -> Option<Seq> {
        (!self.left && !self.visiting && self.foreign > self.delivered).then_some(self.foreign)
    }

    /// A live entry. Those that continue the range are returned, in order.
    pub(super) fn live(&mut self, entry: Entry) -> Vec<Entry> {
        self.head = self.head.max(entry.seq);
        if self.range.is_none() && entry.seq == self.floor + 1 {
            self.range = Some((entry.seq, self.floor));
        }
        match self.range {
            Some((_, hi)) if entry.seq <= hi => return Vec::new(),
            _ => {}
        }
        self.ahead.insert(entry.seq, entry);
        while self.ahead.len() > AHEAD {
            self.ahead.pop_last();
        }
        self.continued()
    }

    /// Takes what continues the range out of what was kept ahead.
    pub(super) fn continued(&mut self) -> Vec<Entry> {
        let Some((_, hi)) = &mut self.range else {
            return Vec::new();
        };
        self.ahead = self.ahead.split_off(&(*hi + 1));
        let mut entries = Vec::new();
        while let Some(entry) = self.ahead.remove(&(*hi + 1)) {
            *hi += 1;
            entries.push(entry);
        }
        entries
    }

    /// Whether entries beyond a gap are kept.
    pub(super) fn has_gap(&self) -> bool {
        !self.ahead.is_empty()
    }

    /// A page that follows `after`. What is new in it is returned; `None` where
    /// the page is not what was asked for.
    pub(super) fn page(&mut self, entries: Vec<Entry>) -> Option<Vec<Entry>> {
        if !entries.windows(2).all(|two| two[0].seq + 1 == two[1].seq) {
            return None;
        }
        let hi = match self.range {
            Some((_, hi)) => hi,
            None => entries.first().map_or(0, |first| first.seq - 1),
        };
        let fresh: Vec<Entry> = entries.into_iter().filter(|entry| entry.seq > hi).collect();
        let (Some(first), Some(last)) = (fresh.first(), fresh.last()) else {
            return Some(fresh);
        };
        if first.seq != hi + 1 {
            return None;
        }
        self.head = self.head.max(last.seq);
        match &mut self.range {
            Some((_, hi)) => *hi = last.seq,
            range => *range = Some((first.seq, last.seq)),
        }
        Some(fresh)
    }

    /// A page that ends before the range. What is new in it is returned; `None`
    /// where the page is not what was asked for.
    pub(super) fn older_page(&mut self, entries: Vec<Entry>) -> Option<Vec<Entry>> {
        if !entries.windows(2).all(|two| two[0].seq + 1 == two[1].seq) {
            return None;
        }
        let Some((lo, _)) = &mut self.range else {
            return None;
        };
        let fresh: Vec<Entry> = entries
            .into_iter()
            .filter(|entry| entry.seq < *lo)
            .collect();
        if let (Some(first), Some(last)) = (fresh.first(), fresh.last()) {
            if last.seq + 1 != *lo {
                return None;
            }
            *lo = first.seq;
        }
        Some(fresh)
    }
}
