//! Many nodes: a silent one is raced, a dead one is left at once.

use super::*;

/// Two nodes are known, and one is connected to.
fn world() -> World {
    let mut world = World::new(true);
    world.server.say(chat_id(0), "first");
    world.core.know_nodes(2);
    world.connect();
    let heads = world.server.heads();
    world.tell(&heads);
    world.settle();
    world.now = 60_000;
    world
}

/// The server falls silent with a message on its way.
fn send_into_silence(world: &mut World, id: u128) {
    world.server.silent = true;
    send(world, id);
}

fn send(world: &mut World, id: u128) {
    let item = world.queue(chat_id(0), id);
    world.act(|core, now| core.handle_outbox(now, vec![item]));
    world.settle();
}

fn goodbye(code: ErrorCode) -> Event {
    Event::Goodbye(Goodbye { error: code.into() })
}

/// What the driver does on being ready.
fn drain(world: &mut World) {
    let items = world.db.outgoing(100).unwrap();
    world.act(|core, now| core.handle_outbox(now, items));
    world.settle();
}

#[test]
fn silence_of_a_second_and_a_half_is_raced_and_the_winner_gets_the_message() {
    let mut world = world();
    send_into_silence(&mut world, 5);
    world.pass(1_499);
    assert!(world.races.is_empty());
    world.pass(1);
    assert_eq!(world.races, [61_500]);
    assert_eq!((world.disconnects, world.connects.len()), (0, 1));
    world.pass(100);
    world.server.silent = false;
    world.welcome();
    assert!(matches!(
        world.last_link(),
        Link::Online { address, .. } if address == "h:61600"
    ));
    drain(&mut world);
    assert_eq!(world.server.sent.len(), 1);
    assert!(world.db.outbox(None).unwrap().is_empty());
    assert!(!world.core.is_draining());
    world.pass(20_000);
    assert_eq!((world.races.len(), world.called_off), (1, 0));
}

#[test]
fn who_speaks_again_keeps_the_connection() {
    let mut world = world();
    send_into_silence(&mut world, 5);
    world.pass(1_600);
    assert_eq!(world.races.len(), 1);
    world.server.silent = false;
    world.act(|core, now| core.handle_heard(now));
    assert_eq!(world.called_off, 1);
    world.pass(500);
    assert_eq!((world.disconnects, world.abandoned), (0, 0));
}

#[test]
fn who_has_much_to_do_but_answers_a_ping_is_not_raced() {
    let mut world = world();
    send_into_silence(&mut world, 5);
    for _ in 0..10 {
        world.pass(1_100);
        world.act(|core, now| core.handle_heard(now));
    }
    assert!(world.races.is_empty());
    assert!(world.server.asked.ends_with(&["Ping"]));
}

#[test]
fn an_idle_connection_is_not_raced() {
    let mut world = world();
    world.server.silent = true;
    world.pass(60_000);
    assert!(world.races.is_empty());
}

#[test]
fn the_race_goes_on_where_the_silent_connection_is_given_up() {
    let mut world = world();
    send_into_silence(&mut world, 5);
    world.pass(3_000);
    assert_eq!((world.abandoned, world.disconnects), (1, 0));
    assert_eq!(*world.last_link(), Link::Connecting);
    // It counts as the one attempt now.
    let down = Failure::Unreachable("down".into());
    world.act(|core, now| core.handle_connect_failed(now, down));
    assert!(matches!(world.last_link(), Link::Offline { .. }));
    world.pass(100);
    assert_eq!(world.connects.len(), 2);
    world.server.silent = false;
    world.welcome();
    drain(&mut world);
    assert_eq!(world.server.sent.len(), 1);
}

#[test]
fn a_race_in_vain_leaves_the_connection_alone() {
    let mut world = world();
    send_into_silence(&mut world, 5);
    world.pass(1_500);
    world.core.handle_race_failed();
    world.pass(1_000);
    assert_eq!((world.disconnects, world.abandoned), (0, 0));
    world.pass(500);
    // Given up: somewhere else at once.
    assert_eq!(world.disconnects, 1);
    assert_eq!(world.elsewhere, [63_000]);
}

#[test]
fn servers_that_are_all_silent_are_raced_less_and_less() {
    let mut world = world();
    world.server.silent = true;
    send(&mut world, 5);
    let end = world.now + 120_000;
    while world.now < end {
        world.pass(10);
        let asked = world.connects.len() + world.races.len();
        if world.races.last() == Some(&world.now) || !world.core.is_connected() {
            world.welcome();
            let items = world.db.outgoing(100).unwrap();
            world.act(|core, now| core.handle_outbox(now, items));
            world.settle();
        }
        assert!(asked < 100);
    }
    assert!((4..=8).contains(&world.races.len()), "{:?}", world.races);
}

