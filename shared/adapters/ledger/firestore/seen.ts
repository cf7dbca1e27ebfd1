import * as z from 'zod';
import type { LedgerSeen } from '../../../core/doctor/observation.ts';
import { type Fact, known, unknown } from '../../../core/fact.ts';
import { factReads, mapFact } from '../../google/fact-reads.ts';
import { type GoogleRest, path } from '../../google/rest.ts';
import { FORM_VERSION } from './stored.ts';

const DATABASE = z.object({ type: z.string().default('DATABASE_TYPE_UNSPECIFIED') });

const DOCUMENTS = z.object({
  documents: z
    .array(
      z.object({ fields: z.object({ version: z.object({ integerValue: z.string().regex(/^\d{1,9}$/) }) }) }),
    )
    .default([]),
});

const FIELD = z.object({
  name: z.string().min(1),
  ttlConfig: z.object({ state: z.string().optional() }).optional(),
});

const FIELDS = z.object({ fields: z.array(FIELD).default([]) });

/**
 * What is stored in a Firestore database, by its REST API. Two documents are read, a run and an event: every
 * document bears the version of its form.
 * @returns null where there is no such database
 */
export async function firestoreLedgerSeen(
  rest: GoogleRest,
  project: string,
  database: string,
): Promise<Fact<LedgerSeen | null>> {
  const { all, one, oneOrNone } = factReads(rest);
  const found = await oneOrNone(DATABASE, {
    api: 'firestore',
    path: path`/v1/projects/${project}/databases/${database}`,
  });
  if (found.kind === 'unknown') return found;
  if (found.value === null) return known(null);
  if (found.value.type !== 'FIRESTORE_NATIVE') {
    return unknown(`the database is of type ${found.value.type}, and a ledger needs FIRESTORE_NATIVE`);
  }
  const first = (collection: string) =>
    one(DOCUMENTS, {
      api: 'firestore',
      path: path`/v1/projects/${project}/databases/${database}/documents/${collection}`,
      query: { pageSize: '1', 'mask.fieldPaths': 'version' },
    });
  const [run, event, fields] = await Promise.all([
    first('runs'),
    first('events'),
    all(FIELDS, {
      api: 'firestore',
      path: path`/v1/projects/${project}/databases/${database}/collectionGroups/${'-'}/fields`,
      query: { filter: 'ttlConfig:*' },
    }),
  ]);
  if (run.kind === 'unknown') return run;
  if (event.kind === 'unknown') return event;
  const versions = [...run.value.documents, ...event.value.documents].map(({ fields: stored }) =>
    Number(stored.version.integerValue),
  );
  return known({
    version: versions.length === 0 ? null : Math.max(...versions),
    newest: FORM_VERSION,
    expiring: mapFact(fields, (pages) => pages.flatMap((page) => page.fields.flatMap(expiringCollection))),
  });
}

/** The collection whose documents expire by this field, or none. */
function expiringCollection({ name, ttlConfig }: z.infer<typeof FIELD>): readonly string[] {
  const [, collection] = /\/collectionGroups\/([^/]+)\/fields\/expiresAt$/.exec(name) ?? [];
  return collection === undefined || ttlConfig === undefined ? [] : [collection];
}
