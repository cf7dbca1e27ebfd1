import type { Fact } from '../fact.ts';
import { sha256 } from '../hash.ts';
import type { IamCondition } from './access.ts';

/** A value of an attribute: a text, or an expression of HCL as it is. */
export type HclValue = string | { readonly expression: string };

/** One block in another. */
export interface HclBlock {
  readonly name: string;
  readonly attributes: Readonly<Record<string, HclValue>>;
}

/** What needs no escape in any place. */
const PLAIN = /^[A-Za-z0-9 @+=:,./_-]*$/;
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * A text as HCL quotes it: no interpolation, no directive, one line. What can't be shown becomes an escape.
 * (github.com/hashicorp/hcl, "Quoted Templates")
 */
export function hclString(text: string): string {
  // Names almost always: there are very many.
  if (PLAIN.test(text)) return `"${text}"`;
  const escaped = text
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')
    .replaceAll(/\$(?=\{)/g, '$$$$')
    .replaceAll(/%(?=\{)/g, '%%')
    .replace(UNPRINTABLE, (character) => {
      const code = character.codePointAt(0) ?? 0;
      return code > 0xffff
        ? `\\U${code.toString(16).padStart(8, '0')}`
        : `\\u${code.toString(16).padStart(4, '0')}`;
    });
  return `"${escaped}"`;
}

/** Attributes as `terraform fmt` lays them out. */
function attributesText(attributes: Readonly<Record<string, HclValue>>, indent: string): string[] {
  const entries = Object.entries(attributes);
  const width = Math.max(0, ...entries.map(([name]) => name.length));
  return entries.map(
    ([name, value]) =>
      `${indent}${name.padEnd(width)} = ${typeof value === 'string' ? hclString(value) : value.expression}`,
  );
}

/** A resource of Terraform, as `terraform fmt` lays it out. */
export function terraformResource(
  type: string,
  name: string,
  attributes: Readonly<Record<string, HclValue>>,
  blocks: readonly HclBlock[] = [],
): string {
  const lines = [`resource ${hclString(type)} ${hclString(name)} {`, ...attributesText(attributes, '  ')];
  for (const block of blocks) {
    lines.push('', `  ${block.name} {`, ...attributesText(block.attributes, '    '), '  }');
  }
  return [...lines, '}'].join('\n');
}

/** Lines for the reader of a Terraform file. */
export function terraformRemark(text: string): string {
  return text
    .split('\n')
    .map((line) => `# ${line.replace(UNPRINTABLE, '?')}`.trimEnd())
    .join('\n');
}

/** A block that has to go from the files, shown as a comment: what is in no file can't be removed by writing one. */
export function terraformRemoval(block: string): string {
  return terraformRemark(
    `Remove this from the configuration and apply. Where a google_*_iam_binding holds it, take only the member out of its list.\n\n${block}`,
  );
}

/** A name for a resource that is readable and never meets another one's. */
export function terraformName(readable: string, subject: unknown): string {
  const plain = readable
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^[_0-9]+|_+$/g, '')
    .slice(0, 40);
  return `${plain === '' ? 'warden' : plain}_${sha256(JSON.stringify(subject)).slice('sha256:'.length, 'sha256:'.length + 6)}`;
}

/** The `condition` block of an IAM member, or none where the binding always holds; null where it can't be known. */
export function conditionBlocks(condition: Fact<IamCondition | null>): readonly HclBlock[] | null {
  if (condition.kind === 'unknown') return null;
  if (condition.value === null) return [];
  const { title, description, expression } = condition.value;
  return [
    {
      name: 'condition',
      attributes: { title, ...(description === null ? {} : { description }), expression },
    },
  ];
}
