import { endOfDayMs, lastDay } from './day-ranges.ts';
import type { Digest } from './digest.ts';
import { known, type TimeFact, unknown } from './fact.ts';
import type { Graph, GraphNode } from './graph.ts';
import type { History } from './history.ts';
import { pulledDigests, type RecordedPulls } from './pull-record.ts';

const NEVER: TimeFact = known(null);
const NOT_RECORDED: TimeFact = unknown('pulls are not recorded');

/** Tells when an artifact was last pulled. `node` is null for one that consists of its root alone. */
export type LastPullReader = (root: Digest, node: GraphNode | null, uploadedAtMs: TimeFact) => TimeFact;

/**
 * When artifacts were last pulled: any of their manifests, or an index that points at one. Days are what is
 * recorded, so a pull counts as if it had been at the end of its day. Where none was seen since all are
 * recorded, that beginning is the latest at which there can have been one; an image that was uploaded later was
 * never pulled.
 *
 * @param pulls undefined where nobody records any
 */
export function lastPullReader(
  pulls: RecordedPulls | undefined,
  history: History,
  graph: Graph,
  nowMs: number,
): LastPullReader {
  if (pulls === undefined) return () => NOT_RECORDED;
  const { sinceMs } = pulls;
  if (sinceMs.kind === 'unknown') return () => sinceMs;
  const lastMs = lastPulls(pulls, history, graph);
  return (root, node, uploadedAtMs) => {
    let lastAtMs = lastMs.get(root) ?? null;
    for (const { manifest } of node?.artifact ?? []) {
      const atMs = lastMs.get(manifest.digest);
      if (atMs !== undefined && (lastAtMs === null || atMs > lastAtMs)) lastAtMs = atMs;
    }
    if (lastAtMs !== null && lastAtMs > sinceMs.value) {
      return { kind: 'known', value: Math.min(lastAtMs, nowMs) };
    }
    if (uploadedAtMs.kind === 'unknown') return uploadedAtMs;
    const notBeforeMs = uploadedAtMs.kind === 'known' ? uploadedAtMs.value : (uploadedAtMs.afterMs ?? null);
    return notBeforeMs !== null && notBeforeMs >= sinceMs.value
      ? NEVER
      : { kind: 'at latest', value: sinceMs.value };
  };
}

/** The end of the last day on which each manifest was pulled, by itself, by a tag or within an index. */
function lastPulls(pulls: RecordedPulls, history: History, graph: Graph): ReadonlyMap<Digest, number> {
  const last = new Map<Digest, number>();
  for (const [digest, days] of pulledDigests(pulls.pulls, history)) {
    for (const ranges of days) {
      const day = lastDay(ranges);
      if (day !== null) last.set(digest, Math.max(last.get(digest) ?? 0, endOfDayMs(day)));
    }
  }
  // Who pulls an index is given what it points at, nested as deep as it may be.
  const waiting = graph.nodes.filter(
    ({ manifest, children }) => children.length > 0 && last.has(manifest.digest),
  );
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    const atMs = last.get(node.manifest.digest) ?? 0;
    for (const child of node.children) {
      const { digest } = child.manifest;
      if ((last.get(digest) ?? 0) >= atMs) continue;
      last.set(digest, atMs);
      waiting.push(child);
    }
  }
  return last;
}
