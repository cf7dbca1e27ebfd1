import type { CoordinationLedger, Lease } from '../../../ports.ts';
import { checkedLimit } from '../limit.ts';
import type { Database } from './database.ts';
import { leaseKey, leaseOf } from './lease.ts';
import { integer, text } from './row.ts';

/** Who works where, and what is due. A lease's row stays when it is given back, so that its token grows on. */
export function coordinationLedger(database: Database): CoordinationLedger {
  return {
    async acquireLease(repository, holder, nowMs, untilMs) {
      return await database.together(() => {
        const row = database.get('SELECT * FROM leases WHERE repository = ?', leaseKey(repository));
        const last = row === null ? null : leaseOf(row);
        if (last !== null && last.untilMs > nowMs) return { kind: 'held', by: last };
        const lease: Lease = { repository, holder, fencingToken: (last?.fencingToken ?? 0) + 1, untilMs };
        database.run(
          `INSERT INTO leases (repository, name, holder, fencing_token, until_ms) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (repository) DO UPDATE SET name = excluded.name,
           holder = excluded.holder, fencing_token = excluded.fencing_token, until_ms = excluded.until_ms`,
          leaseKey(repository),
          repository,
          holder,
          lease.fencingToken,
          untilMs,
        );
        return { kind: 'taken', lease };
      });
    },

    async renewLease(lease, untilMs) {
      const changes = await database.together(() =>
        database.run(
          'UPDATE leases SET until_ms = ? WHERE repository = ? AND holder = ? AND fencing_token = ?',
          untilMs,
          leaseKey(lease.repository),
          lease.holder,
          lease.fencingToken,
        ),
      );
      return changes === 1 ? { ...lease, untilMs } : null;
    },

    async releaseLease({ repository, holder, fencingToken }) {
      await database.together(() =>
        database.run(
          'UPDATE leases SET until_ms = 0 WHERE repository = ? AND holder = ? AND fencing_token = ?',
          leaseKey(repository),
          holder,
          fencingToken,
        ),
      );
    },

    async claimTick(policy, scheduledAtMs) {
      const changes = database.run(
        'INSERT INTO ticks (policy, scheduled_at_ms) VALUES (?, ?) ON CONFLICT DO NOTHING',
        policy,
        scheduledAtMs,
      );
      return changes === 1;
    },

    async lastTicks() {
      const rows = database.all('SELECT policy, max(scheduled_at_ms) AS last FROM ticks GROUP BY policy');
      return Object.fromEntries(rows.map((row) => [text(row, 'policy'), integer(row, 'last')]));
    },

    async abandonedLeases(nowMs, limit) {
      const rows = database.all(
        'SELECT * FROM leases WHERE until_ms > 0 AND until_ms <= ? ORDER BY until_ms LIMIT ?',
        nowMs,
        checkedLimit(limit),
      );
      // One that an earlier version kept by another name of its repository nobody gives back any more.
      return rows.flatMap((row) => {
        const lease = leaseOf(row);
        return leaseKey(lease.repository) === text(row, 'repository') ? [lease] : [];
      });
    },

    async markPush({ repository, fromMs, untilMs }) {
      await database.together(() =>
        database.run(
          'INSERT INTO push_marks (repository, from_ms, until_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
          repository,
          fromMs,
          untilMs,
        ),
      );
    },

    async pushMarks(limit) {
      const rows = database.all('SELECT * FROM push_marks ORDER BY from_ms LIMIT ?', checkedLimit(limit));
      return rows.map((row) => ({
        repository: text(row, 'repository'),
        fromMs: integer(row, 'from_ms'),
        untilMs: integer(row, 'until_ms'),
      }));
    },

    async forgetPushes(marks) {
      await database.together(() => {
        for (const { repository, fromMs, untilMs } of marks) {
          database.run(
            'DELETE FROM push_marks WHERE repository = ? AND from_ms = ? AND until_ms = ?',
            repository,
            fromMs,
            untilMs,
          );
        }
      });
    },

    async planningSince() {
      const rows = database.all('SELECT policy, since_ms FROM planning');
      return rows.map((row) => ({ policy: text(row, 'policy'), sinceMs: integer(row, 'since_ms') }));
    },

    async savePlanningSince(all) {
      database.transaction(() => {
        database.run('DELETE FROM planning');
        for (const { policy, sinceMs } of all)
          database.run('INSERT INTO planning (policy, since_ms) VALUES (?, ?)', policy, sinceMs);
      });
    },
  };
}
