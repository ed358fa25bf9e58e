import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { build } from 'esbuild'
import type { BuildOptions, Plugin } from 'esbuild'
import { licenseTexts } from './bundle.ts'
import { ROOT } from './run.ts'

/** A function of Lambda that we ship. */
export interface LambdaFunction {
  readonly name: string
  /** Its file that exports `handler`, relative to the root. */
  readonly entry: string
}

export const FUNCTIONS: readonly LambdaFunction[] = [
  { name: 'rotation', entry: 'packages/rotator/src/lambda/index.ts' },
  { name: 'restart', entry: 'packages/rotator/src/lambda/restart/index.ts' },
]

/** One function, as one file. */
export interface FunctionBundle {
  /** CommonJS for Node 24; exports `handler`. */
  readonly code: Uint8Array
  /** The licence of each package that is in it, as text. */
  readonly licenses: string
  /** The files that it was made of, relative to the root. */
  readonly inputs: readonly string[]
  /** What it asks Node for when it runs. */
  readonly imports: readonly string[]
}

const [CODE, LICENSES] = ['index.cjs', 'LICENSES'] as const
const RUNS_ON = {
  platform: 'node',
  target: 'node24',
  mainFields: ['module', 'main'],
} satisfies BuildOptions
const ADAPTERS = join(ROOT, 'packages/rotator/src/adapters')

/**
 * Bundles a function with the SDK in it. Names stay as they are, so that the log of a failure can
 * be read. The same sources give the same bytes.
 */
export async function bundleFunction({ entry }: LambdaFunction): Promise<FunctionBundle> {
  const { metafile, outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    outfile: CODE,
    ...{ bundle: true, format: 'cjs', ...RUNS_ON, write: false },
    // esbuild drops `module` where other conditions are named, and takes whole packages without it.
    conditions: ['cuedot-source', 'module'],
    external: ['pg-native'],
    plugins: [usedOfSdk, usedCredentials, usedTables],
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'error',
  })
  const [code] = outputFiles
  const made = metafile.outputs[CODE]
  if (!code || !made) throw new Error(`esbuild has made no ${CODE}`)
  const inputs = Object.keys(made.inputs).filter((path) => made.inputs[path]?.bytesInOutput !== 0)
  return {
    code: code.contents,
    licenses: await licenseTexts(inputs),
    inputs,
    imports: [...new Set(made.imports.map(({ path }) => path))],
  }
}

/** Puts each function into a folder of its name: `index.cjs` and `LICENSES`. */
export async function bundleFunctions(out: string): Promise<void> {
  for (const made of FUNCTIONS) {
    const { code, licenses } = await bundleFunction(made)
    const folder = join(out, made.name)
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, CODE), code)
    await writeFile(join(folder, LICENSES), licenses)
  }
}

/**
 * Of a client of the SDK only what our adapters name as `sdk.Something`. They import it when it is
 * needed, and of what is imported so esbuild leaves nothing out.
 */
const usedOfSdk: Plugin = {
  name: 'used-of-sdk',
  setup: (outer) => {
    const filter = /[\\/]@aws-sdk[\\/]client-[^\\/]+[\\/]dist-es[\\/]index\.js$/
    outer.onLoad({ filter }, async ({ path }) => {
      const resolveDir = dirname(path)
      const exported: object = await import(`@aws-sdk/${basename(dirname(resolveDir))}`)
      const named = await namedByAdapters()
      const names = Object.keys(exported).filter((name) => named.has(name))
      const { outputFiles } = await build({
        stdin: { contents: `export { ${names.join(', ')} } from './index.js'`, resolveDir },
        ...{ bundle: true, packages: 'external', format: 'esm', ...RUNS_ON },
        write: false,
        logLevel: 'error',
      })
      return { contents: outputFiles[0]?.text ?? '', resolveDir }
    })
  },
}

async function namedByAdapters(): Promise<ReadonlySet<string>> {
  const files = await readdir(ADAPTERS, { recursive: true })
  const texts = files
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    .map(async (file) => await readFile(join(ADAPTERS, file), 'utf8'))
  const named = (await Promise.all(texts)).join('').matchAll(/\bsdk\.(\w+)/g)
  return new Set(Array.from(named, ([, name = '']) => name))
}

/**
 * A function gets its credentials from variables. What asks a profile, a program or a single
 * sign-on has nothing to say there, and the SDK asks whoever is next.
 */
const usedCredentials: Plugin = {
  name: 'used-credentials',
  setup: (outer) => {
    const filter = /^@aws-sdk\/credential-provider-(ini|process|sso|web-identity)$/
    outer.onResolve({ filter }, () => ({ path: 'provider', namespace: 'absent' }))
    const contents = `
      import { CredentialsProviderError } from '@smithy/core/config'
      const absent = () => async () => {
        throw new CredentialsProviderError('This bundle takes credentials from variables.')
      }
      export { absent as fromIni, absent as fromProcess }
      export { absent as fromSSO, absent as fromTokenFile }`
    outer.onLoad({ filter: /./, namespace: 'absent' }, () => ({ contents, resolveDir: ROOT }))
  },
}

/** Tables of the drivers that are large, and that the adapters do not need. */
const UNUSED_TABLES = [
  // East Asian encodings: connections are in UTF-8.
  /iconv-lite[\\/]encodings[\\/]dbcs-data\.js$/,
  // Names of errors: the adapters go by numbers.
  /mysql2[\\/]lib[\\/]constants[\\/]errors\.js$/,
]

const usedTables: Plugin = {
  name: 'used-tables',
  setup: (outer) => {
    for (const filter of UNUSED_TABLES)
      outer.onLoad({ filter }, () => ({ contents: 'module.exports = {}' }))
  },
}
