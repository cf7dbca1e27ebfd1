import type { Decision } from './decision.ts';
import { prepareRule } from './evaluate.ts';
import type { InventoryReader } from './inventory.ts';
import { compileTagTest, liesBelow, selectsRepository } from './pattern.ts';
import type { Plan, RepositoryPlan } from './plan.ts';
import type { Condition, Policy, Rule, TagPattern } from './policy.ts';
import { type PolicyWarning, sortByPolicy, warning } from './policy-warning.ts';
import { quantity } from './quantity.ts';
import { parseTarget } from './reference.ts';
import { byReach, reachOf } from './rule-reach.ts';

/** What matches the only tag there is says nothing about a pattern. */
const TELLING_TAGS_MIN = 2;

/**
 * What the policies that select a repository do there that was most likely not meant: `newest` that keeps all
 * it looks at, and tag patterns that match every tag. Told only where it decides about something: a keep rule
 * that keeps what nobody would delete is none of it. Sorted by policy and rule.
 *
 * @param selecting the policies that select the repository
 * @param decisions theirs, one an artifact, in the inventory's order
 */
export function repositoryWarnings(
  inventory: InventoryReader,
  selecting: readonly Policy[],
  decisions: readonly Decision[],
  nowMs: number,
): PolicyWarning[] {
  const found: PolicyWarning[] = [];
  // What a cut listing lacks may be what a pattern does not match, or what `newest` does not keep.
  if (inventory.completeness.kind === 'incomplete') return found;
  for (const policy of selecting) {
    for (const rule of speaking(policy, nowMs)) {
      if (rule.newest !== null) {
        const kept = keptByNewest(policy, rule, inventory, decisions, nowMs);
        if (kept !== null && kept.wanted > 0) {
          found.push(
            warning(
              'NEWEST_KEEPS_ALL',
              policy,
              rule,
              `newest: ${rule.newest.count} in the rule ${rule.name} of policy ${policy.name} keeps all ${quantity(kept.all, 'image')} that the rule looks at here, ${kept.wanted} of them named by a delete rule.`,
            ),
          );
        }
        continue;
      }
      for (const condition of tagConditions(rule)) {
        const count = tagsIfAllMatch(condition.patterns, decisions);
        if (count < TELLING_TAGS_MIN) continue;
        if (rule.effect === 'keep' && !keepsWhatIsNamed(policy, rule, decisions)) continue;
        found.push(
          warning(
            'COVERS_EVERY_TAG',
            policy,
            rule,
            `${condition.patterns.map(patternText).join(' or ')} in the rule ${rule.name} of policy ${policy.name} matches every one of the ${count} tags here.`,
          ),
        );
      }
    }
  }
  return sortByPolicy(found);
}

/**
 * Patterns of repositories and tags that match nothing in a target. A pattern that could as well match outside
 * of the target (one that begins with `**`) says nothing here, and neither does one where something was not seen. Sorted by
 * policy and rule.
 */
export function targetWarnings(
  policies: readonly Policy[],
  { target, catalog, repositories }: Pick<Plan, 'target' | 'catalog' | 'repositories'>,
  nowMs: number,
): PolicyWarning[] {
  if (catalog.kind === 'incomplete') return [];
  const place = parseTarget(target);
  const found: PolicyWarning[] = [];
  for (const policy of policies) {
    const { include, exclude } = policy.repositories;
    const below = (glob: string): boolean => liesBelow(glob, place);
    for (const [glob, text] of [
      ...include.map((glob) => [glob, glob] as const),
      ...exclude.map((glob) => [glob, `!${glob}`] as const),
    ]) {
      if (!below(glob)) continue;
      const one = { include: [glob], exclude: [] };
      if (repositories.some(({ repository }) => selectsRepository(one, repository))) continue;
      found.push(
        warning(
          'NO_REPOSITORY',
          policy,
          null,
          `${JSON.stringify(text)} of policy ${policy.name} matches no repository of ${target}.`,
        ),
      );
    }
    if (include.every(below)) found.push(...idleTagPatterns(policy, target, repositories, nowMs));
  }
  return sortByPolicy(found);
}

