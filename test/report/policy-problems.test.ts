import { describe, expect, it } from 'vitest';
import { known } from '../../shared/core/fact.ts';
import { checkPolicyFolder, type PolicyCheck } from '../../shared/core/policy-file/check.ts';
import { tooLargePolicyFile } from '../../shared/core/policy-file/parse.ts';
import { renderPolicyCheckGithub } from '../../shared/report/policy-problems-github.ts';
import { renderPolicyCheckJson } from '../../shared/report/policy-problems-json.ts';
import { renderPolicyCheckSarif } from '../../shared/report/policy-problems-sarif.ts';
import { renderPolicyCheck } from '../../shared/report/policy-problems-text.ts';
import { isValid } from '../support/json-schema.ts';
import { READER } from '../support/reader-clock.ts';

const NOW_MS = Date.UTC(2026, 10, 21);
const STYLE = { widthColumns: 100, colour: false, clock: READER };

function check(texts: Readonly<Record<string, string>>): PolicyCheck {
  const files = Object.entries(texts).map(([file, text]) => ({ file, text, gitRevision: known('0123456') }));
  return checkPolicyFolder({ files, unread: tooLargePolicyFile('huge.yaml').problems }, NOW_MS);
}

const WRONG = check({
  'a, b: 50%.yaml': `apiVersion: gcr-warden/v1
policy: slip
repositories: ["*/acme/**"]
owner: "\u202e"
delete:
  - stale: { oldrThan: 14d }
`,
  'sub/held.yaml': `apiVersion: gcr-warden/v1
policy: held
repositories: ["*/acme/**"]
keep:
  - freeze: { all: true, until: 2026-10-01 }
delete:
  - old: { olderThan: 1d }
`,
});

const RIGHT = checkPolicyFolder(
  {
    files: [
      {
        file: 'a.yaml',
        text: 'apiVersion: gcr-warden/v1\npolicy: a\nrepositories: ["**"]\ndelete: [{ r: { olderThan: 1d } }]\n',
        gitRevision: known('0123456'),
      },
    ],
    unread: [],
  },
  NOW_MS,
);

describe('a check of policies as text', () => {
  it('shows each problem with its line and a mark below the place', () => {
    expect(renderPolicyCheck(WRONG, 'policies/', STYLE)).toBe(`\
policies/a, b: 50%.yaml:4:9: error: Here is a character that can't be seen or changes how the line is shown (its character 1 is U+202E): remove it. [POLICY_CHARACTER]
  4 | owner: "\\u202e"
    |         ^

policies/a, b: 50%.yaml:6:14: error: "oldrThan" is no key of the rule "stale". Did you mean \`olderThan\`? [POLICY_UNKNOWN_KEY]
  6 |   - stale: { oldrThan: 14d }
    |              ^

policies/huge.yaml:1:1: error: The file is larger than 128 KiB and was not read. Cut it into several files. [POLICY_TOO_LARGE]

policies/sub/held.yaml:5: warning: The hold freeze of policy held ended on 2026-10-02 12:00 UTC and keeps nothing any more. Remove it, or give it a later date. [HOLD_ENDED]
  5 |   - freeze: { all: true, until: 2026-10-01 }
    |   ^

1 policy is right: held (plan). 3 errors, 1 warning.
`);
  });

  it('says what is right where nothing is wrong', () => {
    expect(renderPolicyCheck(RIGHT, '', STYLE)).toBe('1 policy is right: a (plan). 0 errors, 0 warnings.\n');
  });

  it('shows the part around the place of a line that is too long', () => {
    const spaces = ' '.repeat(300);
    const long = check({ 'a.yaml': `{${spaces}apiVersion: gcr-warden/v2${spaces}}\n` });
    const [, line = '', mark = ''] = renderPolicyCheck(long, '', STYLE).split('\n');
    expect(line.length).toBeLessThan(180);
    expect(line.slice(mark.indexOf('^'))).toMatch(/^gcr-warden\/v2 +…$/);
  });
});

describe('a check of policies for GitHub', () => {
  it('is one annotation a line, whatever the files are called', () => {
    expect(renderPolicyCheckGithub(WRONG, 'policies')).toBe(`\
::error file=policies/a%2C b%3A 50%25.yaml,line=4,col=9,title=POLICY_CHARACTER::Here is a character that can't be seen or changes how the line is shown (its character 1 is U+202E): remove it.
::error file=policies/a%2C b%3A 50%25.yaml,line=6,col=14,title=POLICY_UNKNOWN_KEY::"oldrThan" is no key of the rule "stale". Did you mean \`olderThan\`?
::error file=policies/huge.yaml,line=1,col=1,title=POLICY_TOO_LARGE::The file is larger than 128 KiB and was not read. Cut it into several files.
::warning file=policies/sub/held.yaml,line=5,title=HOLD_ENDED::The hold freeze of policy held ended on 2026-10-02 12:00 UTC and keeps nothing any more. Remove it, or give it a later date.
`);
  });

  it('is empty where nothing is wrong', () => {
    expect(renderPolicyCheckGithub(RIGHT, 'policies')).toBe('');
  });
});

