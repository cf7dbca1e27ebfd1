import type { FreedSize } from '../core/freed-size.ts';
import { printProposal } from '../core/proposal/print.ts';
import type { Survey, SurveyedGroup, SurveyedRepository } from '../core/proposal/survey.ts';
import { quantity } from '../core/quantity.ts';
import { monthlyStorageCost, STORAGE_PRICE } from '../core/storage-price.ts';
import { formatAge, formatSize } from '../core/units.ts';
import { dollarText } from './dollar-text.ts';
import { sizeText } from './size-text.ts';
import { printable, type TextStyle, table, toned, wrap } from './text.ts';

/** Renders a first look: what is there, what it costs, how tags are used, and what a safe policy would take. */
export function renderSurvey(survey: Survey, style: TextStyle): string {
  const repositories = survey.groups.flatMap((group) => group.repositories);
  const parts = [headline(survey, repositories, style)];
  const warnings = incompleteSentences(survey, repositories);
  if (warnings.length > 0)
    parts.push(warnings.map((one) => toned(printable(one), 'warning', style)).join('\n'));
  if (repositories.length > 0) parts.push(repositoryTable(repositories, survey.takenAtMs, style));
  parts.push(...survey.groups.map((group) => renderGroup(group, style)));
  if (survey.managed.length > 0) {
    const left = survey.managed.map(({ repository, by }) => `${printable(repository)} (${by})`);
    parts.push(
      ...wrap(
        `Left alone, since a Google service fills them for itself: ${left.join(', ')}.`,
        style.widthColumns,
      ),
    );
  }
  parts.push(paragraph(footnote(), style));
  return `${parts.join('\n\n')}\n`;
}

function headline({ target }: Survey, repositories: readonly SurveyedRepository[], style: TextStyle): string {
  if (repositories.length === 0) return 'No repository there.';
  const all = sumOf(repositories.map(({ size }) => size));
  const going = sumOf(repositories.map((one) => one.going));
  const images = repositories.reduce((sum, { imageCount }) => sum + imageCount, 0);
  const untagged = repositories.reduce((sum, { untaggedCount }) => sum + untaggedCount, 0);
  const goes = repositories.reduce((sum, { goingCount }) => sum + goingCount, 0);
  const manifests = repositories.reduce((sum, { manifestCount }) => sum + manifestCount, 0);
  return [
    `${toned(printable(target), 'strong', style)}: ${quantity(images, 'image')} in ${repositories.length === 1 ? '1 repository' : `${repositories.length} repositories`}, ${untagged} of them without a tag; ${sizeText(all)}${costText(target, all)}.`,
    `A safe policy would take ${goes === 0 ? 'none' : goes} of ${quantity(manifests, 'manifest')}${goes === 0 ? '' : `, ${sizeText(going)}${costText(target, going)}`}. Nothing was changed.`,
  ]
    .map((line) => paragraph(line, style))
    .join('\n');
}

function costText(target: string, { sizeBytes }: FreedSize): string {
  const dollars = monthlyStorageCost(target, sizeBytes);
  return dollars === null || dollars < 0.01 ? '' : `, some ${dollarText(dollars)} a month`;
}

function sumOf(sizes: readonly FreedSize[]): FreedSize {
  return {
    kind: 'at most',
    sizeBytes: sizes.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    unknownCount: sizes.reduce((sum, size) => sum + (size.kind === 'at most' ? size.unknownCount : 0), 0),
  };
}

function incompleteSentences(
  { catalog }: Survey,
  repositories: readonly SurveyedRepository[],
): readonly string[] {
  return [
    ...(catalog.kind === 'incomplete' ? [`Not all repositories were seen: ${catalog.reason}`] : []),
    ...repositories.flatMap(({ repository, completeness }) =>
      completeness.kind === 'incomplete' ? [`${repository} may have more: ${completeness.reason}`] : [],
    ),
  ];
}

function repositoryTable(
  repositories: readonly SurveyedRepository[],
  nowMs: number,
  style: TextStyle,
): string {
  const bySize = [...repositories].sort((a, b) => b.size.sizeBytes - a.size.sizeBytes);
  return table(
    [
      { title: 'IMAGES', align: 'right' },
      { title: 'UNTAGGED', align: 'right' },
      { title: 'UP TO', align: 'right' },
      { title: 'WOULD GO', align: 'right' },
      { title: 'FREES', align: 'right' },
      { title: 'OLDEST', align: 'right' },
      { title: 'REPOSITORY' },
    ],
    bySize.map((one) => [
      `${one.imageCount}`,
      `${one.untaggedCount}`,
      formatSize(one.size.sizeBytes),
      `${one.goingCount}`,
      one.goingCount === 0 ? '' : formatSize(one.going.sizeBytes),
      one.oldestMs.kind === 'known' ? `${formatAge(nowMs - one.oldestMs.value)} ago` : '?',
      one.repository,
    ]),
    style,
  );
}

function renderGroup({ root, habits, proposal }: SurveyedGroup, style: TextStyle): string {
  const seen = habits.map(
    ({ kind, count, examples }) =>
      `${count} ${kind} ${count === 1 ? 'tag' : 'tags'} (${examples.join(', ')})`,
  );
  const tags = seen.length === 0 ? 'no habit in the tags' : seen.join('; ');
  return [
    paragraph(`${toned(printable(root), 'strong', style)}: ${printable(tags)}. A policy that fits:`, style),
    printProposal(proposal)
      .trimEnd()
      .split('\n')
      .map((line) => `  ${printable(line)}`.trimEnd())
      .join('\n'),
  ].join('\n');
}

function footnote(): string {
  return (
    `Untagged images count from their upload here: since when they have been untagged, only a ledger can tell. ` +
    `Sizes are those listed, in which a layer counts for each image that has it. ` +
    `Costs go by the list price, ${dollarText(STORAGE_PRICE.dollarsPerGibMonth)} a GiB and month since ${STORAGE_PRICE.since} (${STORAGE_PRICE.source}). ` +
    '"gcr-warden init" writes these policies with tests; "gcr-warden plan" says of each image why it would go or stay.'
  );
}

function paragraph(text: string, { widthColumns }: TextStyle): string {
  return wrap(text, widthColumns).join('\n');
}
