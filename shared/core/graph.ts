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
  /** Listed manifests that are about it: referrers, signatures, fallback indexes. */
  readonly referrers: readonly Digest[];
  /** Whether a listed index points at it. */
  readonly isChild: boolean;
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
const NO_REFERRERS: Digest[] = [];

/** The manifests of an artifact, its root first. */
export function artifactOf(graph: Graph, root: Digest): readonly Digest[] {
  return graph.compounds.get(root) ?? [root];
}

/** A node that others may still be found to be related to. */
interface NodeInMaking {
  readonly manifest: ListedManifest;
  tags: readonly string[];
  subjectTags: readonly string[];
  children: readonly Digest[];
  subjects: readonly Digest[];
  /** Replaced by another list before the first is added. */
  referrers: Digest[];
  isChild: boolean;
  unreadable: string | null;
}

/**
 * Builds the graph of a listing. Only relations between listed manifests count: a subject that is gone makes
 * an orphan, which is a root of its own.
 */
export function buildGraph(listing: Listing): Graph {
  const manifests = inOrder(listing.manifests);
  const { nodes, speakers } = relatedAmong(manifests, listing);
  let unreadIndex: string | null = null;
  for (const { node, relations } of speakers) {
    relate(node, relations, nodes);
    const { mediaType, digest } = node.manifest;
    const mayBeIndex = mediaType.kind === 'unknown' || !PLAIN_IMAGES.has(mediaType.value);
    if (node.unreadable !== null && mayBeIndex) unreadIndex ??= `${digest} can't be read: ${node.unreadable}`;
  }
  // Whatever was related to something that is not listed only.
  for (const [digest, node] of nodes) if (!isRelated(node)) nodes.delete(digest);

  const related = [...nodes.values()];
  const roots: ListedManifest[] = [];
  const rootNodes: (GraphNode | null)[] = [];
  const compounds = new Map<Digest, readonly Digest[]>();
  const reached = new Set<Digest>();
  let next = 0;
  for (const manifest of manifests) {
    // Both are in the same order; looking each manifest up would cost more than all else here.
    const candidate = related[next];
    if (candidate === undefined || candidate.manifest !== manifest) {
      roots.push(manifest);
      rootNodes.push(null);
      continue;
    }
    next += 1;
    if (candidate.tags.length === 0 && (candidate.isChild || candidate.subjects.length > 0)) continue;
    const members = membersOf(candidate, nodes);
    if (members.length > 1) compounds.set(manifest.digest, members);
    for (const member of members) reached.add(member);
    roots.push(manifest);
    rootNodes.push(candidate);
  }
  const circular = new Set<Digest>();
  if (reached.size < nodes.size) {
    for (const digest of nodes.keys()) if (!reached.has(digest)) circular.add(digest);
    for (const digest of circular) {
      const node = nodes.get(digest);
      if (node !== undefined) roots.push(node.manifest);
    }
    roots.sort(compareDigests);
    for (const [at, { digest }] of roots.entries()) rootNodes[at] = nodes.get(digest) ?? null;
  }
  return { nodes, roots, rootNodes, compounds, circular, unreadIndex };
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

/** A manifest that says something of others, with what its content says; null where only its tags do. */
interface Speaker {
  readonly node: NodeInMaking;
  readonly relations: Fact<Manifest> | null;
}

interface Related {
  /** In the order of the listing, not yet related to each other. */
  readonly nodes: Map<Digest, NodeInMaking>;
  readonly speakers: readonly Speaker[];
}

/**
 * The listed manifests that say something of others, or of which another may say something. Most do neither;
 * they are looked at here and not again.
 */
function relatedAmong(manifests: readonly ListedManifest[], { relations }: Listing): Related {
  // What each says by its content, or null where another names it.
  const named = new Map<Digest, Fact<Manifest> | null>();
  const name = (digest: Digest): void => {
    if (!named.has(digest)) named.set(digest, null);
  };
  // Not by Object.entries: it would sort the digests and make a pair for each.
  for (const key in relations) {
    const digest = key as Digest;
    const fact = relations[digest];
    if (fact === undefined) continue;
    if (fact.kind === 'known') {
      const { children, subject } = fact.value;
      if (children.length === 0 && subject === null) continue;
      for (const child of children) name(child.digest);
      if (subject !== null) name(subject.digest);
    }
    named.set(digest, fact);
  }
  for (;;) {
    const nodes = new Map<Digest, NodeInMaking>();
    const speakers: Speaker[] = [];
    const namedBefore = named.size;
    for (const manifest of manifests) {
      const { digest, tags } = manifest;
      const found = named.get(digest);
      const said = found ?? (isIndex(manifest) && relations[digest] === undefined ? NOT_READ : null);
      let speaks = said !== null;
      for (const tag of tags) {
        const subject = subjectOfTag(tag);
        if (subject === null) continue;
        name(subject);
        speaks = true;
      }
      if (found === undefined && !speaks) continue;
      const node = nodeOf(manifest);
      nodes.set(digest, node);
      if (speaks) speakers.push({ node, relations: said });
    }
    // A tag may have named a manifest that had been passed by.
    if (named.size === namedBefore) return { nodes, speakers };
  }
}

function nodeOf(manifest: ListedManifest): NodeInMaking {
  return {
    manifest,
    tags: manifest.tags,
    subjectTags: NONE,
    children: NONE,
    subjects: NONE,
    referrers: NO_REFERRERS,
    isChild: false,
    unreadable: null,
  };
}

/**
 * What a listing says by leaving a manifest's relations out is that there are none. Of an index that can't be
 * true, so whoever made the listing did not read it.
 */
const NOT_READ: Fact<Manifest> = unknown('it is an index and was not read');

function isIndex({ mediaType }: ListedManifest): boolean {
  // Compared one by one: each listed manifest is asked, and a set would hash the text of each.
  return (
    mediaType.kind === 'known' &&
    (mediaType.value === MEDIA_TYPES.ociIndex || mediaType.value === MEDIA_TYPES.dockerManifestList)
  );
}

function isRelated({ children, subjects, referrers, isChild, unreadable }: NodeInMaking): boolean {
  return isChild || children.length > 0 || subjects.length > 0 || referrers.length > 0 || unreadable !== null;
}

/** Enters what a manifest says of other listed ones, at both ends. */
function relate(
  node: NodeInMaking,
  relations: Fact<Manifest> | null,
  nodes: ReadonlyMap<Digest, NodeInMaking>,
): void {
  const { digest, tags } = node.manifest;
  const otherOf = (named: Digest): NodeInMaking | null => {
    const other = nodes.get(named);
    return other === undefined || other === node ? null : other;
  };
  const subjects: NodeInMaking[] = [];
  const subjectTags = new Set<string>();
  for (const tag of tags) {
    const named = subjectOfTag(tag);
    const subject = named === null ? null : otherOf(named);
    if (subject === null) continue;
    subjects.push(subject);
    subjectTags.add(tag);
  }
  if (subjectTags.size > 0) {
    node.tags = tags.filter((tag) => !subjectTags.has(tag));
    node.subjectTags = [...subjectTags];
  }
  if (relations?.kind === 'unknown') node.unreadable = relations.reason;
  if (relations?.kind === 'known') {
    const { subject, children } = relations.value;
    const about = subject === null ? null : otherOf(subject.digest);
    if (about !== null) subjects.push(about);
    const found = children.map((child) => otherOf(child.digest)).filter((child) => child !== null);
    node.children = digestsOf(eachOnce(found));
    for (const child of found) child.isChild = true;
  }
  if (subjects.length === 0) return;
  node.subjects = digestsOf(eachOnce(subjects));
  for (const subject of eachOnce(subjects)) {
    if (subject.referrers.length === 0) subject.referrers = [digest];
    else subject.referrers.push(digest);
  }
}

/** As the listing spells them: looking up the very same text again costs a fraction of an equal one. */
function digestsOf(nodes: readonly NodeInMaking[]): readonly Digest[] {
  return nodes.map(({ manifest }) => manifest.digest);
}

function eachOnce<T>(values: readonly T[]): readonly T[] {
  if (values.length > FEW) return [...new Set(values)];
  return values.every((value, at) => values.indexOf(value) === at)
    ? values
    : values.filter((value, at) => values.indexOf(value) === at);
}

/** Up to as many, looking through a list costs less than a set. */
const FEW = 16;

/** Everything that lives and dies with a root: children of any depth, and whatever is about any of them. */
function membersOf(root: GraphNode, nodes: ReadonlyMap<Digest, GraphNode>): readonly Digest[] {
  const members = [root.manifest.digest];
  let all: Set<Digest> | null = null;
  const add = (digest: Digest): void => {
    if (all === null ? members.includes(digest) : all.has(digest)) return;
    members.push(digest);
    if (all !== null) all.add(digest);
    else if (members.length > FEW) all = new Set(members);
  };
  for (const digest of members) {
    const node = nodes.get(digest);
    for (const child of node?.children ?? NONE) add(child);
    for (const referrer of node?.referrers ?? NONE) add(referrer);
  }
  return members;
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
    for (const referrer of node?.referrers ?? NONE) kept.add(referrer);
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
    [...(indexesOf.get(digest) ?? NONE), ...(graph.nodes.get(digest)?.referrers ?? NONE)].filter((one) =>
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
