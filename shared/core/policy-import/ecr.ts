import * as z from 'zod';
import type { Condition } from '../policy.ts';
import { NEWEST_MAX } from '../policy-file/limits.ts';
import { isTag } from '../reference.ts';
import { DAY_MS, MINUTE_MS } from '../units.ts';
import {
  type ImportNote,
  membersNote,
  newestOf,
  type RuleDraft,
  type SourceFile,
  type SourceImport,
  TIES_NOTE,
} from './draft.ts';
import { NameGiver, stemOf } from './name.ts';
import { shown } from './print.ts';
import { checkAge, readJson, refuseRule, refuseSource, SOURCE_RULES_MAX } from './source-file.ts';

const tagList = z.array(z.string().min(1).max(128)).min(1).max(100);

const ruleShape = z.strictObject({
  rulePriority: z.int().min(1),
  description: z.string().max(1000).optional(),
  selection: z.strictObject({
    tagStatus: z.enum(['tagged', 'untagged', 'any']),
    tagPatternList: tagList.optional(),
    tagPrefixList: tagList.optional(),
    storageClass: z.string().optional(),
    countType: z.string(),
    countUnit: z.string().optional(),
    countNumber: z.int().min(1),
  }),
  action: z.strictObject({ type: z.string(), targetStorageClass: z.string().optional() }),
});

const fileShape = z.strictObject({
  rules: z
    .array(ruleShape)
    .min(1, 'there is no rule in it')
    .max(SOURCE_RULES_MAX, `there are more than ${SOURCE_RULES_MAX} rules in it`),
});

type LifecycleRule = z.infer<typeof ruleShape>;

/** What a rule asks of an image's tags. */
interface Selected {
  readonly status: 'tagged' | 'untagged' | 'any';
  /** Every image that the rule may select; more than those only where `isExact` is false. */
  readonly conditions: readonly Condition[];
  readonly isExact: boolean;
}

/**
 * Turns the lifecycle policy of an ECR repository into a policy.
 *
 * ECR decides by priority: an image that a rule selects by its tags is out of reach of all rules below, whether
 * or not the rule expires it. Ours has no priorities, but keep beats delete; so where a rule lets an image stay
 * and a rule below could take it, a keep rule says the same. That one also holds against rules above, which is
 * the one thing that can't be said: an image that several rules select stays until all of them let it go.
 *
 * @param repositories globs, as policies write them
 * @throws WardenError IMPORT_INVALID, IMPORT_UNSUPPORTED
 */
