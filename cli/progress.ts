import {
  applyProgressLine,
  auditProgressLine,
  progressLine,
  restoreProgressLine,
} from '../shared/report/progress-text.ts';
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

/** Shows how far a plan has been applied. */
export interface ApplyingProgress {
  onOutcome(isDeleted: boolean): void;
  /** Takes the line away, once; results follow. */
  end(): void;
}

/** Shows how far the reading of listings has come: repositories, pages, and what is left at this pace. */
export function openProgress(): Progress {
  let pages = 0;
  let entries = 0;
  let repositories: { readonly read: number; readonly all: number } | null = null;
  const line = openLine((elapsedMs, width) =>
    progressLine({ repositories, pages, entries, elapsedMs }, width),
  );
  return {
    onPage(count) {
      pages += 1;
      entries += count;
    },
    onRead(read, all) {
      repositories = { read, all };
    },
    end: line.end,
  };
}

/** @param all the steps that there are to be taken */
export function openApplyProgress(all: number): ApplyingProgress {
  let done = 0;
  let deleted = 0;
  const line = openLine((elapsedMs, width) =>
    applyProgressLine({ steps: { done, all }, deleted, elapsedMs }, width),
  );
  return {
    onOutcome(isDeleted) {
      done += 1;
      if (isDeleted) deleted += 1;
    },
    end: line.end,
  };
}

/** Shows how far a restoration has come. */
export function openRestoreProgress(): { onManifest(done: number, all: number): void; end(): void } {
  let manifests: { readonly done: number; readonly all: number } | null = null;
  const line = openLine((elapsedMs, width) => restoreProgressLine({ manifests, elapsedMs }, width));
  return {
    onManifest(done, all) {
      manifests = { done, all };
    },
    end: line.end,
  };
}

/** Shows how far an audit has come. */
export function openAuditProgress(): { onReply(): void; onProject(): void; end(): void } {
  let replies = 0;
  let projects = 0;
  const line = openLine((elapsedMs, width) => auditProgressLine({ projects, replies, elapsedMs }, width));
  return {
    onReply() {
      replies += 1;
    },
    onProject() {
      projects += 1;
    },
    end: line.end,
  };
}

/** One line on standard error, written anew ten times a second; where that is no terminal, nothing. */
function openLine(text: (elapsedMs: number, widthColumns: number) => string): { end(): void } {
  const out = process.stderr;
  if (out.isTTY !== true || isQuiet()) return { end() {} };
  const startedAtMs = Date.now();
  let isShown = false;
  // What is over before the first turn was not long, and shows nothing.
  const timer = setInterval(() => {
    isShown = true;
    out.write(`\r\u001b[K${text(Date.now() - startedAtMs, out.columns || WIDTH_COLUMNS)}`);
  }, EVERY_MS);
  timer.unref();
  return {
    end() {
      clearInterval(timer);
      if (isShown) out.write('\r\u001b[K');
      isShown = false;
    },
  };
}
