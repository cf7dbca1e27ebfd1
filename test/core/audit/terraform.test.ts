import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { CHECKS, runChecks } from '../../../shared/core/audit/index.ts';
import { DEFAULT_AUDIT_SETTINGS } from '../../../shared/core/audit/settings.ts';
import {
  conditionBlocks,
  hclString,
  terraformName,
  terraformResource,
} from '../../../shared/core/audit/terraform.ts';
import { known, unknown } from '../../../shared/core/fact.ts';
import { describeWithPeers } from '../../support/peer.ts';
import { NOW_MS } from './replies.ts';

describe('a text in HCL', () => {
  it.each([
    ['quotes and backslashes', 'a "b" \\', '"a \\"b\\" \\\\"'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: an interpolation of HCL
    ['an interpolation', '${file("/etc/passwd")}', '"$${file(\\"/etc/passwd\\")}"'],
    ['a directive', '%{ for x in y }', '"%%{ for x in y }"'],
    ['lines', 'a\nb', '"a\\nb"'],
    ['what cannot be shown', 'a\u202eb\u001b', '"a\\u202eb\\u001b"'],
  ])('keeps %s a text', (_name, text, written) => {
    expect(hclString(text)).toBe(written);
  });

  it('keeps the whole condition of a binding, and makes none up where it is hidden', () => {
    const condition = { expression: 'a == "b"', title: 't', description: 'd' };
    const [block] = conditionBlocks(known(condition)) ?? [];
    expect(terraformResource('google_project_iam_member', 'x', { role: 'r' }, block ? [block] : [])).toBe(
      `resource "google_project_iam_member" "x" {
  role = "r"

  condition {
    title       = "t"
    description = "d"
    expression  = "a == \\"b\\""
  }
}`,
    );
    expect(conditionBlocks(unknown('hidden'))).toBeNull();
  });

  it('has names that Terraform takes, and no two alike', () => {
    const names = ['ci@acme', '1-compute', '東京', ''].map((text) => terraformName(text, text));
    expect(names.every((name) => /^[a-z_][a-z0-9_]*$/.test(name))).toBe(true);
    expect(terraformName('a', 1)).not.toBe(terraformName('a', 2));
  });
});

describeWithPeers(['terraform'], 'the Terraform of remedies', () => {
  it('is laid out as terraform fmt does, also what is to be removed', () => {
    const blocks = CHECKS.flatMap(({ examples }) => examples)
      .flatMap(({ replies }) => runChecks(replies(), NOW_MS, DEFAULT_AUDIT_SETTINGS))
      .flatMap(({ remediation }) => remediation.steps)
      .flatMap(({ terraform }) => (terraform === null ? [] : [terraform]));
    expect(blocks.length).toBeGreaterThan(10);
    const shown = blocks.map((block) =>
      block
        .split('\n')
        .filter((line) => !/^# [A-Z]|^#$/.test(line))
        .map((line) => line.replace(/^# /, ''))
        .join('\n')
        .trim(),
    );
    const file = `${shown.join('\n\n')}\n`;
    const { stdout, status, stderr } = spawnSync('terraform', ['fmt', '-'], {
      input: file,
      encoding: 'utf8',
    });
    expect(status, stderr).toBe(0);
    expect(stdout).toBe(file);
  });
});
