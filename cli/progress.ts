import { progressLine } from '../shared/report/progress-text.ts';
import { isQuiet } from './terminal.ts';

/** Shows how far the reading of listings has come. */
export interface Progress {
  onPage(entries: number): void;
  onRead(read: number, all: number): void;
  /** Takes the line away, once; results follow. */
  end(): void;
}

const EVERY_MS = 100;
/** Where a terminal does not say how wide it is; serial lines and some pseudo-terminals say 0. */
const WIDTH_COLUMNS = 80;

/** One line on standard error, written anew ten times a second; where that is no terminal, nothing. */
export function openProgress(): Progress {
  const out = process.stderr;
  if (out.isTTY !== true || isQuiet()) return { onPage() {}, onRead() {}, end() {} };
  const startedAtMs = Date.now();
  let pages = 0;
  let entries = 0;
  let repositories: { readonly read: number; readonly all: number } | null = null;
  let isShown = false;
  const show = (): void => {
    isShown = true;
    const elapsedMs = Date.now() - startedAtMs;
    out.write(
      `\r\u001b[K${progressLine({ repositories, pages, entries, elapsedMs }, out.columns || WIDTH_COLUMNS)}`,
    );
  };
  // What is over before the first turn was not long, and shows nothing.
  const timer = setInterval(show, EVERY_MS);
  timer.unref();
  return {
    onPage(count) {
      pages += 1;
      entries += count;
    },
    onRead(read, all) {
      repositories = { read, all };
    },
    end() {
      clearInterval(timer);
      if (isShown) out.write('\r\u001b[K');
      isShown = false;
    },
  };
}
