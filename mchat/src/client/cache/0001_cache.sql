CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE users(id BLOB PRIMARY KEY, username TEXT NOT NULL, name_key TEXT NOT NULL) STRICT;
CREATE INDEX users_name ON users(name_key);

-- [lo, hi]: the one contiguous range of the log that is cached; NULL where
-- nothing is; lo = hi + 1 where only the position is known.
CREATE TABLE chats(
  no INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  kind INTEGER NOT NULL DEFAULT 0,
  name TEXT,
  title TEXT NOT NULL,
  peer BLOB,
  created_at INTEGER NOT NULL DEFAULT 0,
  members INTEGER NOT NULL DEFAULT 0,
  acl_rev INTEGER NOT NULL DEFAULT 0,      -- of the server's head
  info_rev INTEGER NOT NULL DEFAULT -1,    -- that name and members show
  head INTEGER NOT NULL DEFAULT 0,
  head_no INTEGER NOT NULL DEFAULT 0,
  floor INTEGER NOT NULL DEFAULT 0,
  cursor_rev INTEGER NOT NULL DEFAULT 0,   -- that the members' cursors show
  read INTEGER NOT NULL DEFAULT 0,
  read_no INTEGER NOT NULL DEFAULT 0,
  read_dirty INTEGER NOT NULL DEFAULT 0,   -- the server was not told yet
  delivered INTEGER NOT NULL DEFAULT 0,
  lo INTEGER,
  hi INTEGER,
  last_message INTEGER NOT NULL DEFAULT 0, -- seq of the latest cached message
  last_at INTEGER NOT NULL DEFAULT 0,
  left INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX chats_peer ON chats(peer);

CREATE TABLE members(
  chat_no INTEGER NOT NULL, user BLOB NOT NULL, role INTEGER NOT NULL, position INTEGER NOT NULL,
  read INTEGER NOT NULL DEFAULT 0, delivered INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY(chat_no, user)
) STRICT, WITHOUT ROWID;

CREATE TABLE entries(
  arrival INTEGER PRIMARY KEY AUTOINCREMENT,
  chat_no INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  msg_no INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  id BLOB NOT NULL,
  ref_seq INTEGER,
  actor BLOB NOT NULL,
  at INTEGER NOT NULL,
  body BLOB NOT NULL,
  backfill INTEGER NOT NULL                -- loaded by scrolling back
) STRICT;
CREATE UNIQUE INDEX entries_seq ON entries(chat_no, seq);

CREATE TABLE account_log(
  seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, at INTEGER NOT NULL, chat BLOB, session BLOB
) STRICT;

-- state: 0 queued, 1 failed, 2 stored on the server at seq, not yet in entries
CREATE TABLE outbox(
  ord INTEGER PRIMARY KEY AUTOINCREMENT,
  id BLOB NOT NULL UNIQUE,
  chat BLOB NOT NULL,
  text TEXT NOT NULL,
  reply_to INTEGER,
  at INTEGER NOT NULL,
  state INTEGER NOT NULL DEFAULT 0,
  error TEXT,
  seq INTEGER
) STRICT;
CREATE INDEX outbox_chat ON outbox(chat);
