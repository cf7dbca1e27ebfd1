import { DIGEST_WORDS, readDigest } from './digest-table.ts';
import { JsonTokens, TOKEN, type Token } from './json-tokens.ts';
import type { PageEnd, PageReader, Span } from './page.ts';
import { NO_TYPE, UNREADABLE } from './told-fact.ts';
import { TAGS_MAX, type ToldEntry, ToldListing } from './told-listing.ts';
import { Utf8Check } from './utf8.ts';

/** Where in the document the reader stands. */
const AT = {
  root: 0,
  field: 1,
  value: 2,
  tags: 3,
  children: 4,
  map: 5,
  entry: 6,
  entryField: 7,
  entryValue: 8,
  entryTags: 9,
  skipped: 10,
} as const;

const FIELDS = ['tags', 'manifest', 'child', 'next'].map((name) => Buffer.from(name));
const ENTRY_FIELDS = ['tag', 'mediaType', 'imageSizeBytes', 'timeUploadedMs'].map((name) =>
  Buffer.from(name),
);
const FIELD = { tags: 0, manifest: 1, child: 2, next: 3 } as const;
const ENTRY_FIELD = { tag: 0, mediaType: 1, imageSizeBytes: 2, timeUploadedMs: 3 } as const;

const TAG_LENGTH_MAX = 128;
/** 1 for what a tag may begin with, 2 for what may follow only (distribution reference grammar). */
const IN_TAG = Uint8Array.from({ length: 256 }, (_, byte) => {
  const letter = String.fromCharCode(byte);
  return /[A-Za-z0-9_]/.test(letter) ? 1 : letter === '.' || letter === '-' ? 2 : 0;
});
/** More digits than a safe whole number has are not read. */
const DIGITS_MAX = 16;

/**
 * One page of `tags/list`, with Google's manifest map or without, read while it comes in. Unknown fields are
 * passed over, whatever is in them. What is not as it should be is the listing's problem; what is not JSON, or
 * no object, ends the reading.
 */
export class TagsListPage implements PageReader {
  readonly told = new ToldListing();
  /** Whether `manifest` is an object, if an empty one; what `told` holds of `null` is that the field was there. */
  speaksGoogle = false;

  readonly #tokens = new JsonTokens();
  readonly #utf8 = new Utf8Check();
  #at: number = AT.root;
  #field = -1;
  /** A bit for each field that was there: JSON lets a name come twice, and its parsers differ in what they take. */
  #seenFields = 0;
  #next: string | null = '';
  #listedCount = 0;
  #entryCount = 0;

  #skipsTo = 0;
  #afterSkip: number = AT.field;

