//! Every dialog as it looks without colours, compared with the files in
//! `shots/` as in [`shots`](crate::shots).

use proto::catalog::Lang;
use proto::entry::{Body, Message, kind};
use proto::request::{ContactState, Role};
use ratatui::style::Color;

use crate::script::Script;
use crate::shots::{SIZES, compare};
use crate::world::{BORIS, CLARA, ME, NOON, World, chat};

/// The screen after some keys, in both sizes and languages, of an admin of the
/// group who has two contacts.
fn dialog(name: &str, act: impl Fn(&mut Script)) {
    for lang in [Lang::En, Lang::Ru] {
        for size in SIZES {
            let mut world = World::sample();
            world.chats[1].role = Role::Admin;
            world.contact(BORIS, "Борис", ContactState::Mutual);
            world.contact(CLARA, "clara", ContactState::Incoming);
            let mut script = Script::new(world, size, lang);
            script.model.color = false;
            act(&mut script);
            let screen = script.screen();
            for line in screen.lines() {
                assert!(
                    mchat::app::wrap::width(line) <= usize::from(size.0),
                    "{line:?}"
                );
            }
            let colored = script.buffer().content().iter();
            let colored = colored
                .filter(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset)
                .count();
            assert_eq!(colored, 0, "{name} has colours:\n{screen}");
            compare(&format!("dialog-{name}"), lang, size, &screen);
        }
    }
}

/// In the group, after this command.
fn command(script: &mut Script, line: &str) {
    script.keys("Down Enter A-x").types(line).keys("Enter");
}

#[test]
fn the_menu_of_a_chat() {
    dialog("chat-menu", |script| {
        script.keys("Down Enter A-c");
    });
}

#[test]
fn the_menu_of_a_private_chat() {
    dialog("private-menu", |script| {
        script.keys("Enter A-c");
    });
}

#[test]
fn the_menu_of_a_member() {
    dialog("member-menu", |script| {
        script.keys("Down Enter A-g").keys("Down Enter");
    });
}

#[test]
fn the_menu_of_a_contact() {
    dialog("contact-menu", |script| {
        script.keys("A-r Down Enter");
    });
}

#[test]
fn a_request_to_be_a_contact() {
    dialog("contact-request", |script| {
        script.keys("A-r Enter");
    });
}

#[test]
fn a_nickname() {
    dialog("nickname", |script| {
        script.keys("A-r Down Enter Down Down Enter");
    });
}

#[test]
fn deleting_a_message() {
    dialog("delete", |script| {
        script.keys("Enter Up d");
    });
}

#[test]
fn leaving_a_chat() {
    dialog("leave", |script| command(script, "leave"));
}

#[test]
fn deleting_a_chat() {
    dialog("delete-chat", |script| command(script, "delete-chat"));
}

#[test]
fn removing_a_member() {
    dialog("remove", |script| command(script, "remove @clara"));
}

#[test]
fn blocking_somebody() {
    dialog("block", |script| command(script, "block @clara"));
}

#[test]
fn reactions_to_choose() {
    dialog("react", |script| {
        script.keys("Enter Up +").types("heart");
    });
}

#[test]
fn where_to_forward() {
    dialog("forward", |script| {
        script.keys("Enter Up f");
    });
}

#[test]
fn who_reacted() {
    dialog("reactions", |script| {
        script.keys("Enter Up w");
    });
}

#[test]
fn who_read() {
    dialog("receipts", |script| {
        script.keys("Enter Up s");
    });
}

#[test]
fn earlier_texts() {
    dialog("history", |script| {
        script.keys("Enter Up E");
    });
}

#[test]
fn a_message_as_it_was_typed() {
    dialog("raw", |script| {
        script.keys("Enter Up v");
    });
}

#[test]
fn links_to_choose() {
    dialog("links", |script| {
        let text = "https://one.example/with/a/path?that=is&rather=long#and-goes-on-and-on-and-on \
                    and [two](https://two.example/)";
        let body = Body::Message(Message::new(text));
        script
            .world
            .append(chat(1), BORIS, NOON, kind::MESSAGE, body, None);
        script.keys("Enter Up o");
    });
}

#[test]
fn pinned_messages() {
    dialog("pins", |script| {
        for seq in [2, 3] {
            script.world.entry_mut(chat(2), seq).pinned = true;
        }
        command(script, "pins");
    });
}

#[test]
fn invite_links() {
    dialog("invites", |script| command(script, "invites"));
}

#[test]
fn an_invite_link() {
    dialog("invite", |script| {
        command(script, "invites");
        script.keys("Enter");
    });
}

#[test]
fn an_invite_link_with_its_code() {
    dialog("invite-code", |script| {
        command(script, "invites");
        script.keys("Enter Enter");
    });
}

#[test]
fn who_is_banned() {
    dialog("banned", |script| command(script, "banned"));
}

#[test]
fn public_chats() {
    dialog("directory", |script| {
        script.keys("d");
    });
}

#[test]
fn finding_people() {
    dialog("people", |script| {
        script.keys("f").types("a");
    });
}

#[test]
fn what_members_may_do() {
    dialog("chat-settings", |script| command(script, "chat-settings"));
}

#[test]
fn what_to_be_told_of() {
    dialog("notify", |script| command(script, "notify"));
}

#[test]
fn how_long_to_be_told_nothing() {
    dialog("mute", |script| command(script, "mute"));
}

#[test]
fn how_long_a_member_is_silent() {
    dialog("silence", |script| command(script, "silence @clara"));
}

#[test]
fn a_role() {
    dialog("role", |script| command(script, "role @clara"));
}

#[test]
fn a_status() {
    dialog("status", |script| command(script, "status"));
}

#[test]
fn sessions() {
    dialog("sessions", |script| command(script, "sessions"));
}

#[test]
fn ending_a_session() {
    dialog("end-session", |script| {
        command(script, "sessions");
        script.keys("Down Enter");
    });
}

#[test]
fn a_password() {
    dialog("password", |script| {
        command(script, "passwd");
        script.types("secret");
    });
}

#[test]
fn another_name() {
    dialog("rename", |script| command(script, "rename"));
}

#[test]
fn what_a_chat_is_about() {
    dialog("describe", |script| command(script, "describe"));
}

#[test]
fn a_public_chat_to_be() {
    dialog("new-public", |script| command(script, "new-public"));
}

#[test]
fn joining_by_a_link() {
    dialog("join", |script| command(script, "join"));
}

#[test]
fn somebody_to_add() {
    dialog("add", |script| command(script, "add"));
}

#[test]
fn the_profile_of_somebody() {
    dialog("profile-of", |script| command(script, "profile @Борис"));
}

#[test]
fn results_of_one_chat() {
    dialog("search", |script| {
        script.keys("Down Enter C-s").types("tent");
    });
}

#[test]
fn the_palette_narrowed_down() {
    dialog("palette", |script| {
        script.keys("C-p").types("chat");
    });
}

#[test]
fn members() {
    dialog("members", |script| {
        let members = script.world.members.get_mut(&chat(2)).unwrap();
        for (member, role) in members.iter_mut().zip([Role::Admin, Role::Moderator]) {
            member.role = role;
        }
        assert_eq!(members[0].user, ME);
        script.keys("Down Enter A-g");
    });
}
