import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../support/command.ts';

const pages = globSync(['*.md', '{docs,policies,terraform}/**/*.md'], { cwd: ROOT }).sort();

/** A page without its code, in which nothing is a link or a heading. */
function prose(text: string): string {
  return text
    .replace(/^(```+|~~~+).*?^\1`*$/gms, '')
    .replace(/(`+)[^`]+\1/g, (code) => code.replace(/[[\]()<>]/g, ''));
}

function read(page: string): string {
  return prose(readFileSync(join(ROOT, page), 'utf8'));
}

/** The targets of links and pictures, also of those defined by reference. */
function linksOf(text: string): string[] {
  const inline = Array.from(
    text.matchAll(/\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g),
    ([, target = '']) => target,
  );
  const defined = Array.from(text.matchAll(/^\[[^\]]+\]:\s+<?(\S+?)>?$/gm), ([, target = '']) => target);
  return [...inline, ...defined];
}

/** The fragments of a page's headings, as GitHub makes them. */
function fragmentsOf(text: string): Set<string> {
  const fragments = new Set<string>();
  for (const [, heading = ''] of text.matchAll(/^#{1,6} +(.+?)(?: +#+)?$/gm)) {
    const words = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
    const slug = words.replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '').replaceAll(' ', '-');
    let fragment = slug;
    for (let count = 1; fragments.has(fragment); count++) fragment = `${slug}-${count}`;
    fragments.add(fragment);
  }
  return fragments;
}

/** Why a link leads nowhere, or null. Links to other sites are not followed. */
function problemOf(page: string, link: string): string | null {
  if (/^[a-z][a-z+.-]*:/i.test(link)) return null;
  const [path = '', fragment] = link.split('#', 2);
  const target = path === '' ? page : join(dirname(page), decodeURI(path));
  if (path.startsWith('/') || relative('.', target).startsWith('..')) return 'leads out of the repository';
  if (!existsSync(join(ROOT, target))) return 'no such file';
  if (fragment === undefined) return null;
  if (!target.endsWith('.md')) return null;
  return fragmentsOf(read(target)).has(fragment) ? null : 'no such heading';
}

describe('links', () => {
  it('are read from text and not from code', () => {
    const text = '[a](x.md#y "t") ![b](<z.png>) `[c](no.md)`\n```md\n[d](no.md)\n```\n[e]: r.md\n';
    expect(linksOf(prose(text))).toEqual(['x.md#y', 'z.png', 'r.md']);
  });

  it('lead to headings as GitHub names them', () => {
    const text = '# A rule\n## What it `does`, exactly\n## A rule\n### [0.1.0] - 2026\n';
    expect([...fragmentsOf(text)]).toEqual(['a-rule', 'what-it-does-exactly', 'a-rule-1', '010---2026']);
  });

  it.each(pages)('of %s lead somewhere', (page) => {
    const broken = linksOf(read(page)).flatMap((link) => {
      const problem = problemOf(page, link);
      return problem === null ? [] : [`${link}: ${problem}`];
    });
    expect(broken).toEqual([]);
  });
});
