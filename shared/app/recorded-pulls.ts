import { messageOf } from '../core/error.ts';
import { type Fact, unknown } from '../core/fact.ts';
import { type RecordedPulls, recordedSince } from '../core/pull-record.ts';
import { formatRepository, isLoopback, projectOf, type Repository } from '../core/reference.ts';
import type { PublicReaders, PullLedger } from '../ports.ts';

export interface RecordedPullPorts {
  readonly ledger: PullLedger;
  /** Left out where nobody can be asked who may pull: then pulls are not known. */
  readonly publicReaders?: PublicReaders;
}

/**
 * What is recorded of a repository's pulls. Not known of a repository that everybody may read: Artifact Registry
 * writes no log entries for those ("Audit logging"). Who may pull and can't be read is not known, which keeps.
 */
export async function recordedPulls(
  { ledger, publicReaders }: RecordedPullPorts,
  repository: Repository,
  nowMs: number,
): Promise<RecordedPulls> {
  const sinceMs = await since();
  if (sinceMs.kind === 'unknown') return { sinceMs, pulls: [] };
  return { sinceMs, pulls: await ledger.pulls(formatRepository(repository)) };

  async function since(): Promise<Fact<number>> {
    const recorded = recordedSince(await ledger.pullRecording(projectOf(repository)), nowMs);
    // The local registry has no readers but this machine's.
    if (recorded.kind === 'unknown' || isLoopback(repository.host)) return recorded;
    if (publicReaders === undefined) return unknown('it is not known who may pull from the repository');
    const isPublic = await publicReaders.hasPublicReaders(repository).catch((problem: unknown) => {
      return unknown(messageOf(problem));
    });
    if (isPublic.kind === 'unknown') return unknown(`it is not known who may pull: ${isPublic.reason}`);
    if (isPublic.value)
      return unknown('everybody may pull from the repository, and such pulls are not logged');
    return recorded;
  }
}
