import { setTimeout as delay } from 'node:timers/promises';
import { createPace, GOOGLE_PACE, type Pace } from '../http/pace.ts';
import type { GoogleApi } from './rest.ts';

/**
 * Half of what a project may read of a service in a minute, as far as Google documents it; the other half is for
 * everybody else. IAM: 6,000 (https://cloud.google.com/iam/quotas). Artifact Registry: 60,000 a region
 * (https://cloud.google.com/artifact-registry/quotas). Cloud Storage has no such quota, and few requests here.
 */
const READS_PER_MINUTE: Partial<Readonly<Record<GoogleApi, number>>> = {
  iam: 6_000 / 2,
  artifactRegistry: GOOGLE_PACE.requestsPerMinute,
  storage: 6_000,
};

/** Of a service whose quota is not documented: half of 1,200, which Resource Manager's own refusals name. */
const OTHER_READS_PER_MINUTE = 1_200 / 2;

/** When requests to one service may begin: spread by its quota, and none while it asks to be left alone. */
export interface ApiPace {
  /**
   * Waits for its turn.
   * @param onWait called before it waits
   * @throws the signal's reason where that comes first
   */
  turn(signal: AbortSignal | null, onWait?: () => void): Promise<void>;
  /** Keeps every request out for so long; a pause that ends later stays. */
  pause(delayMs: number): void;
}

/** The most that `GOOGLE_PACE` is asked for a time: a request is never given up for having to wait. */
const NEVER_MS = Number.POSITIVE_INFINITY;

/** @param isPaced whether it is Google's own: a stand-in on this machine has no quota */
export function apiPace(api: GoogleApi, isPaced: boolean): ApiPace {
  const requestsPerMinute = READS_PER_MINUTE[api] ?? OTHER_READS_PER_MINUTE;
  const pace: Pace | null = isPaced ? createPace({ requestsPerMinute, deletesPerMinute: 1 }) : null;
  let pausedUntilMs = 0;
  return {
    async turn(signal, onWait = () => {}) {
      const wait = async (delayMs: number): Promise<void> => {
        onWait();
        await delay(Math.ceil(delayMs), null, signal === null ? {} : { signal });
      };
      const delayMs = pace?.reserve('request', performance.now(), NEVER_MS).delayMs ?? 0;
      if (delayMs > 0) await wait(delayMs);
      // Another pause may have come meanwhile.
      for (let leftMs = pausedUntilMs - performance.now(); leftMs > 0; ) {
        await wait(leftMs);
        leftMs = pausedUntilMs - performance.now();
      }
    },
    pause(delayMs) {
      pausedUntilMs = Math.max(pausedUntilMs, performance.now() + delayMs);
    },
  };
}
