import { randomUUID } from 'node:crypto';
import type { DocumentSnapshot } from '@google-cloud/firestore';
import { WardenError } from '../../../core/error.ts';
import { PLANNING_MAX, type PlanningSince } from '../../../core/planning-since.ts';
import type { PushMark } from '../../../core/push-mark.ts';
import type { CoordinationLedger, Lease } from '../../../ports.ts';
import { checkedLimit } from '../limit.ts';
import { packList } from '../packed.ts';
import { documentName } from './document-name.ts';
import type { Documents } from './documents.ts';
import { leaseAt, leaseOf } from './lease.ts';
import { PUSH_MARK_RETENTION_MS, TICK_RETENTION_MS } from './retention.ts';
import { FORM_VERSION, Stored } from './stored.ts';

/** Each round that is lost has a winner who holds the lease, so that the next round ends. */
const ATTEMPTS_MAX = 10;

/** Policies that ever had a schedule. */
const POLICIES_MAX = 10_000;

/**
 * Who works where, and what is due.
 *
 *     A  read: none ──► create ──────────────► taken, token 1
 *     B  read: none ──────► create: exists ──► read: A's ──► held
 *     …  A's lease ends, or is given back (`untilMs` 0; the document stays, so that its token grows on)
 *     C  read: ended ─► update if unchanged ─► taken, token 2
 *     D  read: ended ─────► update: changed ─► read: C's ──► held
 *
 * No transactions: 64 that contend took 3.7 s on the emulator, 64 creates of one document 0.2 s. Every
 * attempt carries a mark of its own, because a write may succeed whose answer is lost and which the client
 * then repeats: who finds its own mark has won.
 */
