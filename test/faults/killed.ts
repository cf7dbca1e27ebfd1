import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { DAY_MS, MINUTE_MS } from '../../shared/core/units.ts';
import { type CaseStage, changes, lookOf, openCase, playShift, QUIET, stepOf, type Theatre } from './case.ts';
import type { Evidence } from './checker.ts';
import { stepText } from './event.ts';
import type { Passing } from './gateway.ts';
import type { ProcessOrder } from './process.ts';
import type { PlannedImage, Schedule } from './schedule.ts';

const PROCESS = fileURLToPath(new URL('process.ts', import.meta.url));

/** Where a real process is killed: at a boundary of its ledger, or of its requests; nowhere to count them. */
export type KillPoint =
  | { readonly kind: 'ledger' | 'request'; readonly at: number }
  | { readonly kind: 'none' };

/**
 * What a process that is killed does: it deletes at once; or its pull requests are in quarantine first, and it is the
 * run that marks them, or the one a day later for which their time is over.
 */
export const KILLED_WORKS = ['deletes', 'marks', 'deletes what was marked'] as const;

/** Everything of one kill. */
export interface Kill {
  readonly guard: Schedule['guard'];
  readonly doing: (typeof KILLED_WORKS)[number];
  readonly point: KillPoint;
}

/** The command that kills the same process at the same point again. */
export function replayOf(kill: Kill): string {
  return `npm run faults -- --kill '${JSON.stringify(kill)}'`;
}

/** How a process ended. */
export interface Ending {
  readonly evidence: Evidence;
  readonly wasKilled: boolean;
}

/** A repository with one of everything. */
const IMAGES: readonly PlannedImage[] = [
  { tags: ['pr-1', 'pr-1-debug'], daysOld: 40, shape: 'signed' },
  { tags: ['pr-2'], daysOld: 20, shape: 'index' },
  { tags: [], daysOld: 30, shape: 'with sbom' },
  { tags: ['stable'], daysOld: 90, shape: 'index' },
  { tags: ['pr-3'], daysOld: 2, shape: 'image' },
];

const QUARANTINE_DAYS = 1;

function scheduleFor({ guard, doing }: Kill): Schedule {
  return {
    seed: 1,
    guard,
    images: IMAGES,
    limits: { digests: 100, perDay: null },
    perDayScope: 'policy',
    quarantineDays: doing === 'deletes' ? null : QUARANTINE_DAYS,
    inUse: null,
    onHold: null,
    shifts: [],
  };
}

/** Lets a real process work, kills it at one point with SIGKILL, and lets others finish what it left. */
export async function playKill(theatre: Theatre, kill: Kill): Promise<Ending> {
  let ending: Omit<Ending, 'evidence'> | null = null;
  const evidence = await openCase(theatre, scheduleFor(kill), {}, async (stage) => {
    if (kill.doing === 'deletes what was marked') {
      await playShift(stage, QUIET, 'marker');
      stage.world.nowMs += QUARANTINE_DAYS * DAY_MS + MINUTE_MS;
    }
    ending = await runAndKill(stage, kill.point);
  });
  if (ending === null) throw new Error('the process was not begun');
  return { ...(ending as Omit<Ending, 'evidence'>), evidence };
}

async function runAndKill(stage: CaseStage, point: KillPoint): Promise<Omit<Ending, 'evidence'>> {
  const { world, gateway, repository, ledger, ledgerPath } = stage;
  const name = 'process';
  const order: ProcessOrder = {
    name,
    repository,
    ledgerPath,
    nowMs: world.nowMs,
    dieAt: point.kind === 'ledger' ? point.at : null,
    quarantineDays: stage.schedule.quarantineDays,
  };
  const child = spawn(process.execPath, [PROCESS, JSON.stringify(order)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let complained = '';
  child.stderr.on('data', (piece: Buffer) => {
    complained += piece.toString('utf8');
  });
  let requestBoundaries = 0;
  const boundary = async (): Promise<void> => {
    requestBoundaries += 1;
    if (point.kind !== 'request' || point.at !== requestBoundaries) return;
    child.kill('SIGKILL');
    await new Promise(() => {});
  };
  gateway.gates.set(name, {
    async before(passing: Passing) {
      await boundary();
      if (changes(passing)) {
        // What is on the disk now is what a successor would find.
        const open = await ledger.openIntents(`${repository.host}/${repository.name}`);
        const steps = open.map(({ step }) => ({ text: stepText(step), digest: step.digest }));
        world.tell({ kind: 'intended', by: name, steps });
        world.tell({ kind: 'sent', by: name, step: stepOf(passing) });
      }
      return 'none';
    },
    async after(passing) {
      const looked = lookOf(passing);
      if (looked !== null) world.tell({ kind: 'looked', by: name, at: looked });
      await boundary();
    },
    cutListing: () => {},
  });
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve) =>
    child.once('close', (...ended) => resolve(ended)),
  );
  gateway.cut(name);
  if (signal !== 'SIGKILL' && code !== 0) throw new Error(`the process ended with ${code}: ${complained}`);
  return { wasKilled: signal === 'SIGKILL' };
}
