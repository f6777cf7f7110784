-- The earlier messenger's tables as its GORM models make them: only names and
-- addresses of users are unique, and nothing refers to anything.

CREATE TABLE users (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  username text NOT NULL,
  email text NOT NULL,
  password text NOT NULL,
  first_name text,
  last_name text,
  avatar text,
  status text DEFAULT 'offline',
  last_seen timestamptz,
  is_active boolean DEFAULT true,
  created_at timestamptz,
  updated_at timestamptz,
  deleted_at timestamptz
);
CREATE UNIQUE INDEX idx_users_username ON users (username);
CREATE UNIQUE INDEX idx_users_email ON users (email);
CREATE INDEX idx_users_deleted_at ON users (deleted_at);

CREATE TABLE user_sessions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid, token text, expires_at timestamptz,
  created_at timestamptz, updated_at timestamptz
);
CREATE TABLE contacts (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid, contact_id uuid, nickname text, is_blocked boolean DEFAULT false,
  created_at timestamptz, updated_at timestamptz
);
CREATE TABLE chats (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text, description text, type text DEFAULT 'public', avatar text,
  created_by uuid, is_active boolean DEFAULT true,
  created_at timestamptz, updated_at timestamptz, deleted_at timestamptz
);
CREATE TABLE chat_members (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  chat_id uuid, user_id uuid, role text DEFAULT 'member', is_active boolean DEFAULT true,
  joined_at timestamptz, left_at timestamptz,
  created_at timestamptz, updated_at timestamptz
);
CREATE TABLE chat_settings (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  chat_id uuid, allow_invites boolean DEFAULT true, allow_members_add boolean DEFAULT true,
  allow_file_sharing boolean DEFAULT true, allow_voice_calls boolean DEFAULT true,
  allow_video_calls boolean DEFAULT true, message_retention bigint DEFAULT 0,
  created_at timestamptz, updated_at timestamptz
);
CREATE TABLE chat_invites (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  chat_id uuid, invited_by uuid, token text, expires_at timestamptz, max_uses bigint,
  uses bigint DEFAULT 0, created_at timestamptz, updated_at timestamptz
);
CREATE TABLE messages (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  sender_id uuid, receiver_id uuid, chat_id uuid, content text,
  type text DEFAULT 'text', status text DEFAULT 'sent', is_edited boolean DEFAULT false,
  reply_to_id uuid, created_at timestamptz, updated_at timestamptz, deleted_at timestamptz
);
CREATE TABLE message_reads (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  message_id uuid, user_id uuid, read_at timestamptz,
  created_at timestamptz, updated_at timestamptz
);
CREATE TABLE files (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  message_id uuid, file_name text, file_size bigint, mime_type text, file_path text,
  created_at timestamptz, updated_at timestamptz
);
CREATE TABLE reactions (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  message_id uuid, user_id uuid, emoji text, created_at timestamptz, updated_at timestamptz
);
CREATE TABLE calls (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  caller_id uuid, callee_id uuid, chat_id uuid, type text, status text,
  start_time timestamptz, end_time timestamptz, duration bigint, is_screen_share boolean,
  created_at timestamptz, updated_at timestamptz, deleted_at timestamptz
);
CREATE TABLE call_participants (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  call_id uuid, user_id uuid, joined_at timestamptz, left_at timestamptz,
  created_at timestamptz, updated_at timestamptz
);
CREATE TABLE call_settings (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid, created_at timestamptz, updated_at timestamptz
);
