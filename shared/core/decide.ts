import type { Answer } from './answer.ts';
import type { Decision, RuleVoice } from './decision.ts';
import { prepareRule } from './evaluate.ts';
import type { Graph, GraphNode } from './graph.ts';
import { keptWith } from './graph-walk.ts';
import type { Artifact, InventoryReader } from './inventory.ts';
import { reachesRepository, selectsRepository } from './pattern.ts';
import type { Policy, Rule } from './policy.ts';
import type { QuarantineJudge } from './quarantine.ts';
import { byReach, type RuleReach, reachOf, startOfTags } from './rule-reach.ts';

/**
 * The policies that select a repository, in an order that does not depend on files. Where a Google service
 * fills the repository, it takes one that names it; of the others, which only reach it by a wildcard, the keep
 * rules count and no delete rule does.
 */
export function policiesFor(policies: readonly Policy[], repository: string): Policy[] {
  const reaching = policies.filter((policy) => reachesRepository(policy.repositories, repository));
  const selecting = new Set(reaching.filter((policy) => selectsRepository(policy.repositories, repository)));
  if (selecting.size === 0) return [];
  return reaching
    .map((policy) => (selecting.has(policy) ? policy : { ...policy, delete: [] }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Told of an artifact and of its root's node, which is null where it has to do with no other manifest. */
export type ArtifactWatcher = (artifact: Artifact, node: GraphNode | null) => void;

/**
 * Judges every artifact of a repository. Keep beats delete, whatever the order and whichever policy says it;
 * what no rule names is kept; what is not known is kept; and what something kept needs is kept.
 *
 * @param graph the one that the inventory was taken from
 * @param policies those that select the repository, see `policiesFor`
 * @param onJudged told of every artifact in the inventory's order, for whoever needs each of them once as well
 * @param quarantine null where nothing has to do with one
 */
export function decide(
  inventory: InventoryReader,
  graph: Graph,
  policies: readonly Policy[],
  nowMs: number,
  onJudged: ArtifactWatcher = () => {},
  quarantine: Pick<QuarantineJudge, 'judge'> | null = null,
): Decision[] {
  const speakers = policies
    .flatMap((policy) =>
      [...policy.keep, ...policy.delete].map((rule) => speakerOf(policy, rule, inventory, nowMs)),
    )
    .sort((a, b) => (a.place < b.place ? -1 : a.place > b.place ? 1 : 0));
  const judge = judgeBy(speakers);
  const { artifacts } = inventory;
  const decisions: Decision[] = new Array(artifacts.length);
  for (let at = 0; at < artifacts.length; at++) {
    const artifact = artifacts.at(at);
    onJudged(artifact, graph.rootNodes[at] ?? null);
    const decision = judge(artifact, at);
    decisions[at] = quarantine === null ? decision : inQuarantine(decision, artifact, quarantine);
  }
  const keptRoots: GraphNode[] = [];
  let isAnyGoing = false;
  for (let at = 0; at < decisions.length; at++) {
    const node = graph.rootNodes[at] ?? null;
    if (node === null) continue;
    if (decisions[at]?.verdict === 'keep') keptRoots.push(node);
    else isAnyGoing = true;
  }
  if (!isAnyGoing) return decisions;
  const kept = keptWith(graph, keptRoots);
  for (let at = 0; at < decisions.length; at++) {
    const node = graph.rootNodes[at] ?? null;
    const decision = decisions[at];
    if (node === null || decision?.verdict !== 'delete' || !kept.has(node)) continue;
    decisions[at] = keepForOthers(decision);
  }
  return decisions;
}

/** A rule that is asked about one artifact after the other. */
interface Speaker {
  readonly reach: RuleReach;
  readonly effect: Rule['effect'];
  readonly enforces: boolean;
  /** Where its voice stands among others. */
  readonly place: string;
  /** null where it has nothing to say. */
  readonly speak: (artifact: Artifact, at: number) => RuleVoice | null;
}

function speakerOf(policy: Policy, rule: Rule, inventory: InventoryReader, nowMs: number): Speaker {
  const ask = prepareRule(rule, inventory, nowMs);
  let lastAnswer: Answer | null = null;
  let lastVoice: RuleVoice | null = null;
  const speak = (artifact: Artifact, at: number): RuleVoice | null => {
    const answer = ask(artifact, at);
    if (answer.kind === 'no') return null;
    // Many artifacts get the very same answer ("untagged", "nobody knows"); they share one voice.
    if (answer !== lastAnswer) {
      lastAnswer = answer;
      lastVoice = {
        policy: policy.name,
        rule: rule.name,
        effect: rule.effect,
        answer: answer.kind,
        mode: policy.mode,
        source: policy.source,
        line: rule.line,
        evidence: answer.evidence,
      };
    }
    return lastVoice;
  };
  return {
    reach: reachOf(rule),
    effect: rule.effect,
    enforces: policy.mode === 'enforce',
    place: `${policy.name}\0${rule.effect}\0${rule.name}`,
    speak,
  };
}

const SILENCE: readonly RuleVoice[] = [];

/** Judges one artifact after the other. Neighbours of which the same is said share one list of voices. */
function judgeBy(speakers: readonly Speaker[]): (artifact: Artifact, at: number) => Decision {
  // One list for all artifacts; a decision gets a copy of its own size, which one that grew is not.
  const spoken: RuleVoice[] = [];
  const reaching = byReach(speakers);
  let last = SILENCE;
  return (artifact, at) => {
    let count = 0;
    let isLast = true;
    let isKept = false;
    let isAllowed = false;
    let isEnforced = false;
    for (const { effect, enforces, speak } of reaching(startOfTags(artifact.tags))) {
      const voice = speak(artifact, at);
      if (voice === null) continue;
      isLast &&= voice === last[count];
      spoken[count] = voice;
      count += 1;
      if (effect === 'keep') isKept = true;
      else if (voice.answer === 'yes') {
        isAllowed = true;
        if (enforces) isEnforced = true;
      }
    }
    if (!isLast || count !== last.length) last = spoken.slice(0, count);
    const because =
      artifact.unreadable !== null
        ? 'its relations are not known'
        : !isAllowed && !isKept
          ? 'no rule names it'
          : null;
    const verdict = because === null && !isKept ? 'delete' : 'keep';
    return {
      root: artifact.root,
      tags: artifact.tags,
      members: artifact.members,
      verdict,
      because,
      unknown: artifact.unreadable,
      voices: last,
      enforced: verdict === 'delete' && isEnforced,
    };
  };
}

/** What is in quarantine stays, with all that it needs, until its time is over. */
function inQuarantine(
  decision: Decision,
  artifact: Artifact,
  quarantine: Pick<QuarantineJudge, 'judge'>,
): Decision {
  const state = quarantine.judge(decision, artifact);
  if (state === null) return decision;
  if (state.kind === 'served') return { ...decision, quarantine: state };
  return { ...decision, verdict: 'keep', because: 'in quarantine', enforced: false, quarantine: state };
}

function keepForOthers(decision: Decision): Decision {
  return { ...decision, verdict: 'keep', because: 'something kept needs it', enforced: false };
}
