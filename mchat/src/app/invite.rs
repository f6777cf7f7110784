//! Invite links, and the directory of public chats.

use proto::catalog::{Text, fill};
use proto::request::{ChatInvite, DirectoryList};
use proto::text::printable_line;

use super::clock;
use super::command::Order;
use super::deed::{Deed, Door, Fetch};
use super::message::{Ask, Effect};
use super::model::Model;
use super::rights;
use super::sheet::{FormKind, Item, Pick, Sheet};

impl Model {
    /// Makes an invite link; without arguments a form asks for how long and how
    /// often it holds.
    pub(super) fn new_invite(&mut self, order: &Order) -> Vec<Effect> {
        let Some(chat) = self.this_group() else {
            return Vec::new();
        };
        if !rights::may_invite(&chat) {
            self.notify(self.text(Text::OnlyModerators));
            return Vec::new();
        }
        if order.args.is_empty() {
            let fields = [
                (self.text(Text::InviteForLabel), "7d"),
                (self.text(Text::InviteUsesLabel), ""),
            ];
            return self.write(FormKind::Invite(chat.id), Text::NewInviteTitle, &fields);
        }
        let fetch = Fetch::NewInvite {
            chat: chat.id,
            expires_at: order
                .number(0)
                .map(|millis| self.now.saturating_add(millis)),
            max_uses: order.number(1).and_then(|uses| u32::try_from(uses).ok()),
        };
        self.open_asked(Text::NewInviteTitle, fetch)
    }

    pub(super) fn invite_items(&self, invites: &[(ChatInvite, String)]) -> Vec<Item> {
        let items = invites.iter().map(|(invite, link)| {
            let until = match invite.expires_at {
                Some(at) => {
                    let when = clock::short_text(at, self.now, &self.zone);
                    fill(self.text(Text::HoldsUntil), &[("when", &when)])
                }
                None => self.text(Text::HoldsForEver).to_owned(),
            };
            let used = match invite.max_uses {
                Some(most) => format!("{}/{most}", invite.uses),
                None => invite.uses.to_string(),
            };
            let used = fill(self.text(Text::UsedTimes), &[("count", &used)]);
            let show = Pick::Read(self.text(Text::InviteTitle).to_owned(), code(link));
            let deed = Deed::RevokeInvite(invite.chat, invite.id);
            let sure = Pick::Ask(self.text(Text::SureRevokeInvite).to_owned(), deed);
            let menu = Sheet::given(
                self.text(Text::InviteTitle),
                vec![
                    Item::new(self.text(Text::ShowInvite), show),
                    Item::new(self.text(Text::CopyInvite), Pick::Copy(link.clone())),
                    Item::new(self.text(Text::RevokeInvite), sure),
                ],
            );
            let mut item = Item::new(format!("{until}, {used}"), Pick::Menu(Box::new(menu)));
            item.under = link.clone();
            item
        });
        items.collect()
    }

    /// Puts a text into the clipboard.
    pub(super) fn copy_text(&mut self, text: String) -> Vec<Effect> {
        self.notify(self.text(Text::Copied));
        vec![Effect::Ask(Ask::Copy(text))]
    }

    pub(super) fn directory_items(&self, list: &DirectoryList) -> Vec<Item> {
        let items = list.chats.iter().map(|chat| {
            let pick = if chat.joined {
                Pick::Open(chat.id)
            } else {
                Pick::Enter(Door::Join(chat.id))
            };
            let count = chat.members.to_string();
            let mut detail = fill(self.text(Text::People), &[("count", &count)]);
            if chat.joined {
                detail = format!("{detail}, {}", self.text(Text::Joined));
            }
            let mut item = Item::new(printable_line(&chat.name), pick).detail(detail);
            item.under = match chat.description.is_empty() {
                true => "—".to_owned(),
                false => printable_line(&chat.description).into_owned(),
            };
            item
        });
        items.collect()
    }
}

/// A link with its QR code in half blocks below it, two modules a character,
/// light on dark as most terminals are; most readers take it inverted, too.
fn code(link: &str) -> String {
    use qrcode::render::unicode::Dense1x2;
    use qrcode::{EcLevel, QrCode};
    match QrCode::with_error_correction_level(link, EcLevel::L) {
        Ok(code) => {
            let code = code
                .render::<Dense1x2>()
                .dark_color(Dense1x2::Light)
                .light_color(Dense1x2::Dark)
                .build();
            format!("{link}\n\n{code}")
        }
        // Longer than any code holds: the text alone.
        Err(_) => link.to_owned(),
    }
}
