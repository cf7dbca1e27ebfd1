import type { Digest } from './digest.ts';
import { type Fact, unknown } from './fact.ts';
import type { ListedManifest, Listing } from './listing.ts';
import { type Manifest, MEDIA_TYPES, subjectOfTag } from './manifest.ts';

/** What one listed manifest has to do with other listed manifests of its repository. */
export interface GraphNode {
  readonly digest: Digest;
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
  readonly listed: ReadonlyMap<Digest, ListedManifest>;
  /** Manifests at either end of a relation, and those whose relations are not known. */
  readonly nodes: ReadonlyMap<Digest, GraphNode>;
  /** Listed manifests that are about a manifest: referrers, signatures, fallback indexes. */
  readonly referrers: ReadonlyMap<Digest, readonly Digest[]>;
  /** Every artifact's root, sorted. */
  readonly roots: readonly Digest[];
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

const INDEXES: ReadonlySet<string> = new Set([MEDIA_TYPES.ociIndex, MEDIA_TYPES.dockerManifestList]);

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
  const listed = new Map(manifests.map((manifest) => [manifest.digest, manifest]));
  const nodes = new Map<Digest, GraphNode>();
  let unreadIndex: string | null = null;
  for (const manifest of manifests) {
    const relations = listing.relations[manifest.digest] ?? assumedRelations(manifest);
    const node = nodeOf(manifest, relations, listed);
    if (node === null) continue;
    nodes.set(manifest.digest, node);
    if (node.unreadable === null) continue;
    const mayBeIndex = manifest.mediaType.kind === 'unknown' || !PLAIN_IMAGES.has(manifest.mediaType.value);
    if (mayBeIndex) unreadIndex ??= `${manifest.digest} can't be read: ${node.unreadable}`;
  }

  const parents = new Set<Digest>();
  const referrers = new Map<Digest, Digest[]>();
  const relate = (digest: Digest): void => {
    if (nodes.has(digest)) return;
    const tags = listed.get(digest)?.tags ?? NONE;
    nodes.set(digest, { digest, tags, subjectTags: NONE, children: NONE, subjects: NONE, unreadable: null });
  };
  for (const { digest, children, subjects } of [...nodes.values()]) {
    for (const child of children) {
      parents.add(child);
      relate(child);
    }
    for (const subject of subjects) {
      const known = referrers.get(subject);
      if (known === undefined) referrers.set(subject, [digest]);
      else known.push(digest);
      relate(subject);
    }
  }

  const roots: Digest[] = [];
  const compounds = new Map<Digest, readonly Digest[]>();
  const reached = new Set<Digest>();
  for (const { digest } of manifests) {
    const node = nodes.get(digest);
    if (node === undefined) {
      roots.push(digest);
      continue;
    }
    if (node.tags.length === 0 && (parents.has(digest) || node.subjects.length > 0)) continue;
    roots.push(digest);
    const members = membersOf(digest, nodes, referrers);
    if (members.length > 1) compounds.set(digest, members);
    for (const member of members) reached.add(member);
  }
  const circular = new Set<Digest>();
  for (const digest of nodes.keys()) if (!reached.has(digest)) circular.add(digest);
  if (circular.size > 0) {
    for (const digest of circular) roots.push(digest);
    roots.sort();
  }
  return { listed, nodes, referrers, roots, compounds, circular, unreadIndex };
}

/**
 * Sorted by digest, each once. A listing should be; but the order of a plan's steps comes from this one, and
 * looking costs a fraction of sorting.
 */
function inOrder(manifests: readonly ListedManifest[]): readonly ListedManifest[] {
  const isOrdered = manifests.every((manifest, at) => {
    const before = manifests[at - 1];
    return before === undefined || before.digest < manifest.digest;
  });
  if (isOrdered) return manifests;
  const each = new Map(manifests.map((manifest) => [manifest.digest, manifest]));
  return [...each.values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
}

/** What a manifest says of others; null where it says nothing of any that is listed. */
function nodeOf(
  { digest, tags }: ListedManifest,
  relations: Fact<Manifest> | undefined,
  listed: ReadonlyMap<Digest, ListedManifest>,
): GraphNode | null {
  const isOther = (one: Digest): boolean => one !== digest && listed.has(one);
  const subjects = new Set<Digest>();
  const subjectTags: string[] = [];
  for (const tag of tags) {
    const subject = subjectOfTag(tag);
    if (subject === null || !isOther(subject)) continue;
    subjects.add(subject);
    subjectTags.push(tag);
  }
  if (relations === undefined && subjects.size === 0) return null;
  let children: Digest[] = [];
  if (relations?.kind === 'known') {
    const subject = relations.value.subject?.digest;
    if (subject !== undefined && isOther(subject)) subjects.add(subject);
    children = [...new Set(relations.value.children.map((child) => child.digest))].filter(isOther);
  }
  const unreadable = relations?.kind === 'unknown' ? relations.reason : null;
  if (subjects.size === 0 && children.length === 0 && unreadable === null) return null;
  return {
    digest,
    tags: subjectTags.length === 0 ? tags : tags.filter((tag) => !subjectTags.includes(tag)),
    subjectTags,
    children,
    subjects: [...subjects],
    unreadable,
  };
}

/**
 * What a listing says by leaving a manifest's relations out: that there are none. Of an index that can't be
 * true, so whoever made the listing did not read it.
 */
function assumedRelations({ mediaType }: ListedManifest): Fact<Manifest> | undefined {
  return mediaType.kind === 'known' && INDEXES.has(mediaType.value)
    ? unknown('it is an index and was not read')
    : undefined;
}

/** Everything that lives and dies with a root: children of any depth, and whatever is about any of them. */
function membersOf(
  root: Digest,
  nodes: ReadonlyMap<Digest, GraphNode>,
  referrers: ReadonlyMap<Digest, readonly Digest[]>,
): Digest[] {
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
export function deletionOrder(graph: Graph, doomed: ReadonlySet<Digest>): Digest[] {
  const indexesOf = new Map<Digest, Digest[]>();
  for (const digest of doomed) {
    for (const child of graph.nodes.get(digest)?.children ?? []) {
      const known = indexesOf.get(child);
      if (known === undefined) indexesOf.set(child, [digest]);
      else known.push(digest);
    }
  }
  const before = (digest: Digest): readonly Digest[] =>
    [...(indexesOf.get(digest) ?? []), ...(graph.referrers.get(digest) ?? [])].filter((one) =>
      doomed.has(one),
    );

  const order = new Set<Digest>();
  const entered = new Set<Digest>();
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
      order.add(digest);
    }
  };
  for (const root of graph.roots) {
    if (!graph.nodes.has(root)) {
      if (doomed.has(root)) order.add(root);
      continue;
    }
    for (const member of artifactOf(graph, root)) if (doomed.has(member)) visit(member);
  }
  return [...order];
}
