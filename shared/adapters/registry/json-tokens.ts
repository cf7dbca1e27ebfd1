/** What a step through a JSON text came to. */
export const TOKEN = {
  /** The text goes on in a piece that was not given yet. */
  short: 0,
  /** This is no JSON, or deeper or with a longer string than we read. */
  invalid: 1,
  /** The value is whole, and nothing but space follows. */
  end: 2,
  beginObject: 3,
  endObject: 4,
  beginArray: 5,
  endArray: 6,
  key: 7,
  string: 8,
  number: 9,
  true: 10,
  false: 11,
  null: 12,
} as const;

export type Token = (typeof TOKEN)[keyof typeof TOKEN];

/** Google's listing is four deep. */
const DEPTH_MAX = 64;
/** One string or number; the longest in a listing is a URL. */
const TOKEN_MAX_BYTES = 1_048_576;

const EXPECTS = { value: 0, valueOrEnd: 1, key: 2, keyOrEnd: 3, colon: 4, comma: 5, nothing: 6 } as const;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** 0 for bytes that a string may simply hold; 1 for what needs a look: quotes, escapes, controls, beyond ASCII. */
const NEEDS_LOOK = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < 0x20 || byte >= 0x80 || byte === QUOTE || byte === BACKSLASH ? 1 : 0,
);
const IS_SPACE = Uint8Array.from({ length: 256 }, (_, byte) => ([0x20, 9, 10, 13].includes(byte) ? 1 : 0));
/** What can be in a number; whether it is one, is looked at when all of it is there. */
const IN_NUMBER = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[0-9+\-.eE]/.test(String.fromCharCode(byte)) ? 1 : 0,
);
const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/;
const LITERALS = [
  { text: 'true', token: TOKEN.true },
  { text: 'false', token: TOKEN.false },
  { text: 'null', token: TOKEN.null },
] as const;

/**
 * Reads one JSON text (RFC 8259) that comes in pieces, in one pass and without keeping what was read. Accepts
 * what `JSON.parse` accepts, but for the limits on depth and on the length of one string.
 */
export class JsonTokens {
  /** After a key, string or number: its bytes are `bytes` from `from` to `to`, without quotes, until `next`. */
  bytes: Buffer = Buffer.alloc(0);
  from = 0;
  to = 0;
  /** After a key or string: whether its bytes are its text, in ASCII, with nothing escaped. */
  isPlain = true;

  #at = 0;
  readonly #waiting: Buffer[] = [];
  #waitingBytes = 0;
  /** Where pieces are put together: anew for each of them it would be as much garbage as the text. */
  #joined: Buffer = Buffer.alloc(0);
  #isLast = false;
  /** Whether what is held was looked at and ended too early: it needs no second look before more has come. */
  #isShort = false;
  #expects: number = EXPECTS.value;
  /** 1 for each object that is open, 0 for each list. */
  readonly #open = new Uint8Array(DEPTH_MAX);
  #depth = 0;

  /** How many objects and lists are open. */
  get depth(): number {
    return this.#depth;
  }

