/**
 * The oldest Node that this project runs on, in one place. Plain JavaScript that old versions of Node can
 * parse, because it has to tell their users so.
 *
 * 22.19 is what `undici` asks for; running TypeScript sources without a flag needs 22.18.
 */
const OLDEST_MAJOR = 22;
const OLDEST_MINOR = 19;

/** The oldest version that will do, for messages. */
export const OLDEST_NODE = `${OLDEST_MAJOR}.${OLDEST_MINOR}`;

/**
 * Whether the Node that runs this is new enough.
 *
 * @returns {boolean}
 */
export function isNodeNewEnough() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major > OLDEST_MAJOR || (major === OLDEST_MAJOR && minor >= OLDEST_MINOR);
}
