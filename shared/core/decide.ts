import type { Decision, RuleVoice } from './decision.ts';
import type { Digest } from './digest.ts';
import { evaluateRule, type RuleEvaluator } from './evaluate.ts';
import { type Graph, keptWith } from './graph.ts';
import type { Artifact, Inventory } from './inventory.ts';
import { selectsRepository } from './pattern.ts';
import type { Policy, Rule } from './policy.ts';

/** The policies that select a repository, in an order that does not depend on files. */
export function policiesFor(policies: readonly Policy[], repository: string): Policy[] {
  return policies
    .filter((policy) => selectsRepository(policy.repositories, repository))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/**
 * Judges every artifact of a repository. Keep beats delete, whatever the order and whichever policy says it;
 * what no rule names is kept; what is not known is kept; and what something kept needs is kept.
 *
 * @param policies those that select the repository, see `policiesFor`
 */
export function decide(
  inventory: Inventory,
  graph: Graph,
  policies: readonly Policy[],
  nowMs: number,
): Decision[] {
  const speakers = policies.flatMap((policy) =>
    [...policy.keep, ...policy.delete].map((rule) => ({
      policy,
      rule,
      ask: evaluateRule(rule, inventory, nowMs),
    })),
  );
  const decisions = inventory.artifacts.map((artifact) => judge(artifact, speakers));
  const keptRoots = decisions
    .filter((decision) => decision.verdict === 'keep')
    .map((decision) => decision.root);
  const kept = keptWith(graph, keptRoots);
  return decisions.map((decision) =>
    decision.verdict === 'delete' && kept.has(decision.root) ? keepForOthers(decision) : decision,
  );
}

interface Speaker {
  readonly policy: Policy;
  readonly rule: Rule;
  readonly ask: RuleEvaluator;
}

function judge(artifact: Artifact, speakers: readonly Speaker[]): Decision {
  const voices: RuleVoice[] = [];
  for (const { policy, rule, ask } of speakers) {
    const answer = ask(artifact);
    if (answer.kind === 'no') continue;
    voices.push({
      policy: policy.name,
      rule: rule.name,
      effect: rule.effect,
      answer: answer.kind,
      mode: policy.mode,
      source: policy.source,
      line: rule.line,
      evidence: answer.evidence,
    });
  }
  const allowing = voices.filter((voice) => voice.effect === 'delete' && voice.answer === 'yes');
  const keeps = voices.some((voice) => voice.effect === 'keep');
  const because =
    artifact.unreadable !== null
      ? 'its relations are not known'
      : allowing.length === 0 && !keeps
        ? 'no rule names it'
        : null;
  const verdict = because === null && !keeps ? 'delete' : 'keep';
  return {
    root: artifact.root,
    tags: artifact.tags,
    members: artifact.members,
    verdict,
    because,
    unknown: artifact.unreadable,
    voices: voices.sort(compareVoices),
    enforced: verdict === 'delete' && allowing.some((voice) => voice.mode === 'enforce'),
  };
}

function keepForOthers(decision: Decision): Decision {
  return { ...decision, verdict: 'keep', because: 'something kept needs it', enforced: false };
}

function compareVoices(a: RuleVoice, b: RuleVoice): number {
  const left = `${a.policy}\0${a.effect}\0${a.rule}`;
  const right = `${b.policy}\0${b.effect}\0${b.rule}`;
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The manifests that may go when these artifacts go: those that nothing else needs. */
export function doomedManifests(graph: Graph, going: ReadonlySet<Digest>): Set<Digest> {
  const staying = [...graph.artifacts.keys()].filter((root) => !going.has(root));
  const kept = keptWith(graph, staying);
  const doomed = new Set<Digest>();
  for (const root of going) {
    for (const digest of graph.artifacts.get(root) ?? []) if (!kept.has(digest)) doomed.add(digest);
  }
  return doomed;
}
