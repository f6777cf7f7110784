use super::*;

fn transition(node: Uuid, user: UserId, online: bool, version: u64) -> Transition {
    Transition {
        user,
        node,
        online,
        idle: false,
        version,
        relied: None,
    }
}

fn active(users: &[UserId]) -> Vec<Present> {
    let present = users.iter().map(|user| Present {
        user: *user,
        idle: false,
    });
    present.collect()
}

fn roster() -> (Roster, Uuid) {
    (Roster::new(Uuid::now_v7()), Uuid::now_v7())
}

#[test]
fn a_user_is_elsewhere_while_any_node_says_so() {
    let (roster, first) = roster();
    let (second, user) = (Uuid::now_v7(), UserId::generate());
    roster.load(first, 10, active(&[user]), false);
    roster.load(second, 20, active(&[]), false);
    roster.apply(transition(second, user, true, 21));
    roster.apply(transition(first, user, false, 11));
    assert_eq!(roster.elsewhere(user), Some(second));
    assert_eq!(roster.forget(second), [user]);
    assert_eq!(roster.elsewhere(user), None);
}

#[test]
fn a_user_is_idle_elsewhere_where_no_node_says_otherwise() {
    let (roster, first) = roster();
    let (second, user) = (Uuid::now_v7(), UserId::generate());
    assert_eq!(roster.idle_elsewhere(user), None);
    let idle = Present { user, idle: true };
    roster.load(first, 10, vec![idle], true);
    assert_eq!(roster.idle_elsewhere(user), Some(true));
    roster.load(second, 20, active(&[user]), true);
    assert_eq!(roster.idle_elsewhere(user), Some(false));
    roster.take_here();
    // Heard of only when the set was read.
    roster.load(second, 21, vec![idle], true);
    assert_eq!(roster.idle_elsewhere(user), Some(true));
    assert_eq!(roster.take_here(), [user].into());
    roster.apply(transition(first, user, true, 11));
    assert_eq!(roster.idle_elsewhere(user), Some(false));
}

#[test]
fn a_gap_is_filled_by_the_set_and_what_came_behind_it() {
    let (roster, node) = roster();
    let (a, b, c) = (UserId::generate(), UserId::generate(), UserId::generate());
    roster.load(node, 10, active(&[a]), false);
    assert!(!roster.wants(node, 10));
    // 11 (b came) is lost.
    roster.apply(transition(node, c, true, 12));
    assert!(roster.wants(node, 12));
    // A set from before the gap does not help.
    roster.load(node, 10, active(&[a]), false);
    assert!(roster.wants(node, 12));
    roster.apply(transition(node, a, false, 13));
    roster.load(node, 11, active(&[a, b]), false);
    assert!(!roster.wants(node, 13));
    assert_eq!(roster.elsewhere(a), None);
    assert_eq!(roster.elsewhere(b), Some(node));
    assert_eq!(roster.elsewhere(c), Some(node));
}

#[test]
fn what_was_told_is_doubted_when_nothing_is_missing() {
    let (roster, node) = roster();
    let (user, now) = (UserId::generate(), Instant::now());
    roster.load(node, 10, active(&[]), false);
    assert_eq!(roster.take_heard(now), (Vec::new(), false));
    roster.hear(&[State::new(user, true, None)]);
    // All that is on its way is waited for.
    assert_eq!(roster.take_heard(now), (Vec::new(), true));
    let later = now + 2 * ON_THE_WAY;
    // 11 is lost.
    roster.apply(transition(node, user, false, 12));
    assert_eq!(roster.take_heard(later), (Vec::new(), true));
    roster.load(node, 12, active(&[]), true);
    let told = Heard {
        online: true,
        away: Some(false),
    };
    assert_eq!(roster.take_heard(later), (vec![(user, told)], false));
    assert_eq!(roster.take_heard(later), (Vec::new(), false));
}

#[test]
fn a_lost_last_transition_shows_at_the_second_beat() {
    let (roster, node) = roster();
    roster.load(node, 10, active(&[]), false);
    assert!(!roster.wants(node, 11));
    assert!(roster.wants(node, 11));
    roster.apply(transition(node, UserId::generate(), true, 11));
    assert!(!roster.wants(node, 11));
}

#[test]
fn repeats_and_ones_own_are_passed_over() {
    let (roster, node) = roster();
    let user = UserId::generate();
    roster.load(node, 10, active(&[user]), false);
    roster.apply(transition(node, user, false, 10));
    assert_eq!(roster.elsewhere(user), Some(node));
    roster.apply(transition(roster.me(), user, true, 1));
    assert_eq!(roster.nodes(), [node]);
}

#[test]
fn what_a_set_shows_otherwise_than_it_was_told_is_told() {
    let (roster, node) = roster();
    let (came, went) = (UserId::generate(), UserId::generate());
    // Known by hearsay only: the set was never read before the bus broke.
    roster.apply(transition(node, went, true, 10));
    roster.load(node, 12, active(&[came]), true);
    assert_eq!(roster.take_here(), [came, went].into());
    // Nobody here was given anything.
    roster.load(node, 13, active(&[]), false);
    assert!(roster.take_here().is_empty());
}
