export { acmeEstate } from './acme.ts';
export { acmeWarden } from './acme-warden.ts';
export type {
  Estate,
  EstateAccount,
  EstateBinding,
  EstateBucket,
  EstateContainer,
  EstateKey,
  EstateProject,
  EstateRepository,
} from './estate.ts';
export type { GoogleApisOptions, StandInTopics, StoredContent } from './route.ts';
export { type GoogleApis, startGoogleApis } from './server.ts';
