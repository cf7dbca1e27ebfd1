import type { Digest } from './digest.ts';
import { DigestFinder } from './digest-finder.ts';
import { type Fact, unknown } from './fact.ts';
import type { ListedManifest, Listing } from './listing.ts';
import { type Manifest, MEDIA_TYPES, subjectOfTag } from './manifest.ts';

/** What one listed manifest has to do with other listed manifests of its repository. */
export interface GraphNode {
  readonly manifest: ListedManifest;
  /** Its place among the graph's nodes. */
  readonly place: number;
  /** Its manifest's place among those listed, see `Graph.placeOf`. */
  readonly listedAt: number;
  /** Tags that name an image. Signature and fallback tags of a listed subject are not among them. */
  readonly tags: readonly string[];
  /** Tags that tie it to a listed subject: cosign's and the referrers fallback tag. */
  readonly subjectTags: readonly string[];
  /** Listed manifests that it points at as an index. */
  readonly children: readonly GraphNode[];
  /** Listed manifests that it is about, by OCI `subject` or by a signature or fallback tag. */
  readonly subjects: readonly GraphNode[];
  /** Listed manifests that are about it: referrers, signatures, fallback indexes. */
  readonly referrers: readonly GraphNode[];
  /** Whether a listed index points at it. */
  readonly isChild: boolean;
  /**
   * All manifests of the artifact that begins here: itself first, then everything that lives and dies with it.
   * Empty where none begins. A manifest may be in several artifacts.
   */
  readonly artifact: readonly GraphNode[];
  /** Why its relations are not known, or null. */
  readonly unreadable: string | null;
}

/**
 * The artifact graph of one repository. Most manifests of most repositories have nothing to do with any other,
 * so the graph holds only those that have: a listed manifest that `nodes` does not hold points at nothing, and
 * nothing points at it.
 */
export interface Graph {
  /** Manifests at either end of a relation, and those whose relations are not known, sorted by digest. */
  readonly nodes: readonly GraphNode[];
  /** The manifest with which each artifact begins, sorted by digest. */
  readonly roots: readonly ListedManifest[];
  /** The node of each root, in the order of `roots`; null where it has none. */
  readonly rootNodes: readonly (GraphNode | null)[];
  /** The roots of all artifacts that a node is in, in the order of `roots`. */
  readonly rootsOf: (node: GraphNode) => readonly GraphNode[];
  /** Roots that no walk reaches: manifests that are about each other in a circle. */
  readonly circular: ReadonlySet<Digest>;
  /** Why any manifest may be a child of one that can't be read, or null where all indexes were read. */
  readonly unreadIndex: string | null;
  /**
   * The place of a manifest among those listed, sorted by digest; -1 where it is not. What is known of a
   * manifest by its place is found without its digest, whose text costs more to look up than all else.
   */
  readonly placeOf: (digest: Digest) => number;
  /** The places of `roots` among those listed. */
  readonly rootPlaces: Uint32Array;
  /** Manifests whose OCI subject is not listed. */
  readonly subjectGone: ReadonlySet<Digest>;
}

const PLAIN_IMAGES: ReadonlySet<string> = new Set([
  MEDIA_TYPES.dockerManifest,
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.dockerManifestV1,
  MEDIA_TYPES.dockerManifestV1Signed,
]);

const NONE: readonly never[] = [];
// Replaced by another list before the first is added.
const NO_REFERRERS: NodeInMaking[] = [];

/** A node that others may still be found to be related to. */
interface NodeInMaking {
  readonly manifest: ListedManifest;
  place: number;
  readonly listedAt: number;
  tags: readonly string[];
  subjectTags: readonly string[];
  children: readonly NodeInMaking[];
  subjects: readonly NodeInMaking[];
  referrers: NodeInMaking[];
  isChild: boolean;
  artifact: readonly NodeInMaking[];
  unreadable: string | null;
}

/**
 * Builds the graph of a listing. Only relations between listed manifests count: a subject that is gone makes
 * an orphan, which is a root of its own.
 */
