import * as z from 'zod'
import { filePath } from './fields.ts'
import { targetSchema } from './target.ts'
import { storeIdentity } from './store.ts'
import type { Config, TargetConfig } from './types.ts'

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/

/** The whole of cuedot.yaml. `folder`: where relative paths start. */
export function configSchema(folder: string): z.ZodType<Omit<Config, 'file'>> {
  const name = z.string().regex(NAME, 'must be 1 to 100 letters, digits, dots, dashes, underscores')
  return z
    .strictObject({
      version: z.literal(1).describe('The version of this format.'),
      targets: z
        .record(name, targetSchema(folder))
        .superRefine((targets, context) => {
          if (Object.keys(targets).length === 0)
            context.addIssue({ code: 'custom', message: 'must name at least one target' })
          for (const [first, second] of sharedStores(targets))
            context.addIssue({
              code: 'custom',
              path: [second, 'store'],
              message: `is the secret of target ${first}, too: each target needs its own`,
            })
        })
        .describe('The targets by name. The name is the lock: do not use it for two databases.'),
      audit: z
        .strictObject({
          path: filePath(folder).describe('A file of its own; each event becomes one line.'),
        })
        .exactOptional()
        .describe('Where every run is recorded. A run that cannot be recorded does not begin.'),
    })
    .transform(({ targets, audit }) => ({ targets, ...(audit && { audit }) }))
}

/** Pairs of targets that would rotate one secret. */
function sharedStores(
  targets: Readonly<Record<string, TargetConfig>>,
): readonly (readonly [string, string])[] {
  const seen = new Map<string, string>()
  return Object.entries(targets).flatMap(([name, { store }]) => {
    const key = storeIdentity(store)
    const first = seen.get(key)
    if (first === undefined) seen.set(key, name)
    return first === undefined ? [] : [[first, name] as const]
  })
}
