-- Full text of messages, indexed behind the appends.

-- What is in the index. `doc` is the message's time in milliseconds << 21,
-- counted on within one: the latest are found first, across chats.
CREATE TABLE search_docs (
  doc   INTEGER PRIMARY KEY,
  mid   INTEGER NOT NULL UNIQUE,
  -- The folded text, by which it is taken out of the index again.
  words TEXT NOT NULL
) STRICT;

-- Every word stands there together with the number of its chat, so that a
-- search touches nothing of chats that it does not ask for. Without positions:
-- words are looked for, not phrases.
CREATE VIRTUAL TABLE message_search USING fts5 (
  words, content = '', detail = none, tokenize = 'unicode61 remove_diacritics 0'
);
-- What is taken out leaves nothing behind.
INSERT INTO message_search (message_search, rank) VALUES ('secure-delete', 1);

-- How far each chat's log is in the index.
CREATE TABLE search_heads (
  chat_no INTEGER PRIMARY KEY REFERENCES chats,
  indexed INTEGER NOT NULL
) STRICT;

-- Chats whose log is still to be emptied.
CREATE INDEX chats_deleted ON chats (chat_no) WHERE deleted_at IS NOT NULL;
-- Who has a picture.
CREATE INDEX users_avatar ON users (avatar) WHERE avatar IS NOT NULL;
CREATE INDEX chats_avatar ON chats (avatar) WHERE avatar IS NOT NULL;