describe('a check of policies as JSON', () => {
  it('holds the policies, the problems and the warnings', () => {
    expect(JSON.parse(renderPolicyCheckJson(WRONG))).toMatchObject({
      version: 1,
      kind: 'gcr-warden/policy-check',
      policies: [{ name: 'held' }],
      problems: [
        { code: 'POLICY_CHARACTER' },
        {
          code: 'POLICY_UNKNOWN_KEY',
          file: 'a, b: 50%.yaml',
          line: 6,
          column: 14,
          excerpt: { text: '  - stale: { oldrThan: 14d }', caret: 13 },
        },
        { code: 'POLICY_TOO_LARGE', excerpt: null },
      ],
      warnings: [{ code: 'HOLD_ENDED', policy: 'held', rule: 'freeze', line: 5 }],
    });
  });
});

const text = { type: 'object', required: ['text'], properties: { text: { type: 'string', minLength: 1 } } };
const count = { type: 'integer', minimum: 1 };

/** What SARIF 2.1.0 requires of the parts that are written here (sections 3.13 to 3.30), by hand. */
const SARIF = {
  type: 'object',
  required: ['version', 'runs'],
  properties: {
    $schema: { type: 'string' },
    version: { enum: ['2.1.0'] },
    runs: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        required: ['tool', 'results'],
        properties: {
          tool: {
            type: 'object',
            required: ['driver'],
            properties: {
              driver: {
                type: 'object',
                required: ['name'],
                properties: {
                  name: { type: 'string' },
                  informationUri: { type: 'string', pattern: '^https://' },
                  rules: {
                    type: 'array',
                    items: {
                      type: 'object',
                      required: ['id'],
                      properties: {
                        id: { type: 'string' },
                        shortDescription: text,
                        helpUri: { type: 'string', pattern: '^https://' },
                      },
                      additionalProperties: false,
                    },
                  },
                },
                additionalProperties: false,
              },
            },
            additionalProperties: false,
          },
          columnKind: { enum: ['utf16CodeUnits', 'unicodeCodePoints'] },
          results: {
            type: 'array',
            items: {
              type: 'object',
              required: ['message'],
              properties: {
                ruleId: { type: 'string' },
                ruleIndex: { type: 'integer', minimum: 0 },
                level: { enum: ['none', 'note', 'warning', 'error'] },
                message: text,
                locations: {
                  type: 'array',
                  items: {
                    type: 'object',
                    properties: {
                      physicalLocation: {
                        type: 'object',
                        required: ['artifactLocation'],
                        properties: {
                          artifactLocation: {
                            type: 'object',
                            // A URI reference, RFC 3986, without scheme, query and fragment.
                            properties: {
                              uri: { type: 'string', pattern: "^[A-Za-z0-9._~!$&'()*+,;=@%/-]+$" },
                            },
                            additionalProperties: false,
                          },
                          region: {
                            type: 'object',
                            properties: { startLine: count, startColumn: count },
                            additionalProperties: false,
                          },
                        },
                        additionalProperties: false,
                      },
                    },
                    additionalProperties: false,
                  },
                },
              },
              additionalProperties: false,
            },
          },
        },
        additionalProperties: false,
      },
    },
  },
  additionalProperties: false,
};

describe('a check of policies as SARIF', () => {
  const log = JSON.parse(renderPolicyCheckSarif(WRONG, './policies/'));

  it.each([
    ['with findings', log],
    ['without any', JSON.parse(renderPolicyCheckSarif(RIGHT, ''))],
  ])('has the form that SARIF 2.1.0 requires, %s', (_title, value) => {
    expect(isValid(SARIF, value)).toBe(true);
  });

  it('names rule, level and place of each finding', () => {
    const [run] = log.runs;
    expect(run.results.map((one: { level: string; ruleId: string }) => [one.level, one.ruleId])).toEqual([
      ['error', 'POLICY_CHARACTER'],
      ['error', 'POLICY_UNKNOWN_KEY'],
      ['error', 'POLICY_TOO_LARGE'],
      ['warning', 'HOLD_ENDED'],
    ]);
    expect(run.results[1]).toEqual({
      ruleId: 'POLICY_UNKNOWN_KEY',
      ruleIndex: 3,
      level: 'error',
      message: { text: '"oldrThan" is no key of the rule "stale". Did you mean `olderThan`?' },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: 'policies/a%2C%20b%3A%2050%25.yaml' },
            region: { startLine: 6, startColumn: 14 },
          },
        },
      ],
    });
    for (const { ruleId, ruleIndex } of run.results) {
      expect(run.tool.driver.rules[ruleIndex]).toMatchObject({ id: ruleId });
    }
  });
});
