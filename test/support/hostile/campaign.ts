import { createTransport } from '../../../shared/adapters/registry/transport.ts';
import { judgeCase, type Verdict } from './judge.ts';
import { isHeavy } from './server.ts';

/** What a row of cases came to. */
export interface Tally {
  /** Cases by how they ended: `whole`, `incomplete`, or the code of an error. */
  readonly ended: Readonly<Record<string, number>>;
  /** Broken promises, with the number of the case; the first of them only. */
  readonly wrong: readonly string[];
  readonly longestMs: number;
  readonly longestCase: number;
}

const WRONG_MAX = 20;

/** Runs cases side by side over one transport; those that cost much one at a time. */
export async function runCases(options: {
  readonly host: string;
  readonly first: number;
  readonly count: number;
  readonly concurrency: number;
  readonly attemptDeadlineMs: number;
  readonly onDone?: (done: number) => void;
}): Promise<Tally> {
  const { host, first, count, concurrency, attemptDeadlineMs } = options;
  const transport = createTransport({
    clock: Date.now,
    // Waits between attempts are not what is tried here.
    sleep: async () => {},
    attemptsMax: 2,
    attemptDeadlineMs,
    concurrency: { global: concurrency, perHost: concurrency },
  });
  const ended: Record<string, number> = {};
  const wrong: string[] = [];
  let longestMs = 0;
  let longestCase = first;
  let next = first;
  let done = 0;
  let heavy: Promise<unknown> = Promise.resolve();

  const lane = async (): Promise<void> => {
    while (next < first + count && wrong.length < WRONG_MAX) {
      const caseNumber = next;
      next += 1;
      let verdict: Verdict;
      const begunMs = performance.now();
      if (isHeavy(caseNumber)) {
        const turn = heavy.then(() => judgeCase(caseNumber, host, transport));
        heavy = turn;
        verdict = await turn;
      } else {
        verdict = await judgeCase(caseNumber, host, transport);
        const tookMs = performance.now() - begunMs;
        if (tookMs > longestMs) [longestMs, longestCase] = [tookMs, caseNumber];
      }
      const key = verdict.kind === 'error' ? verdict.code : verdict.kind;
      ended[key] = (ended[key] ?? 0) + 1;
      if (verdict.kind === 'wrong') wrong.push(`case ${caseNumber}: ${verdict.why}`);
      done += 1;
      options.onDone?.(done);
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, lane));
  } finally {
    await transport.close();
  }
  return { ended, wrong, longestMs, longestCase };
}
