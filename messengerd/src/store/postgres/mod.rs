//! The back end of many nodes: PostgreSQL.

mod settings;

pub use self::settings::{Settings, SettingsError, TlsMode};
