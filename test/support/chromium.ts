import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** A page in a browser of its own. */
export interface BrowserPage {
  /** Opens an address and waits until it is loaded. */
  open(url: string): Promise<void>;
  /** Resolves when the next page is loaded, whoever opened it. */
  loaded(): Promise<void>;
  /** What an expression, or the promise that it is, comes to. */
  evaluate<T>(expression: string): Promise<T>;
  /** What the console, uncaught errors and the content security policy said so far. */
  readonly complaints: readonly string[];
  /** Addresses that were asked for so far, whoever asked. */
  readonly requests: readonly string[];
  /** How wide and high it is, and which colours the reader prefers. */
  look(look: {
    readonly width: number;
    readonly height: number;
    readonly scheme: 'light' | 'dark';
    /** On a screen where nothing else is said. */
    readonly media?: 'screen' | 'print';
  }): Promise<void>;
  /** A PNG of what is seen. */
  screenshot(): Promise<Buffer>;
}

/** A Chromium without a window. */
export interface Browser {
  page(): Promise<BrowserPage>;
  close(): Promise<void>;
}

type Reply = { readonly result?: Record<string, unknown>; readonly error?: { readonly message: string } };
type Listener = (method: string, params: Record<string, unknown>) => void;

const CALL_MS_MAX = 60_000;

/** Speaks the DevTools protocol over the two pipes that Chromium takes it from: JSON with a zero byte after each. */
class Connection {
  readonly #write: Writable;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  readonly #listeners = new Map<string, Listener>();
  #last = 0;
  #rest = '';

  constructor(write: Writable, read: Readable) {
    this.#write = write;
    read.setEncoding('utf8').on('data', (text: string) => {
      const messages = (this.#rest + text).split('\0');
      this.#rest = messages.pop() ?? '';
      for (const message of messages) this.#take(JSON.parse(message));
    });
  }

  #take(
    message: Reply & { id?: number; method?: string; params?: Record<string, unknown>; sessionId?: string },
  ): void {
    if (message.id !== undefined) this.#waiting.get(message.id)?.(message);
    else if (message.method !== undefined) {
      this.#listeners.get(message.sessionId ?? '')?.(message.method, message.params ?? {});
    }
  }

  listen(sessionId: string, listener: Listener): void {
    this.#listeners.set(sessionId, listener);
  }

  async call(method: string, params: object = {}, sessionId?: string): Promise<Record<string, unknown>> {
    this.#last += 1;
    const id = this.#last;
    let timer: NodeJS.Timeout | undefined;
    const reply = await new Promise<Reply>((resolve, reject) => {
      this.#waiting.set(id, resolve);
      timer = setTimeout(() => reject(new Error(`Chromium did not answer ${method}.`)), CALL_MS_MAX);
      this.#write.write(
        `${JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) })}\0`,
      );
    }).finally(() => clearTimeout(timer));
    this.#waiting.delete(id);
    if (reply.error !== undefined) throw new Error(`${method}: ${reply.error.message}`);
    return reply.result ?? {};
  }
}

/** Starts a Chromium with a profile of its own, which goes with it. */
export async function startChromium(): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'warden-chromium-'));
  const child: ChildProcess = spawn(
    'chromium',
    [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--hide-scrollbars',
      '--remote-debugging-pipe',
      `--user-data-dir=${profile}`,
    ],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
  );
  const connection = new Connection(child.stdio[3] as Writable, child.stdio[4] as Readable);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  return {
    page: () => openPage(connection),
    async close() {
      await connection.call('Browser.close').catch(() => child.kill('SIGKILL'));
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function openPage(connection: Connection): Promise<BrowserPage> {
  const { targetId } = await connection.call('Target.createTarget', { url: 'about:blank' });
  const attached = await connection.call('Target.attachToTarget', { targetId, flatten: true });
  const sessionId = String(attached['sessionId']);
  const call = (method: string, params: object = {}) => connection.call(method, params, sessionId);
  const complaints: string[] = [];
  const requests: string[] = [];
  let onLoaded: () => void = () => {};
  connection.listen(sessionId, (method, params) => {
    if (method === 'Page.loadEventFired') onLoaded();
    if (
      method === 'Runtime.exceptionThrown' ||
      method === 'Log.entryAdded' ||
      method === 'Runtime.consoleAPICalled'
    ) {
      complaints.push(`${method} ${JSON.stringify(params)}`);
    }
    if (method === 'Network.requestWillBeSent') requests.push((params['request'] as { url: string }).url);
  });
  const loaded = (): Promise<void> =>
    new Promise((resolve) => {
      onLoaded = resolve;
    });
  for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await call(`${domain}.enable`);
  return {
    complaints,
    requests,
    loaded,
    async open(url) {
      const opened = loaded();
      const { errorText } = await call('Page.navigate', { url });
      if (errorText !== undefined) throw new Error(`${url}: ${String(errorText)}`);
      await opened;
    },
    async evaluate<T>(expression: string) {
      const options = { expression, awaitPromise: true, returnByValue: true };
      const { result, exceptionDetails } = await call('Runtime.evaluate', options);
      if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
      return (result as { value: T }).value;
    },
    async look({ width, height, scheme, media = 'screen' }) {
      await call('Emulation.setDeviceMetricsOverride', {
        width,
        height,
        deviceScaleFactor: 1,
        mobile: false,
      });
      const features = [{ name: 'prefers-color-scheme', value: scheme }];
      await call('Emulation.setEmulatedMedia', { media, features });
    },
    async screenshot() {
      const { data } = await call('Page.captureScreenshot', { format: 'png' });
      return Buffer.from(String(data), 'base64');
    },
  };
}
