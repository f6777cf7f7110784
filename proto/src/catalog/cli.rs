//! The texts of the command line.

use super::texts;

texts! {
    /// A text of the command line.
    CliText {
        AskTrust: "The server {server} is not known here. Its key has the fingerprint\n  {fingerprint}\nCompare it with the one the server's administrator gave you. Trust it? [y/N] ", "Сервер {server} здесь ещё не известен. Отпечаток его ключа:\n  {fingerprint}\nСравните его с тем, что сообщил администратор сервера. Доверять? [y/N] ";
        Untrusted: "The server is not known here; its key has the fingerprint {fingerprint}. If that is right, repeat with --fingerprint and this value, or with --trust.", "Сервер здесь ещё не известен; отпечаток его ключа: {fingerprint}. Если он верен, повторите с --fingerprint и этим значением или с --trust.";
        CertificateChanged: "The server's key has changed: {pinned} was pinned, {shown} was shown. Somebody may be in between. If the change is right, repeat with --fingerprint {shown}.", "Ключ сервера изменился: был закреплён {pinned}, показан {shown}. Возможно, кто-то вмешался в соединение. Если замена законна, повторите с --fingerprint {shown}.";
        OtherCommunity: "Another server answers at this address than the one whose messages this profile holds. Use another profile (-P), or sign out first.", "По этому адресу отвечает другой сервер, не тот, чьи сообщения хранит этот профиль. Возьмите другой профиль (-P) или сначала выйдите.";
        Unreachable: "The server is not reached: {reason}. Is it running, and is the address right?", "Сервер недоступен: {reason}. Запущен ли он, верен ли адрес?";
        NoAnswerIn: "no answer in {seconds} s", "нет ответа за {seconds} с";
        Timeout: "No answer in time. It is not known whether the server did it.", "Ответа вовремя не было. Сделал ли это сервер, неизвестно.";
        SignedOut: "Nobody is signed in with this profile. Use mchat login or mchat register.", "В этом профиле никто не вошёл. Используйте mchat login или mchat register.";
        OtherAccount: "This profile holds {count} unsent messages of {name}. Sign in as {name}, or use another profile (-P).", "В этом профиле {count} неотправленных сообщений пользователя {name}. Войдите под этим именем или возьмите другой профиль (-P).";
        Invalid: "Not valid: {what}.", "Недопустимо: {what}.";
        Cache: "The local cache does not work: {what}.", "Местное хранилище не работает: {what}.";
        Closed: "The client has ended.", "Клиент завершил работу.";
        NoChat: "No chat {name} is known.", "Чат {name} не известен.";
        NoUser: "There is nobody named {name}.", "Пользователя {name} нет.";
        Ambiguous: "{name} may be any of these chats; give the id:", "{name} — это может быть любой из этих чатов; укажите идентификатор:";
        WrongCursor: "This cursor is not of this profile.", "Этот курсор не из этого профиля.";
        Queued: "Not delivered yet: the message waits in the outbox and goes out with the next mchat that reaches the server.", "Ещё не доставлено: сообщение ждёт в очереди и уйдёт со следующим mchat, который достигнет сервера.";
        FromCache: "The server is not reached; this is the last known state.", "Сервер недоступен; это последнее известное состояние.";
        SignedIn: "Signed in as {name}.", "Вы вошли как {name}.";
        SignedOff: "Signed out.", "Вы вышли.";
        PrivateNeedsOne: "A private chat has exactly one other person; give --group NAME for more.", "В личном чате ровно один собеседник; для большего числа укажите --group ИМЯ.";
        NoServerAddress: "Not a server address: {what}.", "Это не адрес сервера: {what}.";
        Online: "connected to {address}", "соединение с {address}";
        OnlineWebSocket: "connected to {address} by WebSocket", "соединение с {address} через WebSocket";
        Offline: "offline: {reason}", "нет соединения: {reason}";
        Created: "{name} created the chat", "{name} создаёт чат";
        Added: "{name} added {who}", "{name} добавляет: {who}";
        Left: "{name} left", "{name} уходит";
        Removed: "{name} removed {who}", "{name} удаляет: {who}";
        Newer: "an entry that needs a newer mchat", "запись, для которой нужен более новый mchat";
        Synced: "{chats} chats, {entries} entries", "чатов: {chats}, записей: {entries}";
        Verified: "the same on both sides: {chats} chats, {entries} entries", "обе стороны совпадают: чатов {chats}, записей {entries}";
        Differs: "different: {what}", "различие: {what}";
        ReadTo: "read up to {seq}", "прочитано до {seq}";
        NoScreen: "A terminal is needed for the screen; see mchat --help for the commands.", "Для экрана нужен терминал; команды показывает mchat --help.";
        NoFile: "{file}: {reason}", "{file}: {reason}";
        WrongProfile: "A profile's name has letters, digits, '-', '_' and '.' only.", "В имени профиля только буквы, цифры, «-», «_» и «.».";
    }
}
