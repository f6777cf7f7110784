-- How far a move of another store's contents into this one has come. The only
-- row; none where there never was a move. (The other half of this step is
-- PostgreSQL's: a file has one daemon only.)
CREATE TABLE moves (
  sole         INTEGER PRIMARY KEY DEFAULT 1 CHECK (sole = 1),
  -- The community that is moved here.
  community    BLOB NOT NULL CHECK (length(community) = 16),
  -- The table being copied, and the last key that is here.
  table_name   TEXT,
  after        BLOB,
  started_at   INTEGER NOT NULL,
  finished_at  INTEGER
) STRICT;
