import { command, fine, missing, unclear } from '../answer.ts';
import type { Check } from '../check.ts';

/** Google refuses signed tokens that are off by more than some minutes; plans are refused from five on. */
const SKEW_MAX_MS = 60_000;

/** Whether this machine's clock is right, by the `Date` of a reply of Google's. */
export const clock: Check = {
  id: 'clock',
  title: 'Clock',
  answers: ({ clock }) => {
    if (clock.kind === 'unknown') return [unclear(`Google's time could not be read: ${clock.reason}`)];
    const { serverMs, beforeMs, afterMs } = clock.value;
    // The server wrote its time somewhere between, and cut it to a second.
    const aheadMs = Math.max(0, beforeMs - (serverMs + 999));
    const behindMs = Math.max(0, serverMs - afterMs);
    const skewMs = Math.max(aheadMs, behindMs);
    const off = `${Math.ceil(skewMs / 1000)} s ${aheadMs > 0 ? 'ahead' : 'behind'}`;
    if (skewMs > SKEW_MAX_MS) {
      return [missing(`This machine's clock is ${off} of Google's.`, command('timedatectl set-ntp true'))];
    }
    return [
      fine(
        skewMs === 0 ? "This machine's clock is Google's." : `This machine's clock is ${off} of Google's.`,
      ),
    ];
  },
};
