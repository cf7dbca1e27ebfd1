export {
  acmeEstate,
  type Estate,
  type EstateAccount,
  type EstateBinding,
  type EstateBucket,
  type EstateKey,
  type EstateProject,
  type EstateRepository,
} from './estate.ts';
export type { GoogleApisOptions, StoredContent } from './route.ts';
export { type GoogleApis, startGoogleApis } from './server.ts';
