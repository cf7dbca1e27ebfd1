export { DEFAULT_DIALECT, type Dialect } from './dialect.ts';
export {
  type BuiltManifest,
  buildImage,
  buildIndex,
  type ConfigContent,
  type ImageContent,
  type IndexChild,
  type IndexContent,
  type LayerContent,
  type Platform,
} from './image.ts';
export { buildLayer, type LayerFile, packLayer } from './layer.ts';
export type { RemovedLayers } from './layer-removal.ts';
export type { Notification } from './notification.ts';
export { type PushTarget, pushImage, pushIndex, tagManifest } from './push.ts';
export { type LocalRegistry, type LocalRegistryOptions, startLocalRegistry } from './server.ts';
export type { Credential } from './token.ts';
