-- Profiles, contacts, public chats, roles and what is done to messages.
-- Roles: 1 admin, 2 member, 3 moderator. Kinds of chat: 3 is public.

ALTER TABLE users ADD COLUMN first_name TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN last_name TEXT NOT NULL DEFAULT '';
-- Both names, folded for search.
ALTER TABLE users ADD COLUMN names_key TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN bio TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN avatar BLOB;
-- Grows with each change of names, picture or bio.
ALTER TABLE users ADD COLUMN rev INTEGER NOT NULL DEFAULT 0;
-- As chosen: 1 online, 2 away, 3 busy, 4 invisible.
ALTER TABLE users ADD COLUMN status INTEGER NOT NULL DEFAULT 1;
ALTER TABLE users ADD COLUMN status_text TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN status_until INTEGER;
-- Whether others learn what they have read.
ALTER TABLE users ADD COLUMN receipts INTEGER NOT NULL DEFAULT 1;

-- The person that an entry is about.
ALTER TABLE account_log ADD COLUMN about BLOB;

ALTER TABLE chats ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE chats ADD COLUMN avatar BLOB;
ALTER TABLE chats ADD COLUMN deleted_at INTEGER;
-- What members may do: 1 invite, 2 add people, 4 share files, 8 voice calls,
-- 16 video calls.
ALTER TABLE chats ADD COLUMN allowed INTEGER NOT NULL DEFAULT 31;
ALTER TABLE chats ADD COLUMN retention_days INTEGER NOT NULL DEFAULT 0;
-- New members see nothing from before they joined.
ALTER TABLE chats ADD COLUMN since_join INTEGER NOT NULL DEFAULT 0;
-- Name and description, folded for search.
ALTER TABLE chats ADD COLUMN search_key TEXT NOT NULL DEFAULT '';
CREATE INDEX chats_public ON chats (members DESC, chat_no) WHERE kind = 3 AND deleted_at IS NULL;
CREATE INDEX chats_retention ON chats (chat_no) WHERE retention_days > 0;

-- Messages up to the floor.
ALTER TABLE chat_heads ADD COLUMN floor_no INTEGER NOT NULL DEFAULT 0;

-- They may not write before this time.
ALTER TABLE members ADD COLUMN muted_until INTEGER NOT NULL DEFAULT 0;
-- They may not come back; left_at is set.
ALTER TABLE members ADD COLUMN banned INTEGER NOT NULL DEFAULT 0;
-- They see nothing up to this entry.
ALTER TABLE members ADD COLUMN from_seq INTEGER NOT NULL DEFAULT 0;
-- The cursors as others see them: they stand still where somebody sends no
-- receipts or is invisible.
ALTER TABLE members ADD COLUMN shown_read_seq INTEGER NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN shown_read_no INTEGER NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN shown_delivered_seq INTEGER NOT NULL DEFAULT 0;
UPDATE members SET shown_read_seq = read_seq, shown_read_no = read_no,
                   shown_delivered_seq = delivered_seq;
-- Their own settings: 1 all, 2 mentions, 3 none.
ALTER TABLE members ADD COLUMN notify INTEGER NOT NULL DEFAULT 1;
ALTER TABLE members ADD COLUMN quiet_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN hidden_upto INTEGER NOT NULL DEFAULT 0;
CREATE INDEX members_banned ON members (chat_no) WHERE banned = 1;

-- One row for each direction. Mutual: both rows have added = 1.
CREATE TABLE contacts (
  owner      INTEGER NOT NULL REFERENCES users,
  other      INTEGER NOT NULL REFERENCES users,
  added      INTEGER NOT NULL,
  -- The owner does not want to see the other's asking.
  declined   INTEGER NOT NULL,
  blocked    INTEGER NOT NULL,
  nickname   TEXT,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (owner, other)
) STRICT, WITHOUT ROWID;
CREATE INDEX contacts_other ON contacts (other, owner);

CREATE TABLE chat_invites (
  id         BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  chat_no    INTEGER NOT NULL REFERENCES chats,
  token      TEXT NOT NULL UNIQUE,
  created_by INTEGER NOT NULL REFERENCES users,
  created_at INTEGER NOT NULL,
  expires_at INTEGER,
  max_uses   INTEGER,
  uses       INTEGER NOT NULL DEFAULT 0,
  revoked    INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX chat_invites_chat ON chat_invites (chat_no);

-- Pictures of people and chats, by BLAKE3 of their bytes.
CREATE TABLE avatars (
  hash  BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
  mime  TEXT NOT NULL,
  image BLOB NOT NULL
) STRICT;

-- Edits of messages; the latest one holds.
CREATE TABLE message_edits (
  chat_no  INTEGER NOT NULL,
  seq      INTEGER NOT NULL,
  edit_seq INTEGER NOT NULL,
  PRIMARY KEY (chat_no, seq, edit_seq)
) STRICT, WITHOUT ROWID;

-- Reactions that stand, and the entries that added them.
CREATE TABLE reactions (
  chat_no   INTEGER NOT NULL,
  seq       INTEGER NOT NULL,
  user_no   INTEGER NOT NULL,
  emoji     TEXT NOT NULL,
  entry_seq INTEGER NOT NULL,
  PRIMARY KEY (chat_no, seq, user_no, emoji)
) STRICT, WITHOUT ROWID;

-- Pins that stand, and the entries that set them.
CREATE TABLE pins (
  chat_no   INTEGER NOT NULL,
  seq       INTEGER NOT NULL,
  entry_seq INTEGER NOT NULL,
  PRIMARY KEY (chat_no, seq)
) STRICT, WITHOUT ROWID;
