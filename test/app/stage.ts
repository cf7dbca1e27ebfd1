import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  type Dialect,
  type ImageContent,
  type LocalRegistry,
  type PushTarget,
  pushImage,
  startLocalRegistry,
} from '../../local/registry/index.ts';
import { openSqliteLedger } from '../../shared/adapters/ledger/sqlite/ledger.ts';
import { fixedCredentials } from '../../shared/adapters/registry/credentials.ts';
import { openRegistry } from '../../shared/adapters/registry/open.ts';
import type { ApplyPorts, ApplyRequest } from '../../shared/app/apply-request.ts';
import { createPushMarker } from '../../shared/app/mark-push.ts';
import type { PlanRequest } from '../../shared/app/plan-target.ts';
import { recordImageEvent } from '../../shared/app/record-event.ts';
import type { Digest } from '../../shared/core/digest.ts';
import { known } from '../../shared/core/fact.ts';
import type { Descriptor } from '../../shared/core/manifest.ts';
import type { PolicySet } from '../../shared/core/policy.ts';
import { parsePolicyFile } from '../../shared/core/policy-file/parse.ts';
import { formatRepository, type Repository } from '../../shared/core/reference.ts';
import { DAY_MS } from '../../shared/core/units.ts';
import type { Usage, Use } from '../../shared/core/usage.ts';
import type {
  Ledger,
  Logger,
  PolicyReader,
  Publisher,
  RegistryWriter,
  UsageReader,
} from '../../shared/ports.ts';

export const NOW_MS = Date.UTC(2026, 0, 31, 3);

