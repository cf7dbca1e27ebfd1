import { describe, expect, it } from 'vitest';
import type { Digest } from '../../shared/core/digest.ts';
import { buildGraph, type Graph, type GraphNode } from '../../shared/core/graph.ts';
import { deletionOrder, keptWith } from '../../shared/core/graph-walk.ts';
import { MEDIA_TYPES } from '../../shared/core/manifest.ts';
import { NodeSet } from '../../shared/core/node-set.ts';
import { digestOf, listingOf, type Piece, subjectTag } from './estate.ts';

const INDEX: readonly Piece[] = [
  { name: 'app', tags: ['v1'], children: ['amd64', 'arm64', 'attestation'] },
  { name: 'amd64' },
  { name: 'arm64' },
  { name: 'attestation' },
];
const NESTED: readonly Piece[] = [
  { name: 'outer', tags: ['all'], children: ['inner'] },
  { name: 'inner', children: ['leaf'] },
  { name: 'leaf' },
];
const SIGNED: readonly Piece[] = [
  { name: 'app', tags: ['v1'] },
  { name: 'sig', tags: [subjectTag('app', '.sig')] },
  { name: 'sbom', subject: 'app' },
  { name: 'sbom-sig', subject: 'sbom' },
];

function nodeOf(graph: Graph, name: string): GraphNode {
  const node = graph.nodes.find(({ manifest }) => manifest.digest === digestOf(name));
  if (node === undefined) throw new Error(`${name} has to do with no other`);
  return node;
}

function nodesOf(graph: Graph, names: readonly string[]): NodeSet {
  const nodes = new NodeSet(graph);
  for (const name of names) nodes.add(nodeOf(graph, name));
  return nodes;
}

function namesIn(pieces: readonly Piece[]): (digest: Digest) => string {
  const names = new Map(pieces.map(({ name }) => [digestOf(name), name]));
  return (digest) => names.get(digest) ?? digest;
}

