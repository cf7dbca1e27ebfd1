import type { EstateDatabase } from './estate.ts';
import { type ApiReply, ok, problem } from './reply.ts';
import { forProject, type Request, type Route, V } from './route.ts';

/** firestore.googleapis.com: databases, the first document of a collection, and fields with a TTL. */
export const FIRESTORE: readonly Route[] = [
  {
    name: 'database',
    method: 'GET',
    pattern: new RegExp(`^/v1/projects/${V}/databases/${V}$`),
    permission: 'datastore.databases.getMetadata',
    subjects: ([project = '']) => [project, 'firestore'],
    reply: (request) =>
      forDatabase(request, (name, { type }) =>
        ok({ name, type, locationId: 'europe-west1', concurrencyMode: 'PESSIMISTIC' }),
      ),
  },
  {
    name: 'documents',
    method: 'GET',
    pattern: new RegExp(`^/v1/projects/${V}/databases/${V}/documents/${V}$`),
    permission: 'datastore.entities.list',
    subjects: ([project = '']) => [project, 'firestore'],
    reply: (request) =>
      forDatabase(request, (name, { documents }) => {
        const [, , collection = ''] = request.values;
        const version = Object.hasOwn(documents, collection) ? documents[collection] : undefined;
        // An empty collection is an empty object.
        if (version === undefined) return ok({});
        return ok({
          documents: [
            {
              name: `${name}/documents/${collection}/first`,
              fields: { version: { integerValue: String(version) } },
            },
          ],
        });
      }),
  },
  {
    name: 'fields',
    method: 'GET',
    pattern: new RegExp(`^/v1/projects/${V}/databases/${V}/collectionGroups/${V}/fields$`),
    permission: 'datastore.indexes.list',
    subjects: ([project = '']) => [project, 'firestore'],
    reply: (request) =>
      forDatabase(request, (name, { expiring }) =>
        ok({
          fields: expiring.map((collection) => ({
            name: `${name}/collectionGroups/${collection}/fields/expiresAt`,
            indexConfig: {},
            ttlConfig: { state: 'ACTIVE' },
          })),
        }),
      ),
  },
];

function forDatabase(
  request: Request,
  reply: (name: string, database: EstateDatabase) => ApiReply,
): ApiReply {
  return forProject(request, ({ project, databases = {} }) => {
    const [, id = ''] = request.values;
    const database = Object.hasOwn(databases, id) ? databases[id] : undefined;
    const name = `projects/${project}/databases/${id}`;
    return database === undefined
      ? problem(404, 'NOT_FOUND', `The database ${id} does not exist for project ${project}.`)
      : reply(name, database);
  });
}
