-- Profiles, contacts, public chats, roles and what is done to messages.
-- Roles: 1 admin, 2 member, 3 moderator. Kinds of chat: 3 is public.

ALTER TABLE users
  ADD COLUMN first_name   text NOT NULL DEFAULT '',
  ADD COLUMN last_name    text NOT NULL DEFAULT '',
  -- Both names, folded for search.
  ADD COLUMN names_key    text COLLATE "C" NOT NULL DEFAULT '',
  ADD COLUMN bio          text NOT NULL DEFAULT '',
  ADD COLUMN avatar       bytea,
  -- Grows with each change of names, picture or bio.
  ADD COLUMN rev          bigint NOT NULL DEFAULT 0,
  -- As chosen: 1 online, 2 away, 3 busy, 4 invisible.
  ADD COLUMN status       smallint NOT NULL DEFAULT 1,
  ADD COLUMN status_text  text NOT NULL DEFAULT '',
  ADD COLUMN status_until timestamptz,
  -- Whether others learn what they have read.
  ADD COLUMN receipts     boolean NOT NULL DEFAULT true;

-- The person that an entry is about.
ALTER TABLE account_log ADD COLUMN about uuid;

ALTER TABLE chats
  ADD COLUMN description    text NOT NULL DEFAULT '',
  ADD COLUMN avatar         bytea,
  ADD COLUMN deleted_at     timestamptz,
  -- What members may do: 1 invite, 2 add people, 4 share files, 8 voice calls,
  -- 16 video calls.
  ADD COLUMN allowed        smallint NOT NULL DEFAULT 31,
  ADD COLUMN retention_days integer NOT NULL DEFAULT 0,
  -- New members see nothing from before they joined.
  ADD COLUMN since_join     boolean NOT NULL DEFAULT false,
  -- Name and description, folded for search.
  ADD COLUMN search_key     text COLLATE "C" NOT NULL DEFAULT '';
CREATE INDEX chats_public ON chats (members DESC, chat_no) WHERE kind = 3 AND deleted_at IS NULL;
CREATE INDEX chats_retention ON chats (chat_no) WHERE retention_days > 0;

-- Messages up to the floor.
ALTER TABLE chat_heads ADD COLUMN floor_no bigint NOT NULL DEFAULT 0;

-- Times are milliseconds here: "for ever" is none of timestamptz's.
ALTER TABLE members
  -- They may not write before this time.
  ADD COLUMN muted_until         bigint NOT NULL DEFAULT 0,
  -- They may not come back; left_at is set.
  ADD COLUMN banned              boolean NOT NULL DEFAULT false,
  -- They see nothing up to this entry.
  ADD COLUMN from_seq            bigint NOT NULL DEFAULT 0,
  -- The cursors as others see them: they stand still where somebody sends no
  -- receipts or is invisible.
  ADD COLUMN shown_read_seq      bigint NOT NULL DEFAULT 0,
  ADD COLUMN shown_read_no       bigint NOT NULL DEFAULT 0,
  ADD COLUMN shown_delivered_seq bigint NOT NULL DEFAULT 0,
  -- Their own settings: 1 all, 2 mentions, 3 none.
  ADD COLUMN notify              smallint NOT NULL DEFAULT 1,
  ADD COLUMN quiet_until         bigint NOT NULL DEFAULT 0,
  ADD COLUMN hidden_upto         bigint NOT NULL DEFAULT 0;
UPDATE members SET shown_read_seq = read_seq, shown_read_no = read_no,
                   shown_delivered_seq = delivered_seq;
CREATE INDEX members_banned ON members (chat_no) WHERE banned;

-- One row for each direction. Mutual: both rows have added.
CREATE TABLE contacts (
  owner      bigint NOT NULL REFERENCES users,
  other      bigint NOT NULL REFERENCES users,
  added      boolean NOT NULL,
  -- The owner does not want to see the other's asking.
  declined   boolean NOT NULL,
  blocked    boolean NOT NULL,
  nickname   text,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (owner, other)
);
CREATE INDEX contacts_other ON contacts (other, owner);

CREATE TABLE chat_invites (
  id         uuid PRIMARY KEY,
  chat_no    bigint NOT NULL REFERENCES chats,
  token      text COLLATE "C" NOT NULL UNIQUE,
  created_by bigint NOT NULL REFERENCES users,
  created_at timestamptz NOT NULL,
  expires_at timestamptz,
  max_uses   bigint,
  uses       bigint NOT NULL DEFAULT 0,
  revoked    boolean NOT NULL DEFAULT false
);
CREATE INDEX chat_invites_chat ON chat_invites (chat_no);

-- Pictures of people and chats, by BLAKE3 of their bytes.
CREATE TABLE avatars (
  hash  bytea PRIMARY KEY CHECK (length(hash) = 32),
  mime  text NOT NULL,
  image bytea NOT NULL
);

-- Edits of messages; the latest one holds.
CREATE TABLE message_edits (
  chat_no  bigint NOT NULL,
  seq      bigint NOT NULL,
  edit_seq bigint NOT NULL,
  PRIMARY KEY (chat_no, seq, edit_seq)
);

-- Reactions that stand, and the entries that added them.
CREATE TABLE reactions (
  chat_no   bigint NOT NULL,
  seq       bigint NOT NULL,
  user_no   bigint NOT NULL,
  emoji     text COLLATE "C" NOT NULL,
  entry_seq bigint NOT NULL,
  PRIMARY KEY (chat_no, seq, user_no, emoji)
);

-- Pins that stand, and the entries that set them.
CREATE TABLE pins (
  chat_no   bigint NOT NULL,
  seq       bigint NOT NULL,
  entry_seq bigint NOT NULL,
  PRIMARY KEY (chat_no, seq)
);
