//! The bus of many nodes: Redis, alone or as a cluster.

mod settings;

pub use self::settings::{Settings, SettingsError};
