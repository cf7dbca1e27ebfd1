import type { JsonSchema } from './keyword.ts';

/** What a pattern of the schema is as a type: the compiler then finds a unit that does not exist. */
const TEXT_TYPES: readonly (readonly [RegExp, string])[] = [
  [/\(m\|h\|d\|w\)\$$/, 'Age'],
  [/TiB\)\$$/, 'Size'],
  [/%\$$/, 'Share'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the text of a type
  [/^\^sha256:/, '`sha256:${string}`'],
];

const PRELUDE = `// Written by node tools/policy-schema.ts from the tables that the parser reads by. Not edited by hand.

/** A length of time, such as \`36h\` or \`7d\`. */
export type Age = \`\${number}\${'m' | 'h' | 'd' | 'w'}\`;

/** A size, such as \`500MB\` or \`2GiB\`. */
export type Size = \`\${number}\${'B' | 'kB' | 'KB' | 'MB' | 'GB' | 'TB' | 'KiB' | 'MiB' | 'GiB' | 'TiB'}\`;

/** A share, such as \`25%\`. */
export type Share = \`\${number}%\`;

type AtLeastOne<T, K extends keyof T> = T & { [P in K]: Required<Pick<T, P>> }[K];

type ExactlyOne<T, K extends keyof T> = Omit<T, K> &
  { [P in K]: Required<Pick<T, P>> & { readonly [Q in Exclude<K, P>]?: never } }[K];
`;

/**
 * The TypeScript types of a policy document, from its JSON Schema. They say what a schema can say in types; what
 * only the parser can check (time zones, patterns, meaning) passes the compiler.
 */
export function documentTypes(schema: JsonSchema): string {
  const defs = schema['$defs'] as Readonly<Record<string, JsonSchema>>;
  const named = Object.entries(defs).map(([name, def]) => declaration(typeName(name), def));
  return [PRELUDE, ...named, declaration('PolicyDocument', schema)].join('\n');
}

function typeName(def: string): string {
  return `${def.slice(0, 1).toUpperCase()}${def.slice(1)}`;
}

function declaration(name: string, schema: JsonSchema): string {
  return `${comment(schema, '')}export type ${name} = ${typeOf(schema, '')};\n`;
}

function comment(schema: JsonSchema, indent: string): string {
  const { description } = schema;
  return typeof description === 'string' ? `${indent}/** ${description.replaceAll('*/', '*\\/')} */\n` : '';
}

function typeOf(schema: JsonSchema, indent: string): string {
  if (typeof schema['$ref'] === 'string') return typeName(schema['$ref'].split('/').at(-1) ?? '');
  if ('const' in schema) return JSON.stringify(schema['const']);
  if (Array.isArray(schema['enum'])) return schema['enum'].map((one) => JSON.stringify(one)).join(' | ');
  switch (schema['type']) {
    case 'object':
      return objectType(schema, indent);
    case 'array':
      return `readonly (${typeOf(schema['items'] as JsonSchema, indent)})[]`;
    case 'integer':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'string':
      return textType(schema['pattern']);
    default:
      return (schema['anyOf'] as readonly JsonSchema[]).map((one) => typeOf(one, indent)).join(' | ');
  }
}

function textType(pattern: unknown): string {
  const known = typeof pattern === 'string' ? TEXT_TYPES.find(([ending]) => ending.test(pattern)) : undefined;
  return known?.[1] ?? 'string';
}

function objectType(schema: JsonSchema, indent: string): string {
  const patterns = schema['patternProperties'] as Readonly<Record<string, JsonSchema>> | undefined;
  if (patterns !== undefined) {
    const values = Object.values(patterns).map((one) => typeOf(one, indent));
    return `{ readonly [name: string]: ${values.join(' | ')} }`;
  }
  const required = new Set((schema['required'] as readonly string[] | undefined) ?? []);
  const properties = Object.entries(schema['properties'] as Readonly<Record<string, JsonSchema>>);
  const inner = `${indent}  `;
  const lines = properties.map(
    ([name, property]) =>
      `${comment(property, inner)}${inner}readonly ${name}${required.has(name) ? '' : '?'}: ${typeOf(property, inner)};\n`,
  );
  return withChoice(schema, `{\n${lines.join('')}${indent}}`);
}

/** A choice between properties that have to be there, beside what an object is otherwise. */
function withChoice(schema: JsonSchema, type: string): string {
  for (const [keyword, choice] of [
    ['anyOf', 'AtLeastOne'],
    ['oneOf', 'ExactlyOne'],
  ] as const) {
    const ways = schema[keyword] as readonly { readonly required: readonly string[] }[] | undefined;
    if (ways === undefined) continue;
    const names = ways.flatMap(({ required }) => required).map((name) => `'${name}'`);
    return `${choice}<${type}, ${names.join(' | ')}>`;
  }
  return type;
}
