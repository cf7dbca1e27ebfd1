import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { startKubernetes } from '../../local/google-apis/kubernetes.ts';
import { readCluster } from '../../shared/adapters/usage/cluster.ts';
import { unknown } from '../../shared/core/fact.ts';
import { parsePolicyFile } from '../../shared/core/policy-file/parse.ts';
import { parseUsageSource } from '../../shared/core/usage/place.ts';
import { ROOT } from '../support/command.ts';

const page = await readFile(join(ROOT, 'docs/in-use.md'), 'utf8');

/** The code blocks that begin with a line `# KIND`. */
function blocks(kind: string): string[] {
  return Array.from(page.matchAll(/```yaml\n# (\S+)\n(.*?)```/gs))
    .filter(([, found]) => found === kind)
    .map(([, , text = '']) => text);
}

describe('docs/in-use.md', () => {
  it('names sources that are read as they stand', () => {
    const examples = Array.from(page.matchAll(/--in-use ("[^"]+"|[a-z]\S+)/g), ([, text = '']) =>
      text.replaceAll('"', ''),
    );
    expect(examples).toHaveLength(5);
    const places = Array.from(
      page.matchAll(/^\| (`.*?) \| .* \| (?:complete|best effort|unknown, for).*$/gm),
      ([, cell = '']) => Array.from(cell.matchAll(/`([^`]+)`/g), ([, place = '']) => place),
    ).flat();
    expect(places).toHaveLength(12);
    const settings = Array.from(
      page.matchAll(/^\| `((?:max-age|rollback|revisions)=[^`]+)` \|/gm),
      ([, text = '']) => `pods.json,${text}`,
    );
    expect(settings).toHaveLength(3);
    for (const text of [...examples, ...places, ...settings]) {
      const written = text.replaceAll('PROJECT', 'my-project').replaceAll('NUMBER', '12');
      expect(() => parseUsageSource(written)).not.toThrow();
    }
  });

  it('tells the defaults of the settings', () => {
    const { ageMaxMs, rollbackDepth, revisions } = parseUsageSource('pods.json');
    const hours = parseUsageSource('asset:organizations/1').ageMaxMs / 3_600_000;
    expect(page).toContain(
      `| \`max-age=6h\` | \`${ageMaxMs / 86_400_000}d\`; \`${hours}h\` for \`asset:\` |`,
    );
    expect(page).toContain(`| \`rollback=3\` | \`${rollbackDepth}\` |`);
    expect(page).toContain(`| \`revisions=3\` | \`${revisions}\` |`);
  });

  it('has a policy that is right', () => {
    const [text = ''] = blocks('policy');
    const { policies, problems } = parsePolicyFile({
      file: 'a.yaml',
      text,
      gitRevision: unknown('an example'),
    });
    expect(problems).toEqual([]);
    expect(policies).toMatchObject([{ keep: [{ conditions: [{ kind: 'inUse', trustsBestEffort: true }] }] }]);
  });

  it('gives a role that allows exactly the lists that are read', async () => {
    const [text = ''] = blocks('rbac');
    const { rules } = parse(text) as {
      rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
    };
    const allowed = rules.flatMap(({ apiGroups, resources, verbs }) => {
      expect(verbs).toEqual(['list']);
      const [group = ''] = apiGroups;
      return resources.map((resource) =>
        group === '' ? `/api/v1/${resource}` : `/apis/${group}/v1/${resource}`,
      );
    });
    const cluster = await startKubernetes({ lists: {} });
    try {
      const credential = async () => ({ token: null, certificate: null, key: null });
      await readCluster(
        { name: 'c', server: `http://${cluster.endpoint}`, ca: null, serverName: null, credential },
        1,
      );
      expect(cluster.requests.map((url) => url.split('?')[0]).sort()).toEqual(allowed.sort());
    } finally {
      await cluster.close();
    }
  });
});
