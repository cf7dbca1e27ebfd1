import { describe, expect, it } from 'vitest';
import { formatWork, parseWork, type Work } from '../../shared/core/work.ts';
import { NOW_MS, REPOSITORY } from './estate.ts';

const WORK: Work = {
  version: 1,
  repository: REPOSITORY,
  trigger: 'schedule',
  policies: ['playground', 'services'],
  scheduledAtMs: NOW_MS,
};

describe('work', () => {
  it('reads as it was written, with its repository taken apart', () => {
    expect(parseWork(formatWork(WORK))).toEqual({
      ...WORK,
      parsed: { host: 'europe-docker.pkg.dev', name: 'acme/services/api' },
    });
  });

  const bad: readonly [string, string, RegExp][] = [
    ['nothing', '', /JSON/],
    ['null', 'null', /it is not an object/],
    ['a text', '"work"', /it is not an object/],
    ['another version', JSON.stringify({ ...WORK, version: 2 }), /its version is 2 and not 1/],
    ['no repository', JSON.stringify({ ...WORK, repository: undefined }), /"repository" is missing/],
    [
      'a repository without a host',
      JSON.stringify({ ...WORK, repository: 'acme/api' }),
      /not an image reference/,
    ],
    ['a repository with a tag', JSON.stringify({ ...WORK, repository: `${REPOSITORY}:v1` }), /has no tag/],
    [
      'a trigger that nobody pulls',
      JSON.stringify({ ...WORK, trigger: 'whim' }),
      /neither schedule nor push/,
    ],
    ['policies that are no list', JSON.stringify({ ...WORK, policies: 'services' }), /no list of names/],
    ['policies that are no names', JSON.stringify({ ...WORK, policies: [1] }), /no list of names/],
    ['no time', JSON.stringify({ ...WORK, scheduledAtMs: null }), /no time/],
  ];
  it.each(bad)('is refused: %s', (_row, text, why) => {
    expect(() => parseWork(text)).toThrow(
      expect.objectContaining({ code: 'WORK_INVALID', message: expect.stringMatching(why) }),
    );
  });
});
