import { describe, expect, it } from 'vitest';
import type { SimulationReport } from '../../shared/app/simulate-policies.ts';
import { known, unknown } from '../../shared/core/fact.ts';
import { sha256 } from '../../shared/core/hash.ts';
import type { HistoryFact } from '../../shared/core/history.ts';
import { parsePolicyFile } from '../../shared/core/policy-file/parse.ts';
import { simulate } from '../../shared/core/simulate.ts';
import type { SimulationSources } from '../../shared/core/simulation.ts';
import { DAY_MS, HOUR_MS } from '../../shared/core/units.ts';
import { NO_USAGE_RECORD } from '../../shared/core/usage-record.ts';
import { renderSimulationPage } from '../../shared/report/simulation-page.ts';
import { renderSimulations } from '../../shared/report/simulation-text.ts';
import { NO_USAGE, NOW_MS, REPOSITORY, told, usageOf } from '../core/estate.ts';
import { READER } from '../support/reader-clock.ts';

function policies(rules: string, limits = 'limits: { share: 100% }') {
  return parsePolicyFile({
    file: 'services.yaml',
    text: `apiVersion: gcr-warden/v1\npolicy: services\nrepositories: ["**"]\nschedule: { cron: "0 3 * * *" }\n${limits}\n${rules}`,
    gitRevision: unknown('a test'),
  });
}

function pushed(days: number, name: string, tag: string | null = null): HistoryFact {
  const fact = told(days, 'INSERT', name, tag);
  return { ...fact, atMs: fact.atMs - HOUR_MS };
}

const FACTS = [
  pushed(20, 'old', 'main'),
  pushed(18, 'older', 'main'),
  pushed(15, 'new', 'main'),
  pushed(2, 'old', 'rollback'),
];

function reportOf(more: Partial<SimulationSources> = {}): SimulationReport {
  const simulation = simulate({
    repository: REPOSITORY,
    facts: FACTS,
    listing: null,
    manifests: [],
    usage: NO_USAGE,
    used: NO_USAGE_RECORD,
    pulls: { sinceMs: unknown('pulls are not recorded'), pulls: [] },
    policies: policies('delete: [{ untagged: { untaggedFor: 7d } }]'),
    sinceMs: NOW_MS - 90 * DAY_MS,
    untilMs: NOW_MS,
    unrecorded: 'unknown',
    ...more,
  });
  return {
    version: 1,
    kind: 'gcr-warden/simulation',
    target: 'europe-docker.pkg.dev/acme',
    sinceMs: simulation.sinceMs,
    untilMs: simulation.untilMs,
    catalog: { kind: 'complete' },
    problems: [],
    repositories: [{ repository: REPOSITORY, simulation: known(simulation) }],
  };
}

const PLAIN = { widthColumns: 120, colour: false, clock: READER };

