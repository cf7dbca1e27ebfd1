import type { DocumentSnapshot } from '@google-cloud/firestore';
import type { Digest } from '../../../core/digest.ts';
import { sha256 } from '../../../core/hash.ts';
import { factOf, type HistoryFact } from '../../../core/history.ts';
import type { ImageEvent } from '../../../core/image-event.ts';
import type { Clock, EventLedger } from '../../../ports.ts';
import { checkedLimit } from '../limit.ts';
import { packList } from '../packed.ts';
import { documentName, namePart } from './document-name.ts';
import type { Documents, Write } from './documents.ts';
import { FACT_RETENTION_MS } from './retention.ts';
import { FORM_VERSION, Stored } from './stored.ts';

/** Of one repository. More are refused: a part of a history would date digests wrongly. */
const EVENT_DOCUMENTS_MAX = 1_000_000;
const FACT_DOCUMENTS_MAX = 20_000;

/**
 * Message ids grow with time, and documents written in the order of their ids all land on one server. The
 * hash spreads them.
 */
function eventName(event: ImageEvent): string {
  return sha256(JSON.stringify([event.repository, event.messageId])).slice('sha256:'.length);
}

function eventOf(snapshot: DocumentSnapshot): ImageEvent {
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

/** What the registry told: one document an event, observed facts packed. */
export function eventLedger(documents: Documents, clock: Clock): EventLedger {
  const { FieldValue, Timestamp } = documents.module;
  const events = documents.collection('events');
  const observations = documents.collection('observations');

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
            digest: event.digest,
            tag: event.tag,
          },
        },
      ]);
      return result === 'done' ? 'recorded' : 'duplicate';
    },

    async historyFacts(repository) {
      const name = namePart(repository);
      const [told, observed] = await Promise.all([
        documents.all('historyFacts', events.where('repositoryName', '==', name), EVENT_DOCUMENTS_MAX),
        documents.all('historyFacts', observations.where('repositoryName', '==', name), FACT_DOCUMENTS_MAX),
      ]);
      const fromMs = clock() - FACT_RETENTION_MS;
      return [
        ...told.map((snapshot) => factOf(eventOf(snapshot))),
        ...observed.flatMap((snapshot) => new Stored(snapshot).list<HistoryFact>('facts', 'count')),
      ].filter((fact) => fact.atMs >= fromMs);
    },

    async recordObserved(repository, facts) {
      const newestAtMs = facts.reduce((newest, fact) => Math.max(newest, fact.atMs), 0);
      const writes = packList(facts).map(
        ({ content, count }): Write => ({
          kind: 'set',
          // Named by its content: the same observation written again is the same document.
          at: observations.doc(documentName(repository, sha256(content))),
          fields: {
            version: FORM_VERSION,
            repositoryName: namePart(repository),
            expiresAt: Timestamp.fromMillis(newestAtMs + FACT_RETENTION_MS),
            count,
            facts: content,
          },
        }),
      );
      await documents.commitInParts('recordObserved', writes);
    },

    async recentEvents(limit) {
      const newest = events.orderBy('publishedAt', 'desc').limit(checkedLimit(limit));
      return (await documents.query('recentEvents', newest)).map(eventOf);
    },
  };
}
