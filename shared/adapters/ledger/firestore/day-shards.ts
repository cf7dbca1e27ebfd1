import type { DocumentSnapshot } from '@google-cloud/firestore';
import type { ReferenceDays } from '../../../core/day-ranges.ts';
import { WardenError } from '../../../core/error.ts';
import { sha256 } from '../../../core/hash.ts';
import { addedDays } from '../added-days.ts';
import { type PackedChunk, packList } from '../packed.ts';
import { documentName, namePart, repositoryFields } from './document-name.ts';
import type { Documents, Write } from './documents.ts';
import { FORM_VERSION, Stored } from './stored.ts';

/** A shard is split when it has more references, or gets larger. */
const SHARD_LIMITS = { itemsMax: 8_000, contentBytesMax: 800 * 1024 };

/** Shards of one repository: more than a million references. */
const SHARDS_MAX = 300;

/** Each round that is lost has a winner who wrote. */
const ATTEMPTS_MAX = 20;

/** The references whose hashes begin with `prefix`, which is binary digits. */
interface Shard {
  readonly snapshot: DocumentSnapshot;
  readonly prefix: string;
  readonly items: readonly ReferenceDays[];
}

/** A shard as it is to be. */
interface Piece {
  readonly prefix: string;
  /** null where it holds nothing. */
  readonly chunk: PackedChunk | null;
}

/** Days of the references of many names, in one collection. `method` is the ledger's, which is billed. */
export interface DayShards {
  /** All of a name, in no particular order. */
  read(method: string, name: string): Promise<readonly ReferenceDays[]>;
  /** Adds days; writes nothing where all of them are there already. */
  add(method: string, name: string, coming: readonly ReferenceDays[]): Promise<void>;
}

/**
 * Days on which something was true of references, in shards by the hash of the reference.
 *
 *     NAME~%  ''   everything, until it is more than a document takes; then, in one commit,
 *     NAME~%  '0'  what stays        NAME~1  '1'   what moves; each may be split again:
 *     NAME~%  '00' what stays        NAME~01 '01'  what moves
 *
 * A shard is written only where it gets a day that it has not, and only if it is still what was read.
 */
export function dayShards(documents: Documents, collection: 'pulls' | 'uses'): DayShards {
  const shards = documents.collection(collection);

  const read = async (method: string, name: string): Promise<readonly Shard[]> => {
    const ofName = shards.where('repositoryName', '==', namePart(name));
    // At once, so that no shard is split between one page and the next.
    const found = await documents.allAtOnce(method, ofName, SHARDS_MAX);
    return found.map((snapshot) => {
      const stored = new Stored(snapshot);
      const items = stored.integer('count') === 0 ? [] : stored.list<ReferenceDays>(collection, 'count');
      return { snapshot, prefix: stored.text('prefix'), items };
    });
  };

  const writesOf = (name: string, pieces: readonly Piece[], former: Shard | null): Write[] =>
    pieces.map(({ prefix, chunk }) => {
      const fields = {
        version: FORM_VERSION,
        ...repositoryFields(name),
        prefix,
        count: chunk?.count ?? 0,
        [collection]: chunk?.content ?? null,
      };
      return former !== null && ownName(prefix) === ownName(former.prefix)
        ? { kind: 'update', ifUnchangedSince: former.snapshot, fields }
        : { kind: 'create', at: shards.doc(documentName(name, ownName(prefix))), fields };
    });

  /** One round; returns what another was quicker to change the place of. */
  const addOnce = async (
    method: string,
    name: string,
    coming: readonly ReferenceDays[],
  ): Promise<readonly ReferenceDays[]> => {
    const there = await read(method, name);
    if (there.length === 0) {
      const pieces = split('', addedDays([], coming) ?? []);
      return (await documents.commit(method, writesOf(name, pieces, null))) === 'done' ? [] : coming;
    }
    const lost: ReferenceDays[] = [];
    for (const shard of there) {
      const here = coming.filter(({ reference }) => bitsOf(reference).startsWith(shard.prefix));
      const all = addedDays(shard.items, here);
      if (all === null) continue;
      const result = await documents.commit(method, writesOf(name, split(shard.prefix, all), shard));
      if (result !== 'done') lost.push(...here);
    }
    return lost;
  };

  const add = async (method: string, name: string, coming: readonly ReferenceDays[]): Promise<void> => {
    let left = coming;
    for (let attempt = 1; left.length > 0; attempt += 1) {
      if (attempt > ATTEMPTS_MAX) {
        throw new WardenError(
          'LEDGER_CONTENDED',
          `Others wrote ${collection} of ${name} at the same time, ${ATTEMPTS_MAX} times. Try again.`,
          { retryable: true },
        );
      }
      left = await addOnce(method, name, left);
    }
  };

  return {
    read: async (method, name) => (await read(method, name)).flatMap(({ items }) => items),
    add,
  };
}

/** A shard's document keeps the name it began with; what was split off from it has a 1 at the end. */
function ownName(prefix: string): string {
  return prefix.replace(/0+$/, '');
}

/** Binary digits of a reference's hash, more than there can be shards. */
function bitsOf(reference: string): string {
  const head = Number.parseInt(sha256(reference).slice('sha256:'.length, 'sha256:'.length + 8), 16);
  return head.toString(2).padStart(32, '0');
}

function split(prefix: string, items: readonly ReferenceDays[]): readonly Piece[] {
  const [only = null, ...more] = packList(items, SHARD_LIMITS);
  if (more.length === 0) return [{ prefix, chunk: only }];
  const isMoving = ({ reference }: ReferenceDays): boolean => bitsOf(reference)[prefix.length] === '1';
  return [
    ...split(
      `${prefix}0`,
      items.filter((one) => !isMoving(one)),
    ),
    ...split(`${prefix}1`, items.filter(isMoving)),
  ];
}
