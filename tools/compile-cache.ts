/**
 * Code that was compiled once need not be compiled at every start. Node keeps what it compiled in a folder, which
 * only the very same Node reads again; so it is not in the archive, which is the same bytes every time, but made
 * where the function is built: Google's builder runs the script `gcp-build` with the Node that will run the function.
 */

const FOLDER = '.compile-cache';

/** The file that is started: names the folder before anything is loaded. Where there is none, Node compiles. */
export const START_FILE = `import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
const folder = fileURLToPath(new URL('./${FOLDER}', import.meta.url));
if (existsSync(folder)) enableCompileCache(folder);
await import('./main.mjs');
`;

/** The script that fills the folder: loads everything that the function may load. */
export const FILL_FILE = `import { mkdirSync, readdirSync } from 'node:fs';
import { enableCompileCache, flushCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';
const folder = fileURLToPath(new URL('./${FOLDER}', import.meta.url));
mkdirSync(folder, { recursive: true });
enableCompileCache(folder);
await import('./main.mjs');
for (const file of readdirSync(new URL('./chunks', import.meta.url)).sort()) {
  // One that can't be loaded by itself is compiled when the function loads it.
  if (file.endsWith('.mjs')) await import(new URL('./chunks/' + file, import.meta.url)).catch(() => {});
}
flushCompileCache();
process.exit(0);
`;

export const FILL_NAME = 'fill-compile-cache.mjs';
