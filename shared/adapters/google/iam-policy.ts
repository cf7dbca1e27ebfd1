import * as z from 'zod';
import type { AuditConfig, IamPolicy } from '../../core/audit/access.ts';
import type { SharedValues } from './shared-values.ts';

/** A policy as every service answers it. Without version 3 in the request, conditions vanish from it. */
export const POLICY = z.object({
  bindings: z
    .array(
      z.object({
        role: z.string().min(1),
        members: z.array(z.string()).default([]),
        condition: z
          .object({
            expression: z.string().default(''),
            title: z.string().default(''),
            description: z.string().optional(),
          })
          .optional(),
      }),
    )
    .default([]),
  auditConfigs: z
    .array(
      z.object({
        service: z.string().min(1),
        auditLogConfigs: z
          .array(
            z.object({
              logType: z.string().default('LOG_TYPE_UNSPECIFIED'),
              exemptedMembers: z.array(z.string()).default([]),
            }),
          )
          .default([]),
      }),
    )
    .optional(),
});

/** The body of a read of a policy in version 3, for the services that take it by POST. */
export const VERSION_3 = { options: { requestedPolicyVersion: 3 } };

/** Makes a policy of its reply. */
export function policyOf(
  { bindings, auditConfigs }: z.infer<typeof POLICY>,
  shared: SharedValues,
): IamPolicy {
  return {
    bindings: bindings.map(({ role, members, condition }) =>
      condition === undefined
        ? shared.binding(role, members)
        : {
            role: shared.text(role),
            members: members.map((member) => shared.text(member)),
            condition: {
              expression: condition.expression,
              title: condition.title,
              description: condition.description ?? null,
            },
          },
    ),
    ...(auditConfigs === undefined ? {} : { auditConfigs: auditConfigs.map(auditConfigOf) }),
  };
}

function auditConfigOf({
  service,
  auditLogConfigs,
}: NonNullable<z.infer<typeof POLICY>['auditConfigs']>[number]): AuditConfig {
  return {
    service,
    logs: auditLogConfigs.map(({ logType, exemptedMembers }) => ({
      type: logType,
      exempted: exemptedMembers,
    })),
  };
}
