import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { isModuleNamespaceObject } from 'node:util/types';
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild';
import { FILL_FILE, FILL_NAME, START_FILE } from './compile-cache.ts';
import { leanClients } from './lean-clients.ts';
import { type ZipEntry, zip } from './zip.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** The deployed functions; each is `functions/NAME.ts` and registers itself under its own name. */
export const FUNCTIONS = [
  'record-image-event',
  'record-audit-logs',
  'dispatch',
  'clean',
  'audit',
  'report',
] as const;

const FRAMEWORK = '@google-cloud/functions-framework';

/** What a function is bundled with. */
interface Deployed {
  /** The exact version, as in our own `package.json`. */
  readonly frameworkVersion: string;
}

/** What was made, for the line that is printed. */
export interface Bundle {
  readonly name: string;
  /** All files of the bundle, licences included, before packing. */
  readonly sizeBytes: number;
  /** The archive; null where none is made. */
  readonly zipBytes: number | null;
  readonly parts: readonly BundlePart[];
}

/** One package's share of a bundle. */
export interface BundlePart {
  readonly name: string;
  readonly sizeBytes: number;
}

/**
 * Bundled CommonJS packages look for these three, which ES modules don't have. Named so that they can't meet
 * a name that the bundler makes.
 */
const COMMONJS_SHIM = [
  "import { createRequire as __wardenCreateRequire } from 'node:module';",
  "import { dirname as __wardenDirname } from 'node:path';",
  "import { fileURLToPath as __wardenFileURLToPath } from 'node:url';",
  'const require = __wardenCreateRequire(import.meta.url);',
  'const __filename = __wardenFileURLToPath(import.meta.url);',
  'const __dirname = __wardenDirname(__filename);',
].join('');

/**
 * A CommonJS package that is imported lazily would lose its named exports in a bundle, which shows only when
 * the line runs. So such an import gets a module that names them, as Node does for the source.
 */
const nameLazyExports: Plugin = {
  name: 'name-lazy-exports',
  setup({ resolve, onResolve, onLoad }) {
    const require = createRequire(import.meta.url);
    const seen = Symbol('resolved by this plugin');
    onResolve({ filter: /^[^./]/ }, async ({ kind, path, importer, namespace, resolveDir, pluginData }) => {
      const isOurs = namespace === 'file' && !/[\\/]node_modules[\\/]/.test(importer);
      if (!isOurs || kind !== 'dynamic-import' || pluginData === seen) return undefined;
      const found = await resolve(path, { kind, importer, namespace, resolveDir, pluginData: seen });
      if (found.external || found.errors.length > 0) return found;
      return isModuleNamespaceObject(require(found.path)) ? found : { ...found, namespace: 'lazy-exports' };
    });
    onLoad({ filter: /.*/, namespace: 'lazy-exports' }, ({ path }) => {
      const names = Object.keys(require(path) as object).filter((name) => name !== 'default');
      return {
        contents: `const whole = require(${JSON.stringify(path)}); export default whole; export const { ${names.join(', ')} } = whole;`,
        loader: 'js',
        resolveDir: ROOT,
      };
    });
  },
};

const COMMON: BuildOptions = {
  absWorkingDir: ROOT,
  bundle: true,
  format: 'esm',
  platform: 'node',
  // V8 holds a text in two bytes a character as soon as one of them needs two: a few hundred would cost 5 MB.
  charset: 'ascii',
  // What is imported lazily stays in files of its own, so that a cold start doesn't read it.
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  banner: { js: COMMONJS_SHIM },
  minifyWhitespace: true,
  minifySyntax: true,
  // Minified class names break Firestore over REST, and the errors that are told apart by their names. To give
  // each function its name back costs a fifth of a start, so names are left as they are.
  minifyIdentifiers: false,
  legalComments: 'external',
  logLevel: 'warning',
  write: false,
  plugins: [nameLazyExports, leanClients],
  metafile: true,
};

interface BundledFiles {
  readonly files: ZipEntry[];
  readonly parts: readonly BundlePart[];
}

async function bundleFiles(options: BuildOptions, outFolder: string): Promise<BundledFiles> {
  const built = await build({ ...COMMON, ...options, outdir: outFolder });
  const files = (built.outputFiles ?? []).map(({ path, contents }) => ({
    path: relative(outFolder, path).replaceAll('\\', '/'),
    bytes: contents,
  }));
  return { files, parts: partsOf(built.metafile) };
}

/** What the code comes from, the largest first: a package, or our own. */
function partsOf(metafile: Metafile | undefined): BundlePart[] {
  const sizes = new Map<string, number>();
  for (const { inputs } of Object.values(metafile?.outputs ?? {})) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const name = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(path)?.[1] ?? 'gcr-warden';
      sizes.set(name, (sizes.get(name) ?? 0) + bytesInOutput);
    }
  }
  return [...sizes]
    .map(([name, sizeBytes]) => ({ name, sizeBytes }))
    .sort((a, b) => b.sizeBytes - a.sizeBytes);
}

