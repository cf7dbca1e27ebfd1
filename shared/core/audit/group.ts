/** The direct members of a group, by Cloud Identity. Groups among them are read on their own. */
export interface GroupReply {
  /** As a policy would name them: `user:…`, `serviceAccount:…`, `group:…`; sorted. */
  readonly members: readonly string[];
  /**
   * Members that are none of these, such as "everybody in the domain", by the words that Google uses. Who
   * they are can't be said, so a group with one of them is never known to its end.
   */
  readonly others: readonly string[];
}
