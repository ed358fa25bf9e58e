/**
 * `npm run generate`: writes the pages of `docs/` that are made from registries in the code.
 * With `--check` it writes nothing and exits with 1 if one of them is not what it would write.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pages } from './docs/pages.ts'
import { ROOT } from './lib/run.ts'

const onlyCheck = process.argv.includes('--check')

for (const { path, text } of pages()) {
  const file = join(ROOT, path)
  const before = await readFile(file, 'utf8').catch(() => undefined)
  if (before === text) continue
  if (onlyCheck) {
    console.error(`${path} is not up to date: run npm run generate`)
    process.exitCode = 1
  } else {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
    console.log(`wrote ${path}`)
  }
}
