import { describe, expect, it, onTestFinished } from 'vitest';
import { reportHandler } from '../../functions/handlers/report.ts';
import { serveFunction } from '../../local/function-server.ts';
import { openStage, type Stage } from './stage.ts';

const NOW_MS = Date.parse('2026-03-01T10:00:00Z');
const REPOSITORY = 'europe-docker.pkg.dev/acme/services/api';
const DIGEST = `sha256:${'cd'.repeat(32)}` as const;

async function serve(stage: Stage): Promise<string> {
  const served = await serveFunction(
    'report',
    reportHandler(stage.logger, async () => ({ ledger: stage.ledger, clock: () => NOW_MS })),
    0,
  );
  onTestFinished(() => served.close());
  return served.url;
}

describe('report', () => {
  it('serves a page without script that allows nothing from outside', async () => {
    const stage = await openStage();
    const response = await fetch(await serve(stage));
    expect(response.status).toBe(200);
    const policy = response.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    const page = await response.text();
    expect(page).not.toMatch(/<script|https?:/);
  });

  it('escapes what the ledger holds', async () => {
    const stage = await openStage();
    await stage.ledger.saveRun({
      version: 1,
      id: 'r1',
      repository: '<img src=x onerror=alert(1)>',
      planId: DIGEST,
      startedAtMs: NOW_MS,
      finishedAtMs: NOW_MS,
      trigger: 'command',
      mode: 'plan',
      kept: 1,
      toDelete: 0,
      outcomes: {},
      refusal: '"><script>alert(1)</script>',
    });
    await stage.ledger.saveDecisions('<img src=x onerror=alert(1)>', {
      runId: 'r1',
      planId: DIGEST,
      atMs: NOW_MS,
      policies: [{ name: 'services', owner: 'me@example.com', reason: '<script>alert(2)</script>' }],
      decisions: [],
      notes: [],
    });
    const page = await (await fetch(await serve(stage))).text();
    expect(page).not.toContain('<img');
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;script&gt;');
    expect(page).toContain('policy services (me@example.com): &lt;script&gt;alert(2)');
  });

  it("shows an image's life", async () => {
    const stage = await openStage();
    await stage.ledger.recordEvent({
      version: 1,
      messageId: '1',
      publishedAtMs: NOW_MS,
      action: 'INSERT',
      repository: REPOSITORY,
      digest: DIGEST,
      tag: 'main',
    });
    const response = await fetch(
      `${await serve(stage)}?image=${encodeURIComponent(`${REPOSITORY}@${DIGEST}`)}`,
    );
    expect(response.status).toBe(200);
    expect(await response.text()).toContain('main from 2026-03-01 10:00 UTC');
  });

  const missing: readonly { readonly what: string; readonly image: string }[] = [
    { what: 'an image that the ledger never heard of', image: `${REPOSITORY}@${DIGEST}` },
    { what: 'what is no image', image: '<script>' },
  ];
  it.each(missing)('answers 404 to $what', async ({ image }) => {
    const stage = await openStage();
    const response = await fetch(`${await serve(stage)}?image=${encodeURIComponent(image)}`);
    expect(response.status).toBe(404);
    expect(await response.text()).not.toContain('<script');
  });

  it('can only be read', async () => {
    const stage = await openStage();
    expect((await fetch(await serve(stage), { method: 'POST' })).status).toBe(405);
  });
});

it('answers 500 without a word of why when its settings are missing', async () => {
  const stage = await openStage();
  const served = await serveFunction(
    'report',
    reportHandler(stage.logger, async () => {
      throw new Error('secret place');
    }),
    0,
  );
  onTestFinished(() => served.close());
  const response = await fetch(served.url);
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain('secret place');
});
