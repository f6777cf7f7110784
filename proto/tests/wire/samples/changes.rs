//! Changes of messages, pins and search.

use proto::request::*;
use proto::text::{Emoji, MessageText};

use super::{AT, chat, entry_id, message};

pub(super) fn requests() -> Vec<Request> {
    vec![
        Request::EditMessage(EditMessage {
            chat: chat(),
            id: entry_id(),
            seq: 299,
            text: MessageText::try_from("Привет!").unwrap(),
        }),
        Request::DeleteMessage(DeleteMessage {
            chat: chat(),
            id: entry_id(),
            seq: 299,
        }),
        Request::React(React {
            chat: chat(),
            id: entry_id(),
            seq: 299,
            emoji: Emoji::try_from("👍🏽").unwrap(),
            on: true,
        }),
        Request::PinMessage(PinMessage {
            chat: chat(),
            id: entry_id(),
            seq: 299,
            on: true,
        }),
        Request::Pins(Pins {
            chat: chat(),
            offset: 3,
        }),
        Request::SearchMessages(SearchMessages {
            query: "ёлка".into(),
            chat: Some(chat()),
            limit: 50,
            before: Some(Place {
                at: AT,
                id: entry_id(),
            }),
        }),
    ]
}

fn found() -> Found {
    Found {
        chat: chat(),
        entry: message(),
        edited: Some("Привет!".into()),
    }
}

pub(super) fn replies() -> Vec<Reply> {
    let sent = Sent {
        seq: 301,
        msg_no: 290,
        at: AT,
        dup: false,
    };
    vec![
        Reply::EditMessage(sent),
        Reply::DeleteMessage(sent),
        Reply::React(sent),
        Reply::PinMessage(sent),
        Reply::Pins(PinList {
            pins: vec![found()],
            more: true,
        }),
        Reply::SearchMessages(SearchResults {
            found: vec![found()],
            more: true,
            behind: 12,
        }),
    ]
}

/// Forms with as little as may be.
pub(super) fn minimal() -> Vec<(&'static str, Request)> {
    vec![(
        "minimal SearchMessages",
        Request::SearchMessages(SearchMessages {
            query: "ёлка".into(),
            chat: None,
            limit: 20,
            before: None,
        }),
    )]
}

/// Frames of the first version with everything that came later.
pub(super) fn full() -> Vec<(&'static str, Request)> {
    let send = Send {
        chat: chat(),
        id: entry_id(),
        text: MessageText::try_from("Привет 👋").unwrap(),
        reply_to: Some(299),
        forward: Some(Origin {
            chat: chat(),
            seq: 12,
        }),
        media: None,
    };
    let recording = Send {
        reply_to: None,
        forward: None,
        media: Some(Media::Audio),
        ..send.clone()
    };
    vec![
        ("full Send", Request::Send(send)),
        ("full Send of a recording", Request::Send(recording)),
    ]
}
