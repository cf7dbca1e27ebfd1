/**
 * Plays many cases and kills many processes, or plays one case again: `npm run faults`, or
 * `npm run faults -- --seed 51`. Prints the seed of every case that broke a promise, and ends with 1 where there
 * was one.
 */
import { parseArgs } from 'node:util';
import { openTheatre, playCase } from './case.ts';
import { violations } from './checker.ts';
import { KILLED_WORKS, type Kill, type KillPoint, playKill } from './killed.ts';
import { scheduleOf } from './schedule.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '100000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    kills: { type: 'string', default: '2000' },
  },
});
const from = Number(values.seed ?? values.from);
const count = values.seed === undefined ? Number(values.count) : 1;
const startedAtMs = performance.now();
const theatre = await openTheatre();
const broken: number[] = [];
const tally = new Map<string, number>();
for (let seed = from; seed < from + count; seed += 1) {
  const evidence = await playCase(theatre, scheduleOf(seed));
  const found = violations(evidence);
  for (const { settlement } of evidence.journal) {
    const outcome = settlement?.outcome;
    const label = outcome === undefined ? 'open' : outcome.kind === 'skipped' ? outcome.why : outcome.kind;
    tally.set(label, (tally.get(label) ?? 0) + 1);
  }
  if (values.seed !== undefined) {
    console.dir(evidence.schedule, { depth: 6 });
    for (const [at, event] of evidence.events.entries()) console.log(at, JSON.stringify(event));
    for (const { intent, settlement } of evidence.journal) {
      console.log(intent.runId, JSON.stringify(intent.step), JSON.stringify(settlement?.outcome));
    }
  }
  if (found.length > 0) {
    broken.push(seed);
    console.log(`seed ${seed}:\n  ${found.join('\n  ')}`);
  }
}
let killsBroken = 0;
const kills = values.seed === undefined ? Number(values.kills) : 0;
for (let kill = 0; kill < kills; kill += 1) {
  const guard = kill % 2 === 0 ? 'google' : 'plain';
  const turn = kill >> 1;
  const doing = KILLED_WORKS[turn % KILLED_WORKS.length] ?? 'deletes';
  const what: Kill = { guard, doing, point: killPoint(Math.floor(turn / KILLED_WORKS.length)) };
  const { evidence } = await playKill(theatre, what);
  const found = violations(evidence);
  if (found.length === 0) continue;
  killsBroken += 1;
  console.log(`kill ${JSON.stringify(what)}:\n  ${found.join('\n  ')}`);
}
await theatre.close();
const seconds = (performance.now() - startedAtMs) / 1000;
console.log(
  `${count} cases and ${kills} kills in ${seconds.toFixed(1)} s, ${killsBroken} kills and ${broken.length} cases broke a promise${broken.length === 0 ? '' : `: ${broken.join(', ')}`}`,
);
console.log(Object.fromEntries([...tally].sort()));
process.exitCode = broken.length + killsBroken === 0 ? 0 : 1;

/** Goes round the boundaries that a process passes, and some more. */
function killPoint(number: number): KillPoint {
  return { kind: number % 2 === 0 ? 'ledger' : 'request', at: 1 + ((number >> 1) % 60) };
}
