import type { DeleteRule, KeepRule, PolicyDocument } from '../policy-file/policy-document.ts';
import { isKept, type TagHabit } from './tag-habit.ts';

/** A rule that is proposed, with why. */
export interface ProposedRule<Rule> {
  readonly name: string;
  readonly rule: Rule;
  /** A sentence, for a comment above it. */
  readonly why: string;
}

/** A policy that fits what a registry holds. */
export interface Proposal {
  readonly document: PolicyDocument;
  readonly keep: readonly ProposedRule<KeepRule>[];
  readonly delete: readonly ProposedRule<DeleteRule>[];
  /** Habits that no rule names, so what has such a tag stays. */
  readonly unnamed: readonly TagHabit[];
  /** The habits that the delete rules are about, by the rule's name. */
  readonly habits: Readonly<Record<string, TagHabit>>;
}

/** What the person who asks has said. */
export interface ProposalWishes {
  readonly owner: string | null;
  readonly schedule: { readonly cron: string; readonly timeZone: string } | null;
  /** Whether anything tells what runs. Without it a rule that asks would keep everything. */
  readonly knowsInUse: boolean;
  /**
   * What an untagged image's age counts from. `untagged`: since it lost its tags, which a ledger has to have seen.
   * `upload`: what can be told at a first look.
   */
  readonly untaggedFrom: 'untagged' | 'upload';
}

/** The images pushed last stay, whatever their tags. */
export const RECENT_KEPT = 5;

const UNTAGGED_FOR = '14d';
const OLDER_THAN = {
  'pull request': '30d',
  branch: '60d',
  build: '90d',
  commit: '90d',
  date: '90d',
} as const;
const NAMES = {
  'pull request': 'pull-requests',
  branch: 'branches',
  build: 'builds',
  commit: 'commits',
  date: 'dated',
} as const;

/**
 * Proposes a policy in `mode: plan` for repositories in which these habits were found. It names nothing for
 * deletion but untagged images and what pipelines leave behind; everything else no rule names, so it stays.
 */
export function proposePolicy(
  name: string,
  repositories: readonly string[],
  habits: readonly TagHabit[],
  wishes: ProposalWishes,
): Proposal {
  const keep = keepRules(wishes);
  const byRule: Record<string, TagHabit> = {};
  const remove: ProposedRule<DeleteRule>[] = [untaggedRule(wishes)];
  for (const habit of habits) {
    const { kind, pattern, count, examples } = habit;
    if (isKept(kind)) continue;
    const used = remove.filter((one) => one.name.replace(/-\d+$/, '') === NAMES[kind]).length;
    const rule = used === 0 ? NAMES[kind] : `${NAMES[kind]}-${used + 1}`;
    byRule[rule] = habit;
    remove.push({
      name: rule,
      rule: { tags: tagsOf(pattern), olderThan: OLDER_THAN[kind] },
      why: `${count} tags such as ${examples.join(', ')}: images that bear no other kind of tag.`,
    });
  }
  return {
    keep,
    delete: remove,
    unnamed: habits.filter(({ kind }) => isKept(kind)),
    habits: byRule,
    document: {
      apiVersion: 'gcr-warden/v1',
      policy: name,
      repositories,
      ...(wishes.schedule === null ? {} : { schedule: wishes.schedule }),
      mode: 'plan',
      limits: { digests: 500, share: '25%' },
      ...(wishes.owner === null ? {} : { owner: wishes.owner }),
      keep: keep.map((one) => ({ [one.name]: one.rule })),
      delete: remove.map((one) => ({ [one.name]: one.rule })),
    },
  };
}

/** Nothing is said of releases and moving names: no delete rule names them, and a rule that never matters only hides those that do. */
function keepRules({ knowsInUse }: ProposalWishes): ProposedRule<KeepRule>[] {
  const recent = {
    name: 'recent',
    rule: { newest: RECENT_KEPT },
    why: 'Of each repository the images pushed last, whatever their tags.',
  };
  const running = {
    name: 'running',
    rule: { inUse: true },
    why: 'Whatever runs. Where nobody can say what runs, this keeps everything.',
  } as const;
  return knowsInUse ? [recent, running] : [recent];
}

function untaggedRule({ untaggedFrom }: ProposalWishes): ProposedRule<DeleteRule> {
  return {
    name: 'untagged',
    rule:
      untaggedFrom === 'untagged'
        ? { untaggedFor: UNTAGGED_FOR }
        : { state: 'untagged', olderThan: UNTAGGED_FOR },
    why: 'Images whose tags have moved on or were removed.',
  };
}

function tagsOf(pattern: TagHabit['pattern']): NonNullable<KeepRule['tags']> {
  return 'exact' in pattern && pattern.exact.length === 1 ? { exact: pattern.exact[0] ?? '' } : pattern;
}
