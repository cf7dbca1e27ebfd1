import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { BlobStore } from './blob-store.ts';
import type { Dialect } from './dialect.ts';
import type { Notification } from './notification.ts';
import type { RepositoryStore } from './repository-store.ts';

/** One request, as the endpoints see it. */
export interface Exchange {
  readonly method: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readable;
  /** The registry's name as the client used it, for example `localhost:5050`. */
  readonly host: string;
}

/** What the endpoints work on. */
export interface Registry {
  readonly dialect: Dialect;
  readonly repositories: RepositoryStore;
  readonly blobs: BlobStore;
  /** The time that uploads are dated with. */
  readonly now: () => number;
  /** Tells a change; resolves when it was taken or given up. Never rejects. */
  readonly publish: (notification: Notification, atMs: number) => Promise<void>;
}
