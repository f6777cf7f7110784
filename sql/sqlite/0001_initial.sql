-- Ids are the 16 bytes of a UUID; times are milliseconds since 1970, UTC.

CREATE TABLE settings (
  name  TEXT NOT NULL PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
  user_no       INTEGER PRIMARY KEY,
  id            BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  username      TEXT NOT NULL,
  username_key  TEXT NOT NULL UNIQUE,
  -- Lower case; unique where present.
  email         TEXT UNIQUE,
  password_hash TEXT NOT NULL,
  admin         INTEGER NOT NULL,
  disabled      INTEGER NOT NULL DEFAULT 0,
  last_seen     INTEGER,
  account_seq   INTEGER NOT NULL DEFAULT 0,
  created_at    INTEGER NOT NULL
) STRICT;

CREATE TABLE account_log (
  user_no INTEGER NOT NULL REFERENCES users,
  seq     INTEGER NOT NULL,
  kind    INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  chat    BLOB,
  session BLOB,
  PRIMARY KEY (user_no, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
  id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  user_no    INTEGER NOT NULL REFERENCES users,
  device     TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  last_used  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (user_no);

CREATE TABLE invites (
  token_hash BLOB NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
  admin      INTEGER NOT NULL,
  max_uses   INTEGER NOT NULL,
  uses       INTEGER NOT NULL DEFAULT 0,
  expires_at INTEGER,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE chats (
  -- Fits into the upper half of messages.mid.
  chat_no    INTEGER PRIMARY KEY CHECK (chat_no BETWEEN 1 AND 0x7fffffff),
  id         BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  -- 1 private, 2 group
  kind       INTEGER NOT NULL,
  name       TEXT,
  created_by INTEGER NOT NULL REFERENCES users,
  created_at INTEGER NOT NULL,
  -- Present members.
  members    INTEGER NOT NULL,
  -- The pair of a private chat, the smaller number first.
  pair_low   INTEGER,
  pair_high  INTEGER,
  UNIQUE (pair_low, pair_high)
) STRICT;

-- What changes with each append, apart from the rest of the chat: a batch
-- that touches many chats rewrites few pages.
CREATE TABLE chat_heads (
  chat_no    INTEGER PRIMARY KEY REFERENCES chats,
  head       INTEGER NOT NULL,
  msg_no     INTEGER NOT NULL,
  floor      INTEGER NOT NULL,
  acl_rev    INTEGER NOT NULL,
  cursor_rev INTEGER NOT NULL
) STRICT;

CREATE TABLE members (
  chat_no       INTEGER NOT NULL REFERENCES chats,
  user_no       INTEGER NOT NULL REFERENCES users,
  -- 1 admin, 2 member
  role          INTEGER NOT NULL,
  -- Counts who joined this chat, in order.
  join_no       INTEGER NOT NULL,
  joined_at     INTEGER NOT NULL,
  left_at       INTEGER,
  read_seq      INTEGER NOT NULL,
  read_no       INTEGER NOT NULL,
  delivered_seq INTEGER NOT NULL,
  PRIMARY KEY (chat_no, user_no)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_user ON members (user_no, chat_no) WHERE left_at IS NULL;

-- Every entry of every chat. No foreign keys: the writer has checked both
-- sides, and the check would cost each append two look-ups.
CREATE TABLE messages (
  -- chat_no << 32 | seq: a chat's log lies together.
  mid        INTEGER PRIMARY KEY,
  id         BLOB NOT NULL,
  sender     INTEGER NOT NULL,
  kind       INTEGER NOT NULL,
  msg_no     INTEGER NOT NULL,
  ref_seq    INTEGER,
  body       BLOB NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX messages_id ON messages (id);

-- Digests of full blocks of 1024 entries; a missing one can be computed.
CREATE TABLE chat_blocks (
  chat_no INTEGER NOT NULL REFERENCES chats,
  block   INTEGER NOT NULL,
  hash    BLOB NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (chat_no, block)
) STRICT, WITHOUT ROWID;
