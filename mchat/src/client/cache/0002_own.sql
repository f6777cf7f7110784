-- One's own messages behind the read cursor are not unread: counted with this.
CREATE INDEX entries_actor ON entries(chat_no, actor, seq) WHERE kind = 1;
