import protobuf, { type Enum, type INamespace, type Service, type Type } from 'protobufjs';

/**
 * The messages of an API as code, made where a function is bundled: by themselves Google's clients make it at every
 * start, from definitions that are larger than the code. It is protobufjs' own code, from its own generators.
 */

/** What protobufjs' generators give back, of which its types know nothing. */
interface Generated {
  toString(): string;
}
type Generator = (type: Type) => Generated;

/** In protobufjs' public exports, and called there with a type alone. */
const GENERATORS: Readonly<Record<string, Generator>> = {
  encode: protobuf.encoder as unknown as Generator,
  decode: protobuf.decoder as unknown as Generator,
  fromObject: protobuf.converter.fromObject as unknown as Generator,
  toObject: protobuf.converter.toObject as unknown as Generator,
};
const constructorOf = protobuf.Type.generateConstructor as unknown as Generator;

/**
 * The text of a module with the messages of these services and nothing else of their API. It exports what
 * `tools/bundled/proto-loader.ts` takes.
 * @throws Error where there is no such service, or where a type is missing
 */
export function messageModule(definitions: INamespace, services: readonly string[]): string {
  const root = protobuf.Root.fromJSON(definitions);
  const named = services.map((name) => root.lookupService(name));
  const types = typesOf(named);
  const names = new Map([...types].map((type, index) => [type, `t${index}`]));
  const nameOf = (type: Type | Enum | null): string => (type === null ? 'null' : (names.get(type) ?? 'null'));
  return [
    "const { Reader, Writer, util } = require('protobufjs/minimal');",
    ...[...types].map(
      (type) => `const ${nameOf(type)} = ${type instanceof protobuf.Enum ? enumText(type) : '{}'};`,
    ),
    ...[...types].flatMap((type) => (type instanceof protobuf.Type ? [typeText(type, nameOf)] : [])),
    // A function, because what can be written as JSON is hashed whenever a client is made.
    `module.exports = { of: ${JSON.stringify(services)}, services: () => ({`,
    ...named.map(
      (service) => `${JSON.stringify(service.fullName.slice(1))}: ${serviceText(service, nameOf)},`,
    ),
    '}) };',
  ].join('\n');
}

/** All that the requests and replies of these services are made of. */
function typesOf(services: readonly Service[]): ReadonlySet<Type | Enum> {
  const found = new Set<Type | Enum>();
  const add = (type: Type | Enum | null): void => {
    if (type === null || found.has(type)) return;
    found.add(type);
    if (type instanceof protobuf.Type)
      for (const field of type.fieldsArray) add(field.resolve().resolvedType);
  };
  for (const { methodsArray } of services) {
    for (const method of methodsArray) {
      method.resolve();
      add(method.resolvedRequestType);
      add(method.resolvedResponseType);
    }
  }
  return found;
}

function enumText({ valuesById }: Enum): string {
  return `{ values: ${JSON.stringify(valuesById)} }`;
}

type NameOf = (type: Type | Enum | null) => string;

function typeText(type: Type, nameOf: NameOf): string {
  const functions = Object.entries(GENERATORS).map(
    ([name, generate]) => `${name}: ${generate(type).toString()},`,
  );
  const fields = type.fieldsArray.map(({ resolvedType }) => nameOf(resolvedType));
  return [
    `Object.assign(${nameOf(type)}, ((types) => ({ ctor: ${constructorOf(type).toString()},`,
    ...functions,
    `}))([${fields.join(', ')}]));`,
  ].join('\n');
}

function serviceText({ methodsArray }: Service, nameOf: NameOf): string {
  const methods = methodsArray.map(
    ({ name, requestStream, responseStream, resolvedRequestType, resolvedResponseType }) =>
      `${JSON.stringify(name)}: { requestStream: ${requestStream === true}, responseStream: ${responseStream === true}, request: ${nameOf(resolvedRequestType)}, response: ${nameOf(resolvedResponseType)} },`,
  );
  return ['{', ...methods, '}'].join('\n');
}
