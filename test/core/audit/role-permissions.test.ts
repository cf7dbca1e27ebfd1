import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  DATASET_PERMISSIONS,
  PERMISSIONS,
  ROLE_PERMISSIONS,
} from '../../../shared/core/audit/role-permissions.ts';
import { ROLE_TABLE_SOURCE } from '../../../shared/core/audit/role-table.ts';

const DATASET = new URL('../../fixtures/google/predefined-roles.json', import.meta.url);
const dataset = JSON.parse(await readFile(DATASET, 'utf8')) as {
  readonly source: string;
  readonly roles: Readonly<Record<string, { readonly permissions: readonly string[] }>>;
};

const run = promisify(execFile);

async function updateRoles(from: string, ...options: readonly string[]): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'update-roles-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const out = join(dir, 'role-table.ts');
  await run(process.execPath, ['tools/update-roles.ts', from, '--out', out, ...options]);
  return readFile(out, 'utf8');
}

describe('the table of predefined roles', () => {
  it('says where it is from and when that was', () => {
    expect(ROLE_TABLE_SOURCE).toBe('iann0036/iam-dataset gcp/roles, snapshot 2026-08-22');
    expect(ROLE_TABLE_SOURCE).toBe(dataset.source);
  });

  it('has every role of the dataset, and no other', () => {
    expect([...ROLE_PERMISSIONS.keys()].sort()).toEqual(Object.keys(dataset.roles).sort());
  });

  it('agrees with the dataset on every permission that a check asks for', () => {
    const asked = new Set<string>(PERMISSIONS);
    for (const [role, { permissions }] of Object.entries(dataset.roles)) {
      const expected = permissions.filter((each) => asked.has(each)).sort();
      expect([role, [...(ROLE_PERMISSIONS.get(role) ?? [])].sort()]).toEqual([role, expected]);
    }
  });

  it('asks for no permission that the dataset has nowhere, but for two that imply one it has', () => {
    const all = new Set(Object.values(dataset.roles).flatMap(({ permissions }) => permissions));
    expect(DATASET_PERMISSIONS.filter((each) => !all.has(each))).toEqual([]);
    expect(PERMISSIONS.filter((each) => !all.has(each))).toEqual([
      'resourcemanager.folders.setIamPolicy',
      'resourcemanager.organizations.setIamPolicy',
    ]);
  });

  it('knows that names mislead', () => {
    expect(ROLE_PERMISSIONS.get('roles/storage.legacyBucketWriter')).not.toContain('storage.objects.get');
    expect(ROLE_PERMISSIONS.get('roles/editor')).toContain('artifactregistry.repositories.deleteArtifacts');
  });
});

describe('npm run update-roles', () => {
  it('writes the table that is here from the dataset that is here', async () => {
    const table = new URL('../../../shared/core/audit/role-table.ts', import.meta.url);
    expect(await updateRoles(DATASET.pathname)).toBe(await readFile(table, 'utf8'));
  });

  it("takes a folder of Google's own replies too, and leaves out roles that hold nothing asked for", async () => {
    const dir = await mkdtemp(join(tmpdir(), 'roles-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    const role = (name: string, includedPermissions: readonly string[]) =>
      writeFile(join(dir, `${name}.json`), JSON.stringify({ name: `roles/${name}`, includedPermissions }));
    await role('all', DATASET_PERMISSIONS);
    await role('reader', ['storage.objects.get', 'other.things.get']);
    await role('other', ['other.things.get']);
    const table = await updateRoles(dir, '--source', "somebody's copy, 2026-11-21");
    expect(table).toContain("ROLE_TABLE_SOURCE = 'somebody s copy, 2026-11-21'");
    expect(table).toContain("'roles/reader': 'storage.objects.get',");
    expect(table).not.toContain('roles/other');
  });

  it('refuses a dataset that is cut', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'roles-'));
    onTestFinished(() => rm(dir, { recursive: true }));
    const file = join(dir, 'roles.json');
    await writeFile(
      file,
      JSON.stringify({ source: 'x', roles: { 'roles/a': { permissions: ['storage.objects.get'] } } }),
    );
    await expect(updateRoles(file)).rejects.toThrow('has no role with storage.objects.list');
  });
});
