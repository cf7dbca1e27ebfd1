import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  type ImageContent,
  type LocalRegistry,
  type LocalRegistryOptions,
  startLocalRegistry,
} from '../../../local/registry/index.ts';

/** The time that uploads are dated with in these tests. */
export const NOW_MS = Date.UTC(2026, 4, 6, 7, 8, 9);

/** A directory that goes with the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'gcr-warden-registry-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A registry on a free port that ends with the test. */
export async function startRegistry(options: Partial<LocalRegistryOptions> = {}): Promise<LocalRegistry> {
  const directory = options.directory ?? (await temporaryDirectory());
  const registry = await startLocalRegistry({ now: () => NOW_MS, ...options, directory });
  onTestFinished(() => registry.close());
  return registry;
}

/** A token for one scope, fetched as a client does. */
export async function fetchToken(registry: LocalRegistry, scope: string): Promise<string> {
  const reply = await fetch(
    `http://${registry.address}/v2/token?service=${registry.address}&scope=${encodeURIComponent(scope)}`,
  );
  return ((await reply.json()) as { token: string }).token;
}

/** What a registry answered, read whole. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The first error's code in the envelope, or null. */
  readonly code: string | null;
  readonly message: string | null;
}

export interface Question {
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
  /** `pull,push` by default; null asks without a token. */
  readonly actions?: string | null;
}

/** Sends one request, with a token for the repository or the catalog that its path names. */
export async function ask(
  registry: LocalRegistry,
  method: string,
  path: string,
  { headers = {}, body, actions = 'pull,push' }: Question = {},
): Promise<Answer> {
  const url = new URL(path, `http://${registry.address}`);
  const name = /^\/v2\/(.+?)\/(?:tags|manifests|blobs|referrers)\//.exec(url.pathname)?.[1];
  const scope = name === undefined ? 'registry:catalog:*' : `repository:${name}:${actions}`;
  const authorization =
    actions === null ? {} : { Authorization: `Bearer ${await fetchToken(registry, scope)}` };
  const reply = await fetch(url, {
    method,
    headers: { ...authorization, ...headers },
    body: body === undefined ? null : Buffer.from(body),
  });
  const text = await reply.text();
  let first: { code: string; message: string } | undefined;
  if (!reply.ok && text !== '') first = JSON.parse(text).errors[0];
  return {
    status: reply.status,
    headers: reply.headers,
    text,
    code: first?.code ?? null,
    message: first?.message ?? null,
  };
}

/** An image that differs from every other with another text. */
export function imageOf(text: string): ImageContent {
  return { layers: [{ bytes: Buffer.from(text) }], config: { created: '2026-01-02T03:04:05Z' } };
}
