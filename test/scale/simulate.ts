import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Request, Response } from '@google-cloud/functions-framework';
import { cleanHandler } from '../../functions/handlers/clean.ts';
import { openSqliteLedger } from '../../shared/adapters/ledger/sqlite/ledger.ts';
import { dispatch } from '../../shared/app/dispatch.ts';
import { createPushMarker } from '../../shared/app/mark-push.ts';
import { recordImageEvent } from '../../shared/app/record-event.ts';
import { known } from '../../shared/core/fact.ts';
import { parsePolicyFile } from '../../shared/core/policy-file/parse.ts';
import { parseTarget } from '../../shared/core/reference.ts';
import { nextTime } from '../../shared/core/schedule.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../shared/core/units.ts';
import { parseWork } from '../../shared/core/work.ts';
import type { Ledger, Logger } from '../../shared/ports.ts';
import { type Dice, diceOf } from '../faults/dice.ts';
import { ScaleRegistry } from './registry.ts';
import { type Delivered, type ScaleMessage, ScaleSubscription } from './subscription.ts';
import { Timeline } from './timeline.ts';

export interface ScaleOptions {
  readonly repositories: number;
  readonly digests: number;
  readonly days: number;
  /** Of so many repositories one has all of its digests in its listings; the others have a few that stand for them. */
  readonly wholeEvery: number;
  readonly seed: number;
  readonly tell?: (line: string) => void;
}

export interface ScaleReport {
  readonly deliveries: number;
  readonly published: number;
  readonly killed: number;
  readonly deadLetters: number;
  /** Scheduled times, and those that no tick within two of them took up. */
  readonly scheduledTimes: number;
  readonly missedTimes: number;
  /** Repositories and nights, and those without a run before the next night. */
  readonly nights: number;
  readonly starved: number;
  /** From a scheduled time to the end of the last repository's run for it, the longest. */
  readonly longestNightMs: number;
  readonly pushes: number;
  readonly runsAfterPushes: number;
  /** Repositories that run on pushes, whose last push no run followed. */
  readonly unheardPushes: number;
  readonly busiestMinute: number;
  readonly inFlightMax: number;
  readonly waitingMax: number;
  readonly requests: number;
  readonly deleted: number;
  /** Calls of the ledger by method. */
  readonly calls: Readonly<Record<string, number>>;
}

export const QUOTA_PER_MINUTE = 30_000;
export const INSTANCES = 20;
const TICK_MS = 5 * MINUTE_MS;
const BUDGET_MS = 420_000;
/** A ledger's answer. */
const LEDGER_MS = 8;
const ACK_DEADLINE_MS = 600_000;
/** The night with which it begins: before the clocks go forward in Berlin, so that they do so meanwhile. */
const START_MS = Date.parse('2026-03-10T12:00:00Z');
const LONELY: Promise<never> = new Promise(() => {});

const policyOf = (name: string, rest: string): string => `apiVersion: gcr-warden/v1
policy: ${name}
repositories: ["*/acme/${name}/**"]
${rest}
mode: enforce
delete:
  - pull-requests: { tags: { glob: "pr-*" }, olderThan: 14d }
`;

const POLICIES = [
  policyOf('nightly', 'schedule: { cron: "30 2 * * *", timeZone: Europe/Berlin }'),
  policyOf('often', 'schedule: { cron: "0 */6 * * *" }'),
  policyOf('pushed', 'schedule: { cron: "0 4 * * *" }\nonPush: { settle: 10m, atMost: 2h }'),
].join('---\n');

const TEAMS = [
  'nightly',
  'nightly',
  'nightly',
  'nightly',
  'nightly',
  'nightly',
  'nightly',
  'often',
  'pushed',
  'pushed',
];

/**
 * Drives the real `dispatch`, `clean` and recording of events through days of virtual time, over a registry in
 * memory, the SQLite ledger, and Pub/Sub's rules. Workers are killed, messages come twice, ticks are left out.
 */
