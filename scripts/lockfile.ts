/**
 * `npm run lockfile`, after every `npm install`: adds the optional packages of other platforms that
 * npm left out of `package-lock.json` and without which `npm ci` refuses it.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { missingPackages } from './lib/lockfile.ts'
import type { LockedPackages } from './lib/lockfile.ts'
import { ROOT } from './lib/run.ts'

const file = join(ROOT, 'package-lock.json')
const lockfile: { readonly packages: LockedPackages } = JSON.parse(await readFile(file, 'utf8'))
const missing = missingPackages(lockfile.packages)
const packages = Object.fromEntries(
  Object.entries({ ...lockfile.packages, ...missing }).toSorted(([a], [b]) => (a < b ? -1 : 1)),
)
await writeFile(file, `${JSON.stringify({ ...lockfile, packages }, undefined, 2)}\n`)
console.log(`added ${Object.keys(missing).length} packages of other platforms`)
