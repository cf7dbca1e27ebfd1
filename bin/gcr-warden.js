#!/usr/bin/env node
/**
 * Starts gcr-warden. In a clone it runs the source, with the Node that `npm ci` brought where the machine's
 * own is too old; as a published package it runs the bundle. Plain JavaScript that Node 20 can parse.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isNodeNewEnough, OLDEST_NODE } from './node-version.js';

const source = new URL('../cli/main.ts', import.meta.url);
const bundle = new URL('../dist/cli/gcr-warden.js', import.meta.url);
const ownNode = fileURLToPath(
  new URL(`../node_modules/node/bin/node${process.platform === 'win32' ? '.exe' : ''}`, import.meta.url),
);

const inClone = existsSync(source);
if (isNodeNewEnough()) {
  leaveOutSqliteWarning();
  // Where it can't be written it is left out; NODE_COMPILE_CACHE and NODE_DISABLE_COMPILE_CACHE are heeded by Node.
  module.enableCompileCache(compileCache());
  const start = inClone ? source : bundle;
  if (existsSync(start)) await import(start.href);
  else fail(`${fileURLToPath(bundle)} is missing: install gcr-warden again, or run "npm run bundle".`);
} else if (inClone && existsSync(ownNode)) {
  runWith(ownNode);
} else {
  const way = inClone ? ', or run "npm ci", which brings Node 24 along where there is a build of it' : '';
  fail(
    `needs Node ${OLDEST_NODE} or newer, and ${process.execPath} is ${process.versions.node}. Install a newer Node${way}.`,
  );
}

/**
 * Node 22 calls its SQLite experimental at every start; the ledger's tests run on what is there. Every other
 * warning is printed as ever.
 */
function leaveOutSqliteWarning() {
  const { emitWarning } = process;
  process.emitWarning = (warning, ...rest) => {
    const type = typeof rest[0] === 'object' ? rest[0]?.type : rest[0];
    if (type === 'ExperimentalWarning' && String(warning).startsWith('SQLite ')) return;
    emitWarning.call(process, warning, ...rest);
  };
}

/**
 * Where Node keeps what it compiled, which is most of what a start costs: a folder of the user's own, since what
 * stands in a folder that others may write to would be run with the user's rights.
 */
function compileCache() {
  const caches = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  return join(caches, 'gcr-warden', 'compiled');
}

/** @param {string} message */
function fail(message) {
  console.error(`gcr-warden: ${message}`);
  process.exitCode = 1;
}

/** Runs the source with another Node and ends as that ended. @param {string} node */
function runWith(node) {
  const child = spawn(node, [fileURLToPath(source), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { NODE_COMPILE_CACHE: compileCache(), ...process.env },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      // A terminal sends Ctrl-C to the child as well, and a second one may mean "at once".
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => fail(`${node} could not be started: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (signal === null) {
      process.exitCode = code ?? 1;
      return;
    }
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
