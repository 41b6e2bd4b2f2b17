-- A history as format 2 has it: a member joined, spoke, whispered, banned another one and left. Written by that version, with
-- sqlite3's .dump; the tables behind words_0 are made by FTS5.
CREATE TABLE epochs (name TEXT PRIMARY KEY, start INTEGER NOT NULL);
INSERT INTO epochs VALUES('6c782743575c75a1',1);
CREATE TABLE turns (last INTEGER PRIMARY KEY, first INTEGER NOT NULL, entries TEXT NOT NULL);
INSERT INTO turns VALUES(1,1,'[{"event":{"type":"joined","seq":1,"at":1795649822884,"name":"ada"},"author":"seat-ada","facts":{"seat seat-ada":"{\"name\":\"ada\",\"tokenHash\":\"fz1kkW4_hashofatoken\",\"address\":\"203.0.113.77\"}","name ada":"seat-ada","at seat-ada":"here"}}]');
INSERT INTO turns VALUES(2,2,'[{"event":{"type":"said","seq":2,"at":1795649822885,"from":"ada","text":"the kettle is on","id":"a-1"},"author":"seat-ada"}]');
INSERT INTO turns VALUES(4,3,'[{"event":{"type":"told","seq":3,"at":1795649822885,"from":"ada","to":"bob","text":"psst"},"author":"seat-ada","reader":"seat-bob"},{"event":{"type":"banned","seq":4,"at":1795649822885,"name":"eve","by":"ada","text":"spam"},"author":"seat-ada","facts":{"ban eve":"{\"name\":\"eve\",\"by\":\"ada\",\"at\":1,\"text\":\"spam\",\"address\":\"198.51.100.9\"}"}}]');
INSERT INTO turns VALUES(5,5,'[{"event":{"type":"left","seq":5,"at":1795649822885,"name":"ada","text":"bye"},"author":"seat-ada","facts":{"seat seat-ada":null,"name ada":null,"at seat-ada":null}}]');
CREATE TABLE said (seq INTEGER PRIMARY KEY, author TEXT NOT NULL, id TEXT NOT NULL);
INSERT INTO said VALUES(2,'seat-ada','a-1');
CREATE TABLE facts (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO facts VALUES('ban eve','{"name":"eve","by":"ada","at":1,"text":"spam","address":"198.51.100.9"}');
CREATE UNIQUE INDEX said_once ON said (author, id);
CREATE VIRTUAL TABLE words_0 USING fts5 (
      text, whisper, entry UNINDEXED, prefix = '1', tokenize = 'unicode61 remove_diacritics 2'
    );
INSERT INTO words_0 (words_0, rank) VALUES ('pgsz', 1000);
INSERT INTO words_0 (rowid, text, whisper, entry) VALUES (2, 'the kettle is on', '', '{"event":{"type":"said","seq":2,"at":1795649822885,"from":"ada","text":"the kettle is on","id":"a-1"},"author":"seat-ada"}');
INSERT INTO words_0 (rowid, text, whisper, entry) VALUES (3, '', '736561742d616461xpsst 736561742d626f62xpsst', '{"event":{"type":"told","seq":3,"at":1795649822885,"from":"ada","to":"bob","text":"psst"},"author":"seat-ada","reader":"seat-bob"}');
INSERT INTO words_0 (rowid, text, whisper, entry) VALUES (4, 'spam', '', '{"event":{"type":"banned","seq":4,"at":1795649822885,"name":"eve","by":"ada","text":"spam"},"author":"seat-ada","facts":{"ban eve":"{\"name\":\"eve\",\"by\":\"ada\",\"at\":1,\"text\":\"spam\",\"address\":\"198.51.100.9\"}"}}');
INSERT INTO words_0 (rowid, text, whisper, entry) VALUES (5, 'bye', '', '{"event":{"type":"left","seq":5,"at":1795649822885,"name":"ada","text":"bye"},"author":"seat-ada","facts":{"seat seat-ada":null,"name ada":null,"at seat-ada":null}}');
PRAGMA user_version = 2;
