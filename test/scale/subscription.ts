import type { Dice } from '../faults/dice.ts';
import type { Timeline } from './timeline.ts';

export interface ScaleMessage {
  readonly id: string;
  readonly data: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly publishedAtMs: number;
}

/** What one delivery came to: acknowledged at a time, or never answered. */
export type Delivered = { readonly acknowledgedAtMs: number } | 'killed' | { readonly refusedAtMs: number };

/** A push subscription's rules, as Pub/Sub has them and Terraform sets them. */
export interface SubscriptionRules {
  /** Instances, each with one message at a time. */
  readonly instances: number;
  readonly ackDeadlineMs: number;
  readonly retryMs: number;
  readonly deliveriesMax: number;
  /** How many of a thousand messages are delivered a second time although they were acknowledged. */
  readonly duplicatesPerMille: number;
}

/**
 * Pub/Sub in virtual time: at least once, in no order, again after the deadline, and to the dead letters after so
 * many deliveries. An instance takes one message at a time.
 */
export class ScaleSubscription {
  readonly #timeline: Timeline;
  readonly #dice: Dice;
  readonly #rules: SubscriptionRules;
  readonly #deliver: (message: ScaleMessage, instance: number) => Promise<Delivered>;
  readonly #waiting: { message: ScaleMessage; deliveries: number }[] = [];
  readonly #free: number[];
  readonly deadLetters: ScaleMessage[] = [];
  published = 0;
  deliveries = 0;
  inFlightMax = 0;
  waitingMax = 0;

  constructor(
    timeline: Timeline,
    dice: Dice,
    rules: SubscriptionRules,
    deliver: (message: ScaleMessage, instance: number) => Promise<Delivered>,
  ) {
    this.#timeline = timeline;
    this.#dice = dice;
    this.#rules = rules;
    this.#deliver = deliver;
    this.#free = Array.from({ length: rules.instances }, (_, instance) => instance);
  }

  publish(data: string, attributes: Readonly<Record<string, string>>, atMs: number): void {
    this.published += 1;
    const message = { id: `m-${this.published}`, data, attributes, publishedAtMs: atMs };
    this.#add(message, 0, atMs + this.#dice.below(2_000));
    if (this.#dice.below(1_000) < this.#rules.duplicatesPerMille)
      this.#add(message, 0, atMs + this.#dice.below(3_600_000));
  }

  #add(message: ScaleMessage, deliveries: number, atMs: number): void {
    this.#timeline.at(atMs, () => {
      this.#waiting.push({ message, deliveries });
      this.waitingMax = Math.max(this.waitingMax, this.#waiting.length);
      return this.#pump();
    });
  }

  async #pump(): Promise<void> {
    const { instances, deliveriesMax, ackDeadlineMs, retryMs } = this.#rules;
    while (this.#waiting.length > 0) {
      const instance = this.#free.pop();
      if (instance === undefined) return;
      this.inFlightMax = Math.max(this.inFlightMax, instances - this.#free.length);
      // In no order: whichever comes.
      const at = this.#dice.below(this.#waiting.length);
      const next = this.#waiting[at];
      const last = this.#waiting.pop();
      if (next === undefined || last === undefined) return;
      if (at < this.#waiting.length) this.#waiting[at] = last;
      this.deliveries += 1;
      const startedAtMs = this.#timeline.nowMs;
      const delivered = await this.#deliver(next.message, instance);
      const again = (atMs: number): void => {
        if (next.deliveries + 1 >= deliveriesMax) this.deadLetters.push(next.message);
        else this.#add(next.message, next.deliveries + 1, atMs);
      };
      let freeAtMs = startedAtMs + ackDeadlineMs;
      if (delivered === 'killed') {
        // The platform starts another instance at once; the message is missed after its deadline.
        freeAtMs = startedAtMs + 1_000;
        again(startedAtMs + ackDeadlineMs);
      } else if ('refusedAtMs' in delivered) {
        freeAtMs = delivered.refusedAtMs;
        again(freeAtMs + retryMs);
      } else {
        freeAtMs = delivered.acknowledgedAtMs;
        // Too late: Pub/Sub has sent it again meanwhile.
        if (freeAtMs > startedAtMs + ackDeadlineMs) again(startedAtMs + ackDeadlineMs);
      }
      this.#timeline.at(freeAtMs, () => {
        this.#free.push(instance);
        return this.#pump();
      });
    }
  }
}
