import { describe, expect, it } from 'vitest';
import { imageRecordsOver } from '../../../shared/adapters/google/image-records.ts';
import { json, restAt, serve } from './server.ts';

const IMAGE = { project: 'acme', location: 'europe', repository: 'services', image: 'api' };

describe('the records of an image, for one run of many', () => {
  it('are what the API says while the run goes on', async () => {
    const api = await serve((_in, out) => json(out, 200, {}));
    const records = imageRecordsOver(restAt(api.url)).until(60_000, () => 0);
    expect((await records.imageRecords(IMAGE)).kind).toBe('known');
  });

  it('are unknown where the API does not answer before its end', async () => {
    const api = await serve(() => {});
    const records = imageRecordsOver(restAt(api.url, { attemptMs: 300, attempts: 1 })).until(
      1_000,
      () => 990,
    );
    expect(await records.imageRecords(IMAGE)).toEqual({
      kind: 'unknown',
      reason: 'the time of the run was over',
    });
  });
});