  /** Gives the next piece, which must not be changed until it was read. */
  push(piece: Buffer): void {
    this.#waiting.push(piece);
    this.#waitingBytes += piece.length;
    // A string that comes byte by byte is looked at again only when it has doubled.
    if (this.#waitingBytes >= this.bytes.length - this.#at) this.#refill();
  }

  /** Says that there is no other piece. */
  finish(): void {
    this.#isLast = true;
    this.#refill();
  }

  #refill(): void {
    const restBytes = this.bytes.length - this.#at;
    const [only] = this.#waiting;
    if (restBytes === 0 && this.#waiting.length === 1 && only !== undefined) this.bytes = only;
    else this.#join(restBytes);
    this.#at = 0;
    this.#waiting.length = 0;
    this.#isShort = false;
    this.#waitingBytes = 0;
  }

  /** Puts what was not read and what waits behind it into one place, the same one each time. */
  #join(restBytes: number): void {
    const sizeBytes = restBytes + this.#waitingBytes;
    const from = this.bytes;
    // A rest is mostly the begin of one token: with half as much again, the next pieces fit too.
    if (sizeBytes > this.#joined.length)
      this.#joined = Buffer.from(new ArrayBuffer(Math.ceil(sizeBytes * 1.5)));
    from.copy(this.#joined, 0, this.#at);
    let at = restBytes;
    for (const piece of this.#waiting) at += piece.copy(this.#joined, at);
    this.bytes = this.#joined.subarray(0, sizeBytes);
  }

  /** The text of the key, string or number that was just read. */
  text(): string {
    if (this.isPlain) return this.bytes.toString('latin1', this.from, this.to);
    return JSON.parse(`"${this.bytes.toString('utf8', this.from, this.to)}"`) as string;
  }

  /** Whether the key that was just read is this one. */
  isKey(name: Buffer): boolean {
    if (!this.isPlain) return this.text() === name.toString();
    const { bytes, from } = this;
    const { length } = name;
    if (this.to - from !== length) return false;
    for (let at = 0; at < length; at += 1) if (bytes[from + at] !== name[at]) return false;
    return true;
  }

  next(): Token {
    if (this.#isShort) return TOKEN.short;
    const token = this.#read();
    if (token === TOKEN.short) this.#isShort = true;
    return token;
  }

  #read(): Token {
    const { bytes } = this;
    for (;;) {
      while (this.#at < bytes.length && IS_SPACE[bytes[this.#at] as number] === 1) this.#at += 1;
      if (this.#at === bytes.length) {
        if (!this.#isLast) return TOKEN.short;
        return this.#expects === EXPECTS.nothing ? TOKEN.end : TOKEN.invalid;
      }
      const byte = bytes[this.#at] as number;
      switch (this.#expects) {
        case EXPECTS.colon:
          if (byte !== 0x3a) return TOKEN.invalid;
          this.#at += 1;
          this.#expects = EXPECTS.value;
          continue;
        case EXPECTS.comma:
          if (byte !== 0x2c) return this.#close(byte);
          this.#at += 1;
          this.#expects = this.#open[this.#depth - 1] === 1 ? EXPECTS.key : EXPECTS.value;
          continue;
        case EXPECTS.keyOrEnd:
          if (byte !== QUOTE) return this.#close(byte);
          return this.#string(TOKEN.key);
        case EXPECTS.key:
          return byte === QUOTE ? this.#string(TOKEN.key) : TOKEN.invalid;
        case EXPECTS.valueOrEnd:
          return byte === 0x5d ? this.#close(byte) : this.#value(byte);
        case EXPECTS.value:
          return this.#value(byte);
        default:
          return TOKEN.invalid;
      }
    }
  }

  #value(byte: number): Token {
    if (byte === QUOTE) return this.#string(TOKEN.string);
    if (byte === 0x7b || byte === 0x5b) {
      if (this.#depth === DEPTH_MAX) return TOKEN.invalid;
      this.#at += 1;
      this.#open[this.#depth] = byte === 0x7b ? 1 : 0;
      this.#depth += 1;
      this.#expects = byte === 0x7b ? EXPECTS.keyOrEnd : EXPECTS.valueOrEnd;
      return byte === 0x7b ? TOKEN.beginObject : TOKEN.beginArray;
    }
    return byte === 0x2d || (byte >= 0x30 && byte <= 0x39) ? this.#number() : this.#literal();
  }

  #close(byte: number): Token {
    const isObject = this.#depth > 0 && this.#open[this.#depth - 1] === 1;
    if (this.#depth === 0 || byte !== (isObject ? 0x7d : 0x5d)) return TOKEN.invalid;
    this.#at += 1;
    this.#depth -= 1;
    this.#afterValue();
    return isObject ? TOKEN.endObject : TOKEN.endArray;
  }

  #afterValue(): void {
    this.#expects = this.#depth === 0 ? EXPECTS.nothing : EXPECTS.comma;
  }

  #string(token: typeof TOKEN.key | typeof TOKEN.string): Token {
    const { bytes } = this;
    const { length } = bytes;
    const from = this.#at + 1;
    let at = from;
    let isPlain = true;
    for (;;) {
      while (at < length && NEEDS_LOOK[bytes[at] as number] === 0) at += 1;
      if (at >= length) return this.#unfinished();
      const byte = bytes[at] as number;
      if (byte === QUOTE) break;
      if (byte < 0x20) return TOKEN.invalid;
      isPlain = false;
      if (byte !== BACKSLASH) {
        at += 1;
        continue;
      }
      const escaped = bytes[at + 1];
      if (escaped === undefined) return this.#unfinished();
      if (escaped !== 0x75) {
        if (!'"\\/bfnrt'.includes(String.fromCharCode(escaped))) return TOKEN.invalid;
        at += 2;
        continue;
      }
      if (at + 6 > length) return this.#unfinished();
      if (!/^[0-9a-fA-F]{4}$/.test(bytes.toString('latin1', at + 2, at + 6))) return TOKEN.invalid;
      at += 6;
    }
    this.from = from;
    this.to = at;
    this.isPlain = isPlain;
    this.#at = at + 1;
    if (token === TOKEN.key) this.#expects = EXPECTS.colon;
    else this.#afterValue();
    return token;
  }

  #unfinished(): Token {
    const isTooLong = this.bytes.length - this.#at > TOKEN_MAX_BYTES;
    return this.#isLast || isTooLong ? TOKEN.invalid : TOKEN.short;
  }

  #number(): Token {
    const { bytes } = this;
    let at = this.#at;
    while (at < bytes.length && IN_NUMBER[bytes[at] as number] === 1) at += 1;
    // At the end of a piece nobody knows whether more digits follow.
    if (at === bytes.length && !this.#isLast) return this.#unfinished();
    if (at - this.#at > TOKEN_MAX_BYTES || !NUMBER.test(bytes.toString('latin1', this.#at, at))) {
      return TOKEN.invalid;
    }
    this.from = this.#at;
    this.to = at;
    this.isPlain = true;
    this.#at = at;
    this.#afterValue();
    return TOKEN.number;
  }

  #literal(): Token {
    for (const { text, token } of LITERALS) {
      const held = this.bytes.toString('latin1', this.#at, this.#at + text.length);
      if (held === text) {
        this.#at += text.length;
        this.#afterValue();
        return token;
      }
      if (!this.#isLast && text.startsWith(held)) return TOKEN.short;
    }
    return TOKEN.invalid;
  }
}
