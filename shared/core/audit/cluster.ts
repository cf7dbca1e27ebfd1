/** A cluster of Google Kubernetes Engine, as far as credentials go. */
export interface Cluster {
  readonly name: string;
  readonly location: string;
  /** `PROJECT.svc.id.goog`: pods can have an identity of their own and need no key. null: it is off. */
  readonly workloadPool: string | null;
  readonly autopilot: boolean;
  readonly nodePools: readonly NodePool[];
}

/** The nodes of a cluster that are made alike. */
export interface NodePool {
  readonly name: string;
  /** `GKE_METADATA`: pods get their own identity. `GCE_METADATA`: they get the node's. null where the reply has none. */
  readonly metadataMode: string | null;
  /** The account of its nodes, which pulls images; `default` is the default compute account. null where left out. */
  readonly account: string | null;
}
