import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unknown } from '../../shared/core/fact.ts';
import { deriveHistory, reconcile } from '../../shared/core/history.ts';
import { diffPolicies, type PolicyDiff } from '../../shared/core/policy-diff.ts';
import { parsePolicyFile } from '../../shared/core/policy-file/parse.ts';
import { codeSpan, renderPolicyDiffMarkdown } from '../../shared/report/policy-diff-markdown.ts';
import { renderPolicyDiff } from '../../shared/report/policy-diff-text.ts';
import { listingOf, NO_USAGE, NOW_MS, type Piece, REPOSITORY } from '../core/estate.ts';
import { checkProperty } from '../core/property.ts';
import { READER } from '../support/reader-clock.ts';

const PIECES: readonly Piece[] = [
  { name: 'young', tags: ['pr-3'], days: 5 },
  { name: 'middle', tags: ['pr-2'], days: 10, sizeBytes: null },
  { name: 'old', tags: ['pr-1'], days: 20 },
  { name: 'main', tags: ['main'], days: 1 },
];

function policies(rules: string) {
  return parsePolicyFile({
    file: 'services.yaml',
    text: `apiVersion: gcr-warden/v1\npolicy: services\nrepositories: ["**"]\n${rules}`,
    gitRevision: unknown('a test'),
  });
}

function diffOf(pieces: readonly Piece[], before: string, after: string): PolicyDiff {
  const listing = listingOf(pieces);
  const history = deriveHistory(REPOSITORY, reconcile(deriveHistory(REPOSITORY, []), listing));
  return diffPolicies(
    {
      version: 1,
      kind: 'gcr-warden/snapshot',
      takenAtMs: NOW_MS,
      target: 'europe-docker.pkg.dev/acme',
      catalog: { kind: 'complete' },
      usage: NO_USAGE,
      repositories: [{ listing, history }],
    },
    policies(before),
    policies(after),
  );
}

const FORTNIGHT = 'delete: [{ prs: { tags: { glob: "pr-*" }, olderThan: 14d } }]';
const WEEK = 'delete: [{ prs: { tags: { glob: "pr-*" }, olderThan: 7d } }]';
const PLAIN = { widthColumns: 120, colour: false, clock: READER };

describe('a diff as text', () => {
  it('shows what each version would take, and each change with both reasons', () => {
    expect(renderPolicyDiff(diffOf(PIECES, FORTNIGHT, WEEK), PLAIN)).toBe(`\
europe-docker.pkg.dev/acme/services/api  4 artifacts
before: policy services: 1 manifest to delete, up to 1.0 kB
after:  policy services: 2 manifests to delete, up to 1.0 kB and 1 of unknown size
              TAGS  DIGEST        BEFORE AND AFTER
now deleted   pr-2  85d982934f56  kept: no rule names it => would be deleted (mode: plan): rule prs of policy services
                                  (services.yaml:4): pr-2 matches glob pr-*, uploaded 10 d ago (rule wants more than 7
                                  d)
other reason  pr-1  9a5cd3da23a3  would be deleted (mode: plan): rule prs of policy services (services.yaml:4): pr-1
                                  matches glob pr-*, uploaded 20 d ago (rule wants more than 14 d) => would be deleted
                                  (mode: plan): rule prs of policy services (services.yaml:4): pr-1 matches glob pr-*,
                                  uploaded 20 d ago (rule wants more than 7 d)

europe-docker.pkg.dev/acme: 1 now deleted, 1 other reason in 1 of 1 repositories.
`);
  });

  it('says so where nothing changes', () => {
    expect(renderPolicyDiff(diffOf(PIECES, WEEK, WEEK), PLAIN)).toBe(
      'europe-docker.pkg.dev/acme: no artifact changes hands in 0 of 1 repositories.\n',
    );
  });

  it('shows problems of either version', () => {
    expect(renderPolicyDiff(diffOf(PIECES, WEEK, 'delete: [{ prs: { oldrThan: 7d } }]'), PLAIN)).toContain(
      'after: services.yaml:4:19: POLICY_UNKNOWN_KEY: ',
    );
  });
});

/** What is left of a text when its code spans are taken out, as CommonMark finds them. */
function outsideCode(markdown: string): string {
  let rest = '';
  let at = 0;
  for (;;) {
    const open = /`+/.exec(markdown.slice(at));
    if (open === null) return rest + markdown.slice(at);
    rest += markdown.slice(at, at + open.index);
    const fence = open[0];
    const from = at + open.index + fence.length;
    const close = new RegExp(`(?<!\`)\`{${fence.length}}(?!\`)`).exec(markdown.slice(from));
    if (close === null) {
      rest += fence;
      at = from;
    } else {
      at = from + close.index + fence.length;
    }
  }
}

