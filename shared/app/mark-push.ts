import { PUSH_STRETCH, type PushStretch, pushMark } from '../core/push-mark.ts';
import type { Clock, CoordinationLedger } from '../ports.ts';

/** Notes that a repository was pushed to. Resolves when it is durable. @throws WardenError LEDGER_* */
export type PushMarker = (repository: string) => Promise<void>;

/**
 * Makes what marks repositories for the life of a process. Each writes a mark once, however many pushes it stands
 * for and however many of them are recorded side by side.
 */
export function createPushMarker(
  ledger: Pick<CoordinationLedger, 'markPush'>,
  clock: Clock,
  stretch: PushStretch = PUSH_STRETCH,
): PushMarker {
  let fromMs = Number.NaN;
  const marked = new Map<string, Promise<void>>();
  return (repository) => {
    const mark = pushMark(repository, clock(), stretch);
    if (mark.fromMs !== fromMs) {
      fromMs = mark.fromMs;
      marked.clear();
    }
    let writing = marked.get(repository);
    if (writing === undefined) {
      writing = ledger.markPush(mark);
      marked.set(repository, writing);
      // A mark that was not written is tried again by the next push.
      writing.catch(() => marked.delete(repository));
    }
    return writing;
  };
}
