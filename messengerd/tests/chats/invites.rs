//! Invite links to chats.

use proto::request::{AcceptChatInvite, ChatInvites, ChatKind, CreateChatInvite, RevokeChatInvite};
use proto::text::Token;
use uuid::Uuid;

use crate::crew::{ban, code, create, info, invite, quiet};
use crate::ground::On;

on_both_stores! {
    a_link_lets_in_as_often_as_it_says
    a_link_ends_when_it_expires_or_is_revoked
    a_link_does_not_let_in_the_banned
    a_repeated_link_is_the_first_one
    members_see_their_own_links_and_moderators_all
}

fn accept(token: &Token) -> AcceptChatInvite {
    let token = token.clone();
    AcceptChatInvite { token }
}

async fn a_link_lets_in_as_often_as_it_says(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let mut bob = quiet(&daemon, "bob").await;
    let mut eve = quiet(&daemon, "eve").await;
    let chat = create(&mut ada, ChatKind::Group, "g", Vec::new()).await.id;
    let link = ada.call(invite(chat, Some(1))).await.unwrap();
    assert!(link.token.as_str().len() >= 22);
    let joined = bob.call(accept(&link.token)).await.unwrap();
    assert_eq!((joined.id, joined.joined), (chat, true));
    // A member who opens it again takes no use.
    ada.call(accept(&link.token)).await.unwrap_err();
    bob.call(accept(&link.token)).await.unwrap_err();
    assert_eq!(code(&eve.call(accept(&link.token)).await), "invite_invalid");
    let twice = ada.call(invite(chat, Some(2))).await.unwrap();
    bob.call(accept(&twice.token)).await.unwrap();
    let list = ada.call(ChatInvites { chat }).await.unwrap().invites;
    let uses: Vec<_> = list.iter().map(|link| (link.id, link.uses)).collect();
    assert_eq!(uses, [(twice.id, 0)]);
    bob.say(chat, "here").await.unwrap();
    assert!(info(&mut eve, chat).await.is_none());
    let unknown = Token::try_from("AAAAAAAAAAAAAAAAAAAAAA").unwrap();
    assert_eq!(code(&eve.call(accept(&unknown)).await), "invite_invalid");
}

async fn a_link_ends_when_it_expires_or_is_revoked(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let mut bob = quiet(&daemon, "bob").await;
    let chat = create(&mut ada, ChatKind::Group, "g", Vec::new()).await.id;
    let at = messengerd::service::now();
    let ending = |expires_at| CreateChatInvite {
        expires_at: Some(expires_at),
        ..invite(chat, None)
    };
    assert_eq!(code(&ada.call(ending(at)).await), "bad_request");
    assert_eq!(code(&ada.call(invite(chat, Some(0))).await), "bad_request");
    let soon = ada.call(ending(at + 700)).await.unwrap();
    while messengerd::service::now() <= at + 700 {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(code(&bob.call(accept(&soon.token)).await), "invite_invalid");
    let link = ada.call(invite(chat, None)).await.unwrap();
    let id = link.id;
    ada.call(RevokeChatInvite { chat, id }).await.unwrap();
    assert_eq!(code(&bob.call(accept(&link.token)).await), "invite_invalid");
    let again = ada.call(RevokeChatInvite { chat, id }).await;
    assert_eq!(code(&again), "not_found");
    assert!(
        ada.call(ChatInvites { chat })
            .await
            .unwrap()
            .invites
            .is_empty()
    );
}

async fn a_link_does_not_let_in_the_banned(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let mut bob = quiet(&daemon, "bob").await;
    let chat = create(&mut ada, ChatKind::Group, "g", vec![bob.id()])
        .await
        .id;
    let link = ada.call(invite(chat, Some(1))).await.unwrap();
    ban(&mut ada, chat, bob.id(), true).await;
    assert_eq!(code(&bob.call(accept(&link.token)).await), "invite_invalid");
    ban(&mut ada, chat, bob.id(), false).await;
    bob.call(accept(&link.token)).await.unwrap();
}

async fn a_repeated_link_is_the_first_one(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let mut bob = quiet(&daemon, "bob").await;
    let chat = create(&mut ada, ChatKind::Group, "g", vec![bob.id()])
        .await
        .id;
    let call = invite(chat, None);
    let first = ada.call(call.clone()).await.unwrap();
    assert_eq!(ada.call(call.clone()).await.unwrap(), first);
    assert_eq!(code(&bob.call(call).await), "conflict");
    let nil = CreateChatInvite {
        id: Uuid::nil(),
        ..invite(chat, None)
    };
    assert_eq!(code(&ada.call(nil).await), "bad_request");
}

async fn members_see_their_own_links_and_moderators_all(on: On) {
    let daemon = on.daemon().await;
    let mut ada = quiet(&daemon, "ada").await;
    let mut bob = quiet(&daemon, "bob").await;
    let chat = create(&mut ada, ChatKind::Group, "g", vec![bob.id()])
        .await
        .id;
    let of_ada = ada.call(invite(chat, None)).await.unwrap();
    let of_bob = bob.call(invite(chat, None)).await.unwrap();
    let seen = bob.call(ChatInvites { chat }).await.unwrap().invites;
    assert_eq!(seen.first(), Some(&of_bob));
    assert_eq!(seen.len(), 1);
    let seen = ada.call(ChatInvites { chat }).await.unwrap().invites;
    assert_eq!(seen, [of_bob.clone(), of_ada]);
    let id = of_bob.id;
    ada.call(RevokeChatInvite { chat, id }).await.unwrap();
}
