import { describe, expect, it } from 'vitest';
import { type LedgerRecord, mergeRecords } from '../../shared/core/ledger-record.ts';
import { digestOf, REPOSITORY } from './estate.ts';

function manifest(untilMs?: number): LedgerRecord {
  const kept = { repository: REPOSITORY, digest: digestOf('m'), mediaType: 'm', content: '{}' };
  return { noun: 'manifest', manifest: kept, ...(untilMs === undefined ? {} : { untilMs }) };
}

describe('a record that a ledger has twice', () => {
  const rows: readonly [string, LedgerRecord, LedgerRecord, LedgerRecord][] = [
    ['a manifest is kept for as long as one of them says', manifest(5), manifest(9), manifest(9)],
    ['a manifest without an end stays without one', manifest(5), manifest(), manifest()],
  ];
  it.each(rows)('%s', (_row, a, b, merged) => {
    expect(mergeRecords(a, b)).toEqual(merged);
    expect(mergeRecords(b, a)).toEqual(merged);
  });
});
