/** `npm run build`: what is published: `dist` of the client and of the rotator, and the schema. */
import { existsSync } from 'node:fs'
import { copyFile, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ROOT, run } from './lib/run.ts'

/** In this order: the rotator is compiled against the client's declarations. */
const PACKAGES = ['client', 'rotator'] as const

const SCHEMA_SOURCE = join(ROOT, 'packages/rotator/src/config/schema.ts')

for (const name of PACKAGES) {
  const folder = join(ROOT, 'packages', name)
  await rm(join(folder, 'dist'), { recursive: true, force: true })
  const { code, output } = await run('tsc', ['-p', join(folder, 'tsconfig.build.json')])
  process.stdout.write(output)
  if (code !== 0) {
    console.error(`packages/${name} does not compile`)
    process.exit(1)
  }
  await copyFile(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'))
}
await writeSchema()

/** The JSON Schema of `cuedot.yaml`, made from the zod schema that reads it. */
async function writeSchema(): Promise<void> {
  if (!existsSync(SCHEMA_SOURCE)) return
  const module: Readonly<Record<string, unknown>> = await import(SCHEMA_SOURCE)
  const make = module['configJsonSchema']
  if (typeof make !== 'function') throw new Error('schema.ts does not export configJsonSchema()')
  const folder = join(ROOT, 'packages/rotator/schema')
  await mkdir(folder, { recursive: true })
  const schema: unknown = make()
  await writeFile(join(folder, 'cuedot.schema.json'), `${JSON.stringify(schema, undefined, 2)}\n`)
}