describe('artifacts', () => {
  const cases: readonly [string, readonly Piece[], Record<string, string[]>][] = [
    ['two images are two', [{ name: 'a', tags: ['x'] }, { name: 'b' }], { a: [], b: [] }],
    ['an index and its children are one', INDEX, { app: ['amd64', 'arm64', 'attestation'] }],
    ['a nested index is one with all below it', NESTED, { outer: ['inner', 'leaf'] }],
    [
      'an image, its signatures and what is about those are one',
      SIGNED,
      { app: ['sbom', 'sbom-sig', 'sig'] },
    ],
    [
      'a child of two indexes is in both',
      [
        { name: 'old', children: ['base'] },
        { name: 'new', tags: ['v2'], children: ['base'] },
        { name: 'base' },
      ],
      { old: ['base'], new: ['base'] },
    ],
    [
      'a child with a tag of its own is one more',
      [
        { name: 'app', tags: ['v1'], children: ['amd64'] },
        { name: 'amd64', tags: ['v1-amd64'] },
      ],
      { app: ['amd64'], amd64: [] },
    ],
    [
      'a referrer with a tag of its own is one more',
      [
        { name: 'app', tags: ['v1'] },
        { name: 'chart', tags: ['chart-1'], subject: 'app' },
      ],
      { app: ['chart'], chart: [] },
    ],
    [
      'the signature of a child belongs to the index',
      [...INDEX, { name: 'sig', tags: [subjectTag('amd64', '.sig')] }],
      { app: ['amd64', 'arm64', 'attestation', 'sig'] },
    ],
    [
      'a fallback index belongs to its subject',
      [
        { name: 'app', tags: ['v1'] },
        { name: 'fallback', tags: [subjectTag('app', '')], children: ['sbom'] },
        { name: 'sbom', subject: 'app' },
      ],
      { app: ['fallback', 'sbom'] },
    ],
    [
      'a fallback index that lost its tag is one of its own and shares its referrers',
      [
        { name: 'app', tags: ['v1'] },
        { name: 'fallback', children: ['sbom'] },
        { name: 'sbom', subject: 'app' },
      ],
      { app: ['sbom'], fallback: ['sbom'] },
    ],
    [
      'a signature whose image is gone is one of its own',
      [{ name: 'sig', tags: [subjectTag('gone', '.sig')] }],
      { sig: [] },
    ],
    ['a referrer whose subject is gone is one of its own', [{ name: 'sbom', subject: 'gone' }], { sbom: [] }],
    ['a child that is gone counts for nothing', [{ name: 'app', children: ['gone'] }], { app: [] }],
    ['what claims to be about itself is one', [{ name: 'odd', subject: 'odd' }], { odd: [] }],
    ['what is signed by itself is one', [{ name: 'odd', tags: [subjectTag('odd', '.sig')] }], { odd: [] }],
    [
      'two that are about each other are two',
      [
        { name: 'a', tags: [subjectTag('b', '.sig')] },
        { name: 'b', tags: [subjectTag('a', '.sig')] },
      ],
      { a: [], b: [] },
    ],
  ];

  it.each(cases)('%s', (_row, pieces, expected) => {
    const nameOf = namesIn(pieces);
    const graph = buildGraph(listingOf(pieces));
    const found = graph.roots.map(({ digest: root }, at) => [
      nameOf(root),
      (graph.rootNodes[at]?.artifact ?? [])
        .map(({ manifest }) => manifest.digest)
        .filter((digest) => digest !== root)
        .map(nameOf)
        .sort(),
    ]);
    expect(Object.fromEntries(found)).toEqual(expected);
    const roots = graph.roots.map(({ digest }) => digest);
    for (const node of graph.rootNodes) expect(node?.artifact[0]).toBe(node ?? undefined);
    expect(roots).toEqual([...roots].sort());
  });

  const rooted: readonly [string, readonly Piece[], Record<string, string[]>][] = [
    ['of nested indexes', NESTED, { outer: ['outer'], inner: ['outer'], leaf: ['outer'] }],
    [
      'of a nested index with a tag of its own',
      [
        { name: 'outer', tags: ['all'], children: ['inner'] },
        { name: 'inner', tags: ['part'], children: ['leaf'] },
        { name: 'leaf' },
      ],
      { outer: ['outer'], inner: ['inner', 'outer'], leaf: ['inner', 'outer'] },
    ],
    [
      'of a shared child and its signature',
      [
        { name: 'old', children: ['base'] },
        { name: 'new', tags: ['v2'], children: ['base'] },
        { name: 'base' },
        { name: 'sig', tags: [subjectTag('base', '.sig')] },
      ],
      { old: ['old'], new: ['new'], base: ['new', 'old'], sig: ['new', 'old'] },
    ],
    [
      'of indexes that point at each other under a root, and of a circle that no root reaches',
      [
        { name: 'top', tags: ['v1'], children: ['left'] },
        { name: 'left', children: ['right'] },
        { name: 'right', children: ['left'] },
        { name: 'a', tags: [subjectTag('b', '.sig')] },
        { name: 'b', tags: [subjectTag('a', '.sig')] },
      ],
      { top: ['top'], left: ['top'], right: ['top'], a: ['a'], b: ['b'] },
    ],
  ];

  it.each(rooted)('knows the roots %s', (_row, pieces, expected) => {
    const nameOf = namesIn(pieces);
    const graph = buildGraph(listingOf(pieces));
    const found = graph.nodes.map((node) => [
      nameOf(node.manifest.digest),
      graph
        .rootsOf(node)
        .map(({ manifest }) => nameOf(manifest.digest))
        .sort(),
    ]);
    expect(Object.fromEntries(found)).toEqual(expected);
  });

  it('tells tags that name an image from tags that are about one', () => {
    const pieces = [
      { name: 'app', tags: ['v1'] },
      { name: 'sig', tags: [subjectTag('app', '.sig'), 'release-signature', subjectTag('gone', '.att')] },
    ];
    const node = nodeOf(buildGraph(listingOf(pieces)), 'sig');
    expect(node.subjectTags).toEqual([subjectTag('app', '.sig')]);
    expect(node.tags).toEqual(['release-signature', subjectTag('gone', '.att')]);
  });

  it('knows manifests that are about each other in a circle', () => {
    const graph = buildGraph(
      listingOf([
        { name: 'a', tags: [subjectTag('b', '.sig')] },
        { name: 'b', tags: [subjectTag('a', '.sig')] },
        { name: 'c', subject: 'a' },
      ]),
    );
    expect(graph.circular).toEqual(new Set([digestOf('a'), digestOf('b'), digestOf('c')]));
  });
});

