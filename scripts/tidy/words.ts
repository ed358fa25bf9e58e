/** One word for one thing, and no word about how the project came to be. */
import { isTypeScript } from './source.ts'
import type { FileRule, Remark, Source } from './source.ts'
import { nameOf, syntaxOf } from './syntax.ts'

/** A word that the glossary replaces by another. */
interface Synonym {
  readonly pattern: RegExp
  readonly instead: string
  /** Where the word is somebody else's own: ECS's circuit breaker, SQL's statement, RDS's user. */
  readonly allowed?: RegExp
}

/** Synonyms that are banned as names in code. */
const IN_NAMES: readonly Synonym[] = [
  {
    pattern: /roll_?back/i,
    instead: 'back out',
    allowed: /adapters\/(ecs|[a-z]*sql|common)\/|fakes\/ecs/,
  },
  { pattern: /(old|new)User(?!s?Agent)/, instead: 'the slot: A, B, active, standby' },
]

/** Synonyms that are banned in prose and comments as well. */
const IN_TEXT: readonly Synonym[] = [
  { pattern: /\b(old|new) user\b/i, instead: 'the slot: A, B, active, standby' },
  {
    pattern: /\bmaster\b/i,
    instead: 'active, or admin',
    allowed: /\bRDS\b|\bAurora\b|master.?user|branch/i,
  },
  { pattern: /\bcut[- ]?over\b/i, instead: 'flip' },
]

const isProse = (path: string): boolean => /\.(md|mdx)$/.test(path)

/** This rule and the samples of its tests name what they ban. */
const OWN = /^scripts\/tidy\/(words|samples)\.ts$/

/** The glossary: a thing has one name in code, command line and documentation. */
export const glossary: FileRule = {
  name: 'glossary',
  check: (source) => {
    const { path } = source
    if (OWN.test(path) || !(isTypeScript(path) || isProse(path))) return []
    return [...namesAgainst(source), ...linesAgainst(source)]
  },
}

function namesAgainst(source: Source): readonly Remark[] {
  if (!isTypeScript(source.path)) return []
  const { nodes, lineOf } = syntaxOf(source)
  const banned = IN_NAMES.filter(({ allowed }) => !allowed?.test(source.path))
  return nodes
    .filter(({ type }) => type === 'Identifier' || type === 'PrivateIdentifier')
    .flatMap((node) =>
      banned
        .filter(({ pattern }) => pattern.test(nameOf(node)))
        .map(({ instead }) => ({
          line: lineOf(node.start),
          message: `${nameOf(node)}: the glossary says ${instead}`,
        })),
    )
}

function linesAgainst({ lines }: Source): readonly Remark[] {
  return lines.flatMap((line, index) => {
    const prose = line.replaceAll(/https?:\/\/\S+/g, '')
    return IN_TEXT.filter(
      ({ pattern, allowed }) => pattern.test(prose) && !allowed?.test(prose),
    ).map(({ pattern, instead }) => ({
      line: index + 1,
      message: `"${pattern.exec(prose)?.[0] ?? ''}": the glossary says ${instead}`,
    }))
  })
}

/** Paths of one machine and words about how a change was made. */
const WORKPLACE: readonly RegExp[] = [
  /(^|\W)\/(work|farm|root)\//,
  /(?<!\.\.)(^|[^./\w])(\.\.\/)+shared\b/,
  /\bsessions? \d+\b/i,
  /\bCEO\b/,
  /\b(this|the|my) (brief|prompt)\b/i,
]

/** Nothing in the project tells where or by whom it was written. */
export const workplace: FileRule = {
  name: 'workplace',
  check: ({ path, lines }) =>
    OWN.test(path)
      ? []
      : lines.flatMap((line, index) =>
          WORKPLACE.filter((word) => word.test(line)).map((word) => ({
            line: index + 1,
            message: `tells about the workplace: ${word.exec(line)?.[0].trim() ?? ''}`,
          })),
        ),
}
