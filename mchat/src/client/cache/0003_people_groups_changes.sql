-- Names as shown: what the account's owner calls somebody, else their first and
-- last name, else their user name.
ALTER TABLE users ADD COLUMN first_name TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN last_name TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN avatar BLOB;
ALTER TABLE users ADD COLUMN rev INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN nickname TEXT;
-- How they stand as contacts; 0 where they are not listed, 1 mutual, 2 asked by
-- the owner, 3 asked by them, 4 blocked only.
ALTER TABLE users ADD COLUMN contact INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN blocked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
ALTER TABLE users ADD COLUMN name TEXT GENERATED ALWAYS AS
  (coalesce(nickname, nullif(trim(first_name || ' ' || last_name), ''), username)) VIRTUAL;
CREATE INDEX users_contact ON users(contact) WHERE contact > 0;

ALTER TABLE chats ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE chats ADD COLUMN avatar BLOB;
ALTER TABLE chats ADD COLUMN created_by BLOB;
ALTER TABLE chats ADD COLUMN settings BLOB;              -- as on the wire
ALTER TABLE chats ADD COLUMN joined INTEGER NOT NULL DEFAULT 1;
ALTER TABLE chats ADD COLUMN role INTEGER NOT NULL DEFAULT 0;
ALTER TABLE chats ADD COLUMN silenced_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE chats ADD COLUMN notify INTEGER NOT NULL DEFAULT 0;   -- 0 all, 1 mentions, 2 none
ALTER TABLE chats ADD COLUMN muted_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE chats ADD COLUMN hidden_upto INTEGER NOT NULL DEFAULT 0;
-- The latest counts told of an own message in a large chat.
ALTER TABLE chats ADD COLUMN counted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE chats ADD COLUMN counted_delivered INTEGER NOT NULL DEFAULT 0;
ALTER TABLE chats ADD COLUMN counted_read INTEGER NOT NULL DEFAULT 0;
-- To be asked for anew: the columns above.
UPDATE chats SET info_rev = -1;

-- Roles: 0 member, 1 admin, 2 moderator.
ALTER TABLE members ADD COLUMN silenced_until INTEGER NOT NULL DEFAULT 0;

ALTER TABLE account_log ADD COLUMN about BLOB;

-- What entries of the cached range did to messages. Entries come in any order:
-- the latest by number holds.
CREATE TABLE edits(
  chat_no INTEGER NOT NULL, seq INTEGER NOT NULL, edit_seq INTEGER NOT NULL,
  PRIMARY KEY(chat_no, seq, edit_seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE reactions(
  chat_no INTEGER NOT NULL, seq INTEGER NOT NULL, user BLOB NOT NULL, emoji TEXT NOT NULL,
  entry_seq INTEGER NOT NULL, stands INTEGER NOT NULL,
  PRIMARY KEY(chat_no, seq, user, emoji)
) STRICT, WITHOUT ROWID;
CREATE TABLE pins(
  chat_no INTEGER NOT NULL, seq INTEGER NOT NULL,
  entry_seq INTEGER NOT NULL, stands INTEGER NOT NULL,
  PRIMARY KEY(chat_no, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE deleted(
  chat_no INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(chat_no, seq)
) STRICT, WITHOUT ROWID;
-- Messages of others that name the account's owner.
CREATE TABLE mentions(
  chat_no INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(chat_no, seq)
) STRICT, WITHOUT ROWID;

-- kind: 0 message, 1 forward, 2 edit, 3 delete, 4 react, 5 unreact, 6 pin,
-- 7 unpin; target: the message meant; origin: the chat a forwarded one is in.
ALTER TABLE outbox ADD COLUMN kind INTEGER NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN target INTEGER;
ALTER TABLE outbox ADD COLUMN origin BLOB;

CREATE TABLE drafts(chat BLOB PRIMARY KEY, text TEXT NOT NULL, at INTEGER NOT NULL)
  STRICT, WITHOUT ROWID;

-- Words of messages by (time << 20 | low bits of arrival), so that the latest
-- come first; a word of its own names the chat. Filled behind, by arrival up to
-- meta 'indexed'.
CREATE VIRTUAL TABLE words USING fts5(
  text, content = '', contentless_delete = 1, detail = none, prefix = '1 2 3',
  tokenize = "unicode61 remove_diacritics 0 categories 'L* N* M* Co'"
);
CREATE INDEX entries_at ON entries(at) WHERE kind = 1;
