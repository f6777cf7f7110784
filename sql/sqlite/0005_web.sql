-- For the web endpoint.

-- When names, address, words, picture or status were last changed.
ALTER TABLE users ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
UPDATE users SET updated_at = created_at;
-- When properties were last changed.
ALTER TABLE chats ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
UPDATE chats SET updated_at = created_at;
-- Until when a session lasts; null for one that lasts until it is ended.
ALTER TABLE sessions ADD COLUMN expires_at INTEGER;
