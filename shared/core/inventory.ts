import { ALL_FACTS, type SoughtFact } from './asked-facts.ts';
import type { Digest } from './digest.ts';
import { type Fact, known, unknown } from './fact.ts';
import { artifactOf, buildGraph, type Graph } from './graph.ts';
import type { DigestHistory, History, TagSpan } from './history.ts';
import type { Completeness, ListedManifest, Listing } from './listing.ts';
import type { Manifest } from './manifest.ts';
import type { Usage, UsageAnswer } from './usage.ts';

/**
 * The unit of every decision: a root manifest with its children, referrers and signatures, counted once. A
 * manifest may be a member of several artifacts; it goes only when all of them go.
 */
export interface Artifact {
  readonly root: Digest;
  /** The tags that name it, sorted; signature and fallback tags are not among them. */
  readonly tags: readonly string[];
  /** Children, referrers and signatures, the root not among them, sorted. */
  readonly members: readonly Digest[];
  readonly mediaType: Fact<string>;
  /** null where the manifest says nothing about its type. */
  readonly artifactType: Fact<string | null>;
  /** Root and members as listed: an upper bound of what is freed, since layers are shared. */
  readonly sizeBytes: Fact<number>;
  readonly uploadedAtMs: Fact<number>;
  /** null while it has a tag. */
  readonly untaggedSinceMs: Fact<number | null>;
  /** When the youngest of its tags was put there; null where it has none. */
  readonly taggedAtMs: Fact<number | null>;
  /** null: pulls are recorded, and there was none. */
  readonly lastPulledAtMs: Fact<number | null>;
  /** What uses it, as a person would name it. An empty list: every source answered, and nothing does. */
  readonly usedBy: Fact<readonly string[]>;
  /** Why it has to stay whatever a rule says, because its relations are not known; null where they are. */
  readonly unreadable: string | null;
}

/** All that is known of one repository at one time. Rules ask the inventory and nothing else. */
export interface Inventory {
  readonly version: 1;
  readonly repository: string;
  readonly takenAtMs: number;
  readonly completeness: Completeness;
  /** All manifests listed, members included. */
  readonly manifestCount: number;
  /** Sorted by root digest. */
  readonly artifacts: readonly Artifact[];
}

/** What an inventory is made of. `history` must have been reconciled with the listing. */
export interface InventorySources {
  readonly listing: Listing;
  readonly history: History;
  readonly usage: Usage;
}

/**
 * An inventory with the graph that it was taken from, which the plan's order needs: one artifact for each of
 * the graph's roots, in their order.
 */
export interface InventoryTaking {
  readonly inventory: Inventory;
  readonly graph: Graph;
}

// Facts that most artifacts share. A listing may have a hundred thousand, and values never change.
const NULL_FACT: Fact<null> = known(null);
const NOBODY: Fact<readonly string[]> = known([]);
const NO_PULLS: Fact<never> = unknown('pulls are not recorded');
const UNTAGGED_BY_NOBODY: Fact<never> = unknown('nobody told when it lost its last tag');
const NOT_ASKED: Fact<never> = unknown('no rule asks for it');
const NO_MEMBERS: readonly Digest[] = [];

/**
 * Joins what the registry lists, what the ledger remembers and what runs into one inventory.
 *
 * @param asked what has to be looked up; the rest of the facts that would have to be is unknown in this inventory
 */
