import type { EstateFunction } from '../../../local/google-apis/estate.ts';
import { acmeEstate, startGoogleApis } from '../../../local/google-apis/index.ts';
import type { GoogleApisOptions } from '../../../local/google-apis/route.ts';
import { GOOGLE_APIS, GoogleRest } from '../../../shared/adapters/google/rest.ts';

export const NOW_MS = Date.parse('2026-03-01T10:00:00Z');
export const API = 'europe-docker.pkg.dev/acme/services/api';
/** A project of the estate, with the locations europe-west1, us and us-central1. */
export const PROJECT = 'acme';

export function digest(digit: string): `sha256:${string}` {
  return `sha256:${digit.repeat(64)}`;
}

/** A pod of Kubernetes that runs one container by digest. */
export function pod(name: string, digit: string): Readonly<Record<string, unknown>> {
  return {
    metadata: { namespace: 'prod', name, creationTimestamp: '2026-02-01T00:00:00Z' },
    spec: { containers: [{ name: 'api', image: `${API}:1` }] },
    status: { containerStatuses: [{ name: 'api', imageID: `${API}@${digest(digit)}` }] },
  };
}

const closers: (() => Promise<void>)[] = [];

/** Stand-ins for Google's APIs, and a client of them. */
export async function standIns(
  options: Partial<GoogleApisOptions>,
  clusters: readonly Readonly<Record<string, unknown>>[] = [],
  functions: readonly EstateFunction[] = [],
) {
  const estate = acmeEstate(NOW_MS);
  const projects = estate.projects.map((one) =>
    one.project === PROJECT ? { ...one, clusters, functions } : one,
  );
  const server = await startGoogleApis({ now: NOW_MS, ...options, estate: { ...estate, projects } });
  const endpoints = Object.fromEntries(GOOGLE_APIS.map((api) => [api, server.url]));
  const rest = new GoogleRest({ token: async () => 'none', endpoints, limits: { attempts: 1 } });
  closers.push(
    () => rest.close(),
    () => server.close(),
  );
  return { rest, server, clock: () => NOW_MS };
}

/** Remembers what has to be closed. */
export function closing<T extends { close(): Promise<void> }>(opened: T): T {
  closers.push(() => opened.close());
  return opened;
}

export async function closeAll(): Promise<void> {
  for (const close of closers.splice(0)) await close();
}
