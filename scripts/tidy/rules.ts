/** All rules, in the order in which CONTRIBUTING.md names them. */
import * as banned from './banned.ts'
import { docstrings } from './docstrings.ts'
import { imports } from './imports.ts'
import { clientManifest } from './manifest.ts'
import { runbook } from './runbook.ts'
import { budgets, fileSize, functionSize, lineLength } from './sizes.ts'
import { isCode } from './source.ts'
import type { FileRule, Finding, ProjectRule, Source } from './source.ts'
import { syntaxOf } from './syntax.ts'
import { switchedOff, testNames } from './tests.ts'
import { glossary, workplace } from './words.ts'

/** A file that cannot be parsed cannot be judged. */
const syntax: FileRule = {
  name: 'syntax',
  check: (source) =>
    isCode(source.path)
      ? syntaxOf(source).errors.map((message) => ({
          line: 1,
          message: `does not parse: ${message}`,
        }))
      : [],
}

/** Rules that look at one file. */
export const FILE_RULES: readonly FileRule[] = [
  syntax,
  imports,
  clientManifest,
  fileSize,
  functionSize,
  lineLength,
  banned.types,
  banned.defaultExports,
  banned.nonNull,
  banned.asyncDomain,
  banned.ambient,
  banned.reveal,
  banned.dangerous,
  banned.shells,
  banned.adapterNames,
  banned.emptyCatch,
  banned.endless,
  banned.notes,
  switchedOff,
  testNames,
  docstrings,
  glossary,
  workplace,
]

/** Rules that look at the whole project. */
export const PROJECT_RULES: readonly ProjectRule[] = [budgets, runbook]

/** Everything that the rules find, sorted by place. */
export function tidy(sources: readonly Source[]): readonly Finding[] {
  const inFiles = FILE_RULES.flatMap(({ name, check }) =>
    sources.flatMap((source) =>
      check(source).map((remark) => ({ path: source.path, rule: name, ...remark })),
    ),
  )
  const inProject = PROJECT_RULES.flatMap(({ name, check }) =>
    check(sources).map((finding) => ({ rule: name, ...finding })),
  )
  return [...inFiles, ...inProject].toSorted(
    (a, b) => a.path.localeCompare(b.path) || a.line - b.line,
  )
}
