import { expect, it } from 'vitest';
import { INSTANCES, QUOTA_PER_MINUTE, simulateScale } from './simulate.ts';

it('serves every repository at every scheduled time and after its pushes, within quota, whoever is killed', async () => {
  const report = await simulateScale({ repositories: 60, digests: 2_000, days: 4, wholeEvery: 30, seed: 7 });
  expect(report).toMatchObject({ missedTimes: 0, starved: 0, unheardPushes: 0, deadLetters: 0 });
  expect(report.nights).toBeGreaterThan(200);
  expect(report.killed).toBeGreaterThan(0);
  expect(report.pushes).toBeGreaterThan(0);
  expect(report.deleted).toBeGreaterThan(0);
  expect(report.busiestMinute).toBeLessThanOrEqual(QUOTA_PER_MINUTE);
  expect(report.inFlightMax).toBeLessThanOrEqual(INSTANCES);
  expect(report.deliveries).toBeLessThan(1.2 * report.published);
}, 120_000);
