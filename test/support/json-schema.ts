type Schema = { readonly [keyword: string]: unknown };

const ANNOTATIONS = new Set([
  '$schema',
  '$defs',
  '$id',
  'id',
  'definitions',
  'title',
  'description',
  'default',
  'examples',
  // An annotation in 2020-12 too, unless a validator is told otherwise.
  'format',
]);

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return Number.isInteger(value) ? 'integer' : typeof value;
}

/**
 * Whether a value is valid under a JSON Schema (2020-12), for the keywords that our own schemas use. An unknown
 * keyword throws, so that none is ever passed over.
 */
export function isValid(root: Schema, value: unknown, schema: Schema = root): boolean {
  const valid = (inner: unknown, against: unknown): boolean => isValid(root, inner, against as Schema);
  return Object.entries(schema).every(([keyword, wanted]) => {
    if (ANNOTATIONS.has(keyword)) return true;
    switch (keyword) {
      case '$ref': {
        const [, place = '', name = ''] = /^#\/(\$defs|definitions)\/(.+)$/.exec(String(wanted)) ?? [];
        const found = (root[place] as Schema | undefined)?.[name];
        if (found === undefined) throw new Error(`There is no ${String(wanted)} in the schema.`);
        return valid(value, found);
      }
      case 'type':
        // The type as one word, or several of which one has to be it; a whole number is a number too.
        return (Array.isArray(wanted) ? wanted : [wanted]).some(
          (one) => typeOf(value) === one || (one === 'number' && typeOf(value) === 'integer'),
        );
      case 'const':
        return value === wanted;
      case 'enum':
        return (wanted as unknown[]).includes(value);
      case 'anyOf':
        return (wanted as unknown[]).some((one) => valid(value, one));
      case 'oneOf':
        return (wanted as unknown[]).filter((one) => valid(value, one)).length === 1;
      case 'pattern':
        return typeof value !== 'string' || new RegExp(String(wanted), 'u').test(value);
      case 'minLength':
        return typeof value !== 'string' || value.length >= Number(wanted);
      case 'maxLength':
        return typeof value !== 'string' || value.length <= Number(wanted);
      case 'minimum':
        return typeof value !== 'number' || value >= Number(wanted);
      case 'maximum':
        return typeof value !== 'number' || value <= Number(wanted);
      case 'items':
        return !Array.isArray(value) || value.every((one) => valid(one, wanted));
      case 'uniqueItems':
        return (
          wanted !== true ||
          !Array.isArray(value) ||
          new Set(value.map((one) => JSON.stringify(one))).size === value.length
        );
      case 'minItems':
        return !Array.isArray(value) || value.length >= Number(wanted);
      case 'maxItems':
        return !Array.isArray(value) || value.length <= Number(wanted);
      case 'minProperties':
        return !isObject(value) || Object.keys(value).length >= Number(wanted);
      case 'maxProperties':
        return !isObject(value) || Object.keys(value).length <= Number(wanted);
      case 'required':
        return !isObject(value) || (wanted as string[]).every((key) => Object.hasOwn(value, key));
      case 'properties':
        return (
          !isObject(value) ||
          Object.entries(wanted as Schema).every(
            ([key, one]) => !Object.hasOwn(value, key) || valid(value[key], one),
          )
        );
      case 'patternProperties':
        return (
          !isObject(value) ||
          Object.entries(wanted as Schema).every(([pattern, one]) =>
            Object.entries(value).every(
              ([key, inner]) => !new RegExp(pattern, 'u').test(key) || valid(inner, one),
            ),
          )
        );
      case 'additionalProperties': {
        const known = Object.keys((schema['properties'] as Schema | undefined) ?? {});
        const patterns = Object.keys((schema['patternProperties'] as Schema | undefined) ?? {});
        return (
          wanted === true ||
          !isObject(value) ||
          Object.entries(value).every(
            ([key, inner]) =>
              known.includes(key) ||
              patterns.some((pattern) => new RegExp(pattern, 'u').test(key)) ||
              (wanted !== false && valid(inner, wanted)),
          )
        );
      }
      default:
        throw new Error(`The JSON Schema keyword ${keyword} is not known here.`);
    }
  });
}
