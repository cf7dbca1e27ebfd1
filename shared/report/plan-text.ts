import type { Decision } from '../core/decision.ts';
import { shortenAll } from '../core/digest.ts';
import { goingOf, listedSize } from '../core/freed-size.ts';
import type { Plan, PlanLimits, RepositoryPlan } from '../core/plan.ts';
import { wayOut } from '../core/plan-limit.ts';
import { quantity } from '../core/quantity.ts';
import { reasonSentence } from '../core/sentence.ts';
import { formatShare, formatSize } from '../core/units.ts';
import { policySentence } from './policy-text.ts';
import { quarantineSummary } from './quarantine-text.ts';
import { sizeText } from './size-text.ts';
import { printable, type TextStyle, table, toned, wrap } from './text.ts';
import { formatTimeAndAge, inReadersZone } from './time-text.ts';

/** Renders a plan: what goes and what stays of each repository, by which rule and why, and what stands in the way. */
export function renderPlan(plan: Plan, style: TextStyle): string {
  const parts: string[] = [];
  for (const { file, line, column, message, code } of plan.problems) {
    parts.push(toned(`${printable(file)}:${line}:${column}: ${code}: ${printable(message)}`, 'bad', style));
  }
  if (plan.catalog.kind === 'incomplete') {
    parts.push(toned(`Not all repositories were seen: ${printable(plan.catalog.reason)}`, 'warning', style));
  }
  if (plan.warnings.length > 0)
    parts.push(plan.warnings.map((one) => toned(printable(one), 'warning', style)).join('\n'));
  parts.push(...plan.repositories.map((repository) => renderRepositoryPlan(repository, style)));
  const sums = totals(plan);
  const freed = plan.freed ?? listedSize(goingOf(plan.repositories));
  parts.push(
    `${toned('Plan', 'strong', style)} ${plan.id.slice('sha256:'.length, 'sha256:'.length + 12)} of ${formatTimeAndAge(plan.createdAtMs, style.clock)} for ${plan.target}: ` +
      `${sums.deletions} of ${sums.manifests} manifests and ${quantity(sums.tags, 'tag')} would go, ${sizeText(freed)}; ${quantity(sums.kept, 'artifact')} stay.`,
  );
  return inReadersZone(`${parts.join('\n\n')}\n`, style.clock);
}

/** Renders one repository's part of a plan. */
export function renderRepositoryPlan(plan: RepositoryPlan, style: TextStyle): string {
  const policies =
    plan.policies.length === 0
      ? 'no policy'
      : `${plan.policies.length === 1 ? 'policy' : 'policies'} ${plan.policies.map(({ name }) => name).join(', ')}`;
  const lines = [
    `${toned(plan.repository, 'strong', style)}  ${quantity(plan.artifactCount, 'artifact')}, ${quantity(plan.manifestCount, 'manifest')}, ${policies}`,
  ];
  for (const policy of plan.policies) {
    const sentence = policySentence(policy);
    if (sentence !== null)
      lines.push(...wrap(printable(sentence), style.widthColumns).map((line) => toned(line, 'faint', style)));
  }
  if (plan.decisions.length > 0) {
    const short = shortenAll(plan.decisions.map(({ root }) => root));
    const sorted = [...plan.decisions].sort((a, b) => verdictOrder(a) - verdictOrder(b));
    lines.push(
      table(
        [
          { title: '' },
          { title: 'TAGS' },
          { title: 'DIGEST' },
          { title: 'WITH', align: 'right' },
          { title: 'WHY' },
        ],
        sorted.map((decision) => [
          verdictCell(decision),
          tagsCell(decision),
          short(decision.root),
          decision.members.length === 0 ? '' : `+${decision.members.length}`,
          reasonSentence(decision),
        ]),
        style,
      ),
    );
  }
  const deletions = plan.steps.filter((step) => step.kind === 'delete').length;
  if (plan.refusal !== null) {
    lines.push(
      toned(`Nothing will be deleted here: ${printable(plan.refusal.message)}${wayOut(plan)}`, 'bad', style),
    );
  } else if (plan.limits !== null) {
    lines.push(
      `${deletions} of ${plan.manifestCount} manifests (${percent(deletions, plan.manifestCount)}) in ${quantity(plan.steps.length, 'step')}; ${limitsSentence(plan.limits)}.`,
    );
  }
  const waiting = quarantineSummary(plan);
  if (waiting !== null) lines.push(waiting);
  for (const warning of plan.warnings) lines.push(toned(printable(warning), 'warning', style));
  return inReadersZone(lines.join('\n'), style.clock);
}

/** Tags shown in a table before the rest is counted. */
const TAGS_SHOWN = 3;

function tagsCell({ tags }: Decision): string {
  if (tags.length === 0) return '-';
  const rest = tags.length - TAGS_SHOWN;
  return rest > 0 ? `${tags.slice(0, TAGS_SHOWN).join(', ')} +${rest}` : tags.join(', ');
}

function verdictCell({ verdict, because, enforced }: Decision): string {
  if (because === 'in quarantine') return 'wait';
  return verdict === 'keep' ? 'keep' : enforced ? 'DELETE' : 'delete?';
}

function verdictOrder(decision: Decision): number {
  if (decision.because === 'in quarantine') return 2;
  if (decision.verdict === 'keep') return 3;
  return decision.enforced ? 0 : 1;
}

/** What one run may take, as the policies say. */
function limitsSentence(limits: PlanLimits): string {
  const last = limits.mayEmpty ? '' : ', and never the last image';
  const size = limits.sizeBytes === null ? '' : `, ${formatSize(limits.sizeBytes)}`;
  const perDay = (limits.perDay ?? []).map(
    ({ policy, digests }) => `, ${quantity(digests, 'manifest')} a day over everything (${policy})`,
  );
  for (const { policy, scope, of, digests, sizeBytes, share } of limits.scopes ?? []) {
    const most = [
      digests === null ? [] : [quantity(digests, 'manifest')],
      sizeBytes === null ? [] : [formatSize(sizeBytes)],
      share === undefined ? [] : [formatShare(share)],
    ].flat();
    perDay.push(`, ${most.join(' and ')} a day in ${scope} ${of} (${policy})`);
  }
  return `allowed are ${quantity(limits.digests, 'manifest')}${size} and ${formatShare(limits.share)} a run${perDay.join('')}${last}`;
}

function percent(part: number, whole: number): string {
  return whole === 0 ? '0 %' : `${Math.round((part / whole) * 1000) / 10} %`;
}

function totals(plan: Plan): {
  deletions: number;
  tags: number;
  manifests: number;
  kept: number;
} {
  const sums = { deletions: 0, tags: 0, manifests: 0, kept: 0 };
  for (const repository of plan.repositories) {
    sums.manifests += repository.manifestCount;
    sums.kept += repository.decisions.filter((decision) => decision.verdict === 'keep').length;
    for (const step of repository.steps) {
      if (step.kind === 'untag') sums.tags += 1;
      else sums.deletions += 1;
    }
  }
  return sums;
}
