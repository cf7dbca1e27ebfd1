import { evaluateRule } from '../evaluate.ts';
import type { Condition, Policy, Rule } from '../policy.ts';
import { decidingVoices, type Judged } from './run.ts';

/** A rule, or one of its conditions, and whether a test ever turned on it. */
export interface CoveredItem {
  readonly policy: string;
  readonly file: string;
  /** 1-based line of the rule. */
  readonly line: number;
  readonly effect: Rule['effect'];
  readonly rule: string;
  /**
   * Its key in the rule; for `tags` also how many have to match, `tags (all)`, and each pattern of several,
   * `tags glob pr-*`. null for the rule as a whole.
   */
  readonly condition: string | null;
  readonly isCovered: boolean;
}

/** A rule with one of its conditions left out, or said otherwise. */
interface Relaxed {
  readonly condition: string;
  readonly rule: Rule;
}

/**
 * Says of every rule whether it decided an image in any test, and of every condition whether it mattered in
 * any: whether the rule without it would have said something else of some image. That is asked of the same
 * evaluator. Of several patterns each is left out by itself, and `any` and `all` are exchanged. `all: true` is
 * the absence of a condition, so there is nothing to leave out.
 */
export function coverageOf(policies: readonly Policy[], judged: readonly Judged[]): CoveredItem[] {
  const deciding = new Set<string>();
  for (const { decisions } of judged) {
    for (const decision of decisions) {
      for (const { policy, rule } of decidingVoices(decision)) deciding.add(`${policy}/${rule}`);
    }
  }
  return policies.flatMap((policy) =>
    [...policy.keep, ...policy.delete].flatMap((rule) => {
      const item = {
        policy: policy.name,
        file: policy.source.file,
        line: rule.line,
        effect: rule.effect,
        rule: rule.name,
      };
      const concerned = judged.filter((one) => one.policies.some(({ name }) => name === policy.name));
      return [
        { ...item, condition: null, isCovered: deciding.has(`${policy.name}/${rule.name}`) },
        ...relaxations(rule).map((relaxed) => ({
          ...item,
          condition: relaxed.condition,
          isCovered: concerned.some((one) => differs(rule, relaxed.rule, one)),
        })),
      ];
    }),
  );
}

function relaxations(rule: Rule): Relaxed[] {
  const found: Relaxed[] = [];
  for (const left of rule.conditions) {
    if (left.kind === 'all') continue;
    const rest = rule.conditions.filter((condition) => condition !== left);
    const conditions = rest.length === 0 ? [{ kind: 'all' } as const] : rest;
    found.push({ condition: left.kind, rule: { ...rule, conditions } });
    if (left.kind === 'tags') found.push(...relaxedTags(rule, left));
  }
  if (rule.newest !== null) found.push({ condition: 'newest', rule: { ...rule, newest: null } });
  if (rule.untilMs !== null) found.push({ condition: 'until', rule: { ...rule, untilMs: null } });
  return found;
}

function relaxedTags(rule: Rule, tags: Extract<Condition, { kind: 'tags' }>): Relaxed[] {
  const withTags = (condition: string, changed: Condition): Relaxed => ({
    condition,
    rule: { ...rule, conditions: rule.conditions.map((one) => (one === tags ? changed : one)) },
  });
  const { match, patterns } = tags;
  const found = [withTags(`tags (${match})`, { ...tags, match: match === 'all' ? 'any' : 'all' })];
  if (patterns.length === 1) return found;
  for (const left of patterns) {
    const rest = patterns.filter((pattern) => pattern !== left);
    found.push(withTags(`tags ${left.kind} ${left.text}`, { ...tags, patterns: rest }));
  }
  return found;
}

function differs(rule: Rule, relaxed: Rule, { inventory, nowMs }: Judged): boolean {
  const ask = evaluateRule(rule, inventory, nowMs);
  const askRelaxed = evaluateRule(relaxed, inventory, nowMs);
  return inventory.artifacts.some((artifact) => ask(artifact).kind !== askRelaxed(artifact).kind);
}