/** Replaces a folder by these files, so that nothing of an earlier bundle stays in it. */
async function replaceFolder(folder: string, files: readonly ZipEntry[]): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  for (const { path, bytes } of files) {
    const file = join(folder, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
}

function sizeOf(files: readonly ZipEntry[]): number {
  return files.reduce((sizeBytes, { bytes }) => sizeBytes + bytes.length, 0);
}

/**
 * Bundles one function into `OUT/NAME/` and packs that into `OUT/NAME.zip`, the same bytes every time. The
 * functions framework stays outside: its registry of functions is one a copy, and the platform starts the
 * copy that it installs from the `package.json` beside the bundle.
 * @throws esbuild's error, which it has also printed, where the source doesn't bundle.
 */
export async function bundleFunction(
  name: string,
  source: string,
  out: string,
  { frameworkVersion }: Deployed,
): Promise<Bundle> {
  const folder = join(out, name);
  const { files, parts } = await bundleFiles(
    {
      entryPoints: [{ in: source, out: 'main' }],
      outExtension: { '.js': '.mjs' },
      target: 'node24',
      external: [FRAMEWORK],
    },
    folder,
  );
  const manifest = {
    name,
    private: true,
    type: 'module',
    main: 'index.mjs',
    engines: { node: '24' },
    scripts: { 'gcp-build': `node ${FILL_NAME}` },
    dependencies: { [FRAMEWORK]: frameworkVersion },
  };
  files.push({ path: 'index.mjs', bytes: Buffer.from(START_FILE) });
  files.push({ path: FILL_NAME, bytes: Buffer.from(FILL_FILE) });
  files.push({ path: 'package.json', bytes: Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`) });
  await replaceFolder(folder, files);
  const archive = zip(files);
  await writeFile(`${folder}.zip`, archive);
  return { name, sizeBytes: sizeOf(files), zipBytes: archive.length, parts };
}

/** Bundles the published command line into `OUT/gcr-warden.js` and its chunks. */
export async function bundleCli(source: string, out: string): Promise<Bundle> {
  const { files, parts } = await bundleFiles(
    { entryPoints: [{ in: source, out: 'gcr-warden' }], target: 'node22' },
    out,
  );
  await replaceFolder(out, files);
  return { name: 'gcr-warden', sizeBytes: sizeOf(files), zipBytes: null, parts };
}

/**
 * Bundles what people import who write policies in TypeScript into `OUT/define-policy.js`, with its types beside it.
 * @throws Error with what the compiler said, where the types can't be written
 */
export async function bundlePolicyModule(out: string): Promise<Bundle> {
  const source = join(ROOT, 'shared/core/policy-file/define-policy.ts');
  const { files, parts } = await bundleFiles(
    { entryPoints: [{ in: source, out: 'define-policy' }], target: 'node22' },
    out,
  );
  await replaceFolder(out, files);
  await promisify(execFile)(
    process.execPath,
    [
      join(ROOT, 'node_modules/typescript/bin/tsc'),
      ...['--ignoreConfig', '--declaration', '--emitDeclarationOnly', '--outDir', out],
      ...[
        '--module',
        'nodenext',
        '--target',
        'es2024',
        '--types',
        '',
        '--rewriteRelativeImportExtensions',
        source,
      ],
    ],
    { cwd: ROOT },
  );
  return { name: 'policy module', sizeBytes: sizeOf(files), zipBytes: null, parts };
}

async function readFrameworkVersion(): Promise<string> {
  const packageJson = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const version = packageJson.dependencies[FRAMEWORK];
  if (version === undefined || !/^\d+\.\d+\.\d+$/.test(version)) {
    throw new Error(`package.json has to name one exact version of ${FRAMEWORK} among its dependencies.`);
  }
  return version;
}

async function main(): Promise<void> {
  const deployed: Deployed = { frameworkVersion: await readFrameworkVersion() };
  const bundles: Bundle[] = [];
  for (const name of FUNCTIONS) {
    bundles.push(
      await bundleFunction(
        name,
        join(ROOT, 'functions', `${name}.ts`),
        join(ROOT, 'dist/functions'),
        deployed,
      ),
    );
  }
  bundles.push(await bundleCli(join(ROOT, 'cli/main.ts'), join(ROOT, 'dist/cli')));
  bundles.push(await bundlePolicyModule(join(ROOT, 'dist/policy')));
  for (const { name, sizeBytes, zipBytes } of bundles) {
    const packed = zipBytes === null ? '' : `, zip ${Math.ceil(zipBytes / 1024)} KiB`;
    console.log(`${name}: ${Math.ceil(sizeBytes / 1024)} KiB${packed}`);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
