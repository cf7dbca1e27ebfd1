/** What runs, as the stand-ins know it: resources in the shapes that Google documents. */
export interface Workloads {
  /** Zones of which GKE does not know the clusters now. */
  readonly missingZones?: readonly string[];
  readonly regions?: readonly CloudRunRegion[];
  readonly machines?: readonly MachineScope[];
  /** What Cloud Asset Inventory holds, by scope (`organizations/1`). */
  readonly assets?: Readonly<Record<string, AssetScope>>;
}

/** What Cloud Run has in one of the project's locations. */
export interface CloudRunRegion {
  readonly project: string;
  readonly location: string;
  readonly services?: readonly unknown[];
  readonly revisions?: readonly unknown[];
  readonly workerPools?: readonly unknown[];
  readonly poolRevisions?: readonly unknown[];
  readonly jobs?: readonly unknown[];
  readonly executions?: readonly unknown[];
  /** Told as `unreachable`. */
  readonly unreachable?: readonly string[];
}

/** One zone, region or `global` of Compute Engine. */
export interface MachineScope {
  readonly project: string;
  /** `zones/europe-west1-b` */
  readonly scope: string;
  readonly instances?: readonly unknown[];
  readonly instanceTemplates?: readonly unknown[];
  /** A warning instead of an answer, such as `UNREACHABLE`. */
  readonly warning?: string;
}

export interface AssetScope {
  /** RFC 3339 */
  readonly readTime: string;
  readonly assets: readonly { readonly name: string; readonly assetType: string; readonly data: unknown }[];
}
