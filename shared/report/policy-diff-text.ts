import type { Decision } from '../core/decision.ts';
import { shortDigest } from '../core/digest.ts';
import type { PolicyProblem } from '../core/policy.ts';
import {
  CHANGE_KINDS,
  type ChangeKind,
  type Deletions,
  type PolicyDiff,
  type RepositoryDiff,
} from '../core/policy-diff.ts';
import { quantity } from '../core/quantity.ts';
import { decisionSentence } from '../core/sentence.ts';
import { formatSize } from '../core/units.ts';
import { printable, type TextStyle, table, toned } from './text.ts';

/** Renders what changes hands between two versions of the policies, repository by repository. */
export function renderPolicyDiff(diff: PolicyDiff, style: TextStyle): string {
  const parts: string[] = [];
  for (const [version, problems] of Object.entries(diff.problems)) {
    for (const problem of problems) {
      parts.push(toned(`${version}: ${problemLine(problem)}`, 'bad', style));
    }
  }
  if (diff.catalog.kind === 'incomplete') {
    parts.push(toned(`Not all repositories were seen: ${printable(diff.catalog.reason)}`, 'warning', style));
  }
  const changed = diff.repositories.filter(hasChanged);
  parts.push(...changed.map((repository) => renderRepository(repository, style)));
  parts.push(
    `${toned(printable(diff.target), 'strong', style)}: ${changeCounts(diff)} in ${changed.length} of ${diff.repositories.length} repositories.`,
  );
  return `${parts.join('\n\n')}\n`;
}

function renderRepository(repository: RepositoryDiff, style: TextStyle): string {
  const lines = [
    `${toned(printable(repository.repository), 'strong', style)}  ${quantity(repository.artifactCount, 'artifact')}`,
    `before: ${deletionsLine(repository.before)}`,
    `after:  ${deletionsLine(repository.after)}`,
  ];
  if (repository.changes.length > 0) {
    lines.push(
      table(
        [{ title: '' }, { title: 'TAGS' }, { title: 'DIGEST' }, { title: 'BEFORE AND AFTER' }],
        repository.changes.map(({ kind, root, before, after }) => [
          kind,
          changedTags(before),
          shortDigest(root),
          `${decisionSentence(before)} => ${decisionSentence(after)}`,
        ]),
        style,
      ),
    );
  }
  return lines.join('\n');
}

/** Whether a repository has something to tell: a changed decision, or a limit that stops one version only. */
export function hasChanged({ changes, before, after }: RepositoryDiff): boolean {
  return changes.length > 0 || before.refusal?.code !== after.refusal?.code;
}

/** One problem with its place. */
export function problemLine({ file, line, column, code, message }: PolicyProblem): string {
  return printable(`${file}:${line}:${column}: ${code}: ${message}`);
}

/** What one version would take, and what stops it. */
export function deletionsLine(deletions: Deletions): string {
  const { manifests, refusal, policies } = deletions;
  const names =
    policies.length === 0
      ? 'no policy'
      : `${policies.length === 1 ? 'policy' : 'policies'} ${policies.join(', ')}`;
  const stopped = refusal === null ? '' : `; but nothing would be: ${refusal.message}`;
  const freed = manifests === 0 ? '' : `, ${freedText(deletions)}`;
  return printable(`${names}: ${quantity(manifests, 'manifest')} to delete${freed}${stopped}`);
}

/** An upper bound, as layers are shared, and how many it leaves out. */
function freedText(sum: { readonly [Key in 'sizeBytes' | 'unknownSizes']: number }): string {
  const left = sum.unknownSizes === 0 ? '' : ` and ${sum.unknownSizes} of unknown size`;
  return `up to ${formatSize(sum.sizeBytes)}${left}`;
}

/** How many artifacts change in which way: `2 now deleted, 1 now kept`. */
export function changeCounts({ repositories }: PolicyDiff): string {
  const counts = new Map<ChangeKind, number>();
  for (const { changes } of repositories) {
    for (const { kind } of changes) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const named = CHANGE_KINDS.flatMap((kind) => {
    const count = counts.get(kind) ?? 0;
    return count === 0 ? [] : [`${count} ${kind}`];
  });
  return named.length === 0 ? 'no artifact changes hands' : named.join(', ');
}

const TAGS_SHOWN = 3;

/** The first tags, and how many there are besides. */
export function changedTags({ tags }: Pick<Decision, 'tags'>): string {
  if (tags.length === 0) return '-';
  const rest = tags.length - TAGS_SHOWN;
  return rest > 0 ? `${tags.slice(0, TAGS_SHOWN).join(', ')} +${rest}` : tags.join(', ');
}
