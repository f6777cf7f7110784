//! The settings of the web endpoint.

use super::places::Findings;
use super::raw::RawWeb;
use crate::transport::http::settings::{Origins, TOKEN_HOURS, WebSettings};

/// A token that lives longer would hardly be ended by its age.
const MAX_TOKEN_HOURS: u32 = 10 * 366 * 24;

impl Findings {
    pub(super) fn web(&mut self, raw: RawWeb) -> WebSettings {
        let mut settings = WebSettings::default();
        let hours = raw.token_hours.unwrap_or(TOKEN_HOURS);
        if (1..=MAX_TOKEN_HOURS).contains(&hours) {
            settings.token_hours = hours;
        } else {
            let said = format!("has to be 1 to {MAX_TOKEN_HOURS} hours");
            self.problems.push(format!("web.token_hours: {said}"));
        }
        match raw.max_file_size {
            Some(0) => {
                let said = "web.max_file_size: has to be at least 1";
                self.problems.push(said.to_owned());
            }
            Some(bytes) => settings.max_file_size = bytes,
            None => {}
        }
        let origins = raw.cors_origins.unwrap_or_default();
        match Origins::parse(origins.iter().map(String::as_str)) {
            Ok(origins) => settings.cors_origins = origins,
            Err(word) => self.problems.push(format!(
                "web.cors_origins: {word:?} is no origin such as https://chat.example.org, nor *"
            )),
        }
        for word in raw.trusted_proxies.unwrap_or_default() {
            match word.parse() {
                Ok(network) => settings.trusted_proxies.push(network),
                Err(()) => self.problems.push(format!(
                    "web.trusted_proxies: {word:?} is no address or network such as 127.0.0.1 or 10.0.0.0/8"
                )),
            }
        }
        settings
    }
}
