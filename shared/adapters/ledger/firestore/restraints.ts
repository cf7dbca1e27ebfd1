import type { Blockage } from '../../../core/blockage.ts';
import { WardenError } from '../../../core/error.ts';
import { type Hold, type HoldSubject, subjectName } from '../../../core/hold.ts';
import { repositoryNames } from '../../../core/repository-alias.ts';
import type { StopOrder } from '../../../core/stop-order.ts';
import type { RestraintLedger } from '../../../ports.ts';
import { documentName, namePart } from './document-name.ts';
import type { Documents } from './documents.ts';
import { fenceOf } from './lease.ts';
import { readRecord, replaceRecord } from './packed-record.ts';
import { RESERVATION_RETENTION_MS } from './retention.ts';
import { FORM_VERSION, Stored } from './stored.ts';

/** Of one repository. */
const HOLDS_MAX = 100_000;

/** Workers that reserve from one policy's day at the same instant. */
const ATTEMPTS_MAX = 50;

/** What keeps runs from deleting. */
export function restraintLedger(documents: Documents): RestraintLedger {
  const { Timestamp } = documents.module;
  const holds = documents.collection('holds');
  const orders = documents.collection('orders');
  const reservations = documents.collection('reservations');
  const holdAt = (repository: string, on: HoldSubject) =>
    holds.doc(documentName(repository, subjectName(on)));

  return {
    async holds(repository) {
      const names = repositoryNames(repository).map(namePart);
      const ofRepository = holds.where('repositoryName', 'in', names);
      const found = await documents.all('holds', ofRepository, HOLDS_MAX);
      return found.map((snapshot) => new Stored(snapshot).json<Hold>('hold'));
    },

    async saveHold(hold) {
      const fields = {
        version: FORM_VERSION,
        repositoryName: namePart(hold.repository),
        hold: JSON.stringify(hold),
      };
      await documents.commit('saveHold', [{ kind: 'set', at: holdAt(hold.repository, hold.on), fields }]);
    },

    async releaseHold(repository, on) {
      await documents.commit('releaseHold', [{ kind: 'delete', at: holdAt(repository, on) }]);
    },

    async stopOrder() {
      const [snapshot] = await documents.get('stopOrder', [orders.doc('stop')]);
      return snapshot === undefined ? null : new Stored(snapshot).json<StopOrder | null>('order');
    },

    async saveStopOrder(order) {
      const fields = { version: FORM_VERSION, order: JSON.stringify(order) };
      await documents.commit('saveStopOrder', [{ kind: 'set', at: orders.doc('stop'), fields }]);
    },

    async reserveDeletions(policy, day, wanted, max) {
      const at = reservations.doc(documentName(policy, day));
      for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
        const [snapshot] = await documents.get('reserveDeletions', [at]);
        const stored = snapshot === undefined ? null : new Stored(snapshot);
        const reserved = stored?.integer('reserved') ?? 0;
        const isFound = typeof max !== 'number' && stored?.has('max') !== true;
        const most = typeof max === 'number' ? max : isFound ? await max() : (stored?.integer('max') ?? 0);
        const got = Math.max(0, Math.min(wanted, most - reserved));
        if (got === 0 && !isFound) return 0;
        const fields = { reserved: reserved + got, ...(isFound ? { max: most } : {}) };
        // An answer that was lost leaves a reservation that nobody uses: less is deleted, never more.
        const result = await documents.commit('reserveDeletions', [
          snapshot === undefined
            ? {
                kind: 'create',
                at,
                fields: {
                  ...fields,
                  version: FORM_VERSION,
                  expiresAt: Timestamp.fromMillis(Date.parse(day) + RESERVATION_RETENTION_MS),
                },
              }
            : { kind: 'update', ifUnchangedSince: snapshot, fields },
        ]);
        if (result === 'done') return got;
      }
      throw new WardenError(
        'LEDGER_CONTENDED',
        `Deletions of policy ${policy} could not be reserved: others reserved at the same time, ${ATTEMPTS_MAX} times. Try again.`,
        { retryable: true },
      );
    },

    async blockages(repository) {
      const record = await readRecord<Blockage>(documents, {
        method: 'blockages',
        collection: 'blockages',
        name: repository,
      });
      return record === null ? [] : record.items;
    },

    async saveBlockages(repository, all, lease) {
      const at = { method: 'saveBlockages', collection: 'blockages', name: repository };
      await replaceRecord(documents, at, {}, all, fenceOf(documents, lease));
    },
  };
}