export async function simulateScale(options: ScaleOptions): Promise<ScaleReport> {
  const { repositories, digests, days } = options;
  const dice = diceOf(options.seed);
  const timeline = new Timeline(START_MS);
  const endMs = START_MS + days * DAY_MS;
  const registry = new ScaleRegistry();
  for (let at = 0; at < repositories; at += 1) {
    const name = `acme/${TEAMS[at % TEAMS.length]}/service-${at}`;
    registry.add(name, digests, at % options.wholeEvery === 0, START_MS);
  }
  const calls: Record<string, number> = {};
  // In memory where there is such a place: the disk's waiting is no part of virtual time.
  const directory = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'warden-scale-'));
  const ledger = counted(await openSqliteLedger(join(directory, 'ledger.sqlite')), calls);
  const set = parsePolicyFile({ file: 'scale.yaml', text: POLICIES, gitRevision: known('4f1c') });
  const policies = { read: async () => set };
  const targets = [parseTarget('europe-docker.pkg.dev/acme')];
  const logger: Logger = { log: () => {} };
  const paces = Array.from({ length: INSTANCES + 1 }, () => ({ nextMs: 0 }));
  const everyMs = (MINUTE_MS * (INSTANCES + 1)) / QUOTA_PER_MINUTE;
  let ids = 0;
  const newId = (): string => {
    ids += 1;
    return `run-${ids}`;
  };
  let killed = 0;
  const runs = new RunsSeen();

  const deliver = async (message: ScaleMessage, instance: number): Promise<Delivered> => {
    const clock = { nowMs: timeline.nowMs };
    const startedAtMs = clock.nowMs;
    const life = lifeOf(dice, 1);
    const access = registry.accessFor(clock, paces[instance] ?? { nextMs: 0 }, everyMs);
    const handler = cleanHandler(
      logger,
      async () => ({
        ...access,
        ledger: life.guard(inTime(ledger, clock, timeline)),
        usage: { read: async () => ({ version: 1, answers: [] }) },
        policies,
        publisher: { publish: async (_topic, data, more = {}) => work.publish(data, more, clock.nowMs) },
        deadLetterTopic: 'dead',
        workTopic: 'work',
        targets,
        clock: () => clock.nowMs,
        newId,
        concurrency: 4,
      }),
      BUDGET_MS,
    );
    let status = 500;
    const done = Promise.resolve(
      handler(
        requestOf(message),
        responseOf((answered) => {
          status = answered;
        }),
      ),
    ).then(() => 'answered' as const);
    const ended = await Promise.race([done, life.death]);
    if (ended === 'killed') {
      killed += 1;
      return 'killed';
    }
    if (status !== 204) return { refusedAtMs: clock.nowMs };
    runs.add(parseWork(message.data), startedAtMs, clock.nowMs);
    return { acknowledgedAtMs: clock.nowMs };
  };
  const rules = {
    instances: INSTANCES,
    ackDeadlineMs: ACK_DEADLINE_MS,
    retryMs: 10_000,
    deliveriesMax: 5,
    duplicatesPerMille: 10,
  };
  const work = new ScaleSubscription(timeline, dice, rules, deliver);

  const due: { policy: string; atMs: number }[] = [];
  const tick = async (): Promise<void> => {
    timeline.at(timeline.nowMs + TICK_MS, tick);
    // Cloud Scheduler left one out.
    if (dice.below(100) === 0) return;
    const clock = { nowMs: timeline.nowMs };
    const life = lifeOf(dice, 5);
    const { registry: reader } = registry.accessFor(clock, paces[INSTANCES] ?? { nextMs: 0 }, everyMs);
    const dispatched = dispatch(
      {
        registry: reader,
        ledger: life.guard(inTime(ledger, clock, timeline)),
        policies,
        publisher: {
          async publish(_topic, data, more = {}) {
            clock.nowMs += 2;
            work.publish(data, more, clock.nowMs);
          },
        },
        workTopic: 'work',
        clock: () => clock.nowMs,
        newId,
        logger,
      },
      targets,
    );
    const ended = await Promise.race([dispatched, life.death]);
    if (ended === 'killed') killed += 1;
    else due.push(...ended.due.map((policy) => ({ policy, atMs: timeline.nowMs })));
  };
  timeline.at(START_MS + MINUTE_MS, tick);

  const markPush = createPushMarker(ledger, () => timeline.nowMs);
  const events = {
    ledger,
    markPush,
    logger,
    publisher: { publish: async () => {} },
    deadLetterTopic: 'dead',
  };
  const names = registry.names();
  const lastPush = new Map<string, number>();
  let pushes = 0;
  const push = async (repository: string): Promise<void> => {
    const { digest, tag } = registry.push(repository, timeline.nowMs);
    lastPush.set(repository, timeline.nowMs);
    pushes += 1;
    const data = JSON.stringify({
      action: 'INSERT',
      digest: `${repository}@${digest}`,
      tag: `${repository}:${tag}`,
    });
    const message = { messageId: `push-${pushes}`, publishedAtMs: timeline.nowMs, data, attributes: {} };
    for (let time = dice.below(100) === 0 ? 2 : 1; time > 0; time -= 1)
      await recordImageEvent(events, message);
  };
  const day = (): void => {
    options.tell?.(
      `day ${Math.round((timeline.nowMs - START_MS) / DAY_MS) + 1} of ${days}: ${work.deliveries} deliveries`,
    );
    timeline.at(timeline.nowMs + DAY_MS, day);
    // One repository in fifty is worked on: builds in bursts of some minutes.
    for (let one = 0; one < Math.max(1, repositories / 50); one += 1) {
      const repository = names[dice.below(names.length)] ?? '';
      const fromMs = timeline.nowMs + dice.below(DAY_MS);
      for (let build = 0; build < 5; build += 1)
        timeline.at(fromMs + build * 3 * MINUTE_MS, () => push(repository));
    }
  };
  timeline.at(START_MS, day);

  await timeline.runUntil(endMs);
  await ledger.close();
  await rm(directory, { recursive: true, force: true });
  // What was due and pushed in the last hours may still be under way.
  const settledMs = endMs - 3 * HOUR_MS;
  const times = set.policies.flatMap(({ name, schedule }) =>
    schedule === null ? [] : timesOf(schedule, START_MS, settledMs).map((atMs) => ({ name, atMs })),
  );
  const missed = times.filter(
    ({ name, atMs }) =>
      !due.some(
        (one) => one.policy === name && one.atMs >= atMs && one.atMs <= atMs + 2 * TICK_MS + MINUTE_MS,
      ),
  );
  const nights = runs.nights(names, times);
  return {
    deliveries: work.deliveries,
    published: work.published,
    killed,
    deadLetters: work.deadLetters.length,
    scheduledTimes: times.length,
    missedTimes: missed.length,
    ...nights,
    pushes,
    runsAfterPushes: runs.afterPushes,
    unheardPushes: [...lastPush].filter(
      ([name, atMs]) =>
        name.includes('/pushed/') && atMs < settledMs && (runs.lastStart.get(name) ?? 0) < atMs,
    ).length,
    busiestMinute: registry.busiestMinute,
    inFlightMax: work.inFlightMax,
    waitingMax: work.waitingMax,
    requests: registry.requests,
    deleted: registry.deleted,
    calls,
  };
}

