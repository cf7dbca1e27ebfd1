import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalRegistry, type Notification, startLocalRegistry } from '../../local/registry/index.ts';
import { openSqliteLedger } from '../../shared/adapters/ledger/sqlite/ledger.ts';
import { createRegistryReader, createRegistryWriter } from '../../shared/adapters/registry/client.ts';
import { fixedCredentials } from '../../shared/adapters/registry/credentials.ts';
import { createTransport } from '../../shared/adapters/registry/transport.ts';
import type { ApplyPorts } from '../../shared/app/apply-request.ts';
import { type RestorePorts, restore } from '../../shared/app/restore.ts';
import type { Digest } from '../../shared/core/digest.ts';
import { WardenError } from '../../shared/core/error.ts';
import type { Descriptor } from '../../shared/core/manifest.ts';
import type { Plan } from '../../shared/core/plan.ts';
import type { Repository } from '../../shared/core/reference.ts';
import { DAY_MS, MINUTE_MS } from '../../shared/core/units.ts';
import type { Ledger, TagKeeper, UsageReader } from '../../shared/ports.ts';
import type { Evidence } from './checker.ts';
import { type Dice, diceOf } from './dice.ts';
import { type Gate, type Gateway, openGateway, type Passing, type RequestFault } from './gateway.ts';
import { Life } from './life.ts';
import type { OthersAct, Schedule, Shift } from './schedule.ts';
import { CONCURRENCY, policyOf, work } from './worker.ts';
import { World } from './world.ts';

const START_MS = Date.UTC(2026, 0, 31, 3);

/** How long a slow request is on its way. */
const SLOW_MS = 50_000;

/** Runs without faults at the end, at most; each is a day later where a day's limit holds back the rest. */
const QUIET_RUNS_MAX = 12;

/** Registries with gateways in front, for many cases one after the other. */
export interface Theatre {
  readonly registries: Readonly<Record<Schedule['guard'], { registry: LocalRegistry; gateway: Gateway }>>;
  readonly directory: string;
  /** The world that is played now. */
  world: World | null;
  /** The ledger that is told what happens. */
  ledger: Ledger | null;
  /** So that each case has a repository and a ledger of its own. */
  caseCount: number;
  close(): Promise<void>;
}

/** Memory-backed where there is such a directory: nothing here has to survive the machine. */
function temporaryDirectory(): string {
  const shared = '/dev/shm';
  const base = statSync(shared, { throwIfNoEntry: false })?.isDirectory() === true ? shared : tmpdir();
  return mkdtempSync(join(base, 'gcr-warden-faults-'));
}

export async function openTheatre(): Promise<Theatre> {
  const directory = temporaryDirectory();
  const open = async (guard: Schedule['guard']) => {
    let messages = 0;
    const registry = await startLocalRegistry({
      directory: join(directory, guard),
      dialect: { guard },
      now: () => theatre.world?.nowMs ?? START_MS,
      notify: async (notification: Notification, atMs) => {
        const { world, ledger } = theatre;
        world?.notified(notification);
        messages += 1;
        if (world !== null && ledger !== null) await record(world, ledger, notification, atMs, messages);
      },
    });
    return { registry, gateway: await openGateway(registry.address) };
  };
  const theatre: Theatre = {
    directory,
    world: null,
    ledger: null,
    caseCount: 0,
    registries: {} as Theatre['registries'],
    async close() {
      for (const { registry, gateway } of Object.values(theatre.registries)) {
        await gateway.close();
        await registry.close();
      }
      rmSync(directory, { recursive: true, force: true });
    },
  };
  return Object.assign(theatre, { registries: { google: await open('google'), plain: await open('plain') } });
}

/** Tells the ledger what the registry told, as the deployed function does. */
async function record(
  world: World,
  ledger: Ledger,
  { action, digest, tag }: Notification,
  publishedAtMs: number,
  message: number,
): Promise<void> {
  await ledger.recordEvent({
    version: 1,
    messageId: `m-${message}`,
    publishedAtMs,
    action,
    repository: worldName(world),
    digest: (digest?.slice(digest.indexOf('@') + 1) ?? null) as Digest | null,
    tag: tag === undefined ? null : tag.slice(tag.lastIndexOf(':') + 1),
  });
}

const names = new WeakMap<World, string>();

function worldName(world: World): string {
  return names.get(world) ?? '';
}

/** Faults of the program itself, for tests of the checker. */
export interface Planted {
  readonly ports?: (ports: ApplyPorts, life: Life) => ApplyPorts;
  readonly plan?: (plan: Plan) => Plan;
}

/** A case that is under way. */
export interface CaseStage {
  readonly schedule: Schedule;
  readonly world: World;
  /** As the processes name it: behind the gateway. */
  readonly repository: Repository;
  readonly gateway: Gateway;
  /** The tests' own handle. */
  readonly ledger: Ledger;
  readonly ledgerPath: string;
  readonly dice: Dice;
  readonly planted: Planted;
  /** Processes that died so far. */
  crashes: number;
}