#[test]
fn a_lost_connection_is_made_elsewhere_at_once_and_then_with_pauses() {
    let mut world = world();
    world.act(|core, now| core.handle_disconnected(now, "gone"));
    assert_eq!(world.elsewhere, [60_000]);
    assert_eq!(*world.last_link(), Link::Connecting);
    world.welcome();
    // One that is gone again at once is not hurried after.
    world.pass(100);
    world.act(|core, now| core.handle_disconnected(now, "gone"));
    assert!(matches!(world.last_link(), Link::Offline { .. }));
    world.pass(1_000);
    world.welcome();
    world.pass(6_000);
    world.act(|core, now| core.handle_disconnected(now, "gone"));
    assert_eq!(world.elsewhere.len(), 2);
}

#[test]
fn a_single_address_is_raced_by_itself_and_waited_for() {
    let mut world = world();
    world.core.know_nodes(1);
    send_into_silence(&mut world, 5);
    world.pass(1_500);
    assert_eq!(world.races.len(), 1);
    world.core.handle_race_failed();
    world.pass(1_500);
    assert_eq!(world.disconnects, 1);
    assert!(matches!(world.last_link(), Link::Offline { .. }));
    assert!(world.elsewhere.is_empty());
}

#[test]
fn clients_of_a_node_that_shuts_down_spread_over_300_ms() {
    let mut world = world();
    world.tell(&goodbye(ErrorCode::ShuttingDown));
    assert_eq!(*world.last_link(), Link::Connecting);
    world.pass(300);
    assert_eq!(world.elsewhere.len(), 1);
    world.welcome();
    assert!(matches!(world.last_link(), Link::Online { .. }));
}

#[test]
fn a_busy_node_is_left_at_once_and_a_single_one_waited_for() {
    for (nodes, elsewhere) in [(2, 1), (1, 0)] {
        let mut world = world();
        world.core.know_nodes(nodes);
        world.tell(&goodbye(ErrorCode::Busy));
        assert_eq!(world.elsewhere.len(), elsewhere);
        world.pass(1_000);
        assert_eq!(world.connects.len(), 2);
    }
}

#[test]
fn another_version_is_said_where_no_other_node_is_known() {
    let mut world = world();
    world.tell(&goodbye(ErrorCode::VersionMismatch));
    assert_eq!(world.elsewhere.len(), 1);
    let why = Failure::Goodbye(ErrorCode::VersionMismatch.into());
    world.act(|core, now| core.handle_connect_failed(now, why));
    assert!(matches!(world.last_link(), Link::Refused { .. }));
}

#[test]
fn a_read_is_made_again_on_the_next_connection_and_a_change_is_not() {
    let mut world = world();
    world.server.silent = true;
    let user = UserId(Uuid::from_u128(5));
    world.act(|core, now| {
        let ask = request::Users {
            ids: vec![user],
            names: Vec::new(),
        };
        core.handle_call(
            now,
            7,
            request::Users::KIND,
            Box::new(move |id| ask.encode(id)),
        )
    });
    world.act(|core, now| {
        let ask = request::AddMembers {
            chat: chat_id(0),
            users: vec![user],
        };
        let encode: Encode = Box::new(move |id| ask.encode(id));
        core.handle_call(now, 8, request::AddMembers::KIND, encode)
    });
    world.to_server.clear();
    world.pass(1_500);
    world.server.silent = false;
    world.server.asked.clear();
    world.welcome();
    world.settle();
    assert_eq!(world.server.asked, ["Users"]);
    assert!(matches!(
        world.answers[..],
        [(8, Err(ClientError::Offline(_))), (7, Ok(()))]
    ));
}

#[test]
fn a_read_is_answered_where_nobody_is_reached() {
    let mut world = world();
    world.server.silent = true;
    world.act(|core, now| {
        let encode: Encode = Box::new(|id| request::Sessions {}.encode(id));
        core.handle_call(now, 9, request::Sessions::KIND, encode)
    });
    world.to_server.clear();
    world.act(|core, now| core.handle_disconnected(now, "gone"));
    assert!(world.answers.is_empty());
    let down = Failure::Unreachable("down".into());
    world.act(|core, now| core.handle_connect_failed(now, down));
    assert!(matches!(
        world.answers[..],
        [(9, Err(ClientError::Offline(_)))]
    ));
}
