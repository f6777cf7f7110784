//! `PROTOCOL.md` speaks of everything there is.
