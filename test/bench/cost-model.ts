/** What is billed for documents of Firestore. */
export interface Operations {
  readonly reads: number;
  readonly writes: number;
  readonly deletes: number;
}

/** What `billed-operations.ts` counted, as docs/measurements.md has it. */
export interface Counted {
  readonly quietNight: Operations;
  /** 20 pushes to one repository. */
  readonly pushes: Operations;
  readonly nightAfterPushes: Operations;
  /** 200 images with their tags. */
  readonly nightThatDeletes: Operations;
  readonly tickDue: Operations;
  readonly tickIdle: Operations;
}

/** List prices in US dollars, before free tiers and discounts. docs/cost.md says from where, and as of when. */
export const PRICES = {
  firestoreRead: 0.03 / 100_000,
  firestoreWrite: 0.09 / 100_000,
  firestoreDelete: 0.01 / 100_000,
  firestoreGibMonth: 0.15,
  vcpuSecond: 0.000024,
  gibSecond: 0.0000025,
  request: 0.4 / 1_000_000,
  pubsubTib: 40,
  schedulerJobMonth: 0.1,
  loggingGib: 0.5,
  registryGibMonth: 0.1,
} as const;

/** What is assumed and was not counted; instances have one vCPU. */
export const ASSUMED = {
  days: 30,
  /** Of all repositories, those that are pushed to on a day; each of them 20 times, and 20 images of it go. */
  activeShare: 0.1,
  pushes: 20,
  quietRunS: 2,
  activeRunS: 6,
  eventS: 0.1,
  tickS: 0.5,
  /** Listing the repositories of all targets, once a night. */
  catalogS: 0.002,
  auditS: 30,
  cleanGib: 1,
  otherGib: 0.5,
  /** The least that Pub/Sub bills of a publication and of a delivery. */
  messageBytes: 1_000,
  logBytesARun: 1_500,
  logBytesAnEvent: 800,
  /** In the ledger, of a repository with 2,000 digests. */
  storedMib: 0.3,
  imagesGib: 1,
  jobs: 3,
} as const;

const TICKS_A_DAY = (24 * 60) / 5;
const COUNTED_PUSHES = 20;
const COUNTED_DELETED = 200;
const GIB = 2 ** 30;
const TIB = 2 ** 40;

function sum(...all: readonly Operations[]): Operations {
  const total = (kind: keyof Operations): number => all.reduce((so, one) => so + one[kind], 0);
  return { reads: total('reads'), writes: total('writes'), deletes: total('deletes') };
}

function times(one: Operations, factor: number): Operations {
  return { reads: one.reads * factor, writes: one.writes * factor, deletes: one.deletes * factor };
}

function without(one: Operations, other: Operations): Operations {
  return sum(one, times(other, -1));
}

/** One month with so many repositories: what it takes, and what that costs by line. */
export interface Bill {
  readonly repositories: number;
  readonly operations: Operations;
  readonly vcpuS: number;
  readonly gibS: number;
  readonly requests: number;
  readonly messageBytes: number;
  readonly logBytes: number;
  readonly lines: readonly (readonly [string, number])[];
  readonly total: number;
}