export function importEcr(source: SourceFile, repositories: readonly string[]): SourceImport {
  const { file } = source;
  const rules = sorted(file, readJson(source, fileShape).rules);
  const notes: ImportNote[] = [membersNote('ECR')];
  const keep: RuleDraft[] = [];
  const deleting: RuleDraft[] = [];
  const names = new NameGiver();
  const above: Selected[] = [];
  const selections = rules.map((rule, index) => {
    const field = `rule ${rule.rulePriority}`;
    checkRule(file, field, rule);
    return select(
      file,
      `${field}: selection`,
      rule,
      rules.slice(0, index).some(({ selection }) => selection.tagStatus === 'untagged'),
    );
  });
  for (const [index, rule] of rules.entries()) {
    const selected = selections[index] ?? null;
    const name = `rule ${rule.rulePriority}`;
    if (selected === null) {
      notes.push({
        kind: 'NEVER',
        rule: name,
        text: 'It is left out: no tag matches all it asks for, so it never applies.',
      });
      continue;
    }
    const isReached = selections.slice(index + 1).some((below) => below !== null && meet(selected, below));
    const isShared = above.some((one) => meet(one, selected));
    above.push(selected);
    const told = rule.description === undefined ? '' : ` (${shown(rule.description)})`;
    const from = `ECR ${name}${told}.`;
    const stem = `rule-${rule.rulePriority}`;
    const several: ImportNote[] = isShared
      ? [
          {
            kind: 'SEVERAL_RULES',
            rule: name,
            text: 'It also keeps an image that a rule of higher priority would expire, while this rule would not.',
          },
        ]
      : [];
    const why = whyLeftOut(selected, rule);
    if (why !== null) {
      notes.push({ kind: 'LEFT_OUT', rule: name, text: `${why} Nothing is deleted because of it.` });
      if (isReached) {
        keep.push({
          name: names.give(stem, 'rule'),
          from,
          notes: [
            {
              kind: 'LEFT_OUT',
              rule: name,
              text: 'What it selects is out of reach of the rules below it, so this keeps all of it.',
            },
            ...several,
          ],
          conditions: selected.conditions,
          newest: null,
        });
      }
      continue;
    }
    const apart: ImportNote[] =
      rule.selection.tagStatus === 'any' && selected.status === 'tagged'
        ? [
            {
              kind: 'COUNTED_APART',
              rule: name,
              text: 'A rule above is for all untagged images, so only tagged ones are left to this one, and only they are counted.',
            },
          ]
        : [];
    const conditions = selected.conditions.length === 0 ? [{ kind: 'all' } as const] : selected.conditions;
    const count = rule.selection.countNumber;
    if (rule.selection.countType === 'imageCountMoreThan') {
      if (!notes.includes(TIES_NOTE)) notes.push(TIES_NOTE);
      keep.push({
        name: names.give(`${stem}-newest`, 'rule'),
        from,
        notes: [...apart, ...several],
        conditions,
        newest: newestOf(count),
      });
      deleting.push({ name: names.give(stem, 'rule'), from, notes: [], conditions, newest: null });
      continue;
    }
    const ageMs = count * DAY_MS;
    if (isReached) {
      keep.push({
        name: names.give(`${stem}-not-yet`, 'rule'),
        from,
        notes: [
          {
            kind: 'ROUNDED',
            rule: name,
            text: `What it does not expire yet is out of reach of the rules below it; a minute more than ${count}d leaves no gap.`,
          },
          ...several,
        ],
        conditions: [...selected.conditions, { kind: 'newerThan', ageMs: ageMs + MINUTE_MS }],
        newest: null,
      });
    }
    deleting.push({
      name: names.give(stem, 'rule'),
      from,
      notes: [],
      conditions: [...selected.conditions, { kind: 'olderThan', ageMs }],
      newest: null,
    });
  }
  const hasRules = keep.length + deleting.length > 0;
  return {
    drafts: hasRules
      ? [{ name: new NameGiver().give(stemOf(file), 'lifecycle'), repositories, keep, delete: deleting }]
      : [],
    notes,
  };
}

/** By priority, each of which stands once, and `any` last: what ECR itself asks for. */
function sorted(file: string, rules: readonly LifecycleRule[]): LifecycleRule[] {
  const order = [...rules].sort((a, b) => a.rulePriority - b.rulePriority);
  for (const [index, rule] of order.entries()) {
    const next = order[index + 1];
    if (next?.rulePriority === rule.rulePriority) {
      refuseSource(file, 'rules', `two rules have the priority ${rule.rulePriority}`);
    }
    if (next !== undefined && rule.selection.tagStatus === 'any') {
      refuseSource(
        file,
        'rules',
        `rule ${rule.rulePriority} selects any image, so it has to have the highest number`,
      );
    }
  }
  return order;
}