export function takeInventory(
  sources: InventorySources,
  asked: ReadonlySet<SoughtFact> = ALL_FACTS,
): InventoryTaking {
  const { listing, history } = sources;
  const graph = buildGraph(listing);
  const isTold = listing.manifests.some((manifest) => manifest.uploadedAtMs.kind === 'known');
  const usage = indexUsage(sources.usage, history.repository);
  const unreadByIndex =
    graph.unreadIndex === null
      ? null
      : `an index of the repository may point at it, but ${graph.unreadIndex}`;
  const asksUntaggedSince = asked.has('untaggedSinceMs');
  const asksTaggedAt = asked.has('taggedAtMs');
  const asksUsedBy = asked.has('usedBy');
  const asksUploadedAt = !isTold;
  const artifacts: Artifact[] = [];
  for (const [at, manifest] of graph.roots.entries()) {
    const root = manifest.digest;
    const node = graph.rootNodes[at] ?? null;
    const compound = node === null ? undefined : graph.compounds.get(root);
    const tags = sorted(node === null ? manifest.tags : node.tags);
    const asksHistory = tags.length === 0 ? asksUntaggedSince : asksTaggedAt;
    const remembered = asksHistory || asksUploadedAt ? history.digests[root] : undefined;
    artifacts.push({
      root,
      tags,
      members: compound === undefined ? NO_MEMBERS : compound.slice(1).sort(),
      mediaType: manifest.mediaType,
      artifactType: artifactTypeOf(listing.relations[root]),
      sizeBytes: compound === undefined ? sizeOf(manifest) : sumOfSizes(compound, graph),
      uploadedAtMs: uploadedAt(manifest, remembered, isTold),
      untaggedSinceMs: asksUntaggedSince ? untaggedSince(tags, remembered) : NOT_ASKED,
      taggedAtMs: asksTaggedAt ? taggedAt(tags, remembered) : NOT_ASKED,
      lastPulledAtMs: NO_PULLS,
      usedBy: asksUsedBy ? usedBy(usage, root, tags, compound, graph, history) : NOT_ASKED,
      unreadable: node === null ? unreadByIndex : unreadable(graph, root, unreadByIndex),
    });
  }
  return {
    graph,
    inventory: {
      version: 1,
      repository: listing.repository,
      takenAtMs: listing.takenAtMs,
      completeness: listing.completeness,
      manifestCount: listing.manifests.length,
      artifacts,
    },
  };
}

function sorted(tags: readonly string[]): readonly string[] {
  return tags.length < 2 ? tags : [...tags].sort();
}

function artifactTypeOf(relations: Fact<Manifest> | undefined): Artifact['artifactType'] {
  if (relations === undefined) return NULL_FACT;
  if (relations.kind === 'unknown') return relations;
  return relations.value.artifactType === null ? NULL_FACT : known(relations.value.artifactType);
}

function unreadable(graph: Graph, root: Digest, unreadByIndex: string | null): string | null {
  if (graph.circular.has(root)) return 'it is about itself in a circle';
  for (const digest of artifactOf(graph, root)) {
    const reason = graph.nodes.get(digest)?.unreadable ?? null;
    if (reason !== null) return digest === root ? reason : `${digest}: ${reason}`;
  }
  return unreadByIndex;
}

function sizeOf({ digest, sizeBytes }: ListedManifest): Fact<number> {
  return sizeBytes.kind === 'known' ? sizeBytes : unknown(`the registry does not tell the size of ${digest}`);
}

function sumOfSizes(nodes: readonly Digest[], graph: Graph): Fact<number> {
  let total = 0;
  for (const digest of nodes) {
    const manifest = graph.nodes.get(digest)?.manifest;
    if (manifest === undefined) continue;
    const size = sizeOf(manifest);
    if (size.kind === 'unknown') return size;
    total += size.value;
  }
  return known(total);
}

/**
 * A registry that tells no upload time at all leaves the ledger's first sight of the digest since it was last
 * gone, which is never earlier than the upload: an age counted from it is never too large. Beside times that
 * the registry tells it would not do, since an old image seen late would rank as the newest.
 */
function uploadedAt(
  manifest: ListedManifest,
  remembered: DigestHistory | undefined,
  isTold: boolean,
): Fact<number> {
  if (isTold) return manifest.uploadedAtMs;
  return remembered === undefined ? manifest.uploadedAtMs : known(remembered.presentSinceMs);
}

function untaggedSince(tags: readonly string[], remembered: DigestHistory | undefined): Fact<number | null> {
  if (tags.length > 0) return NULL_FACT;
  const since = remembered?.untaggedSinceMs ?? null;
  return since === null ? UNTAGGED_BY_NOBODY : known(since);
}

