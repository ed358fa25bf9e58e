import * as z from 'zod'
import { configSchema } from './schema.ts'

/** The JSON Schema of cuedot.yaml, for editors: `schema/cuedot.schema.json` is made from it. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...rest } = z.toJSONSchema(configSchema('/'), { io: 'input' })
  return {
    $schema,
    title: 'cuedot.yaml',
    description: 'Database credentials that cuedot rotates.',
    ...rest,
  }
}
