//! Where everything is on the screen; both drawing and clicks go by it.

/// A rectangle of cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Area {
    /// Left column.
    pub x: u16,
    /// Top row.
    pub y: u16,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl Area {
    /// Whether a cell is inside.
    pub fn contains(self, x: u16, y: u16) -> bool {
        x >= self.x && y >= self.y && x - self.x < self.width && y - self.y < self.height
    }

    /// Whether there is nothing inside.
    pub fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }
}

/// Smallest screen that is drawn.
pub const SMALLEST: (u16, u16) = (40, 10);
/// From this width on, list and chat stand side by side.
const SIDE_BY_SIDE: u16 = 64;
/// From this width on, there is room for the members, too.
pub const MEMBERS_BESIDE: u16 = 100;
/// Columns of the members.
const MEMBERS: u16 = 28;
/// Most rows of the composer.
pub const COMPOSER_ROWS: u16 = 8;

/// What the layout depends on beside the size of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wants {
    /// The list is shown where there is room for one pane only.
    pub list_first: bool,
    /// One pane is wanted also where there is room for both.
    pub single: bool,
    /// Rows of what is being written.
    pub composer_rows: u16,
    /// Rows of the status.
    pub status_rows: u16,
    /// A message is being answered or changed.
    pub reply: bool,
    /// The members are shown beside the chat.
    pub members: bool,
}

impl Default for Wants {
    fn default() -> Self {
        Self {
            list_first: false,
            single: false,
            composer_rows: 1,
            status_rows: 1,
            reply: false,
            members: false,
        }
    }
}

/// An area of at most this size in the middle of a screen, for a dialog.
pub fn centered(size: (u16, u16), width: u16, height: u16) -> Area {
    let (columns, rows) = size;
    let width = width.min(columns.saturating_sub(2));
    let height = height.min(rows.saturating_sub(2));
    Area {
        x: (columns - width) / 2,
        y: (rows - height) / 2,
        width,
        height,
    }
}

/// The areas of the main screen. An area that is not shown is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Layout {
    /// The chat list.
    pub list: Area,
    /// The line between list and chat.
    pub divider: Area,
    /// Name of the open chat.
    pub title: Area,
    /// Its messages.
    pub timeline: Area,
    /// Who is typing, and what waits below.
    pub activity: Area,
    /// The text being written, its frame excluded.
    pub composer: Area,
    /// The line above it.
    pub rule: Area,
    /// The message that is being answered.
    pub reply: Area,
    /// The members of the open chat, with the line to their left.
    pub members: Area,
    /// The state of the connection, or a notice.
    pub status: Area,
}

impl Layout {
    /// The areas on a screen.
    pub fn new(size: (u16, u16), wants: Wants) -> Self {
        let (width, height) = size;
        let Wants {
            list_first,
            single,
            composer_rows,
            status_rows,
            reply,
            members,
        } = wants;
        let status_rows = status_rows.clamp(1, 3);
        let body = height.saturating_sub(status_rows);
        let status = Area {
            x: 0,
            y: body,
            width,
            height: status_rows,
        };
        let both = width >= SIDE_BY_SIDE && !single;
        let list_width = match (both, list_first) {
            (true, _) => (width * 3 / 10).clamp(20, 36),
            (false, true) => width,
            (false, false) => 0,
        };
        let list = Area {
            x: 0,
            y: 0,
            width: list_width,
            height: if list_width > 0 { body } else { 0 },
        };
        let left = if both { list_width + 1 } else { 0 };
        let divider = Area {
            x: list_width,
            y: 0,
            width: u16::from(both),
            height: body,
        };
        if !both && list_first {
            return Self {
                list,
                status,
                ..Self::default()
            };
        }
        let members_width = if members && both { MEMBERS } else { 0 };
        let members = Area {
            x: width - members_width,
            y: 0,
            width: members_width,
            height: if members_width > 0 { body } else { 0 },
        };
        let pane = width - left - members_width;
        let composer_rows = composer_rows.clamp(1, COMPOSER_ROWS.min(body / 3).max(1));
        let row = |y: u16, height: u16| Area {
            x: left,
            y,
            width: pane,
            height,
        };
        let inner = |area: Area| Area {
            x: area.x + 1,
            width: area.width.saturating_sub(2),
            ..area
        };
        let composer_y = body - composer_rows;
        let reply_rows = u16::from(reply);
        let rule_y = composer_y - reply_rows - 1;
        Self {
            list,
            divider,
            title: row(0, 1),
            timeline: inner(row(2, rule_y.saturating_sub(3))),
            activity: inner(row(rule_y - 1, 1)),
            rule: row(rule_y, 1),
            reply: inner(row(rule_y + 1, reply_rows)),
            composer: inner(row(composer_y, composer_rows)),
            members,
            status,
        }
    }

    /// Columns of the composer on such a screen.
    pub fn composer_width(size: (u16, u16), single: bool, members: bool) -> u16 {
        let wants = Wants {
            single,
            members,
            ..Wants::default()
        };
        Self::new(size, wants).composer.width
    }
}
