import type * as z from 'zod';
import { type Fact, known, unknown } from '../../core/fact.ts';
import type { GoogleRest, RestRead, RestReply } from './rest.ts';
import { SharedValues } from './shared-values.ts';

/** Reads whose failures are facts: what a service does not answer as documented is unknown with its reason. */
export interface FactReads {
  /** What these replies have in common, as long as these reads are there. */
  readonly shared: SharedValues;
  /** Reads one resource. One that does not exist is unknown as well. */
  one<T>(schema: z.ZodType<T>, read: RestRead): Promise<Fact<T>>;
  /** Reads one resource whose absence is an answer: null. */
  oneOrNone<T>(schema: z.ZodType<T>, read: RestRead): Promise<Fact<T | null>>;
  /**
   * Reads a list to its end, page by page. One page that is missing makes all of it unknown.
   * @param onPage is given each page as it comes, before it is known whether the others will
   */
  all<T>(schema: z.ZodType<T>, read: RestRead, onPage?: (page: T) => void): Promise<Fact<readonly T[]>>;
}

/** Makes facts of what a service answers. */
export function factReads(rest: GoogleRest): FactReads {
  return {
    shared: new SharedValues(),
    one: async (schema, read) => factOf(schema, await rest.read(read)),
    async oneOrNone(schema, read) {
      const reply = await rest.read(read);
      return reply.kind === 'absent' ? known(null) : factOf(schema, reply);
    },
    async all<T>(schema: z.ZodType<T>, read: RestRead, onPage: (page: T) => void = () => {}) {
      const pages: T[] = [];
      let odd: Fact<never> | null = null;
      const failed = await rest.eachPage(read, (body) => {
        const page = factOf(schema, { kind: 'read', body });
        if (page.kind === 'unknown') {
          odd = page;
          return false;
        }
        pages.push(page.value);
        onPage(page.value);
        return true;
      });
      if (odd !== null) return odd;
      return failed === null ? known(pages) : unknown(failed.reason);
    },
  };
}

function factOf<T>(schema: z.ZodType<T>, reply: RestReply): Fact<T> {
  if (reply.kind !== 'read') return unknown(reply.reason);
  for (const field of PARTIAL) {
    const places = reply.body[field];
    if (Array.isArray(places) && places.length > 0) {
      return unknown(`the reply lacks ${places.length} places that could not be reached`);
    }
  }
  const parsed = schema.safeParse(reply.body);
  if (parsed.success) return known(parsed.data);
  const issue = parsed.error.issues[0];
  return unknown(`the reply is not what Google documents at ${issue?.path.join('.') || 'its top'}`);
}

/** Where replies say that they are not whole: most services, Kubernetes Engine, Cloud Monitoring. */
const PARTIAL = ['unreachable', 'missingZones', 'executionErrors'];

/** Changes the value of a fact that is known. */
export function mapFact<T, U>(fact: Fact<T>, change: (value: T) => U): Fact<U> {
  return fact.kind === 'known' ? known(change(fact.value)) : fact;
}

/** A time as Google writes it, RFC 3339 in UTC or with an offset. */
export function timeOf(text: string | undefined): Fact<number> {
  if (text === undefined) return unknown('the reply has no time');
  const atMs = /^\d{4}-\d{2}-\d{2}T/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? unknown('the reply has a time that is none') : known(atMs);
}