export function buildGraph(listing: Listing): Graph {
  const { manifests, nodeAt, nodeCount, unreadIndex, finder, subjectGone } = new Relating(listing);
  const nodes: NodeInMaking[] = new Array(nodeCount);
  let place = 0;
  for (const node of nodeAt) {
    if (node === null) continue;
    node.place = place;
    nodes[place] = node;
    place += 1;
  }
  const isReached = new Uint8Array(nodeCount);
  for (const node of nodes) {
    if (node.tags.length === 0 && (node.isChild || node.subjects.length > 0)) continue;
    node.artifact = membersOf(node);
    for (const member of node.artifact) isReached[member.place] = 1;
  }
  const circular = new Set<Digest>();
  let rootCount = manifests.length - nodeCount;
  for (const node of nodes) {
    if (isReached[node.place] === 0) {
      circular.add(node.manifest.digest);
      node.artifact = [node];
    }
    if (node.artifact.length > 0) rootCount += 1;
  }
  const roots: ListedManifest[] = new Array(rootCount);
  const rootNodes: (GraphNode | null)[] = new Array(rootCount);
  const rootPlaces = new Uint32Array(rootCount);
  let root = 0;
  for (let at = 0; at < manifests.length; at++) {
    const node = nodeAt[at] ?? null;
    if (node !== null && node.artifact.length === 0) continue;
    roots[root] = manifests[at] as ListedManifest;
    rootNodes[root] = node;
    rootPlaces[root] = at;
    root += 1;
  }
  return {
    nodes,
    roots,
    rootNodes,
    rootsOf: rootsReader(nodes),
    circular,
    unreadIndex,
    placeOf: (digest) => finder.find(digest),
    rootPlaces,
    subjectGone,
  };
}

/** What is in an artifact stands with its root; the other way is looked up by few, and made when one asks. */
function rootsReader(nodes: readonly GraphNode[]): Graph['rootsOf'] {
  let rootsAt: (readonly GraphNode[])[] | null = null;
  return ({ place }) => {
    rootsAt ??= rootsByPlace(nodes);
    return rootsAt[place] ?? NONE;
  };
}

function rootsByPlace(nodes: readonly GraphNode[]): (readonly GraphNode[])[] {
  const rootsAt = new Array<readonly GraphNode[]>(nodes.length).fill(NONE);
  for (const root of nodes) {
    for (const { place } of root.artifact) {
      const others = rootsAt[place] ?? NONE;
      // Most manifests are in one artifact, whose root is a list by itself already where it is all of it.
      if (others.length > 0) rootsAt[place] = [...others, root];
      else rootsAt[place] = root.artifact.length === 1 ? root.artifact : [root];
    }
  }
  return rootsAt;
}

/** Makes a node of each listed manifest that is related to another, and enters relations at both ends. */
class Relating {
  /** Sorted by digest, each once. */
  readonly manifests: readonly ListedManifest[];
  /** The node of each of `manifests`; null where it has none. */
  readonly nodeAt: (NodeInMaking | null)[];
  nodeCount = 0;
  unreadIndex: string | null = null;
  readonly finder: DigestFinder<ListedManifest>;
  readonly subjectGone = new Set<Digest>();

  constructor({ manifests, relations }: Listing) {
    this.finder = new DigestFinder(manifests, ({ digest }) => digest);
    this.manifests = this.finder.sorted;
    this.nodeAt = new Array<NodeInMaking | null>(this.manifests.length).fill(null);
    const said = this.#whatIsSaid(relations);
    let at = 0;
    // Most manifests say nothing of others: what is made for each of them here counts.
    for (const manifest of this.manifests) {
      const { digest, tags } = manifest;
      const fact = said[at] ?? (isIndex(manifest) && relations[digest] === undefined ? NOT_READ : null);
      if (fact !== null || tags.some(isSubjectTag)) this.#enter(at, manifest, fact);
      at += 1;
    }
  }