function taggedAt(tags: readonly string[], remembered: DigestHistory | undefined): Fact<number | null> {
  if (tags.length === 0) return NULL_FACT;
  let youngestMs: number | null = null;
  for (const tag of tags) {
    const span = remembered === undefined ? null : openSpan(remembered.tags, tag);
    if (span === null) return unknown(`nobody told when tag ${tag} was put there`);
    if (youngestMs === null || span.fromMs > youngestMs) youngestMs = span.fromMs;
  }
  return known(youngestMs);
}

function openSpan(spans: readonly TagSpan[], tag: string): TagSpan | null {
  for (const span of spans) if (span.untilMs === null && span.tag === tag) return span;
  return null;
}

interface UsageIndex {
  readonly byDigest: ReadonlyMap<Digest, readonly string[]>;
  readonly byTag: ReadonlyMap<string, readonly string[]>;
  /** What to say of an artifact that no source names. */
  readonly ofNobody: Fact<readonly string[]>;
}

/** A digest is in use wherever it was pulled from; a tag means something in its own repository only. */
function indexUsage(usage: Usage, repository: string): UsageIndex {
  const byDigest = new Map<Digest, string[]>();
  const byTag = new Map<string, string[]>();
  const push = <K>(map: Map<K, string[]>, key: K, by: string): void => {
    const names = map.get(key);
    if (names === undefined) map.set(key, [by]);
    else names.push(by);
  };
  for (const answer of usage.answers) {
    if (answer.kind === 'unknown') continue;
    for (const use of answer.uses) {
      if (use.digest !== null) push(byDigest, use.digest, use.by);
      else if (use.tag !== null && use.repository === repository) push(byTag, use.tag, use.by);
    }
  }
  const gap = gapOf(usage.answers);
  return { byDigest, byTag, ofNobody: gap === null ? NOBODY : unknown(gap) };
}

function gapOf(answers: readonly UsageAnswer[]): string | null {
  if (answers.length === 0) return 'no in-use source is configured';
  for (const answer of answers) {
    if (answer.kind === 'unknown') return `${answer.source} did not answer: ${answer.reason}`;
  }
  const vague = answers.find((answer) => answer.kind === 'best effort');
  return vague !== undefined && answers.every((answer) => answer.kind === 'best effort')
    ? `${vague.source} answers by best effort only`
    : null;
}

/**
 * A use names a digest, or a tag where no digest could be learned. A tag protects what it points at and every
 * digest that it ever pointed at, because a workload may have been started from any of them.
 */
function usedBy(
  index: UsageIndex,
  root: Digest,
  tags: readonly string[],
  compound: readonly Digest[] | undefined,
  graph: Graph,
  history: History,
): Fact<readonly string[]> {
  const { byDigest, byTag, ofNobody } = index;
  if (byTag.size === 0 && compound === undefined) {
    const users = byDigest.get(root);
    return users === undefined ? ofNobody : namedOnce(users);
  }
  const users: string[] = [];
  addUsers(users, index, root, tags, history);
  for (const digest of compound ?? NO_MEMBERS) {
    if (digest !== root) addUsers(users, index, digest, graph.nodes.get(digest)?.tags ?? [], history);
  }
  return users.length === 0 ? ofNobody : namedOnce(users);
}

function namedOnce(users: readonly string[]): Fact<readonly string[]> {
  return known([...new Set(users)].sort());
}

function addUsers(
  users: string[],
  { byDigest, byTag }: UsageIndex,
  digest: Digest,
  tags: readonly string[],
  history: History,
): void {
  const names = byDigest.get(digest);
  if (names !== undefined) users.push(...names);
  if (byTag.size === 0) return;
  for (const tag of tags) users.push(...(byTag.get(tag) ?? []));
  for (const { tag } of history.digests[digest]?.tags ?? []) users.push(...(byTag.get(tag) ?? []));
}
