import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteLedger } from '../../../shared/adapters/ledger/sqlite/ledger.ts';
import { APPLICATION_ID, MIGRATIONS } from '../../../shared/adapters/ledger/sqlite/schema.ts';
import { sha256 } from '../../../shared/core/hash.ts';
import { NOUNS, type Noun } from '../../../shared/core/ledger-record.ts';
import { describeLedger } from '../../contracts/ledger.ts';
import { describeArchive, exported, fill, verified } from '../../contracts/ledger-archive.ts';
import { workWithFirstForms } from '../../contracts/ledger-first-forms.ts';
import { describeHistory } from '../../contracts/ledger-history.ts';
import { FIRST_FORMS, FIRST_FORMS_EXPORTED, putRows } from '../../support/first-forms.ts';

async function newFolder(): Promise<string> {
  return await mkdtemp(join(tmpdir(), 'gcr-warden-ledger-'));
}

async function openNew() {
  const folder = await newFolder();
  const path = join(folder, 'ledger.db');
  const ledger = await openSqliteLedger(path);
  return {
    ledger,
    another: () => openSqliteLedger(path),
    async close() {
      await ledger.close();
      await rm(folder, { recursive: true });
    },
  };
}

describeLedger('SQLite', openNew);
describeHistory('SQLite', 60, openNew);
describeArchive('SQLite', openNew, openNew);

