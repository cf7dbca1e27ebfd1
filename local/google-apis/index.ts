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
export { type GoogleApis, type GoogleApisOptions, type StoredContent, startGoogleApis } from './server.ts';
