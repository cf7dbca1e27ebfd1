import type { Digest } from '../../../core/digest.ts';
import { sha256 } from '../../../core/hash.ts';
import { distinctFacts, factOf, type HistoryFact } from '../../../core/history.ts';
import type { ImageEvent } from '../../../core/image-event.ts';
import type { EventLedger, LooseFacts } from '../../../ports.ts';
import { FACT_LIMITS, type FoldRound, foldRounds, hasRoom } from '../fold-round.ts';
import { checkedLimit } from '../limit.ts';
import { type PackedChunk, packList, unpackChunk } from '../packed.ts';
import type { Database, Row } from './database.ts';
import { bytes, integer, text, textOrNull } from './row.ts';

export function eventOf(row: Row): ImageEvent {
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

interface NamedChunk extends PackedChunk {
  readonly hash: string;
}

function packed(facts: readonly HistoryFact[]): NamedChunk[] {
  return packList(facts, FACT_LIMITS).map((chunk) => ({ ...chunk, hash: sha256(chunk.content) }));
}

/** What the registry told: one row an event, its fact packed with others once it was folded. */
export function eventLedger(database: Database): EventLedger {
  const insertPacks = (repository: string, chunks: readonly NamedChunk[]): void => {
    for (const { hash, content, count } of chunks) {
      database.run(
        `INSERT INTO observed_facts (repository, hash, count, content) VALUES (?, ?, ?, ?)
         ON CONFLICT DO NOTHING`,
        repository,
        hash,
        count,
        content,
      );
    }
  };

  /** Does nothing where another has replaced one of the packs before. */
  const foldRound = (repository: string, round: FoldRound): boolean => {
    const chunks = packed(distinctFacts(round.facts));
    const made = new Set(chunks.map(({ hash }) => hash));
    const isThere = (hash: string): boolean =>
      database.get('SELECT 1 FROM observed_facts WHERE repository = ? AND hash = ?', repository, hash) !==
      null;
    if (!round.packs.every(isThere)) return false;
    for (const hash of round.packs.filter((one) => !made.has(one))) {
      database.run('DELETE FROM observed_facts WHERE repository = ? AND hash = ?', repository, hash);
    }
    insertPacks(repository, chunks);
    for (const messageId of round.events) {
      database.run(
        'UPDATE events SET is_folded = 1 WHERE repository = ? AND message_id = ?',
        repository,
        messageId,
      );
    }
    return true;
  };

  const readHistory: EventLedger['readHistory'] = async (repository) => {
    // Events first: what is folded between the two is found twice, and not missed.
    const told = database.all('SELECT * FROM events WHERE repository = ? AND is_folded = 0', repository);
    const packs = database.all(
      'SELECT hash, count, content FROM observed_facts WHERE repository = ?',
      repository,
    );
    const facts: HistoryFact[] = [];
    const loose: LooseFacts[] = [];
    for (const row of packs) {
      const chunk = { content: bytes(row, 'content'), count: integer(row, 'count') };
      const some = unpackChunk<HistoryFact>(chunk, `An observation of ${repository}`);
      for (const fact of some) facts.push(fact);
      if (hasRoom(chunk.count, chunk.content.byteLength)) {
        loose.push({ kind: 'pack', name: text(row, 'hash'), facts: some });
      }
    }
    for (const row of told) {
      const fact = factOf(eventOf(row));
      facts.push(fact);
      loose.push({ kind: 'event', name: text(row, 'message_id'), facts: [fact] });
    }
    return { facts, loose };
  };

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

    readHistory,
    async historyFacts(repository) {
      return (await readHistory(repository)).facts;
    },

    async toldSince(repository, sinceMs) {
      return database
        .all(
          // The times asked for are recent, and a repository's events may be many.
          'SELECT * FROM events INDEXED BY events_by_time WHERE published_at_ms >= ? AND repository = ?',
          sinceMs,
          repository,
        )
        .map((row) => factOf(eventOf(row)));
    },

    async recordObserved(repository, facts) {
      const chunks = packed(facts);
      if (chunks.length === 0) return;
      await database.together(() => insertPacks(repository, chunks));
    },

    async foldHistory(repository, loose, observed) {
      const whole = observed.length - (observed.length % FACT_LIMITS.itemsMax);
      const rest = observed.slice(whole);
      const [first, ...more] = foldRounds(loose, rest);
      if (first === undefined && whole === 0) return;
      await database.together(() => {
        insertPacks(repository, packed(observed.slice(0, whole)));
        if (first === undefined) return;
        // Where another fold was quicker, it has all that was loose. What was observed is ours to keep.
        if (!foldRound(repository, first)) insertPacks(repository, packed(rest));
        else more.every((round) => foldRound(repository, round));
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