describe('the SQLite file', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await newFolder();
    path = join(folder, 'ledger.db');
  });
  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  /** What an export has of each table. Whoever adds a table says it here, and adds its noun to the export. */
  const EXPORTED_AS: Readonly<Record<string, Noun>> = {
    blockages: 'blockages',
    decision_chunks: 'decisions',
    decisions: 'decisions',
    deeds: 'deed',
    deletions: 'reservation',
    events: 'event',
    findings: 'findings',
    holds: 'hold',
    intents: 'step',
    kept_manifests: 'manifest',
    leases: 'lease',
    observed_facts: 'fact',
    planning: 'planning',
    policy_roster: 'policy',
    pulls: 'pulls',
    push_marks: 'push',
    quarantines: 'quarantine',
    restorations: 'restoration',
    runs: 'run',
    samples: 'sample',
    stop_order: 'stop order',
    ticks: 'tick',
    uses: 'uses',
  };

  it('has no table that an export leaves out', async () => {
    const ledger = await openSqliteLedger(path);
    await fill(ledger);
    await ledger.close();
    const database = new DatabaseSync(path);
    const tables = database
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
      .all()
      .map(({ name }) => String(name));
    expect(tables).toEqual(Object.keys(EXPORTED_AS));
    expect(new Set(Object.values(EXPORTED_AS))).toEqual(new Set(NOUNS));
    for (const table of tables) {
      const count = database.prepare(`SELECT count(*) AS n FROM ${table}`).get();
      expect(count, `nothing in ${table}: let "fill" write some`).not.toEqual({ n: 0 });
    }
    database.close();
  });

  it('tells of packed events whose fact is in no pack', async () => {
    const ledger = await openSqliteLedger(path);
    await fill(ledger);
    const database = new DatabaseSync(path);
    database.exec('UPDATE events SET is_folded = 1');
    database.close();
    const found = await verified(ledger);
    expect(new Set(found.map(({ code }) => code))).toEqual(new Set(['EVENT_NOT_PACKED']));
    // Two of the third repository were never packed.
    expect(found).toHaveLength(2);
    await ledger.close();
  });

  it('refuses a file that a newer gcr-warden wrote, and leaves it as it is', async () => {
    await (await openSqliteLedger(path)).close();
    const database = new DatabaseSync(path);
    database.exec('PRAGMA user_version = 999');
    database.close();
    await expect(openSqliteLedger(path)).rejects.toMatchObject({ code: 'LEDGER_VERSION', retryable: false });
    const again = new DatabaseSync(path);
    expect(again.prepare('PRAGMA user_version').get()).toMatchObject({ user_version: 999 });
    again.close();
  });

  it('brings a file of the first version up to date, and keeps what it holds', async () => {
    const database = new DatabaseSync(path);
    database.exec(MIGRATIONS[0] ?? '');
    database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 1;`);
    database.exec("INSERT INTO decisions VALUES ('gcr.io/acme/api', 'run-1', 'plan', 1)");
    const manifest = {
      repository: 'gcr.io/acme/api',
      digest: sha256('m'),
      mediaType: 'type',
      content: '\ufeff{"ö":1}',
    };
    database
      .prepare('INSERT INTO manifests VALUES (?, ?, ?, ?)')
      .run(manifest.repository, manifest.digest, manifest.mediaType, manifest.content);
    database.close();
    const ledger = await openSqliteLedger(path);
    expect(await ledger.lastDecisions('gcr.io/acme/api')).toEqual({
      runId: 'run-1',
      planId: 'plan',
      atMs: 1,
      policies: [],
      decisions: [],
      notes: [],
    });
    expect(await ledger.planningSince()).toEqual([]);
    expect(await ledger.policyRoster()).toEqual([]);
    expect(await ledger.manifests(manifest.repository, [manifest.digest])).toEqual([manifest]);
    await ledger.close();
  });

  it('reads every table in the form that it had first, and beside the form of today', async () => {
    const database = new DatabaseSync(path);
    putRows(database);
    database.close();
    // Manifests moved since; those of a very large record are in parts.
    const tables = Object.keys(EXPORTED_AS).filter((name) => name !== 'kept_manifests');
    const there = FIRST_FORMS.files.flatMap((file) => Object.keys(file.tables));
    expect(there.filter((name) => name !== 'manifests').sort()).toEqual(tables.sort());
    const ledger = await openSqliteLedger(path);
    expect(await exported(ledger)).toEqual(FIRST_FORMS_EXPORTED);
    await workWithFirstForms(ledger);
    await ledger.close();
  });

  it("refuses another program's SQLite file, and leaves it as it is", async () => {
    const database = new DatabaseSync(path);
    database.exec('CREATE TABLE bookmarks (url TEXT)');
    database.close();
    await expect(openSqliteLedger(path)).rejects.toMatchObject({ code: 'LEDGER_UNREADABLE' });
    const again = new DatabaseSync(path);
    expect(again.prepare('SELECT name FROM sqlite_schema').all()).toMatchObject([{ name: 'bookmarks' }]);
    expect(again.prepare('PRAGMA journal_mode').get()).toMatchObject({ journal_mode: 'delete' });
    again.close();
  });

  it('says so where the file is no database at all', async () => {
    await writeFile(path, 'apiVersion: gcr-warden/v1\n'.repeat(100));
    await expect(openSqliteLedger(path)).rejects.toMatchObject({ code: 'LEDGER_UNREADABLE' });
  });

  it('says so where the folder does not exist', async () => {
    await expect(openSqliteLedger(join(folder, 'none', 'ledger.db'))).rejects.toMatchObject({
      code: 'LEDGER_UNAVAILABLE',
    });
  });

  it('says that another process holds the file when waiting has not helped', async () => {
    const ledger = await openSqliteLedger(path, { busyTimeoutMs: 20 });
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    await expect(ledger.claimTick('services', 1)).rejects.toMatchObject({
      code: 'LEDGER_BUSY',
      retryable: true,
    });
    other.exec('COMMIT');
    other.close();
    expect(await ledger.claimTick('services', 1)).toBe(true);
    await ledger.close();
  });

  it('writes what many ask for at once in one go, and takes back only what can not be written', async () => {
    const ledger = await openSqliteLedger(path);
    const run = (id: string, kept: unknown) =>
      ledger.saveRun({
        version: 1,
        id,
        repository: 'gcr.io/acme/api',
        planId: sha256('plan'),
        startedAtMs: 1,
        finishedAtMs: null,
        trigger: 'command',
        mode: 'apply',
        kept: kept as number,
        toDelete: 0,
        outcomes: {},
        refusal: null,
      });
    const lease = { repository: 'gcr.io/acme/api', holder: 'former', fencingToken: 1, untilMs: 2 };
    const settled = await Promise.allSettled([
      run('a', 1),
      run('b', 1n),
      ledger.saveManifests(
        [{ repository: 'gcr.io/acme/api', digest: sha256('m'), mediaType: 'm', content: '{}' }],
        Date.UTC(2100, 0),
        lease,
      ),
      run('c', 1),
    ]);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    // What was not waited for is written before the file is closed.
    const late = run('d', 1);
    await ledger.close();
    await late;
    const again = await openSqliteLedger(path);
    expect((await again.runs({ limit: 9 })).map(({ id }) => id).sort()).toEqual(['a', 'c', 'd']);
    expect(await again.manifests('gcr.io/acme/api', [sha256('m')])).toEqual([]);
    await again.close();
  });

  it('can be opened for the first time by several processes at once', { timeout: 30_000 }, async () => {
    const module = new URL('../../../shared/adapters/ledger/sqlite/ledger.ts', import.meta.url).href;
    const script = `
      const { openSqliteLedger } = await import(${JSON.stringify(module)});
      const ledger = await openSqliteLedger(${JSON.stringify(path)});
      const claims = [];
      for (let tick = 0; tick < 50; tick += 1) claims.push(await ledger.claimTick('services', tick));
      await ledger.close();
      process.stdout.write(String(claims.filter(Boolean).length));
    `;
    const counts = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let output = '';
        child.stdout.on('data', (part: Buffer) => {
          output += part.toString();
        });
        const [code] = await once(child, 'close');
        expect(code).toBe(0);
        return Number(output);
      }),
    );
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(50);
  });
});
