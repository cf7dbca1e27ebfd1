import { describe, expect, it, onTestFinished } from 'vitest';
import { cleanHandler } from '../../functions/handlers/clean.ts';
import { dispatchHandler } from '../../functions/handlers/dispatch.ts';
import { recordImageEventHandler } from '../../functions/handlers/record-image-event.ts';
import { readSettings } from '../../functions/settings.ts';
import { serveFunction } from '../../local/function-server.ts';
import { createJsonLogger, type JsonLoggerOptions } from '../../shared/adapters/logging/json-logger.ts';
import { createPushMarker } from '../../shared/app/mark-push.ts';
import type { Publisher } from '../../shared/ports.ts';
import { POLICY, policyReader, setStage } from '../app/stage.ts';
import { post, pushBody } from './stage.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const TRACEPARENT = `00-${TRACE}-b7ad6b7169203331-01`;

type Entry = Readonly<Record<string, unknown>>;

/** `dispatch`, `clean` and `record-image-event` over a registry with an old image, and all that they log and publish. */
async function openFunctions(options: JsonLoggerOptions = {}) {
  const stage = await setStage();
  await stage.push('old', ['pr-1'], 40);
  await stage.push('new', ['v1'], 1);
  stage.published.length = 0;
  const lines: string[] = [];
  const logger = createJsonLogger((line) => void lines.push(line), { project: 'warden', ...options });
  const targets = [{ host: stage.registry.host, prefix: 'acme' }];
  const { publisher, ledger } = stage;
  const ports = { ...stage.ports, policies: policyReader(POLICY), publisher, targets };
  const handlers = {
    dispatch: dispatchHandler(logger, async () => ({ ports: { ...ports, workTopic: 'work' }, targets })),
    clean: cleanHandler(
      logger,
      async () => ({
        ...ports,
        deadLetterTopic: 'dead',
        notifications: { publisher, topic: 'notifications' },
      }),
      60_000,
    ),
    record: recordImageEventHandler(logger, async () => ({
      ledger,
      publisher,
      markPush: createPushMarker(ledger, Date.now),
      deadLetterTopic: 'dead',
    })),
  };
  return {
    stage,
    entries: (): Entry[] => lines.map((line) => JSON.parse(line)),
    async call(name: keyof typeof handlers, body: unknown, headers: Readonly<Record<string, string>> = {}) {
      const served = await serveFunction(`traced-${name}`, handlers[name], 0);
      onTestFinished(() => served.close());
      return post(served.url, body, headers);
    },
  };
}

/** A delivery of what was published. */
function deliveryOf({
  data,
  attributes,
}: {
  data: string;
  attributes: Parameters<Publisher['publish']>[2];
}): object {
  const body = pushBody(data) as { message: object };
  return { ...body, message: { ...body.message, attributes } };
}

describe('a trace', () => {
  it('goes from the scheduler’s request by the work to what is told of the run, through every entry', async () => {
    const { stage, call, entries } = await openFunctions();
    expect(await call('dispatch', {}, { traceparent: TRACEPARENT })).toBe(200);
    const [work] = stage.published;
    expect(work?.attributes['traceparent']).toMatch(new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
    expect(work?.attributes['traceparent']).not.toBe(TRACEPARENT);
    if (work === undefined) return;
    // Pub/Sub's own request has another trace, which the message's own comes before.
    const request = { traceparent: `00-${'1'.repeat(32)}-${'1'.repeat(16)}-01` };
    expect(await call('clean', deliveryOf(work), request)).toBe(204);
    const told = stage.published.filter(({ topic }) => topic === 'notifications');
    expect(told).toHaveLength(2);
    for (const { attributes } of told) expect(attributes['traceparent']).toContain(TRACE);
    const summary = entries().find(({ message }) => message === 'repository cleaned');
    expect(summary).toMatchObject({
      severity: 'INFO',
      repository: stage.name,
      trigger: 'schedule',
      toDelete: 1,
      outcomes: { deleted: 2 },
      'logging.googleapis.com/trace': `projects/warden/traces/${TRACE}`,
      'logging.googleapis.com/spanId': expect.stringMatching(/^[0-9a-f]{16}$/),
      'logging.googleapis.com/trace_sampled': true,
      'logging.googleapis.com/labels': { repository: stage.name, runId: summary?.['runId'] },
    });
    expect(typeof summary?.['runId']).toBe('string');
  });

  it.each([
    ['nobody names one', {}],
    ['what is named is none', { traceparent: 'secret=1' }],
  ])('begins at the delivery where %s', async (_what, headers) => {
    const { stage, call, entries } = await openFunctions();
    expect(await call('record', pushBody('no event'), headers)).toBe(204);
    const traces = new Set(entries().map((entry) => entry['logging.googleapis.com/trace']));
    expect(traces.size).toBe(1);
    const [trace] = traces;
    expect(trace).toMatch(/^projects\/warden\/traces\/[0-9a-f]{32}$/);
    const [dead] = stage.published;
    expect(trace).toContain(dead?.attributes['traceparent']?.split('-')[1]);
    expect(JSON.stringify(entries())).not.toContain('secret=1');
  });

  it('is taken from the attribute that Google’s Pub/Sub clients write', async () => {
    const { stage, call } = await openFunctions();
    const attributes = { googclient_traceparent: TRACEPARENT };
    expect(await call('record', deliveryOf({ data: 'no event', attributes }))).toBe(204);
    expect(stage.published[0]?.attributes['traceparent']).toContain(TRACE);
  });
});

describe('decisions', () => {
  it.each([
    ['one entry each where DEBUG is asked for', 'debug', 2],
    ['no entry where nothing is', '', 0],
    ['no entry where nobody knows what was asked for', 'loud', 0],
  ])('have %s', async (_what, level, count) => {
    const { logFrom } = readSettings({ GCR_WARDEN_LOG: level });
    const { stage, call, entries } = await openFunctions({ from: logFrom });
    await call('dispatch', {});
    const [work] = stage.published;
    if (work !== undefined) await call('clean', deliveryOf(work));
    const judged = entries().filter(({ message }) => message === 'artifact judged');
    expect(judged).toHaveLength(count);
    if (count > 0) {
      expect(judged.map(({ verdict }) => verdict).sort()).toEqual(['delete', 'keep']);
      expect(judged[0]).toMatchObject({ severity: 'DEBUG', repository: stage.name });
    }
    expect(entries().filter(({ message }) => message === 'repository cleaned')).toHaveLength(1);
  });
});

it('finds the project of traces in the environment, or in the ledger’s name', () => {
  expect(readSettings({ GOOGLE_CLOUD_PROJECT: 'a' }).traceProject).toBe('a');
  expect(readSettings({ GCR_WARDEN_LEDGER: 'firestore:b/(default)' }).traceProject).toBe('b');
  expect(readSettings({ GCR_WARDEN_LEDGER: 'ledger.sqlite' }).traceProject).toBeNull();
});
