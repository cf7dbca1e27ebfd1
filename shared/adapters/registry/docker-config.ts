import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { WardenError } from '../../core/error.ts';
import type { Credential, Credentials } from './credentials.ts';

export interface DockerConfigOptions {
  /** For `DOCKER_CONFIG`, `HOME` and `PATH`; helpers run with it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly helperDeadlineMs?: number;
}

const CONFIG_SIZE_MAX_BYTES = 1_048_576;
const HELPER_OUTPUT_MAX_BYTES = 262_144;
const HELPER_DEADLINE_MS = 30_000;
const HELPER_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/**
 * What every helper prints on standard output, and nothing else, where it has nothing for a host
 * (docker-credential-helpers, `credentials/error.go`). A longer complaint in which these words stand is a failure.
 */
const NOT_FOUND = 'credentials not found in native keychain';
/** The user name under which helpers hand out an identity token. */
const TOKEN_USER = '<token>';

const ANONYMOUS: Credential = { kind: 'anonymous' };

interface DockerConfig {
  readonly path: string;
  readonly credHelpers: ReadonlyMap<string, unknown>;
  readonly credsStore: unknown;
  readonly auths: ReadonlyMap<string, unknown>;
}

// Neither a parser's message nor a helper's output is ever quoted below: both can hold a piece of a secret.
function refuse(message: string): never {
  throw new WardenError('CREDENTIALS_INVALID', message);
}

/**
 * Credentials as docker keeps them: `credHelpers` by host, then `credsStore`, then `auths`, in `config.json`
 * in `DOCKER_CONFIG` or `~/.docker`. Without that file there are none. The file is read at every call, so that
 * a new login is seen.
 */
export function dockerConfigCredentials(options: DockerConfigOptions): Credentials {
  const folder = options.env['DOCKER_CONFIG'] ?? join(options.env['HOME'] ?? homedir(), '.docker');
  const path = join(folder, 'config.json');
  const deadlineMs = options.helperDeadlineMs ?? HELPER_DEADLINE_MS;
  return {
    async forHost(host) {
      const config = await readConfig(path);
      if (config === null) return ANONYMOUS;
      for (const helper of [config.credHelpers.get(host), config.credsStore]) {
        if (helper === undefined || helper === '') continue;
        const credential = await askHelper(helper, host, path, options.env, deadlineMs);
        if (credential.kind !== 'anonymous') return credential;
      }
      return fromAuths(config, host);
    },
  };
}

async function readConfig(path: string): Promise<DockerConfig | null> {
  let text: string;
  try {
    if ((await stat(path)).size > CONFIG_SIZE_MAX_BYTES) {
      refuse(`${path} is larger than ${CONFIG_SIZE_MAX_BYTES} bytes. Make it a docker config file again.`);
    }
    text = await readFile(path, 'utf8');
  } catch (thrown) {
    if (thrown instanceof WardenError) throw thrown;
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    refuse(`${path} can't be read (${String(code)}). Make it readable, or set DOCKER_CONFIG.`);
  }
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    refuse(`${path} is not JSON. Repair it, or set DOCKER_CONFIG to another folder.`);
  }
  const fields = entries(document, path, 'the document');
  return {
    path,
    credHelpers: entries(fields.get('credHelpers') ?? {}, path, '"credHelpers"'),
    credsStore: fields.get('credsStore'),
    auths: entries(fields.get('auths') ?? {}, path, '"auths"'),
  };
}

function entries(value: unknown, path: string, what: string): ReadonlyMap<string, unknown> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    refuse(`In ${path}, ${what} is not an object. Repair it, or set DOCKER_CONFIG to another folder.`);
  }
  return new Map(Object.entries(value));
}

/** The forms in which docker writes one host into `auths`. Matched whole: a path or a suffix names another place. */
function authKeys(host: string): string[] {
  const bare = [host, `https://${host}`, `http://${host}`];
  return bare.flatMap((key) => [key, `${key}/`, `${key}/v1/`, `${key}/v2/`]);
}