  /** What was read of each manifest, where that names another or is not known. */
  #whatIsSaid(relations: Listing['relations']): readonly (Fact<Manifest> | null)[] {
    const said = new Array<Fact<Manifest> | null>(this.manifests.length).fill(null);
    // Not by Object.entries, which makes a pair for each: every image of a repository may be here.
    for (const key in relations) {
      const digest = key as Digest;
      const fact = relations[digest];
      if (fact === undefined) continue;
      if (fact.kind === 'known') {
        const { children, subject } = fact.value;
        if (subject !== null && this.finder.find(subject.digest) === -1) this.subjectGone.add(digest);
        if (children.length === 0 && subject === null) continue;
      }
      const at = this.finder.find(digest);
      if (at !== -1) said[at] = fact;
    }
    return said;
  }

  /** Enters what a manifest says by its tags, and by its content where that says anything. */
  #enter(at: number, manifest: ListedManifest, fact: Fact<Manifest> | null): void {
    const subjects = this.#enterTags(at, manifest);
    if (fact?.kind === 'unknown') {
      this.#nodeOf(at).unreadable = fact.reason;
      if (mayBeIndex(manifest)) this.unreadIndex ??= `${manifest.digest} can't be read: ${fact.reason}`;
    } else if (fact !== null) {
      const { subject, children } = fact.value;
      const about = subject === null ? null : this.#otherOf(subject.digest, at);
      if (about !== null) subjects.push(about);
      if (children.length > 0) this.#enterChildren(at, children);
    }
    if (subjects.length === 0) return;
    const node = this.#nodeOf(at);
    node.subjects = eachOnce(subjects);
    for (const subject of node.subjects) {
      // One has its own size, which a list that grew has not; most have no more.
      if (subject.referrers.length === 0) subject.referrers = [node];
      else subject.referrers.push(node);
    }
  }

  /** The manifests that the tags of this one name. */
  #enterTags(at: number, manifest: ListedManifest): NodeInMaking[] {
    const { tags } = manifest;
    let subjects: NodeInMaking[] = [];
    let subjectTags: string[] = [];
    for (const tag of tags) {
      const named = subjectOfTag(tag);
      const subject = named === null ? null : this.#otherOf(named, at);
      if (subject === null) continue;
      // One has its own size, as below.
      if (subjects.length === 0) {
        subjects = [subject];
        subjectTags = [tag];
      } else {
        subjects.push(subject);
        subjectTags.push(tag);
      }
    }
    if (subjectTags.length === 0) return subjects;
    const node = this.#nodeOf(at);
    if (subjectTags.length === tags.length) {
      node.tags = NONE;
      node.subjectTags = tags;
    } else {
      const all = new Set(subjectTags);
      node.tags = tags.filter((tag) => !all.has(tag));
      node.subjectTags = subjectTags;
    }
    return subjects;
  }

  #enterChildren(at: number, children: Manifest['children']): void {
    const found: NodeInMaking[] = [];
    for (const { digest } of children) {
      const child = this.#otherOf(digest, at);
      if (child === null) continue;
      child.isChild = true;
      found.push(child);
    }
    if (found.length > 0) this.#nodeOf(at).children = eachOnce(found);
  }

  /** null where it is not listed, or the manifest itself. */
  #otherOf(digest: Digest, speaker: number): NodeInMaking | null {
    const at = this.finder.find(digest);
    return at === -1 || at === speaker ? null : this.#nodeOf(at);
  }

  #nodeOf(at: number): NodeInMaking {
    const found = this.nodeAt[at] ?? null;
    if (found !== null) return found;
    const node = newNode(this.manifests[at] as ListedManifest, at);
    this.nodeAt[at] = node;
    this.nodeCount += 1;
    return node;
  }
}

function isSubjectTag(tag: string): boolean {
  return subjectOfTag(tag) !== null;
}

function newNode(manifest: ListedManifest, listedAt: number): NodeInMaking {
  return {
    manifest,
    place: -1,
    listedAt,
    tags: manifest.tags,
    subjectTags: NONE,
    children: NONE,
    subjects: NONE,
    referrers: NO_REFERRERS,
    isChild: false,
    artifact: NONE,
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

function mayBeIndex({ mediaType }: ListedManifest): boolean {
  return mediaType.kind === 'unknown' || !PLAIN_IMAGES.has(mediaType.value);
}

/** A list of its own size, which one that grew is not. */
function eachOnce<T>(values: readonly T[]): readonly T[] {
  if (values.length === 1) return values.slice();
  if (values.length > FEW) return [...new Set(values)];
  for (let at = 1; at < values.length; at++) {
    if (values.indexOf(values[at] as T) !== at) return [...new Set(values)];
  }
  return values.slice();
}

/** Up to as many, looking through a list costs less than a set. */
const FEW = 16;

/** Everything that lives and dies with a root: children of any depth, and whatever is about any of them. */
function membersOf(root: NodeInMaking): readonly NodeInMaking[] {
  if (isLeaf(root)) return [root];
  const members = [root, ...root.children];
  let all: Set<NodeInMaking> | null = null;
  for (const member of members) {
    if (member !== root && isLeaf(member)) continue;
    for (const others of [member.children, member.referrers]) {
      for (const other of others) {
        if (all === null ? members.includes(other) : all.has(other)) continue;
        members.push(other);
        if (members.length > FEW) all ??= new Set(members);
        all?.add(other);
      }
    }
  }
  // A copy has its own size, which a list that grew has not.
  return members.slice();
}

function isLeaf({ children, referrers }: NodeInMaking): boolean {
  return children.length === 0 && referrers.length === 0;
}
