import { ALL_FACTS, type SoughtFact } from './asked-facts.ts';
import type { Digest } from './digest.ts';
import { type Fact, known, type TimeFact, unknown } from './fact.ts';
import { buildGraph, type Graph, type GraphNode } from './graph.ts';
import type { History } from './history.ts';
import { lastPullReader } from './last-pull.ts';
import type { Completeness, ListedManifest, Listing } from './listing.ts';
import type { Manifest } from './manifest.ts';
import { orphanReader } from './orphan.ts';
import type { RecordedPulls } from './pull-record.ts';
import { rememberedTimes } from './remembered-times.ts';
import { startOfTags, type TagsStart } from './rule-reach.ts';
import { resolveUsers, type Users } from './usage/users.ts';
import type { Usage } from './usage.ts';

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
  /** Never null. Where the registry tells no times it is the latest at which it can have been. */
  readonly uploadedAtMs: TimeFact;
  /** null while it has a tag. */
  readonly untaggedSinceMs: TimeFact;
  /** When the youngest of its tags was put there; null where it has none. */
  readonly taggedAtMs: TimeFact;
  /** Of any of its manifests. null: there was none, ever. */
  readonly lastPulledAtMs: TimeFact;
  /** What uses it, as a person would name it. An empty list: every source answered, and nothing does. */
  readonly usedBy: Fact<readonly string[]>;
  /** Whether all that it is about is gone, see `core/orphan.ts`. */
  readonly orphaned: Fact<boolean>;
  /** Why it has to stay whatever a rule says, because its relations are not known; null where they are. */
  readonly unreadable: string | null;
}

/** What is known of a repository as a whole. */
export interface InventoryHead {
  readonly version: 1;
  readonly repository: string;
  readonly takenAtMs: number;
  readonly completeness: Completeness;
  /**
   * Whether `usedBy` is unknown only because every source answered by best effort: then nobody was seen to use
   * what it is unknown of, and a policy may trust that.
   */
  readonly unusedByBestEffort: boolean;
  /** All manifests listed, members included. */
  readonly manifestCount: number;
}

/** All that is known of one repository at one time. Rules ask the inventory and nothing else. */
export interface Inventory extends InventoryHead {
  /** Sorted by root digest. */
  readonly artifacts: readonly Artifact[];
}

/**
 * An inventory's artifacts for whoever looks at one after the other. Of a hundred thousand nobody then has to
 * hold more than one: what is made for one and forgotten costs next to nothing.
 */
export interface ArtifactReader {
  readonly length: number;
  at(index: number): Artifact;
  /** The tags of one, for whoever can tell by those that the rest does not matter. */
  tagsAt(index: number): readonly string[];
  /** How those begin, see `startOfTags`. */
  startAt(index: number): TagsStart;
}

/** An inventory that is read while it is judged. */
export interface InventoryReader extends InventoryHead {
  readonly artifacts: ArtifactReader;
}

/** Reads an inventory that is held as a whole. */
export function readInventory(inventory: Inventory): InventoryReader {
  const { artifacts } = inventory;
  const at = (index: number): Artifact => artifacts[index] as Artifact;
  return {
    ...inventory,
    artifacts: {
      length: artifacts.length,
      at,
      tagsAt: (index) => at(index).tags,
      startAt: (index) => startOfTags(at(index).tags),
    },
  };
}

