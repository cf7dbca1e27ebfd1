import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalRegistry, startLocalRegistry } from '../../local/registry/index.ts';
import { makeCertificate } from './certificate.ts';

/** Google's hosts that answer here, with TLS, under their own names. */
const NAMES = [
  'gcr.io',
  'europe-docker.pkg.dev',
  'oauth2.googleapis.com',
  'iamcredentials.googleapis.com',
  'sts.googleapis.com',
];

/** One access token that was asked for. */
export interface Asked {
  /** `oauth2.googleapis.com/token` */
  readonly at: string;
  /** As the request has it: a form, or JSON, or the claims of an assertion. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** OAuth scopes without their common beginning, sorted. */
  readonly scopes: readonly string[];
}

/**
 * A machine's way to Google, for processes: a proxy that tunnels to a server with TLS, which is each of
 * Google's hosts at once. Behind the registries' names stands the local registry.
 */
export interface GoogleWorld {
  readonly registry: LocalRegistry;
  /** Environment that leads a process here, and nowhere else. */
  readonly env: Readonly<Record<string, string>>;
  /** A file in the world's own folder, with this JSON in it; gives its path. */
  file(name: string, content: unknown): Promise<string>;
  /** A new folder with these files; gives its path. */
  folder(name: string, files: Readonly<Record<string, string>>): Promise<string>;
  /** Forgets what was asked, requested and proxied so far. */
  forget(): void;
  /** A key file of a service account. */
  serviceAccountKey(): Record<string, string>;
  readonly asked: readonly Asked[];
  /** `METHOD host/path credential kind` of what reached a registry's name. */
  readonly registryRequests: readonly {
    readonly method: string;
    readonly path: string;
    readonly token: string;
  }[];
  /** The `user-agent` of everybody who asked a registry. */
  readonly agents: ReadonlySet<string>;
  /** Lines of each CONNECT, whole: what a proxy gets to see. */
  readonly proxied: readonly string[];
  /** Everything that must never be shown, as it is. */
  readonly secrets: Set<string>;
  /** Answers in the place of Google where it returns true. */
  intercept:
    | ((host: string, incoming: IncomingMessage, body: string, reply: ServerResponse) => boolean)
    | null;
  close(): Promise<void>;
}

/** An access token that can delete, and one that can't. */
export const FULL_TOKEN = 'full-access-token-PQ7.x/y+z=';
export const READ_TOKEN = 'read-access-token-KM3.x/y+z=';
const SCOPE_START = 'https://www.googleapis.com/auth/';

