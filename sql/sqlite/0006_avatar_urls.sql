-- Where a picture is that is not kept here, as it was given; never fetched.
ALTER TABLE users ADD COLUMN avatar_url TEXT NOT NULL DEFAULT '';
ALTER TABLE chats ADD COLUMN avatar_url TEXT NOT NULL DEFAULT '';
