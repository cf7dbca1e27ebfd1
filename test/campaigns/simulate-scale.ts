import { parseArgs } from 'node:util';
import { INSTANCES, QUOTA_PER_MINUTE, type ScaleReport, simulateScale } from '../scale/simulate.ts';

/**
 * The service over 30 simulated days with 10,000 repositories of 2,000 digests: `npm run simulate:scale --
 * [--repositories N] [--days N] [--whole-every N] [--seed N]`. Ends with 1 where a promise is broken.
 */
const { values } = parseArgs({
  options: {
    repositories: { type: 'string', default: '10000' },
    digests: { type: 'string', default: '2000' },
    days: { type: 'string', default: '30' },
    'whole-every': { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
  },
});

/** What Firestore bills a call, as docs/ledger.md has it for a repository with nothing new: reads, writes. */
const BILLED: Readonly<Record<string, readonly [number, number]>> = {
  acquireLease: [1, 1],
  abandonedLeases: [1, 0],
  blockages: [1, 0],
  claimTick: [0, 2],
  forgetPushes: [0, 1],
  foldHistory: [0, 0],
  holds: [1, 0],
  journal: [1, 0],
  lastTicks: [3, 0],
  manifests: [1, 0],
  markPush: [0, 1],
  openIntents: [1, 0],
  planningSince: [1, 0],
  policyRoster: [1, 0],
  pushMarks: [1, 0],
  readHistory: [2, 0],
  recordEvent: [0, 1],
  recordObserved: [0, 1],
  recordSample: [0, 1],
  releaseLease: [1, 1],
  renewLease: [1, 1],
  runs: [12, 0],
  saveDecisions: [1, 1],
  saveManifests: [1, 1],
  savePolicyRoster: [1, 1],
  saveRun: [1, 1],
  stopOrder: [1, 0],
  toldSince: [1, 0],
  writeIntents: [1, 1],
  writeSettlements: [2, 1],
};

const startedMs = performance.now();
const report = await simulateScale({
  repositories: Number(values.repositories),
  digests: Number(values.digests),
  days: Number(values.days),
  wholeEvery: Number(values['whole-every']),
  seed: Number(values.seed),
  tell: (line) => process.stderr.write(`${line}\n`),
});
const { calls, ...counts } = report;
for (const [name, count] of Object.entries(counts)) console.log(`${name.padEnd(18)} ${count}`);
const days = Number(values.days);
const billed = Object.entries(calls).map(([name, count]) => {
  const [reads, writes] = BILLED[name] ?? [0, 0];
  return { name, count, reads: reads * count, writes: writes * count };
});
const sum = (what: 'reads' | 'writes'): number => billed.reduce((total, one) => total + one[what], 0);
console.log(
  `\nFirestore a day    ${Math.round(sum('reads') / days)} reads, ${Math.round(sum('writes') / days)} writes`,
);
console.log(`messages a day     ${Math.round(report.published / days)}`);
console.log(`requests a day     ${Math.round(report.requests / days)}`);
const unlisted = billed
  .filter(({ name }) => !Object.hasOwn(BILLED, name))
  .map(({ name, count }) => `${name} ${count}`);
if (unlisted.length > 0) console.log(`without a price    ${unlisted.join(', ')}`);
console.log(
  `took               ${Math.round((performance.now() - startedMs) / 1000)} s, ${Math.round(process.memoryUsage.rss() / 2 ** 20)} MiB`,
);

const broken = brokenPromises(report);
for (const promise of broken) console.error(`BROKEN: ${promise}`);
process.exit(broken.length === 0 ? 0 : 1);

function brokenPromises(of: ScaleReport): string[] {
  return [
    of.missedTimes === 0
      ? ''
      : `${of.missedTimes} scheduled times were taken up by no tick of the two after them`,
    of.starved === 0
      ? ''
      : `${of.starved} repositories waited for more than six hours after a scheduled time`,
    of.unheardPushes === 0
      ? ''
      : `the last pushes to ${of.unheardPushes} repositories were followed by no run`,
    of.deadLetters === 0 ? '' : `${of.deadLetters} pieces of work were given up`,
    of.busiestMinute <= QUOTA_PER_MINUTE ? '' : `${of.busiestMinute} requests in one minute`,
    of.inFlightMax <= INSTANCES ? '' : `${of.inFlightMax} deliveries under way at once`,
  ].filter((promise) => promise !== '');
}