function idleTagPatterns(
  policy: Policy,
  target: string,
  repositories: readonly RepositoryPlan[],
  nowMs: number,
): PolicyWarning[] {
  const selected = repositories.filter(({ repository }) =>
    selectsRepository(policy.repositories, repository),
  );
  if (selected.some(({ completeness }) => completeness.kind === 'incomplete')) return [];
  const hasTag = (test: (tag: string) => boolean): boolean =>
    selected.some(({ decisions }) => decisions.some(({ tags }) => tags.some(test)));
  if (!hasTag(() => true)) return [];
  return speaking(policy, nowMs).flatMap((rule) => {
    const idle = tagConditions(rule)
      .flatMap(({ patterns }) => patterns)
      .filter((pattern) => !hasTag(compileTagTest(pattern)));
    if (idle.length === 0) return [];
    const message = `${idle.map(patternText).join(' and ')} in the rule ${rule.name} of policy ${policy.name} ${idle.length === 1 ? 'matches' : 'match'} no tag now, in ${selected.length === 1 ? 'the only repository' : `any of the ${selected.length} repositories`} of ${target} that the policy selects.`;
    return [warning('NO_TAG', policy, rule, message)];
  });
}

function speaking(policy: Policy, nowMs: number): Rule[] {
  return [...policy.keep, ...policy.delete].filter(({ untilMs }) => untilMs === null || nowMs < untilMs);
}

type TagCondition = Extract<Condition, { kind: 'tags' }>;

function tagConditions(rule: Rule): TagCondition[] {
  return rule.conditions.filter((one): one is TagCondition => one.kind === 'tags');
}

function patternText({ kind, text }: TagPattern): string {
  return `${kind} ${JSON.stringify(text)}`;
}

function isVoiceOf(policy: Policy, rule: Rule): (voice: Decision['voices'][number]) => boolean {
  return (voice) => voice.rule === rule.name && voice.policy === policy.name;
}

function isNamed({ voices }: Decision): boolean {
  return voices.some(({ effect, answer }) => effect === 'delete' && answer === 'yes');
}

function keepsWhatIsNamed(policy: Policy, rule: Rule, decisions: readonly Decision[]): boolean {
  const isOurs = isVoiceOf(policy, rule);
  return decisions.some((decision) => decision.voices.some(isOurs) && isNamed(decision));
}

/** How many images a rule with `newest` keeps where those are all that it looks at, else null. */
function keptByNewest(
  policy: Policy,
  rule: Rule,
  inventory: InventoryReader,
  decisions: readonly Decision[],
  nowMs: number,
): { readonly all: number; readonly wanted: number } | null {
  const isOurs = isVoiceOf(policy, rule);
  // Most rules leave something out, and the first of their voices tells so.
  const reaching = byReach([{ reach: reachOf(rule) }]);
  let spoke = false;
  const { artifacts } = inventory;
  for (let at = 0; at < decisions.length; at++) {
    if (reaching(artifacts.startAt(at)).length === 0) continue;
    const voice = decisions[at]?.voices.find(isOurs);
    if (voice === undefined) continue;
    spoke = true;
    const found = voice.evidence.at(-1);
    if (found?.kind === 'newest' && found.of > found.count) return null;
  }
  // Of what a rule looks at it keeps one at least.
  if (!spoke) return null;
  const asks = prepareRule({ ...rule, newest: null }, inventory, nowMs);
  let all = 0;
  let wanted = 0;
  for (let at = 0; at < decisions.length; at++) {
    if (reaching(artifacts.startAt(at)).length === 0 || asks(artifacts.at(at), at).kind === 'no') continue;
    const decision = decisions[at] as Decision;
    // An image of several groups shows one of them: what is not kept is seen here only.
    if (!decision.voices.some(isOurs)) return null;
    all += 1;
    if (isNamed(decision)) wanted += 1;
  }
  return { all, wanted };
}

/** The number of tags where each matches one of the patterns, else 0. */
function tagsIfAllMatch(patterns: readonly TagPattern[], decisions: readonly Decision[]): number {
  const tests = patterns.map(compileTagTest);
  let count = 0;
  for (const { tags } of decisions) {
    for (const tag of tags) {
      if (!tests.some((test) => test(tag))) return 0;
      count += 1;
    }
  }
  return count;
}
