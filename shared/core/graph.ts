import type { Digest } from './digest.ts';
import { type Fact, unknown } from './fact.ts';
import type { ListedManifest, Listing } from './listing.ts';
import { type Manifest, MEDIA_TYPES, subjectOfTag } from './manifest.ts';

/** What one listed manifest has to do with other listed manifests of its repository. */
export interface GraphNode {
  readonly manifest: ListedManifest;
  /** Tags that name an image. Signature and fallback tags of a listed subject are not among them. */
  readonly tags: readonly string[];
  /** Tags that tie it to a listed subject: cosign's and the referrers fallback tag. */
  readonly subjectTags: readonly string[];
  /** Listed manifests that it points at as an index. */
  readonly children: readonly Digest[];
  /** Listed manifests that it is about, by OCI `subject` or by a signature or fallback tag. */
  readonly subjects: readonly Digest[];
  /** Why its relations are not known, or null. */
  readonly unreadable: string | null;
}

/**
 * The artifact graph of one repository. Most manifests of most repositories have nothing to do with any other,
 * so the graph holds only those that have: a listed manifest that `nodes` does not hold points at nothing, and
 * nothing points at it.
 */
export interface Graph {
  /** Manifests at either end of a relation, and those whose relations are not known. */
  readonly nodes: ReadonlyMap<Digest, GraphNode>;
  /** Listed manifests that are about a manifest: referrers, signatures, fallback indexes. */
  readonly referrers: ReadonlyMap<Digest, readonly Digest[]>;
  /** The manifest with which each artifact begins, sorted by digest. */
  readonly roots: readonly ListedManifest[];
  /** What `nodes` holds of each root, in the order of `roots`; null where it holds nothing. */
  readonly rootNodes: readonly (GraphNode | null)[];
  /**
   * The artifacts of more than one manifest: the root with all manifests of its artifact, the root first. A
   * manifest may be in several. See `artifactOf`.
   */
  readonly compounds: ReadonlyMap<Digest, readonly Digest[]>;
  /** Roots that no walk reaches: manifests that are about each other in a circle. */
  readonly circular: ReadonlySet<Digest>;
  /** Why any manifest may be a child of one that can't be read, or null where all indexes were read. */
  readonly unreadIndex: string | null;
}

const PLAIN_IMAGES: ReadonlySet<string> = new Set([
  MEDIA_TYPES.dockerManifest,
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.dockerManifestV1,
  MEDIA_TYPES.dockerManifestV1Signed,
]);

const NONE: readonly never[] = [];

/** The manifests of an artifact, its root first. */
export function artifactOf(graph: Graph, root: Digest): readonly Digest[] {
  return graph.compounds.get(root) ?? [root];
}

/**
 * Builds the graph of a listing. Only relations between listed manifests count: a subject that is gone makes
 * an orphan, which is a root of its own.
 */
export function buildGraph(listing: Listing): Graph {
  const manifests = inOrder(listing.manifests);
  const listed = relatedAmong(manifests, listing);
  const related = [...listed.values()];
  const nodes = new Map<Digest, GraphNode>();
  let unreadIndex: string | null = null;
  for (const manifest of related) {
    const node = nodeOf(manifest, listing, listed);
    if (node === null) continue;
    const { mediaType, digest } = manifest;
    nodes.set(digest, node);
    const mayBeIndex = mediaType.kind === 'unknown' || !PLAIN_IMAGES.has(mediaType.value);
    if (node.unreadable !== null && mayBeIndex) unreadIndex ??= `${digest} can't be read: ${node.unreadable}`;
  }

  const parents = new Set<Digest>();
  const referrers = new Map<Digest, Digest[]>();
  const relate = (digest: Digest): void => {
    const manifest = listed.get(digest);
    if (manifest === undefined || nodes.has(digest)) return;
    const { tags } = manifest;
    nodes.set(digest, {
      manifest,
      tags,
      subjectTags: NONE,
      children: NONE,
      subjects: NONE,
      unreadable: null,
    });
  };
  for (const { manifest, children, subjects } of [...nodes.values()]) {
    for (const child of children) {
      parents.add(child);
      relate(child);
    }
    for (const subject of subjects) {
      const known = referrers.get(subject);
      if (known === undefined) referrers.set(subject, [manifest.digest]);
      else known.push(manifest.digest);
      relate(subject);
    }
  }

  const roots: ListedManifest[] = [];
  const rootNodes: (GraphNode | null)[] = [];
  const compounds = new Map<Digest, readonly Digest[]>();
  const reached = new Set<Digest>();
  let next = 0;
  for (const manifest of manifests) {
    // Both are in the same order; looking each manifest up would cost more than all else here.
    const isRelated = manifest === related[next];
    if (isRelated) next += 1;
    const { digest } = manifest;
    const node = isRelated ? (nodes.get(digest) ?? null) : null;
    if (node !== null) {
      if (node.tags.length === 0 && (parents.has(digest) || node.subjects.length > 0)) continue;
      const members = membersOf(digest, nodes, referrers);
      if (members.length > 1) compounds.set(digest, members);
      for (const member of members) reached.add(member);
    }
    roots.push(manifest);
    rootNodes.push(node);
  }
  const circular = new Set<Digest>();
  for (const digest of nodes.keys()) if (!reached.has(digest)) circular.add(digest);
  if (circular.size > 0) {
    for (const manifest of related) if (circular.has(manifest.digest)) roots.push(manifest);
    roots.sort(compareDigests);
    for (const [at, { digest }] of roots.entries()) rootNodes[at] = nodes.get(digest) ?? null;
  }
  return { nodes, referrers, roots, rootNodes, compounds, circular, unreadIndex };
}