function bodyOf(incoming: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => resolve(Buffer.concat(chunks).toString('latin1')));
    incoming.on('error', reject);
  });
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/** Starts the world on free ports; everything in it ends with `close`. */
export async function startGoogleWorld(): Promise<GoogleWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'google-world-'));
  const users = [FULL_TOKEN, READ_TOKEN].map((password) => ({ username: 'oauth2accesstoken', password }));
  const registry = await startLocalRegistry({ directory: join(folder, 'registry'), credentials: users });
  const asked: Asked[] = [];
  const registryRequests: { method: string; path: string; token: string }[] = [];
  const proxied: string[] = [];
  const agents = new Set<string>();
  const secrets = new Set<string>([FULL_TOKEN, READ_TOKEN]);
  /** Which access token a registry's token was exchanged for. */
  const issuedFor = new Map<string, string>();
  let keyText: string | null = null;

  /** Remembers what was asked for and gives the token that fits the scopes. */
  function tokenFor(at: string, fields: Readonly<Record<string, unknown>>): string {
    const text = fields['scope'];
    const list = Array.isArray(text) ? text.map(String) : typeof text === 'string' ? text.split(' ') : [];
    const scopes = list.map((scope) => scope.replace(SCOPE_START, '')).sort();
    asked.push({ at, fields, scopes });
    const readsOnly = scopes.length > 0 && scopes.every((scope) => /read.?only$/.test(scope));
    return readsOnly ? READ_TOKEN : FULL_TOKEN;
  }

  function json(reply: ServerResponse, status: number, body: unknown): void {
    reply.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }

  function serveTokens(host: string, incoming: IncomingMessage, body: string, reply: ServerResponse): void {
    const at = `${host}${incoming.url ?? ''}`;
    const fields: Record<string, unknown> = body.startsWith('{')
      ? (JSON.parse(body) as Record<string, unknown>)
      : Object.fromEntries(new URLSearchParams(body));
    const assertion = fields['assertion'];
    if (typeof assertion === 'string') {
      secrets.add(assertion);
      const claims = Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString('utf8');
      Object.assign(fields, JSON.parse(claims));
    }
    const token = tokenFor(at, fields);
    if (host === 'iamcredentials.googleapis.com') {
      json(reply, 200, { accessToken: token, expireTime: new Date(Date.now() + 3_600_000).toISOString() });
    } else {
      json(reply, 200, {
        access_token: token,
        expires_in: 3_600,
        token_type: 'Bearer',
        issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      });
    }
  }

  /** Hands a request to the local registry, and its own address back as the name that was asked for. */
  function serveRegistry(host: string, incoming: IncomingMessage, body: string, reply: ServerResponse): void {
    agents.add(incoming.headers['user-agent'] ?? '');
    const authorization = incoming.headers.authorization ?? '';
    const basic = /^Basic (.*)$/.exec(authorization)?.[1] ?? '';
    const password = Buffer.from(basic, 'base64').toString('utf8').split(':').slice(1).join(':');
    const bearer = authorization.replace(/^Bearer /, '');
    const token = basic === '' ? (issuedFor.get(bearer) ?? '') : password;
    registryRequests.push({ method: incoming.method ?? '', path: incoming.url ?? '', token });
    if (incoming.method === 'DELETE' && token !== FULL_TOKEN) {
      json(reply, 403, { errors: [{ code: 'DENIED', message: 'insufficient authentication scopes' }] });
      return;
    }
    const named = (text: string): string =>
      text.replaceAll(`http://${registry.host}`, `https://${host}`).replaceAll(registry.host, host);
    const onwards = request(
      `http://${registry.address}${incoming.url}`,
      { method: incoming.method ?? 'GET', headers: { host: registry.host } },
      (answer) => {
        void bodyOf(answer).then((text) => {
          if (incoming.url?.startsWith('/v2/token') === true && answer.statusCode === 200) {
            const issued = (JSON.parse(text) as { token: string }).token;
            secrets.add(issued);
            issuedFor.set(issued, token);
          }
          const headers = Object.entries(answer.headers).map(([name, value]): [string, string] => [
            name,
            named(String(value)),
          ]);
          reply.writeHead(answer.statusCode ?? 500, Object.fromEntries(headers));
          reply.end(text, 'latin1');
        });
      },
    );
    for (const name of ['authorization', 'accept'] as const) {
      const value = incoming.headers[name];
      if (value !== undefined) onwards.setHeader(name, value);
    }
    onwards.on('error', () => reply.destroy());
    onwards.end(body, 'latin1');
  }

  const certificate = makeCertificate(NAMES);
  const google = createTlsServer(certificate, (incoming, reply) => {
    void bodyOf(incoming).then((body) => {
      const host = incoming.headers.host ?? '';
      if (world.intercept?.(host, incoming, body, reply) === true) return;
      if (host.endsWith('.googleapis.com')) serveTokens(host, incoming, body, reply);
      else serveRegistry(host, incoming, body, reply);
    });
  });
  const googlePort = await listen(google);
  const proxy = createServer((_incoming, reply) => reply.writeHead(405).end());
  proxy.on('connect', (incoming, socket, head) => {
    proxied.push(`CONNECT ${incoming.url} ${JSON.stringify(incoming.rawHeaders)}`);
    const name = (incoming.url ?? '').replace(/:443$/, '');
    if (!NAMES.includes(name)) {
      socket.end('HTTP/1.1 502 no such host here\r\n\r\n');
      return;
    }
    const onwards = connect(googlePort, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      if (head.length > 0) onwards.write(head);
      onwards.pipe(socket).pipe(onwards);
    });
    for (const end of [socket, onwards]) end.on('error', () => end.destroy());
    onwards.on('close', () => socket.destroy());
    socket.on('close', () => onwards.destroy());
  });
  const proxyPort = await listen(proxy);
  const caPath = join(folder, 'ca.pem');
  await writeFile(caPath, certificate.cert);
  const world: GoogleWorld = {
    registry,
    env: {
      HTTPS_PROXY: `http://127.0.0.1:${proxyPort}`,
      NO_PROXY: '',
      NODE_EXTRA_CA_CERTS: caPath,
      // No file of the machine's own user is found, and no metadata server is looked for.
      HOME: folder,
      CLOUDSDK_CONFIG: folder,
      DOCKER_CONFIG: join(folder, 'no-docker'),
      GOOGLE_APPLICATION_CREDENTIALS: '',
      GOOGLE_CLOUD_PROJECT: '',
      METADATA_SERVER_DETECTION: 'none',
      GCR_WARDEN_LEDGER: join(folder, 'ledger.sqlite'),
    },
    async file(name, content) {
      const path = join(folder, name);
      await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
      return path;
    },
    async folder(name, files) {
      const path = await mkdtemp(join(folder, `${name}-`));
      for (const [file, text] of Object.entries(files)) await writeFile(join(path, file), text);
      return path;
    },
    forget() {
      for (const list of [asked, registryRequests, proxied]) list.length = 0;
    },
    serviceAccountKey() {
      if (keyText === null) {
        const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
        keyText = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
        // Each line, since a cut or a wrapped key is a leak too.
        for (const line of keyText.split('\n')) if (/^[\w+/=]{20,}$/.test(line)) secrets.add(line);
      }
      return {
        type: 'service_account',
        project_id: 'acme',
        private_key_id: '0123456789abcdef0123456789abcdef01234567',
        private_key: keyText,
        client_email: 'warden@acme.iam.gserviceaccount.com',
        client_id: '1',
        token_uri: 'https://oauth2.googleapis.com/token',
      };
    },
    asked,
    registryRequests,
    agents,
    proxied,
    secrets,
    intercept: null,
    async close() {
      for (const server of [google, proxy]) {
        server.closeAllConnections();
        await new Promise<void>((resolve) => server.close(() => resolve()));
      }
      await registry.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return world;
}
