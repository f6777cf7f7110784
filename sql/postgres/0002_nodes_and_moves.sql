-- Daemons that use this database now; a row that was not renewed for a while
-- is of one that is gone.
CREATE TABLE nodes (
  id         uuid PRIMARY KEY,
  -- host:port under which clients reach it.
  advertise  text,
  -- Which bus it is on; none where it has only itself.
  bus        uuid,
  started_at timestamptz NOT NULL,
  renewed_at timestamptz NOT NULL
) WITH (fillfactor = 50);

-- How far a move of another store's contents into this one has come. The only
-- row; none where there never was a move.
CREATE TABLE moves (
  sole         boolean PRIMARY KEY DEFAULT true CHECK (sole),
  -- The community that is moved here.
  community    uuid NOT NULL,
  -- The table being copied, and the last key that is here.
  table_name   text,
  after        bytea,
  started_at   timestamptz NOT NULL,
  finished_at  timestamptz
);
