import { scopeText, scopeTexts } from '../../../core/limit-scope.ts';
import type { PolicyEntry } from '../../../core/policy-roster.ts';
import { type RepositorySample, startOfDayMs } from '../../../core/repository-sample.ts';
import { DAY_MS } from '../../../core/units.ts';
import type { EstateLedger } from '../../../ports.ts';
import { documentName } from './document-name.ts';
import type { Documents } from './documents.ts';
import { readRecord, replaceRecord } from './packed-record.ts';
import { SAMPLE_RETENTION_MS } from './retention.ts';
import { FORM_VERSION, Stored } from './stored.ts';

/**
 * How large the estate was: one document a repository and year, to which each day adds a field of its own, so that
 * nothing has to be read before it is written.
 */
export function estateLedger(documents: Documents): EstateLedger {
  const { Timestamp } = documents.module;
  const samples = documents.collection('samples');
  const roster = { collection: 'policies', name: 'all' };

  return {
    async recordSample(repository, sample) {
      const year = yearOf(sample.atMs);
      const yearEndMs = Date.UTC(year + 1, 0, 1);
      const fields = {
        version: FORM_VERSION,
        repository,
        year,
        scopes: scopeTexts(repository),
        days: { [fieldOf(sample.atMs)]: JSON.stringify(sample) },
        expiresAt: Timestamp.fromMillis(yearEndMs + SAMPLE_RETENTION_MS),
      };
      const at = samples.doc(documentName(repository, String(year)));
      await documents.commit('recordSample', [{ kind: 'merge', at, fields }]);
    },

    async samples({ repository, sinceMs, untilMs, repositoriesMax }) {
      const found = new Map<string, RepositorySample[]>();
      let isAll = true;
      for (let year = yearOf(sinceMs); year <= yearOf(untilMs); year += 1) {
        const ofYear =
          repository === undefined
            ? await ofAll(year, repositoriesMax + 1)
            : await documents.get('samples', [samples.doc(documentName(repository, String(year)))]);
        if (ofYear.length > repositoriesMax) isAll = false;
        for (const snapshot of ofYear.slice(0, repositoriesMax)) {
          const stored = new Stored(snapshot);
          const name = stored.text('repository');
          const days = stored.texts('days').map((text) => JSON.parse(text) as RepositorySample);
          found.set(name, [...(found.get(name) ?? []), ...days]);
        }
      }
      const series = [...found]
        .map(([name, all]) => ({
          repository: name,
          samples: all
            .filter(({ atMs }) => atMs >= startOfDayMs(sinceMs) && atMs < startOfDayMs(untilMs) + DAY_MS)
            .sort((a, b) => a.atMs - b.atMs),
        }))
        .filter((one) => one.samples.length > 0)
        .sort((a, b) => (a.repository < b.repository ? -1 : 1));
      // Of two years each the first ones: together they may be more.
      return { series: series.slice(0, repositoriesMax), isAll: isAll && series.length <= repositoriesMax };
    },

    async manifestsWithin(scope, sinceMs, untilMs) {
      const manifests = new Map<string, number>();
      for (let year = yearOf(sinceMs); year <= yearOf(untilMs); year += 1) {
        // Of a whole year's document, the few days that are asked for.
        const days = fieldsBetween(year, sinceMs, untilMs).map((field) => `days.${field}`);
        const ofYear = samples
          .where('scopes', 'array-contains', scopeText(scope))
          .where('year', '==', year)
          .select('version', 'repository', ...days);
        for await (const page of documents.pages('manifestsWithin', ofYear)) {
          for (const snapshot of page) {
            const stored = new Stored(snapshot);
            const texts = stored.has('days') ? stored.texts('days') : [];
            const newest = texts
              .map((text) => JSON.parse(text) as RepositorySample)
              .reduce<RepositorySample | null>((a, b) => (a === null || b.atMs > a.atMs ? b : a), null);
            // A later year's is the newer.
            if (newest !== null) manifests.set(stored.text('repository'), newest.manifests);
          }
        }
      }
      return [...manifests.values()].reduce((sum, one) => sum + one, 0);
    },

    async policyRoster() {
      const record = await readRecord<PolicyEntry>(documents, { method: 'policyRoster', ...roster });
      return record === null ? [] : record.items;
    },

    async savePolicyRoster(all) {
      await replaceRecord(documents, { method: 'savePolicyRoster', ...roster }, {}, all);
    },
  };

  async function ofAll(year: number, documentsMax: number) {
    const found = [];
    for await (const page of documents.pages('samples', samples.where('year', '==', year))) {
      found.push(...page);
      if (found.length >= documentsMax) break;
    }
    return found.slice(0, documentsMax);
  }
}

function yearOf(atMs: number): number {
  return new Date(atMs).getUTCFullYear();
}

/** `MM-DD`; at most 366 of them make a document of some 100 kB. */
function fieldOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(5, 10);
}

/** The fields of one year's document for the days from one time to another. */
function fieldsBetween(year: number, sinceMs: number, untilMs: number): readonly string[] {
  const fields: string[] = [];
  const toMs = Math.min(startOfDayMs(untilMs), Date.UTC(year, 11, 31));
  for (let atMs = Math.max(startOfDayMs(sinceMs), Date.UTC(year, 0, 1)); atMs <= toMs; atMs += DAY_MS) {
    fields.push(fieldOf(atMs));
  }
  return fields;
}