/**
 * Sorted by digest, each once. A listing should be; but the order of a plan's steps comes from this one, and
 * looking costs a fraction of sorting.
 */
function inOrder(manifests: readonly ListedManifest[]): readonly ListedManifest[] {
  let before = '';
  for (const { digest } of manifests) {
    if (digest <= before) {
      const each = new Map(manifests.map((manifest) => [manifest.digest, manifest]));
      return [...each.values()].sort(compareDigests);
    }
    before = digest;
  }
  return manifests;
}

function compareDigests(a: ListedManifest, b: ListedManifest): number {
  return a.digest < b.digest ? -1 : a.digest > b.digest ? 1 : 0;
}

/**
 * The listed manifests that say something of others, or of which another says something, in their order. Most
 * do neither; they are looked at here and not again.
 */
function relatedAmong(
  manifests: readonly ListedManifest[],
  { relations }: Listing,
): Map<Digest, ListedManifest> {
  const named = new Set<string>();
  // Not by Object.entries: it would sort the digests and make a pair for each.
  for (const key in relations) {
    const digest = key as Digest;
    const fact = relations[digest];
    if (fact === undefined) continue;
    if (fact.kind === 'unknown') {
      named.add(digest);
      continue;
    }
    const { children, subject } = fact.value;
    if (children.length === 0 && subject === null) continue;
    named.add(digest);
    for (const child of children) named.add(child.digest);
    if (subject !== null) named.add(subject.digest);
  }
  for (const manifest of manifests) {
    if (assumedRelations(manifest) !== undefined) named.add(manifest.digest);
    for (const tag of manifest.tags) {
      const subject = subjectOfTag(tag);
      if (subject !== null) named.add(subject).add(manifest.digest);
    }
  }
  const listed = new Map<Digest, ListedManifest>();
  if (named.size === 0) return listed;
  for (const manifest of manifests) if (named.has(manifest.digest)) listed.set(manifest.digest, manifest);
  return listed;
}

/** What a manifest has to do with other listed ones by its own words; null where it says nothing of them. */
function nodeOf(
  manifest: ListedManifest,
  listing: Listing,
  listed: ReadonlyMap<Digest, ListedManifest>,
): GraphNode | null {
  const { digest, tags } = manifest;
  const relations = listing.relations[digest] ?? assumedRelations(manifest);
  const value = relations?.kind === 'known' ? relations.value : null;
  const unreadable = relations?.kind === 'unknown' ? relations.reason : null;
  // Digests as the listing spells them: looking up the very same text again costs a fraction of an equal one.
  const otherOf = (one: Digest): Digest | null => {
    const found = listed.get(one)?.digest ?? null;
    return found === digest ? null : found;
  };
  const subjects: Digest[] = [];
  const subjectTags: string[] = [];
  for (const tag of tags) {
    const named = subjectOfTag(tag);
    const about = named === null ? null : otherOf(named);
    if (about === null) continue;
    subjects.push(about);
    subjectTags.push(tag);
  }
  const named = value?.subject?.digest ?? null;
  const subject = named === null ? null : otherOf(named);
  if (subject !== null) subjects.push(subject);
  const children: Digest[] = [];
  for (const one of value?.children ?? NONE) {
    const child = otherOf(one.digest);
    if (child !== null) children.push(child);
  }
  if (subjects.length === 0 && children.length === 0 && unreadable === null) return null;
  return {
    manifest,
    tags: subjectTags.length === 0 ? tags : tags.filter((tag) => !subjectTags.includes(tag)),
    subjectTags,
    children: eachOnce(children),
    subjects: eachOnce(subjects),
    unreadable,
  };
}

