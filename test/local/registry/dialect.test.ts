import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../../', import.meta.url);

describe("Google's behaviours in the local registry", () => {
  it('each name the line of the dialect that they come from, and every line is one of them', () => {
    const document = readFileSync(new URL('docs/registry-dialect.md', root), 'utf8');
    const lines = [...document.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map(([, line]) => line);
    const folder = new URL('local/registry/', root);
    const source = readdirSync(folder).map((file) => readFileSync(new URL(file, folder), 'utf8'));
    const named = [...source.join('\n').matchAll(/\(dialect: ([a-z0-9-]+(?:, [a-z0-9-]+)*)\)/g)];
    const used = new Set(named.flatMap(([, list = '']) => list.split(', ')));
    expect(lines.length).toBeGreaterThan(20);
    expect([...used].sort()).toEqual([...lines].sort());
  });
});
