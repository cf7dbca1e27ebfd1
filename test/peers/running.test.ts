import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { pushImage } from '../../local/registry/index.ts';
import { applyPlan } from '../../shared/app/apply-plan.ts';
import { createPushMarker } from '../../shared/app/mark-push.ts';
import { planTarget } from '../../shared/app/plan-target.ts';
import { recordImageEvent } from '../../shared/app/record-event.ts';
import type { Digest } from '../../shared/core/digest.ts';
import { WardenError } from '../../shared/core/error.ts';
import { outcomeLabel } from '../../shared/core/journal.ts';
import type { Plan } from '../../shared/core/plan.ts';
import { applyRequest, NOW_MS, planRequest, type Stage, setStage } from '../app/stage.ts';

/** What hurt the users of other tools in the middle of a run: things that end, fail or come twice. */

function plan(stage: Stage): Promise<Plan> {
  return planTarget(stage.ports, { host: stage.registry.host, prefix: 'acme' }, planRequest());
}

/** A registry that cuts every list at a thousand entries, and does not say so. */
async function cuttingRegistry(): Promise<{ host: string; name: string }> {
  const digests = Array.from({ length: 1_000 }, (_, at) => `sha256:${at.toString(16).padStart(64, '0')}`);
  const manifest = Object.fromEntries(
    digests.map((digest) => [
      digest,
      {
        imageSizeBytes: '1000',
        mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
        tag: [],
        timeCreatedMs: '0',
        timeUploadedMs: '1700000000000',
      },
    ]),
  );
  const name = 'acme/services/api';
  const body = JSON.stringify({ child: [], manifest, name, tags: [] });
  const server = createServer((request, response) => {
    const isList = request.url?.startsWith(`/v2/${name}/tags/list`) === true;
    response.writeHead(isList ? 200 : 404, { 'content-type': 'application/json' });
    response.end(isList ? body : '{"errors":[{"code":"NAME_UNKNOWN","message":"unknown"}]}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { host: `localhost:${(server.address() as AddressInfo).port}`, name };
}

describe('a listing that was cut at 1,000', () => {
  it('is known to be, and nothing is deleted by it', async () => {
    const { host, name } = await cuttingRegistry();
    const stage = await setStage();
    const { repositories } = await planTarget(stage.ports, { host, prefix: name }, planRequest());
    expect(repositories.map(({ refusal, manifestCount }) => [refusal?.code, manifestCount])).toEqual([
      ['LISTING_INCOMPLETE', 1_000],
    ]);
  });

  it('passes for whole where nobody looks at its length, as in go-containerregistry #1643', async () => {
    const { host, name } = await cuttingRegistry();
    const reply = await fetch(`http://${host}/v2/${name}/tags/list`);
    const { next, manifest } = (await reply.json()) as { next?: string; manifest: object };
    expect([reply.headers.get('link'), next, Object.keys(manifest).length]).toEqual([null, undefined, 1_000]);
  });
});

/** A registry whose catalog has a second page that it refuses to show. */
async function halfCatalog(): Promise<string> {
  const server = createServer((request, response) => {
    const url = request.url ?? '';
    const isFirst = url.startsWith('/v2/_catalog') && !url.includes('last=');
    if (isFirst) response.setHeader('link', '</v2/_catalog?last=acme%2Fapi>; rel="next"');
    response.writeHead(isFirst ? 200 : url.startsWith('/v2/_catalog') ? 403 : 404, {
      'content-type': 'application/json',
    });
    response.end(isFirst ? '{"repositories":["acme/api"]}' : '{"errors":[{"code":"DENIED"}]}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `localhost:${(server.address() as AddressInfo).port}`;
}

describe('a catalog that was cut', () => {
  it('is told, with what could be seen, where Azure/acr #875 left repositories out without a word', async () => {
    const host = await halfCatalog();
    const stage = await setStage();
    const { catalog, repositories } = await planTarget(stage.ports, { host, prefix: 'acme' }, planRequest());
    expect(catalog).toMatchObject({ kind: 'incomplete', reason: expect.stringContaining('403') });
    expect(repositories.map(({ repository }) => repository)).toEqual([`${host}/acme/api`]);
    // Who takes what came for all has one repository and no error.
    const reply = await fetch(`http://${host}/v2/_catalog`);
    expect([reply.status, await reply.json()]).toEqual([200, { repositories: ['acme/api'] }]);
  });
});

describe('a token that ends in the middle of a run', () => {
  it('is renewed, and the run goes on, where acr-cli #641 ended after three hours', async () => {
    const stage = await setStage();
    for (let at = 0; at < 4; at += 1) await stage.push(`untagged ${at}`, [], 30);
    const planned = await plan(stage);
    const before = stage.registry.requests['GET token'] ?? 0;
    let sent = 0;
    const { deleter } = stage.ports;
    const results = await applyPlan(
      {
        ...stage.ports,
        concurrency: 1,
        deleter: {
          ...deleter,
          deleteDigest: async (...call) => {
            sent += 1;
            if (sent === 3) stage.registry.revokeTokens();
            return deleter.deleteDigest(...call);
          },
        },
      },
      planned,
      applyRequest(),
    );
    expect(results.flatMap((one) => one.results).map(({ outcome }) => outcomeLabel(outcome))).toEqual([
      'deleted',
      'deleted',
      'deleted',
      'deleted',
    ]);
    expect((stage.registry.requests['GET token'] ?? 0) - before).toBeGreaterThanOrEqual(2);
  });
});

describe('a failure of one repository', () => {
  it('ends no other’s run and loses nothing of what was deleted, as it did in gcr-cleaner’s server', async () => {
    const stage = await setStage();
    await stage.push('old', [], 30);
    stage.setDaysAgo(30);
    const other = { ...stage.target, name: 'acme/services/web' };
    await pushImage({ ...other, tags: [], layers: [{ bytes: Buffer.from('web') }] });
    // That run sees that it has no tag.
    stage.setDaysAgo(20);
    await plan(stage);
    stage.setDaysAgo(0);
    const planned = await plan(stage);
    expect(planned.repositories).toHaveLength(2);
    const [broken, fine] = planned.repositories.map(({ repository }) => repository);
    const { ledger } = stage.ports;
    const failing = new Proxy(ledger, {
      get(of, name) {
        if (name !== 'writeSettlements') return Reflect.get(of, name).bind?.(of) ?? Reflect.get(of, name);
        return async (...call: Parameters<typeof ledger.writeSettlements>) => {
          if (call[0][0]?.repository === broken) throw new WardenError('LEDGER_UNAVAILABLE', 'no answer');
          return ledger.writeSettlements(...call);
        };
      },
    });
    const results = await applyPlan({ ...stage.ports, ledger: failing }, planned, applyRequest());
    expect(
      results.map(({ repository, results: steps }) => [
        repository,
        steps.map(({ outcome }) => outcomeLabel(outcome)),
      ]),
    ).toEqual([
      [broken, ['deleted']],
      [fine, ['deleted']],
    ]);
    expect(results[0]?.refusal).toContain('could not be written down');
    expect(results[1]?.refusal).toBeNull();
  });
});

describe('a message of the registry', () => {
  const digest = `sha256:${'a'.repeat(64)}` as Digest;
  const message = (repository: string) => ({
    messageId: 'm-twice',
    publishedAtMs: NOW_MS,
    data: JSON.stringify({ action: 'INSERT', digest: `${repository}@${digest}` }),
    attributes: {},
  });

  it('is not taken before it is durable: where the ledger fails, so does the delivery, and it comes again', async () => {
    const stage = await setStage();
    const { ledger, publisher } = stage;
    const markPush = createPushMarker(ledger, stage.ports.clock);
    const ports = { publisher, markPush, deadLetterTopic: 'dead', logger: stage.ports.logger };
    const refusing = {
      recordEvent: async () => {
        throw new WardenError('LEDGER_UNAVAILABLE', 'no answer', { retryable: true });
      },
    };
    await expect(
      recordImageEvent({ ...ports, ledger: { ...refusing } as never }, message(stage.name)),
    ).rejects.toMatchObject({ code: 'LEDGER_UNAVAILABLE' });
    await recordImageEvent({ ...ports, ledger }, message(stage.name));
    expect(await ledger.historyFacts(stage.name)).toHaveLength(1);
  });

  it('counts once, however many instances it reaches, where gcr-cleaner remembers in one instance’s memory', async () => {
    const stage = await setStage();
    const { ledger, publisher } = stage;
    const markPush = createPushMarker(ledger, stage.ports.clock);
    const ports = { ledger, markPush, publisher, deadLetterTopic: 'dead', logger: stage.ports.logger };
    await Promise.all(Array.from({ length: 8 }, () => recordImageEvent(ports, message(stage.name))));
    expect(await ledger.historyFacts(stage.name)).toHaveLength(1);
  });
});
