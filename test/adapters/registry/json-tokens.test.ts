import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonTokens, TOKEN, type Token } from '../../../shared/adapters/registry/json-tokens.ts';
import '../../support/property-seed.ts';

/** The value that the tokens of a text in pieces make; `invalid` where they make none. */
function built(pieces: readonly Buffer[]): { readonly value: unknown } | 'invalid' {
  const tokens = new JsonTokens();
  const outermost: unknown[] = [];
  const open: { value: unknown; key: string }[] = [{ value: outermost, key: '' }];
  const put = (value: unknown): void => {
    const { value: into, key } = open.at(-1) as { value: unknown; key: string };
    if (Array.isArray(into)) into.push(value);
    else Object.defineProperty(into, key, { value, enumerable: true, configurable: true, writable: true });
  };
  const step = (): Token => {
    for (;;) {
      const token = tokens.next();
      if (token <= TOKEN.end) return token;
      if (token === TOKEN.key) (open.at(-1) as { key: string }).key = tokens.text();
      else if (token === TOKEN.string) put(tokens.text());
      else if (token === TOKEN.number) put(Number(tokens.text()));
      else if (token === TOKEN.true) put(true);
      else if (token === TOKEN.false) put(false);
      else if (token === TOKEN.null) put(null);
      else if (token === TOKEN.beginObject || token === TOKEN.beginArray) {
        const value = token === TOKEN.beginObject ? {} : [];
        put(value);
        open.push({ value, key: '' });
      } else open.pop();
      expect(tokens.depth).toBe(open.length - 1);
    }
  };
  for (const piece of pieces) {
    tokens.push(piece);
    if (step() === TOKEN.invalid) return 'invalid';
  }
  tokens.finish();
  return step() === TOKEN.end ? { value: outermost[0] } : 'invalid';
}

function parsed(text: string): { readonly value: unknown } | 'invalid' {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return 'invalid';
  }
}

/** Cuts bytes at the given places, also in the middle of a letter. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...at].map((from, index) => bytes.subarray(from, at[index] ?? bytes.length));
}

const places = fc.array(fc.nat(), { maxLength: 12 });
const space = fc.constantFrom('', '', ' ', '\n\t', '\r\n  ');
/** JSON as somebody else's program may write it: with space, escapes where none are needed, and names twice. */
const { written } = fc.letrec<{ written: string }>((tie) => ({
  written: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom('null', 'true', 'false', '0', '-0', '1e400', '-1.50E+07', '12345678901234567890', '""'),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
    fc.string({ unit: 'binary' }).map((text) => JSON.stringify(text)),
    fc
      .string({ maxLength: 8 })
      .map((text) =>
        [...text].map((letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''),
      )
      .map((text) => `"${text}\\/\\b\\ud83d"`),
    fc
      .tuple(fc.array(tie('written'), { maxLength: 4 }), space)
      .map(([items, gap]) => `[${gap}${items.join(`${gap},${gap}`)}${gap}]`),
    fc
      .tuple(fc.array(fc.tuple(fc.string({ maxLength: 3 }), tie('written')), { maxLength: 4 }), space)
      .map(([fields, gap]) => {
        const inside = fields.map(([name, value]) => `${JSON.stringify(name)}${gap}:${gap}${value}`);
        return `{${gap}${inside.join(`${gap},`)}${gap}}`;
      }),
  ),
}));

describe('the tokens of a JSON text', () => {
  it('make what JSON.parse makes, wherever the text is cut into pieces', () => {
    fc.assert(
      fc.property(written, places, (text, at) => {
        expect(built(cut(Buffer.from(text), at))).toEqual(parsed(Buffer.from(text).toString()));
      }),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 1_000) },
    );
  });

  it('are refused where JSON.parse refuses, and nowhere else', () => {
    const damage = fc.record({
      at: fc.nat(),
      remove: fc.nat({ max: 2 }),
      insert: fc.constantFrom(
        '',
        '"',
        '\\',
        ',',
        ':',
        '{',
        ']',
        '}',
        '0',
        '-',
        'e',
        '.',
        'n',
        '\u0001',
        '\u0000',
      ),
    });
    fc.assert(
      fc.property(written, damage, places, (text, { at, remove, insert }, cuts) => {
        const from = at % (text.length + 1);
        const broken = text.slice(0, from) + insert + text.slice(from + remove);
        const bytes = Buffer.from(broken);
        expect(built(cut(bytes, cuts))).toEqual(parsed(bytes.toString()));
      }),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 2_000) },
    );
  });

  it('of a text that ends early are refused', () => {
    fc.assert(
      fc.property(written, fc.nat(), places, (text, length, cuts) => {
        const bytes = Buffer.from(text);
        const short = bytes.subarray(0, length % bytes.length);
        expect(built(cut(short, cuts))).toEqual(parsed(short.toString()));
      }),
      { numRuns: Number(process.env['PROPERTY_RUNS'] ?? 1_000) },
    );
  });

  it.each<[name: string, text: string]>([
    ['nothing', ''],
    ['space', ' \n'],
    ['two values', '1 2'],
    ['a byte order mark', '\ufeff{}'],
    ['a bracket that nothing opened', ']'],
    ['a comma at the end', '[1,]'],
    ['a plus sign', '+1'],
    ['a zero in front', '01'],
    ['an escape that is none', '"\\x41"'],
  ])('refuse %s', (_name, text) => {
    expect(parsed(text)).toBe('invalid');
    expect(built([Buffer.from(text)])).toBe('invalid');
  });

  it('refuse what is deeper than 64 and read what is not', () => {
    const nested = (depth: number): Buffer => Buffer.from(`${'['.repeat(depth)}${']'.repeat(depth)}`);
    expect(built([nested(64)])).not.toBe('invalid');
    expect(built([nested(65)])).toBe('invalid');
  });

  it('read a long string that comes byte by byte, and refuse an endless one before it ends', () => {
    const long = 'x'.repeat(100_000);
    const bytes = Buffer.from(`"${long}"`);
    const single = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
    expect(built(single)).toEqual({ value: long });
    const tokens = new JsonTokens();
    tokens.push(Buffer.from('"'));
    let given = 0;
    while (tokens.next() === TOKEN.short && given < 16) {
      tokens.push(Buffer.alloc(1_048_576, 'x'));
      given += 1;
    }
    expect(given).toBeLessThan(4);
  });
});
