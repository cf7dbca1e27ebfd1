import { type JsonSchema, propertiesOf } from '../policy-file/keyword.ts';
import { IMAGE_KEYWORDS, TEST_KEYWORDS } from './keyword.ts';

/**
 * The JSON Schema (2020-12) of one policy test, for editors. Made from the table that the parser reads by; it
 * accepts whatever the parser accepts.
 */
export function policyTestSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'gcr-warden policy test',
    description: 'An inventory, a clock, and what policies have to keep and delete of it.',
    type: 'object',
    properties: propertiesOf(TEST_KEYWORDS),
    required: ['apiVersion', 'test'],
    anyOf: [{ required: ['images', 'repository', 'now'] }, { required: ['snapshot'] }],
    additionalProperties: false,
    $defs: {
      image: {
        description: 'An image; every age counts back from the time of the test.',
        type: 'object',
        properties: propertiesOf(IMAGE_KEYWORDS),
        required: ['uploaded'],
        additionalProperties: false,
      },
    },
  };
}
