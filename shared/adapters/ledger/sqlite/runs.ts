import type { SQLInputValue } from 'node:sqlite';
import type { Digest } from '../../../core/digest.ts';
import type { Intent, JournalEntry, Run, Settlement } from '../../../core/journal.ts';
import { joinNotes, type NotedDecision, splitNotes } from '../../../core/noted-decision.ts';
import type { PolicySummary } from '../../../core/policy.ts';
import type { Clock, Lease, RunLedger } from '../../../ports.ts';
import { intentUnknown } from '../intent-name.ts';
import { checkedLimit } from '../limit.ts';
import { packList, unpackChunk } from '../packed.ts';
import type { Database, Row } from './database.ts';
import { writeUnder } from './lease.ts';
import { manifestLedger } from './manifests.ts';
import { bytes, integer, json, text } from './row.ts';

function entryOf(row: Row): JournalEntry {
  return {
    intent: json<Intent>(row, 'content'),
    settlement: row['settlement'] === null ? null : json<Settlement>(row, 'settlement'),
  };
}

/** What was done: one row a run, a step and a manifest; decisions packed. */
export function runLedger(database: Database, clock: Clock): RunLedger {
  const write = (lease: Lease | undefined, work: () => void): Promise<void> =>
    writeUnder(database, lease, work);

  return {
    ...manifestLedger(database, clock),

    async saveRun(run, lease) {
      await write(lease, () => {
        database.run(
          `INSERT INTO runs (id, repository, started_at_ms, content) VALUES (?, ?, ?, ?)
           ON CONFLICT (id, repository) DO UPDATE
           SET started_at_ms = excluded.started_at_ms, content = excluded.content`,
          run.id,
          run.repository,
          run.startedAtMs,
          JSON.stringify(run),
        );
      });
    },

    async runs({ repository, limit }) {
      const newest = 'ORDER BY started_at_ms DESC, repository, id LIMIT ?';
      const rows =
        repository === undefined
          ? database.all(`SELECT content FROM runs ${newest}`, checkedLimit(limit))
          : database.all(
              `SELECT content FROM runs WHERE repository = ? ${newest}`,
              repository,
              checkedLimit(limit),
            );
      return rows.map((row) => json<Run>(row, 'content'));
    },

    async writeIntents(intents, lease) {
      if (intents.length === 0) return;
      await write(lease, () => {
        for (const intent of intents) {
          database.run(
            `INSERT INTO intents (run_id, repository, step_index, at_ms, digest, content)
             VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
            intent.runId,
            intent.repository,
            intent.index,
            intent.atMs,
            intent.step.digest,
            JSON.stringify(intent),
          );
        }
      });
    },

    async writeSettlements(settlements, lease) {
      if (settlements.length === 0) return;
      await write(lease, () => {
        for (const settlement of settlements) {
          const name = [settlement.runId, settlement.repository, settlement.index] as const;
          const found = database.get(
            'SELECT 1 FROM intents WHERE run_id = ? AND repository = ? AND step_index = ?',
            ...name,
          );
          if (found === null) throw intentUnknown(settlement);
          database.run(
            `UPDATE intents SET settlement = ?
             WHERE run_id = ? AND repository = ? AND step_index = ? AND settlement IS NULL`,
            JSON.stringify(settlement),
            ...name,
          );
        }
      });
    },

    async openIntents(repository) {
      return database
        .all(
          `SELECT content FROM intents WHERE repository = ? AND settlement IS NULL
           ORDER BY at_ms, run_id, step_index`,
          repository,
        )
        .map((row) => json<Intent>(row, 'content'));
    },

    async journal({ repository, digest, runId, limit }) {
      const conditions: string[] = [];
      const values: SQLInputValue[] = [];
      const add = (column: string, value: string | undefined): void => {
        if (value === undefined) return;
        conditions.push(`${column} = ?`);
        values.push(value);
      };
      add('repository', repository);
      add('digest', digest);
      add('run_id', runId);
      const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
      return database
        .all(
          `SELECT content, settlement FROM intents ${where}
           ORDER BY at_ms DESC, repository, run_id, step_index DESC LIMIT ?`,
          ...values,
          checkedLimit(limit),
        )
        .map(entryOf);
    },

    async saveDecisions(repository, { runId, planId, atMs, policies, decisions, notes }, lease) {
      const chunks = packList(joinNotes(decisions, notes));
      await write(lease, () => {
        database.run('DELETE FROM decisions WHERE repository = ?', repository);
        database.run(
          'INSERT INTO decisions (repository, run_id, plan_id, at_ms, policies) VALUES (?, ?, ?, ?, ?)',
          repository,
          runId,
          planId,
          atMs,
          JSON.stringify(policies),
        );
        for (const [position, { content, count }] of chunks.entries()) {
          database.run(
            'INSERT INTO decision_chunks (repository, position, count, content) VALUES (?, ?, ?, ?)',
            repository,
            position,
            count,
            content,
          );
        }
      });
    },

    async lastDecisions(repository) {
      // One statement, so that a record replaced by another process meanwhile is never read half and half.
      const rows = database.all(
        `SELECT run_id, plan_id, at_ms, policies, count, content
         FROM decisions LEFT JOIN decision_chunks USING (repository)
         WHERE repository = ? ORDER BY position`,
        repository,
      );
      const [first] = rows;
      if (first === undefined) return null;
      return {
        runId: text(first, 'run_id'),
        planId: text(first, 'plan_id') as Digest,
        atMs: integer(first, 'at_ms'),
        policies: json<readonly PolicySummary[]>(first, 'policies'),
        ...splitNotes(
          rows
            .filter((row) => row['content'] !== null)
            .flatMap((row) =>
              unpackChunk<NotedDecision>(
                { content: bytes(row, 'content'), count: integer(row, 'count') },
                `The last decisions of ${repository}`,
              ),
            ),
        ),
      };
    },
  };
}