function eachOnce(digests: readonly Digest[]): readonly Digest[] {
  return digests.length < 2 ? digests : [...new Set(digests)];
}

/**
 * What a listing says by leaving a manifest's relations out: that there are none. Of an index that can't be
 * true, so whoever made the listing did not read it.
 */
function assumedRelations({ mediaType }: ListedManifest): Fact<Manifest> | undefined {
  // Compared one by one: each listed manifest is asked, and a set would hash the text of each.
  return mediaType.kind === 'known' &&
    (mediaType.value === MEDIA_TYPES.ociIndex || mediaType.value === MEDIA_TYPES.dockerManifestList)
    ? unknown('it is an index and was not read')
    : undefined;
}

/** Everything that lives and dies with a root: children of any depth, and whatever is about any of them. */
function membersOf(
  root: Digest,
  nodes: ReadonlyMap<Digest, GraphNode>,
  referrers: ReadonlyMap<Digest, readonly Digest[]>,
): Digest[] {
  if (nodes.get(root)?.children.length === 0 && !referrers.has(root)) return [root];
  const members = new Set<Digest>([root]);
  for (const digest of members) {
    for (const child of nodes.get(digest)?.children ?? []) members.add(child);
    for (const referrer of referrers.get(digest) ?? []) members.add(referrer);
  }
  return [...members];
}

/**
 * Everything that must stay because these stay: their children, what is about them, and what they are about.
 * The last one because Google refuses to delete a subject while a referrer is there, and because a kept
 * signature without its image is worth nothing.
 */
export function keptWith(graph: Graph, roots: Iterable<Digest>): Set<Digest> {
  const kept = new Set<Digest>(roots);
  for (const digest of kept) {
    const node = graph.nodes.get(digest);
    for (const child of node?.children ?? []) kept.add(child);
    for (const subject of node?.subjects ?? []) kept.add(subject);
    for (const referrer of graph.referrers.get(digest) ?? []) kept.add(referrer);
  }
  return kept;
}

/**
 * Puts manifests into an order that Google's rules accept: an index before its children, whatever is about a
 * manifest before that manifest. Manifests of one artifact stay together as far as that allows.
 */
export function deletionOrder(graph: Graph, doomed: ReadonlySet<Digest>): ListedManifest[] {
  const indexesOf = new Map<Digest, Digest[]>();
  for (const digest of doomed) {
    for (const child of graph.nodes.get(digest)?.children ?? NONE) {
      const known = indexesOf.get(child);
      if (known === undefined) indexesOf.set(child, [digest]);
      else known.push(digest);
    }
  }
  const before = (digest: Digest): Digest[] =>
    [...(indexesOf.get(digest) ?? NONE), ...(graph.referrers.get(digest) ?? NONE)].filter((one) =>
      doomed.has(one),
    );

  const order: ListedManifest[] = [];
  const entered = new Set<Digest>();
  const left = new Set<Digest>();
  const visit = (start: Digest): void => {
    // A stack of our own: how deep indexes nest is up to whoever pushed them.
    const stack: Digest[] = [start];
    while (stack.length > 0) {
      const digest = stack[stack.length - 1] as Digest;
      if (!entered.has(digest)) {
        entered.add(digest);
        for (const earlier of before(digest)) if (!entered.has(earlier)) stack.push(earlier);
        continue;
      }
      stack.pop();
      const manifest = graph.nodes.get(digest)?.manifest;
      if (manifest === undefined || left.has(digest)) continue;
      left.add(digest);
      order.push(manifest);
    }
  };
  for (const [at, root] of graph.roots.entries()) {
    if (graph.rootNodes[at] !== null) {
      for (const member of artifactOf(graph, root.digest)) if (doomed.has(member)) visit(member);
    } else if (doomed.has(root.digest)) {
      order.push(root);
    }
  }
  return order;
}
