import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { billOf, costTables, countedIn, PRICES } from '../bench/cost-model.ts';

const page = readFileSync('docs/cost.md', 'utf8');
const counted = countedIn(readFileSync('docs/measurements.md', 'utf8'));

describe('the page on cost', () => {
  it('has the tables that the command prints, from what is counted by now', () => {
    const bills = [10, 1_000, 10_000].map((repositories) => billOf(repositories, counted));
    expect(page).toContain(`\n\n${costTables(bills)}\n\n`);
  });

  it.each([
    ['Firestore, 100,000 document reads', PRICES.firestoreRead * 100_000],
    ['Firestore, 100,000 document writes', PRICES.firestoreWrite * 100_000],
    ['Firestore, 100,000 document deletes, those by TTL too', PRICES.firestoreDelete * 100_000],
    ['Firestore, a GiB and month', PRICES.firestoreGibMonth],
    ['Cloud Run, 1,000,000 vCPU-seconds', PRICES.vcpuSecond * 1_000_000],
    ['Cloud Run, 1,000,000 GiB-seconds', PRICES.gibSecond * 1_000_000],
    ['Cloud Run, 1,000,000 requests', PRICES.request * 1_000_000],
    ['Pub/Sub, a TiB', PRICES.pubsubTib],
    ['Cloud Scheduler, a job and month', PRICES.schedulerJobMonth],
    ['Cloud Logging, a GiB', PRICES.loggingGib],
    ['Artifact Registry, a GiB and month', PRICES.registryGibMonth],
  ])('names the price that is reckoned with: %s', (what, price) => {
    expect(page).toContain(`| ${what} | ${price.toFixed(2)} |`);
  });

  it('says that the prices are list prices, and of which day', () => {
    expect(page).toMatch(/List prices .* on \d{4}-\d{2}-\d{2}\./);
  });
});

describe('the model', () => {
  it('grows with the number of repositories, beside what is always paid', () => {
    const [one, two, four] = [1_000, 2_000, 4_000].map((size) => billOf(size, counted).total);
    // Twice as much more costs twice as much.
    expect((four ?? 0) - (two ?? 0)).toBeCloseTo(2 * ((two ?? 0) - (one ?? 0)), 6);
  });

  it('adds up', () => {
    const { lines, total } = billOf(10_000, counted);
    expect(lines.reduce((sum, [, price]) => sum + price, 0)).toBeCloseTo(total, 9);
  });

  it('refuses a page without what was counted', () => {
    expect(() => countedIn('| a night over it, nothing new | many | 3 | 0 |')).toThrow(/no row/);
  });
});
