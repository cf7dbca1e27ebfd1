import type { Graph, GraphNode } from './graph.ts';

/** Some of a graph's nodes, in the order in which they were added; may be walked while it grows. */
export class NodeSet implements Iterable<GraphNode> {
  readonly #has: Uint8Array;
  readonly #nodes: GraphNode[] = [];

  constructor({ nodes }: Pick<Graph, 'nodes'>) {
    this.#has = new Uint8Array(nodes.length);
  }

  get size(): number {
    return this.#nodes.length;
  }

  has({ place }: GraphNode): boolean {
    return this.#has[place] === 1;
  }

  add(node: GraphNode): void {
    if (this.#has[node.place] === 1) return;
    this.#has[node.place] = 1;
    this.#nodes.push(node);
  }

  [Symbol.iterator](): Iterator<GraphNode> {
    return this.#nodes[Symbol.iterator]();
  }
}
