import type { Digest } from '../../core/digest.ts';
import { known } from '../../core/fact.ts';
import type { ListedManifest } from '../../core/listing.ts';
import { MEDIA_TYPES } from '../../core/manifest.ts';
import { ByteTable } from './byte-table.ts';
import { nextLength, release, widened, widenedBytes, widenedFloats } from './column.ts';
import { DigestTable } from './digest-table.ts';
import {
  agreed,
  DIFFERENT,
  DIFFERENT_TYPES,
  NO_TYPE,
  sizeFact,
  TOLD_DIFFERENTLY,
  TYPE_UNTOLD,
  uploadFact,
} from './told-fact.ts';

const NOBODY = 0xffff_ffff;

/** A repository with as many is incomplete: what reads it has to end somewhere. */
export const MANIFESTS_MAX = 2_000_000;
export const TAGS_MAX = 2_000_000;
/** Of a listing that has one of them, nothing is deleted; they are kept for showing. */
const OTHER_OWNERS_MAX = 20_000;
const TYPES_MAX = 10_000;
const TYPE_MAX_BYTES = 255;
const CHILDREN_MAX = 100_000;
const CHILD_LENGTH_MAX = 255;

/** Most repositories have fewer manifests, and fewer tags. */
const COUNT_MIN = 256;

const INDEX_TYPES: ReadonlySet<string> = new Set([MEDIA_TYPES.dockerManifestList, MEDIA_TYPES.ociIndex]);
const NO_TAGS: readonly string[] = [];

/** What one entry of Google's map says, in the numbers of this listing's tables. */
export interface ToldEntry {
  /** Of its digest, see `readDigest`. */
  readonly words: Uint32Array;
  readonly tags: readonly number[];
  mediaType: number;
  /** `UNREADABLE` where it is not told. */
  sizeBytes: number;
  uploadedAtMs: number;
}

/**
 * What the pages of `tags/list` said together, before it is believed. It is held in columns, some 70 bytes a
 * manifest: as objects, the manifests of a large repository would need a third of a kilobyte each before anybody
 * has looked at them.
 */
export class ToldListing {
  readonly digests = new DigestTable();
  readonly tags = new ByteTable();
  readonly mediaTypes = new ByteTable();
  /** Whether pages carried Google's manifest map; null before the first page, 'mixed' where only some did. */
  hasMap: boolean | 'mixed' | null = null;
  /** Whether an entry of the map had no tag list, so that only `tags` says whether it is tagged. */
  lacksTagList = false;
  lacksTags = false;
  /** Repositories below this one, by their last component. */
  readonly children = new Set<string>();
  /** Whether `child` was there, and whether all of it could be read. */
  childrenAre: 'untold' | 'told' | 'unreadable' = 'untold';
  /** The first thing that keeps this from being a whole listing. */
  problem: string | null = null;

  /** The media type that was taken last. */
  #lastType = 0;
  #typeOf = new Uint32Array(COUNT_MIN);
  #sizeOf = new Float64Array(COUNT_MIN);
  #uploadOf = new Float64Array(COUNT_MIN);
  /** By tag: the manifest whose entry names it. */
  #ownerOf = new Uint32Array(COUNT_MIN).fill(NOBODY);
  /** By tag: 1 where the list `tags` names it. */
  #isListed = new Uint8Array(COUNT_MIN);
  /** Pairs of tag and manifest, for tags that more than one entry names. */
  readonly #otherOwners: number[] = [];

  /** Manifests and tags together. */
  get size(): number {
    return this.digests.count + this.tags.count;
  }

  /** Takes a tag that an entry or the list names; -1 where there is no room for it. */
  tag(bytes: Buffer, from: number, to: number): number {
    if (this.tags.count >= TAGS_MAX) return this.#tooManyTags();
    return this.#roomForTag(this.tags.intern(bytes, from, to));
  }

