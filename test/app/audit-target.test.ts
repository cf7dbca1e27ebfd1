import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type EstateContainer, type EstateProject, startGoogleApis } from '../../local/google-apis/index.ts';
import { googleAccess } from '../../shared/adapters/google/access.ts';
import { GOOGLE_APIS, GoogleRest } from '../../shared/adapters/google/rest.ts';
import { openSqliteLedger } from '../../shared/adapters/ledger/sqlite/ledger.ts';
import { auditTarget } from '../../shared/app/audit-target.ts';
import { DEFAULT_AUDIT_SETTINGS } from '../../shared/core/audit/settings.ts';
import { type AuditTarget, auditTarget as targetNamed } from '../../shared/core/audit/target.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 3);

function projectIn(parent: string, project: string, state = 'ACTIVE'): EstateProject {
  return {
    project,
    projectNumber: String(1_000 + project.length),
    parent,
    state,
    redirection: 'REDIRECTION_FROM_GCR_IO_ENABLED',
    locations: [],
    bindings: [],
    accounts: [],
    buckets: [],
    repositories: [],
    roles: {},
  };
}

function container(name: string, parent: string | null): EstateContainer {
  return { name, parent, displayName: name, bindings: [] };
}

/** organizations/77 has apart and folders/1; folders/1 has shop, gone and folders/2; folders/2 has deep. */
async function audit(target: AuditTarget, denied: readonly string[] = []) {
  const apis = await startGoogleApis({
    estate: {
      projects: [
        projectIn('organizations/77', 'apart'),
        projectIn('folders/1', 'shop'),
        projectIn('folders/1', 'gone', 'DELETE_REQUESTED'),
        projectIn('folders/2', 'deep'),
      ],
      containers: [
        container('organizations/77', null),
        container('folders/1', 'organizations/77'),
        container('folders/2', 'folders/1'),
      ],
    },
    now: NOW_MS,
    denied,
    pageSizeMax: 1,
  });
  const rest = new GoogleRest({
    token: async () => 'test-token',
    endpoints: Object.fromEntries(GOOGLE_APIS.map((api) => [api, apis.url])),
  });
  const dir = await mkdtemp(join(tmpdir(), 'audit-target-'));
  const ledger = await openSqliteLedger(join(dir, 'ledger.sqlite'));
  onTestFinished(async () => {
    await rest.close();
    await apis.close();
    await ledger.close();
    await rm(dir, { recursive: true });
  });
  const steps: string[] = [];
  const ports = {
    access: googleAccess(rest),
    ledger,
    clock: () => NOW_MS,
    logger: { log: () => {} },
  };
  for await (const step of auditTarget(ports, target, DEFAULT_AUDIT_SETTINGS)) {
    if (step.kind === 'audited') steps.push(step.report.project);
    else if (step.kind === 'deleting') steps.push(`${step.project} is being deleted`);
    else steps.push(`${step.parent}: ${step.reason}`);
  }
  return { steps, requests: apis.requests };
}

describe('an audit of', () => {
  it('a project is of that project', async () => {
    expect((await audit({ kind: 'project', project: 'shop' })).steps).toEqual(['shop']);
  });

  it('a folder is of all projects below it, and tells which are being deleted', async () => {
    const { steps } = await audit({ kind: 'below', parent: 'folders/1' });
    expect(steps).toEqual(['shop', 'gone is being deleted', 'deep']);
  });

  it('an organisation goes down all folders', async () => {
    const { steps } = await audit({ kind: 'below', parent: 'organizations/77' });
    expect(steps).toEqual(['apart', 'shop', 'gone is being deleted', 'deep']);
  });

  it.each([
    ['projects', ['apart', 'deep']],
    ['folders', ['apart', 'shop', 'gone is being deleted']],
  ])('an organisation tells of a folder whose %s can not be listed, and goes on', async (kind, others) => {
    const target: AuditTarget = { kind: 'below', parent: 'organizations/77' };
    const { steps } = await audit(target, [`${kind} below folders/1`]);
    const told = steps.find((step) => step.startsWith('folders/1: '));
    expect(told).toContain('PERMISSION_DENIED');
    expect(steps.filter((step) => step !== told)).toEqual(others);
  });

  it('many projects reads what they share once', async () => {
    const { requests } = await audit({ kind: 'below', parent: 'organizations/77' });
    expect(requests['POST project policy']).toBe(3);
    // An organisation and two folders.
    expect(requests['POST container policy']).toBe(3);
  });
});

describe('the target of an audit', () => {
  it.each([
    ['project', 'my-project', { kind: 'project', project: 'my-project' }],
    ['project', 'example.com:my-project', { kind: 'project', project: 'example.com:my-project' }],
    ['folder', '301', { kind: 'below', parent: 'folders/301' }],
    ['organization', '77', { kind: 'below', parent: 'organizations/77' }],
  ] as const)('%s %s', (kind, id, target) => {
    expect(targetNamed(kind, id)).toEqual(target);
  });

  it.each([
    ['project', ''],
    ['project', '../x'],
    ['project', 'My Project'],
    ['folder', 'folders/301'],
    ['organization', 'example.com'],
  ] as const)('is refused: %s %j', (kind, id) => {
    expect(() => targetNamed(kind, id)).toThrow(expect.objectContaining({ code: 'OPTION_INVALID' }));
  });
});
