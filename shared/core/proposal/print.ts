import { flowYaml } from '../flow-yaml.ts';
import { comment } from '../policy-import/print.ts';
import { quantity } from '../quantity.ts';
import type { Proposal, ProposedRule } from './proposal.ts';
import { RECENT_KEPT } from './proposal.ts';

function rules(key: 'keep' | 'delete', all: readonly ProposedRule<object>[]): string[] {
  return [
    `${key}:`,
    ...all.flatMap(({ name, rule, why }) => [...comment(why, '  '), `  - ${name}: ${flowYaml(rule)}`]),
  ];
}

/** The policy as a file, with what was seen as comments. */
export function printProposal({ document, keep, delete: remove, unnamed }: Proposal): string {
  const { apiVersion, policy, repositories, schedule, mode, limits, owner } = document;
  return `${[
    '# Proposed from what the registry held. Keep beats delete, and what no rule names is kept.',
    `apiVersion: ${apiVersion}`,
    `policy: ${flowYaml(policy)}`,
    `repositories: ${flowYaml(repositories)}`,
    ...(schedule === undefined ? [] : [`schedule: ${flowYaml(schedule)}`]),
    '# `enforce` deletes. `plan` only says what it would delete.',
    `mode: ${mode}`,
    '# One run takes at most so much from one repository. Over a limit it stops before its first delete.',
    `limits: ${flowYaml(limits)}`,
    ...(owner === undefined ? [] : [`owner: ${flowYaml(owner)}`]),
    '',
    ...unnamed.flatMap(({ kind, count, examples }) =>
      comment(
        `Stays, since no rule names it: ${quantity(count, `${kind} tag`)}, such as ${examples.join(', ')}.`,
        '',
      ),
    ),
    ...rules('keep', keep),
    '',
    ...rules('delete', remove),
  ].join('\n')}\n`;
}

const DAYS_BEYOND = 5;

/** A test that shows of each rule what it keeps or deletes, with tags that were really there. */
export function printProposalTest(
  { keep, delete: remove, unnamed, habits, document }: Proposal,
  repository: string,
  now: string,
): string {
  const images: [name: string, image: object][] = [];
  const kept: Record<string, string> = {};
  const deleted: Record<string, string> = {};
  for (const [at, letter] of [...'abcdefghij'].slice(0, RECENT_KEPT).entries()) {
    images.push([`recent-${letter}`, { tags: `recent-${letter}`, uploaded: `${at + 1}h` }]);
    kept[`recent-${letter}`] = 'recent';
  }
  for (const { kind, examples } of unnamed) {
    const [tag = '1.4.0'] = kind === 'release' ? [] : examples;
    images.push([kind, { tags: tag, uploaded: '400d' }]);
    kept[kind] = '(no rule)';
  }
  images.push(['untagged-long-ago', { untagged: '20d', uploaded: '90d' }]);
  images.push(['untagged-lately', { untagged: '2d', uploaded: '90d' }]);
  deleted['untagged-long-ago'] = 'untagged';
  kept['untagged-lately'] = '(no rule)';
  for (const { name, rule } of remove) {
    const [example, another] = habits[name]?.examples ?? [];
    const days = Number.parseInt(rule.olderThan ?? '', 10);
    if (example === undefined || Number.isNaN(days)) continue;
    images.push([`${name}-old`, { tags: example, uploaded: `${days + DAYS_BEYOND}d` }]);
    deleted[`${name}-old`] = name;
    if (another === undefined) continue;
    images.push([`${name}-young`, { tags: another, uploaded: `${days - DAYS_BEYOND}d` }]);
    kept[`${name}-young`] = '(no rule)';
  }
  const isAsked = keep.some(({ rule }) => rule.inUse === true);
  if (isAsked) {
    images.push(['in-use', { tags: 'in-use', uploaded: '400d', inUse: 'deployment default/web' }]);
    kept['in-use'] = 'running';
  }
  return `${[
    `# What the policy ${document.policy} has to do. Run by "gcr-warden policy test".`,
    'apiVersion: gcr-warden/v1',
    'test: what is recent or released stays, and what pipelines leave behind goes',
    `repository: ${flowYaml(repository)}`,
    `now: ${now}`,
    ...(isAsked ? ['usage: complete'] : []),
    'images:',
    ...images.map(([name, image]) => `  ${name}: ${flowYaml(image)}`),
    'kept:',
    ...Object.entries(kept).map(([name, rule]) => `  ${name}: ${rule}`),
    'deleted:',
    ...Object.entries(deleted).map(([name, rule]) => `  ${name}: ${rule}`),
  ].join('\n')}\n`;
}