describe('a replay as text', () => {
  it('shows nights, what was wanted later, what else went, and what is not known', () => {
    expect(renderSimulations(reportOf(), PLAIN)).toBe(`\
europe-docker.pkg.dev/acme/services/api
NIGHT                 THERE  GOES  FREED, UP TO
2026-01-20 03:00 UTC      3     1  1 of unknown size
2026-01-23 03:00 UTC      2     1  1 of unknown size

Would have gone, and was wanted later
WENT                  TAGS  DIGEST        WITH  WHY
2026-01-20 03:00 UTC  -     9a5cd3da23a3        tagged rollback 8 d 23 h later (2026-01-29 02:00 UTC); rule untagged of
                                                policy services (services.yaml:6): untagged for 7 d 1 h (rule wants more
                                                than 7 d)

Would have gone
WENT                  TAGS  DIGEST        WITH  WHY
2026-01-23 03:00 UTC  -     c60414c179c3        rule untagged of policy services (services.yaml:6): untagged for 7 d 1 h
                                                (rule wants more than 7 d)

In 21 nights 2 artifacts (2 manifests, 2 of unknown size) would have gone; 1 of 2 known to have been wanted later.
The record begins 2026-01-11 02:00 UTC; nights before it were not replayed.
Whether it was pulled later is not known: pulls are not recorded.
Whether it ran later is not known for sure: no in-use source is configured.
Gone by now and not kept: 3 manifests, replayed as images of unknown size that point at nothing.
`);
  });

  it('says it where a limit stops nights in a row', () => {
    const limited = policies('delete: [{ all: { untaggedFor: 1d } }]', 'limits: { digests: 1 }');
    const facts = [pushed(9, 'a'), pushed(9, 'b'), pushed(9, 'c', 'main')];
    expect(renderSimulations(reportOf({ facts, policies: limited }), PLAIN)).toContain(
      '2026-01-24 03:00 UTC and 7 more      3     0  2 manifests would go; policy services allows 1 a run.',
    );
  });

  it('says it where nothing is recorded, and where no policy selects', () => {
    expect(renderSimulations(reportOf({ facts: [] }), PLAIN)).toContain('Nothing is recorded of it');
    expect(renderSimulations(reportOf({ policies: { policies: [], problems: [] } }), PLAIN)).toContain(
      'No policy selects it',
    );
  });

  it('says what was kept only because something is not known', () => {
    const careful = policies('keep: [{ running: { inUse: true } }]\ndelete: [{ all: { untaggedFor: 7d } }]');
    const text = renderSimulations(reportOf({ policies: careful }), PLAIN);
    expect(text).toMatch(
      /Kept on the last night only because something is not known: 1 artifact, .*no run of that night saw/,
    );
    expect(text).toContain('--assume-unused');
  });

  it('shows what would have been announced, from when on it would go, and what became of it', () => {
    const waiting = policies('delete: [{ untagged: { untaggedFor: 7d, quarantine: 4d } }]');
    const pulls = { sinceMs: known(NOW_MS - 90 * DAY_MS), pulls: [] };
    const text = renderSimulations(reportOf({ policies: waiting, pulls, unrecorded: 'unused' }), PLAIN);
    expect(text).toContain(`\
Would have been announced, and would have stayed for a time
ANNOUNCED             GOES FROM             TAGS  DIGEST        RULE               THEN
2026-01-20 03:00 UTC  2026-01-24 03:00 UTC  -     9a5cd3da23a3  services/untagged  went 2026-01-24 03:00 UTC
2026-01-23 03:00 UTC  2026-01-27 03:00 UTC  -     c60414c179c3  services/untagged  went 2026-01-27 03:00 UTC
`);
    expect(text).toContain(
      '2 quarantines would have begun: 2 ended as their time was over, 0 before it, and 0 would not be over yet.',
    );
    const page = renderSimulationPage(reportOf({ policies: waiting, pulls, unrecorded: 'unused' }));
    expect(page).toContain('Would have been announced');
    expect(page).toContain('went 2026-01-24 03:00 UTC');
    expect(renderSimulationPage(reportOf())).not.toContain('Would have been announced');
  });

  it('says why a repository was not replayed', () => {
    const report = reportOf();
    const repositories = [{ repository: REPOSITORY, simulation: unknown('the registry answered 503') }];
    expect(renderSimulations({ ...report, repositories }, PLAIN)).toContain(
      'Not replayed: the registry answered 503',
    );
  });
});

describe('a replay as a page', () => {
  it('is whole in itself: nothing from outside, its style and its script named by their hashes', () => {
    const page = renderSimulationPage(reportOf());
    const within = (element: string): string =>
      new RegExp(`<${element}>(.*?)</${element}>`, 's').exec(page)?.[1] ?? '';
    const hash = (text: string): string =>
      Buffer.from(sha256(text).slice('sha256:'.length), 'hex').toString('base64');
    const style = within('style');
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1] ?? '';
    expect(policy.replaceAll('&#39;', "'")).toBe(
      `default-src 'none'; style-src 'sha256-${hash(style)}'; script-src 'sha256-${hash(within('script'))}'; base-uri 'none'; form-action 'none'`,
    );
    expect(page.match(/<script/g)).toHaveLength(1);
    expect(page).not.toMatch(/<link|<img|<iframe|\son\w+=|\sstyle=|https?:|url\(|javascript:/i);
    expect(style).toContain('color-scheme: light dark');
  });

  it('draws both lines over all nights, and marks the night that took what was wanted later', () => {
    const page = renderSimulationPage(reportOf());
    const points = (name: string): number =>
      (new RegExp(`class="curve ${name}" d="([^"]*)"`).exec(page)?.[1] ?? '').split(/[ML]/).length - 1;
    // As recorded, and as replayed.
    expect([points('c'), points('a')]).toEqual([21, 21]);
    expect(page.match(/class="block b"[^>]*><title>/g)).toHaveLength(2);
    expect(page.match(/class="dot bad"[^>]*><title>/g)).toHaveLength(1);
    expect(page).toContain('tagged rollback 8 d 23 h later');
  });

  it('shows hostile names as text', () => {
    const hostile = '"><script>alert(1)</script>\u202e<img src=x onerror=alert(1)>';
    const report = reportOf({ usage: usageOf({ name: 'older', by: hostile }) });
    const page = renderSimulationPage({
      ...report,
      target: hostile,
      catalog: { kind: 'incomplete', reason: hostile },
      repositories: [...report.repositories, { repository: hostile, simulation: unknown(hostile) }],
    });
    expect(page).not.toMatch(/<script>alert|<img|\u202e/);
    expect(page.split('&quot;&gt;&lt;script&gt;').length - 1).toBeGreaterThanOrEqual(5);
  });

  it('draws one night, and a repository without any', () => {
    const one = renderSimulationPage(reportOf({ facts: [pushed(0, 'a', 'main')] }));
    expect(one).toContain('<svg');
    expect(one).not.toMatch(/NaN|Infinity|undefined/);
    expect(renderSimulationPage(reportOf({ facts: [] }))).not.toContain('<svg');
  });
});