export function coordinationLedger(documents: Documents): CoordinationLedger {
  const { FieldValue, Timestamp } = documents.module;
  const leases = documents.collection('leases');
  const ticks = documents.collection('ticks');
  const schedules = documents.collection('schedules');
  const pushes = documents.collection('pushes');
  const placeOf = ({ repository, fromMs, untilMs }: PushMark) =>
    pushes.doc(documentName(repository, String(fromMs), String(untilMs)));
  // All policies in one document: it is read at every run, and written only where one changes its mode.
  const planning = documents.collection('planning').doc('policies');

  const read = async (method: string, repository: string): Promise<DocumentSnapshot | null> => {
    const [snapshot] = await documents.get(method, [leaseAt(documents, repository)]);
    return snapshot ?? null;
  };

  return {
    async acquireLease(repository, holder, nowMs, untilMs) {
      const mark = randomUUID();
      for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
        const snapshot = await read('acquireLease', repository);
        const stored = snapshot === null ? null : new Stored(snapshot);
        const last = stored === null ? null : leaseOf(stored);
        if (last !== null && stored?.text('mark') === mark) return { kind: 'taken', lease: last };
        if (last !== null && last.untilMs > nowMs) return { kind: 'held', by: last };
        const lease: Lease = { repository, holder, fencingToken: (last?.fencingToken ?? 0) + 1, untilMs };
        const fields = { ...lease, mark, version: FORM_VERSION };
        const result = await documents.commit('acquireLease', [
          snapshot === null
            ? { kind: 'create', at: leaseAt(documents, repository), fields }
            : { kind: 'update', ifUnchangedSince: snapshot, fields },
        ]);
        if (result === 'done') return { kind: 'taken', lease };
      }
      throw new WardenError(
        'LEDGER_CONTENDED',
        `The lease of ${repository} changed hands ${ATTEMPTS_MAX} times while it was asked for. Try again.`,
        { retryable: true },
      );
    },

    async renewLease(lease, untilMs) {
      for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
        const snapshot = await read('renewLease', lease.repository);
        if (snapshot === null) return null;
        const current = leaseOf(new Stored(snapshot));
        if (current.holder !== lease.holder || current.fencingToken !== lease.fencingToken) return null;
        const result = await documents.commit('renewLease', [
          { kind: 'update', ifUnchangedSince: snapshot, fields: { untilMs } },
        ]);
        if (result === 'done') return { ...lease, untilMs };
      }
      return null;
    },

    async releaseLease(lease) {
      const snapshot = await read('releaseLease', lease.repository);
      if (snapshot === null) return;
      const current = leaseOf(new Stored(snapshot));
      if (current.holder !== lease.holder || current.fencingToken !== lease.fencingToken) return;
      // Changed since it was read means taken by another: then there is nothing to give back.
      await documents.commit('releaseLease', [
        { kind: 'update', ifUnchangedSince: snapshot, fields: { untilMs: 0 } },
      ]);
    },

    async claimTick(policy, scheduledAtMs) {
      const mark = randomUUID();
      const at = ticks.doc(documentName(policy, String(scheduledAtMs)));
      const result = await documents.commit('claimTick', [
        {
          kind: 'create',
          at,
          fields: {
            version: FORM_VERSION,
            mark,
            expiresAt: Timestamp.fromMillis(scheduledAtMs + TICK_RETENTION_MS),
          },
        },
        {
          kind: 'merge',
          at: schedules.doc(documentName(policy)),
          fields: { version: FORM_VERSION, policy, lastMs: FieldValue.maximum(scheduledAtMs) },
        },
      ]);
      if (result === 'done') return true;
      const [claimed] = await documents.get('claimTick', [at]);
      return claimed !== undefined && new Stored(claimed).text('mark') === mark;
    },

    async lastTicks() {
      const found = await documents.all('lastTicks', schedules, POLICIES_MAX);
      return Object.fromEntries(
        found.map((snapshot) => {
          const stored = new Stored(snapshot);
          return [stored.text('policy'), stored.integer('lastMs')];
        }),
      );
    },

    async abandonedLeases(nowMs, limit) {
      const ended = leases.where('untilMs', '>', 0).where('untilMs', '<=', nowMs).orderBy('untilMs');
      const found = await documents.query('abandonedLeases', ended.limit(checkedLimit(limit)));
      // One that an earlier version kept by another name of its repository nobody gives back any more.
      return found.flatMap((snapshot) => {
        const lease = leaseOf(new Stored(snapshot));
        return leaseAt(documents, lease.repository).id === snapshot.id ? [lease] : [];
      });
    },

    async markPush(mark) {
      await documents.commit('markPush', [
        {
          kind: 'create',
          at: placeOf(mark),
          fields: {
            ...mark,
            version: FORM_VERSION,
            expiresAt: Timestamp.fromMillis(mark.fromMs + PUSH_MARK_RETENTION_MS),
          },
        },
      ]);
    },

    async pushMarks(limit) {
      const marks: PushMark[] = [];
      checkedLimit(limit);
      for await (const page of documents.pages('pushMarks', pushes.orderBy('fromMs'))) {
        for (const snapshot of page.slice(0, limit - marks.length)) {
          const stored = new Stored(snapshot);
          marks.push({
            repository: stored.text('repository'),
            fromMs: stored.integer('fromMs'),
            untilMs: stored.integer('untilMs'),
          });
        }
        if (marks.length >= limit) break;
      }
      return marks;
    },

    async forgetPushes(marks) {
      await documents.commitInParts(
        'forgetPushes',
        marks.map((mark) => ({ kind: 'delete', at: placeOf(mark) })),
      );
    },

    async planningSince() {
      const [snapshot] = await documents.get('planningSince', [planning]);
      if (snapshot === undefined) return [];
      const stored = new Stored(snapshot);
      return stored.integer('count') === 0 ? [] : stored.list<PlanningSince>('policies', 'count');
    },

    async savePlanningSince(all) {
      const [only = null, more] = packList(all);
      if (more !== undefined) {
        throw new WardenError(
          'LEDGER_TOO_LARGE',
          `savePlanningSince has ${all.length} policies to write, and at most ${PLANNING_MAX} may be; nothing was written.`,
        );
      }
      const fields = { version: FORM_VERSION, count: only?.count ?? 0, policies: only?.content ?? null };
      await documents.commit('savePlanningSince', [{ kind: 'set', at: planning, fields }]);
    },
  };
}
