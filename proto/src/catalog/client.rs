//! The texts of the terminal client.

use super::texts;

texts! {
    /// A text of the terminal client.
    Text {
        Online: "online", "в сети";
        Offline: "offline", "не в сети";
    }
}