describe('a diff as a comment', () => {
  it('shows what changes hands as a list', () => {
    expect(renderPolicyDiffMarkdown(diffOf(PIECES, FORTNIGHT, WEEK))).toBe(`\
## Retention policies: what changes hands

\`europe-docker.pkg.dev/acme\` at 2026-01-31 03:00 UTC: **1 now deleted, 1 other reason**.

### \`europe-docker.pkg.dev/acme/services/api\`

- before: \`policy services: 1 manifest to delete, up to 1.0 kB\`
- after: \`policy services: 2 manifests to delete, up to 1.0 kB and 1 of unknown size\`

- **now deleted** \`pr-2\` \`85d982934f56\`
  - before: \`kept: no rule names it\`
  - after: \`would be deleted (mode: plan): rule prs of policy services (services.yaml:4): pr-2 matches glob pr-*, uploaded 10 d ago (rule wants more than 7 d)\`
- **other reason** \`pr-1\` \`9a5cd3da23a3\`
  - before: \`would be deleted (mode: plan): rule prs of policy services (services.yaml:4): pr-1 matches glob pr-*, uploaded 20 d ago (rule wants more than 14 d)\`
  - after: \`would be deleted (mode: plan): rule prs of policy services (services.yaml:4): pr-1 matches glob pr-*, uploaded 20 d ago (rule wants more than 7 d)\`
`);
  });

  it('stays within its length and counts what is left out', () => {
    const pieces = Array.from({ length: 300 }, (_, at) => ({ name: `m${at}`, tags: [`pr-${at}`], days: 10 }));
    const comment = renderPolicyDiffMarkdown(diffOf(pieces, FORTNIGHT, WEEK), 5000);
    expect(comment.length).toBeLessThanOrEqual(5000);
    const shown = comment.match(/\*\*now deleted\*\*/g)?.length ?? 0;
    expect(shown).toBeGreaterThan(5);
    expect(comment).toContain(`**${300 - shown} more changes not shown here;**`);
  });

  it('counts problems that are left out, too', () => {
    const diff = diffOf(PIECES, FORTNIGHT, 'delete: [{ prs: { oldrThan: 7d } }]');
    const [problem] = diff.problems.after;
    if (problem === undefined) throw new Error('it has to be a problem');
    const problems = { before: [], after: Array.from({ length: 100 }, () => problem) };
    const comment = renderPolicyDiffMarkdown({ ...diff, problems }, 2000);
    const shown = comment.match(/POLICY_UNKNOWN_KEY/g)?.length ?? 0;
    expect(comment).toContain(`**${100 - shown} more problems and 1 more change not shown here;**`);
  });

  it('is never longer than a comment may be', () => {
    const pieces = Array.from({ length: 2000 }, (_, at) => ({
      name: `m${at}`,
      tags: [`pr-${at}`],
      days: 10,
    }));
    expect(renderPolicyDiffMarkdown(diffOf(pieces, FORTNIGHT, WEEK)).length).toBeLessThan(65_536);
  });

  it('names nobody, links nowhere and holds no HTML, whatever patterns and files are called', () => {
    const hostile = 'pr-`*@octocat [x](https://evil.example) <img src=x> | #1 ``` **bold**';
    const diff = diffOf(
      PIECES,
      'keep: [{ main: { tags: { exact: main } } }]',
      `delete: [{ prs: { tags: { glob: ["pr-*", ${JSON.stringify(hostile)}] } } }]`,
    );
    const [problem] = parsePolicyFile({
      file: '<b>@octocat`.yaml',
      text: 'a: &x\n  - <img>',
      gitRevision: unknown('a test'),
    }).problems;
    if (problem === undefined) throw new Error('it has to be a problem');
    const comment = renderPolicyDiffMarkdown({ ...diff, problems: { before: [problem], after: [problem] } });
    expect(comment).toContain('@octocat');
    expect(outsideCode(comment)).not.toMatch(/octocat|https?:|<|\[|\||#1|`/);
  });
});

describe('a code span', () => {
  it('holds any text whole, on one line', () => {
    checkProperty(fc.string({ unit: fc.constantFrom('`', '``', ' ', 'a', '\n', '<', '\\', '|') }), (text) => {
      const span = codeSpan(text);
      expect(span).not.toContain('\n');
      expect(outsideCode(`x ${span} y`)).toBe('x  y');
    });
  });
});
