import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createLocalTopics, type LocalTopics } from '../../local/topics.ts';
import { openSqliteLedger } from '../../shared/adapters/ledger/sqlite/ledger.ts';
import { createJsonLogger } from '../../shared/adapters/logging/json-logger.ts';
import type { Ledger, Logger } from '../../shared/ports.ts';

export const DEAD_LETTERS = 'projects/acme/topics/gcr-dead-letter';

/** A message that a real subscriber received. */
export interface Received {
  readonly data: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What a handler needs, with an endpoint that takes dead letters over HTTP. */
export interface Stage {
  readonly ledger: Ledger;
  readonly topics: LocalTopics;
  readonly logger: Logger;
  readonly deadLetters: readonly Received[];
  /** Lines that the logger wrote. */
  readonly logged: readonly string[];
}

/** Opens a stage that closes with the test. */
export async function openStage(): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), 'warden-functions-'));
  const logged: string[] = [];
  const logger = createJsonLogger((line) => void logged.push(line));
  const ledger = await openSqliteLedger(join(directory, 'ledger.sqlite'));
  const topics = createLocalTopics(DEAD_LETTERS, logger);
  const deadLetters: Received[] = [];
  const endpoint = await listen((body) => {
    const { message } = JSON.parse(body) as { message: { data: string; attributes: Record<string, string> } };
    deadLetters.push({
      data: Buffer.from(message.data, 'base64').toString('utf8'),
      attributes: message.attributes,
    });
  });
  topics.subscribe(DEAD_LETTERS, endpoint.url, 1);
  onTestFinished(async () => {
    topics.close();
    endpoint.server.close();
    endpoint.server.closeAllConnections();
    await ledger.close();
    await rm(directory, { recursive: true, force: true });
  });
  return { ledger, topics, logger, deadLetters, logged };
}

async function listen(take: (body: string) => void): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      take(body);
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, server };
}

/** A push subscription's body around a text. */
export function pushBody(
  data: string,
  messageId = '1001',
  publishTime = '2026-03-01T10:00:00.123Z',
): unknown {
  return {
    message: {
      data: Buffer.from(data).toString('base64'),
      messageId,
      message_id: messageId,
      publishTime,
      publish_time: publishTime,
    },
    subscription: 'projects/acme/subscriptions/gcr-push',
    deliveryAttempt: 1,
  };
}

/** Posts JSON and returns the status. */
export async function post(
  url: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<number> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  await response.arrayBuffer();
  return response.status;
}
