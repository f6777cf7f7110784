//! The sentences for refusals.

use super::Wording;
use crate::error::ErrorCode;

/// Both wordings of the sentence for a code.
pub(super) fn wording(code: &ErrorCode) -> Wording {
    let (en, ru) = match code {
        ErrorCode::BadRequest => (
            "The request is not valid: {what}.",
            "Запрос составлен неверно: {what}.",
        ),
        ErrorCode::Unauthenticated => (
            "You are not signed in, or this session was ended. Sign in again.",
            "Вы не вошли, или этот сеанс завершён. Войдите снова.",
        ),
        ErrorCode::BadCredentials => (
            "Wrong name or password. Check both and try again.",
            "Неверное имя или пароль. Проверьте их и повторите.",
        ),
        ErrorCode::Forbidden => ("You are not allowed to do that.", "Это вам не разрешено."),
        ErrorCode::NotFound => (
            "Not found. It does not exist, or it is not visible to you.",
            "Не найдено. Этого нет, или оно вам не видно.",
        ),
        ErrorCode::Conflict => (
            "This id is already in use. Make a new one.",
            "Этот идентификатор уже занят. Создайте новый.",
        ),
        ErrorCode::UsernameTaken => (
            "The name {name} is taken. Choose another one.",
            "Имя {name} занято. Выберите другое.",
        ),
        ErrorCode::EmailTaken => (
            "This e-mail address is taken. Use another one, or sign in.",
            "Этот адрес почты занят. Укажите другой или войдите.",
        ),
        ErrorCode::RegistrationClosed => (
            "This server takes no new accounts. Ask its administrator.",
            "Этот сервер не принимает новых пользователей. Обратитесь к администратору.",
        ),
        ErrorCode::InviteRequired => (
            "This server needs an invite to register. Ask its administrator for an invite link.",
            "Для регистрации на этом сервере нужно приглашение. Попросите ссылку у администратора.",
        ),
        ErrorCode::InviteInvalid => (
            "The invite is unknown, used up or expired. Ask for a new one.",
            "Приглашение неизвестно, использовано или истекло. Попросите новое.",
        ),
        ErrorCode::TooLarge => (
            "Over the limit: {what}, {limit} at most.",
            "Превышен предел: {what} — не более {limit}.",
        ),
        ErrorCode::RateLimited => (
            "Too many tries. Wait {seconds} s and try again.",
            "Слишком много попыток. Подождите {seconds} с и повторите.",
        ),
        ErrorCode::Busy => (
            "The server is busy. It will be tried again.",
            "Сервер занят. Попытка будет повторена.",
        ),
        ErrorCode::StorageFull => (
            "The server's disk is full, so nothing was stored. It will be tried again once there is space.",
            "На сервере кончилось место, ничего не сохранено. Попытка повторится, когда место появится.",
        ),
        ErrorCode::Unavailable => (
            "The server cannot do that right now. It will be tried again.",
            "Сервер сейчас не может этого сделать. Попытка будет повторена.",
        ),
        ErrorCode::Internal => (
            "Something went wrong on the server. Its log says what.",
            "На сервере произошла ошибка. Подробности — в его журнале.",
        ),
        ErrorCode::Unsupported => (
            "The server does not know this request. Update it, or this program.",
            "Сервер не знает такого запроса. Обновите его или эту программу.",
        ),
        ErrorCode::VersionMismatch => (
            "The server speaks protocol version {ours}, this program {theirs}. Update the older of the two.",
            "Сервер говорит на версии протокола {ours}, программа — на {theirs}. Обновите то, что старше.",
        ),
        ErrorCode::ProtocolViolation => (
            "The connection was closed, as the protocol was broken: {what}.",
            "Соединение закрыто из-за нарушения протокола: {what}.",
        ),
        ErrorCode::ShuttingDown => (
            "The server is restarting. It will be tried again.",
            "Сервер перезапускается. Попытка будет повторена.",
        ),
        ErrorCode::Muted => (
            "You are muted in this chat: you may read, but not write. Ask its moderators.",
            "Вам запрещено писать в этот чат; читать можно. Обратитесь к модераторам.",
        ),
        ErrorCode::Other(_) => ("The server refused: {code}.", "Сервер отказал: {code}."),
    };
    Wording { en, ru }
}
