import { FACTS_KEPT_MS } from '../../../core/history.ts';
import { DAY_MS } from '../../../core/units.ts';

/**
 * How long what the registry told and what was observed counts. Firestore's TTL deletes documents after
 * their time in no particular order, and half a tag's history would date it wrongly: so facts older than
 * this are left out when they are read, whether they are gone yet or not. A digest whose facts have all
 * passed is observed anew at the next run, which makes it younger and so keeps it.
 */
export const FACT_RETENTION_MS = FACTS_KEPT_MS;

/**
 * How long an event is kept by itself after it was folded into a pack: Pub/Sub keeps a message for 31 days at most,
 * and until then it may be delivered once more and has to be known.
 */
export const FOLDED_EVENT_RETENTION_MS = 40 * DAY_MS;

/** How long runs are listed. What they deleted, and why, stands in the journal, which has no end. */
export const RUN_RETENTION_MS = 400 * DAY_MS;

/** How long a claimed time stays claimed; nobody asks for one that lies further back than this. */
export const TICK_RETENTION_MS = 100 * DAY_MS;

/** How long a push waits for its run. Policies wait for at most a week, and a dispatcher that is out of order for longer. */
export const PUSH_MARK_RETENTION_MS = 100 * DAY_MS;

/** How long it is remembered what was reserved on a day; nobody reserves on one that is over. */
export const RESERVATION_RETENTION_MS = 100 * DAY_MS;

/** How long samples are kept after their year. */
export const SAMPLE_RETENTION_MS = 800 * DAY_MS;

/** How long it is kept who pushed and deleted what: addresses of people are among it. */
export const DEED_RETENTION_MS = 400 * DAY_MS;
