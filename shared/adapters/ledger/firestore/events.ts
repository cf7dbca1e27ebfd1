import type { DocumentSnapshot } from '@google-cloud/firestore';
import type { Digest } from '../../../core/digest.ts';
import { sha256 } from '../../../core/hash.ts';
import { distinctFacts, factOf, type HistoryFact } from '../../../core/history.ts';
import type { ImageEvent } from '../../../core/image-event.ts';
import type { Clock, EventLedger, LooseFacts } from '../../../ports.ts';
import { FACT_LIMITS, type FoldRound, foldRounds, hasRoom } from '../fold-round.ts';
import { checkedLimit } from '../limit.ts';
import { packList } from '../packed.ts';
import { documentName, namePart, repositoryFields } from './document-name.ts';
import type { Documents, Write } from './documents.ts';
import { FACT_RETENTION_MS, FOLDED_EVENT_RETENTION_MS } from './retention.ts';
import { FORM_VERSION, Stored } from './stored.ts';

/** Of one repository. More are refused: a part of a history would date digests wrongly. */
const EVENT_DOCUMENTS_MAX = 1_000_000;
const FACT_DOCUMENTS_MAX = 20_000;

/** Events whose mark is taken away in one commit. */
const UNMARKED_AT_ONCE = 400;

/**
 * Message ids grow with time, and documents written in the order of their ids all land on one server. The
 * hash spreads them.
 */
function eventName(event: ImageEvent): string {
  return sha256(JSON.stringify([event.repository, event.messageId])).slice('sha256:'.length);
}

/** The last moment that a date can be, and more digits than it needs. */
const LAST_TIME_MS = 8_640_000_000_000_000;

/**
 * A repository and a time in one field, in their order: a range over two fields would need an index that somebody has
 * to deploy. Events of before this field was written are in no such range; they are older than any plan.
 */
function repositoryTime(repository: string, atMs: number): string {
  return `${namePart(repository)}~${String(Math.max(0, atMs)).padStart(String(LAST_TIME_MS).length, '0')}`;
}

export function eventOf(snapshot: DocumentSnapshot): ImageEvent {
  const stored = new Stored(snapshot);
  return {
    version: 1,
    messageId: stored.text('messageId'),
    publishedAtMs: stored.timeMs('publishedAt'),
    action: stored.text('action') as ImageEvent['action'],
    repository: stored.text('repository'),
    digest: stored.textOrNull('digest') as Digest | null,
    tag: stored.textOrNull('tag'),
  };
}

/**
 * What the registry told: one document an event, until it is folded into a pack with others. `repositoryName` of an
 * event is the mark that it is in no pack yet:
 *
 *     recordEvent     create events/E { repositoryName, … }                 1 write
 *     readHistory     events with the mark, and then the packs              1 read an event, 1 a pack
 *     foldHistory     in one commit: a new pack, and the roomy one that     1 write, 1 delete
 *                     it replaces is deleted, if it is still there
 *                     then the marks are taken away                         1 write an event
 *
 * A fact is in a pack before its event loses the mark, and packs are replaced by ones that hold all of theirs. So
 * whoever reads the marked events first and the packs after them finds every fact, some of them twice; and a fold that
 * is killed has at worst packed what is marked still. An event may come as late as it likes: nothing goes by times.
 *
 * Packs and observations are one collection, in the form that releases before packs wrote: those read packs too.
 */
