import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync } from 'node:zlib';

/** The base64 of a text as it stands within that of a longer one: three shifts, without the shared edges. */
function shiftedBase64(secret: string): string[] {
  return [0, 1, 2].map((shift) => {
    const encoded = Buffer.concat([Buffer.alloc(shift), Buffer.from(secret)]).toString('base64');
    return encoded.slice(shift === 0 ? 0 : 4, -4);
  });
}

/** Every form in which a secret may stand in a text. */
function formsOf(secret: string): readonly string[] {
  const base64 = shiftedBase64(secret);
  const base64url = base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'));
  const quoted = JSON.stringify(secret).slice(1, -1);
  return [
    ...new Set([
      secret,
      quoted,
      JSON.stringify(quoted).slice(1, -1),
      encodeURIComponent(secret),
      new URLSearchParams({ x: secret }).toString().slice(2),
      Buffer.from(secret).toString('hex'),
      ...base64,
      ...base64url,
    ]),
  ];
}

/** The forms of secrets that stand in these texts, shown so that one can tell which. */
export function leaksIn(secrets: Iterable<string>, texts: readonly (string | Buffer)[]): string[] {
  const whole = texts
    .map((text) => (typeof text === 'string' ? text : text.toString('latin1')))
    // A terminal may wrap what a log writes on one line.
    .flatMap((text) => [text, text.replace(/\s+/g, '')])
    .join('\n\0\n');
  return [...secrets].flatMap((secret) => {
    if (secret.length < 8) throw new Error('too short to be looked for');
    return formsOf(secret)
      .filter((form) => form.length >= 8 && whole.includes(form))
      .map((form) => `${form.slice(0, 24)}… of ${secret.slice(0, 24)}…`);
  });
}

/** All files of a folder, as they are; of a SQLite file every value of every row too, unpacked where it is packed. */
export async function contentsOf(folder: string): Promise<Buffer[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const found: Buffer[] = [];
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    found.push(await readFile(path));
    if (path.endsWith('.sqlite')) found.push(...valuesIn(path));
  }
  return found;
}

function valuesIn(path: string): Buffer[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table'").all();
    return tables.flatMap(({ name }) =>
      database
        .prepare(`SELECT * FROM "${String(name)}"`)
        .all()
        .flatMap((row) => Object.values(row).map(unpacked)),
    );
  } finally {
    database.close();
  }
}

function unpacked(value: unknown): Buffer {
  const bytes = value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(String(value));
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
}
