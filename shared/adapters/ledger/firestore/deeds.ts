import { dayOf, endOfDayMs } from '../../../core/day-ranges.ts';
import { WardenError } from '../../../core/error.ts';
import { deedName, type ImageDeed } from '../../../core/image-deed.ts';
import type { DeedLedger } from '../../../ports.ts';
import { packList } from '../packed.ts';
import { documentName, repositoryFields } from './document-name.ts';
import type { Documents } from './documents.ts';
import { DEED_RETENTION_MS } from './retention.ts';
import { FORM_VERSION, Stored } from './stored.ts';

/** Of one repository and day, which are one document; those after them are not kept. */
const DEEDS_MAX = 8_000;

/** Each round that is lost has a winner who wrote. */
const ATTEMPTS_MAX = 20;

/** Days that are looked up together. */
const DAYS_AT_ONCE = 100;

/** Who pushed, untagged and deleted what: one document a repository and day. */
export function deedLedger(documents: Documents): DeedLedger {
  const { Timestamp } = documents.module;
  const collection = documents.collection('deeds');

  const add = async (repository: string, day: number, coming: readonly ImageDeed[]): Promise<void> => {
    const at = collection.doc(documentName(repository, String(day)));
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
      const [snapshot] = await documents.get('recordDeeds', [at]);
      const before = snapshot === undefined ? [] : new Stored(snapshot).list<ImageDeed>('deeds', 'count');
      const all = new Map(before.map((deed) => [deedName(deed), deed]));
      for (const deed of coming) if (all.size < DEEDS_MAX) all.set(deedName(deed), deed);
      if (all.size === before.length) return;
      const sorted = [...all.values()].sort((a, b) => a.atMs - b.atMs);
      const [chunk] = packList(sorted, { itemsMax: DEEDS_MAX, contentBytesMax: 800 * 1024 });
      const fields = {
        ...repositoryFields(repository),
        version: FORM_VERSION,
        expiresAt: Timestamp.fromMillis(endOfDayMs(day) + DEED_RETENTION_MS),
        count: chunk?.count ?? 0,
        deeds: chunk?.content ?? null,
      };
      const result = await documents.commit('recordDeeds', [
        snapshot === undefined
          ? { kind: 'create', at, fields }
          : { kind: 'update', ifUnchangedSince: snapshot, fields },
      ]);
      if (result === 'done') return;
    }
    throw new WardenError(
      'LEDGER_CONTENDED',
      `Others wrote who changed ${repository} at the same time, ${ATTEMPTS_MAX} times. Try again.`,
      { retryable: true },
    );
  };

  return {
    async recordDeeds(repository, deeds) {
      const byDay = Map.groupBy(deeds, ({ atMs }) => dayOf(atMs));
      for (const [day, some] of byDay) await add(repository, day, some);
    },

    async deeds(repository, days) {
      const found: ImageDeed[] = [];
      const wanted = [...new Set(days)];
      for (let from = 0; from < wanted.length; from += DAYS_AT_ONCE) {
        const at = wanted
          .slice(from, from + DAYS_AT_ONCE)
          .map((day) => collection.doc(documentName(repository, String(day))));
        for (const snapshot of await documents.get('deeds', at)) {
          found.push(...new Stored(snapshot).list<ImageDeed>('deeds', 'count'));
        }
      }
      return found;
    },
  };
}
