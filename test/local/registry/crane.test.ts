import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packLayer, pushImage } from '../../../local/registry/index.ts';
import { succeed } from '../../support/command.ts';
import { goProgram } from '../../support/go-program.ts';
import { describeWithPeers } from '../../support/peer.ts';
import { startRegistry, temporaryDirectory } from './stage.ts';

/** Runs crane with no login of whoever runs the test. It speaks plain HTTP to this machine by itself. */
async function crane(...words: string[]): Promise<string> {
  const program = goProgram('crane');
  if ('missing' in program) throw new Error(program.missing);
  const home = await temporaryDirectory();
  return (await succeed(program.path, words, { HOME: home, DOCKER_CONFIG: home })).trim();
}

describeWithPeers(['crane'], 'crane, without a login or a flag', () => {
  it('pushes, validates, lists, copies, tags, pulls and deletes', async () => {
    const registry = await startRegistry();
    const image = `${registry.host}/acme/services/api`;
    const folder = await temporaryDirectory();
    const archive = join(folder, 'layer.tar');
    await writeFile(join(folder, 'file'), 'content');
    await succeed('tar', ['-cf', archive, '-C', folder, 'file']);

    await crane('append', '--oci-empty-base', '-f', archive, '-t', `${image}:v1`);
    expect(await crane('validate', '--remote', `${image}:v1`)).toContain('PASS');
    const digest = await crane('digest', `${image}:v1`);
    await crane('tag', `${image}:v1`, 'v2');
    expect((await crane('ls', image)).split('\n')).toEqual(['v1', 'v2']);
    expect(await crane('catalog', registry.host)).toBe('acme/services/api');

    const copy = `${registry.host}/acme/copies/api`;
    await crane('copy', `${image}:v1`, `${copy}:v1`);
    expect(await crane('digest', `${copy}:v1`)).toBe(digest);
    expect(await crane('manifest', `${copy}:v1`)).toContain('schemaVersion');

    const pulled = join(folder, 'pulled.tar');
    await crane('pull', `${image}:v1`, pulled);
    await crane('push', pulled, `${image}:again`);
    expect(await crane('validate', '--remote', `${image}:again`)).toContain('PASS');
    expect(await crane('export', `${image}:v1`, '-')).toContain('content');

    await crane('delete', `${copy}:v1`);
    await crane('delete', `${copy}@${digest}`);
    await expect(crane('manifest', `${copy}@${digest}`)).rejects.toThrow('MANIFEST_UNKNOWN');
  });

  it('makes an index of images, changes an image, and pulls the index again', async () => {
    const registry = await startRegistry();
    const name = 'acme/services/web';
    const image = `${registry.host}/${name}`;
    for (const [tag, format] of [
      ['one', 'oci'],
      ['two', 'docker'],
    ] as const) {
      const layers = [packLayer([{ path: 'srv/app', content: tag }])];
      await pushImage({ registry: registry.host, name, tags: [tag], layers, format });
      expect(await crane('validate', '--remote', `${image}:${tag}`)).toContain('PASS');
    }
    await crane('index', 'append', '-m', `${image}:one`, '-m', `${image}:two`, '-t', `${image}:both`);
    expect(JSON.parse(await crane('manifest', `${image}:both`)).manifests).toHaveLength(2);
    await crane('mutate', '-l', 'changed=yes', '-t', `${image}:changed`, `${image}:one`);
    expect(await crane('config', `${image}:changed`)).toContain('"changed":"yes"');
    const layout = join(await temporaryDirectory(), 'layout');
    await crane('pull', '--format', 'oci', `${image}:both`, layout);
    await crane('push', '--index', layout, `${image}:pushed`);
    await crane('copy', `${image}:both`, `${registry.host}/acme/copies/web:both`);
    await expect(crane('delete', `${image}@${await crane('digest', `${image}:one`)}`)).rejects.toThrow(
      'GOOGLE_MANIFEST_DANGLING',
    );
  });
});
