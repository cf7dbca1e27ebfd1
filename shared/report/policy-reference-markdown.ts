import { flowYaml } from '../core/flow-yaml.ts';
import {
  DEFAULT_SETTING_KEYWORDS,
  type Keyword,
  LIMITS_KEYWORDS,
  ON_PUSH_KEYWORDS,
  POLICY_KEYWORDS,
  RULE_KEYWORDS,
  SCHEDULE_KEYWORDS,
  SCOPE_LIMIT_KEYWORDS,
  TAGS_KEYWORDS,
} from '../core/policy-file/keyword.ts';
import { IMAGE_KEYWORDS, TEST_KEYWORDS } from '../core/policy-test/keyword.ts';

type Keywords = Readonly<Record<string, Keyword>>;

/** The parts of the language, each with the key under which it stands. */
const PARTS: readonly (readonly [title: string, about: string, keywords: Keywords])[] = [
  ['A policy', 'A document of a file `*.yaml`.', POLICY_KEYWORDS],
  ['`schedule`', '', SCHEDULE_KEYWORDS],
  ['`onPush`', '', ON_PUSH_KEYWORDS],
  ['`limits`', '', LIMITS_KEYWORDS],
  ['`limits.repository` and `limits.project`', '', SCOPE_LIMIT_KEYWORDS],
  [
    'A rule',
    'The value of a name in `keep` and `delete`. All of its conditions are required.',
    RULE_KEYWORDS,
  ],
  ['`tags`', 'Exactly one kind of pattern.', TAGS_KEYWORDS],
  ['Defaults of a folder', 'Under `defaults` in `_defaults.yaml`.', DEFAULT_SETTING_KEYWORDS],
  ['A test', 'A document of a file `*.test.yaml`.', TEST_KEYWORDS],
  ['An image of a test', 'The value of a name in `images`.', IMAGE_KEYWORDS],
];

/** Renders `docs/policy-reference.md`: every key that the parsers know, from the table that they know it by. */
export function renderPolicyReference(): string {
  const parts = PARTS.flatMap(([title, about, keywords]) => [
    `## ${title}`,
    '',
    ...(about === '' ? [] : [about, '']),
    '| key | meaning | example |',
    '|---|---|---|',
    ...Object.entries(keywords).map(([name, keyword]) => row(name, keyword)),
    '',
  ]);
  return [
    '# Policy reference',
    '',
    '<!-- Written by `node tools/policy-schema.ts` from the tables that the parsers read by; a test holds it to them. -->',
    '',
    'Every key of policies, defaults and policy tests. What they mean together is told in [the policy language](policy-language.md) and [testing policies](policy-testing.md); editors complete the same from the JSON Schemas in `policies/`.',
    '',
    ...parts,
  ].join('\n');
}

function row(name: string, { description, example, keepOnly }: Keyword): string {
  const only = keepOnly === true ? ' Keep rules only.' : '';
  return `| \`${name}\` | ${cell(description)}${only} | \`${cell(flowYaml(example))}\` |`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
