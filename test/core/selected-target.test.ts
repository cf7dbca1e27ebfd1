import { describe, expect, it } from 'vitest';
import { selectedTargets } from '../../shared/core/selected-target.ts';

const including = (...include: readonly string[]) => ({ include, exclude: [] });

describe('what policies select, as targets', () => {
  it.each([
    [['europe-docker.pkg.dev/acme/services/**'], ['europe-docker.pkg.dev/acme/services']],
    [['gcr.io/acme/api'], ['gcr.io/acme/api']],
    [
      ['gcr.io/acme/**', 'gcr.io/acme/api', 'us.gcr.io/acme/a*'],
      ['gcr.io/acme', 'us.gcr.io/acme'],
    ],
    [
      ['gcr.io/acme/**', 'gcr.io/acme-two/**'],
      ['gcr.io/acme', 'gcr.io/acme-two'],
    ],
    [[], []],
  ])('%j lie below %j', (include, targets) => {
    expect(selectedTargets([including(...include)])).toEqual(targets);
  });

  it.each(['**', '*/acme/**', 'gcr.io/*/api', 'europe-docker.pkg.dev/**'])(
    'are not known where %s may be anything',
    (glob) => {
      expect(selectedTargets([including('gcr.io/acme/**'), including(glob)])).toBeNull();
    },
  );
});