function checkRule(file: string, field: string, { selection, action }: LifecycleRule): void {
  const { tagStatus, tagPatternList, tagPrefixList, countType, countUnit, countNumber } = selection;
  const at = `${field}: selection`;
  const lists = [tagPatternList, tagPrefixList].filter((one) => one !== undefined).length;
  if (tagStatus === 'tagged' ? lists !== 1 : lists !== 0) {
    refuseSource(
      file,
      at,
      'tagStatus tagged has one of tagPatternList and tagPrefixList, and no other has them',
    );
  }
  if (
    !['imageCountMoreThan', 'sinceImagePushed', 'sinceImagePulled', 'sinceImageTransitioned'].includes(
      countType,
    )
  ) {
    refuseSource(file, `${at}.countType`, 'it is imageCountMoreThan or sinceImagePushed');
  }
  if (countType === 'imageCountMoreThan' ? countUnit !== undefined : countUnit !== 'days') {
    refuseSource(file, `${at}.countUnit`, 'it is days, and not there for imageCountMoreThan');
  }
  if (action.type !== 'expire' && action.type !== 'transition') {
    refuseSource(file, `${field}: action.type`, 'it is expire or transition');
  }
  if (countType !== 'imageCountMoreThan') checkAge(file, `${at}.countNumber`, (countNumber + 1) * DAY_MS);
  else if (countNumber > NEWEST_MAX) refuseRule(file, `${at}.countNumber`, `newest counts to ${NEWEST_MAX}`);
}

/** What a rule selects, or null where no image can have the tags that it asks for. */
function select(
  file: string,
  field: string,
  { selection }: LifecycleRule,
  untaggedIsTaken: boolean,
): Selected | null {
  const { tagStatus, tagPatternList, tagPrefixList } = selection;
  if (tagStatus === 'untagged') {
    return { status: 'untagged', conditions: [{ kind: 'state', state: 'untagged' }], isExact: true };
  }
  if (tagStatus === 'any') {
    // Untagged images belong to the rule above, whatever it does with them; so this one is for the others.
    return untaggedIsTaken
      ? { status: 'tagged', conditions: [{ kind: 'state', state: 'tagged' }], isExact: true }
      : { status: 'any', conditions: [], isExact: true };
  }
  const kind = tagPatternList === undefined ? 'prefix' : 'glob';
  const texts = [...new Set(tagPatternList ?? tagPrefixList ?? [])];
  for (const text of texts) {
    if (!/^[A-Za-z0-9._*-]+$/.test(text) || (kind === 'prefix' && text.includes('*'))) {
      refuseSource(
        file,
        field,
        `${JSON.stringify(text)} is no ${kind === 'glob' ? 'pattern' : 'prefix'} of tags`,
      );
    }
  }
  const isPossible = (text: string): boolean => isTag(text.replaceAll('*', '')) || /^\*/.test(text);
  if (!texts.every(isPossible)) return null;
  // The first of several selects more than all of them together, which is right for what has to stay.
  const [first = ''] = texts;
  const tags: Condition = /^\*+$/.test(first)
    ? { kind: 'state', state: 'tagged' }
    : { kind: 'tags', match: 'any', patterns: [{ kind, text: first }] };
  return { status: 'tagged', conditions: [tags], isExact: texts.length === 1 };
}

/** Whether some image may be selected by both. Two kinds of tags may always be on one image. */
function meet(one: Selected, other: Selected): boolean {
  return one.status === 'any' || other.status === 'any' || one.status === other.status;
}

function whyLeftOut(selected: Selected, { selection, action }: LifecycleRule): string | null {
  if (action.type !== 'expire')
    return 'It moves images to another storage class, which Google registries do not have.';
  if (selection.storageClass !== undefined && selection.storageClass.toLowerCase() !== 'standard') {
    return `It is for the storage class ${JSON.stringify(shown(selection.storageClass))}, which Google registries do not have.`;
  }
  if (selection.countType !== 'imageCountMoreThan' && selection.countType !== 'sinceImagePushed') {
    return `It counts ${selection.countType}, which has no counterpart.`;
  }
  if (!selected.isExact) {
    return 'It selects images that bear tags for all entries of its list (ECR does not mean "one of them"), and a rule here has one list of alternatives. If alternatives were meant, write a rule for each.';
  }
  return null;
}
