/**
 * Style as a test: `npm run tidy` prints `path:line rule message` for all that the rules in
 * `scripts/tidy/` find, then counts, and exits with 1 if there is anything.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { projectFiles } from './lib/files.ts'
import { tidy } from './tidy/rules.ts'
import { measure } from './tidy/sizes.ts'
import { source } from './tidy/source.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

const READ = /\.(ts|tsx|mts|js|mjs|json|md|ya?ml|sh|tf|html|css|php)$|^\.ci\/run$/
const NOT_OURS = /^(package-lock\.json|LICENSE)$/

const sources = projectFiles(root)
  .filter((path) => READ.test(path) && !NOT_OURS.test(path))
  .map((path) => source(path, readFileSync(`${root}${path}`, 'utf8')))

const findings = tidy(sources)
for (const { path, line, rule, message } of findings)
  console.log(`${path}:${line} ${rule} ${message}`)

const perRule = Map.groupBy(findings, ({ rule }) => rule)
for (const [rule, list] of perRule) console.log(`${list.length} × ${rule}`)

const { files, medianFile, functions, p90Function } = measure(sources)
console.log(
  `${sources.length} files read; ${files} source files, median ${medianFile} lines; ` +
    `${functions} functions, 90th percentile ${p90Function} lines; ${findings.length} findings`,
)
process.exitCode = findings.length === 0 ? 0 : 1
