//! Which feature carries an action out.

use super::action::Action;
use super::command::Order;
use super::message::Effect;
use super::model::Model;

impl Model {
    /// Carries out an action of a feature.
    pub(super) fn feature(&mut self, order: &Order) -> Vec<Effect> {
        match order.action {
            Action::MessageMenu => self.message_menu(),
            Action::EditMessage => self.edit_message(order),
            Action::DeleteMessage => self.delete_message(),
            Action::React => self.react_to_selected(order),
            Action::Forward => self.forward_selected(order),
            Action::Pin => self.pin_selected(),
            Action::WhoReacted | Action::WhoRead | Action::EditHistory => {
                self.about_selected(order.action)
            }
            Action::JumpToOriginal => self.jump_to_original(),
            Action::JumpBack => self.jump_back(),
            Action::Search | Action::SearchAll => self.search_messages(order),
            Action::NextHit => self.go_to_hit(1),
            Action::PreviousHit => self.go_to_hit(-1),
            Action::Members => self.toggle_members(),
            Action::MemberMenu => self.member_menu(),
            Action::AddMember
            | Action::RemoveMember
            | Action::SetRole
            | Action::SilenceMember
            | Action::UnsilenceMember
            | Action::BanMember
            | Action::UnbanMember
            | Action::Banned => self.member_order(order),
            Action::Contacts
            | Action::FindPeople
            | Action::AddContact
            | Action::Nickname
            | Action::RemoveContact
            | Action::Block
            | Action::Unblock
            | Action::Message
            | Action::Notes
            | Action::Profile
            | Action::Status
            | Action::ReadReceipts
            | Action::Sessions
            | Action::Password => self.person_order(order),
            _ => self.chat_order(order),
        }
    }
}
