import { createRequire } from 'node:module';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { fromJSON, type Messages, type ServiceDefinition } from '../../tools/bundled/proto-loader.ts';
import { messageModule } from '../../tools/message-types.ts';

const require = createRequire(import.meta.url);

/** What stands for it here, as Google's clients load it. */
const library = createRequire(require.resolve('google-gax'))('@grpc/proto-loader') as {
  fromJSON(definitions: protobuf.INamespace, options: unknown): Readonly<Record<string, ServiceDefinition>>;
};

/** As Google's clients ask for it. */
const OPTIONS = { keepCase: false, longs: String, enums: String, defaults: true, oneofs: true };

function definitionsOf(name: string): protobuf.INamespace {
  return require(`@google-cloud/${name}/build/protos/protos.json`) as protobuf.INamespace;
}

function evaluated(text: string): Messages {
  const module: { exports: unknown } = { exports: null };
  new Function('require', 'module', text)(require, module);
  return module.exports as Messages;
}

const SCALARS: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  string: fc.string(),
  bytes: fc.uint8Array({ maxLength: 5 }).map((bytes) => Buffer.from(bytes)),
  bool: fc.boolean(),
  double: fc.double(),
  float: fc.float(),
  int32: fc.integer(),
  uint32: fc.nat(),
  int64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  uint64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
};

/** Values of a type, of which each field is there or not; where messages nest, until a depth. */
function messageOf(type: protobuf.Type, depth = 0): fc.Arbitrary<Record<string, unknown>> {
  const fields = type.fieldsArray.map((field): [string, fc.Arbitrary<unknown>] => {
    const { resolvedType } = field.resolve();
    const one = (): fc.Arbitrary<unknown> => {
      if (resolvedType instanceof protobuf.Enum)
        return fc.constantFrom(
          ...Object.keys(resolvedType.values),
          ...Object.values(resolvedType.values),
          77,
        );
      if (resolvedType !== null) return depth > 2 ? fc.constant({}) : messageOf(resolvedType, depth + 1);
      const scalar = SCALARS[field.type];
      if (scalar === undefined) throw new Error(`No values of ${field.type} are made here.`);
      return scalar;
    };
    if (field instanceof protobuf.MapField)
      return [field.name, fc.dictionary(fc.string(), one(), { maxKeys: 2 })];
    return [field.name, field.repeated ? fc.array(one(), { maxLength: 2 }) : one()];
  });
  // One or two fields at a time: what has many is not larger than it needs to be.
  return fc
    .subarray(fields, { maxLength: Math.min(3, fields.length) })
    .chain((some) => fc.record(Object.fromEntries(some)));
}

describe.each([
  ['firestore-api', 'google.firestore.v1.Firestore'],
  ['pubsub-api', 'google.pubsub.v1.Publisher'],
  ['pubsub-api', 'google.pubsub.v1.Subscriber'],
])('the messages of %s, made before', (api, service) => {
  const definitions = definitionsOf(api);
  const theirs = library.fromJSON(definitions, OPTIONS)[service] ?? {};
  const ours = fromJSON(evaluated(messageModule(definitions, [service])), OPTIONS)[service] ?? {};
  const { methodsArray } = protobuf.Root.fromJSON(definitions).lookupService(service);

  it('serve the same methods', () => {
    const shapes = (methods: ServiceDefinition): unknown =>
      Object.entries(methods).map(([name, { path, requestStream, responseStream, originalName }]) => [
        name,
        path,
        requestStream,
        responseStream,
        originalName,
      ]);
    expect(shapes(ours)).toEqual(shapes(theirs));
    expect(methodsArray.length).toBeGreaterThan(5);
  });

  it('are written and read byte for byte as by the library', () => {
    for (const method of methodsArray) {
      method.resolve();
      const { resolvedRequestType: request, resolvedResponseType: response } = method;
      const [our, their] = [ours[method.name], theirs[method.name]];
      if (!request || !response || !our || !their) throw new Error(`${method.name} is missing`);
      fc.assert(
        fc.property(messageOf(request), messageOf(response), (asked, answered) => {
          const question = our.requestSerialize(asked);
          expect(question).toEqual(their.requestSerialize(asked));
          expect(our.requestDeserialize(question)).toEqual(their.requestDeserialize(Buffer.from(question)));
          const answer = our.responseSerialize(answered);
          expect(answer).toEqual(their.responseSerialize(answered));
          expect(our.responseDeserialize(answer)).toEqual(their.responseDeserialize(Buffer.from(answer)));
        }),
      );
    }
  });
});

it('refuses what is no message, as the library does', () => {
  const service = 'google.firestore.v1.Firestore';
  const definitions = definitionsOf('firestore-api');
  const wrong = { writes: [{ update: 'no document' }] };
  for (const methods of [
    library.fromJSON(definitions, OPTIONS),
    fromJSON(evaluated(messageModule(definitions, [service])), OPTIONS),
  ]) {
    expect(() => methods[service]?.['Commit']?.requestSerialize(wrong)).toThrow('object expected');
  }
});

it('refuses a service that the definitions do not have', () => {
  expect(() => messageModule(definitionsOf('pubsub-api'), ['google.pubsub.v1.Nobody'])).toThrow();
});
