import { describe, expect, it } from 'vitest';
import { publicReaders } from '../../shared/adapters/google/public-readers.ts';
import { recordedPulls } from '../../shared/app/recorded-pulls.ts';
import type { IamPolicy } from '../../shared/core/audit/access.ts';
import { dayOf, endOfDayMs } from '../../shared/core/day-ranges.ts';
import { type Fact, known, unknown } from '../../shared/core/fact.ts';
import { parseRepository } from '../../shared/core/reference.ts';
import type { PublicReaders } from '../../shared/ports.ts';
import { openStage } from '../functions/stage.ts';

const NOW_MS = Date.parse('2026-03-14T10:00:00Z');
const TODAY = dayOf(NOW_MS);
const REPOSITORY = 'europe-docker.pkg.dev/acme/services/api';
const PULLS = [{ reference: 'main', days: [[TODAY - 3, TODAY - 1]] }] as const;

function policyOf(...members: readonly string[]): Fact<IamPolicy> {
  return known({ bindings: [{ role: 'roles/artifactregistry.reader', members, condition: null }] });
}

function readersOf(ofRepository: Fact<IamPolicy>, ofProject: Fact<IamPolicy> = policyOf()): PublicReaders {
  return publicReaders({
    repositoryPolicy: async (name) =>
      name === 'projects/acme/locations/europe/repositories/services' ? ofRepository : unknown('no such'),
    projectPolicy: async (project) => (project === 'acme' ? ofProject : unknown('no such')),
  });
}

describe('what is recorded of the pulls of a repository', () => {
  async function ledgerWithPulls() {
    const { ledger } = await openStage();
    await ledger.recordPulls(REPOSITORY, PULLS);
    await ledger.recordPullEvidence('acme', [[TODAY - 40, TODAY]]);
    await ledger.recordDrained([[TODAY - 40, TODAY]]);
    return ledger;
  }

  it('is all of them since they are recorded, where only some may read', async () => {
    const ledger = await ledgerWithPulls();
    const ports = { ledger, publicReaders: readersOf(policyOf('user:ann@example.com')) };
    expect(await recordedPulls(ports, parseRepository(REPOSITORY), NOW_MS)).toEqual({
      sinceMs: known(endOfDayMs(TODAY - 40)),
      pulls: PULLS,
    });
  });

  const rows: readonly [string, PublicReaders | undefined, string][] = [
    ['everybody may read the repository', readersOf(policyOf('allUsers')), 'everybody may pull'],
    [
      'everybody with an account may read the project',
      readersOf(policyOf(), policyOf('allAuthenticatedUsers')),
      'everybody may pull',
    ],
    [
      'everybody may read the project, and the policy of the repository is not told',
      readersOf(unknown('403'), policyOf('allUsers')),
      'everybody may pull',
    ],
    ['the policy of the repository is not told', readersOf(unknown('403')), 'not known who may pull: 403'],
    [
      'the policy of the project is not told',
      readersOf(policyOf(), unknown('403')),
      'not known who may pull: 403',
    ],
    [
      'asking fails',
      { hasPublicReaders: () => Promise.reject(new Error('no network')) },
      'not known who may pull: no network',
    ],
    ['nobody is there to ask', undefined, 'not known who may pull'],
  ];
  it.each(rows)('is not known where %s', async (_row, readers, why) => {
    const ledger = await ledgerWithPulls();
    const ports = { ledger, ...(readers === undefined ? {} : { publicReaders: readers }) };
    const found = await recordedPulls(ports, parseRepository(REPOSITORY), NOW_MS);
    expect(found).toEqual({ sinceMs: unknown(expect.stringContaining(why)), pulls: [] });
  });

  it('is not known of a project whose log was never seen', async () => {
    const ledger = await ledgerWithPulls();
    const other = parseRepository('europe-docker.pkg.dev/other/services/api');
    const ports = { ledger, publicReaders: readersOf(policyOf()) };
    expect((await recordedPulls(ports, other, NOW_MS)).sinceMs).toEqual(unknown('pulls are not recorded'));
  });
});
