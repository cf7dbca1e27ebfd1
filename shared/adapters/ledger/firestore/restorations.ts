import type { Restoration } from '../../../core/restoration.ts';
import type { RestorationLedger } from '../../../ports.ts';
import { RESTORATIONS_MAX } from '../limit.ts';
import { packOne } from '../packed.ts';
import { documentName } from './document-name.ts';
import type { Documents, Write } from './documents.ts';
import { fenceOf } from './lease.ts';
import { placeInTime, placesOf } from './newest-first.ts';
import { FORM_VERSION, Stored } from './stored.ts';

/** What was brought back: one document a restoration, packed. */
export function restorationLedger(documents: Documents): RestorationLedger {
  const restorations = documents.collection('restorations');
  return {
    async saveRestoration(restoration, lease) {
      const { id, repository, atMs } = restoration;
      const write: Write = {
        kind: 'set',
        at: restorations.doc(documentName(id, repository)),
        fields: {
          version: FORM_VERSION,
          place: placeInTime(repository, atMs),
          count: 1,
          restoration: packOne(restoration),
        },
      };
      await documents.commit('saveRestoration', [write], fenceOf(documents, lease));
    },

    async restorations(repository) {
      const { from, before } = placesOf(repository);
      const ofRepository = restorations
        .where('place', '>=', from)
        .where('place', '<', before)
        .orderBy('place', 'desc');
      const found = await documents.query('restorations', ofRepository.limit(RESTORATIONS_MAX));
      return found.flatMap((snapshot) => new Stored(snapshot).list<Restoration>('restoration', 'count'));
    },
  };
}