/** The bill of one month. */
export function billOf(repositories: number, counted: Counted): Bill {
  const { days, activeShare, pushes } = ASSUMED;
  const active = repositories * activeShare;
  const events = active * pushes;
  // What goes beside what such a night costs anyway, for each image.
  const deletion = times(without(counted.nightThatDeletes, counted.quietNight), 1 / COUNTED_DELETED);
  const day = sum(
    times(counted.quietNight, repositories - active),
    times(counted.nightAfterPushes, active),
    times(counted.pushes, events / COUNTED_PUSHES),
    // As many go as come: a registry that neither grows nor shrinks. Their events are told too.
    times(deletion, events),
    times(counted.tickIdle, TICKS_A_DAY - 1),
    counted.tickDue,
  );
  const operations = times(day, days);
  const told = events * 2;
  const runS = (repositories - active) * ASSUMED.quietRunS + active * ASSUMED.activeRunS;
  const otherS =
    told * ASSUMED.eventS + TICKS_A_DAY * ASSUMED.tickS + repositories * ASSUMED.catalogS + ASSUMED.auditS;
  const vcpuS = (runS + otherS) * days;
  const gibS = (runS * ASSUMED.cleanGib + otherS * ASSUMED.otherGib) * days;
  const requests = (repositories + told + TICKS_A_DAY + 1) * days;
  // Each message is published once and delivered once; of a run one is told to nobody yet.
  const messageBytes = ((told + repositories) * 2 + repositories + active) * ASSUMED.messageBytes * days;
  const logBytes = (repositories * ASSUMED.logBytesARun + told * ASSUMED.logBytesAnEvent) * days;
  const lines = [
    [
      'Firestore, operations',
      operations.reads * PRICES.firestoreRead +
        operations.writes * PRICES.firestoreWrite +
        operations.deletes * PRICES.firestoreDelete,
    ],
    ['Firestore, storage', ((repositories * ASSUMED.storedMib) / 1024) * PRICES.firestoreGibMonth],
    ['Cloud Run', vcpuS * PRICES.vcpuSecond + gibS * PRICES.gibSecond + requests * PRICES.request],
    ['Pub/Sub', (messageBytes / TIB) * PRICES.pubsubTib],
    ['Cloud Logging', (logBytes / GIB) * PRICES.loggingGib],
    ['Cloud Scheduler', ASSUMED.jobs * PRICES.schedulerJobMonth],
    ['Images of the functions', ASSUMED.imagesGib * PRICES.registryGibMonth],
  ] as const;
  const total = lines.reduce((so, [, price]) => so + price, 0);
  return { repositories, operations, vcpuS, gibS, requests, messageBytes, logBytes, lines, total };
}

/** Reads what was counted from the table of docs/measurements.md. */
export function countedIn(measurements: string): Counted {
  const row = (title: string): Operations => {
    const line = measurements.split('\n').find((each) => each.startsWith(`| ${title}`));
    const [reads, writes, deletes] = (line ?? '')
      .split('|')
      .slice(2, 5)
      .map((cell) => Number(cell.replaceAll(',', '').trim()));
    if (
      reads === undefined ||
      writes === undefined ||
      deletes === undefined ||
      Number.isNaN(reads + writes + deletes)
    )
      throw new Error(`docs/measurements.md has no row of numbers for ${JSON.stringify(title)}.`);
    return { reads, writes, deletes };
  };
  return {
    quietNight: row('a night over it, nothing new'),
    pushes: row('20 pushes to it'),
    nightAfterPushes: row('a night after them'),
    nightThatDeletes: row('a night that deletes 200 images'),
    tickDue: row('a tick of the scheduler with a policy due'),
    tickIdle: row('a tick with nothing due'),
  };
}

function dollars(price: number): string {
  return price < 0.005
    ? '< 0.01'
    : price.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}

function whole(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}

function row(...cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** The tables of docs/cost.md. */
export function costTables(bills: readonly Bill[]): string {
  const [first] = bills;
  const head = (title: string): string[] => [
    row(title, ...bills.map(({ repositories }) => whole(repositories))),
    `|---|${bills.map(() => '---:|').join('')}`,
  ];
  const each = (title: string, value: (bill: Bill) => string): string => row(title, ...bills.map(value));
  return [
    ...head('US dollars a month, repositories'),
    ...(first?.lines ?? []).map(([title], index) =>
      each(title, ({ lines }) => dollars(lines[index]?.[1] ?? 0)),
    ),
    each('**together**', ({ total }) => `**${dollars(total)}**`),
    '',
    ...head('in a month, repositories'),
    each('Firestore reads', ({ operations }) => whole(operations.reads)),
    each('Firestore writes', ({ operations }) => whole(operations.writes)),
    each('Firestore deletes', ({ operations }) => whole(operations.deletes)),
    each('vCPU-seconds', ({ vcpuS }) => whole(vcpuS)),
    each('GiB-seconds', ({ gibS }) => whole(gibS)),
    each('requests to functions', ({ requests }) => whole(requests)),
    each('Pub/Sub, MB', ({ messageBytes }) => whole(messageBytes / 1e6)),
    each('log, MB', ({ logBytes }) => whole(logBytes / 1e6)),
  ].join('\n');
}
