//! Messages and their changes, pins and search.

use super::*;

fn emoji() -> impl Strategy<Value = Emoji> {
    checked("[👍🎉a-z]{1,8}")
}

fn media() -> impl Strategy<Value = Media> {
    prop::sample::select(Media::ALL)
}

prop_compose! {
    fn send()(
        chat in chat(), id in entry_id(), text in message_text(), reply_to in of(n()),
        forward in of((chat(), n())), media in of(media()),
    ) -> Send {
        let forward = forward.map(|(chat, seq)| Origin { chat, seq });
        Send { chat, id, text, reply_to, forward, media }
    }
}
prop_compose! {
    fn search()(
        query in line(), chat in of(chat()), limit: u32,
        before in of((any::<i64>(), entry_id())),
    ) -> SearchMessages {
        let before = before.map(|(at, id)| Place { at, id });
        SearchMessages { query, chat, limit, before }
    }
}
prop_compose! {
    fn found()(chat in chat(), entry in entry(), edited in of(line())) -> Found {
        Found { chat, entry, edited }
    }
}
prop_compose! {
    fn sent()(seq in n(), msg_no in n(), at: i64, dup: bool) -> Sent {
        Sent { seq, msg_no, at, dup }
    }
}

pub(super) fn request() -> BoxedStrategy<Request> {
    let place = || (chat(), entry_id(), n());
    prop_oneof![
        send().prop_map(Request::Send),
        search().prop_map(Request::SearchMessages),
        (place(), message_text()).prop_map(|((chat, id, seq), text)| {
            Request::EditMessage(EditMessage {
                chat,
                id,
                seq,
                text,
            })
        }),
        place().prop_map(|(chat, id, seq)| Request::DeleteMessage(DeleteMessage { chat, id, seq })),
        (place(), emoji(), any::<bool>()).prop_map(|((chat, id, seq), emoji, on)| {
            Request::React(React {
                chat,
                id,
                seq,
                emoji,
                on,
            })
        }),
        (place(), any::<bool>()).prop_map(|((chat, id, seq), on)| {
            Request::PinMessage(PinMessage { chat, id, seq, on })
        }),
        (chat(), any::<u32>()).prop_map(|(chat, offset)| Request::Pins(Pins { chat, offset })),
    ]
    .boxed()
}

pub(super) fn reply() -> BoxedStrategy<Reply> {
    prop_oneof![
        sent().prop_map(Reply::Send),
        sent().prop_map(Reply::EditMessage),
        sent().prop_map(Reply::DeleteMessage),
        sent().prop_map(Reply::React),
        sent().prop_map(Reply::PinMessage),
        (vec(found(), 0..4), any::<bool>())
            .prop_map(|(pins, more)| Reply::Pins(PinList { pins, more })),
        (vec(found(), 0..4), any::<bool>(), n()).prop_map(|(found, more, behind)| {
            Reply::SearchMessages(SearchResults {
                found,
                more,
                behind,
            })
        }),
    ]
    .boxed()
}

pub(super) fn body() -> BoxedStrategy<Body> {
    let message = (
        line(),
        of((user(), any::<i64>())),
        any::<bool>(),
        of(media()),
    )
        .prop_map(|(text, forwarded, deleted, media)| {
            let forwarded = forwarded.map(|(user, at)| Forwarded { user, at });
            Body::Message(Message {
                text,
                forwarded,
                deleted,
                media,
            })
        });
    prop_oneof![
        message,
        line().prop_map(|text| Body::Edited(Edited { text })),
        Just(Body::Deleted(Deleted {})),
        (line(), any::<bool>()).prop_map(|(emoji, on)| Body::Reacted(Reacted { emoji, on })),
        any::<bool>().prop_map(|on| Body::Pinned(Pinned { on })),
    ]
    .boxed()
}
