-- The words of messages, brought here behind the appends. What is here can be
-- made again from the messages.

CREATE TABLE message_search (
  chat_no bigint NOT NULL,
  at      timestamptz NOT NULL,
  id      uuid NOT NULL,
  seq     bigint NOT NULL,
  -- Folded, and one that stands for the chat.
  words   tsvector NOT NULL,
  PRIMARY KEY (chat_no, at, id)
);
CREATE INDEX message_search_latest ON message_search (at, id);
-- What waits to be merged into it is read by every search: it is kept short.
CREATE INDEX message_search_words ON message_search USING gin (words)
  WITH (gin_pending_list_limit = 256);

-- How far each chat is in the index; none for 0.
CREATE TABLE search_heads (
  chat_no bigint PRIMARY KEY,
  indexed bigint NOT NULL
) WITH (fillfactor = 50);

-- Chats whose entries are still to be taken away.
CREATE INDEX chats_deleted ON chats (chat_no) WHERE deleted_at IS NOT NULL;

-- Who has a picture.
CREATE INDEX users_avatar ON users (avatar) WHERE avatar IS NOT NULL;
CREATE INDEX chats_avatar ON chats (avatar) WHERE avatar IS NOT NULL;
