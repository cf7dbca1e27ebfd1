import { doomedManifests } from './decide.ts';
import type { Decision, RuleVoice } from './decision.ts';
import type { Digest } from './digest.ts';
import { artifactOf, deletionOrder, type Graph } from './graph.ts';
import type { ListedManifest } from './listing.ts';
import type { Allowance, Step } from './plan.ts';

/**
 * Steps for the artifacts that go. All tags of a manifest are removed directly before it, so that Google's
 * guard accepts the delete and an interrupted run leaves as few untagged manifests as possible.
 *
 * @param going in the order of the graph's roots
 */
export function stepsFor(graph: Graph, going: readonly Decision[]): Step[] {
  const steps: Step[] = [];
  const allowances = allowanceReader();
  const related: Decision[] = [];
  const forEach = (visit: (decision: Decision, manifest: ListedManifest, isAlone: boolean) => void): void => {
    let next = 0;
    for (let at = 0; at < graph.roots.length && next < going.length; at++) {
      const manifest = graph.roots[at];
      const decision = going[next];
      if (manifest === undefined || decision?.root !== manifest.digest) continue;
      next += 1;
      visit(decision, manifest, graph.rootNodes[at] === null);
    }
  };
  forEach((decision, _manifest, isAlone) => {
    if (!isAlone) related.push(decision);
  });
  let chainCount = addRelatedSteps(steps, graph, related, allowances);
  forEach((decision, manifest, isAlone) => {
    if (!isAlone) return;
    addSteps(steps, manifest, decision, chainCount, allowances);
    chainCount += 1;
  });
  return steps;
}

/** Adds the steps of artifacts that have to do with other manifests. Returns how many chains they are. */
function addRelatedSteps(
  steps: Step[],
  graph: Graph,
  going: readonly Decision[],
  allowances: AllowanceReader,
): number {
  if (going.length === 0) return 0;
  const owners = new Map<Digest, Decision>();
  for (const decision of going) {
    for (const digest of decision.members) if (!owners.has(digest)) owners.set(digest, decision);
    owners.set(decision.root, decision);
  }
  const doomed = doomedManifests(graph, new Set(going.map((decision) => decision.root)));
  const chainOf = chains(graph, going, doomed);
  for (const manifest of deletionOrder(graph, doomed)) {
    const owner = owners.get(manifest.digest);
    if (owner !== undefined) addSteps(steps, manifest, owner, chainOf.get(owner.root) ?? 0, allowances);
  }
  return new Set(chainOf.values()).size;
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

/** Numbers the artifacts so that two that share a manifest have the same number. */
function chains(graph: Graph, going: readonly Decision[], doomed: ReadonlySet<Digest>): Map<Digest, number> {
  const leaders = new Map<Digest, Digest>();
  const leaderOf = (root: Digest): Digest => {
    let leader = root;
    for (let next = leaders.get(leader); next !== undefined && next !== leader; next = leaders.get(leader))
      leader = next;
    return leader;
  };
  const firstRootOf = new Map<Digest, Digest>();
  for (const { root } of going) {
    leaders.set(root, root);
    for (const digest of artifactOf(graph, root)) {
      if (!doomed.has(digest)) continue;
      const first = firstRootOf.get(digest);
      if (first === undefined) firstRootOf.set(digest, root);
      else leaders.set(leaderOf(root), leaderOf(first));
    }
  }
  const numbers = new Map<Digest, number>();
  const chainOf = new Map<Digest, number>();
  for (const { root } of going) {
    const leader = leaderOf(root);
    const number = numbers.get(leader) ?? numbers.size;
    numbers.set(leader, number);
    chainOf.set(root, number);
  }
  return chainOf;
}

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