/** Which repository was cleaned for which scheduled time, and when last. */
class RunsSeen {
  readonly #ends = new Map<string, number[]>();
  readonly lastStart = new Map<string, number>();
  afterPushes = 0;

  add({ repository, trigger }: ReturnType<typeof parseWork>, startedAtMs: number, endedAtMs: number): void {
    if (trigger === 'push') this.afterPushes += 1;
    this.lastStart.set(repository, Math.max(startedAtMs, this.lastStart.get(repository) ?? 0));
    const ends = this.#ends.get(repository) ?? [];
    ends.push(endedAtMs);
    this.#ends.set(repository, ends);
  }

  nights(names: readonly string[], times: readonly { name: string; atMs: number }[]) {
    let [nights, starved, longestNightMs] = [0, 0, 0];
    for (const repository of names) {
      const ends = (this.#ends.get(repository) ?? []).sort((a, b) => a - b);
      let next = 0;
      for (const { name, atMs } of times) {
        if (!repository.includes(`/${name}/`)) continue;
        nights += 1;
        while ((ends[next] ?? Number.POSITIVE_INFINITY) <= atMs) next += 1;
        const waitedMs = (ends[next] ?? Number.POSITIVE_INFINITY) - atMs;
        if (waitedMs > 6 * HOUR_MS) starved += 1;
        else longestNightMs = Math.max(longestNightMs, waitedMs);
      }
    }
    return { nights, starved, longestNightMs };
  }
}

function timesOf(schedule: Parameters<typeof nextTime>[0], fromMs: number, untilMs: number): number[] {
  const times: number[] = [];
  for (let atMs = nextTime(schedule, fromMs); atMs < untilMs; atMs = nextTime(schedule, atMs))
    times.push(atMs);
  return times;
}

/** A process that is killed, in so many of a thousand cases, at one of its calls of the ledger: it goes no further. */
function lifeOf(dice: Dice, killedPerMille: number) {
  let left = dice.below(1_000) < killedPerMille ? 1 + dice.below(14) : Number.POSITIVE_INFINITY;
  let die: (word: 'killed') => void = () => {};
  const death = new Promise<'killed'>((resolve) => {
    die = resolve;
  });
  return {
    death,
    guard: (ledger: Ledger): Ledger =>
      eachCall(ledger, async (_name, call) => {
        left -= 1;
        if (left <= 0) {
          die('killed');
          return LONELY;
        }
        return call();
      }),
  };
}

/** The ledger in virtual time: each call takes a moment, and a lease is given back when its run ends, not when it is computed. */
function inTime(ledger: Ledger, clock: { nowMs: number }, timeline: Timeline): Ledger {
  return eachCall(ledger, async (name, call) => {
    clock.nowMs += LEDGER_MS;
    if (name !== 'releaseLease') return call();
    timeline.at(clock.nowMs, async () => void (await call()));
    return undefined;
  });
}

function counted(ledger: Ledger, calls: Record<string, number>): Ledger {
  return eachCall(ledger, (name, call) => {
    calls[name] = (calls[name] ?? 0) + 1;
    return call();
  });
}

function eachCall(
  ledger: Ledger,
  around: (name: string, call: () => Promise<unknown>) => Promise<unknown>,
): Ledger {
  return new Proxy(ledger, {
    get(of, name) {
      const value: unknown = Reflect.get(of, name);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]) => around(String(name), async () => Reflect.apply(value, of, given));
    },
  });
}

function requestOf({ id, data, attributes, publishedAtMs }: ScaleMessage): Request {
  const message = {
    data: Buffer.from(data).toString('base64'),
    attributes,
    messageId: id,
    publishTime: new Date(publishedAtMs).toISOString(),
  };
  return { headers: {}, body: { message } } as Request;
}

function responseOf(onStatus: (status: number) => void): Response {
  const response = {
    status(status: number) {
      onStatus(status);
      return response;
    },
    end: () => response,
    json: () => response,
  };
  return response as unknown as Response;
}
