import { describe, expect, it } from 'vitest';
import { standingFor } from '../../../shared/core/usage/standing.ts';
import type { UsageAnswer, UsageScope } from '../../../shared/core/usage.ts';

const REPOSITORY = 'us-docker.pkg.dev/acme/gcr.io/api';

const answered = (kind: 'complete' | 'best effort', ...repositories: string[]): UsageAnswer => ({
  kind,
  source: kind === 'complete' ? 'cluster prod' : 'the asset inventory',
  asOfMs: 0,
  uses: [],
  ...scope(repositories),
});
const silent = (...repositories: string[]): UsageAnswer => ({
  kind: 'unknown',
  source: 'cluster dev',
  reason: 'it answered 403',
  ...scope(repositories),
});
const scope = (repositories: string[]): UsageScope => (repositories.length === 0 ? {} : { repositories });

const SILENT = { kind: 'unknown', reason: 'cluster dev did not answer: it answered 403' };
const VAGUE = { kind: 'best effort', reason: 'the asset inventory answers by best effort only' };
const NOBODY = { kind: 'unknown', reason: 'no in-use source is configured' };
const NOBODY_HERE = { kind: 'unknown', reason: 'no in-use source is configured for this repository' };
const COMPLETE = { kind: 'complete' };

describe('what silence about an image is worth', () => {
  it.each<[string, UsageAnswer[], unknown]>([
    ['nothing without a source', [], NOBODY],
    ['all where the only source is complete', [answered('complete')], COMPLETE],
    ['little where the only source answers by best effort', [answered('best effort')], VAGUE],
    ['little where all sources do', [answered('best effort'), answered('best effort')], VAGUE],
    ['all where one of them is complete', [answered('best effort'), answered('complete')], COMPLETE],
    ['nothing where the only source did not answer', [silent()], SILENT],
    ['nothing where one of several did not answer', [answered('complete'), silent()], SILENT],
    ['nothing where best effort is all that answered', [answered('best effort'), silent()], SILENT],
    [
      'all where who did not answer can only name others',
      [answered('complete'), silent('gcr.io/other/*')],
      COMPLETE,
    ],
    [
      'nothing where who did not answer can name it',
      [answered('complete'), silent('us-docker.pkg.dev/acme/**')],
      SILENT,
    ],
    [
      'nothing where who did not answer can name it as gcr.io',
      [answered('complete'), silent('gcr.io/acme/*')],
      SILENT,
    ],
    ['nothing where the only source can not name it', [answered('complete', 'gcr.io/other/*')], NOBODY_HERE],
    [
      'little where the complete one can not name it',
      [answered('complete', 'gcr.io/b/*'), answered('best effort')],
      VAGUE,
    ],
    [
      'all where the complete one names it under its other name',
      [answered('complete', 'gcr.io/acme/*'), answered('best effort')],
      COMPLETE,
    ],
  ])('%s', (_title, answers, standing) => {
    expect(standingFor({ version: 1, answers }, REPOSITORY)).toEqual(standing);
  });
});
