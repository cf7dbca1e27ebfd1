/**
 * Plays many cases and kills many processes, or plays one of them again: `npm run faults`, or
 * `npm run faults -- --seed 51`, or `npm run faults -- --kill JSON`. Prints how each that broke a promise is played
 * again, and ends with 1 where there was one.
 */
import { parseArgs } from 'node:util';
import { openTheatre, playCase } from './case.ts';
import { type Evidence, violations } from './checker.ts';
import { KILLED_WORKS, type Kill, playKill, replayOf } from './killed.ts';
import { scheduleOf } from './schedule.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '100000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    kills: { type: 'string', default: '2000' },
    kill: { type: 'string' },
  },
});
const isOne = values.seed !== undefined || values.kill !== undefined;
const from = Number(values.seed ?? values.from);
const count = isOne ? Number(values.seed !== undefined) : Number(values.count);
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
    show(evidence);
  }
  if (found.length > 0) {
    broken.push(seed);
    console.log(`seed ${seed}:\n  ${found.join('\n  ')}`);
  }
}
let killsBroken = 0;
const kills: readonly Kill[] = isOne
  ? values.kill === undefined
    ? []
    : [JSON.parse(values.kill) as Kill]
  : Array.from({ length: Number(values.kills) }, (_, at) => killOf(at));
for (const kill of kills) {
  const { evidence } = await playKill(theatre, kill);
  if (values.kill !== undefined) show(evidence);
  const found = violations(evidence);
  if (found.length === 0) continue;
  killsBroken += 1;
  console.log(`${replayOf(kill)}:\n  ${found.join('\n  ')}`);
}
await theatre.close();
const seconds = (performance.now() - startedAtMs) / 1000;
console.log(
  `${count} cases and ${kills.length} kills in ${seconds.toFixed(1)} s, ${killsBroken} kills and ${broken.length} cases broke a promise${broken.length === 0 ? '' : `: ${broken.join(', ')}`}`,
);
console.log(Object.fromEntries([...tally].sort()));
process.exitCode = broken.length + killsBroken === 0 ? 0 : 1;

/** Goes round all kinds of work, and the boundaries that a process passes and some more. */
function killOf(number: number): Kill {
  const turn = number >> 1;
  const doing = KILLED_WORKS[turn % KILLED_WORKS.length] ?? 'deletes';
  const place = Math.floor(turn / KILLED_WORKS.length);
  return {
    guard: number % 2 === 0 ? 'google' : 'plain',
    doing,
    point: { kind: place % 2 === 0 ? 'ledger' : 'request', at: 1 + ((place >> 1) % 100) },
  };
}

function show({ events, journal }: Evidence): void {
  for (const [at, event] of events.entries()) console.log(at, JSON.stringify(event));
  for (const { intent, settlement } of journal) {
    console.log(intent.runId, JSON.stringify(intent.step), JSON.stringify(settlement?.outcome));
  }
}