/** A line of a log, as a test looks at it. */
export interface LogLine {
  readonly severity: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What was published, in its order. */
export interface Published {
  readonly topic: string;
  readonly data: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** A registry, its client and a ledger, with one clock that only the test moves. */
export interface Stage {
  readonly registry: LocalRegistry;
  readonly repository: Repository;
  /** `HOST/NAME` of the repository. */
  readonly name: string;
  readonly ledger: Ledger;
  /** What the use cases need; spread it and replace what has to fail. */
  readonly ports: ApplyPorts;
  /** Puts manifests back; nothing but restoring has it. */
  readonly writer: RegistryWriter;
  readonly log: LogLine[];
  readonly published: Published[];
  readonly publisher: Publisher;
  /** Where images are pushed to. */
  readonly target: PushTarget;
  /** Sets the clock to so many days before (or, negative, after) now, for everything. */
  setDaysAgo(days: number): void;
  /** Pushes an image that differs from every other with another text, so many days ago. */
  push(
    text: string,
    tags: readonly string[],
    days: number,
    content?: Partial<ImageContent>,
  ): Promise<Descriptor>;
  /** What is in the repository now, digests with their tags. */
  standing(): Promise<Readonly<Record<Digest, readonly string[]>>>;
}

/** Names of runs that a test can predict. */
function counted(): () => string {
  let count = 0;
  return () => {
    count += 1;
    return `run-${count}`;
  };
}

/**
 * Sets up everything on free ports and in a directory that goes with the test. Every push and delete is told
 * to the ledger as the deployed functions do it, unless `deaf`.
 */
export async function setStage(
  options: { dialect?: Partial<Dialect>; usage?: UsageReader; deaf?: boolean } = {},
): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), 'gcr-warden-app-'));
  let nowMs = NOW_MS;
  const clock = () => nowMs;
  const ledger = await openSqliteLedger(join(directory, 'ledger.sqlite'), { clock });
  const log: LogLine[] = [];
  const logger: Logger = {
    log: (severity, message, fields = {}) => log.push({ severity, message, fields }),
  };
  const published: Published[] = [];
  const publisher: Publisher = {
    async publish(topic, data, attributes = {}) {
      published.push({ topic, data, attributes });
    },
  };
  const markPush = createPushMarker(ledger, clock);
  let messages = 0;
  const registry = await startLocalRegistry({
    directory: join(directory, 'registry'),
    now: clock,
    ...(options.dialect === undefined ? {} : { dialect: options.dialect }),
    notify: async (notification, publishedAtMs) => {
      if (options.deaf === true) return;
      messages += 1;
      const data = JSON.stringify(notification);
      const message = { messageId: `m-${messages}`, publishedAtMs, data, attributes: {} };
      await recordImageEvent({ ledger, markPush, publisher, deadLetterTopic: 'dead', logger }, message);
    },
  });
  const client = openRegistry({
    credentials: fixedCredentials({}),
    clock,
    logger,
    concurrency: 4,
    manifestCache: ledger,
  });
  onTestFinished(async () => {
    await Promise.all([client.close(), registry.close()]);
    await ledger.close();
    await rm(directory, { recursive: true, force: true });
  });
  const target = { registry: registry.host, name: 'acme/services/api' };
  const repository = { host: registry.host, name: target.name };
  return {
    registry,
    repository,
    name: `${repository.host}/${repository.name}`,
    ledger,
    ports: {
      registry: client.reader,
      deleter: client.deleter(),
      ledger,
      usage: options.usage ?? usageReader(),
      clock,
      newId: counted(),
      logger,
      concurrency: 4,
    },
    writer: client.writer(),
    log,
    published,
    publisher,
    target,
    setDaysAgo(days) {
      nowMs = NOW_MS - days * DAY_MS;
    },
    async push(text, tags, days, content = {}) {
      nowMs = NOW_MS - days * DAY_MS;
      const pushed = await pushImage({
        ...target,
        tags,
        layers: [{ bytes: Buffer.from(text) }],
        ...content,
      });
      // A run of that night would have seen that it has no tag.
      if (tags.length === 0 && days > 0) {
        const seen = { source: 'observed', action: 'INSERT', digest: pushed.digest, tag: null } as const;
        await ledger.recordObserved(formatRepository(repository), [{ ...seen, atMs: nowMs + 1 }]);
      }
      nowMs = NOW_MS;
      return pushed;
    },
    async standing() {
      const { manifests, completeness } = await client.reader.list(repository);
      if (completeness.kind !== 'complete' && manifests.length > 0) throw new Error(completeness.reason);
      return Object.fromEntries(manifests.map(({ digest, tags }) => [digest, tags]));
    },
  };
}

/** An in-use source that answers with what `uses` holds at the time. */
export function usageReader(uses: readonly Use[] = []): UsageReader {
  return {
    async read(): Promise<Usage> {
      return {
        version: 1,
        answers: [{ kind: 'complete', source: 'cluster prod', asOfMs: NOW_MS, uses: [...uses] }],
      };
    },
  };
}

/** The policies of one file. */
export function policies(text: string): PolicySet {
  return parsePolicyFile({ file: 'services.yaml', text, gitRevision: known('0f1e2d3c4b5a') });
}

export function policyReader(text: string): PolicyReader {
  return { read: async () => policies(text) };
}

/** Takes pull-request images after two weeks and untagged ones after one; enforced, without limits that matter. */
export const POLICY = `
apiVersion: gcr-warden/v1
policy: services
repositories: ["**"]
schedule: { cron: "0 3 * * *" }
mode: enforce
limits: { share: 100%, mayEmpty: true }
keep:
  - stable: { tags: { exact: stable } }
delete:
  - untagged: { untaggedFor: 7d }
  - pull-requests: { tags: { glob: "pr-*" }, olderThan: 14d }
`;

export function planRequest(text: string = POLICY, more: Partial<PlanRequest> = {}): PlanRequest {
  return { policies: policies(text), scope: 'all', trigger: 'command', deleting: null, ...more };
}

export function applyRequest(more: Partial<ApplyRequest> = {}): ApplyRequest {
  return { trigger: 'command', untilMs: null, isStopped: () => false, onOutcome: () => {}, ...more };
}
