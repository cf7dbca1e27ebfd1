import {
  DEFAULTS_KEYWORDS,
  type JsonSchema,
  type Keyword,
  POLICY_KEYWORDS,
  propertiesOf,
  RULE_KEYWORDS,
} from './keyword.ts';

function ruleSchema(description: string, keywords: Readonly<Record<string, Keyword>>): JsonSchema {
  return {
    description,
    type: 'object',
    minProperties: 1,
    properties: propertiesOf(keywords),
    additionalProperties: false,
  };
}

/**
 * The JSON Schema (2020-12) of one policy document, for editors. It is made from the table the parser reads by,
 * and it accepts whatever the parser accepts; what only the parser can check (time zones, regular expressions,
 * meaning) it lets pass.
 */
export function policySchema(): JsonSchema {
  const all: Readonly<Record<string, Keyword>> = RULE_KEYWORDS;
  const keeping = Object.fromEntries(Object.entries(all).filter(([, { deleteOnly }]) => deleteOnly !== true));
  const deleting = Object.fromEntries(Object.entries(all).filter(([, { keepOnly }]) => keepOnly !== true));
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'gcr-warden policy',
    description: 'A retention policy. Keep beats delete, and what no rule names is kept.',
    type: 'object',
    properties: propertiesOf(POLICY_KEYWORDS),
    required: ['apiVersion', 'policy', 'repositories'],
    anyOf: [{ required: ['keep'] }, { required: ['delete'] }],
    additionalProperties: false,
    $defs: {
      keepRule: ruleSchema('What the rule keeps: all conditions are required.', keeping),
      deleteRule: ruleSchema('What the rule deletes: all conditions are required.', deleting),
    },
  };
}

/** The JSON Schema (2020-12) of a folder's `_defaults.yaml`. */
export function defaultsSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'gcr-warden defaults',
    description:
      'What holds for the policies of a folder, and of those below it, that do not say it themselves.',
    type: 'object',
    properties: propertiesOf(DEFAULTS_KEYWORDS),
    required: Object.keys(DEFAULTS_KEYWORDS),
    additionalProperties: false,
  };
}