export function eventLedger(documents: Documents, clock: Clock): EventLedger {
  const { FieldValue, Timestamp } = documents.module;
  const events = documents.collection('events');
  const observations = documents.collection('observations');

  const packed = (repository: string, facts: readonly HistoryFact[]): (Write & { kind: 'set' })[] => {
    const newestAtMs = facts.reduce((newest, fact) => Math.max(newest, fact.atMs), 0);
    return packList(facts, FACT_LIMITS).map(({ content, count }) => ({
      kind: 'set',
      // Named by its content: the same facts written again are the same document.
      at: observations.doc(documentName(repository, sha256(content))),
      fields: {
        version: FORM_VERSION,
        ...repositoryFields(repository),
        expiresAt: Timestamp.fromMillis(newestAtMs + FACT_RETENTION_MS),
        count,
        facts: content,
      },
    }));
  };

  const recordObserved: EventLedger['recordObserved'] = async (repository, facts) => {
    await documents.commitInParts('recordObserved', packed(repository, facts));
  };

  const readHistory: EventLedger['readHistory'] = async (repository) => {
    const name = namePart(repository);
    const told = await documents.all(
      'readHistory',
      events.where('repositoryName', '==', name),
      EVENT_DOCUMENTS_MAX,
    );
    // In one query: a pack that is replaced between two pages could be missing from both.
    const packs = await documents.allAtOnce(
      'readHistory',
      observations.where('repositoryName', '==', name),
      FACT_DOCUMENTS_MAX,
    );
    const fromMs = clock() - FACT_RETENTION_MS;
    const facts: HistoryFact[] = [];
    const loose: LooseFacts[] = [];
    for (const snapshot of packs) {
      const stored = new Stored(snapshot);
      const all = stored.list<HistoryFact>('facts', 'count');
      const counting = all.filter((fact) => fact.atMs >= fromMs);
      for (const fact of counting) facts.push(fact);
      if (hasRoom(all.length, stored.sizeBytes('facts'))) {
        loose.push({ kind: 'pack', name: snapshot.id, facts: counting });
      }
    }
    for (const snapshot of told) {
      const counting = [factOf(eventOf(snapshot))].filter((fact) => fact.atMs >= fromMs);
      facts.push(...counting);
      loose.push({ kind: 'event', name: snapshot.id, facts: counting });
    }
    return { facts, loose };
  };

  /** One commit for the facts, and then the marks; whether nobody else had replaced one of the packs before. */
  const foldRound = async (
    repository: string,
    { facts, packs, events: told }: FoldRound,
  ): Promise<boolean> => {
    const pieces = packed(repository, distinctFacts(facts));
    const made = new Set(pieces.map(({ at }) => at.id));
    const replaced = packs.filter((name) => !made.has(name));
    const writes: Write[] = [
      // What is there as it is need not be written again.
      ...pieces.filter(({ at }) => !packs.includes(at.id)),
      ...replaced.map((name): Write => ({ kind: 'remove', at: observations.doc(name) })),
    ];
    if (writes.length > 0 && (await documents.commit('foldHistory', writes)) !== 'done') return false;
    const fields = {
      repositoryName: FieldValue.delete(),
      expiresAt: Timestamp.fromMillis(clock() + FOLDED_EVENT_RETENTION_MS),
    };
    for (let from = 0; from < told.length; from += UNMARKED_AT_ONCE) {
      const part = told.slice(from, from + UNMARKED_AT_ONCE);
      // Where one of them is gone, the marks of the others stay: their facts are found twice until the next fold.
      await documents.commit(
        'foldHistory',
        part.map((name): Write => ({ kind: 'amend', at: events.doc(name), fields })),
      );
    }
    return true;
  };

  return {
    async recordEvent(event) {
      const result = await documents.commit('recordEvent', [
        {
          kind: 'create',
          at: events.doc(eventName(event)),
          fields: {
            version: FORM_VERSION,
            messageId: event.messageId,
            publishedAt: Timestamp.fromMillis(event.publishedAtMs),
            recordedAt: FieldValue.serverTimestamp(),
            expiresAt: Timestamp.fromMillis(event.publishedAtMs + FACT_RETENTION_MS),
            action: event.action,
            repository: event.repository,
            repositoryName: namePart(event.repository),
            repositoryTime: repositoryTime(event.repository, event.publishedAtMs),
            digest: event.digest,
            tag: event.tag,
          },
        },
      ]);
      return result === 'done' ? 'recorded' : 'duplicate';
    },

    readHistory,
    async historyFacts(repository) {
      return (await readHistory(repository)).facts;
    },

    async toldSince(repository, sinceMs) {
      const since = events
        .where('repositoryTime', '>=', repositoryTime(repository, sinceMs))
        .where('repositoryTime', '<=', repositoryTime(repository, LAST_TIME_MS));
      const told = await documents.all('toldSince', since, EVENT_DOCUMENTS_MAX);
      return told.map((snapshot) => factOf(eventOf(snapshot)));
    },

    recordObserved,
    async foldHistory(repository, loose, observed) {
      const whole = observed.length - (observed.length % FACT_LIMITS.itemsMax);
      await recordObserved(repository, observed.slice(0, whole));
      const rest = observed.slice(whole);
      const [first, ...more] = foldRounds(loose, rest);
      if (first === undefined) return;
      if (!(await foldRound(repository, first))) {
        // Another fold was quicker, and has all that was loose. What was observed is ours to keep.
        await recordObserved(repository, rest);
        return;
      }
      for (const round of more) if (!(await foldRound(repository, round))) return;
    },

    async recentEvents(limit) {
      const newest = events.orderBy('publishedAt', 'desc').limit(checkedLimit(limit));
      return (await documents.query('recentEvents', newest)).map(eventOf);
    },
  };
}
