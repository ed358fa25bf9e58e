// Goal: whoever takes the client takes nothing else with it: no SDK, no driver, no engine.
// Method: each entry point is bundled as an application would, and what went in is read.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { ROOT } from './lib/run.ts'

const CLIENT = 'packages/client/src/'

/** Loaded when the source that needs it is first asked; whoever uses that has it. */
const OPTIONAL = '@aws-sdk/client-secrets-manager'

/** Entry points by which a secret can be read from Secrets Manager itself. */
const WITH_SDK = ['./aws', './compat/commng', './compat/starlight']

async function entryPoints(): Promise<readonly (readonly [string, string])[]> {
  const text = await readFile(join(ROOT, 'packages/client/package.json'), 'utf8')
  const { exports }: { exports: Record<string, { 'cuedot-source': string }> } = JSON.parse(text)
  return Object.entries(exports).map(([name, paths]) => [name, paths['cuedot-source']] as const)
}

const ENTRY_POINTS = await entryPoints()

describe('a bundle of the client', () => {
  test.each(ENTRY_POINTS)('has nothing but the client in it: %s', async (name, path) => {
    const { metafile } = await build({
      ...{ absWorkingDir: ROOT, entryPoints: [join('packages/client', path)], write: false },
      ...{ bundle: true, minify: true, format: 'esm', platform: 'node', target: 'node22' },
      ...{ outdir: 'nowhere', metafile: true, logLevel: 'silent' },
      packages: 'external',
    })
    const inputs = Object.keys(metafile.inputs)
    expect(inputs.length).toBeGreaterThan(0)
    expect(inputs.filter((input) => !input.startsWith(CLIENT))).toEqual([])
    const outside = Object.values(metafile.outputs)
      .flatMap(({ imports }) => imports)
      .filter(({ path: imported }) => !imported.startsWith('node:'))
    const takesSdk = inputs.includes(`${CLIENT}sources/aws.ts`)
    const allowed = takesSdk ? [[OPTIONAL, 'dynamic-import']] : []
    expect(takesSdk).toBe(WITH_SDK.includes(name))
    expect(outside.map(({ path: imported, kind }) => [imported, kind])).toEqual(allowed)
  })
})
