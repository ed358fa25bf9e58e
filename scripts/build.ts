/**
 * `npm run build`: what is published: `dist` of the client, the agent and the rotator, and its
 * functions for Lambda, each in one file.
 */
import { copyFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { bundleFunctions } from './lib/lambda-bundle.ts'
import { ROOT, run } from './lib/run.ts'

/** In this order: the others are compiled against the client's declarations. */
const PACKAGES = ['client', 'agent', 'rotator'] as const

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
await bundleFunctions(join(ROOT, 'packages/rotator/dist/functions'))
