//! The texts of the terminal client.

use super::texts;

texts! {
    /// A text of the terminal client.
    Text {
        // People
        Online: "online", "в сети";
        Offline: "offline", "не в сети";
        LastSeen: "last seen {when}", "был(а) в {when}";
        People: "people: {count}", "участников: {count}";
        Notes: "notes to yourself", "заметки для себя";
        You: "you", "вы";
        TypingOne: "{who} is typing…", "{who} печатает…";
        TypingMany: "{who} are typing…", "{who} печатают…";

        // Connection
        LinkConnecting: "Connecting…", "Подключение…";
        LinkReconnecting: "The connection was lost. Reconnecting…", "Связь прервалась. Подключаемся снова…";
        LinkQuic: "Online over QUIC · {address}", "В сети по QUIC · {address}";
        LinkWebSocket: "Online over WebSocket, as UDP did not get through · {address}", "В сети по WebSocket: UDP не проходит · {address}";
        LinkOffline: "Offline: {reason}. Next try in {seconds} s (F5: now).", "Нет связи: {reason}. Повтор через {seconds} с (F5 — сейчас).";
        LinkOfflineNow: "Offline: {reason}. Trying again…", "Нет связи: {reason}. Повторяем…";
        RefusedChanged: "The server's key is not the one known for it: {shown} instead of {pinned}. Somebody may be listening in. If the server was really given a new key, start with --fingerprint {shown}.", "Ключ сервера не тот, что был известен: {shown} вместо {pinned}. Возможно, связь перехвачена. Если ключ сервера действительно сменили, запустите с --fingerprint {shown}.";
        RefusedUntrusted: "The server's key {shown} is not known yet.", "Ключ сервера {shown} ещё не известен.";
        RefusedCommunity: "Another community answers at this address than the one this profile belongs to. Use another profile (-P) for it.", "По этому адресу отвечает другое сообщество, не то, которому принадлежит профиль. Используйте для него другой профиль (-P).";
        NeedsServer: "This needs the server, and there is no connection now.", "Для этого нужен сервер, а связи сейчас нет.";
        NoAnswer: "The server did not answer in time. Try again.", "Сервер не ответил вовремя. Повторите.";
        CacheTrouble: "The local cache failed: {what}.", "Сбой локального хранилища: {what}.";
        BadValue: "This cannot be sent: {what}.", "Это нельзя отправить: {what}.";
        OtherAccount: "This profile holds {count} unsent messages of {who}. Sign in as {who}, or use another profile (-P).", "В этом профиле {count} неотправленных сообщений пользователя {who}. Войдите как {who} или используйте другой профиль (-P).";
        ClientClosed: "The connection was closed.", "Соединение закрыто.";
        BadAddress: "This is no server address: {what}.", "Это не адрес сервера: {what}.";

        // Chat list
        Chats: "Chats", "Чаты";
        NoChats: "No chats yet.", "Чатов пока нет.";
        NoChatsHint: "{key} finds people", "{key} — найти людей";
        NoOpenChat: "Choose a chat on the left, or press {key} to start one.", "Выберите чат слева или нажмите {key}, чтобы начать новый.";
        NothingUnread: "Nothing is unread.", "Непрочитанного нет.";
        LeftChat: "You are not in this chat any more.", "Вы больше не участник этого чата.";

        // Timeline
        Day: "{weekday}, {day} {month} {year}", "{weekday}, {day} {month} {year}";
        Monday: "Monday", "понедельник";
        Tuesday: "Tuesday", "вторник";
        Wednesday: "Wednesday", "среда";
        Thursday: "Thursday", "четверг";
        Friday: "Friday", "пятница";
        Saturday: "Saturday", "суббота";
        Sunday: "Sunday", "воскресенье";
        January: "January", "января";
        February: "February", "февраля";
        March: "March", "марта";
        April: "April", "апреля";
        May: "May", "мая";
        June: "June", "июня";
        July: "July", "июля";
        August: "August", "августа";
        September: "September", "сентября";
        October: "October", "октября";
        November: "November", "ноября";
        December: "December", "декабря";
        NewMessages: "new messages", "новые сообщения";
        NoMessages: "No messages yet. Say hello!", "Сообщений пока нет. Поздоровайтесь!";
        LoadingOlder: "Earlier messages are loading…", "Загружаются более ранние сообщения…";
        OlderOffline: "Earlier messages are on the server; they load when online.", "Более ранние сообщения — на сервере; загрузятся, когда будет связь.";
        MoreBelow: "↓ more below · {key}", "↓ ниже есть ещё · {key}";
        OpenFirst: "Open a chat first: :list names them, :open #name opens one.", "Сначала откройте чат: :list перечислит их, :open #имя откроет.";
        NeedsScreen: "That needs the screen; start mchat without --plain.", "Для этого нужен экран; запустите mchat без --plain.";
        UnreadCount: "{count} unread", "непрочитанных: {count}";
        NoMessageSelected: "Select a message first: Tab or Alt-M goes there.", "Сначала выберите сообщение: Tab или Alt-M.";
        Copied: "The text is in the clipboard, if the terminal allows that.", "Текст в буфере обмена, если терминал это позволяет.";
        NoLink: "There is no link in this message.", "В этом сообщении нет ссылок.";
        Opening: "Opening {host}…", "Открывается {host}…";
        NotOpened: "The link could not be opened: {why}. Set $BROWSER.", "Не удалось открыть ссылку: {why}. Задайте $BROWSER.";
        NotNotified: "The desktop could not be notified: {why}.", "Не удалось уведомить рабочий стол: {why}.";
        LinksTitle: "Which link?", "Какую ссылку открыть?";
        NotStoredYet: "This message is not on the server yet.", "Этого сообщения ещё нет на сервере.";
        Replying: "Answer to {who}:", "Ответ {who}:";
        NewMessage: "a new message", "новое сообщение";
        AndMore: "{what} (and {count} more)", "{what} (и ещё {count})";
        NoneOfThatName: "None of that name.", "Ничего с таким именем.";
        EditorFailed: "The editor failed: {why}. The text is as it was.", "Редактор не сработал: {why}. Текст остался прежним.";
        Waiting: "waiting", "ожидает";
        Sending: "sending…", "отправляется…";
        Sent: "sent", "отправлено";
        Delivered: "delivered", "доставлено";
        Read: "read", "прочитано";
        ReadBy: "read by {some} of {all}", "прочитали {some} из {all}";
        Failed: "Not sent: {why}", "Не отправлено: {why}";
        FailedKeys: "{retry} try again · {discard} discard", "{retry} повторить · {discard} удалить";
        EventCreated: "{actor} started the chat", "{actor} начинает чат";
        EventGroupCreated: "{actor} created the group “{who}”", "{actor} создаёт группу «{who}»";
        EventAdded: "{actor} added {who}", "{actor} добавляет: {who}";
        EventLeft: "{actor} left", "{actor} выходит из чата";
        EventRemoved: "{actor} removed {who}", "{actor} исключает: {who}";
        EventUnknown: "{actor}: this needs a newer mchat", "{actor}: для этого нужна более новая версия mchat";

        // Composer
        WriteHere: "Write a message…", "Напишите сообщение…";
        TooLong: "This is too long: a message has {kib} KiB at most.", "Слишком длинно: в сообщении не более {kib} КиБ.";
        NothingFailed: "No message has failed in this chat.", "В этом чате нет неотправленных сообщений с ошибкой.";

        // First run
        Welcome: "Welcome to Messenger", "Добро пожаловать в Messenger";
        ServerQuestion: "Server: host, host:port or an mchat:// link", "Сервер: имя, имя:порт или ссылка mchat://";
        TryingServer: "Connecting to {server}…", "Подключение к {server}…";
        TrustTitle: "Is this the right server?", "Это тот самый сервер?";
        TrustText: "{server} is seen here for the first time. Compare this fingerprint with the one its administrator gave you:", "{server} встречается здесь впервые. Сравните отпечаток с тем, который сообщил администратор:";
        TrustKeys: "T  trust it from now on     Esc  do not", "T — доверять впредь     Esc — нет";
        SignInTitle: "Sign in", "Вход";
        RegisterTitle: "New account", "Новая учётная запись";
        FieldName: "Name", "Имя";
        FieldPassword: "Password", "Пароль";
        FieldAgain: "Password again", "Пароль ещё раз";
        FieldInvite: "Invite, if you have one", "Приглашение, если есть";
        AskingServer: "Asking the server…", "Запрос к серверу…";
        ServerKeys: "Enter connect · {quit} quit", "Enter — подключиться · {quit} — выход";
        SignInKeys: "Enter go on · {mode} new account · Esc server", "Enter — дальше · {mode} — регистрация · Esc — сервер";
        RegisterKeys: "Enter go on · {mode} sign in · Esc server", "Enter — дальше · {mode} — вход · Esc — сервер";
        BadName: "A name has letters, digits, “.”, “_” or “-”, 64 at most, and begins with a letter or digit.", "Имя состоит из букв, цифр, «.», «_» и «-», не длиннее 64 знаков, и начинается с буквы или цифры.";
        BadPassword: "A password has 8 characters at least.", "В пароле не меньше 8 знаков.";
        PasswordsDiffer: "The two passwords differ.", "Пароли не совпадают.";

        // Dialogs
        NewChatTitle: "New chat", "Новый чат";
        NewGroupTitle: "New group", "Новая группа";
        FindPeople: "Find people by name:", "Найти людей по имени:";
        GroupName: "Name of the group:", "Название группы:";
        InGroup: "In the group: {who}", "В группе: {who}";
        Searching: "Searching…", "Поиск…";
        NobodyFound: "Nobody of that name.", "Никого с таким именем.";
        PeopleKeys: "Enter write to one · Tab mark for a group", "Enter — написать · Tab — отметить для группы";
        MarkedKeys: "Enter name the group · Tab mark · Esc close", "Enter — назвать группу · Tab — отметить";
        NameKeys: "Enter create · Esc back", "Enter — создать · Esc — назад";
        MakingChat: "Creating…", "Создаётся…";
        BadChatName: "A name has 1 to 64 characters on one line.", "Название — от 1 до 64 знаков в одну строку.";
        ChatNotMade: "The chat was not created: {why}", "Чат не создан: {why}";
        PaletteTitle: "Commands", "Команды";
        NoCommand: "No such command.", "Нет такой команды.";
        CommandUnknown: "There is no command :{what}. Help (F1) names them all.", "Команды :{what} нет. Все команды — в справке (F1).";
        CommandMeant: "There is no command :{what}. Did you mean :{meant}?", "Команды :{what} нет. Возможно, имелось в виду :{meant}?";
        CommandAmbiguous: ":{what} may be any of {names}. Write more of it.", ":{what} — это может быть любая из команд {names}. Напишите подробнее.";
        ArgumentMissing: "Something is missing: {usage}", "Чего-то не хватает: {usage}";
        ArgumentSurplus: "“{what}” is too much: {usage}", "«{what}» — лишнее: {usage}";
        ArgumentNumber: "“{what}” is not a number: {usage}", "«{what}» — не число: {usage}";
        ArgumentDuration: "“{what}” is not a length of time such as 30m, 2h or 7d: {usage}", "«{what}» — не срок вида 30m, 2h или 7d: {usage}";
        ArgumentEmoji: "“{what}” is neither an emoji nor a short code such as :smile:", "«{what}» — не эмодзи и не код вида :smile:";
        ArgumentWord: "“{what}” is none of the words it takes: {usage}", "«{what}» — не из возможных слов: {usage}";
        ArgumentPerson: "Name somebody as @name: {usage}", "Укажите, кого именно, в виде @имя: {usage}";
        ArgumentChat: "No chat is named “{what}”. Tab offers names.", "Чата с именем «{what}» нет. Tab подскажет имена.";
        ArgumentChats: "“{what}” may be several chats. Write more of the name.", "«{what}» — это может быть несколько чатов. Напишите имя полнее.";

        // Settings
        SettingsTitle: "Settings", "Настройки";
        SettingUnknown: "There is no setting “{what}”; :set lists them all.", "Настройки «{what}» нет; все показывает :set.";
        SettingMeant: "There is no setting “{what}”. Did you mean {meant}?", "Настройки «{what}» нет. Возможно, имелось в виду {meant}?";
        SettingValue: "{name} cannot be “{what}”. It takes: {takes}.", "Для {name} значение «{what}» не подходит. Возможны: {takes}.";
        SettingNotKept: "It is in force, but could not be kept: {why}", "Действует, но не сохранено: {why}";
        SetServer: "server of new profiles", "сервер новых профилей";
        SetLang: "language", "язык";
        SetMouse: "mouse", "мышь";
        SetLayout: "list beside the chat, or alone", "список рядом с чатом или отдельно";
        SetPreset: "set of keys", "набор клавиш";
        SetBell: "bell for new messages", "звонок о новых сообщениях";
        SetOsc: "notification by the terminal", "уведомление терминала";
        SetDesktop: "notification of the desktop", "уведомление рабочего стола";
        SetQuietHours: "no notifications", "без уведомлений";
        SetPreview: "text in notifications", "текст в уведомлениях";
        SetTheme: "colours", "цвета";
        SetColor: "colour", "цвет";
        TroublesTitle: "Not used of config.toml", "Не использовано из config.toml";
        FaultLine: "Line {line}: {what}", "Строка {line}: {what}";
        FaultSyntax: "this is not TOML ({why}). It is passed over.", "это не TOML ({why}). Пропущено.";
        FaultSetting: "there is no setting “{what}”; :set lists them all.", "настройки «{what}» нет; все показывает :set.";
        FaultSettingMeant: "there is no setting “{what}”. Did you mean {meant}?", "настройки «{what}» нет. Возможно, имелось в виду {meant}?";
        FaultValue: "{name} cannot be “{what}”. It takes: {takes}.", "для {name} значение «{what}» не подходит. Возможны: {takes}.";
        FaultScope: "there is no place “{what}” for keys. There are: always, main, composer, completion, list, timeline, members, text, dialog, command, people, sign.", "места «{what}» для клавиш нет. Есть: always, main, composer, completion, list, timeline, members, text, dialog, command, people, sign.";
        FaultKey: "“{what}” is not a key. Write C-x, A-Up, F5 or, one after another, g g.", "«{what}» — не клавиша. Пишите C-x, A-Up, F5 или, одну за другой, g g.";
        FaultTextKey: "“{what}” types text where it would apply. Take it with C- or A-.", "«{what}» там набирает текст. Возьмите её с C- или A-.";
        FaultAction: "there is no action “{what}”. Help (F1) names them all.", "действия «{what}» нет. Все действия — в справке (F1).";
        FaultActionMeant: "there is no action “{what}”. Did you mean {meant}?", "действия «{what}» нет. Возможно, имелось в виду {meant}?";
        FaultDuplicate: "{what} is bound in line {first} already. The first one holds.", "{what} уже занята в строке {first}. Действует первая.";

        HelpTitle: "Keys and commands", "Клавиши и команды";
        HelpKeys: "↑ ↓ PageUp PageDown scroll · Esc close", "↑ ↓ PageUp PageDown — листать · Esc — закрыть";
        SectionAlways: "Everywhere", "Везде";
        SectionComposer: "Writing", "При наборе";
        SectionList: "In the chat list", "В списке чатов";
        SectionTimeline: "On a message", "На сообщении";
        SectionMembers: "In the list of members", "В списке участников";
        SectionDialog: "In dialogs", "В диалогах";
        StatusHints: "{help} help · {palette} commands", "{help} — справка · {palette} — команды";
        TooSmall: "Please make the window larger: 40 × 10 at least.", "Увеличьте окно: не меньше 40 × 10.";

        // What the actions do
        HelpHelp: "show or hide this help", "показать или скрыть справку";
        HelpQuit: "leave", "выйти из программы";
        HelpSuspend: "go to the shell (fg comes back)", "в командную строку (fg вернёт)";
        HelpRedraw: "draw the screen anew", "перерисовать экран";
        HelpPalette: "choose a command", "выбрать команду";
        HelpCommandLine: "write a command", "ввести команду";
        HelpSet: "show or change settings", "показать или изменить настройки";
        HelpOpenChat: "open a chat by name", "открыть чат по имени";
        HelpSelectMessage: "select a message", "выбрать сообщение";
        HelpEditInEditor: "write in $EDITOR", "писать в $EDITOR";
        HelpCancelReply: "answer no message", "не отвечать на сообщение";
        HelpFilter: "narrow the list down", "отобрать чаты";
        HelpMessageUp: "message above", "сообщение выше";
        HelpMessageDown: "message below", "сообщение ниже";
        HelpReply: "answer this message", "ответить на сообщение";
        HelpCopy: "copy the text", "скопировать текст";
        HelpOpenLink: "open its link", "открыть ссылку";
        HelpShowRaw: "show it as it was typed", "показать, как набрано";
        HelpReveal: "show or hide spoilers", "показать или скрыть спойлеры";
        HelpSwitchFocusBack: "back to the pane before", "к предыдущей панели";
        HelpCompose: "to the text", "к набору текста";
        HelpGoToList: "to the chat list", "к списку чатов";
        HelpFirst: "to the first", "к первому";
        HelpLast: "to the last", "к последнему";
        HelpComplete: "complete, next word offered", "дополнить, следующее слово";
        HelpCompleteBack: "previous word offered", "предыдущее слово";
        HelpNewChat: "start a chat or a group", "начать чат или группу";
        HelpNextChat: "next chat", "следующий чат";
        HelpPreviousChat: "previous chat", "предыдущий чат";
        HelpNextUnread: "next chat with unread messages", "следующий чат с непрочитанным";
        HelpSwitchFocus: "on to the next pane", "к следующей панели";
        HelpPageUp: "a page up", "на страницу вверх";
        HelpPageDown: "a page down", "на страницу вниз";
        HelpLineUp: "a line up", "на строку вверх";
        HelpLineDown: "a line down", "на строку вниз";
        HelpFirstUnread: "to the first unread message", "к первому непрочитанному";
        HelpToEnd: "to the end of the chat", "в конец чата";
        HelpRetry: "send failed messages again", "повторить неотправленное";
        HelpDiscard: "discard a failed message", "удалить неотправленное";
        HelpReconnect: "connect now", "подключиться сейчас";
        HelpLogout: "sign out on this device", "выйти из учётной записи";
        HelpSend: "send", "отправить";
        HelpNewLine: "new line", "новая строка";
        HelpUp: "line up; if empty: to the messages", "вверх; если пусто — к сообщениям";
        HelpDown: "line down; below the text: scroll", "строка вниз; ниже текста — листать";
        HelpOpen: "open the chat", "открыть чат";
        HelpListUp: "chat above", "чат выше";
        HelpListDown: "chat below", "чат ниже";
        HelpLeft: "left", "влево";
        HelpRight: "right", "вправо";
        HelpWordLeft: "a word to the left", "на слово влево";
        HelpWordRight: "a word to the right", "на слово вправо";
        HelpHome: "to the beginning of the line", "в начало строки";
        HelpEnd: "to the end of the line", "в конец строки";
        HelpBackspace: "erase to the left", "стереть слева";
        HelpDelete: "erase to the right", "стереть справа";
        HelpKillWordLeft: "erase the word to the left", "стереть слово слева";
        HelpKillWordRight: "erase the word to the right", "стереть слово справа";
        HelpKillToHome: "erase to the beginning of the line", "стереть до начала строки";
        HelpKillToEnd: "erase to the end of the line", "стереть до конца строки";
        HelpYank: "put back what was erased", "вставить стёртое";
        HelpUndo: "take the last change back", "отменить изменение";
        HelpConfirm: "take, go on", "выбрать, дальше";
        HelpCancel: "close, go back", "закрыть, назад";
        HelpNext: "next line or field", "следующая строка или поле";
        HelpPrevious: "previous line or field", "предыдущая строка или поле";
        HelpMark: "mark somebody for a group", "отметить для группы";
        HelpSwitchMode: "sign in or register", "вход или регистрация";
    }
}