function fromAuths(config: DockerConfig, host: string): Credential {
  const key = authKeys(host).find((one) => config.auths.has(one));
  if (key === undefined) return ANONYMOUS;
  const entry = entries(config.auths.get(key), config.path, `the entry for ${host}`);
  const text = (name: string): string => {
    const value = entry.get(name) ?? '';
    if (typeof value !== 'string')
      refuse(`In ${config.path}, "${name}" of ${host} is not a text. Log in again.`);
    return value;
  };
  if (text('registrytoken') !== '') return { kind: 'registry token', token: text('registrytoken') };
  if (text('identitytoken') !== '') return { kind: 'identity token', token: text('identitytoken') };
  let username = text('username');
  let password = text('password');
  if (text('auth') !== '') {
    const decoded = Buffer.from(text('auth'), 'base64').toString('utf8');
    const colon = decoded.indexOf(':');
    if (colon <= 0)
      refuse(`In ${config.path}, "auth" of ${host} is not base64 of USER:PASSWORD. Log in again.`);
    username = decoded.slice(0, colon);
    password = decoded.slice(colon + 1);
  }
  // `docker login` with a store leaves an empty entry behind: it says that there was a login, not what it is.
  if (username === '' && password === '') return ANONYMOUS;
  if (username === '' || password === '') {
    refuse(`In ${config.path}, the entry for ${host} lacks a user or a password. Log in again.`);
  }
  return { kind: 'basic', username, password };
}

async function askHelper(
  name: unknown,
  host: string,
  path: string,
  env: DockerConfigOptions['env'],
  deadlineMs: number,
): Promise<Credential> {
  if (typeof name !== 'string' || !HELPER_NAME.test(name)) {
    refuse(`In ${path}, the credential helper for ${host} is not the name of a program. Repair it.`);
  }
  const program = `docker-credential-${name}`;
  const answer = await run(program, host, env, deadlineMs);
  const toTry = `Run \`echo ${host} | ${program} get\` to see what it says.`;
  switch (answer.kind) {
    case 'missing':
      return refuse(
        `${path} names ${program} for ${host}, which is not on the PATH. Install it, or take it out.`,
      );
    case 'too slow':
      return refuse(`${program} did not answer for ${host} within ${deadlineMs} ms. ${toTry}`);
    case 'failed':
      if (answer.output.trim() === NOT_FOUND) return ANONYMOUS;
      return refuse(`${program} failed for ${host} (${answer.how}). ${toTry}`);
    default:
      return parseAnswer(answer.output, program, host, toTry);
  }
}

function parseAnswer(output: string, program: string, host: string, toTry: string): Credential {
  let document: unknown;
  try {
    document = JSON.parse(output);
  } catch {
    return refuse(`${program} answered for ${host} with something that is not JSON. ${toTry}`);
  }
  const fields = document !== null && typeof document === 'object' ? document : {};
  const { Username: username, Secret: secret } = fields as Record<string, unknown>;
  if (typeof username !== 'string' || typeof secret !== 'string' || username === '' || secret === '') {
    return refuse(`${program} answered for ${host} without "Username" and "Secret". ${toTry}`);
  }
  if (username === TOKEN_USER) return { kind: 'identity token', token: secret };
  return { kind: 'basic', username, password: secret };
}

type HelperAnswer =
  | { readonly kind: 'answered'; readonly output: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'too slow' }
  | { readonly kind: 'failed'; readonly how: string; readonly output: string };

function run(
  program: string,
  host: string,
  env: DockerConfigOptions['env'],
  deadlineMs: number,
): Promise<HelperAnswer> {
  return new Promise((resolve) => {
    const child = execFile(
      program,
      ['get'],
      {
        env: { ...env },
        timeout: deadlineMs,
        killSignal: 'SIGKILL',
        maxBuffer: HELPER_OUTPUT_MAX_BYTES,
        encoding: 'utf8',
        windowsHide: true,
      },
      (failure, output) => {
        if (failure === null) resolve({ kind: 'answered', output });
        else if (failure.code === 'ENOENT') resolve({ kind: 'missing' });
        else if (failure.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') {
          resolve({ kind: 'failed', how: `more than ${HELPER_OUTPUT_MAX_BYTES} bytes`, output: '' });
        } else if (failure.killed === true) resolve({ kind: 'too slow' });
        else if (typeof failure.signal === 'string') {
          resolve({ kind: 'failed', how: `signal ${failure.signal}`, output: '' });
        } else resolve({ kind: 'failed', how: `exit ${String(failure.code)}`, output });
      },
    );
    // A helper that ends without reading its input closes the pipe; its exit says the rest.
    child.stdin?.on('error', () => {});
    child.stdin?.end(`${host}\n`);
  });
}