  #tooManyTags(): -1 {
    this.problem ??= `it has ${TAGS_MAX} tags or more`;
    return -1;
  }

  #isFull(): boolean {
    if (this.digests.count < MANIFESTS_MAX) return false;
    this.problem ??= `it has ${MANIFESTS_MAX} manifests or more`;
    return true;
  }

  #roomForTag(tag: number): number {
    if (tag >= this.#ownerOf.length) {
      const { length } = this.#ownerOf;
      this.#ownerOf = widened(this.#ownerOf, nextLength(length)).fill(NOBODY, length);
      this.#isListed = widenedBytes(this.#isListed, nextLength(length));
    }
    return tag;
  }

  /** Takes a media type in ASCII; `NO_TYPE` for none, and for what is too long to be one (RFC 6838, section 4.2). */
  mediaType(bytes: Buffer, from: number, to: number): number {
    if (from === to || to - from > TYPE_MAX_BYTES || this.mediaTypes.count >= TYPES_MAX) return NO_TYPE;
    for (let at = from; at < to; at += 1) if ((bytes[at] as number) >= 0x80) return NO_TYPE;
    // In most repositories all have the same.
    if (!this.mediaTypes.isAt(this.#lastType, bytes, from, to)) {
      this.#lastType = this.mediaTypes.intern(bytes, from, to);
    }
    return this.#lastType;
  }

  /** Takes a repository below this one; false where it can be none, or where there are too many. */
  child(name: string): boolean {
    if (name === '' || name.length > CHILD_LENGTH_MAX || this.children.size >= CHILDREN_MAX) return false;
    this.children.add(name);
    return true;
  }

  /** Notes that the list `tags` names this tag. */
  listTag(tag: number): void {
    this.#isListed[tag] = 1;
  }

  /** Takes an entry; false where its digest was there before. */
  add(entry: ToldEntry): boolean {
    if (this.#isFull()) return true;
    const before = this.digests.count;
    const id = this.digests.intern(entry.words);
    const isNew = id === before;
    this.#put(id, isNew, entry.mediaType, entry.sizeBytes, entry.uploadedAtMs);
    for (const tag of entry.tags) this.#own(tag, id);
    return isNew;
  }

  /** Adds what a later page said. A digest on two pages has all its tags, and what was told differently is not known. */
  absorb(page: ToldListing): void {
    const types = Uint32Array.from({ length: page.mediaTypes.count }, (_, id) =>
      this.mediaTypes.internFrom(page.mediaTypes, id),
    );
    const ids = new Uint32Array(page.digests.count);
    if (page.size + this.size > MANIFESTS_MAX) {
      this.problem ??= `it has ${MANIFESTS_MAX} manifests and tags or more`;
      return;
    }
    for (let of = 0; of < ids.length; of += 1) {
      const before = this.digests.count;
      const id = this.digests.internFrom(page.digests, of);
      ids[of] = id;
      const type = page.#typeOf[of] as number;
      this.#put(
        id,
        id === before,
        types[type] ?? type,
        page.#sizeOf[of] as number,
        page.#uploadOf[of] as number,
      );
    }
    const tags = new Uint32Array(page.tags.count);
    for (let of = 0; of < tags.length; of += 1) {
      const tag = this.#roomForTag(this.tags.internFrom(page.tags, of));
      tags[of] = tag;
      if (page.#isListed[of] === 1) this.listTag(tag);
      const owner = page.#ownerOf[of] as number;
      if (owner !== NOBODY) this.#own(tag, ids[owner] as number);
    }
    for (let at = 0; at < page.#otherOwners.length; at += 2) {
      const [tag = 0, owner = 0] = page.#otherOwners.slice(at, at + 2);
      this.#own(tags[tag] as number, ids[owner] as number);
    }
    if (this.hasMap !== page.hasMap) this.hasMap = 'mixed';
    if (this.hasMap === 'mixed') this.problem ??= 'only some of its pages have a manifest map';
    this.lacksTagList ||= page.lacksTagList;
    this.lacksTags ||= page.lacksTags;
    for (const child of page.children) this.children.add(child);
    if (this.childrenAre === 'untold' || page.childrenAre === 'unreadable')
      this.childrenAre = page.childrenAre;
    this.problem ??= page.problem;
  }

  #put(id: number, isNew: boolean, mediaType: number, sizeBytes: number, uploadedAtMs: number): void {
    if (id >= this.#typeOf.length) {
      this.#typeOf = widened(this.#typeOf, nextLength(id));
      this.#sizeOf = widenedFloats(this.#sizeOf, nextLength(id));
      this.#uploadOf = widenedFloats(this.#uploadOf, nextLength(id));
    }
    this.#typeOf[id] = isNew
      ? mediaType
      : agreed(this.#typeOf[id] as number, mediaType, DIFFERENT_TYPES, NO_TYPE);
    this.#sizeOf[id] = isNew ? sizeBytes : agreed(this.#sizeOf[id] as number, sizeBytes, DIFFERENT);
    this.#uploadOf[id] = isNew ? uploadedAtMs : agreed(this.#uploadOf[id] as number, uploadedAtMs, DIFFERENT);
  }

  #own(tag: number, id: number): void {
    const owner = this.#ownerOf[tag] as number;
    if (owner === NOBODY) this.#ownerOf[tag] = id;
    else if (owner !== id) {
      // A tag that moved while the pages were read is at two places, or at none: see `contradiction`.
      this.problem ??= `tag ${this.tags.ascii(tag)} is at two digests, ${this.digests.text(owner)} and ${this.digests.text(id)}`;
      if (this.#otherOwners.length < OTHER_OWNERS_MAX) this.#otherOwners.push(tag, id);
    }
  }

  /** Gives back all memory at once; nothing else may be asked afterwards. */
  release(): void {
    this.digests.release();
    this.tags.release();
    this.mediaTypes.release();
    for (const column of [this.#typeOf, this.#sizeOf, this.#uploadOf, this.#ownerOf, this.#isListed]) {
      release(column);
    }
  }

  /** What of the tags and the map can't be both true, or null. Only asked of listings that have a map. */
  contradiction(): string | null {
    for (let tag = 0; tag < this.tags.count; tag += 1) {
      if (this.#ownerOf[tag] === NOBODY) {
        return `tag ${this.tags.ascii(tag)} is listed, and the manifest it points at is not`;
      }
    }
    if (this.lacksTags) {
      return this.lacksTagList ? 'it does not say which manifests are tagged' : null;
    }
    for (let tag = 0; tag < this.tags.count; tag += 1) {
      if (this.#isListed[tag] === 0) {
        return `tag ${this.tags.ascii(tag)} is at ${this.digests.text(this.#ownerOf[tag] as number)}, and missing in "tags"`;
      }
    }
    return null;
  }

  /**
   * First and last entry, where they came in ascending order, as registries that page by name send them; null
   * where they did not, or where there are none.
   */
  span(): { readonly first: string; readonly last: string } | null {
    const table = this.hasMap === true ? this.digests : this.tags;
    const { count } = table;
    if (count === 0 || !table.isAscending()) return null;
    const at = (id: number): string => (this.hasMap === true ? this.digests.text(id) : this.tags.ascii(id));
    return { first: at(0), last: at(count - 1) };
  }

  /** Whether this listing holds every manifest and every tag of a page, at the same digests. */
  holds(page: ToldListing): boolean {
    const ids = new Int32Array(page.digests.count);
    for (let of = 0; of < ids.length; of += 1) {
      const id = this.digests.findFrom(page.digests, of);
      if (id < 0) return false;
      ids[of] = id;
    }
    for (let of = 0; of < page.tags.count; of += 1) {
      const tag = this.tags.findFrom(page.tags, of);
      if (tag < 0) return false;
      const owner = page.#ownerOf[of] as number;
      if (owner !== NOBODY && this.#ownerOf[tag] !== ids[owner]) return false;
    }
    return true;
  }

  tagTexts(): readonly string[] {
    return Array.from({ length: this.tags.count }, (_, tag) => this.tags.ascii(tag));
  }

  /** The tags whose entry in the map is this digest. */
  tagsAt(digest: Digest): readonly string[] {
    const owners = new Set<number>();
    for (let tag = 0; tag < this.tags.count; tag += 1) {
      const owner = this.#ownerOf[tag] as number;
      if (owner !== NOBODY && this.digests.text(owner) === digest) owners.add(tag);
    }
    for (let at = 0; at < this.#otherOwners.length; at += 2) {
      const [tag = 0, owner = 0] = this.#otherOwners.slice(at, at + 2);
      if (this.digests.text(owner) === digest) owners.add(tag);
    }
    return [...owners].map((tag) => this.tags.ascii(tag));
  }

  /** The manifests as a listing names them, sorted by digest. */
  manifests(): ListedManifest[] {
    const tagsOf = this.#tagsByManifest();
    const types = Array.from({ length: this.mediaTypes.count }, (_, id) => this.mediaTypes.ascii(id));
    const typeFacts = types.map((type) => known(type));
    const isIndex = types.map((type) => INDEX_TYPES.has(type));
    const manifests: ListedManifest[] = new Array(this.digests.count);
    let at = 0;
    for (const id of this.digests.sorted()) {
      const type = this.#typeOf[id] as number;
      manifests[at] = {
        digest: this.digests.text(id),
        tags: tagsOf(id),
        mediaType: typeFacts[type] ?? (type === DIFFERENT_TYPES ? TOLD_DIFFERENTLY : TYPE_UNTOLD),
        sizeBytes: sizeFact(this.#sizeOf[id] as number, isIndex[type] === true),
        uploadedAtMs: uploadFact(this.#uploadOf[id] as number),
      };
      at += 1;
    }
    return manifests;
  }

  /** Gathers the tags of each manifest: their places in one list, by counting. */
  #tagsByManifest(): (id: number) => readonly string[] {
    const begins = new Uint32Array(this.digests.count + 1);
    const pairs: number[] = this.#otherOwners;
    for (let tag = 0; tag < this.tags.count; tag += 1) {
      const owner = this.#ownerOf[tag] as number;
      if (owner !== NOBODY) begins[owner + 1] = (begins[owner + 1] as number) + 1;
    }
    for (let at = 1; at < pairs.length; at += 2) {
      const owner = pairs[at] as number;
      begins[owner + 1] = (begins[owner + 1] as number) + 1;
    }
    for (let id = 1; id < begins.length; id += 1) {
      begins[id] = (begins[id] as number) + (begins[id - 1] as number);
    }
    const filled = begins.slice();
    const tags = new Uint32Array(begins[this.digests.count] as number);
    const put = (tag: number, owner: number): void => {
      tags[filled[owner] as number] = tag;
      filled[owner] = (filled[owner] as number) + 1;
    };
    for (let tag = 0; tag < this.tags.count; tag += 1) {
      const owner = this.#ownerOf[tag] as number;
      if (owner !== NOBODY) put(tag, owner);
    }
    for (let at = 0; at < pairs.length; at += 2) put(pairs[at] as number, pairs[at + 1] as number);
    return (id) => {
      const from = begins[id] as number;
      const to = begins[id + 1] as number;
      if (to === from) return NO_TAGS;
      if (to === from + 1) return [this.tags.ascii(tags[from] as number)];
      return [...new Set(Array.from(tags.subarray(from, to), (tag) => this.tags.ascii(tag)))].sort();
    };
  }
}
