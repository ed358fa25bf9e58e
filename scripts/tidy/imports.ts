/** Which part of the project may import which: the arrows of the architecture, as a rule. */
import { posix } from 'node:path'
import { inRotator, isProduct, isTest, isTry } from './source.ts'
import type { FileRule, Remark, Source } from './source.ts'
import { importsOf } from './syntax.ts'
import type { Import } from './syntax.ts'

const PROTOCOL = '@cuedot/client/protocol'

/** `cuedot health` tells what applications are told: one judge of a rotation for both. */
const MONITOR = '@cuedot/client/monitor'

/** Loaded when the source that needs it is used: whoever uses it installs it. */
const OPTIONAL_SDK = '@aws-sdk/client-secrets-manager'

/** What the files of one part of the rotator may import. */
interface Part {
  /** Parts by name; `errors` is the file. A part may always import itself. */
  readonly parts: readonly string[]
  /** Parts of which it may take types only. */
  readonly types?: readonly string[]
  readonly protocol: boolean
  /** Third-party and `node:` modules. */
  readonly outside: boolean
}

const BELOW_CLI = ['engine', 'steps', 'domain', 'ports', 'errors', 'config', 'compose', 'index']

/** Built-in modules of which the engine takes what has no effect: a hash. */
const PURE_BUILTINS: ReadonlySet<string> = new Set(['node:crypto'])

/** The matrix. A folder that is not in it is a finding: a new part decides what it may import. */
const MATRIX: Readonly<Record<string, Part>> = {
  domain: { parts: [], protocol: false, outside: false },
  'error-catalogue': { parts: [], types: ['errors'], protocol: false, outside: false },
  errors: { parts: ['error-catalogue'], protocol: false, outside: false },
  ports: { parts: ['domain'], protocol: true, outside: false },
  steps: { parts: ['domain', 'ports', 'errors'], protocol: true, outside: false },
  engine: {
    parts: ['steps', 'domain', 'ports', 'errors', 'error-catalogue'],
    protocol: true,
    outside: false,
  },
  adapters: { parts: ['ports', 'errors'], types: ['domain'], protocol: true, outside: true },
  config: { parts: ['errors'], protocol: false, outside: true },
  compose: { parts: [...BELOW_CLI, 'adapters'], protocol: true, outside: true },
  index: { parts: BELOW_CLI, protocol: true, outside: true },
  cli: { parts: BELOW_CLI, protocol: true, outside: true },
  lambda: { parts: BELOW_CLI, protocol: true, outside: true },
  fleet: { parts: BELOW_CLI, protocol: true, outside: true },
}

/** The import matrix of `rotator`, the independence of `client`, and nobody on the testkit. */
export const imports: FileRule = {
  name: 'imports',
  check: (source) => {
    if (!isProduct(source.path)) return []
    return importsOf(source).flatMap((found) => {
      const problem = problemWith(source, found)
      return problem === undefined ? [] : [{ line: found.line, message: problem } satisfies Remark]
    })
  },
}

function problemWith(source: Source, found: Import): string | undefined {
  const { specifier } = found
  if (specifier.startsWith('@cuedot/testkit')) return 'only tests may import the testkit'
  if (!specifier.startsWith('.')) return outsideProblem(source.path, specifier)
  const target = posix.join(posix.dirname(source.path), specifier)
  if (target.startsWith('packages/testkit/')) return 'only tests may import the testkit'
  if (isTest(target)) return `a source may not import a test: ${specifier}`
  const home = /^packages\/[^/]+\/src\//.exec(source.path)?.[0] ?? ''
  if (!target.startsWith(home)) return `imports ${specifier}, which is outside of its package`
  return insideProblem(source.path, target, found)
}

function outsideProblem(path: string, specifier: string): string | undefined {
  if (path === 'packages/client/src/sources/aws.ts' && specifier === OPTIONAL_SDK) return undefined
  if (path.startsWith('packages/client/'))
    return specifier.startsWith('node:') && !path.startsWith('packages/client/src/protocol/')
      ? undefined
      : `the client depends on nothing, and this imports ${specifier}`
  const own = inRotator(path)
  if (own === undefined) return undefined
  const part = MATRIX[partOf(own)]
  if (PURE_BUILTINS.has(specifier) && partOf(own) === 'engine') return undefined
  if (specifier === PROTOCOL) return part?.protocol === false ? says(own, specifier) : undefined
  if (specifier === MONITOR && partOf(own) === 'cli') return undefined
  if (specifier.startsWith('@cuedot/')) return `imports ${specifier}: only ${PROTOCOL} is stable`
  return part?.outside === false ? says(own, specifier) : undefined
}

function insideProblem(path: string, target: string, found: Import): string | undefined {
  const own = inRotator(path)
  const other = inRotator(target)
  if (own === undefined || other === undefined) return undefined
  const from = partOf(own)
  const to = partOf(other)
  const part = MATRIX[from]
  if (!part) return `${from} is not in the import matrix of scripts/tidy/imports.ts: add it`
  if (from === 'adapters' && to === 'adapters') return adapterProblem(own, other)
  if (from === to || part.parts.includes(to)) return undefined
  if (part.types?.includes(to))
    return found.typeOnly ? undefined : `${from} may import types of ${to} only: use import type`
  if (to === 'adapters' && isTry(path)) return undefined
  return says(own, other)
}

/** Adapters do not know each other; what two of them need is in `adapters/common`. */
function adapterProblem(own: string, other: string): string | undefined {
  const folder = (path: string): string => path.split('/')[1] ?? ''
  if (folder(own) === folder(other) || folder(other) === 'common') return undefined
  return `the adapter ${folder(own)} may not import the adapter ${folder(other)}`
}

const partOf = (path: string): string => (path.split('/')[0] ?? '').replace(/\.ts$/, '')

const says = (own: string, other: string): string => `${partOf(own)} may not import ${other}`
