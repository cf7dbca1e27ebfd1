import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';
import { messageModule } from './message-types.ts';

/**
 * Google's clients bring whole APIs with them, and make everything anew at every start. What a function never asks
 * for is left out of its bundle, and what can be made before is made before.
 */

/** The services that are asked, by the package that has their definitions. */
const SERVICES: Readonly<Record<string, readonly string[]>> = {
  'firestore-api': ['google.firestore.v1.Firestore'],
  'pubsub-api': [
    'google.pubsub.v1.Publisher',
    'google.pubsub.v1.Subscriber',
    'google.pubsub.v1.SchemaService',
  ],
};
const DEFINITIONS = /[\\/]@google-cloud[\\/]([a-z]+-api)[\\/]build[\\/]protos[\\/]protos\.json$/;
const PROTO_LOADER = fileURLToPath(new URL('bundled/proto-loader.ts', import.meta.url));

/**
 * Message types in code that was made from the definitions: more than half of Firestore's client. Nothing but
 * re-exports names them.
 */
const UNUSED_TYPES =
  /[\\/]node_modules[\\/](?:@google-cloud[\\/]firestore-api[\\/]build[\\/]protos[\\/]protos|google-gax[\\/]build[\\/]protos[\\/](?:iam_service|locations|operations))\.js$/;

/** Of all the types Firestore's client looks up one when it is loaded, which its data bundles are made with. */
const NO_TYPES = `class Value { static fromObject() { throw new Error('Left out of this bundle; see tools/lean-clients.ts.'); } }
module.exports = { google: { firestore: { v1: { Value } } } };`;

/** Clients of services that nobody asks here, and which every client of Google's makes beside itself. */
const UNUSED_CLIENTS: readonly { readonly file: RegExp; readonly name: string }[] = [
  {
    file: /[\\/]firestore-api[\\/]build[\\/]src[\\/]v1[\\/]firestore_admin_client\.js$/,
    name: 'FirestoreAdminClient',
  },
  { file: /[\\/]google-gax[\\/]build[\\/]src[\\/]locationService\.js$/, name: 'LocationsClient' },
  { file: /[\\/]google-gax[\\/]build[\\/]src[\\/]iamService\.js$/, name: 'IamClient' },
];

export const leanClients: Plugin = {
  name: 'lean-clients',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^@grpc\/proto-loader$/ }, () => ({ path: PROTO_LOADER }));
    onLoad({ filter: DEFINITIONS }, async ({ path }) => {
      const services = SERVICES[DEFINITIONS.exec(path)?.[1] ?? ''];
      if (services === undefined) return undefined;
      return { contents: messageModule(JSON.parse(await readFile(path, 'utf8')), services), loader: 'js' };
    });
    onLoad({ filter: UNUSED_TYPES }, () => ({ contents: NO_TYPES, loader: 'js' }));
    for (const { file, name } of UNUSED_CLIENTS) {
      onLoad({ filter: file }, () => ({ contents: `exports.${name} = class { close() {} };`, loader: 'js' }));
    }
  },
};
