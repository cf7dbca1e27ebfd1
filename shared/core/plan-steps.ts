import type { Decision, RuleVoice } from './decision.ts';
import type { Graph, GraphNode } from './graph.ts';
import { deletionOrder, doomedWith } from './graph-walk.ts';
import type { ListedManifest } from './listing.ts';
import type { NodeSet } from './node-set.ts';
import type { Allowance, Step } from './plan.ts';

/**
 * Steps for the artifacts that go. All tags of a manifest are removed directly before it, so that Google's
 * guard accepts the delete and an interrupted run leaves as few untagged manifests as possible.
 *
 * @param decisions one for each of the graph's roots, in their order
 * @param goingAt the places of those that go, rising
 */
export function stepsFor(graph: Graph, decisions: readonly Decision[], goingAt: readonly number[]): Step[] {
  const steps: Step[] = [];
  const allowances = allowanceReader();
  const related: Related[] = [];
  for (const at of goingAt) {
    const root = graph.rootNodes[at] ?? null;
    if (root !== null) related.push({ decision: decisions[at] as Decision, root });
  }
  let chainCount = addRelatedSteps(steps, graph, related, allowances);
  for (const at of goingAt) {
    if ((graph.rootNodes[at] ?? null) !== null) continue;
    addSteps(steps, graph.roots[at] as ListedManifest, decisions[at] as Decision, chainCount, allowances);
    chainCount += 1;
  }
  return steps;
}

/** An artifact that goes and has to do with other manifests. */
interface Related {
  readonly decision: Decision;
  readonly root: GraphNode;
}

/** Adds the steps of artifacts that have to do with other manifests. Returns how many chains they are. */
function addRelatedSteps(
  steps: Step[],
  graph: Graph,
  going: readonly Related[],
  allowances: AllowanceReader,
): number {
  if (going.length === 0) return 0;
  // By the places of their roots.
  const goingAt: (Related | undefined)[] = [];
  for (const one of going) goingAt[one.root.place] = one;
  const ownerOf = (node: GraphNode): Related | undefined => {
    if (goingAt[node.place] !== undefined) return goingAt[node.place];
    const root = graph.rootsOf(node).find(({ place }) => goingAt[place] !== undefined);
    return root && goingAt[root.place];
  };
  const doomed = doomedWith(
    graph,
    going.map(({ root }) => root),
  );
  const chains = chainsOf(graph, going, doomed);
  for (const node of deletionOrder(graph, doomed)) {
    const owner = ownerOf(node);
    if (owner === undefined) continue;
    addSteps(steps, node.manifest, owner.decision, chains.numbers[owner.root.place] ?? 0, allowances);
  }
  return chains.count;
}

function addSteps(
  steps: Step[],
  manifest: ListedManifest,
  owner: Decision,
  chain: number,
  allowances: AllowanceReader,
): void {
  const { digest, tags, sizeBytes } = manifest;
  const { root } = owner;
  const allowedBy = allowances(owner);
  for (const tag of tags) steps.push({ kind: 'untag', tag, digest, root, chain, allowedBy });
  steps.push({
    kind: 'delete',
    digest,
    root,
    chain,
    tags,
    sizeBytes: sizeBytes.kind === 'known' ? sizeBytes.value : null,
    allowedBy,
  });
}

interface Chains {
  /** The number of each artifact's chain, by the place of its root. */
  readonly numbers: Int32Array;
  readonly count: number;
}

/** Numbers the artifacts so that two that share a manifest have the same number. */
function chainsOf(graph: Graph, going: readonly Related[], doomed: NodeSet): Chains {
  // Each root has the place of a root that it shares something with, and in the end of one that leads them all.
  const leaders = new Int32Array(graph.nodes.length).fill(NOBODY);
  const leaderOf = (root: number): number => {
    let leader = root;
    for (let next = leaders[leader] ?? leader; next !== leader; next = leaders[leader] ?? leader)
      leader = next;
    return leader;
  };
  for (const { root } of going) leaders[root.place] = root.place;
  for (const node of doomed) {
    // What goes is in nothing that stays.
    const [first, ...others] = graph.rootsOf(node);
    for (const root of others) if (first !== undefined) leaders[leaderOf(root.place)] = leaderOf(first.place);
  }
  const numberOf = new Int32Array(graph.nodes.length).fill(NOBODY);
  const numbers = new Int32Array(graph.nodes.length);
  let count = 0;
  for (const { root } of going) {
    const leader = leaderOf(root.place);
    if (numberOf[leader] === NOBODY) {
      numberOf[leader] = count;
      count += 1;
    }
    numbers[root.place] = numberOf[leader] ?? 0;
  }
  return { numbers, count };
}

const NOBODY = -1;

type AllowanceReader = (decision: Decision) => readonly Allowance[];

/** Reads who allows a deletion. Most are allowed by one rule, and those of one rule share one list. */
function allowanceReader(): AllowanceReader {
  const byPolicy = new Map<string, Map<string, readonly Allowance[]>>();
  const listOf = ({ policy, rule, mode, source }: RuleVoice): readonly Allowance[] => {
    const byRule = byPolicy.get(policy) ?? new Map<string, readonly Allowance[]>();
    byPolicy.set(policy, byRule);
    const found = byRule.get(rule);
    if (found?.[0]?.source === source) return found;
    const list = [{ policy, rule, mode, source }];
    byRule.set(rule, list);
    return list;
  };
  return ({ voices }) => {
    let list: readonly Allowance[] = [];
    for (const voice of voices) {
      if (voice.effect !== 'delete' || voice.answer !== 'yes') continue;
      list = list.length === 0 ? listOf(voice) : [...list, ...listOf(voice)];
    }
    return list;
  };
}