/** Sets a case up, plays what is to be played, lets it come to rest, and gathers what the checker needs. */
export async function openCase(
  theatre: Theatre,
  schedule: Schedule,
  planted: Planted,
  play: (stage: CaseStage) => Promise<void>,
): Promise<Evidence> {
  const { registry, gateway } = theatre.registries[schedule.guard];
  theatre.caseCount += 1;
  const world = new World(registry, `acme/case-${theatre.caseCount}/api`, START_MS);
  const repository: Repository = { host: gateway.host, name: world.repository.name };
  const name = `${repository.host}/${repository.name}`;
  names.set(world, name);
  const ledgerPath = join(theatre.directory, `case-${theatre.caseCount}.sqlite`);
  const ledger = await openSqliteLedger(ledgerPath, { clock: () => world.nowMs });
  theatre.world = world;
  theatre.ledger = ledger;
  const dice = diceOf(schedule.seed + 1);
  try {
    await furnish(world, schedule, ledger, name);
    const stage: CaseStage = {
      schedule,
      world,
      repository,
      gateway,
      ledger,
      ledgerPath,
      dice,
      planted,
      crashes: 0,
    };
    await play(stage);
    const cameToRest = await playQuietRuns(stage);
    return {
      schedule,
      events: world.events,
      relations: world.relations,
      standing: await world.standing(),
      journal: await ledger.journal({ repository: name, limit: 10_000 }),
      marks: await ledger.quarantine(name),
      openIntents: (await ledger.openIntents(name)).length,
      cameToRest,
      restored: await playRestore(stage),
      crashes: stage.crashes,
      concurrency: CONCURRENCY,
    };
  } finally {
    theatre.world = null;
    theatre.ledger = null;
    await ledger.close();
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${ledgerPath}${suffix}`, { force: true });
  }
}

/** Plays the case of a schedule, whose processes die without ending this one. */
export function playCase(theatre: Theatre, schedule: Schedule, planted: Planted = {}): Promise<Evidence> {
  return openCase(theatre, schedule, planted, async (stage) => {
    for (const [at, shift] of schedule.shifts.entries()) {
      await playShift(stage, shift, `shift-${at + 1}`);
      // What a process left behind is not taken over before its lease ends.
      if (stage.dice.percent(70)) stage.world.nowMs += 20 * MINUTE_MS;
    }
  });
}

/** Pushes what the repository holds at the beginning. */
async function furnish(world: World, schedule: Schedule, ledger: Ledger, name: string): Promise<void> {
  const { images, inUse, onHold } = schedule;
  const order = [...images.entries()].sort(([, a], [, b]) => b.daysOld - a.daysOld);
  const pushed = new Map<number, Descriptor>();
  for (const [at, { tags, daysOld, shape }] of order) {
    world.nowMs = START_MS - daysOld * DAY_MS;
    if (shape === 'index') {
      const children = [await world.push(`${at} amd64`, []), await world.push(`${at} arm64`, [])];
      pushed.set(at, await world.pushIndex(`${at}`, tags, children));
      continue;
    }
    const image = await world.push(`${at}`, tags);
    pushed.set(at, image);
    if (shape === 'signed') await world.sign(image);
    if (shape === 'with sbom') await world.push(`sbom of ${at}`, [], image);
  }
  world.nowMs = START_MS;
  const used = inUse === null ? undefined : pushed.get(inUse);
  if (used !== undefined) {
    world.running.add(used.digest);
    world.tell({ kind: 'came into use', digest: used.digest });
  }
  const held = onHold === null ? undefined : pushed.get(onHold);
  if (held === undefined) return;
  await ledger.saveHold({
    version: 1,
    repository: name,
    on: { kind: 'digest', digest: held.digest },
    reason: 'an incident',
    by: 'somebody',
    atMs: world.nowMs,
    untilMs: null,
  });
  world.tell({ kind: 'put on hold', digest: held.digest });
}

/** Lets one process work, with everything that befalls it, and others beside it. */
export async function playShift(stage: CaseStage, shift: Shift, name: string): Promise<void> {
  const { world, gateway, planted } = stage;
  const life = new Life(name, shift.dieAt);
  const beside: Promise<void>[] = [];
  let requests = 0;
  let lists = 0;
  const boundary = async (): Promise<void> => {
    const at = life.passed + 1;
    for (const incident of shift.incidents) {
      if (incident.at !== at || life.isOver) continue;
      if (typeof incident.what === 'string') await act(stage, incident.what);
      else world.nowMs += incident.what.clockMs;
    }
    // What is still under way in a dead process comes here too, and nobody waits any more for whom it would begin.
    if (shift.besideAt === at && !life.isOver) beside.push(playShift(stage, QUIET, `${name}-beside`));
    await life.boundary();
  };
  const gate: Gate = {
    async before(passing) {
      requests += 1;
      const fault = shift.requestFaults.get(requests) ?? 'none';
      await boundary();
      // What would cut a listing leaves anything else as it is.
      const reaches: readonly RequestFault[] = ['none', 'cut after', 'cut listing', 'slow'];
      // Later than the transport would wait for it, were its clock the world's.
      if (fault === 'slow') world.nowMs += SLOW_MS;
      // From when it is asked: what is pushed while the answer is on its way was not seen.
      const looked = lookOf(passing);
      if (looked !== null && reaches.includes(fault)) world.tell({ kind: 'looked', by: name, at: looked });
      const isSent = changes(passing) && reaches.includes(fault);
      if (isSent) world.tell({ kind: 'sent', by: name, step: stepOf(passing) });
      return fault;
    },
    async after(passing) {
      if (lookOf(passing) === 'all tags') lists += 1;
      await boundary();
    },
    cutListing: () => {
      // Later ones are only looked at for the form in which the registry answers.
      if (lists === 1) world.tell({ kind: 'shown a cut listing', by: name });
    },
  };
  gateway.gates.set(name, gate);
  const working = work({
    repository: stage.repository,
    life: new Proxy(life, {
      get(of, key) {
        if (key === 'boundary') return boundary;
        const value: unknown = Reflect.get(of, key, of);
        return typeof value === 'function' ? value.bind(of) : value;
      },
    }),
    ledger: stage.ledger,
    usage: usageOf(world, name, shift.isUsageUnknown),
    clock: () => world.nowMs,
    sleep: async (delayMs) => {
      if (life.isOver) await new Promise(() => {});
      world.nowMs += delayMs;
    },
    policies: policyOf(stage.schedule),
    ledgerFaults: shift.ledgerFaults,
    tell: (event) => world.tell(event),
    tags: stage.schedule.guard === 'google' ? keeperOf(world) : null,
    ...(planted.ports === undefined ? {} : { plant: (ports) => planted.ports?.(ports, life) ?? ports }),
    ...(planted.plan === undefined ? {} : { plantPlan: planted.plan }),
  }).then(
    () => {},
    (problem: unknown) => {
      // A plan can fail as a whole where the ledger does; anything else is a fault of the program.
      if (!(problem instanceof Error && 'code' in problem)) throw problem;
    },
  );
  await Promise.race([working, life.death]);
  if (life.isOver) stage.crashes += 1;
  gateway.cut(name);
  await Promise.all(beside);
}

export const QUIET: Shift = {
  dieAt: null,
  requestFaults: new Map(),
  ledgerFaults: [],
  incidents: [],
  isUsageUnknown: false,
  besideAt: null,
};

/** Whether a request asks for anything but an answer. */
export function changes({ method }: Passing): boolean {
  return method !== 'GET' && method !== 'HEAD';
}

/** The step that a request takes. No plan has any but to delete a digest and to remove a tag; what else it asks for has no intent. */
export function stepOf({ method, path }: Passing): string {
  const [, reference = ''] = /^\/v2\/[^?]+\/manifests\/([^/?]+)$/.exec(path) ?? [];
  if (method !== 'DELETE' || reference === '') return `${method} ${path}`;
  return reference.startsWith('sha256:') ? `delete ${reference}` : `untag ${reference}`;
}

/** What a request tells about tags: what one points at, or all of them. */
export function lookOf({ method, path }: Passing): string | null {
  if (path.includes('/tags/list')) return 'all tags';
  const reference = path.slice(path.lastIndexOf('/') + 1);
  return method !== 'DELETE' && path.includes('/manifests/') && !reference.startsWith('sha256:')
    ? reference
    : null;
}

/** Artifact Registry's API beside the registry: it makes a tag where there is none. */
function keeperOf(world: World): TagKeeper {
  return {
    keeps: () => true,
    async createTag({ name }, tag, digest) {
      const made = world.registry.createTag(name, tag, digest);
      if (made === 'created') world.tell({ kind: 'pushed', by: 'warden', digest, tag });
      if (made === 'absent') throw new Error(`there is no ${digest}`);
      return made;
    },
  };
}

function usageOf(world: World, name: string, isUnknown: boolean): UsageReader {
  return {
    async read() {
      world.tell({ kind: 'told what runs', by: name, isKnown: !isUnknown });
      if (isUnknown) {
        return {
          version: 1,
          answers: [{ kind: 'unknown', source: 'cluster', reason: 'it does not answer' }],
        };
      }
      const uses = [...world.running].map((digest) => ({
        repository: worldName(world),
        digest,
        tag: null,
        by: 'pod prod/api',
      }));
      return { version: 1, answers: [{ kind: 'complete', source: 'cluster', asOfMs: world.nowMs, uses }] };
    },
  };
}

/** Somebody else does something to what is about to go. */
async function act({ schedule, world, dice }: CaseStage, what: OthersAct): Promise<void> {
  const standing = toldStanding(world);
  const doomedTags = Object.values(standing)
    .flat()
    .filter((tag) => tag.startsWith('pr-'))
    .sort();
  const tag = doomedTags[dice.below(doomedTags.length)];
  const holder = Object.entries(standing).find(([, tags]) => tag !== undefined && tags.includes(tag))?.[0];
  switch (what) {
    case 'moves a tag':
      if (tag !== undefined) await world.push(`moved at ${world.events.length}`, [tag]);
      return;
    case 'pushes something new':
      await world.push(`new at ${world.events.length}`, [`new-${world.events.length}`]);
      return;
    case 'deletes a tag':
      // A plain registry knows no such thing.
      if (tag !== undefined && schedule.guard === 'google') await world.remove(tag);
      return;
    case 'tags a digest':
      if (holder !== undefined) await world.tag(holder as Digest, `saved-${world.events.length}`);
      return;
    case 'takes a digest into an index':
      // A plain registry lets a child go, and nobody can look for new parents before each delete.
      if (holder !== undefined && schedule.guard === 'google') await world.adopt(holder as Digest);
      return;
    case 'revokes all tokens':
      world.registry.revokeTokens();
  }
}

/** Runs without faults until nothing is left to do. */
async function playQuietRuns(stage: CaseStage): Promise<boolean> {
  const { world, schedule } = stage;
  world.nowMs += 20 * MINUTE_MS;
  for (let run = 1; run <= QUIET_RUNS_MAX; run += 1) {
    const before = world.events.filter(({ kind }) => kind === 'sent').length;
    await playShift(stage, QUIET, `quiet-${run}`);
    const open = (await stage.ledger.openIntents(worldName(world))).length;
    const sent = world.events.filter(({ kind }) => kind === 'sent').length - before;
    // What is in quarantine goes when its days are over, and so after runs that sent nothing.
    const isWaiting = run <= (schedule.quarantineDays ?? -1) + 1;
    if (sent === 0 && open === 0 && !isWaiting) return true;
    if (isWaiting || schedule.limits.perDay !== null) world.nowMs += DAY_MS;
    else world.nowMs += MINUTE_MS;
  }
  return false;
}

/** Brings back what every run took, the latest first, and looks at what stands then. */
async function playRestore(stage: CaseStage): Promise<Readonly<Record<Digest, readonly string[]>>> {
  const { world, repository, gateway, ledger } = stage;
  const name = 'restorer';
  gateway.gates.set(name, {
    before: async () => 'none',
    after: async () => {},
    cutListing: () => {},
  });
  const clock = (): number => world.nowMs;
  const transport = createTransport({ clock, userAgent: name, paceOf: () => null });
  const client = { transport, credentials: fixedCredentials({}), clock };
  let ids = 0;
  const ports: RestorePorts = {
    registry: createRegistryReader(client),
    writer: createRegistryWriter(client),
    ledger,
    clock,
    newId: () => {
      ids += 1;
      return `${name}-${ids}`;
    },
    logger: { log: () => {} },
    concurrency: CONCURRENCY,
    ...(stage.schedule.guard === 'google' ? { tags: keeperOf(world) } : {}),
  };
  world.nowMs += 20 * MINUTE_MS;
  const runs = await ledger.runs({ repository: worldName(world), limit: 100 });
  for (const run of runs.filter(({ mode }) => mode === 'apply')) {
    try {
      await restore(ports, {
        repository,
        source: { kind: 'run', runId: run.id },
        by: 'somebody',
        holdMs: null,
        isDryRun: false,
      });
    } catch (problem) {
      if (!(problem instanceof WardenError && problem.code === 'NOTHING_TO_RESTORE')) throw problem;
    }
  }
  await transport.close();
  gateway.cut(name);
  return world.standing();
}

/** What stands, by what the registry told. */
function toldStanding(world: World): Readonly<Record<Digest, readonly string[]>> {
  const standing: Record<Digest, string[]> = {};
  const holders = new Map<string, Digest>();
  for (const event of world.events) {
    if (event.kind === 'pushed') {
      standing[event.digest] ??= [];
      if (event.tag !== null) holders.set(event.tag, event.digest);
    } else if (event.kind === 'untagged') holders.delete(event.tag);
    else if (event.kind === 'deleted') {
      delete standing[event.digest];
      for (const [tag, digest] of holders) if (digest === event.digest) holders.delete(tag);
    }
  }
  for (const [tag, digest] of holders) standing[digest]?.push(tag);
  return standing;
}
