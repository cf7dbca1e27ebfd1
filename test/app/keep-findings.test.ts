import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openLedger } from '../../shared/adapters/ledger/open-ledger.ts';
import { keepFindings } from '../../shared/app/keep-findings.ts';
import { Grants } from '../../shared/core/audit/grants.ts';
import type { AuditReplies } from '../../shared/core/audit/replies.ts';
import { auditReport } from '../../shared/core/audit/report.ts';
import { DEFAULT_AUDIT_SETTINGS } from '../../shared/core/audit/settings.ts';
import { known, unknown } from '../../shared/core/fact.ts';
import type { Publisher } from '../../shared/ports.ts';
import { bind, NOW_MS, repliesWith } from '../core/audit/replies.ts';

const DAY_MS = 86_400_000;

function auditOn(day: number, different: Partial<AuditReplies>) {
  return auditReport(repliesWith(different), NOW_MS + day * DAY_MS, DEFAULT_AUDIT_SETTINGS);
}

const WIDE = { projectPolicy: known({ bindings: [bind('roles/storage.admin', 'user:ada@example.com')] }) };

async function stage(publish?: Publisher['publish']) {
  const folder = await mkdtemp(join(tmpdir(), 'keep-findings-'));
  const ledger = await openLedger(join(folder, 'ledger.sqlite'));
  onTestFinished(async () => {
    await ledger.close();
    await rm(folder, { recursive: true });
  });
  const told: string[] = [];
  const publisher: Publisher = {
    publish:
      publish ??
      (async (topic, data, attributes) => {
        const { version, kind, project, check, atMs } = JSON.parse(data);
        told.push(`${topic} ${version} ${kind} ${project} ${check} ${atMs} ${JSON.stringify(attributes)}`);
      }),
  };
  return { ledger, told, changes: { publisher, topic: 'findings' } };
}

describe('keeping what an audit found', () => {
  it('tells what changed, one message a change, and nothing of what did not', async () => {
    const { told, ...ports } = await stage();
    await keepFindings(ports, auditOn(0, WIDE));
    await keepFindings(ports, auditOn(1, WIDE));
    await keepFindings(ports, auditOn(2, {}));
    const attributes = (kind: string) =>
      JSON.stringify({ type: 'finding', kind, severity: 'medium', project: 'acme' });
    expect(told.filter((each) => each.includes('broad-project-grant'))).toEqual([
      `findings 1 new acme broad-project-grant ${NOW_MS} ${attributes('new')}`,
      `findings 1 resolved acme broad-project-grant ${NOW_MS + 2 * DAY_MS} ${attributes('resolved')}`,
    ]);
  });

  it('keeps no more grants than a page can show, and says so', async () => {
    const { ledger } = await stage();
    const grants = new Grants(function* () {
      for (let at = 0; ; at += 1) {
        const member = `user:person-${at}@example.com`;
        yield { member, abilities: known(['read']), on: ['bucket b'], path: [], condition: known(null) };
      }
    });
    await keepFindings({ ledger }, { ...auditOn(0, {}), grants });
    const kept = (await ledger.findings('acme'))?.access;
    expect(kept?.grants).toHaveLength(20_000);
    expect(kept?.notSeen.at(-1)).toContain('only the first are kept');
  });

  it('calls nothing mended that could not be read', async () => {
    const { told, ...ports } = await stage();
    await keepFindings(ports, auditOn(0, WIDE));
    await keepFindings(ports, auditOn(1, { projectPolicy: unknown('403') }));
    expect(told.filter((each) => each.includes('resolved'))).toEqual([]);
  });

  it('tells again what it could not tell', async () => {
    const { ledger, changes } = await stage(async () => {
      throw new Error('no topic');
    });
    await expect(keepFindings({ ledger, changes }, auditOn(0, WIDE))).rejects.toThrow('no topic');
    const { changes: later } = await keepFindings({ ledger }, auditOn(1, WIDE));
    expect(later.map(({ kind, check }) => `${kind} ${check}`)).toContain('new broad-project-grant');
  });
});