/** What an inventory is made of. `history` must have been reconciled with the listing. */
export interface InventorySources {
  readonly listing: Listing;
  readonly history: History;
  readonly usage: Usage;
  /** Left out where pulls are not recorded, or nobody asked for them. */
  readonly pulls?: RecordedPulls;
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
const NOT_ASKED: Fact<never> = unknown('no rule asks for it');
const NOBODY_NAMED: readonly string[] = [];
const NO_USAGE: Usage = { version: 1, answers: [] };
const NO_MEMBERS: readonly Digest[] = [];

/** Takes an inventory as a whole, see `openInventory`. */
export function takeInventory(
  sources: InventorySources,
  asked: ReadonlySet<SoughtFact> = ALL_FACTS,
): InventoryTaking {
  const { graph, inventory } = openInventory(sources, asked);
  const { artifacts } = inventory;
  const all = Array.from({ length: artifacts.length }, (_, index) => artifacts.at(index));
  return { graph, inventory: { ...inventory, artifacts: all } };
}

/**
 * Joins what the registry lists, what the ledger remembers and what runs into one inventory.
 *
 * @param asked what has to be looked up; the rest of the facts that would have to be is unknown in this inventory
 */
export function openInventory(
  sources: InventorySources,
  asked: ReadonlySet<SoughtFact>,
): { readonly inventory: InventoryReader; readonly graph: Graph } {
  const { listing, history } = sources;
  const graph = buildGraph(listing);
  const isTold = listing.manifests.some((manifest) => manifest.uploadedAtMs.kind === 'known');
  const asksUsedBy = asked.has('usedBy');
  const users = resolveUsers(asksUsedBy ? sources.usage : NO_USAGE, listing, history);
  const { standing } = users;
  const using: Using = {
    users,
    isUsed: usedPlaces(users, listing, graph),
    ofNobody: standing.kind === 'complete' ? NOBODY : unknown(standing.reason),
  };
  const unreadByIndex =
    graph.unreadIndex === null
      ? null
      : `an index of the repository may point at it, but ${graph.unreadIndex}`;
  const orphaned = orphanReader(listing, graph, isTold);
  const asksArtifactType = asked.has('artifactType');
  const asksUntaggedSince = asked.has('untaggedSinceMs');
  const asksTaggedAt = asked.has('taggedAtMs');
  const asksLastPull = asked.has('lastPulledAtMs');
  const remembered = rememberedTimes(history);
  const lastPulledAt = asksLastPull
    ? lastPullReader(sources.pulls, history, graph, listing.takenAtMs)
    : () => NOT_ASKED;
  const { roots, rootNodes, rootPlaces } = graph;
  const tagsAt = (index: number): readonly string[] => {
    const node = rootNodes[index] ?? null;
    return sorted(node === null ? (roots[index] as ListedManifest).tags : node.tags);
  };
  let starts: Uint8Array | null = null;
  // Every rule with newest asks of every artifact, and they lie side by side.
  const startAt = (index: number): TagsStart => {
    starts ??= startsOf(graph);
    return starts[index] ?? 0;
  };
  const at = (index: number): Artifact => {
    const manifest = roots[index] as ListedManifest;
    const root = manifest.digest;
    const node = rootNodes[index] ?? null;
    const compound = node === null || node.artifact.length === 1 ? null : node.artifact;
    const tags = tagsAt(index);
    const uploadedAtMs = isTold ? manifest.uploadedAtMs : remembered.uploadedAt(manifest);
    return {
      root,
      tags,
      members: compound === null ? NO_MEMBERS : membersOf(compound),
      mediaType: manifest.mediaType,
      artifactType: asksArtifactType ? artifactTypeOf(listing.relations[root]) : NOT_ASKED,
      sizeBytes: compound === null ? sizeOf(manifest) : sumOfSizes(compound),
      uploadedAtMs,
      untaggedSinceMs: asksUntaggedSince ? remembered.untaggedSince(root, tags) : NOT_ASKED,
      taggedAtMs: asksTaggedAt ? remembered.taggedAt(root, tags) : NOT_ASKED,
      lastPulledAtMs: lastPulledAt(root, node, uploadedAtMs),
      usedBy: asksUsedBy ? usedBy(using, manifest, rootPlaces[index] ?? 0, compound) : NOT_ASKED,
      orphaned: orphaned(root, tags),
      unreadable: node === null ? unreadByIndex : unreadable(graph, node, unreadByIndex),
    };
  };
  return {
    graph,
    inventory: {
      version: 1,
      repository: listing.repository,
      takenAtMs: listing.takenAtMs,
      completeness: listing.completeness,
      unusedByBestEffort: standing.kind === 'best effort',
      manifestCount: listing.manifests.length,
      artifacts: { length: roots.length, at, tagsAt, startAt },
    },
  };
}

function startsOf({ roots, rootNodes }: Graph): Uint8Array {
  const starts = new Uint8Array(roots.length);
  for (let at = 0; at < roots.length; at++) {
    const { tags } = rootNodes[at] ?? (roots[at] as ListedManifest);
    starts[at] = startOfTags(tags);
  }
  return starts;
}

/** A listing's tags are sorted; what is not is sorted in a copy. */
function sorted(tags: readonly string[]): readonly string[] {
  for (let at = 1; at < tags.length; at++) {
    if ((tags[at - 1] as string) > (tags[at] as string)) return tags.toSorted();
  }
  return tags;
}

function artifactTypeOf(relations: Fact<Manifest> | undefined): Artifact['artifactType'] {
  if (relations === undefined) return NULL_FACT;
  if (relations.kind === 'unknown') return relations;
  return relations.value.artifactType === null ? NULL_FACT : known(relations.value.artifactType);
}

/**
 * All but the root, sorted as the nodes are by their places, which are compared in a fraction of the time. By
 * insertion, as long as they are few: the engine's own sort copies a list twice, which for an index of three
 * platforms was a tenth of all that judging allocates.
 */
function membersOf(compound: readonly GraphNode[]): readonly Digest[] {
  const members: GraphNode[] = compound.slice(1);
  if (members.length > FEW) members.sort((a, b) => a.place - b.place);
  else {
    for (let from = 1; from < members.length; from++) {
      const moving = members[from] as GraphNode;
      let to = from;
      for (; to > 0 && (members[to - 1] as GraphNode).place > moving.place; to--) {
        members[to] = members[to - 1] as GraphNode;
      }
      members[to] = moving;
    }
  }
  return members.map(({ manifest }) => manifest.digest);
}

/** Up to as many, insertion costs less than sorting. */
const FEW = 16;

function unreadable(graph: Graph, root: GraphNode, unreadByIndex: string | null): string | null {
  const { digest } = root.manifest;
  if (graph.circular.size > 0 && graph.circular.has(digest)) return 'it is about itself in a circle';
  for (const node of root.artifact) {
    if (node.unreadable !== null)
      return node === root ? node.unreadable : `${node.manifest.digest}: ${node.unreadable}`;
  }
  return unreadByIndex;
}

function sizeOf({ digest, sizeBytes }: ListedManifest): Fact<number> {
  return sizeBytes.kind === 'known' ? sizeBytes : unknown(`the registry does not tell the size of ${digest}`);
}

function sumOfSizes(nodes: readonly GraphNode[]): Fact<number> {
  let total = 0;
  for (const { manifest } of nodes) {
    const size = sizeOf(manifest);
    if (size.kind === 'unknown') return size;
    total += size.value;
  }
  return known(total);
}

interface Using {
  readonly users: Users;
  /** 1 for each manifest that somebody uses, by its place. */
  readonly isUsed: Uint8Array;
  /** What it is worth that nobody uses one. */
  readonly ofNobody: Fact<readonly string[]>;
}

/**
 * Marks what somebody uses, by its place: hardly anything is in use of all that is listed, and a mark is looked
 * at in a fraction of the time that a digest is looked up in.
 */
function usedPlaces({ everywhere, here }: Users, listing: Listing, { placeOf }: Graph): Uint8Array {
  const isUsed = new Uint8Array(listing.manifests.length);
  for (const used of [everywhere, here]) {
    // Of what is used anywhere there may be far more than is listed here.
    if (used.size > isUsed.length) {
      for (const { digest } of listing.manifests) if (used.has(digest)) isUsed[placeOf(digest)] = 1;
      continue;
    }
    for (const digest of used.keys()) {
      const place = placeOf(digest);
      if (place !== -1) isUsed[place] = 1;
    }
  }
  return isUsed;
}

/** Who uses a root or anything that lives and dies with it; where nobody does, what that is worth. */
function usedBy(
  { users, isUsed, ofNobody }: Using,
  { digest }: ListedManifest,
  place: number,
  compound: readonly GraphNode[] | null,
): Fact<readonly string[]> {
  let names: readonly string[] = NOBODY_NAMED;
  if (compound === null) {
    if (isUsed[place] === 1) names = usersOf(users, digest);
  } else {
    for (const { listedAt, manifest } of compound)
      if (isUsed[listedAt] === 1) names = joined(names, usersOf(users, manifest.digest));
  }
  return names.length === 0 ? ofNobody : known([...new Set(names)].sort());
}

function usersOf({ everywhere, here }: Users, digest: Digest): readonly string[] {
  const everywhereNamed = everywhere.size === 0 ? NOBODY_NAMED : (everywhere.get(digest) ?? NOBODY_NAMED);
  const hereNamed = here.size === 0 ? NOBODY_NAMED : (here.get(digest) ?? NOBODY_NAMED);
  return joined(everywhereNamed, hereNamed);
}

function joined(some: readonly string[], more: readonly string[]): readonly string[] {
  return some.length === 0 ? more : more.length === 0 ? some : [...some, ...more];
}
