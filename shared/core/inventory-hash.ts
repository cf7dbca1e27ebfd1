import type { Digest } from './digest.ts';
import type { Fact } from './fact.ts';
import { hashOfParts } from './hash.ts';
import type { Inventory } from './inventory.ts';

/**
 * The digest of everything that an inventory says, so that equal hashes mean that the same was judged.
 *
 * It is taken over a text of our own instead of JSON, because writing a hundred thousand artifacts as JSON
 * takes longer than judging them. One line an artifact; fields are separated by spaces and lists by commas,
 * which no digest, tag or number has in it; every text of free form is quoted as in JSON.
 */
export function hashInventory(inventory: Inventory): Digest {
  const quoted = quoter();
  const number = (fact: Fact<number | null>): string =>
    fact.kind === 'known' ? `${fact.value}` : quoted(fact.reason);
  const text = (fact: Fact<string | null>): string =>
    fact.kind === 'known' ? `=${fact.value === null ? '' : quoted(fact.value)}` : quoted(fact.reason);
  function* lines(): Generator<string> {
    const { version, repository, takenAtMs, completeness, manifestCount } = inventory;
    yield `${JSON.stringify([version, repository, takenAtMs, completeness, manifestCount])}\n`;
    for (const one of inventory.artifacts) {
      const users = one.usedBy;
      yield `${one.root} ${one.tags.join()} ${one.members.join()} ${text(one.mediaType)} ${text(one.artifactType)} ${number(one.sizeBytes)} ${number(one.uploadedAtMs)} ${number(one.untaggedSinceMs)} ${number(one.taggedAtMs)} ${number(one.lastPulledAtMs)} ${users.kind === 'known' ? users.value.map(quoted).join() : `?${quoted(users.reason)}`} ${one.unreadable === null ? '' : quoted(one.unreadable)}\n`;
    }
  }
  return hashOfParts(lines());
}

/** Quotes texts as JSON does; a text that comes again, as most do, is not quoted anew. */
function quoter(): (text: string) => string {
  let lastText = '';
  let lastQuoted = '""';
  const many = new Map<string, string>();
  return (text) => {
    if (text === lastText) return lastQuoted;
    let found = many.get(text);
    if (found === undefined) {
      found = JSON.stringify(text);
      if (many.size < QUOTED_MAX) many.set(text, found);
    }
    lastText = text;
    lastQuoted = found;
    return found;
  };
}

/** There are few media types and few reasons; texts that differ for each artifact are not worth keeping. */
const QUOTED_MAX = 100;
