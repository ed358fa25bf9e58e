import { page, table } from './page.ts'
import type { Page } from './page.ts'

/** One permission that an adapter needs. */
export interface Permission {
  /** As IAM spells it: `secretsmanager:GetSecretValue`. */
  readonly action: string
  /** On what, as a pattern of an ARN or in words. */
  readonly resource: string
  /** What it is needed for, in a sentence. */
  readonly why: string
}

/** `docs/iam.md`: the least that each adapter must be allowed to do. */
export function iamPage(adapters: Readonly<Record<string, readonly Permission[]>>): Page {
  return page('docs/iam.md', 'IAM permissions', 'packages/rotator/src/adapters/*/iam.ts', [
    'The least that cuedot must be allowed to do, by what you use of it.',
    ...Object.entries(adapters).flatMap(([adapter, permissions]) => [
      `## ${adapter}`,
      table(
        ['Action', 'On', 'Why'],
        permissions.map(({ action, resource, why }) => [`\`${action}\``, resource, why]),
      ),
    ]),
  ])
}
