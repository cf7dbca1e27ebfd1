/**
 * Stands for `@grpc/proto-loader` in what is bundled. Google's clients give it the definitions of their API, of which
 * it makes all types whenever a client is made, and a description of each that nobody reads: most of what a function
 * took to its first answer. Here they give it what `tools/message-types.ts` made of these definitions before.
 */

/** A message's type, as protobufjs generates it. */
interface MessageType {
  encode(message: unknown): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
  fromObject(value: unknown): unknown;
  toObject(message: unknown, options: unknown): unknown;
}

interface Method {
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly request: MessageType;
  readonly response: MessageType;
}

/** What a module of `tools/message-types.ts` exports. */
export interface Messages {
  services(): Readonly<Record<string, Readonly<Record<string, Method>>>>;
}

/** As gRPC's client takes it. */
interface MethodDefinition {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (value: unknown) => Uint8Array;
  readonly requestDeserialize: (bytes: Uint8Array) => unknown;
  readonly responseSerialize: (value: unknown) => Uint8Array;
  readonly responseDeserialize: (bytes: Uint8Array) => unknown;
  readonly originalName: string;
}

export type ServiceDefinition = Readonly<Record<string, MethodDefinition>>;

/** The services of an API, by their full names. */
export function fromJSON(messages: Messages, options: unknown): Readonly<Record<string, ServiceDefinition>> {
  return mapped(messages.services(), (methods, service) =>
    mapped(methods, ({ requestStream, responseStream, request, response }, name) => ({
      path: `/${service}/${name}`,
      requestStream,
      responseStream,
      requestSerialize: (value) => request.encode(request.fromObject(value)).finish(),
      requestDeserialize: (bytes) => request.toObject(request.decode(bytes), options),
      responseSerialize: (value) => response.encode(response.fromObject(value)).finish(),
      responseDeserialize: (bytes) => response.toObject(response.decode(bytes), options),
      originalName: name.slice(0, 1).toLowerCase() + name.slice(1),
    })),
  );
}

function mapped<T, U>(
  record: Readonly<Record<string, T>>,
  of: (value: T, key: string) => U,
): Readonly<Record<string, U>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, of(value, key)]));
}

/** Definitions in files are not bundled. */
export function loadSync(): never {
  throw new Error('This bundle reads no definitions from files; see tools/bundled/proto-loader.ts.');
}
