import type { Digest } from '../../../core/digest.ts';
import { sha256 } from '../../../core/hash.ts';
import { factOf, type HistoryFact } from '../../../core/history.ts';
import type { ImageEvent } from '../../../core/image-event.ts';
import type { EventLedger } from '../../../ports.ts';
import { checkedLimit } from '../limit.ts';
import { packList, unpackChunk } from '../packed.ts';
import type { Database, Row } from './database.ts';
import { bytes, integer, text, textOrNull } from './row.ts';

function eventOf(row: Row): ImageEvent {
  return {
    version: 1,
    messageId: text(row, 'message_id'),
    publishedAtMs: integer(row, 'published_at_ms'),
    action: text(row, 'action') as ImageEvent['action'],
    repository: text(row, 'repository'),
    digest: textOrNull(row, 'digest') as Digest | null,
    tag: textOrNull(row, 'tag'),
  };
}

/** What the registry told: one row an event, observed facts packed. */
export function eventLedger(database: Database): EventLedger {
  return {
    async recordEvent(event) {
      const changes = database.run(
        `INSERT INTO events (repository, message_id, published_at_ms, action, digest, tag)
         VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
        event.repository,
        event.messageId,
        event.publishedAtMs,
        event.action,
        event.digest,
        event.tag,
      );
      return changes === 1 ? 'recorded' : 'duplicate';
    },

    async historyFacts(repository) {
      const told = database
        .all('SELECT * FROM events WHERE repository = ?', repository)
        .map((row) => factOf(eventOf(row)));
      const observed = database
        .all('SELECT count, content FROM observed_facts WHERE repository = ?', repository)
        .flatMap((row) =>
          unpackChunk<HistoryFact>(
            { content: bytes(row, 'content'), count: integer(row, 'count') },
            `An observation of ${repository}`,
          ),
        );
      return [...told, ...observed];
    },

    async recordObserved(repository, facts) {
      const chunks = packList(facts);
      if (chunks.length === 0) return;
      await database.together(() => {
        for (const { content, count } of chunks) {
          database.run(
            `INSERT INTO observed_facts (repository, hash, count, content) VALUES (?, ?, ?, ?)
             ON CONFLICT DO NOTHING`,
            repository,
            sha256(content),
            count,
            content,
          );
        }
      });
    },

    async recentEvents(limit) {
      return database
        .all(
          'SELECT * FROM events ORDER BY published_at_ms DESC, repository, message_id LIMIT ?',
          checkedLimit(limit),
        )
        .map(eventOf);
    },
  };
}
