//! People: profiles, statuses, pictures, contacts.

use super::*;

fn nickname() -> impl Strategy<Value = Option<DisplayName>> {
    of(checked("[а-я][a-zа-я 👋]{0,20}[a-z]"))
}
fn status() -> impl Strategy<Value = Status> {
    prop::sample::select(Status::ALL)
}
fn image() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..300).prop_map(Bytes::from)
}

prop_compose! {
    fn set_profile()(
        first_name in nickname(), last_name in nickname(), bio in of(checked("[а-я\n]{0,40}")),
        email in of(email()), receipts in of(any::<bool>()), clear in vec(line(), 0..3),
    ) -> SetProfile {
        SetProfile { first_name, last_name, bio, email, receipts, clear }
    }
}
prop_compose! {
    fn profile()(
        user in person(), bio in line(), created_at: i64, status in status(),
        status_text in line(), status_until in of(any::<i64>()),
        own in of((of(line()), any::<bool>())),
    ) -> ProfileInfo {
        let own = own.map(|(email, receipts)| OwnSettings { email, receipts });
        ProfileInfo { user, bio, created_at, status, status_text, status_until, own }
    }
}
prop_compose! {
    fn contact()(
        user in person(), nickname in of(line()),
        state in prop::sample::select(ContactState::ALL), blocked: bool, since: i64,
    ) -> Contact {
        Contact { user, nickname, state, blocked, since }
    }
}

pub(super) fn request() -> BoxedStrategy<Request> {
    prop_oneof![
        (password(), password())
            .prop_map(|(old, new)| Request::ChangePassword(ChangePassword { old, new })),
        of(user()).prop_map(|user| Request::Profile(Profile { user })),
        set_profile().prop_map(Request::SetProfile),
        (status(), of(checked("[а-я]{1,40}")), of(any::<i64>())).prop_map(
            |(status, text, until)| Request::SetStatus(SetStatus {
                status,
                text,
                until
            })
        ),
        any::<bool>().prop_map(|on| Request::Idle(Idle { on })),
        (of(chat()), of(image()))
            .prop_map(|(chat, image)| Request::SetAvatar(SetAvatar { chat, image })),
        hash().prop_map(|hash| Request::Avatar(Avatar { hash })),
        any::<u32>().prop_map(|offset| Request::Contacts(Contacts { offset })),
        (user(), nickname())
            .prop_map(|(user, nickname)| Request::AddContact(AddContact { user, nickname })),
        (user(), nickname(), any::<bool>(), of(any::<bool>())).prop_map(
            |(user, nickname, clear_nickname, blocked)| Request::ChangeContact(ChangeContact {
                user,
                nickname,
                clear_nickname,
                blocked
            })
        ),
        user().prop_map(|user| Request::RemoveContact(RemoveContact { user })),
    ]
    .boxed()
}

pub(super) fn reply() -> BoxedStrategy<Reply> {
    let done = prop::sample::select(vec![
        Reply::ChangePassword(Done {}),
        Reply::Idle(Done {}),
        Reply::SetAvatar(Done {}),
        Reply::RemoveContact(Done {}),
    ]);
    prop_oneof![
        done,
        profile().prop_map(Reply::Profile),
        profile().prop_map(Reply::SetProfile),
        profile().prop_map(Reply::SetStatus),
        (line(), image()).prop_map(|(mime, image)| Reply::Avatar(AvatarImage { mime, image })),
        (vec(contact(), 0..4), any::<bool>())
            .prop_map(|(contacts, more)| Reply::Contacts(ContactList { contacts, more })),
        contact().prop_map(Reply::AddContact),
        contact().prop_map(Reply::ChangeContact),
    ]
    .boxed()
}

prop_compose! {
    fn presence()(
        user in user(), online: bool, last_seen in of(any::<i64>()), status in of(status()),
        text in of(line()), rev in n(),
    ) -> Presence {
        Presence { user, online, last_seen, status, text, rev }
    }
}

pub(super) fn event() -> BoxedStrategy<Event> {
    prop_oneof![
        (vec(presence(), 0..4), any::<bool>()).prop_map(|(users, snapshot)| PresenceChanged {
            users,
            snapshot
        }
        .into()),
        vec(person(), 0..4).prop_map(|users| UsersChanged { users }.into()),
    ]
    .boxed()
}
