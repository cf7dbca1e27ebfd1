/**
 * Ends with a clear message where Node is too old to run the sources. The npm scripts run it first, because
 * what an old Node says about TypeScript helps nobody. Within npm scripts `node` is the one that `npm ci`
 * brought; where that has no build for the platform, it is the machine's own.
 */
import { isNodeNewEnough, OLDEST_NODE } from '../bin/node-version.js';

if (!isNodeNewEnough()) {
  console.error(
    `gcr-warden needs Node ${OLDEST_NODE} or newer, and ${process.execPath} is ${process.versions.node}.\n` +
      'Use the npm scripts, which take the Node 24 that "npm ci" brings along; where it has no build for ' +
      'this platform, install a newer Node.',
  );
  process.exit(1);
}
