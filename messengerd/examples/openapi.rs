//! Prints the OpenAPI document of the web endpoint: `make swagger` keeps it.

use std::io::{self, Write};

fn main() -> io::Result<()> {
    let document = messengerd::transport::http::api::document_text();
    io::stdout().lock().write_all(document.as_bytes())
}