  #hasDigest = false;
  #seenEntryFields = 0;
  readonly #entryTags: number[] = [];
  readonly #entry: ToldEntry = {
    words: new Uint32Array(DIGEST_WORDS),
    tags: this.#entryTags,
    mediaType: NO_TYPE,
    sizeBytes: UNREADABLE,
    uploadedAtMs: UNREADABLE,
  };

  write(piece: Buffer): boolean {
    if (!this.#utf8.write(piece)) return false;
    this.#tokens.push(piece);
    return this.#read() !== TOKEN.invalid;
  }

  end(): PageEnd | null {
    this.#tokens.finish();
    if (this.#read() !== TOKEN.end || !this.#utf8.end()) return null;
    const { told } = this;
    const hasMap = (this.#seenFields & (1 << FIELD.manifest)) !== 0;
    told.hasMap = hasMap;
    const hasTags = (this.#seenFields & (1 << FIELD.tags)) !== 0;
    if (!hasTags) told.lacksTags = true;
    // Distribution writes null where the last tag is gone.
    if (!hasTags && !hasMap) told.problem ??= 'it has neither "tags" nor "manifest"';
    return { next: this.#next, lengths: [this.#listedCount, this.#entryCount] };
  }

  span(): Span | null {
    return this.told.span();
  }

  #read(): Token {
    for (;;) {
      const token = this.#tokens.next();
      if (token <= TOKEN.end) return token;
      switch (this.#at) {
        case AT.root:
          if (token !== TOKEN.beginObject) return TOKEN.invalid;
          this.#at = AT.field;
          break;
        case AT.field:
          if (token === TOKEN.key) this.#beginField();
          break;
        case AT.value:
          this.#takeValue(token);
          break;
        case AT.tags:
          this.#takeListedTag(token);
          break;
        case AT.children:
          this.#takeChild(token);
          break;
        case AT.map:
          if (token === TOKEN.endObject) this.#at = AT.field;
          else this.#beginEntry();
          break;
        case AT.entry:
          this.#takeEntry(token);
          break;
        case AT.entryField:
          if (token === TOKEN.endObject) this.#endEntry();
          else this.#beginEntryField();
          break;
        case AT.entryValue:
          this.#takeEntryValue(token);
          break;
        case AT.entryTags:
          this.#takeEntryTag(token);
          break;
        default:
          if (this.#tokens.depth === this.#skipsTo) this.#at = this.#afterSkip;
      }
    }
  }

  /** Passes over a value whose first token was just read. */
  #skip(token: Token, after: number): void {
    const isOpen = token === TOKEN.beginObject || token === TOKEN.beginArray;
    this.#at = isOpen ? AT.skipped : after;
    this.#skipsTo = this.#tokens.depth - 1;
    this.#afterSkip = after;
  }

  #beginField(): void {
    this.#field = FIELDS.findIndex((name) => this.#tokens.isKey(name));
    if (this.#field >= 0) {
      const bit = 1 << this.#field;
      if ((this.#seenFields & bit) !== 0) this.told.problem ??= `"${FIELDS[this.#field]}" is in it twice`;
      this.#seenFields |= bit;
    }
    this.#at = AT.value;
  }

  #takeValue(token: Token): void {
    const { told } = this;
    this.#at = AT.field;
    switch (this.#field) {
      case FIELD.tags:
        if (token === TOKEN.beginArray) {
          this.#at = AT.tags;
          return;
        }
        told.lacksTags = true;
        if (token !== TOKEN.null) told.problem ??= '"tags" is not a list';
        break;
      case FIELD.manifest:
        if (token === TOKEN.beginObject) {
          this.speaksGoogle = true;
          this.#at = AT.map;
          return;
        }
        if (token !== TOKEN.null) told.problem ??= '"manifest" is not an object';
        break;
      case FIELD.child:
        if (token === TOKEN.beginArray) {
          told.childrenAre = 'told';
          this.#at = AT.children;
          return;
        }
        told.childrenAre = token === TOKEN.null ? 'told' : 'unreadable';
        break;
      case FIELD.next:
        if (token === TOKEN.string) this.#next = this.#tokens.text();
        else if (token !== TOKEN.null) this.#next = null;
        break;
      default:
    }
    this.#skip(token, AT.field);
  }

  #takeListedTag(token: Token): void {
    if (token === TOKEN.endArray) {
      this.#at = AT.field;
      return;
    }
    this.#listedCount += 1;
    const tag = this.#tag(token);
    if (tag >= 0) this.told.listTag(tag);
    else {
      this.told.problem ??= '"tags" holds something that is no tag';
      this.#skip(token, AT.tags);
    }
  }

  #takeChild(token: Token): void {
    if (token === TOKEN.endArray) this.#at = AT.field;
    else if (token !== TOKEN.string || !this.told.child(this.#tokens.text())) {
      this.told.childrenAre = 'unreadable';
      this.#skip(token, AT.children);
    }
  }

  /** The number of the tag that was just read, or -1. */
  #tag(token: Token): number {
    if (token !== TOKEN.string) return -1;
    const { bytes, from, to } = this.#ascii();
    if (from === to || to - from > TAG_LENGTH_MAX || IN_TAG[bytes[from] as number] !== 1) return -1;
    for (let at = from + 1; at < to; at += 1) if (IN_TAG[bytes[at] as number] === 0) return -1;
    return this.told.tag(bytes, from, to);
  }

  /** The bytes of the text that was just read; escapes are resolved. */
  #ascii(): { readonly bytes: Buffer; readonly from: number; readonly to: number } {
    if (this.#tokens.isPlain) return this.#tokens;
    const bytes = Buffer.from(this.#tokens.text(), 'utf8');
    return { bytes, from: 0, to: bytes.length };
  }

  #beginEntry(): void {
    const { bytes, from, to } = this.#ascii();
    this.#entryCount += 1;
    this.#hasDigest = readDigest(bytes, from, to, this.#entry.words);
    if (!this.#hasDigest) this.told.problem ??= 'its manifest map names something that is not a digest';
    this.#seenEntryFields = 0;
    this.#entryTags.length = 0;
    this.#entry.mediaType = NO_TYPE;
    this.#entry.sizeBytes = UNREADABLE;
    this.#entry.uploadedAtMs = UNREADABLE;
    this.#at = AT.entry;
  }

  #takeEntry(token: Token): void {
    if (token === TOKEN.beginObject) this.#at = AT.entryField;
    else {
      this.told.problem ??= 'its manifest map has an entry that can not be read';
      this.#skip(token, AT.map);
    }
  }

  #beginEntryField(): void {
    this.#field = -1;
    for (let field = 0; field < ENTRY_FIELDS.length; field += 1) {
      if (this.#tokens.isKey(ENTRY_FIELDS[field] as Buffer)) this.#field = field;
    }
    if (this.#field >= 0) {
      const bit = 1 << this.#field;
      if ((this.#seenEntryFields & bit) !== 0) {
        this.told.problem ??= `an entry of its manifest map names "${ENTRY_FIELDS[this.#field]}" twice`;
      }
      this.#seenEntryFields |= bit;
    }
    this.#at = AT.entryValue;
  }

  #takeEntryValue(token: Token): void {
    this.#at = AT.entryField;
    switch (this.#field) {
      case ENTRY_FIELD.tag:
        if (token === TOKEN.beginArray) {
          this.#at = AT.entryTags;
          return;
        }
        if (token === TOKEN.null) this.#seenEntryFields &= ~(1 << ENTRY_FIELD.tag);
        else this.told.problem ??= 'the tags of an entry of its manifest map are not a list';
        break;
      case ENTRY_FIELD.mediaType:
        if (token === TOKEN.string) this.#entry.mediaType = this.#mediaTypeId();
        break;
      case ENTRY_FIELD.imageSizeBytes: {
        const sizeBytes = this.#wholeNumber(token);
        this.#entry.sizeBytes = sizeBytes >= 0 ? sizeBytes : UNREADABLE;
        break;
      }
      case ENTRY_FIELD.timeUploadedMs: {
        // Year 1 and 1970 appear where a time is not known; an image of that age would be the first to go.
        const uploadedAtMs = this.#wholeNumber(token);
        this.#entry.uploadedAtMs = uploadedAtMs > 0 ? uploadedAtMs : UNREADABLE;
        break;
      }
      default:
    }
    this.#skip(token, AT.entryField);
  }

  #mediaTypeId(): number {
    const { bytes, from, to } = this.#ascii();
    return this.told.mediaType(bytes, from, to);
  }

  #takeEntryTag(token: Token): void {
    if (token === TOKEN.endArray) {
      this.#at = AT.entryField;
      return;
    }
    const tag = this.#tag(token);
    if (tag >= 0 && this.#entryTags.length < TAGS_MAX) this.#entryTags.push(tag);
    else {
      this.told.problem ??= 'an entry of its manifest map has something as a tag that is none';
      this.#skip(token, AT.entryTags);
    }
  }

  /** Google writes numbers as texts; both are read, everything else is not a number. */
  #wholeNumber(token: Token): number {
    if (token !== TOKEN.string && token !== TOKEN.number) return Number.NaN;
    const { bytes, from, to } = this.#ascii();
    const isNegative = from < to && bytes[from] === 0x2d;
    const first = isNegative ? from + 1 : from;
    if (first === to || to - first > DIGITS_MAX) return Number.NaN;
    let value = 0;
    for (let at = first; at < to; at += 1) {
      const digit = (bytes[at] as number) - 0x30;
      if (digit < 0 || digit > 9) return Number.NaN;
      value = value * 10 + digit;
    }
    if (!Number.isSafeInteger(value)) return Number.NaN;
    return isNegative ? -value : value;
  }

  #endEntry(): void {
    this.#at = AT.map;
    if (!this.#hasDigest) return;
    const { told } = this;
    if ((this.#seenEntryFields & (1 << ENTRY_FIELD.tag)) === 0) told.lacksTagList = true;
    const isNew = told.add(this.#entry);
    if (!isNew) told.problem ??= 'its manifest map names a digest twice';
  }
}