describe('what could not be read', () => {
  const cases: readonly [string, Piece, boolean][] = [
    [
      'an index may point at anything',
      { name: 'x', unreadable: '503', mediaType: MEDIA_TYPES.ociIndex },
      true,
    ],
    ['a type nobody tells may be an index', { name: 'x', unreadable: '503', mediaType: null }, true],
    ['a type nobody knows may be an index', { name: 'x', unreadable: '503', mediaType: 'text/plain' }, true],
    [
      'an image points at no manifest',
      { name: 'x', unreadable: '503', mediaType: MEDIA_TYPES.ociManifest },
      false,
    ],
    [
      'an index that nobody tried to read may point at anything',
      { name: 'x', mediaType: MEDIA_TYPES.dockerManifestList },
      true,
    ],
  ];

  it.each(cases)('%s', (_row, piece, isIndex) => {
    const graph = buildGraph(listingOf([piece, { name: 'other' }]));
    expect(nodeOf(graph, 'x').unreadable).not.toBeNull();
    expect(graph.unreadIndex !== null).toBe(isIndex);
  });
});

describe('what stays with something that stays', () => {
  const cases: readonly [string, readonly Piece[], string[], string[]][] = [
    ['children of any depth', NESTED, ['outer'], ['inner', 'leaf', 'outer']],
    ['no index for the sake of its child', NESTED, ['leaf'], ['leaf']],
    ['signatures, and what is about those', SIGNED, ['app'], ['app', 'sbom', 'sbom-sig', 'sig']],
    ['the subject of a referrer', SIGNED, ['sbom-sig'], ['app', 'sbom', 'sbom-sig', 'sig']],
    [
      'the signature of a child',
      [...INDEX, { name: 'sig', tags: [subjectTag('amd64', '.sig')] }],
      ['app'],
      ['amd64', 'app', 'arm64', 'attestation', 'sig'],
    ],
  ];

  it.each(cases)('%s', (_row, pieces, roots, expected) => {
    const graph = buildGraph(listingOf(pieces));
    const kept = keptWith(graph, nodesOf(graph, roots));
    const names = [...kept].map(({ manifest }) => manifest.digest).map(namesIn(pieces));
    expect(names.sort()).toEqual(expected);
  });
});

describe('the order of deletions', () => {
  const cases: readonly [string, readonly Piece[], [string, string][]][] = [
    [
      'an index before its children',
      NESTED,
      [
        ['outer', 'inner'],
        ['inner', 'leaf'],
      ],
    ],
    [
      'whatever is about a manifest before it',
      SIGNED,
      [
        ['sbom-sig', 'sbom'],
        ['sbom', 'app'],
        ['sig', 'app'],
      ],
    ],
    [
      'a fallback index before the referrers it lists, and those before the subject',
      [
        { name: 'app', tags: ['v1'] },
        { name: 'fallback', tags: [subjectTag('app', '')], children: ['sbom'] },
        { name: 'sbom', subject: 'app' },
      ],
      [
        ['fallback', 'sbom'],
        ['sbom', 'app'],
      ],
    ],
    [
      'all indexes before the child they share',
      [
        { name: 'base' },
        { name: 'i1', children: ['base'] },
        { name: 'i2', children: ['base', 'i1'] },
        { name: 'i3', tags: ['x'], children: ['base'] },
      ],
      [
        ['i1', 'base'],
        ['i2', 'base'],
        ['i2', 'i1'],
        ['i3', 'base'],
      ],
    ],
  ];

  it.each(cases)('%s', (_row, pieces, pairs) => {
    const graph = buildGraph(listingOf(pieces));
    const nameOf = namesIn(pieces);
    const all = nodesOf(
      graph,
      pieces.map(({ name }) => name),
    );
    const order = deletionOrder(graph, all).map(({ manifest }) => nameOf(manifest.digest));
    expect([...order].sort()).toEqual(pieces.map(({ name }) => name).sort());
    for (const [first, second] of pairs) expect(order.indexOf(first)).toBeLessThan(order.indexOf(second));
  });

  it('names only what is to go', () => {
    const graph = buildGraph(listingOf(INDEX));
    expect(deletionOrder(graph, nodesOf(graph, ['arm64']))).toEqual([nodeOf(graph, 'arm64')]);
  });

  it('comes to an end for 20,000 nested indexes and for a circle', () => {
    const deep: Piece[] = Array.from({ length: 20_000 }, (_, level) => ({
      name: `l${level}`,
      children: level === 19_999 ? [] : [`l${level + 1}`],
    }));
    const circle: Piece[] = [
      { name: 'a', tags: [subjectTag('b', '.sig')] },
      { name: 'b', tags: [subjectTag('a', '.sig')] },
    ];
    for (const pieces of [deep, circle]) {
      const graph = buildGraph(listingOf(pieces));
      const all = new NodeSet(graph);
      for (const node of graph.nodes) all.add(node);
      const order = deletionOrder(graph, all);
      expect(order).toHaveLength(pieces.length);
    }
  });
});
