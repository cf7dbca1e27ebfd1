/** `PRAGMA application_id`: says that a SQLite file is a ledger of ours ("gcrw"). */
export const APPLICATION_ID = 0x67_63_72_77;

/**
 * One entry a schema version, oldest first; never edited once released. The file's `user_version` counts
 * how many have run.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE events (
    repository TEXT NOT NULL,
    message_id TEXT NOT NULL,
    published_at_ms INTEGER NOT NULL,
    action TEXT NOT NULL,
    digest TEXT,
    tag TEXT,
    PRIMARY KEY (repository, message_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX events_by_time ON events (published_at_ms);

  CREATE TABLE observed_facts (
    repository TEXT NOT NULL,
    hash TEXT NOT NULL,
    count INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (repository, hash)
  ) STRICT;

  CREATE TABLE runs (
    id TEXT NOT NULL,
    repository TEXT NOT NULL,
    started_at_ms INTEGER NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (id, repository)
  ) STRICT;
  CREATE INDEX runs_by_time ON runs (started_at_ms);
  CREATE INDEX runs_by_repository ON runs (repository, started_at_ms);

  CREATE TABLE intents (
    run_id TEXT NOT NULL,
    repository TEXT NOT NULL,
    step_index INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    digest TEXT NOT NULL,
    content TEXT NOT NULL,
    settlement TEXT,
    PRIMARY KEY (run_id, repository, step_index)
  ) STRICT;
  CREATE INDEX intents_by_time ON intents (at_ms);
  CREATE INDEX intents_by_repository ON intents (repository, at_ms);
  CREATE INDEX intents_by_digest ON intents (digest, at_ms);
  CREATE INDEX intents_open ON intents (repository) WHERE settlement IS NULL;

  CREATE TABLE decisions (
    repository TEXT PRIMARY KEY,
    run_id TEXT NOT NULL,
    plan_id TEXT NOT NULL,
    at_ms INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE decision_chunks (
    repository TEXT NOT NULL REFERENCES decisions (repository) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    count INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (repository, position)
  ) STRICT;

  CREATE TABLE manifests (
    repository TEXT NOT NULL,
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (repository, digest)
  ) STRICT;

  CREATE TABLE leases (
    repository TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    fencing_token INTEGER NOT NULL,
    until_ms INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE ticks (
    policy TEXT NOT NULL,
    scheduled_at_ms INTEGER NOT NULL,
    PRIMARY KEY (policy, scheduled_at_ms)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE findings (
    project TEXT PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    content TEXT NOT NULL
  ) STRICT;
  `,
  `
  CREATE TABLE planning (
    policy TEXT PRIMARY KEY,
    since_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  ALTER TABLE decisions ADD COLUMN policies TEXT NOT NULL DEFAULT '[]';
  `,
  `
  CREATE TABLE holds (
    repository TEXT NOT NULL,
    subject TEXT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (repository, subject)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE stop_order (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    content TEXT NOT NULL
  ) STRICT;

  CREATE TABLE deletions (
    policy TEXT NOT NULL,
    day TEXT NOT NULL,
    reserved INTEGER NOT NULL,
    PRIMARY KEY (policy, day)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE blockages (
    repository TEXT NOT NULL,
    position INTEGER NOT NULL,
    count INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (repository, position)
  ) STRICT;
  `,
  `
  CREATE TABLE pulls (
    repository TEXT NOT NULL,
    reference TEXT NOT NULL,
    days TEXT NOT NULL,
    PRIMARY KEY (repository, reference)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE restorations (
    id TEXT NOT NULL,
    repository TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (id, repository)
  ) STRICT;
  CREATE INDEX restorations_by_repository ON restorations (repository, at_ms);
  `,
  `
  CREATE TABLE kept_manifests (
    repository TEXT NOT NULL,
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    is_packed INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (repository, digest)
  ) STRICT;
  INSERT INTO kept_manifests SELECT repository, digest, media_type, 0, CAST(content AS BLOB) FROM manifests;
  DROP TABLE manifests;
  `,
  `
  CREATE TABLE uses (
    repository TEXT NOT NULL,
    reference TEXT NOT NULL,
    days TEXT NOT NULL,
    PRIMARY KEY (repository, reference)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE samples (
    repository TEXT NOT NULL,
    day_ms INTEGER NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (repository, day_ms)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE policy_roster (
    policy TEXT PRIMARY KEY,
    content TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE push_marks (
    repository TEXT NOT NULL,
    from_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    PRIMARY KEY (repository, from_ms, until_ms)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX push_marks_by_time ON push_marks (from_ms);
  CREATE INDEX leases_abandoned ON leases (until_ms) WHERE until_ms > 0;
  `,
  `
  ALTER TABLE events ADD COLUMN is_folded INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX events_loose ON events (repository) WHERE is_folded = 0;
  `,
  `
  CREATE TABLE quarantines (
    repository TEXT NOT NULL,
    position INTEGER NOT NULL,
    is_standing INTEGER NOT NULL,
    count INTEGER NOT NULL,
    content BLOB NOT NULL,
    PRIMARY KEY (repository, position)
  ) STRICT;
  `,
  // Without an end: what is listed, and what was kept before there were ends.
  `
  ALTER TABLE kept_manifests ADD COLUMN until_ms INTEGER;
  CREATE INDEX kept_manifests_ending ON kept_manifests (until_ms) WHERE until_ms IS NOT NULL;
  `,
  `
  CREATE TABLE deeds (
    repository TEXT NOT NULL,
    day INTEGER NOT NULL,
    deed TEXT NOT NULL,
    PRIMARY KEY (repository, day, deed)
  ) STRICT, WITHOUT ROWID;
  `,
  // Of a day on which the limit had to be found out.
  `
  ALTER TABLE deletions ADD COLUMN max INTEGER;
  `,
  // As its holder calls the repository; repository is one name for all of them.
  `
  ALTER TABLE leases ADD COLUMN name TEXT;
  `,
];
