import type { Graph, GraphNode } from './graph.ts';
import { NodeSet } from './node-set.ts';

/**
 * Everything that must stay because these stay: their children, what is about them, and what they are about.
 * The last one because Google refuses to delete a subject while a referrer is there, and because a kept
 * signature without its image is worth nothing.
 */
export function keptWith(graph: Graph, staying: Iterable<GraphNode>): NodeSet {
  const kept = new NodeSet(graph);
  for (const node of staying) kept.add(node);
  for (const { children, subjects, referrers } of kept) {
    for (const child of children) kept.add(child);
    for (const subject of subjects) kept.add(subject);
    for (const referrer of referrers) kept.add(referrer);
  }
  return kept;
}

/** The manifests that may go when these artifacts go: those that nothing else needs. */
export function doomedWith(graph: Graph, going: readonly GraphNode[]): NodeSet {
  const roots = new NodeSet(graph);
  for (const root of going) roots.add(root);
  // A root without relations needs nothing and nothing needs it.
  const staying = graph.rootNodes.filter((root) => root !== null && !roots.has(root)) as GraphNode[];
  const kept = keptWith(graph, staying);
  const doomed = new NodeSet(graph);
  for (const { artifact } of roots) {
    for (const node of artifact) if (!kept.has(node)) doomed.add(node);
  }
  return doomed;
}

/**
 * Puts manifests into an order that Google's rules accept: an index before its children, whatever is about a
 * manifest before that manifest. Manifests of one artifact stay together as far as that allows.
 */
export function deletionOrder(graph: Graph, doomed: NodeSet): GraphNode[] {
  const indexesOf = new Map<GraphNode, GraphNode[]>();
  for (const index of doomed) {
    for (const child of index.children) {
      const known = indexesOf.get(child);
      if (known === undefined) indexesOf.set(child, [index]);
      else known.push(index);
    }
  }
  const order: GraphNode[] = [];
  const entered = new NodeSet(graph);
  const left = new NodeSet(graph);
  const visit = (start: GraphNode): void => {
    // A stack of our own: how deep indexes nest is up to whoever pushed them.
    const stack: GraphNode[] = [start];
    const enterFirst = (earlier: GraphNode): void => {
      if (doomed.has(earlier) && !entered.has(earlier)) stack.push(earlier);
    };
    for (let node = stack.at(-1); node !== undefined; node = stack.at(-1)) {
      if (!entered.has(node)) {
        entered.add(node);
        for (const index of indexesOf.get(node) ?? []) enterFirst(index);
        for (const referrer of node.referrers) enterFirst(referrer);
        continue;
      }
      stack.pop();
      if (left.has(node)) continue;
      left.add(node);
      order.push(node);
    }
  };
  for (const root of graph.rootNodes) {
    for (const member of root?.artifact ?? []) if (doomed.has(member)) visit(member);
  }
  return order;
}
