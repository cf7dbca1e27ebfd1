import type { QuarantineMark } from '../../../core/quarantine-mark.ts';
import type { QuarantineLedger } from '../../../ports.ts';
import type { Documents } from './documents.ts';
import { fenceOf } from './lease.ts';
import { readRecord, replaceRecord } from './packed-record.ts';
import { Stored } from './stored.ts';

const REPOSITORIES_MAX = 100_000;

/** What is to go and stays for a time: all marks of a repository together. */
export function quarantineLedger(documents: Documents): QuarantineLedger {
  const placeOf = (method: string, name: string) => ({ method, collection: 'quarantines', name });

  return {
    async quarantine(repository) {
      const record = await readRecord<QuarantineMark>(documents, placeOf('quarantine', repository));
      return record === null ? [] : record.items;
    },

    async saveQuarantine(repository, marks, lease) {
      const fields = { repository, isStanding: marks.some(({ end }) => end === null) };
      const at = placeOf('saveQuarantine', repository);
      await replaceRecord(documents, at, fields, marks, fenceOf(documents, lease));
    },

    async quarantinedRepositories() {
      const heads = documents
        .collection('quarantines')
        .where('isStanding', '==', true)
        .select('version', 'repository');
      const found = await documents.all('quarantinedRepositories', heads, REPOSITORIES_MAX);
      return found.map((snapshot) => new Stored(snapshot).text('repository')).sort();
    },
  };
}
